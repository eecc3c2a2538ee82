//! The warm-up of this user: the plan's form, the days that were typed in, and what they say.

use super::app::{App, Screen};
use super::msg::Effect;
use super::widget::form::{Form, Line};
use crate::knowledge::{platform, ramp};
use crate::shell::{command, word};
use crate::warmup::day::{Days, Seeds, Snds, Tally};
use crate::warmup::log::{self, Fault, numbers};
use crate::warmup::order::{Audience, Domain, Ip, Order};
use crate::warmup::{Check, Plan, check, receiver};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Goes to the warm-up; what is known of it stands in the form, where nothing stood.
pub fn propose(app: &mut App, volume: Option<u64>, platform: Option<&String>) {
    let form = &mut app.warmup.form;
    let known = [(TARGET, volume.map(|n| n.to_string())), (PLATFORM, platform.cloned())];
    for (line, text) in known {
        if let Some(text) = text.filter(|_| form.some(line).is_none()) {
            form.set(line, text);
        }
    }
    show(app);
}

/// The name of the note it is kept under.
pub const NOTE: &str = "warm-up";

const fn text(label: &'static str, hint: &'static str) -> Line {
    Line { label, choices: &[], hint }
}

const TARGET: usize = 0;
const START: usize = 1;
const PLATFORM: usize = 2;
const IP: usize = 3;
const IPS: usize = 4;
const AGE: usize = 5;
const CURRENT: usize = 6;
const AUDIENCE: usize = 7;
const SHARES: usize = 8;

/// What is known before the first message.
const PLAN: &[Line] = &[
    text("messages a day", "in the end: 50000"),
    text("first day", "today; or 2026-06-01"),
    text("platform", "sendgrid, amazon-ses … its published table is followed"),
    Line { label: "address", choices: &["new", "used", "idle", "shared"], hint: "idle: silent for a month" },
    text("addresses", "1"),
    text("domain's age", "in days; taken for new if empty"),
    text("sent now", "messages a day: 0"),
    Line { label: "people", choices: &["mixed", "active", "outreach"], hint: "active: they expect it" },
    text("receivers", "gmail=40 microsoft=25 yahoo=10, in percent"),
];

const DATE: usize = 0;
const RECEIVER: usize = 1;
const SENT: usize = 2;
const DELIVERED: usize = 3;
const DEFERRED: usize = 4;
const HARD: usize = 5;
const REFUSED: usize = 6;
const COMPLAINTS: usize = 7;
const OPENS: usize = 8;
const CLICKS: usize = 9;
const INBOX: usize = 10;
const SPAM: usize = 11;
const SNDS: usize = 12;
const SPAM_RATE: usize = 13;
const LISTS: usize = 14;

/// A day's numbers, in the order of [`crate::warmup::log::numbers`].
const DAY: &[Line] = &[
    text("day", "today; or 2026-06-01"),
    text("receiver", "all; or gmail, microsoft …"),
    text("sent", "messages"),
    text("delivered", "messages that were taken"),
    text("deferred", "attempts put off (4xx)"),
    text("hard bounces", "no such address"),
    text("refused", "for who sends, or what"),
    text("complaints", "by feedback loops"),
    text("opens", "decide nothing"),
    text("clicks", "decide nothing"),
    text("seeds in inbox", "test mailboxes"),
    text("seeds in spam", "test mailboxes"),
    text("SNDS", "green, yellow, red"),
    text("spam rate", "of the receiver's portal, in percent"),
    text("blocklists", "that hold the address or the domain"),
];

/// A row of numbers, as it was typed.
type Row = Vec<String>;

/// Everything of it.
#[derive(Debug)]
pub struct WarmUp {
    pub form: Form,
    pub day: Form,
    rows: Vec<Row>,
    pub plan: Option<Plan>,
    pub check: Option<Check>,
    /// First line on the screen.
    pub top: usize,
}

