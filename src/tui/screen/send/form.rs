//! What is to be sent, as whom, through which server?
//!
//! ```text
//! ── Who ──────────────────────────────────────────────────────────────────
//! ▸ from              Ann <ann@example.com>
//!   to                me@gmail.example
//! ── Through ──────────────────────────────────────────────────────────────
//!   server            smtp.example.com             a host, host:port, or direct
//!   TLS               ‹ what fits the port ›
//!   certificate       ‹ checked ›
//!   user              ann@example.com
//!   login             ‹ password ›
//!   secret            (hidden, 12 characters)
//! ── Message ──────────────────────────────────────────────────────────────
//! ```

use crate::send::{self, Content, Draft, Route, Security};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::screen::home::cursor;
use crate::tui::screen::step;
use crate::tui::sendings;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::hidden::Hidden;
use crate::tui::widget::line_edit::LineEdit;
use crate::tui::world::{Key, Letter};
use crate::world::secret::{Proof, Source};
use crate::world::send::{Login, Told};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// Section, label and hint of each line.
const LINES: [(&str, &str, &str); 15] = [
    ("Who", "from", ""),
    ("", "to", ""),
    ("Through", "server", "a host, host:port, or direct"),
    ("", "TLS", ""),
    ("", "certificate", ""),
    ("", "user", "none: no login"),
    ("", "login", ""),
    ("", "secret", ""),
    ("Message", "MAIL FROM", "as from; <> for none"),
    ("", "EHLO", "this machine's name"),
    ("", "subject", "says that it is a test"),
    ("", "unsubscribe", "none"),
    ("", "message file", "none: a test message is written"),
    ("", "DKIM key file", "none: not signed here"),
    ("", "DKIM selector", ""),
];

const FROM: usize = 0;
const TO: usize = 1;
const SERVER: usize = 2;
const TLS: usize = 3;
const CERTIFICATE: usize = 4;
const USER: usize = 5;
const LOGIN: usize = 6;
const SECRET: usize = 7;
const MAIL_FROM: usize = 8;
const EHLO: usize = 9;
const SUBJECT: usize = 10;
const UNSUBSCRIBE: usize = 11;
const FILE: usize = 12;
const KEY: usize = 13;
const SELECTOR: usize = 14;

const TLS_WORDS: [(&str, Option<Security>); 5] = [
    ("what fits the port", None),
    ("STARTTLS, required", Some(Security::Starttls)),
    ("from the first byte", Some(Security::Implicit)),
    ("STARTTLS where it is offered", Some(Security::Opportunistic)),
    ("none: anybody can read along", Some(Security::None)),
];
const CERTIFICATES: [&str; 2] = ["checked", "ANY, for this once: anybody in between can read everything"];
const LOGINS: [&str; 4] = ["password", "password, from a command", "token (XOAUTH2)", "token, from a command"];

/// The column where values begin.
const VALUE: usize = 15;

/// The form.
#[derive(Debug, Default)]
pub struct Form {
    pub at: usize,
    texts: [LineEdit; LINES.len()],
    /// The places of the choices: TLS, certificate, login.
    tls: usize,
    certificate: usize,
    login: usize,
    secret: Hidden,
}

impl Form {
    fn text(&self, line: usize) -> &str {
        self.texts.get(line).map_or("", |t| t.text().trim())
    }

    fn some(&self, line: usize) -> Option<String> {
        Some(self.text(line).to_owned()).filter(|t| !t.is_empty())
    }

    /// Is the line one whose text nobody sees?
    fn hidden(&self, line: usize) -> bool {
        line == SECRET && self.login.is_multiple_of(2)
    }

    /// Proposes a sender and a key, where nothing stands yet.
    pub fn propose(&mut self, from: String, key: Option<(String, String)>) {
        let (file, selector) = key.unwrap_or_default();
        for (line, text) in [(FROM, from), (KEY, file), (SELECTOR, selector)] {
            if let Some(edit) = self.texts.get_mut(line).filter(|edit| edit.is_empty()) {
                *edit = LineEdit::new(text);
            }
        }
    }

    /// The secret is needed no more.
    pub fn forget(&mut self) {
        self.secret = Hidden::default();
    }

    /// What the form asks for, or the line that cannot be read and why.
    fn letter(&self) -> Result<Letter, (usize, String)> {
        let at = |line: usize| move |why: String| (line, why);
        let file = self.some(FILE);
        let from = match (self.some(FROM), &file) {
            (None, Some(_)) => None,
            (text, _) => Some(send::mailbox(&text.unwrap_or_default()).map_err(at(FROM))?),
        };
        let to = send::address(self.text(TO)).map_err(at(TO))?;
        let wanted = TLS_WORDS.get(self.tls).and_then(|(_, security)| *security);
        let (route, security) = Route::read(self.text(SERVER), wanted).map_err(at(SERVER))?;
        let mail_from = match self.text(MAIL_FROM) {
            "" => None,
            "<>" => Some(None),
            text => Some(Some(send::address(text).map_err(at(MAIL_FROM))?)),
        };
        let key = match (self.some(KEY), self.some(SELECTOR)) {
            (Some(path), Some(selector)) => Some(Key { path: path.into(), selector }),
            (Some(_), None) => return Err((SELECTOR, "a key needs the selector it is published under".into())),
            (None, _) => None,
        };
        let login = self.user_login()?;
        // The world reads the file, and whom it is from where the form does not say.
        let content = match &file {
            Some(_) => Content::Own(Arc::default()),
            None => Content::Test { subject: self.some(SUBJECT), body: None, unsubscribe: self.some(UNSUBSCRIBE) },
        };
        let nobody = || send::Mailbox::new(None, to.clone());
        let draft = Draft {
            from: from.clone().unwrap_or_else(nobody),
            mail_from: mail_from.clone().unwrap_or_else(|| from.as_ref().map(|f| f.email.clone())),
            to: to.clone(),
            hello: self.some(EHLO),
            route,
            security,
            insecure: self.certificate == 1,
            user: login.as_ref().map(|l| l.user.clone()),
            source: None,
            content,
        };
        Ok(Letter {
            draft,
            file: file.map(Into::into),
            from_file: from.is_none(),
            path_given: mail_from.is_some(),
            key,
            login,
        })
    }

