//! `postdoc warmup plan|check`

use super::args::{CheckArgs, Format, Global, Known, Warmup, WarmupAction, WarmupTo};
use super::exit::Exit;
use super::source::Unread;
use crate::report::warmup::{self as report, Told};
use crate::report::{Shown, json};
use crate::rules::Severity;
use crate::warmup::day::{Days, Seeds, Tally};
use crate::warmup::log::numbers;
use crate::warmup::order::{Domain, Ip, Order};
use crate::warmup::{Check, Plan, Step, check, log, plan, receiver};
use anyhow::{Context as _, anyhow, bail};
use flate2::bufread::MultiGzDecoder;
use jiff::civil::Date;
use std::fs::File;
use std::io::{BufRead, BufReader};

/// A volume that nobody reaches: the growth has no end.
const NO_TARGET: u64 = 1 << 40;

pub fn run(global: &Global, args: &Warmup) -> anyhow::Result<Exit> {
    global.names_as_they_are("warmup")?;
    match &args.action {
        WarmupAction::Plan(args) => {
            let plan = Plan::of(order(global, &args.known, args.target, &Days::default())?);
            put(global, args.known.to, &Told { plan: &plan, check: None, dropped: 0 })?;
            Ok(Exit::Clean)
        }
        WarmupAction::Check(args) => judge(global, args),
    }
}

fn today(global: &Global) -> Date {
    global.now().to_zoned(jiff::tz::TimeZone::system()).date()
}

fn order(global: &Global, known: &Known, target: u64, days: &Days) -> anyhow::Result<Order> {
    let shares = match &known.recipients {
        Some(path) => {
            let name = path.display();
            let file = File::open(path).map_err(|e| Unread(format!("the file {name} cannot be opened: {e}")))?;
            let lines = BufReader::new(file).lines().map_while(Result::ok);
            let shares = plan::shares(lines);
            if shares.is_empty() {
                bail!("the file {name} holds no addresses and no domains, a line each");
            }
            shares
        }
        None if known.share.is_empty() => check::shares(days),
        None => filled(&known.share)?,
    };
    Ok(Order {
        target,
        start: known.start.unwrap_or_else(|| days.days.keys().next().copied().unwrap_or(today(global))),
        platform: known.platform.clone(),
        ip: known.ip.unwrap_or(Ip::New),
        ips: known.ips,
        domain: known.domain_age.map_or(Domain::Unsaid, Domain::Age),
        current: known.current,
        audience: known.audience,
        shares,
        ramp: known.ramp.clone(),
    })
}

/// The shares with what is left for the others.
fn filled(shares: &[(String, f64)]) -> anyhow::Result<Vec<(String, f64)>> {
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if sum > 100.0 + 1e-9 {
        bail!("the shares add up to {sum} %, more than all");
    }
    let mut shares = shares.to_vec();
    if sum < 100.0 - 1e-9 && !shares.iter().any(|(name, _)| name == receiver::OTHERS) {
        shares.push((receiver::OTHERS.to_owned(), 100.0 - sum));
    }
    Ok(shares)
}

fn judge(global: &Global, args: &CheckArgs) -> anyhow::Result<Exit> {
    let today = today(global);
    let mut days = Days::default();
    for name in &args.log {
        match read(name, args, today, &mut days) {
            Ok(format) if args.log_format.is_none() && !global.quiet => {
                super::tell(format_args!("{name}: read as the log of {}", format.word()));
            }
            Ok(_) => {}
            Err(e) => {
                super::tell(format_args!("{name}: {e:#}"));
                return Ok(Exit::Unknown);
            }
        }
    }
    typed(args, today, &mut days)?;
    let target = args.target.unwrap_or(NO_TARGET);
    let mut order = order(global, &args.known, target, &days)?;
    if args.known.start.is_none() && order.current == 0 {
        let note = match args.known.ip {
            Some(Ip::New | Ip::Idle) => "the first day of the numbers is taken for the first of the warm-up",
            // Nobody said what was planned: the first day is what the others are measured by.
            _ => {
                order.current = days.days.values().next().map_or(0, |day| day.total().sent()).min(order.target);
                "what was planned is not known: the first day of the numbers is what the others are measured by"
            }
        };
        if !days.days.is_empty() && !global.quiet {
            super::tell(format_args!("{note}; --start says when it began"));
        }
    }
    let plan = Plan::of(order);
    let Some(check) = check::check(&plan, &days, today) else {
        if args.log.is_empty() {
            bail!("which numbers? --log FILE, or --sent with --deferred, --hard, --complaints … of a day");
        }
        super::tell("no mail was sent on any day");
        return Ok(Exit::Unknown);
    };
    put(global, args.known.to, &Told { plan: &plan, check: Some(&check), dropped: days.dropped })?;
    Ok(status(&check, global.fail_on.severity()))
}

