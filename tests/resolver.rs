//! One question on the wire: whatever a resolver or a name server does, its outcome is true, in time, and costs
//! no other question anything.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests")]
mod dnsd;

use dnsd::{Dnsd, Fault, World};
use futures_util::future::join_all;
use hickory_proto::op::ResponseCode;
use postdoc::evidence::{Answer, Data, ExtendedError, Kind, Outcome, Question};
use postdoc::world::dns::{Asker, Settings};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ZONE: &str = r#"
test.                   SOA ns.test. host.test. 1 3600 600 86400 60
example.test.           NS    ns1.example.test.
example.test.           TXT   "v=spf1 -all"
example.test.           CAA   128 issue "ca.example.net"
example.test.           DS    60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
_25._tcp.example.test.  TLSA  3 1 1 8CE14CB98AA0A5B5D4F0A1B4D3B4E6AE1F5C9D0B7A6F4E3D2C1B0A9988776655
ns1.example.test.       A     192.0.2.53
alias.example.test.     CNAME hop.example.test.
hop.example.test.       CNAME far.test.
far.test.               TXT   "far"
zero.test.          0   TXT   "x"
lies.example.test.      TXT   "x"
a.lies.example.test.    TXT   "below"
"#;

fn settings(resolvers: &[SocketAddr]) -> Settings {
    Settings { resolvers: resolvers.to_vec(), try_timeout: Duration::from_millis(900), ..Settings::default() }
}

fn ask_all(settings: &Settings, questions: &[Question]) -> Vec<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asker = Asker::new(settings).unwrap();
    runtime.block_on(join_all(questions.iter().map(|question| asker.ask(question))))
}

fn ask(server: &Dnsd, question: Question) -> Answer {
    ask_all(&settings(&[server.addr]), &[question]).remove(0)
}

fn txt(name: &str) -> Question {
    Question::new(name, Kind::Txt)
}

fn numbered(count: usize) -> (String, Vec<Question>) {
    let names: Vec<String> = (0..count).map(|n| format!("n{n}.test")).collect();
    (names.iter().map(|n| format!("{n}. TXT \"{n}\"\n")).collect(), names.iter().map(|n| txt(n)).collect())
}

#[test]
fn a_fault_costs_its_own_question_only() {
    let world = World::of(ZONE)
        .fault("silent.test", Fault::Drop)
        .fault("wrong-id.test", Fault::WrongId)
        .fault("garbage.test", Fault::Garbage)
        .fault("malformed.test", Fault::Malformed)
        .fault("cut.test", Fault::Truncate)
        .fault("failing.test", Fault::Code(ResponseCode::ServFail))
        .fault("refused.test", Fault::Code(ResponseCode::Refused))
        .fault("lies.example.test", Fault::Code(ResponseCode::NXDomain))
        .no_tcp();
    let server = Dnsd::start(world);
    let rows = [
        ("example.test", Outcome::Records),
        ("silent.test", Outcome::Timeout),
        ("wrong-id.test", Outcome::Timeout),
        ("garbage.test", Outcome::Timeout),
        ("malformed.test", Outcome::ServFail),
        ("cut.test", Outcome::Truncated),
        ("failing.test", Outcome::ServFail),
        ("refused.test", Outcome::Refused),
        ("nothing.test", Outcome::NxDomain),
        // What a name is said not to be says nothing of the names below it.
        ("lies.example.test", Outcome::NxDomain),
        ("a.lies.example.test", Outcome::Records),
    ];
    let questions: Vec<_> = rows.iter().map(|(name, _)| txt(name)).collect();
    let answers = ask_all(&settings(&[server.addr]), &questions);
    for ((name, outcome), answer) in rows.iter().zip(&answers) {
        assert_eq!(answer.outcome, *outcome, "{name}");
        assert_eq!(answer.records.is_empty(), *outcome != Outcome::Records, "{name}");
    }
    // Nobody waits for the silent ones.
    assert!(answers[1].elapsed_ms >= 850 && answers[6].elapsed_ms < answers[1].elapsed_ms, "{answers:?}");
}

#[test]
fn what_does_not_fit_comes_over_tcp() {
    let world = World::of(ZONE).fault("example.test", Fault::Truncate).fault("far.test", Fault::Cut);
    let server = Dnsd::start(world);
    for name in ["example.test", "far.test"] {
        let answer = ask(&server, txt(name));
        assert_eq!((answer.outcome, answer.tcp), (Outcome::Records, true), "{name}");
    }
    assert!(!ask(&server, txt("zero.test")).tcp);
}

