//! `warmup`: what is known, and the day's numbers.

use crate::knowledge::{platform, ramp};
use crate::warmup::log::{Format, numbers};
use crate::warmup::order::{Audience, Ip};
use crate::warmup::{day::Snds, receiver};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Warmup {
    #[command(subcommand)]
    pub action: WarmupAction,
}

#[derive(Debug, Subcommand)]
pub enum WarmupAction {
    /// How many messages on each day, and to each receiver
    Plan(PlanArgs),
    /// Go on, hold or step back: by the day's numbers, a table of days, or the log of a mail system
    Check(Box<CheckArgs>),
}

/// What is known before the first message.
#[derive(Debug, Args)]
pub struct Known {
    /// The first day; without it the first day of the numbers, else today
    #[arg(long, value_name = "DATE")]
    pub start: Option<Date>,
    /// The sending platform, by id: its published table is followed
    #[arg(long, value_name = "P", value_parser = platform_id)]
    pub platform: Option<String>,
    /// The sending address: new, used, idle (silent for a month), shared (the platform's); taken for new without it
    #[arg(long, value_name = "STATE", value_parser = ip)]
    pub ip: Option<Ip>,
    /// Addresses that share the volume
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub ips: u32,
    /// Days since the domain was registered; taken for new without it
    #[arg(long, value_name = "DAYS")]
    pub domain_age: Option<u32>,
    /// Messages a day that are sent already
    #[arg(long, value_name = "N", default_value = "0", value_parser = numbers::number)]
    pub current: u64,
    /// Who gets it: active (expects it), mixed (a grown list), outreach (never asked)
    #[arg(long, value_name = "WHO", default_value = "mixed", value_parser = audience)]
    pub audience: Audience,
    /// How much of it goes to a receiver, in percent: gmail=40 (repeatable)
    #[arg(long, value_name = "RECEIVER=PERCENT", value_parser = share)]
    pub share: Vec<(String, f64)>,
    /// A file of addresses or domains, a line each, to count the receivers from
    #[arg(long, value_name = "FILE", conflicts_with = "share")]
    pub recipients: Option<PathBuf>,
    /// Follow this table instead: sparkpost, sendgrid, sitevibes, leadconnector, mailrush, outreach
    #[arg(long, value_name = "ID", value_parser = ramp_id)]
    pub ramp: Option<String>,
    /// The form of the result
    #[arg(long, value_name = "FORM")]
    pub to: Option<WarmupTo>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Messages a day in the end
    #[arg(long, value_name = "N", value_parser = target)]
    pub target: u64,
    #[command(flatten)]
    pub known: Known,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Messages a day in the end; without it the growth has no end
    #[arg(long, value_name = "N", value_parser = target)]
    pub target: Option<u64>,
    #[command(flatten)]
    pub known: Known,
    /// A log, or a table of numbers; `-` is standard input, gzip is fine (repeatable)
    #[arg(long, value_name = "FILE")]
    pub log: Vec<String>,
    /// postfix, exim, akmta, kumomta, pmta, csv; guessed without it
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub log_format: Option<Format>,
    /// The day of the numbers below; today without it
    #[arg(long, value_name = "DATE")]
    pub day: Option<Date>,
    /// The receiver of the numbers below; all without it
    #[arg(long, value_name = "NAME", value_parser = receiver_name)]
    pub receiver: Option<String>,
    /// Messages that were sent
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub sent: Option<u64>,
    /// Messages that were taken
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub delivered: Option<u64>,
    /// Attempts that were put off (4xx)
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub deferred: Option<u64>,
    /// Messages for addresses that do not exist
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub hard: Option<u64>,
    /// Messages refused for who sends, or what
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub refused: Option<u64>,
    /// Complaints, by feedback loops
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub complaints: Option<u64>,
    /// Messages that were opened
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub opens: Option<u64>,
    /// Messages in which a link was clicked
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub clicks: Option<u64>,
    /// Seed mailboxes that had it in the inbox
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub seed_inbox: Option<u64>,
    /// Seed mailboxes that had it in spam
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub seed_spam: Option<u64>,
    /// The colour in Microsoft's SNDS: green, yellow, red
    #[arg(long, value_name = "COLOUR", value_parser = snds)]
    pub snds: Option<Snds>,
    /// The spam rate in Google's Postmaster Tools, in percent
    #[arg(long, value_name = "PERCENT", value_parser = numbers::share)]
    pub spam_rate: Option<f64>,
    /// A blocklist that holds the address or the domain (repeatable)
    #[arg(long, value_name = "LIST")]
    pub blocklist: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WarmupTo {
    Human,
    Markdown,
    Csv,
    Ics,
    Json,
}

fn target(text: &str) -> Result<u64, String> {
    numbers::number(text).and_then(|n| if n == 0 { Err("at least one message a day is wanted".into()) } else { Ok(n) })
}

fn platform_id(id: &str) -> Result<String, String> {
    let id = id.trim().to_ascii_lowercase();
    let known = platform::find(&id).is_some() || ramp::knows(&id);
    let names = || platform::all().iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ");
    if known { Ok(id) } else { Err(format!("there is {}", names())) }
}

fn ramp_id(id: &str) -> Result<String, String> {
    let names = || ramp::known().ramp.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
    ramp::find(id).map(|r| r.id.clone()).ok_or_else(|| format!("there is {}", names()))
}

fn ip(word: &str) -> Result<Ip, String> {
    Ip::ALL.into_iter().find(|i| i.word() == word).ok_or_else(|| "there is new, used, idle, shared".into())
}

fn audience(word: &str) -> Result<Audience, String> {
    Audience::ALL.into_iter().find(|a| a.word() == word).ok_or_else(|| "there is active, mixed, outreach".into())
}

fn format(word: &str) -> Result<Format, String> {
    let names = || Format::ALL.map(Format::word).join(", ");
    Format::ALL.into_iter().find(|f| f.word() == word).ok_or_else(|| format!("there is {}", names()))
}

fn snds(word: &str) -> Result<Snds, String> {
    Snds::of(word).ok_or_else(|| "there is green, yellow, red".into())
}

fn receiver_name(word: &str) -> Result<String, String> {
    Ok(receiver::named(word).map_or_else(|| word.trim().to_owned(), str::to_owned))
}

fn share(text: &str) -> Result<(String, f64), String> {
    let (name, percent) = text.split_once('=').ok_or("expected RECEIVER=PERCENT, as gmail=40")?;
    Ok((receiver_name(name)?, numbers::share(percent)?))
}
