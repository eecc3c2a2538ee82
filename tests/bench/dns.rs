//! What DNS costs: questions, chain and time against a server that takes 100 ms for each answer, and the
//! processor's time. `cargo bench --bench dns`.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

#[path = "../dnsd/mod.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod dnsd;

use dnsd::{Dnsd, World};
use postdoc::diagnose::Diagnosis;
use postdoc::evidence::said::Wish;
use postdoc::evidence::{Evidence, Input, InputKind, Kind, Outcome, Question, Said};
use postdoc::facts::Reading;
use postdoc::facts::reverse::reverse_question;
use postdoc::world::dns::{Asker, Settings};
use postdoc::world::run::Runner;
use std::fmt::Write;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who sends for the domain.
const CLIENT: &str = "192.0.2.25";

/// The time a question takes there and back.
const D: Duration = Duration::from_millis(100);

fn main() {
    // `cargo bench` and `cargo test --benches` hand over options of their own.
    println!("{:<42}{:>10}{:>7}{:>9}{:>8}{:>10}", "D = 100 ms", "questions", "chain", "time", "limit", "CPU");
    two_signatures();
    a_domain();
    many_domains(50);
    many_domains(1000);
    at_once(3000);
}

/// One line of the table. `limit` is in units of D.
fn row(what: &str, questions: usize, chain: u32, time: Duration, limit: Option<f64>, cpu: Duration) {
    let in_d = time.as_secs_f64() / D.as_secs_f64();
    let limit = limit.map_or(String::new(), |l| format!("{l:.1} D"));
    let chain = if chain == 0 { String::new() } else { chain.to_string() };
    println!(
        "{what:<42}{questions:>10}{chain:>7}{:>9}{limit:>8}{:>10}",
        format!("{in_d:.2} D"),
        format!("{:.1} ms", cpu.as_secs_f64() * 1e3)
    );
}

/// Processor time of this thread so far: everything a run costs happens on the thread that waits for it.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn settings(server: &Dnsd) -> Settings {
    // Name servers that are asked directly are this one too.
    let addresses = format!("*:53={}", server.addr).parse().unwrap();
    Settings { resolvers: vec![server.addr], addresses, ..Settings::default() }
}

fn never() -> std::future::Pending<()> {
    std::future::pending()
}

fn run(server: &Dnsd, evidence: Evidence) -> (Diagnosis, Duration, Duration) {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let runner = Runner::new(settings(server)).unwrap();
    let (began, spent) = (Instant::now(), cpu());
    let (diagnosis, _) = runner.run(evidence, reading, never());
    (diagnosis, began.elapsed(), cpu() - spent)
}

fn told(what: &str, server: &Dnsd, limit: f64, (d, time, spent): (Diagnosis, Duration, Duration)) -> Duration {
    let lost = d.facts.evidence.answers.values().filter(|a| a.outcome.failed()).count();
    let what = if lost == 0 { what.to_owned() } else { format!("{what} ({lost} LOST)") };
    row(&what, server.different(), d.facts.rounds(), time, Some(limit), spent);
    time
}

const SOA: &str = "test. SOA ns.test. host.test. 1 3600 600 86400 60\narpa. SOA ns.test. host.test. 1 3600 600 86400 60\n\
     25.2.0.192.in-addr.arpa. PTR out.d0.test.\nout.d0.test. A 192.0.2.25\n";

/// A sending domain with an include depth of four (the apex counts), ten selectors, three MX, and reverse names.
fn domain(name: &str, n: usize) -> String {
    let mut zone = format!(
        "{name}. NS ns1.{name}.\n{name}. NS ns2.{name}.\n{name}. SOA ns1.{name}. host.{name}. 1 3600 600 86400 60\n\
         ns1.{name}. A 198.51.100.1\nns2.{name}. A 198.51.100.2\n\
         {name}. TXT \"v=spf1 include:one.{name} mx -all\"\none.{name}. TXT \"v=spf1 include:two.{name} -all\"\n\
         two.{name}. TXT \"v=spf1 include:three.{name} -all\"\nthree.{name}. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n\
         _dmarc.{name}. TXT \"v=DMARC1; p=reject; rua=mailto:d@{name}\"\n{name}. CAA 0 issue \"ca.test\"\n"
    );
    for mx in 1..=3 {
        let ip = Ipv6Addr::new(0x2001, 0xdb8, n as u16, 0, 0, 0, 0, mx);
        let reverse = reverse_question(ip.into()).name;
        let _ =
            write!(zone, "{name}. MX {mx}0 mx{mx}.{name}.\nmx{mx}.{name}. AAAA {ip}\n{reverse}. PTR mx{mx}.{name}.\n");
    }
    for s in 0..10 {
        let _ = writeln!(
            zone,
            "s{s}._domainkey.{name}. TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""
        );
    }
    zone
}

