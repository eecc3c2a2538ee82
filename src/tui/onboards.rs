//! Setting up a domain: the owner's answers in a form, and the checklist they lead to.

use super::app::{App, Screen};
use super::case::Case;
use super::msg::Effect;
use super::update;
use super::widget::form::{Form, Line};
use super::world::Source;
use crate::facts::dkim::name;
use crate::knowledge::{host, platform};
use crate::onboarding::told::{Host, Server};
use crate::onboarding::{Checklist, Step, Told};
use crate::remedy::Change;
use crate::warmup::log::numbers;

const fn text(label: &'static str, hint: &'static str) -> Line {
    Line { label, choices: &[], hint }
}

const NO_YES: &[&str] = &["no", "yes"];

const DOMAIN: usize = 0;
const PLATFORMS: usize = 1;
const SERVERS: usize = 2;
const SELECTOR: usize = 3;
const KEY: usize = 4;
const BOUNCE: usize = 5;
const TRACKING: usize = 6;
const MX: usize = 7;
const REPORTS: usize = 8;
const HOST: usize = 9;
const VOLUME: usize = 10;
const SILENT: usize = 11;
const BLOCKLISTS: usize = 12;
const PROBE: usize = 13;
const RDAP: usize = 14;

const LINES: &[Line] = &[
    text("domain", "example.com: what stands in From"),
    text("platforms", "ids of those that will send: sendgrid postmark …"),
    text("own servers", "192.0.2.4=mta.example.com"),
    text("selector", "of the own servers' key: s1"),
    text("DKIM record", "what postdoc dkim keygen printed"),
    text("bounces", "to another domain than From: bounce.example.com"),
    text("tracking", "click.example.com=192.0.2.2, or =name"),
    text("mail hosts", "that take mail for the domain: mx.example.com"),
    text("reports", "mailbox for DMARC reports"),
    text("DNS host", "guessed by its name servers if empty"),
    text("volume", "messages a day in the end"),
    Line { label: "sends nothing", choices: NO_YES, hint: "a parked name" },
    Line { label: "blocklists", choices: NO_YES, hint: "asks them: it tells them the addresses" },
    Line { label: "their SMTP", choices: NO_YES, hint: "talks SMTP to those of the domain" },
    Line { label: "registry", choices: NO_YES, hint: "asks rdap.org how old the domain is" },
];

/// Everything of it.
#[derive(Debug)]
pub struct Onboard {
    pub form: Form,
    pub told: Told,
    /// The domain on the screen; empty before there is one.
    pub domain: String,
    pub list: Option<Checklist>,
    /// The marked step, and the record of it under the cursor.
    pub at: usize,
    pub record: usize,
    /// First line of the details.
    pub top: usize,
    /// The next case that opens is this domain's.
    awaited: bool,
}

impl Default for Onboard {
    fn default() -> Onboard {
        Onboard {
            form: Form::new(LINES),
            told: Told::default(),
            domain: String::new(),
            list: None,
            at: 0,
            record: 0,
            top: 0,
            awaited: false,
        }
    }
}

impl Onboard {
    /// Puts what is told into the form.
    pub fn fill(&mut self, domain: &str, told: Told) {
        let form = &mut self.form;
        form.set(DOMAIN, domain);
        form.set(PLATFORMS, told.platforms.join(" "));
        let server = |s: &Server| s.name.as_ref().map_or(s.ip.to_string(), |n| format!("{}={n}", s.ip));
        form.set(SERVERS, told.servers.iter().map(server).collect::<Vec<_>>().join(" "));
        let host = |h: &Host| h.target.as_ref().map_or(h.name.clone(), |t| format!("{}={t}", h.name));
        form.set(TRACKING, told.tracking.iter().map(host).collect::<Vec<_>>().join(" "));
        let texts = [
            (SELECTOR, &told.selector),
            (KEY, &told.key),
            (BOUNCE, &told.bounce),
            (REPORTS, &told.reports),
            (HOST, &told.dns_host),
        ];
        for (line, text) in texts {
            form.set(line, text.clone().unwrap_or_default());
        }
        form.set(VOLUME, told.volume.map_or(String::new(), |n| n.to_string()));
        form.set(MX, told.mx.join(" "));
        for (line, yes) in
            [(SILENT, told.silent), (BLOCKLISTS, told.blocklists), (PROBE, told.probe_mx), (RDAP, told.rdap)]
        {
            form.set(line, if yes { "yes" } else { "no" });
        }
        domain.clone_into(&mut self.domain);
        self.told = told;
    }