/// Reads one log, unpacked where it is packed.
fn read(name: &str, args: &CheckArgs, today: Date, days: &mut Days) -> anyhow::Result<log::Format> {
    let mut raw: Box<dyn BufRead> = match name {
        "-" => Box::new(BufReader::new(std::io::stdin())),
        name => Box::new(BufReader::new(File::open(name).context("it cannot be opened")?)),
    };
    let packed = raw.fill_buf().context("it cannot be read")?.starts_with(&[0x1f, 0x8b]);
    let mut log: Box<dyn BufRead> = match packed {
        true => Box::new(BufReader::new(MultiGzDecoder::new(raw))),
        false => raw,
    };
    Ok(log::read(&mut log, args.log_format, today, days)?)
}

/// The numbers on the command line.
fn typed(args: &CheckArgs, today: Date, days: &mut Days) -> anyhow::Result<()> {
    let seeds = Seeds { inbox: args.seed_inbox.unwrap_or(0), spam: args.seed_spam.unwrap_or(0) };
    let mut row = Tally {
        deferred: args.deferred.unwrap_or(0),
        invalid: args.hard.unwrap_or(0),
        refused: args.refused.unwrap_or(0),
        complaints: args.complaints,
        opens: args.opens,
        clicks: args.clicks,
        seeds: args.seed_inbox.or(args.seed_spam).map(|_| seeds),
        snds: args.snds,
        spam_rate: args.spam_rate,
        ..Tally::default()
    };
    numbers::settle(args.sent, args.delivered, &mut row).map_err(|e| anyhow!(e))?;
    if row == Tally::default() && args.blocklist.is_empty() {
        return Ok(());
    }
    // What is typed beside a log belongs to its last day.
    let last = days.days.keys().next_back().copied();
    let date = args.day.or(last).unwrap_or(today);
    let whom = args.receiver.clone().unwrap_or_else(|| match (args.snds, args.spam_rate) {
        (Some(_), None) if last.is_some() => "Outlook.com".to_owned(),
        (None, Some(_)) if last.is_some() => "Gmail".to_owned(),
        _ => receiver::ALL.to_owned(),
    });
    if let Some(day) = days.day(date) {
        numbers::put(day, whom, &row, args.blocklist.clone());
    }
    Ok(())
}

fn status(check: &Check, fail_on: Option<Severity>) -> Exit {
    let Some(last) = check.advice.last() else { return Exit::Unknown };
    let severity = match last.worst() {
        Step::Advance => return Exit::Clean,
        Step::Hold => Severity::Medium,
        Step::Back => Severity::High,
    };
    if fail_on.is_some_and(|limit| severity >= limit) { Exit::Found } else { Exit::Clean }
}

fn put(global: &Global, to: Option<WarmupTo>, told: &Told) -> anyhow::Result<()> {
    let shown = Shown::default();
    let to = match (to, global.format()) {
        (Some(to), _) => to,
        (None, Format::Human) => WarmupTo::Human,
        (None, Format::Plain) => return super::put(&report::plain(told, shown)).map(drop).map_err(Into::into),
        (None, Format::Json | Format::Ndjson) => WarmupTo::Json,
        (None, Format::Markdown) => WarmupTo::Markdown,
    };
    let text = match to {
        WarmupTo::Human => report::human(told, super::look::style(global.color, global.verbose), shown),
        WarmupTo::Markdown => report::markdown(told, shown),
        WarmupTo::Csv => report::csv(told, shown),
        WarmupTo::Ics => report::calendar(told, global.now(), shown),
        WarmupTo::Json if global.format() == Format::Ndjson => json::line(&json::warmup::document(told), shown),
        WarmupTo::Json => json::pretty(&json::warmup::document(told), shown),
    };
    super::put(&text)?;
    Ok(())
}
