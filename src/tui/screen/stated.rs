//! What the user says: the panel's or signer's settings, the connection, whom to believe.
//!
//! ```text
//!  Say what no header can: an empty line claims nothing. Ctrl+D diagnoses.
//! ── In the sending platform's panel ─────────────────────────────────────
//! ▸ From domain         acme.example
//!   MAIL FROM type      ‹ custom ›        from_email ptr custom aligned
//! ── The connection ──────────────────────────────────────────────────────
//!   IP address          198.51.100.24
//! ── Whom to believe ─────────────────────────────────────────────────────
//!   authserv-id         ‹ found by itself ›
//! ```

use super::home::caret;
use super::step;
use crate::evidence::Said;
use crate::evidence::filters::OwnFilters;
use crate::evidence::input::is_sender;
use crate::evidence::said::{Configured, FoundIn, Rate, Sending, Wish};
use crate::tui::app::{App, Screen};
use crate::tui::case::Case;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::hidden::Hidden;
use crate::tui::widget::line_edit::LineEdit;
use crate::warmup::log::numbers;
use ratatui::Frame;
use ratatui::layout::Rect;
use std::net::IpAddr;

/// A line of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    From,
    MailFromType,
    MailFrom,
    PanelHelo,
    Selector,
    SecondarySelector,
    Pool,
    VirtualSender,
    TemplateSender,
    PanelIp,
    Ip,
    Helo,
    EnvelopeFrom,
    Folder,
    Trust,
    Volume,
    Complaints,
    Bounces,
    FeedbackLoops,
    Blocklists,
    ProbeLinks,
    Spamd,
    Rspamd,
    RspamdPassword,
}

/// Section, field, label; in the order of the form.
const FIELDS: &[(&str, Field, &str)] = &[
    ("In the platform's panel or the signer's settings", Field::From, "From domain"),
    ("", Field::MailFromType, "MAIL FROM type"),
    ("", Field::MailFrom, "MAIL FROM domain"),
    ("", Field::PanelHelo, "HELO"),
    ("", Field::Selector, "selector"),
    ("", Field::SecondarySelector, "secondary selector"),
    ("", Field::Pool, "pool"),
    ("", Field::VirtualSender, "virtual sender"),
    ("", Field::TemplateSender, "template sender"),
    ("", Field::PanelIp, "IP address"),
    ("As the receiver saw the connection", Field::Ip, "IP address"),
    ("", Field::Helo, "HELO"),
    ("", Field::EnvelopeFrom, "MAIL FROM"),
    ("Where it arrived", Field::Folder, "folder"),
    ("Whose Authentication-Results to believe", Field::Trust, "authserv-id"),
    ("What you know of your sending", Field::Volume, "messages a day"),
    ("", Field::Complaints, "complaints (%)"),
    ("", Field::Bounces, "hard bounces (%)"),
    ("", Field::FeedbackLoops, "feedback loops"),
    ("Asked only on request", Field::Blocklists, "blocklists"),
    ("", Field::ProbeLinks, "certificates"),
    ("", Field::Spamd, "your SpamAssassin"),
    ("", Field::Rspamd, "your Rspamd"),
    ("", Field::RspamdPassword, "its password"),
];

const MAIL_FROM_TYPES: &[&str] = &["", "from_email", "ptr", "custom", "aligned"];

impl Field {
    /// Only turned, never typed.
    fn is_closed(self) -> bool {
        matches!(self, Field::MailFromType | Field::FeedbackLoops | Field::Blocklists | Field::ProbeLinks)
    }
}

/// The texts of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub at: usize,
    /// An address is tried, and nothing else asked.
    pub tries: bool,
    texts: Vec<LineEdit>,
    /// Rspamd's password: no statement, and in no case file.
    password: Hidden,
}

