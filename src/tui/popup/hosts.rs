//! Which DNS host?
//!
//! ```text
//! ┌─ Who runs the DNS of example.com? ─────────────────┐
//! │ ▸ Cloudflare                                       │
//! │   GoDaddy                                          │
//! └────────────────────────────────────────────────────┘
//! ```

use super::Popup;
use crate::facts::home::Home;
use crate::knowledge::{DnsHost, host};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::screen::{form, step};
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Those it may be first, then all others by name, the unknown one last.
fn choices(home: &Home) -> Vec<&'static DnsHost> {
    let mut others: Vec<_> = host::all().iter().filter(|h| !home.candidates.iter().any(|c| c.id == h.id)).collect();
    others.sort_by_key(|h| (h.id == host::UNKNOWN, h.name.to_lowercase()));
    home.candidates.iter().copied().chain(others).collect()
}

/// Opens the list on the host that is in use.
pub fn open(app: &mut App) {
    let Some(home) = form::home(app) else { return };
    let marked = choices(&home).iter().position(|h| home.host.is_some_and(|host| host.id == h.id)).unwrap_or(0);
    app.popup = Some(Popup::Hosts { marked });
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let (Some(home), page) = (form::home(app), app.page) else { return vec![] };
    let choices = choices(&home);
    let Some(Popup::Hosts { marked }) = &mut app.popup else { return vec![] };
    if let Some(to) = step(*marked, action, choices.len(), page) {
        *marked = to;
        return vec![];
    }
    let chosen = choices.get(*marked).filter(|_| action == Action::Open);
    match chosen {
        Some(host) => {
            app.popup = None;
            form::choose(app, &host.id)
        }
        None => vec![],
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(home) = form::home(app) else { return };
    let choices = choices(&home);
    let Some(Popup::Hosts { marked }) = &app.popup else { return };
    let title = format!("Who runs the DNS of {}?", pen.clean(&home.zone));
    // Title and footer stay in sight.
    let height = (choices.len() as u16 + 2).min(area.height.saturating_sub(4).max(4));
    let inside = super::frame_box(frame, area, pen, &title, 68, height);
    let mut doc = Doc::new(pen, inside.width);
    for (n, host) in choices.iter().enumerate() {
        doc.item(n == *marked, &host.name);
    }
    let height = usize::from(inside.height);
    doc.draw(frame, inside, (marked + height / 2 + 1).saturating_sub(height));
}