#[test]
fn a_server_that_does_not_know_edns_is_asked_without() {
    let server = Dnsd::start(World::of(ZONE).otherwise(Fault::NoEdns));
    assert_eq!(ask(&server, txt("example.test")).outcome, Outcome::Records);
}

#[test]
fn signed_bogus_and_broken_are_told_apart() {
    let world = World::of(ZONE)
        .signed("example.test")
        .fault("far.test", Fault::Bogus(7, "expired in May"))
        .fault("zero.test", Fault::Code(ResponseCode::ServFail));
    let server = Dnsd::start(world);
    assert!(ask(&server, txt("example.test")).authentic);
    assert!(ask(&server, txt("nothing.example.test")).authentic);
    assert!(!ask(&server, txt("a.test")).authentic);
    let bogus = ask(&server, txt("far.test"));
    assert_eq!(bogus.outcome, Outcome::ServFail);
    assert_eq!(bogus.extended, [ExtendedError { code: 7, text: "expired in May".into() }]);
    assert!(bogus.extended[0].is_validation());
    let past = ask(&server, txt("far.test").unchecked());
    assert_eq!((past.outcome, past.authentic), (Outcome::Records, false));
    assert_eq!(ask(&server, txt("zero.test").unchecked()).outcome, Outcome::ServFail);
}

#[test]
fn a_negative_answer_says_which_zone_speaks() {
    let server = Dnsd::start(World::of(ZONE));
    for name in ["nothing.example.test", "ns1.example.test"] {
        let answer = ask(&server, txt(name));
        assert_eq!((answer.zone_cut(), answer.negative_ttl), (Some("test"), Some(60)), "{name}");
    }
}

#[test]
fn name_servers_are_asked_at_their_own_addresses() {
    let (own, parent) = (
        Dnsd::start(World::of(ZONE).authority().fault("zero.test", Fault::Code(ResponseCode::Refused))),
        Dnsd::start(World::of(ZONE).authority().fault("example.test", Fault::Refer)),
    );
    let map = format!("192.0.2.53:53={},192.0.2.1:53={}", own.addr, parent.addr);
    let settings = Settings { addresses: map.parse().unwrap(), ..settings(&["192.0.2.99:53".parse().unwrap()]) };
    let at = |ip: &str, name, kind| Question::new(name, kind).at(ip.parse().unwrap());
    let answers = ask_all(
        &settings,
        &[
            at("192.0.2.53", "example.test", Kind::Ns),
            at("192.0.2.1", "example.test", Kind::Ns),
            at("192.0.2.53", "zero.test", Kind::Txt),
        ],
    );
    let [ns, referral, refused] = &answers[..] else { panic!() };
    assert_eq!((ns.outcome, ns.authoritative, ns.records.len()), (Outcome::Records, true, 1));
    assert_eq!((referral.outcome, referral.authoritative), (Outcome::NoData, false));
    assert_eq!(referral.referral().collect::<Vec<_>>(), [("example.test", "ns1.example.test")]);
    assert_eq!(referral.glue[0].data, Data::A("192.0.2.53".parse().unwrap()));
    assert_eq!(refused.outcome, Outcome::Refused);
    // From who was asked to find out, the same is no word on whether there are records.
    assert_eq!(ask(&parent, Question::new("example.test", Kind::Ns)).outcome, Outcome::ServFail);
}

#[test]
fn an_alias_that_a_forwarder_leaves_open_is_followed() {
    let world = World::of(ZONE).fault("alias.example.test", Fault::Lazy).fault("hop.example.test", Fault::Lazy);
    let server = Dnsd::start(world);
    let answer = ask(&server, txt("alias.example.test"));
    let lines: Vec<_> = answer.records.iter().map(|r| format!("{} {}", r.name, r.data)).collect();
    assert_eq!(lines, ["alias.example.test hop.example.test.", "hop.example.test far.test.", "far.test \"far\""]);
    assert_eq!(answer.outcome, Outcome::Records);
}

#[test]
fn records_are_typed() {
    let server = Dnsd::start(World::of(ZONE));
    let first = |name, kind| ask(&server, Question::new(name, kind)).records.remove(0).data;
    let value = b"ca.example.net".to_vec();
    assert_eq!(first("example.test", Kind::Caa), Data::Caa { flags: 128, tag: "issue".into(), value });
    assert!(matches!(
        first("_25._tcp.example.test", Kind::Tlsa),
        Data::Tlsa { usage: 3, selector: 1, matching: 1, .. }
    ));
    assert!(matches!(first("example.test", Kind::Ds), Data::Ds { key_tag: 60485, algorithm: 5, digest_type: 1, .. }));
}

