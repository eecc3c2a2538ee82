//! Watching a change, in an invented world with a clock of its own: name servers that change one after another, caches
//! that keep what they were told, a machine that sleeps. No second really passes.
#![allow(clippy::unwrap_used, reason = "tests")]

use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Answer, Kind, Question, Server};
use postdoc::report::human::Style;
use postdoc::report::{self, Shown};
use postdoc::watch::{Ask, End, Expect, Moment, Order, Watch};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

const STYLE: Style = Style { colour: false, unicode: true, width: 96, full: false };

/// What the world says from a second on; a later one replaces an earlier.
type Times = Vec<(u64, Zone)>;

/// A resolver with a cache, as RFC 1035 §7.4 and RFC 2308 §5 have it.
#[derive(Default)]
struct Cache(BTreeMap<Question, (u64, Answer)>);

struct Sim {
    times: Times,
    caches: Vec<Cache>,
    watch: Watch,
    began: jiff::Timestamp,
    seconds: u64,
    /// Seconds that passed on the wall alone.
    slept: u64,
    /// When each server was asked what.
    log: Vec<(u64, Ask)>,
    lines: String,
}

fn order(expect: &[&str], resolvers: usize) -> Order {
    let expect: Vec<String> = expect.iter().map(|e| e.to_string()).collect();
    Order {
        name: "s1._domainkey.example.com".into(),
        kind: Kind::Txt,
        expect: Expect::read(Kind::Txt, &expect).unwrap(),
        resolvers: (1..=resolvers).map(|n| format!("203.0.113.{n}")).collect(),
        servers: vec![],
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(3600),
    }
}

impl Sim {
    /// `times` are zone lines on top of `world`, from the second on that stands before them.
    fn new(order: Order, world: &str, times: &[(u64, &str)]) -> Sim {
        let began = "2026-05-12T14:02:00Z".parse().unwrap();
        let caches = order.resolvers.iter().map(|_| Cache::default()).collect();
        let watch = Watch::new(order, Moment { wall: began, ticks: Duration::ZERO });
        let zone = |lines: &str| Zone::parse(&format!("{world}\n{lines}")).unwrap();
        let times = times.iter().map(|(at, lines)| (*at, zone(lines))).collect();
        let mut sim = Sim { times, caches, watch, began, seconds: 0, slept: 0, log: vec![], lines: String::new() };
        sim.lines = report::watch::opening(&sim.watch, Shown::default());
        sim
    }

    fn moment(&self) -> Moment {
        let wall = self.began + jiff::SignedDuration::from_secs((self.seconds + self.slept) as i64);
        Moment { wall, ticks: Duration::from_secs(self.seconds) }
    }

    /// Somebody asked that resolver `before` seconds ago.
    fn primed(mut self, resolver: usize, before: i64) -> Sim {
        let question = Question::new(&self.watch.order.name, self.watch.order.kind);
        let at = self.began - jiff::SignedDuration::from_secs(before);
        let mut answer = self.times[0].1.answer(&question, at);
        // Its time is partly over at the start.
        age(&mut answer, before as u32);
        self.caches[resolver].0.insert(question, (0, answer));
        self
    }

    fn zone(&self) -> &Zone {
        let now = self.seconds + self.slept;
        &self.times.iter().rev().find(|(at, _)| *at <= now).unwrap().1
    }

    fn answer(&mut self, ask: &Ask) -> Answer {
        let at = self.moment().wall;
        let fresh = self.zone().answer(&ask.question, at);
        if ask.question.server != Server::Resolver {
            return fresh;
        }
        let now = self.seconds + self.slept;
        let cache = &mut self.caches[ask.resolver].0;
        if let Some((since, answer)) = cache.get(&ask.question) {
            let gone = (now - since) as u32;
            if answer.ttl().is_some_and(|ttl| gone < ttl) {
                let mut answer = answer.clone();
                age(&mut answer, gone);
                return answer;
            }
        }
        cache.insert(ask.question.clone(), (now, fresh.clone()));
        fresh
    }