impl Form {
    pub fn new(said: &Said) -> Form {
        let c = &said.configured;
        let ip = |ip: Option<IpAddr>| ip.map(|ip| ip.to_string());
        let text = |field: Field| match field {
            Field::From => c.from.clone(),
            Field::MailFromType => c.mail_from_type.clone(),
            Field::MailFrom => c.mail_from.clone(),
            Field::PanelHelo => c.helo.clone(),
            Field::Selector => c.selector.clone(),
            Field::SecondarySelector => c.secondary_selector.clone(),
            Field::Pool => c.pool.clone(),
            Field::VirtualSender => c.virtual_sender.clone(),
            Field::TemplateSender => c.template_sender.clone(),
            Field::PanelIp => ip(c.ip),
            Field::Ip => ip(said.ip),
            Field::Helo => said.helo.clone(),
            Field::EnvelopeFrom => said.mail_from.clone(),
            Field::Folder => said.folder.as_ref().map(|folder| folder.name.clone()),
            Field::Trust => said.trust.clone(),
            Field::Volume => said.check.volume.map(|n| n.to_string()),
            Field::Complaints => said.sending.complaints.map(|rate| rate.to_string()),
            Field::Bounces => said.sending.bounces.map(|rate| rate.to_string()),
            Field::FeedbackLoops => said.sending.feedback_loops.map(|yes| if yes { "yes" } else { "no" }.to_owned()),
            Field::Blocklists => said.check.blocklists.then(|| "yes".to_owned()),
            Field::ProbeLinks => said.check.probe_links.then(|| "yes".to_owned()),
            Field::Spamd => said.filters.spamd.clone(),
            Field::Rspamd => said.filters.rspamd.clone(),
            Field::RspamdPassword => None,
        };
        let texts = FIELDS.iter().map(|(_, field, _)| LineEdit::new(text(*field).unwrap_or_default())).collect();
        Form { at: 0, tries: false, texts, password: Hidden::default() }
    }

    /// The lines on show, of all.
    fn lines(&self) -> std::ops::Range<usize> {
        let tried = |f: &Field| matches!(f, Field::Ip | Field::Helo | Field::EnvelopeFrom);
        match FIELDS.iter().position(|(_, field, _)| tried(field)).filter(|_| self.tries) {
            Some(first) => first..first + FIELDS[first..].iter().take_while(|(_, field, _)| tried(field)).count(),
            None => 0..FIELDS.len(),
        }
    }

    fn go(&mut self, to: usize) {
        let lines = self.lines();
        self.at = to.clamp(lines.start, lines.end - 1);
    }

    fn text(&self, field: Field) -> Option<String> {
        let at = FIELDS.iter().position(|(_, f, _)| *f == field)?;
        let text = self.texts.get(at)?.text().trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn field(&self) -> Field {
        FIELDS.get(self.at).map_or(Field::From, |(_, field, _)| *field)
    }

    /// What is wrong with a line; nothing blocks leaving it.
    fn complaint(&self, field: Field) -> Option<&'static str> {
        if field == Field::RspamdPassword {
            let stray = !self.password.is_empty() && self.text(Field::Rspamd).is_none();
            return stray.then_some("of which Rspamd?");
        }
        let text = self.text(field)?;
        match field {
            Field::Ip | Field::PanelIp if text.parse::<IpAddr>().is_err() => Some("not an IP address"),
            Field::From if !is_sender(&text) => Some("a domain, like example.com"),
            Field::Selector | Field::SecondarySelector if text.contains(|c: char| c.is_whitespace() || c == '@') => {
                Some("a selector is one name, like s1")
            }
            Field::Volume if numbers::number(&text).is_err() => Some("a number, like 5000"),
            Field::Complaints | Field::Bounces if text.parse::<Rate>().is_err() => Some("percent, like 0.25"),
            Field::Spamd if OwnFilters::place_of_spamd(&text).is_err() => Some("HOST:PORT, or the path of a socket"),
            Field::Rspamd if OwnFilters::place_of_rspamd(&text).is_err() => Some("like http://127.0.0.1:11333"),
            _ => None,
        }
    }