impl Default for WarmUp {
    fn default() -> WarmUp {
        WarmUp { form: Form::new(PLAN), day: Form::new(DAY), rows: Vec::new(), plan: None, check: None, top: 0 }
    }
}

/// What outlives the program.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    form: Vec<String>,
    rows: Vec<Row>,
}

impl WarmUp {
    /// What was kept, with what it says today.
    pub fn of(kept: &str, today: Date) -> WarmUp {
        let kept: Kept = serde_json::from_str(kept).unwrap_or_default();
        let whole = |mut row: Row| {
            // Written before there was a line for what was delivered.
            if row.len() + 1 == DAY.len() {
                row.insert(DELIVERED, String::new());
            }
            row
        };
        let rows = kept.rows.into_iter().map(whole).filter(|row| row.len() == DAY.len()).collect();
        let mut warmup = WarmUp { rows, ..WarmUp::default() };
        warmup.form.take_back(&kept.form);
        if warmup.form.some(TARGET).is_some() {
            let _ = warmup.work_out(today);
        }
        warmup
    }

    fn keep(&self) -> Effect {
        let kept = Kept { form: self.form.kept(), rows: self.rows.clone() };
        Effect::SaveNote { name: NOTE.to_owned(), text: serde_json::to_string(&kept).unwrap_or_default() }
    }

    /// The plan and the check, from what was typed; else the line that cannot be read, and why.
    fn work_out(&mut self, today: Date) -> Result<(), (usize, String)> {
        let order = order(&self.form, today)?;
        let plan = Plan::of(order);
        let mut days = Days::default();
        for row in &self.rows {
            add(row, today, &mut days).map_err(|(_, why)| (TARGET, why))?;
        }
        self.check = check::check(&plan, &days, today);
        self.plan = Some(plan);
        Ok(())
    }

    /// The shell command that makes the same plan.
    pub fn command(&self) -> String {
        let f = &self.form;
        let mut command = command!("postdoc warmup plan --target {}", f.text(TARGET).replace(' ', ""));
        let texts = [(START, "start"), (PLATFORM, "platform"), (IPS, "ips"), (AGE, "domain-age"), (CURRENT, "current")];
        for (line, option) in texts {
            if let Some(text) = f.some(line) {
                command.push_str(&format!(" --{option} {}", word(text.replace(' ', ""))));
            }
        }
        command.push_str(&command!(" --ip {} --audience {}", f.text(IP), f.text(AUDIENCE)));
        f.text(SHARES).split_whitespace().for_each(|s| command.push_str(&command!(" --share {}", s)));
        command
    }

    pub fn days(&self) -> usize {
        self.rows.len()
    }
}

fn number(form: &Form, line: usize, default: u64) -> Result<u64, (usize, String)> {
    form.some(line).map_or(Ok(default), |t| numbers::number(t).map_err(|why| (line, why)))
}

fn date(text: Option<&str>, line: usize, today: Date) -> Result<Date, (usize, String)> {
    text.filter(|t| *t != "today")
        .map_or(Ok(today), |t| t.parse().map_err(|_| (line, format!("{t:?} is no date like 2026-06-01"))))
}

