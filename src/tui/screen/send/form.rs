//! What is to be sent, as whom, through which server?
//!
//! ```text
//! ── Who ──────────────────────────────────────────────────────────────────
//! ▸ from              Ann <ann@example.com>
//!   to                me@gmail.example, me@yahoo.example
//! ── Through ──────────────────────────────────────────────────────────────
//!   saved             ‹ none: as below ›
//!   server            smtp.example.com             a host, host:port, or direct
//!   TLS               ‹ what fits the port ›
//!   certificate       ‹ checked ›
//!   authorities       (the usual; or a PEM file of your own, besides)
//!   user              ann@example.com
//!   login             ‹ password ›
//!   secret            (hidden, 12 characters)
//!   source address    (the one this machine takes by itself)
//! ── Message ──────────────────────────────────────────────────────────────
//! ```

use crate::config::saved::Server;
use crate::send::{self, Content, Draft, Route, Security};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::screen::home::caret;
use crate::tui::screen::step;
use crate::tui::sendings;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::hidden::Hidden;
use crate::tui::widget::line_edit::LineEdit;
use crate::tui::world::Letter;
use crate::world::dkim::Key;
use crate::world::secret::{Proof, Source};
use crate::world::send::{Login, Told};
use ratatui::Frame;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Section, label and hint of each line.
const LINES: [(&str, &str, &str); 20] = [
    ("Who", "from", "like Ann <ann@example.com>; none: that of a message file"),
    ("", "to", "several: a comma between"),
    ("Through", "saved", ""),
    ("", "server", "a host, host:port, or direct"),
    ("", "TLS", ""),
    ("", "certificate", ""),
    ("", "authorities", "the usual; or a PEM file of your own, besides"),
    ("", "user", "none: no login"),
    ("", "login", ""),
    ("", "secret", ""),
    ("", "source address", "the one this machine takes by itself"),
    ("Message", "MAIL FROM", "as from; <> for none"),
    ("", "EHLO", "this machine's name"),
    ("", "message file", "none: a test message is written"),
    ("", "subject", "says that it is a test"),
    ("", "body file", "none; its text stands above what a test says of itself"),
    ("", "unsubscribe", "none; a URL, with https: for one click"),
    ("", "DKIM key file", "none: not signed here"),
    ("", "DKIM selector", "the name the key is published under"),
    ("", "DKIM domain", "that of from"),
];

const FROM: usize = 0;
const TO: usize = 1;
const SAVED: usize = 2;
const SERVER: usize = 3;
const TLS: usize = 4;
const CERTIFICATE: usize = 5;
const AUTHORITIES: usize = 6;
const USER: usize = 7;
const LOGIN: usize = 8;
const SECRET: usize = 9;
const SOURCE: usize = 10;
const MAIL_FROM: usize = 11;
const EHLO: usize = 12;
const FILE: usize = 13;
const SUBJECT: usize = 14;
const BODY: usize = 15;
const UNSUBSCRIBE: usize = 16;
const KEY: usize = 17;
const SELECTOR: usize = 18;
const DOMAIN: usize = 19;

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
    /// Servers of the settings, and which of them is chosen: 0 for the one that is typed.
    saved: Vec<(String, Server)>,
    chosen: usize,
}

impl Form {
    /// The servers that the settings have a name for; the first is what most will want.
    pub fn offer(&mut self, saved: BTreeMap<String, Server>) {
        self.saved = saved.into_iter().collect();
        self.chosen = self.saved.len().min(1);
    }

    fn server(&self) -> Option<&Server> {
        self.saved.get(self.chosen.checked_sub(1)?).map(|(_, server)| server)
    }