    /// The domain and what is told, or the line that cannot be read and why.
    fn read(&self) -> Result<(String, Told), (usize, String)> {
        let f = &self.form;
        let words = |line: usize| {
            f.text(line).split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let domain = name::domain(f.text(DOMAIN)).ok_or((DOMAIN, "which domain is to be set up".to_owned()))?;
        let platforms = words(PLATFORMS);
        if let Some(odd) = platforms.iter().find(|id| platform::find(id).is_none()) {
            return Err((PLATFORMS, format!("{odd} is no platform; postdoc check --platform ? lists them")));
        }
        let at = |line: usize| move |why: String| (line, why);
        let no_domain = |line: usize| (line, "that is no domain".to_owned());
        let dns_host = match f.some(HOST) {
            Some(id) => Some(
                host::find(&id.to_ascii_lowercase())
                    .ok_or((HOST, format!("{id} is no DNS host; cloudflare, route53, godaddy …")))?
                    .id
                    .clone(),
            ),
            None => None,
        };
        let told = Told {
            platforms,
            servers: words(SERVERS).iter().map(|w| Server::read(w)).collect::<Result<_, _>>().map_err(at(SERVERS))?,
            selector: f
                .some(SELECTOR)
                .map(|s| name::selector(s).ok_or((SELECTOR, "a selector is a name like s1".into())))
                .transpose()?,
            key: f.some(KEY).map(str::to_owned),
            bounce: f.some(BOUNCE).map(|b| name::domain(b).ok_or(no_domain(BOUNCE))).transpose()?,
            tracking: words(TRACKING).iter().map(|w| Host::read(w)).collect::<Result<_, _>>().map_err(at(TRACKING))?,
            reports: f
                .some(REPORTS)
                .map(|m| match m.contains('@') && !m.contains([' ', ',', ';']) {
                    true => Ok(m.to_owned()),
                    false => Err((REPORTS, format!("{m:?} is no address"))),
                })
                .transpose()?,
            mx: words(MX).iter().map(|w| name::domain(w).ok_or(no_domain(MX))).collect::<Result<_, _>>()?,
            receives: self.told.receives,
            dns_host,
            volume: f.some(VOLUME).map(numbers::number).transpose().map_err(at(VOLUME))?,
            silent: f.text(SILENT) == "yes",
            blocklists: f.text(BLOCKLISTS) == "yes",
            probe_mx: f.text(PROBE) == "yes",
            rdap: f.text(RDAP) == "yes",
            skipped: if domain == self.domain { self.told.skipped.clone() } else { Default::default() },
        };
        Ok((domain, told))
    }

    /// The marked step.
    pub fn step(&self) -> Option<&Step> {
        self.list.as_ref()?.steps.get(self.at)
    }

    /// The record under the cursor.
    pub fn change(&self) -> Option<&Change> {
        let changes = &self.step()?.changes;
        changes.get(self.record.min(changes.len().checked_sub(1)?))
    }

    /// Is this case the one the checklist is about?
    pub fn is_about(&self, case: &Case) -> bool {
        !self.domain.is_empty()
            && case.is_domain()
            && case.diagnosis.as_ref().and_then(|d| d.facts.reading.from_domain()) == Some(&self.domain)
    }

    /// Judges anew what the case says.
    pub fn look(&mut self, case: &Case) {
        if let Some(diagnosis) = case.diagnosis.as_ref().filter(|_| self.is_about(case)) {
            self.list = Some(Checklist::of(diagnosis, &self.told));
        }
    }

    fn keep(&self) -> Effect {
        Effect::SaveNote {
            name: format!("onboarding-{}", self.domain),
            text: serde_json::to_string(&self.told).unwrap_or_default(),
        }
    }
}

/// The form is done: asks DNS everything.
pub fn done(app: &mut App) -> Vec<Effect> {
    match app.onboard.read() {
        Ok((domain, told)) => {
            app.onboard.domain = domain;
            app.onboard.told = told;
            begin(app)
        }
        Err((line, why)) => {
            app.onboard.form.at = line;
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

/// Checks the domain; the checklist opens with the case.
pub fn begin(app: &mut App) -> Vec<Effect> {
    app.onboard.awaited = true;
    app.onboard.list = None;
    (app.onboard.at, app.onboard.record, app.onboard.top) = (0, 0, 0);
    let source =
        Source::Domain { name: app.onboard.domain.clone(), said: Box::new(app.onboard.told.said(&app.onboard.domain)) };
    let mut effects = vec![app.onboard.keep()];
    effects.extend(update::open(app, source));
    effects
}

/// A case was opened: the checklist's own stands behind the checklist.
pub fn opened(app: &mut App) {
    if std::mem::take(&mut app.onboard.awaited) {
        app.screens.push(Screen::Onboard);
    }
}

/// Leaves a step out, or takes that back.
pub fn skip(app: &mut App) -> Vec<Effect> {
    let Some(id) = app.onboard.step().map(|s| s.id.clone()) else { return vec![] };
    let back = app.onboard.told.skipped.remove(&id);
    if !back {
        app.onboard.told.skipped.insert(id);
    }
    app.say(if back { "Taken back." } else { "Left out: it stays not done. S again takes it back." });
    if let Some(case) = app.case.take() {
        app.onboard.look(&case);
        app.case = Some(case);
    }
    vec![app.onboard.keep()]
}