    /// What the form says, on top of what it does not ask; `Err` names the line that cannot be read.
    fn said(&self, before: &Said) -> Result<Said, usize> {
        if let Some(bad) = FIELDS.iter().position(|(_, field, _)| self.complaint(*field).is_some()) {
            return Err(bad);
        }
        let ip = |field| self.text(field).and_then(|t| t.parse().ok());
        Ok(Said {
            ip: ip(Field::Ip),
            helo: self.text(Field::Helo),
            mail_from: self.text(Field::EnvelopeFrom),
            trust: self.text(Field::Trust),
            folder: self.text(Field::Folder).as_deref().map(FoundIn::told),
            configured: Configured {
                from: self.text(Field::From),
                mail_from: self.text(Field::MailFrom),
                mail_from_type: self.text(Field::MailFromType),
                helo: self.text(Field::PanelHelo),
                selector: self.text(Field::Selector),
                secondary_selector: self.text(Field::SecondarySelector),
                ip: ip(Field::PanelIp),
                pool: self.text(Field::Pool),
                virtual_sender: self.text(Field::VirtualSender),
                template_sender: self.text(Field::TemplateSender),
            },
            sending: Sending {
                complaints: self.text(Field::Complaints).and_then(|t| t.parse().ok()),
                bounces: self.text(Field::Bounces).and_then(|t| t.parse().ok()),
                feedback_loops: self.text(Field::FeedbackLoops).map(|t| t == "yes"),
            },
            check: Wish {
                volume: self.text(Field::Volume).and_then(|t| numbers::number(&t).ok()),
                blocklists: self.text(Field::Blocklists).is_some(),
                probe_links: self.text(Field::ProbeLinks).is_some(),
                ..before.check.clone()
            },
            filters: OwnFilters {
                spamd: self.text(Field::Spamd).and_then(|t| OwnFilters::place_of_spamd(&t).ok()),
                rspamd: self.text(Field::Rspamd).and_then(|t| OwnFilters::place_of_rspamd(&t).ok()),
            },
            ..before.clone()
        })
    }
}

/// Opens the form over the view that is open.
pub fn open(app: &mut App) {
    // From the SPF tree, `t` tries an address.
    let from_tree = app.screens.last() == Some(&Screen::Spf);
    if let Some(case) = app.case.as_mut().filter(|c| c.is_domain() && !from_tree) {
        let at = case.wish.at;
        case.wish = super::wish::Form::new(&case.opened.said);
        case.wish.at = at;
        app.screens.push(Screen::Wish);
    } else if let Some(case) = &mut app.case {
        let (at, password) = (case.form.at, case.form.password.clone());
        case.form = Form { at, password, tries: from_tree, ..Form::new(&case.opened.said) };
        case.form.go(if from_tree { 0 } else { at });
        app.screens.push(Screen::Stated);
    }
}

/// Authserv-ids offered at most; others can be typed.
const CHOICES: usize = 32;

/// What can be chosen in a line, where it is a choice; the first is "nothing said".
fn choices(app: &App, field: Field) -> Option<Vec<String>> {
    match field {
        Field::MailFromType => Some(MAIL_FROM_TYPES.iter().map(|s| (*s).to_owned()).collect()),
        Field::Folder => Some(["", "INBOX", "Junk"].map(str::to_owned).into()),
        Field::FeedbackLoops => Some(["", "yes", "no"].map(str::to_owned).into()),
        Field::Blocklists | Field::ProbeLinks => Some(["", "yes"].map(str::to_owned).into()),
        Field::Trust => {
            let reading = &app.case.as_ref()?.diagnosis.as_ref()?.facts.reading;
            let mut ids = vec![String::new()];
            for id in reading.authres.iter().filter_map(|a| a.authserv_id.as_ref()) {
                if ids.len() <= CHOICES && !ids.contains(&id.value) {
                    ids.push(id.value.clone());
                }
            }
            Some(ids)
        }
        _ => None,
    }
}