    /// Until `end`, or it is over.
    fn until(&mut self, end: u64) {
        loop {
            let now = self.moment();
            let asks = self.watch.due(now);
            let idle = asks.is_empty();
            for ask in asks {
                self.log.push((self.seconds, ask.clone()));
                let answer = self.answer(&ask);
                self.watch.heard(now, &ask, answer);
            }
            for news in self.watch.take_news() {
                self.lines += &report::watch::news(&self.watch, &news, STYLE, Shown::default());
            }
            if self.watch.end.is_some() {
                return;
            }
            // Answers may have opened more at once.
            if !idle {
                continue;
            }
            let next = self.watch.wake().as_secs_f64().ceil() as u64;
            if next > end {
                self.seconds = end;
                return;
            }
            self.seconds = next.max(self.seconds + 1);
        }
    }

    fn told(mut self) -> String {
        self.lines += &report::watch::summary(&self.watch, STYLE, Shown::default());
        self.lines
    }

    /// Seconds at which a server was asked, after the survey.
    fn asked(&self, server: Server) -> Vec<u64> {
        let name = &self.watch.order.name;
        self.log
            .iter()
            .filter(|(_, a)| {
                a.question.server == server && a.question.name.contains(&name[..]) && a.question.kind == Kind::Txt
            })
            .map(|(at, _)| *at)
            .collect()
    }
}

fn age(answer: &mut Answer, seconds: u32) {
    answer.records.iter_mut().for_each(|r| r.ttl = r.ttl.saturating_sub(seconds));
    answer.negative_ttl = answer.negative_ttl.map(|ttl| ttl.saturating_sub(seconds));
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// example.com at four name servers, as the zone above delegates it.
const WORLD: &str = "
    com NS a.gtld.test
    a.gtld.test A 192.0.2.1
    example.com SOA ns1.dns.example host.example.com 41 7200 900 1209600 1800
    example.com NS ns1.dns.example
    example.com NS ns2.dns.example
    example.com NS ns3.dns.example
    example.com NS ns4.dns.example
    ns1.dns.example A 198.51.100.1
    ns2.dns.example A 198.51.100.2
    ns3.dns.example A 198.51.100.3
    ns4.dns.example A 198.51.100.4
    @192.0.2.1 example.com REFERRAL ns1.dns.example
    @192.0.2.1 example.com REFERRAL ns2.dns.example
    @192.0.2.1 example.com REFERRAL ns3.dns.example
    @192.0.2.1 example.com REFERRAL ns4.dns.example
    @192.0.2.1 com NS a.gtld.test
    s1._domainkey.example.com 3600 TXT \"v=DKIM1; p=NEW\"
";

/// These servers do not have the record yet, and show the old serial.
fn without(servers: &[u8]) -> String {
    let line = |n: &u8| {
        format!(
            "@198.51.100.{n} s1._domainkey.example.com NXDOMAIN\n@198.51.100.{n} example.com SOA ns1.dns.example host.example.com 40 7200 900 1209600 1800\n"
        )
    };
    servers.iter().map(line).collect()
}

fn leak(text: String) -> &'static str {
    text.leak()
}

fn snapshot(name: &str, text: String) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

/// Four name servers change one after another; one resolver was asked too early and keeps "no such name"; the fourth
/// server is lame.
#[test]
fn servers_change_one_after_another_and_a_cache_remembers() {
    let lame = "@198.51.100.4 example.com REFUSED\n@198.51.100.4 s1._domainkey.example.com REFUSED\n";
    let none = "s1._domainkey.example.com NXDOMAIN\n";
    let stage = |servers: &[u8]| leak(format!("{lame}{}", without(servers)));
    let before = leak(format!("{lame}{none}{}", without(&[1, 2, 3])));
    let mut sim = Sim::new(
        order(&["v=DKIM1; p=NEW"], 2),
        WORLD,
        &[(0, before), (40, stage(&[2, 3])), (100, stage(&[3])), (160, stage(&[]))],
    )
    .primed(0, 600);
    sim.until(4000);
    assert_eq!(sim.watch.end, Some(End::Agreed));
    // The cache was asked when its answer had expired, not before: 1800 - 600 seconds, and one.
    assert_eq!(
        sim.log
            .iter()
            .filter(|(_, a)| a.resolver == 0 && a.question.kind == Kind::Txt && a.question.server == Server::Resolver)
            .map(|(at, _)| *at)
            .collect::<Vec<_>>(),
        [0, 1201]
    );
    snapshot("one_after_another", sim.told());
}