fn order(form: &Form, today: Date) -> Result<Order, (usize, String)> {
    let target = number(form, TARGET, 0)?;
    if target == 0 {
        return Err((TARGET, "how many messages a day are to be reached".into()));
    }
    let platform = form.some(PLATFORM).map(str::to_ascii_lowercase);
    if let Some(id) = platform.as_ref().filter(|id| platform::find(id).is_none() && !ramp::knows(id)) {
        return Err((PLATFORM, format!("no platform is called {id}; postdoc check --platform ? lists them")));
    }
    let mut shares = Vec::new();
    for word in form.text(SHARES).split([' ', ',']).filter(|w| !w.is_empty()) {
        let bad = || (SHARES, format!("{word:?} is no share like gmail=40"));
        let (name, share) = word.split_once('=').ok_or_else(bad)?;
        let name = receiver::named(name).map_or_else(|| name.to_owned(), str::to_owned);
        shares.push((name, numbers::share(share).map_err(|_| bad())?));
    }
    let sum: f64 = shares.iter().map(|(_, s)| s).sum();
    if sum > 100.0 + 1e-9 {
        return Err((SHARES, format!("the shares add up to {sum} %, more than all")));
    }
    if !shares.is_empty() && sum < 100.0 - 1e-9 && !shares.iter().any(|(n, _)| n == receiver::OTHERS) {
        shares.push((receiver::OTHERS.to_owned(), 100.0 - sum));
    }
    let age = match form.some(AGE) {
        Some(_) => Domain::Age(u32::try_from(number(form, AGE, 0)?).unwrap_or(u32::MAX)),
        None => Domain::Unsaid,
    };
    Ok(Order {
        start: date(form.some(START), START, today)?,
        platform,
        ip: Ip::ALL.into_iter().find(|i| i.word() == form.text(IP)).unwrap_or(Ip::New),
        ips: number(form, IPS, 1)?.clamp(1, 1000) as u32,
        domain: age,
        current: number(form, CURRENT, 0)?,
        audience: Audience::ALL.into_iter().find(|a| a.word() == form.text(AUDIENCE)).unwrap_or(Audience::Mixed),
        shares,
        ..Order::new(target, today)
    })
}

/// Adds a row to the days.
fn add(row: &Row, today: Date, days: &mut Days) -> Result<(), (usize, String)> {
    let text = |line: usize| row.get(line).map(|t| t.trim()).filter(|t| !t.is_empty());
    let count = |line: usize| text(line).map(numbers::number).transpose().map_err(|why| (line, why));
    let mut tally = Tally {
        deferred: count(DEFERRED)?.unwrap_or(0),
        invalid: count(HARD)?.unwrap_or(0),
        refused: count(REFUSED)?.unwrap_or(0),
        complaints: count(COMPLAINTS)?,
        opens: count(OPENS)?,
        clicks: count(CLICKS)?,
        snds: text(SNDS).map(|t| Snds::of(t).ok_or((SNDS, "SNDS is green, yellow or red".into()))).transpose()?,
        spam_rate: text(SPAM_RATE).map(numbers::share).transpose().map_err(|why| (SPAM_RATE, why))?,
        ..Tally::default()
    };
    let seeds = (count(INBOX)?, count(SPAM)?);
    if seeds != (None, None) {
        tally.seeds = Some(Seeds { inbox: seeds.0.unwrap_or(0), spam: seeds.1.unwrap_or(0) });
    }
    numbers::settle(count(SENT)?, count(DELIVERED)?, &mut tally).map_err(|why| (SENT, why))?;
    let lists =
        text(LISTS).map_or(vec![], |t| t.split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect());
    let date = date(text(DATE), DATE, today)?;
    if let Some(day) = days.day(date) {
        numbers::put(day, named(text(RECEIVER)), &tally, lists);
    }
    Ok(())
}

/// A receiver, as the plan calls it.
fn named(text: Option<&str>) -> String {
    text.map_or(receiver::ALL, |t| receiver::named(t).unwrap_or(t)).to_owned()
}

