//! The app without a terminal: what its screens show, and what its keys lead to.

mod bindings;
mod diagnosis;
mod fetch;
mod listen;
mod onboard;
mod practice;
mod records;
mod said;
mod screens;
mod send;
pub(super) mod stories;
mod trouble;
mod warmup;
mod watch;

use crate::evidence::transcript::Stop;
use crate::evidence::{InputKind, Said};
use crate::tui::app::{App, Screen};
use crate::tui::keys::{self, Action, Key, Places};
use crate::tui::msg::{Effect, Msg, Ticket};
use crate::tui::popup::Popup;
use crate::tui::testing;
use crate::tui::update::update;
use crate::tui::world::{CopyReport, Opened, Source};
use crate::world::run::Progress;
use crate::world::send::News;
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use stories::*;
use unicode_width::UnicodeWidthStr;
