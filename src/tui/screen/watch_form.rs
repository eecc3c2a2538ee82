//! What is to be watched?
//!
//! ```text
//!  Which record?
//! ▸ name          s1._domainkey.example.com
//!   type          ‹ TXT ›
//!   expected      v=DKIM1; p=…
//!   also ask      ns1.newhost.example
//!   resolvers     9.9.9.9
//! ```

use super::home::caret;
use super::step;
use crate::evidence::Kind;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::watches;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::line_edit::LineEdit;
use crate::watch::{self, Expect};
use crate::world::watch::Wanted;
use ratatui::Frame;
use ratatui::layout::Rect;
use std::net::{IpAddr, SocketAddr};

const LABELS: [&str; 5] = ["name", "type", "expected", "also ask", "resolvers"];

const NAME: usize = 0;
const TYPE: usize = 1;
const EXPECTED: usize = 2;
const SERVERS: usize = 3;
const RESOLVERS: usize = 4;

/// What mail needs, the most frequent first.
const KINDS: [Kind; 9] =
    [Kind::Txt, Kind::Cname, Kind::Mx, Kind::A, Kind::Aaaa, Kind::Ns, Kind::Caa, Kind::Tlsa, Kind::Ptr];

/// The form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub at: usize,
    kind: usize,
    /// Of the watch that is added to; holds while its line says the same.
    expect: Option<Expect>,
    texts: [LineEdit; LABELS.len()],
}

impl Form {
    /// For a record that is known, with nothing expected yet.
    pub fn fill(&mut self, name: &str, kind: Kind) {
        let kind = KINDS.iter().position(|k| *k == kind).unwrap_or_default();
        *self = Form { at: EXPECTED, kind, ..Form::default() };
        self.texts[NAME] = LineEdit::new(name);
    }

    /// For a watch that runs: somebody else is to be asked as well.
    pub fn add_to(&mut self, wanted: &Wanted) {
        self.fill(&wanted.name, wanted.kind);
        let expect = match &wanted.expect {
            Expect::Values(values) => values.first().map_or(String::new(), |v| v.text.clone()),
            _ => String::new(),
        };
        let resolvers: Vec<String> = wanted.resolvers.iter().map(ToString::to_string).collect();
        self.texts[EXPECTED] = LineEdit::new(expect);
        self.texts[SERVERS] = LineEdit::new(wanted.servers.join(" "));
        self.texts[RESOLVERS] = LineEdit::new(resolvers.join(" "));
        self.at = RESOLVERS;
        self.expect = Some(wanted.expect.clone());
    }

    fn text(&self, line: usize) -> &str {
        self.texts.get(line).map_or("", |t| t.text().trim())
    }

    fn kind(&self) -> Kind {
        KINDS.get(self.kind).copied().unwrap_or(Kind::Txt)
    }

    /// What is to be watched, or the line that cannot be read and why.
    fn wanted(&self) -> Result<Wanted, (usize, String)> {
        let name = watch::name(self.text(NAME), self.kind()).map_err(|why| (NAME, why))?;
        let values: Vec<String> = Some(self.text(EXPECTED).to_owned()).into_iter().filter(|v| !v.is_empty()).collect();
        let same = |e: &&Expect| match e {
            Expect::Values(all) => all.first().is_some_and(|v| v.text == self.text(EXPECTED)),
            _ => values.is_empty(),
        };
        let expect = match self.expect.as_ref().filter(same) {
            Some(expect) => expect.clone(),
            None => Expect::read(self.kind(), &values).map_err(|why| (EXPECTED, why))?,
        };
        let words = self.text(SERVERS).split([' ', ',']).filter(|w| !w.is_empty());
        let server = |word: &str| match word.parse::<IpAddr>() {
            Ok(ip) => Ok(ip.to_string()),
            Err(_) => watch::name(word, Kind::A).map_err(|why| (SERVERS, why)),
        };
        let servers = words.map(server).collect::<Result<_, _>>()?;
        let words = self.text(RESOLVERS).split([' ', ',']).filter(|w| !w.is_empty());
        let resolver = |word: &str| {
            let bare = word.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
            let why = || (RESOLVERS, format!("{word:?} is no address of a resolver"));
            bare.or_else(|_| word.parse()).map_err(|_| why())
        };
        let resolvers = words.map(resolver).collect::<Result<_, _>>()?;
        Ok(Wanted { resolvers, ..watches::wanted(name, self.kind(), expect, servers) })
    }
}

pub fn insert(form: &mut Form, text: &str) {
    if form.at != TYPE
        && let Some(line) = form.texts.get_mut(form.at)
    {
        line.insert(text);
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let form = &mut app.watches.form;
    match action {
        Action::Diagnose => return done(app),
        Action::Open if form.at + 1 == LABELS.len() => return done(app),
        Action::Open | Action::NextField => form.at = (form.at + 1).min(LABELS.len() - 1),
        Action::PreviousField => form.at = form.at.saturating_sub(1),
        Action::Up | Action::Down | Action::PageUp | Action::PageDown => {
            form.at = step(form.at, action, LABELS.len(), page).unwrap_or(form.at);
        }
        Action::Left if form.at == TYPE => form.kind = (form.kind + KINDS.len() - 1) % KINDS.len(),
        Action::Right if form.at == TYPE => form.kind = (form.kind + 1) % KINDS.len(),
        edit if form.at != TYPE => {
            if let Some(line) = form.texts.get_mut(form.at) {
                line.edit(edit);
            }
        }
        _ => {}
    }
    vec![]
}

fn done(app: &mut App) -> Vec<Effect> {
    match app.watches.form.wanted() {
        Ok(wanted) => {
            update::back(app);
            app.watches.form = Form::default();
            watches::begin(app, wanted)
        }
        Err((line, why)) => {
            app.watches.form.at = line;
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let form = &app.watches.form;
    let mut doc = Doc::new(pen, area.width);
    doc.row(&[(" Which record is to be everywhere?", Ink::Strong)]);
    doc.blank();
    let head = doc.lines.len();
    let room = doc.width.saturating_sub(2 + 11);
    let mut typed = 0;
    for (n, label) in LABELS.iter().enumerate() {
        let text = match (n, form.texts.get(n)) {
            (TYPE, _) => format!("‹ {} ›", form.kind()),
            (_, Some(line)) if n == form.at => {
                let (shown, at) = line.window(room, |text| pen.clean(text));
                typed = at;
                shown
            }
            (_, line) => line.map_or(String::new(), |t| t.text().to_owned()),
        };
        doc.item(n == form.at, &format!("{label:<10} {text}"));
    }
    doc.blank();
    doc.para(1, "Nothing expected: until all say the same. Also ask: the name servers your DNS host showed you, to learn whether anybody is sent there. Resolvers: addresses, besides those in use.", Ink::Plain);
    doc.para(1, "The zone's own servers and your resolvers are asked, each once in 30 seconds, a cache when its answer expires. It ends when everyone agrees, or after an hour.", Ink::Plain);
    let top = doc.draw(frame, area, 0);
    caret(frame, area, (head + form.at, 2 + 11 + typed), top);
}