    /// Is the line asked? A saved server says most of it itself, and some go with another line only.
    fn is_asked(&self, line: usize) -> bool {
        match (line, self.server()) {
            (SAVED, _) => !self.saved.is_empty(),
            (SERVER | TLS | USER | LOGIN, Some(_)) => false,
            (SECRET, Some(server)) => server.user.is_some() && server.secret.is_none(),
            (LOGIN | SECRET, None) => self.some(USER).is_some(),
            (SUBJECT | BODY | UNSUBSCRIBE, _) => self.some(FILE).is_none(),
            (SELECTOR | DOMAIN, _) => self.some(KEY).is_some(),
            _ => true,
        }
    }

    /// The next line that is asked, or the one before; `None` behind the last.
    fn beside(&self, line: usize, forward: bool) -> Option<usize> {
        match forward {
            true => (line + 1..LINES.len()).find(|n| self.is_asked(*n)),
            false => (0..line).rev().find(|n| self.is_asked(*n)),
        }
    }

    fn text(&self, line: usize) -> &str {
        self.texts.get(line).map_or("", |t| t.text().trim())
    }

    fn some(&self, line: usize) -> Option<String> {
        Some(self.text(line).to_owned()).filter(|t| !t.is_empty())
    }

    /// The file that is named there. Standard input is the keyboard here.
    fn file(&self, line: usize) -> Result<Option<PathBuf>, (usize, String)> {
        match self.some(line) {
            Some(text) if text == "-" => Err((line, "- would be the keyboard here: name a file".into())),
            text => Ok(text.map(PathBuf::from)),
        }
    }

    /// Is the line one whose text nobody sees?
    fn hidden(&self, line: usize) -> bool {
        line == SECRET && (self.server().is_some() || self.login.is_multiple_of(2))
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
        let file = self.file(FILE)?;
        let saved = self.server().and_then(|server| server.from.clone());
        let from = match (self.some(FROM).or(saved.filter(|_| file.is_none())), &file) {
            (None, Some(_)) => None,
            (None, None) => return Err((FROM, "send from whom? An address is missing, like ann@example.com".into())),
            (Some(text), _) => Some(send::mailbox(&text).map_err(at(FROM))?),
        };
        let mut to = Vec::new();
        for text in self.text(TO).split(',').map(str::trim) {
            let address = send::address(text).map_err(at(TO))?;
            if !to.contains(&address) {
                to.push(address);
            }
        }
        let wanted = TLS_WORDS.get(self.tls).and_then(|(_, security)| *security);
        let (route, security) = match self.server() {
            Some(server) => Route::read(&server.host, server.tls).map_err(at(SAVED))?,
            None => Route::read(self.text(SERVER), wanted).map_err(at(SERVER))?,
        };
        let mail_from = match self.text(MAIL_FROM) {
            "" => None,
            "<>" => Some(None),
            text => Some(Some(send::address(text).map_err(at(MAIL_FROM))?)),
        };
        let key = match (self.file(KEY)?, self.some(SELECTOR)) {
            (Some(path), Some(selector)) => Some(Key { path, selector, domain: self.some(DOMAIN) }),
            (Some(_), None) => return Err((SELECTOR, "a key needs the selector it is published under".into())),
            (None, _) => None,
        };
        let source = self.some(SOURCE).map(|text| send::source(&text)).transpose().map_err(at(SOURCE))?;
        let login = self.user_login()?;
        let body = if file.is_none() { self.file(BODY)? } else { None };
        // The world reads the files, and whom a message is from where the form does not say.
        let content = match &file {
            Some(_) => Content::Own(Arc::default()),
            None => Content::Test { subject: self.some(SUBJECT), body: None, unsubscribe: self.some(UNSUBSCRIBE) },
        };
        let draft = |to: send::Address| Draft {
            from: from.clone().unwrap_or_else(|| send::Mailbox::new(None, to.clone())),
            mail_from: mail_from.clone().unwrap_or_else(|| from.as_ref().map(|f| f.email.clone())),
            to,
            hello: self.some(EHLO),
            route: route.clone(),
            security,
            insecure: self.certificate == 1,
            user: login.as_ref().map(|l| l.user.clone()),
            source,
            content: content.clone(),
        };
        Ok(Letter {
            drafts: to.into_iter().map(draft).collect(),
            file,
            from_file: from.is_none(),
            path_given: mail_from.is_some(),
            body,
            key,
            authorities: self.file(AUTHORITIES)?,
            login,
        })
    }

