//! The warm-up of this user: the plan's form, the days that were typed in, and what they say.

use super::app::{App, Screen};
use super::msg::Effect;
use super::widget::form::{Form, Line};
use crate::knowledge::{platform, ramp};
use crate::shell::{command, word};
use crate::warmup::day::{Days, Seeds, Snds, Tally};
use crate::warmup::log::numbers;
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

/// A day's numbers, in the order of [`crate::warmup::log::numbers`].
const DAY: &[Line] = &[
    text("day", "today; or 2026-06-01"),
    text("receiver", "all; or gmail, microsoft …"),
    text("sent", "messages"),
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
        let mut warmup = WarmUp { rows: kept.rows, ..WarmUp::default() };
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

/// Adds a typed row to the days.
fn add(row: &Row, today: Date, days: &mut Days) -> Result<(), (usize, String)> {
    let text = |line: usize| row.get(line).map(|t| t.trim()).filter(|t| !t.is_empty());
    let count = |line: usize| text(line).map(numbers::number).transpose().map_err(|why| (line, why));
    let mut tally = Tally {
        deferred: count(3)?.unwrap_or(0),
        invalid: count(4)?.unwrap_or(0),
        refused: count(5)?.unwrap_or(0),
        complaints: count(6)?,
        opens: count(7)?,
        clicks: count(8)?,
        snds: text(11).map(|t| Snds::of(t).ok_or((11, "SNDS is green, yellow or red".into()))).transpose()?,
        spam_rate: text(12).map(numbers::share).transpose().map_err(|why| (12, why))?,
        ..Tally::default()
    };
    if let Some((inbox, spam)) = count(9)?.map(|i| (i, 0)).or(count(10)?.map(|_| (0, 0))) {
        tally.seeds = Some(Seeds { inbox, spam: spam + count(10)?.unwrap_or(0) });
    }
    tally.delivered = numbers::delivered_of(count(2)?, None, &tally).map_err(|why| (2, why))?;
    let whom =
        text(1).map_or(receiver::ALL.to_owned(), |t| receiver::named(t).map_or_else(|| t.to_owned(), str::to_owned));
    let lists = text(13).map_or(vec![], |t| t.split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect());
    let date = date(text(0), 0, today)?;
    if let Some(day) = days.day(date) {
        numbers::put(day, whom, &tally, lists);
    }
    Ok(())
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
    if row[0].trim().is_empty() {
        row[0] = today.to_string();
    }
    if let Err((line, why)) = add(&row, today, &mut Days::default()) {
        app.warmup.day.at = line;
        app.warn(format!("{why}."));
        return vec![];
    }
    // The same day and receiver once more is a correction.
    app.warmup.rows.retain(|r| (r.first(), r.get(1)) != (row.first(), row.get(1)));
    app.warmup.rows.push(row);
    app.warmup.rows.sort();
    app.warmup.day = Form::new(DAY);
    let _ = app.warmup.work_out(today);
    app.screens.pop();
    app.warmup.top = 0;
    let text = app.warmup.check.as_ref().and_then(|c| c.advice.last()).map(|a| a.headline());
    app.say(text.unwrap_or_else(|| "Kept.".to_owned()));
    vec![app.warmup.keep()]
}