#[test]
fn one_question_a_server_and_interval() {
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), WORLD, &[(0, leak(without(&[2])))]);
    sim.until(600);
    for n in 1..=4 {
        let server = Server::At(ip(&format!("198.51.100.{n}")));
        let times: Vec<u64> =
            sim.log.iter().filter(|(at, a)| a.question.server == server && *at > 0).map(|(at, _)| *at).collect();
        assert!(times.windows(2).all(|w| w[1] - w[0] >= 30), "{n}: {times:?}");
        assert!(times.len() <= 20 + 1, "{n}: {times:?}");
    }
    let text = sim.told();
    assert!(
        text.contains("1 of 4 name servers is behind: ns2.dns.example. It has serial 40 of the zone, others 41"),
        "{text}"
    );
}

#[test]
fn silence_slows_down_and_is_not_waited_for() {
    let dead = "@198.51.100.4 example.com TIMEOUT\n@198.51.100.4 s1._domainkey.example.com TIMEOUT\n";
    let mut sim = Sim::new(order(&["v=DKIM1; p=OTHER"], 1), WORLD, &[(0, dead)]);
    sim.until(3600);
    assert_eq!(sim.watch.end, Some(End::Wrong), "the three that speak have another value");
    let asked = sim.asked(Server::At(ip("198.51.100.4")));
    assert!(asked.len() < 25 && asked[..3] == [0, 30, 60], "{asked:?}");
    let text = sim.told();
    assert!(text.contains("No answer from ns4.dns.example"), "{text}");
    snapshot("wrong_value", text);
}

#[test]
fn a_zone_that_nobody_is_sent_to() {
    let world = WORLD
        .replace("3600 TXT \"v=DKIM1; p=NEW\"", "NXDOMAIN")
        .replace("REFERRAL ns4.dns.example", "REFERRAL ns3.dns.example");
    let mut sim = Sim::new(
        order(&["v=DKIM1; p=NEW"], 1),
        &world,
        &[(0, "@198.51.100.4 s1._domainkey.example.com 300 TXT \"v=DKIM1; p=NEW\"")],
    );
    sim.until(3600);
    assert_eq!(sim.watch.end, Some(End::TimedOut));
    snapshot("not_delegated", sim.told());
}

#[test]
fn the_zone_twice_an_alias_and_a_wildcard() {
    let doubled = "s1._domainkey.example.com NXDOMAIN\n s1._domainkey.example.com.example.com TXT \"v=DKIM1; p=NEW\"";
    let world = WORLD.replace("    s1._domainkey.example.com 3600 TXT \"v=DKIM1; p=NEW\"\n", "");
    let hints = |lines: &'static str| {
        let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), &world, &[(0, lines)]);
        sim.until(300);
        sim.watch.hints().into_iter().map(|h| format!("{}: {}", h.id, h.text)).collect::<Vec<_>>()
    };
    let found = hints(doubled.trim());
    assert!(found[0].starts_with("doubled: The record stands at s1._domainkey.example.com.example.com"), "{found:?}");
    assert!(found[0].ends_with("the name to type is s1._domainkey."), "{found:?}");
    let found = hints("s1._domainkey.example.com CNAME old.esp.example\nold.esp.example NXDOMAIN");
    assert!(found.iter().any(|h| h.starts_with("alias:") && h.contains("old.esp.example")), "{found:?}");
    let found = hints("*._domainkey.example.com TXT \"v=spf1 -all\"");
    assert!(found.iter().any(|h| h.starts_with("wildcard:")), "{found:?}");
    let found = hints("other.example.com TXT x");
    assert!(found[0].contains("not-published") && found[0].contains("not delegated"), "{found:?}");
}