    fn user_login(&self) -> Result<Option<Login>, (usize, String)> {
        if let Some(server) = self.server() {
            let Some(user) = server.user.clone() else { return Ok(None) };
            let (secret, proof) = match (&server.secret, self.secret.secret()) {
                (Some((source, proof)), _) => (Told::From(source.clone()), *proof),
                (None, Some(typed)) => (Told::Typed(typed), Proof::Password),
                (None, None) => return Err((SECRET, format!("{user} needs a password"))),
            };
            return Ok(Some(Login { user, proof, secret }));
        }
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
            SAVED => Some((&mut self.chosen, self.saved.len() + 1)),
            TLS => Some((&mut self.tls, TLS_WORDS.len())),
            CERTIFICATE => Some((&mut self.certificate, CERTIFICATES.len())),
            LOGIN => Some((&mut self.login, LOGINS.len())),
            _ => None,
        }
    }

    fn shown(&self, line: usize, hint: &str) -> (String, Ink) {
        let choice = |word: &str| (format!("‹ {word} ›"), Ink::Plain);
        match line {
            SAVED => match self.saved.get(self.chosen.wrapping_sub(1)) {
                Some((name, server)) => choice(&format!("{name}: {}", words(server))),
                None => choice("none: as below"),
            },
            FROM if self.text(FROM).is_empty() => {
                let saved = self.server().and_then(|server| server.from.as_deref());
                (format!("({})", saved.unwrap_or(hint)), Ink::Faint)
            }
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

/// `smtp.example.com, as ann, password from the keyring`
fn words(server: &Server) -> String {
    let user = server.user.as_ref().map_or(", no login".to_owned(), |user| format!(", as {user}"));
    let secret = match (&server.user, &server.secret) {
        (None, _) => String::new(),
        (Some(_), None) => ", asks for the password".to_owned(),
        (Some(_), Some((source, proof))) => format!(", {} from {}", proof.word(), source.words()),
    };
    format!("{}{user}{secret}", server.host)
}

pub fn insert(form: &mut Form, text: &str) {
    match form.at {
        line if form.hidden(line) => form.secret.insert(text),
        SAVED | TLS | CERTIFICATE | LOGIN => {}
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
        Action::Open if form.beside(at, true).is_none() => return done(app),
        Action::Open | Action::NextField | Action::Down => form.at = form.beside(at, true).unwrap_or(at),
        Action::PreviousField | Action::Up => form.at = form.beside(at, false).unwrap_or(at),
        Action::PageUp | Action::PageDown => {
            let to = step(at, action, LINES.len(), page).unwrap_or(at);
            form.at = if form.is_asked(to) { to } else { form.beside(to, action == Action::PageDown).unwrap_or(at) };
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
        if !form.is_asked(n) {
            continue;
        }
        let (mut text, ink) = form.shown(n, hint);
        if n == form.at {
            let mut typed = 0;
            let plain = ink == Ink::Plain && !form.hidden(n) && !matches!(n, SAVED | TLS | CERTIFICATE | LOGIN);
            if let Some(edit) = form.texts.get(n).filter(|_| plain) {
                (text, typed) = edit.window(doc.width.saturating_sub(2 + VALUE), |text| pen.clean(text));
            }
            marked = (doc.lines.len(), 2 + VALUE + typed);
        }
        let ink = if n == CERTIFICATE && form.certificate == 1 { Ink::Fail } else { ink };
        doc.entry(n == form.at, &[(&format!("{label:<width$}", width = VALUE), Ink::Plain), (&text, ink)]);
    }
    if area.height as usize > doc.lines.len() + 1 {
        doc.blank();
        doc.para(1, "Nothing leaves before you have seen it and said yes.", Ink::Faint);
    }
    let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
    caret(frame, area, marked, top);
}