pub fn insert(app: &mut App, text: &str) {
    let Some(case) = &mut app.case else { return };
    let form = &mut case.form;
    match form.field() {
        Field::RspamdPassword => form.password.insert(text),
        field if field.is_closed() => {}
        _ => form.texts.get_mut(form.at).into_iter().for_each(|line| line.insert(text)),
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(case) = &app.case else { return vec![] };
    let field = case.form.field();
    let choices = choices(app, field);
    let Some(case) = &mut app.case else { return vec![] };
    let form = &mut case.form;
    match (action, choices) {
        (Action::Diagnose, _) => return done(app),
        (Action::Open, _) if form.at + 1 == form.lines().end => return done(app),
        (Action::Open | Action::NextField | Action::Down, _) => form.go(form.at + 1),
        (Action::PreviousField | Action::Up, _) => form.go(form.at.saturating_sub(1)),
        (Action::PageUp | Action::PageDown, _) => {
            let to = step(form.at, action, FIELDS.len(), page).unwrap_or(form.at);
            form.go(to);
        }
        (Action::Left | Action::Right, Some(choices)) => {
            let now = form.text(field).unwrap_or_default();
            let at = choices.iter().position(|c| *c == now).unwrap_or(0);
            let to = match action {
                Action::Left => (at + choices.len() - 1) % choices.len(),
                _ => (at + 1) % choices.len(),
            };
            if let (Some(line), Some(choice)) = (form.texts.get_mut(form.at), choices.get(to)) {
                *line = LineEdit::new(choice.clone());
            }
        }
        (edit, _) if field == Field::RspamdPassword => form.password.edit(edit),
        (edit, _) => {
            if !field.is_closed()
                && let Some(line) = form.texts.get_mut(form.at)
            {
                line.edit(edit);
            }
        }
    }
    vec![]
}

/// Runs the case again with what the form says.
fn done(app: &mut App) -> Vec<Effect> {
    let Some(case) = &mut app.case else { return vec![] };
    let before = &case.opened.said;
    match case.form.said(before) {
        Ok(said) => {
            // What was seen in the mailbox stays seen, unless it was said otherwise.
            let name = |folder: &Option<FoundIn>| folder.as_ref().map(|f| f.name.clone());
            let folder = if name(&said.folder) == name(&before.folder) { before.folder.clone() } else { said.folder };
            let said = Said { folder, ..said };
            case.opened.rspamd_password = case.form.password.secret();
            update::back(app);
            app.say("Diagnosed again with what you said.");
            update::rerun(app, said)
        }
        Err(line) => {
            case.form.at = line;
            app.warn("One line cannot be read; the mark is on it.");
            vec![]
        }
    }
}

/// Whom a line would have asked: whoever says yes has read their names.
fn hint(case: &Case, field: Field, empty: bool) -> Option<String> {
    let facts = &case.diagnosis.as_ref()?.facts;
    match field {
        Field::Blocklists => Some("tells them the address, From and links' domains".to_owned()),
        Field::ProbeLinks => {
            let hosts: Vec<&str> = facts.linked.iter().map(|host| host.name.as_str()).collect();
            Some(match hosts.is_empty() {
                true => "no host of your own is linked to".to_owned(),
                false => format!("connects to {}", hosts.join(", ")),
            })
        }
        Field::Spamd if empty => Some("HOST:PORT or a socket: hands the message to it".to_owned()),
        Field::Rspamd if empty => Some("http://HOST:11333: hands the message to it".to_owned()),
        Field::Spamd | Field::Rspamd => Some("the whole message goes there".to_owned()),
        Field::RspamdPassword if case.form.password.is_empty() => {
            Some("only where it asks for one; not shown, and not kept".to_owned())
        }
        _ => None,
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let form = &case.form;
    let mut doc = Doc::new(pen, area.width);
    if area.height >= 16 {
        let what = match form.tries {
            true if case.is_domain() => "Would SPF let this address send? An empty line claims nothing.",
            true => "Judged as if this address had sent it. An empty line claims nothing.",
            false => "Say what no header can. An empty line claims nothing.",
        };
        doc.para(1, what, Ink::Plain);
    }
    let mut marked = (0, 0);
    let all = FIELDS.iter().zip(&form.texts).enumerate();
    for (n, ((title, field, label), text)) in all.filter(|(n, _)| form.lines().contains(n)) {
        if !title.is_empty() {
            doc.section(if form.tries { "The connection to try" } else { title }, "");
        }
        let choice = choices(app, *field);
        let nothing = match field {
            Field::Trust => "found by itself",
            Field::Blocklists | Field::ProbeLinks => "no",
            _ => "not said",
        };
        let shown = match (&choice, text.is_empty()) {
            _ if *field == Field::RspamdPassword && !form.password.is_empty() => form.password.words(),
            (Some(_), true) => format!("‹ {nothing} ›"),
            (Some(_), false) => format!("‹ {} ›", pen.clean(text.text())),
            (None, _) => pen.clean(text.text()),
        };
        let plain = choice.is_none() && *field != Field::RspamdPassword;
        let (shown, typed) = match n == form.at && plain {
            true => text.window(doc.width.saturating_sub(2 + 20), |text| pen.clean(text)),
            false => (shown, 0),
        };
        if n == form.at {
            marked = (doc.lines.len(), 2 + 20 + typed);
        }
        let note = match form.complaint(*field) {
            Some(complaint) => format!("   ! {complaint}"),
            None => hint(case, *field, text.is_empty()).map_or(String::new(), |hint| format!("  {hint}")),
        };
        doc.item(n == form.at, &format!("{label:<19} {shown}{note}"));
    }
    let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
    caret(frame, area, marked, top);
}