#[test]
fn what_an_alias_hands_on_is_told_by_resolvers() {
    let world = WORLD.replace("3600 TXT \"v=DKIM1; p=NEW\"", "300 CNAME s1.esp.example");
    let zone = "s1.esp.example 300 TXT \"v=DKIM1; p=NEW\"\n".to_owned();
    // Name servers of example.com know nothing of another zone.
    let zone = (1..=4).fold(zone, |z, n| z + &format!("@198.51.100.{n} s1.esp.example NXDOMAIN\n"));
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), &world, &[(0, leak(zone))]);
    sim.until(300);
    let end = sim.watch.end;
    assert_eq!(end, Some(End::Agreed), "{}", sim.told());
}

#[test]
fn without_a_value_until_all_say_the_same_and_with_none_until_it_is_gone() {
    let old = "@198.51.100.3 s1._domainkey.example.com 300 TXT \"v=DKIM1; p=OLD\"";
    let mut same = Sim::new(order(&[], 1), WORLD, &[(0, old), (90, "")]);
    same.until(3600);
    assert_eq!((same.watch.end, same.seconds), (Some(End::Agreed), 90));
    let gone = "s1._domainkey.example.com NXDOMAIN";
    let mut sim = Sim::new(order(&[""], 1), WORLD, &[(0, ""), (45, gone)]);
    sim.until(4000);
    assert_eq!(sim.watch.end, Some(End::TimedOut), "a resolver keeps it for an hour");
    let mut sim = Sim::new(order(&[""], 1), &WORLD.replace(" 3600 TXT", " 600 TXT"), &[(0, ""), (45, gone)]);
    sim.until(4000);
    assert_eq!((sim.watch.end, sim.seconds), (Some(End::Agreed), 601));
}

#[test]
fn a_machine_that_slept_asks_everybody_once() {
    let none = "s1._domainkey.example.com NXDOMAIN";
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 2), WORLD, &[(0, none), (7000, none)]);
    sim.until(100);
    let cache = |sim: &Sim| sim.watch.servers.last().unwrap().left(sim.moment().wall);
    assert_eq!(cache(&sim), Some(1700));
    // The lid is closed for two hours: no tick passes, the wall clock does.
    (sim.slept, sim.seconds) = (7200, 101);
    assert_eq!(cache(&sim), Some(0), "countdowns go by the wall");
    let before = sim.log.len();
    sim.until(101);
    let round = &sim.log[before..];
    assert_eq!(round.len(), 4 + 2, "{round:?}");
    sim.until(129);
    assert_eq!(sim.log.len(), before + 6, "and nothing is made up for");
}

#[test]
fn a_resolver_that_fails_leaves_the_zone_unknown_until_it_speaks() {
    let world = "example.com SERVFAIL";
    let good = leak(WORLD.to_owned());
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), "", &[(0, world), (70, good)]);
    sim.until(3600);
    assert_eq!(sim.watch.end, Some(End::Agreed));
    let text = sim.told();
    assert!(text.contains("the zone cannot be found") && text.contains("zone example.com, delegated to"), "{text}");
    assert!(text.contains("everyone agrees after 1:30: 4 name servers\n"), "{text}");
}

#[test]
fn a_server_the_user_names_is_asked_and_not_waited_for() {
    let order =
        Order { servers: vec!["ns9.host.example".into(), "203.0.113.99".into()], ..order(&["v=DKIM1; p=NEW"], 1) };
    let lines = "ns9.host.example A 203.0.113.98\ns1._domainkey.example.com NXDOMAIN\n\
        @203.0.113.99 s1._domainkey.example.com NXDOMAIN\n@203.0.113.98 s1._domainkey.example.com 300 TXT \"v=DKIM1; p=NEW\"";
    let mut sim = Sim::new(order, WORLD, &[(0, lines)]);
    sim.until(60);
    let hints = sim.watch.hints();
    assert_eq!(hints[0].id, "not-delegated");
    assert!(
        hints[0].text.contains("ns9.host.example has the record, but example.com is delegated to ns1.dns.example"),
        "{}",
        hints[0].text
    );
}

