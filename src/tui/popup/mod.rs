//! Popups: for choosing, confirming and finding, and nothing else.

pub mod blank;
pub mod confirm;
pub mod copy;
pub mod finder;
pub mod hosts;
pub mod log;

use super::app::App;
use super::keys::{Action, Places};
use super::msg::Effect;
use super::theme::Ink;
use super::widget::doc::Pen;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

/// The popup that is open.
#[derive(Debug)]
pub enum Popup {
    Finder(finder::Finder),
    Blank(blank::Filling),
    Copy {
        marked: usize,
    },
    /// `leave` is the marked line: the harmless answer is marked first.
    Confirm {
        leave: bool,
    },
    Log {
        top: usize,
    },
    /// Which DNS host?
    Hosts {
        marked: usize,
    },
}

impl Popup {
    pub fn place(&self) -> Places {
        match self {
            Popup::Finder(_) => Places::FINDER,
            Popup::Blank(_) => Places::BLANK,
            Popup::Copy { .. } => Places::COPY,
            Popup::Confirm { .. } => Places::CONFIRM,
            Popup::Log { .. } => Places::LOG,
            Popup::Hosts { .. } => Places::HOSTS,
        }
    }
}

/// Gives an action to the open popup.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if action == Action::Back {
        app.popup = None;
        return vec![];
    }
    match &app.popup {
        Some(Popup::Finder(_)) => finder::act(app, action),
        Some(Popup::Blank(_)) => blank::act(app, action),
        Some(Popup::Copy { .. }) => copy::act(app, action),
        Some(Popup::Confirm { .. }) => confirm::act(app, action),
        Some(Popup::Log { .. }) => log::act(app, action),
        Some(Popup::Hosts { .. }) => hosts::act(app, action),
        None => vec![],
    }
}

/// Draws the open popup over the screen.
pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    match &app.popup {
        Some(Popup::Finder(_)) => finder::draw(app, frame, area, pen),
        Some(Popup::Blank(_)) => blank::draw(app, frame, area, pen),
        Some(Popup::Copy { .. }) => copy::draw(app, frame, area, pen),
        Some(Popup::Confirm { .. }) => confirm::draw(app, frame, area, pen),
        Some(Popup::Log { .. }) => log::draw(app, frame, area, pen),
        Some(Popup::Hosts { .. }) => hosts::draw(app, frame, area, pen),
        None => {}
    }
}

/// A framed, cleared box in the middle; returns its inside, which may be empty.
fn frame_box(frame: &mut Frame, area: Rect, pen: Pen, title: &str, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(place, frame.buffer_mut());
    let block = Block::bordered().title(format!("─ {title} ")).title_style(pen.style(Ink::Strong));
    let inside = block.inner(place);
    block.render(place, frame.buffer_mut());
    inside
}