fn check(name: &str, wish: Wish) -> Evidence {
    let input = Input::read(name, name.as_bytes(), Some(InputKind::Domain)).unwrap();
    let selectors = (0..10).map(|s| format!("s{s}")).collect();
    let said = Said { check: Wish { selectors, ..wish }, ..Said::default() };
    Evidence::new(input, said, jiff::Timestamp::now(), false)
}

fn two_signatures() {
    let name = "news.test";
    let server = Dnsd::start(World::of(&format!("{SOA}{}", domain(name, 0))).delay(D));
    let signature = |s: &str| {
        format!(
            "DKIM-Signature: v=1; a=ed25519-sha256; d={name}; s={s}; h=from:subject; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
        )
    };
    let message = format!(
        "Return-Path: <bounce@{name}>\r\nReceived: from mx1.{name} (mx1.{name} [192.0.2.25]) by mx.inbox.test with ESMTPS id 1;\r\n\
         \tTue, 2 Jun 2026 10:00:03 +0000\r\nAuthentication-Results: mx.inbox.test; spf=pass smtp.mailfrom=bounce@{name}; dmarc=pass header.from={name}\r\n\
         {}{}From: News <news@{name}>\r\nSubject: x\r\nDate: Tue, 2 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@{name}>\r\n",
        signature("s1"),
        signature("s2")
    );
    let input = Input::read("m", message.as_bytes(), None).unwrap();
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::now(), false);
    told("a message with two signatures", &server, 4.5, run(&server, evidence));
}

fn a_domain() {
    let server = Dnsd::start(World::of(&format!("{SOA}{}", domain("d0.test", 0))).delay(D));
    let wish = Wish { blocklists: true, ips: vec![CLIENT.parse().unwrap()], ..Wish::default() };
    told("a domain", &server, 4.8, run(&server, check("d0.test", wish)));
}

fn many_domains(count: usize) {
    let names: Vec<String> = (0..count).map(|n| format!("d{n}.test")).collect();
    let zone: String = names.iter().enumerate().map(|(n, name)| domain(name, n)).collect();
    let server = Dnsd::start(World::of(&format!("{SOA}{zone}")).delay(D));
    let mut jobs = names.iter().map(|name| {
        let evidence = check(name, Wish::default());
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        (name, evidence, reading)
    });
    let runner = Runner::new(settings(&server)).unwrap();
    let (mut lost, mut chain, mut first) = (Vec::new(), 0, None);
    let (began, spent) = (Instant::now(), cpu());
    runner.run_many(
        |_| jobs.next(),
        never(),
        |_, done| {
            let (d, _) = done.unwrap();
            first.get_or_insert(began.elapsed());
            if chain == 0 {
                chain = d.facts.rounds();
            }
            let failed = d.facts.evidence.answers.iter().filter(|(_, a)| a.outcome.failed());
            lost.extend(failed.map(|(q, _)| format!("{} {}", q.name, q.kind)));
        },
    );
    let (time, spent) = (began.elapsed(), cpu() - spent);
    row(&format!("{count} domains at once"), server.different(), chain, time, (count == 50).then_some(8.4), spent);
    println!(
        "    lost {} {:?}; first result after {:.2} D; at most {} in flight; memory at most {}",
        lost.len(),
        lost.iter().take(4).collect::<Vec<_>>(),
        first.unwrap_or_default().as_secs_f64() / D.as_secs_f64(),
        server.peak(),
        memory()
    );
}

/// The largest resident set so far; the server's zone and log are in it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}

fn at_once(count: usize) {
    let names: Vec<String> = (0..count).map(|n| format!("n{n}.test")).collect();
    let zone: String = names.iter().map(|name| format!("{name}. A 192.0.2.1\n")).collect();
    let server = Dnsd::start(World::of(&format!("{SOA}{zone}")).delay(D));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asker = Asker::new(&settings(&server)).unwrap();
    let (began, spent) = (Instant::now(), cpu());
    let answers = runtime.block_on(futures_util::future::join_all(names.iter().map(|name| {
        let (asker, question) = (asker.clone(), Question::new(name, Kind::A));
        async move { asker.ask(&question).await }
    })));
    let lost = answers.iter().filter(|a| a.outcome != Outcome::Records).count();
    row(
        &format!("{count} questions at once, {lost} lost"),
        server.different(),
        1,
        began.elapsed(),
        None,
        cpu() - spent,
    );
}