#[test]
fn a_hidden_primary_has_it_before_those_who_are_asked() {
    let world = WORLD.replace("SOA ns1.dns.example", "SOA hidden.dns.example") + "hidden.dns.example A 198.51.100.9\n";
    let behind = without(&[1, 2, 3, 4]).replace("SOA ns1.dns.example", "SOA hidden.dns.example");
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), &world, &[(0, leak(behind)), (100, "")]);
    sim.until(50);
    let hints = sim.watch.hints();
    let words: Vec<&str> = hints.iter().map(|h| h.id).collect();
    assert_eq!(words[0], "at-primary", "{hints:?}");
    assert!(!words.contains(&"not-delegated") && !words.contains(&"not-published"), "{words:?}");
    assert!(
        hints[0].text.starts_with("hidden.dns.example, from which the zone's name servers fetch it, has the record")
    );
    assert!(hints[0].text.contains("within 7200 s"), "{}", hints[0].text);
    assert!(sim.watch.servers.iter().any(|s| s.who.role() == "primary"));
    sim.until(4000);
    assert_eq!(sim.watch.end, Some(End::Agreed));
    // One that speaks to nobody but its secondaries is no matter.
    let mute = "@198.51.100.9 example.com REFUSED\n@198.51.100.9 s1._domainkey.example.com REFUSED";
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), &world, &[(0, mute)]);
    sim.until(50);
    assert_eq!((sim.watch.end, sim.watch.hints().len()), (Some(End::Agreed), 0));
}

#[test]
fn an_alias_of_nothing_is_told() {
    let world = WORLD.replace("3600 TXT \"v=DKIM1; p=NEW\"", "300 CNAME s1.esp.example");
    let alias = |target: &'static str| {
        let expect = ["s1.esp.example".to_owned()];
        let expect = Expect::read(Kind::Cname, &expect).unwrap();
        let mut sim = Sim::new(Order { kind: Kind::Cname, expect, ..order(&[], 1) }, &world, &[(0, target)]);
        sim.until(300);
        (sim.watch.end, sim.watch.hints().into_iter().map(|h| (h.id, h.text)).collect::<Vec<_>>())
    };
    let (end, hints) = alias("s1.esp.example NXDOMAIN");
    assert_eq!((end, hints[0].0), (Some(End::Agreed), "target-missing"), "everyone has the alias");
    assert!(hints[0].1.contains("leads to s1.esp.example, and there is no such name"), "{hints:?}");
    let (_, hints) = alias("s1.esp.example A 192.0.2.9");
    assert!(hints[0].1.contains("has no TXT record"), "{hints:?}");
    assert_eq!(alias("s1.esp.example TXT \"v=DKIM1; p=NEW\""), (Some(End::Agreed), vec![]));
}

#[test]
fn a_watch_that_rests_asks_nobody_and_its_time_does_not_pass() {
    let mut sim = Sim::new(order(&["v=DKIM1; p=NEW"], 1), WORLD, &[(0, leak(without(&[1, 2, 3, 4])))]);
    sim.until(100);
    let before = sim.log.len();
    let now = sim.moment();
    sim.watch.rest(now, true);
    // Two hours, twice the time it has.
    sim.seconds = 7300;
    let now = sim.moment();
    assert!(sim.watch.due(now).is_empty() && sim.watch.end.is_none());
    assert_eq!(sim.watch.wake(), Duration::MAX);
    sim.watch.rest(now, false);
    sim.until(7310);
    let servers: std::collections::BTreeSet<_> = sim.log[before..].iter().map(|(_, a)| a.question.server).collect();
    assert!(servers.len() >= 4, "everybody is asked once it goes on: {servers:?}");
    sim.until(20_000);
    assert_eq!((sim.watch.end, sim.seconds), (Some(End::TimedOut), 3600 + 7200));
}
