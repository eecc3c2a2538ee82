//! One frame: the rows around, the screen, the popup. Works at every size from 1x1 on.

use super::app::App;
use super::keys;
use super::popup;
use super::screen;
use super::theme::{self, Ink};
use super::widget::bar::{self, Bar};
use super::widget::doc::{Pen, wrap};
use crate::safe::clip;
use ratatui::Frame;
use ratatui::text::Span;

/// The smallest size with a screen.
const LEAST: (u16, u16) = (30, 10);

/// Draws the app. Layout depends on nothing but the size of the frame.
pub fn draw(app: &mut App, frame: &mut Frame) {
    let redactor = app.redactor.take();
    let pen = Pen { theme: app.theme, redact: redactor.as_ref() };
    whole(app, frame, pen);
    app.redactor = redactor;
    if app.look.ascii {
        theme::to_ascii(frame.buffer_mut());
    }
}

fn whole(app: &mut App, frame: &mut Frame, pen: Pen) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!(
            "needs {}x{}, have {}x{}. Or: postdoc diagnose -f plain",
            LEAST.0, LEAST.1, area.width, area.height
        );
        for (row, line) in area.rows().zip(wrap(&text, area.width as usize)) {
            bar::put(frame, row, Span::raw(clip(&line, area.width as usize)));
        }
        return;
    }
    let (title, right) = screen::title(app);
    // Where there is no title, what is invented is marked below.
    let mark = if app.practises() && !bar::has_title(area) { " PRACTICE " } else { "" };
    let room = (area.width as usize).saturating_sub(mark.len());
    let keys = format!("{mark}{}", keys::footer(app.place(), room, |action| app.offers(action)));
    let (status, status_ink) = match &app.status {
        Some(status) => (status.text.clone(), status.ink),
        None if app.opening => ("… Reading.".to_owned(), Ink::Plain),
        None => (String::new(), Ink::Plain),
    };
    let bar = Bar { title: &title, right: &right, status: &status, status_ink, keys: &keys };
    let body = bar::draw(frame, area, pen, &bar);
    app.page = body.height.max(2) as usize - 1;
    screen::draw(app, frame, body, pen);
    popup::draw(app, frame, area, pen);
}