#[test]
fn where_one_resolver_fails_the_next_is_asked() {
    let good = || Dnsd::start(World::of(ZONE));
    let bad = |fault| Dnsd::start(World::of(ZONE).otherwise(fault));
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for fault in [Fault::Drop, Fault::Code(ResponseCode::ServFail), Fault::Code(ResponseCode::Refused), Fault::Garbage]
    {
        let (bad, good) = (bad(fault.clone()), good());
        let answers = ask_all(&settings(&[bad.addr, good.addr]), &[txt("example.test")]);
        assert_eq!(answers[0].outcome, Outcome::Records, "{fault:?}");
    }
    let (good, lies) = (good(), bad(Fault::Code(ResponseCode::NXDomain)));
    assert_eq!(ask_all(&settings(&[closed, good.addr]), &[txt("example.test")])[0].outcome, Outcome::Records);
    assert_eq!(ask_all(&settings(&[lies.addr, good.addr]), &[txt("example.test")])[0].outcome, Outcome::NxDomain);
    let (began, patient) = (Instant::now(), Duration::from_secs(20));
    let patient = Settings { try_timeout: patient, ..settings(&[closed]) };
    assert_eq!(ask_all(&patient, &[txt("example.test")])[0].outcome, Outcome::Timeout);
    assert!(began.elapsed() < Duration::from_secs(15), "nobody there is known at once");
}

/// Three of ten datagrams are lost; what is put again over the same socket finds its answer in the end.
#[test]
fn losses_are_made_good() {
    let (zone, questions) = numbered(200);
    let server = Dnsd::start(World::of(&format!("{ZONE}{zone}")).lossy(30, 7));
    let patient = Settings { try_timeout: Duration::from_secs(3), ..settings(&[server.addr]) };
    let answers = ask_all(&patient, &questions);
    assert!(answers.iter().all(|a| a.outcome == Outcome::Records));
    let datagrams = server.log().len();
    assert!((240..480).contains(&datagrams), "{datagrams}");
}

#[test]
fn of_three_thousand_questions_at_once_none_is_lost() {
    let (zone, questions) = numbered(3000);
    let server = Dnsd::start(World::of(&format!("{ZONE}{zone}")).delay(Duration::from_millis(20)));
    let patient = Settings { try_timeout: Duration::from_secs(20), in_flight: 300, ..settings(&[server.addr]) };
    let answers = ask_all(&patient, &questions);
    assert!(answers.iter().zip(&questions).all(|(a, q)| a.texts().next().as_deref() == Some(q.name.as_bytes())));
    assert!(server.peak() > 100 && server.peak() <= 300, "{}", server.peak());
}

/// dnsmasq refuses what is too much at once.
#[test]
fn a_crowd_that_is_refused_comes_again() {
    let (zone, questions) = numbered(600);
    let server = Dnsd::start(World::of(&format!("{ZONE}{zone}")).delay(Duration::from_millis(200)).at_once(150));
    let patient = Settings { try_timeout: Duration::from_secs(20), ..settings(&[server.addr]) };
    let answers = ask_all(&patient, &questions);
    assert!(server.log().len() > 600, "some were refused at first");
    let refused = answers.iter().filter(|a| a.outcome == Outcome::Refused).count();
    assert_eq!(refused, 0);
}

#[test]
fn nothing_is_asked_twice_while_its_answer_holds() {
    let server = Dnsd::start(World::of(ZONE).delay(Duration::from_millis(20)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // So patient that nothing is put again.
    let patient = Settings { try_timeout: Duration::from_secs(60), ..settings(&[server.addr]) };
    let asker = Asker::new(&patient).unwrap();
    let times = |name: &str| server.log().iter().filter(|a| a.name == name).count();
    runtime.block_on(async {
        let (fixed, fleeting) = (txt("example.test"), txt("zero.test"));
        let at_once = [asker.ask(&fixed), asker.ask(&fixed), asker.ask(&fleeting), asker.ask(&fleeting)];
        let answers = join_all(at_once).await;
        assert!(answers.iter().all(|a| a.outcome == Outcome::Records));
        assert_eq!((times("example.test"), times("zero.test")), (1, 1), "on its way");
        let kept = asker.ask(&fixed).await;
        assert_eq!((kept.records.clone(), kept.elapsed_ms), (answers[0].records.clone(), 0));
        asker.ask(&fleeting).await;
        assert_eq!((times("example.test"), times("zero.test")), (1, 2), "a TTL of nothing holds for nothing");
    });
}