/// Days as rows, a receiver each. What the receiver put off or refused for its own sake counts for nothing there.
fn rows(days: &Days) -> Vec<Row> {
    let mut rows = Vec::new();
    for (date, day) in &days.days {
        for (n, (name, tally)) in day.receivers.iter().enumerate() {
            let mut row = vec![String::new(); DAY.len()];
            let some = |n: Option<u64>| n.map_or(String::new(), |n| n.to_string());
            for (line, text) in [
                (DATE, date.to_string()),
                (RECEIVER, name.clone()),
                (SENT, (tally.sent() - tally.lost).to_string()),
                (DELIVERED, tally.delivered.to_string()),
                (DEFERRED, tally.deferred.to_string()),
                (HARD, tally.invalid.to_string()),
                (REFUSED, tally.refused.to_string()),
                (COMPLAINTS, some(tally.complaints)),
                (OPENS, some(tally.opens)),
                (CLICKS, some(tally.clicks)),
                (INBOX, some(tally.seeds.map(|s| s.inbox))),
                (SPAM, some(tally.seeds.map(|s| s.spam))),
                (SNDS, tally.snds.map_or(String::new(), |s| s.word().to_owned())),
                (SPAM_RATE, tally.spam_rate.map_or(String::new(), |r| r.to_string())),
                // They are the day's: once is enough.
                (LISTS, if n == 0 { day.blocklists.join(" ") } else { String::new() }),
            ] {
                row[line] = text;
            }
            rows.push(row);
        }
    }
    rows
}

fn today(app: &App) -> Date {
    let zone = if app.local_time { jiff::tz::TimeZone::system() } else { jiff::tz::TimeZone::UTC };
    app.now.to_zoned(zone).date()
}

/// Goes to the plan, or to the form where there is none yet.
pub fn show(app: &mut App) {
    app.screens.push(if app.warmup.plan.is_some() { Screen::WarmUp } else { Screen::WarmUpForm });
}

/// The form is done.
pub fn planned(app: &mut App) -> Vec<Effect> {
    let today = today(app);
    if app.warmup.form.some(START).is_none_or(|t| t == "today") {
        // Tomorrow it began today.
        app.warmup.form.set(START, today.to_string());
    }
    match app.warmup.work_out(today) {
        Ok(()) => {
            app.screens.retain(|s| !matches!(s, Screen::WarmUpForm | Screen::WarmUp));
            app.screens.push(Screen::WarmUp);
            app.warmup.top = 0;
            vec![app.warmup.keep()]
        }
        Err((line, why)) => {
            app.warmup.form.at = line;
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

/// A day's numbers are done.
pub fn counted(app: &mut App) -> Vec<Effect> {
    let today = today(app);
    let mut row = app.warmup.day.kept();
    if ["", "today"].contains(&row[DATE].trim()) {
        row[DATE] = today.to_string();
    }
    if let Err((line, why)) = add(&row, today, &mut Days::default()) {
        app.warmup.day.at = line;
        app.warn(format!("{why}."));
        return vec![];
    }
    row[RECEIVER] = named(Some(row[RECEIVER].trim()).filter(|t| !t.is_empty()));
    app.warmup.day = Form::new(DAY);
    take(app, vec![row])
}

/// A table of days or lines of a log, pasted where numbers are wanted; `None` where it is neither.
pub fn pasted(app: &mut App, text: &str) -> Option<Vec<Effect>> {
    let today = today(app);
    let mut days = Days::default();
    // Many terminals end the lines of a paste with CR.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    match log::read(&mut text.as_bytes(), None, today, &mut days) {
        Ok(_) => Some(take(app, rows(&days))),
        // Its heading was understood.
        Err(fault @ Fault::Line(..)) => {
            app.warn(format!("Not taken: {fault}."));
            Some(vec![])
        }
        Err(_) => None,
    }
}

/// Takes rows in, and goes to the plan. The same day and receiver once more is a correction.
fn take(app: &mut App, rows: Vec<Row>) -> Vec<Effect> {
    let of = |row: &Row| (row[DATE].clone(), row[RECEIVER].clone());
    for row in rows {
        app.warmup.rows.retain(|r| of(r) != of(&row));
        app.warmup.rows.push(row);
    }
    app.warmup.rows.sort();
    let _ = app.warmup.work_out(today(app));
    app.screens.retain(|s| *s != Screen::WarmUpDay);
    app.warmup.top = 0;
    let text = app.warmup.check.as_ref().and_then(|c| c.advice.last()).map(|a| a.headline());
    app.say(text.unwrap_or_else(|| "Kept.".to_owned()));
    vec![app.warmup.keep()]
}