    fn user_login(&self) -> Result<Option<Login>, (usize, String)> {
        let Some(user) = self.some(USER) else { return Ok(None) };
        let proof = if self.login < 2 { Proof::Password } else { Proof::Token };
        let secret = match self.hidden(SECRET) {
            true => match self.secret.secret() {
                Some(secret) => Told::Typed(secret),
                None => return Err((SECRET, format!("{user} needs a {}", proof.word()))),
            },
            false => match self.some(SECRET) {
                Some(command) => Told::From(Source::Command(command)),
                None => return Err((SECRET, format!("which command prints the {}?", proof.word()))),
            },
        };
        Ok(Some(Login { user, proof, secret }))
    }

    /// Which of how many; `None` for a line of text.
    fn choice(&mut self, line: usize) -> Option<(&mut usize, usize)> {
        match line {
            TLS => Some((&mut self.tls, TLS_WORDS.len())),
            CERTIFICATE => Some((&mut self.certificate, CERTIFICATES.len())),
            LOGIN => Some((&mut self.login, LOGINS.len())),
            _ => None,
        }
    }

    fn shown(&self, line: usize, hint: &str) -> (String, Ink) {
        let choice = |word: &str| (format!("‹ {word} ›"), Ink::Plain);
        match line {
            TLS => choice(TLS_WORDS.get(self.tls).map_or("", |(word, _)| word)),
            CERTIFICATE => choice(CERTIFICATES.get(self.certificate).unwrap_or(&"")),
            LOGIN => choice(LOGINS.get(self.login).unwrap_or(&"")),
            SECRET if self.hidden(line) && !self.secret.is_empty() => (self.secret.words(), Ink::Plain),
            SECRET if self.hidden(line) => ("(it is not shown, and wiped after use)".into(), Ink::Faint),
            SECRET if self.text(line).is_empty() => ("(a command that prints it)".into(), Ink::Faint),
            _ if self.text(line).is_empty() && !hint.is_empty() => (format!("({hint})"), Ink::Faint),
            _ => (self.texts.get(line).map_or(String::new(), |t| t.text().to_owned()), Ink::Plain),
        }
    }
}

pub fn insert(form: &mut Form, text: &str) {
    match form.at {
        line if form.hidden(line) => form.secret.insert(text),
        TLS | CERTIFICATE | LOGIN => {}
        line => {
            if let Some(edit) = form.texts.get_mut(line) {
                edit.insert(text);
            }
        }
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let form = &mut app.sending.form;
    let at = form.at;
    match action {
        Action::Diagnose => return done(app),
        Action::Open if at + 1 == LINES.len() => return done(app),
        Action::Open | Action::NextField => form.at = (at + 1).min(LINES.len() - 1),
        Action::PreviousField => form.at = at.saturating_sub(1),
        Action::Up | Action::Down | Action::PageUp | Action::PageDown => {
            form.at = step(at, action, LINES.len(), page).unwrap_or(at);
        }
        Action::Left | Action::Right if form.choice(at).is_some() => {
            if let Some((choice, of)) = form.choice(at) {
                *choice = (*choice + if action == Action::Left { of - 1 } else { 1 }) % of;
            }
        }
        edit if form.hidden(at) => form.secret.edit(edit),
        edit if form.choice(at).is_none() => {
            if let Some(line) = form.texts.get_mut(at) {
                line.edit(edit);
            }
        }
        _ => {}
    }
    vec![]
}

fn done(app: &mut App) -> Vec<Effect> {
    match app.sending.form.letter() {
        Ok(letter) => sendings::prepare(app, letter),
        Err((line, why)) => {
            app.sending.form.at = line;
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let form = &app.sending.form;
    let mut doc = Doc::new(pen, area.width);
    let mut marked = (0, 0);
    for (n, (title, label, hint)) in LINES.iter().enumerate() {
        if !title.is_empty() {
            doc.section(title, "");
        }
        let (text, ink) = form.shown(n, hint);
        if n == form.at {
            let plain = ink == Ink::Plain && !form.hidden(n) && !matches!(n, TLS | CERTIFICATE | LOGIN);
            let typed = form.texts.get(n).filter(|_| plain).map_or(0, |t| pen.clean(t.before()).width());
            marked = (doc.lines.len(), 2 + VALUE + typed);
        }
        let bad = n == CERTIFICATE && form.certificate == 1;
        match (n == form.at, bad) {
            (true, _) => doc.item(true, &format!("{label:<width$}{text}", width = VALUE)),
            (false, bad) => {
                let ink = if bad { Ink::Fail } else { ink };
                doc.row(&[("  ", Ink::Plain), (&format!("{label:<width$}", width = VALUE), Ink::Plain), (&text, ink)]);
            }
        }
    }
    if area.height as usize > doc.lines.len() + 1 {
        doc.blank();
        doc.para(1, "Nothing leaves before you have seen it and said yes.", Ink::Faint);
    }
    let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
    let y = marked.0.saturating_sub(top);
    if marked.1 < area.width as usize && y < area.height as usize {
        frame.set_cursor_position(Position::new(area.x + marked.1 as u16, area.y + y as u16));
    } else {
        cursor(frame, area, marked.0, top);
    }
}
