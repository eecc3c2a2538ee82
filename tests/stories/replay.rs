//! What if: every fix, laid over its own evidence, cures what it is for and breaks nothing.

use super::{bare, evidence, stories};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Kind, Outcome, Question};
use postdoc::facts::Reading;
use postdoc::remedy::Change;
use postdoc::remedy::form;
use postdoc::replay::{plan, prove, replay};
use postdoc::report::export::zone_line;
use postdoc::rules::{Finding, Proof, Severity};
use postdoc::world::dns::Settings;
use postdoc::world::run::Runner;
use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Rules whose records always hold something that only a portal, or the owner, can tell.
const NEVER_PROVEN: &[(&str, &str)] = &[
    ("caa-blocks-issuer", "the certificate authority is the owner's choice"),
    ("dkim-ed25519-only", "the signer makes the key"),
    ("dkim-key-revoked", "the signer makes the key"),
    ("dkim-key-weak", "the signer makes the key"),
    ("mx-missing-or-invalid", "where mail is to be taken is the owner's choice"),
    ("report-sender-unaligned", "a report tells of mail that is sent already: only a later one can show the cure"),
    ("spf-allows-nobody", "nobody outside knows who sends"),
    ("spf-private-address", "nobody outside knows the public address"),
    ("spf-ptr-mechanism", "nobody outside knows which servers are meant"),
];

fn diagnosis(evidence: Evidence) -> Diagnosis {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    diagnose(Arc::new(evidence), reading)
}

fn name(story: &Path) -> String {
    story.file_name().unwrap().to_string_lossy().into_owned()
}

/// Every diagnosis of a story, before its fixes are tried.
fn all() -> Vec<(String, Diagnosis)> {
    stories().iter().map(|s| (name(s), diagnosis(evidence(s)))).collect()
}

fn has_records(f: &Finding) -> bool {
    f.fix.as_ref().is_some_and(|fix| !fix.records.is_empty())
}

#[test]
fn no_fix_is_disproven() {
    for (story, d) in all() {
        let proved = prove(d);
        assert!(
            proved.questions.is_empty() || proved.diagnosis.facts.evidence.offline,
            "{story}: {:?}",
            proved.questions
        );
        for f in proved.diagnosis.every_finding() {
            if let Some(Proof::Disproven { why }) = &f.proof {
                panic!("{story}: {}: {why}", f.rule.id);
            }
        }
    }
}

/// A fix that no story proves may be wrong, and nobody would know.
#[test]
fn every_rule_with_records_has_a_fix_that_is_proven_in_some_story() {
    let (mut offered, mut proven) = (BTreeSet::new(), BTreeSet::new());
    for (_, d) in all() {
        offered.extend(d.every_finding().filter(|f| has_records(f)).map(|f| f.rule.id));
        let d = prove(d).diagnosis;
        proven.extend(
            d.every_finding().filter(|f| f.proof.as_ref().is_some_and(|p| p.turned().is_some())).map(|f| f.rule.id),
        );
    }
    let unproven: Vec<&str> = offered.difference(&proven).copied().collect();
    let known: Vec<&str> = NEVER_PROVEN.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(unproven, known);
}

/// Step by step or all at once: the same end.
#[test]
fn a_plan_is_what_its_steps_add_up_to() {
    for (story, d) in all() {
        let plan = plan(&d);
        let told = |d: &Diagnosis| d.every_finding().map(|f| (f.rule.id, f.title.clone())).collect::<Vec<_>>();
        let at_once = replay(&d, &plan.changes, None).after;
        assert_eq!(told(&at_once), told(&plan.after), "{story}");
        assert_eq!(at_once.verdict.state, plan.after.verdict.state, "{story}");
        let left = told(&plan.after);
        for (rule, title) in &plan.cured {
            assert!(!left.contains(&(rule.id, title.clone())), "{story}: {} came back", rule.id);
        }
        let mut seen = BTreeSet::new();
        for change in &plan.changes {
            assert!(seen.insert((&change.name, change.kind)), "{story}: {} {} twice", change.name, change.kind);
            let published = d.facts.evidence.answers.get(&Question::new(&change.name, change.kind));
            let own = published.iter().filter(|a| a.alias().is_none()).flat_map(|a| &a.records);
            // However long texts are cut into strings.
            let own: Vec<_> = own.map(|r| form::bare(&r.data)).collect();
            if published.is_some() && d.facts.reading.record.is_none() && change.kind != Kind::Cname {
                let before: Vec<_> = change.before.iter().map(form::bare).collect();
                assert_eq!(before, own, "{story}: {} {} is not what is published", change.name, change.kind);
            }
        }
    }
}

/// A resolver on loopback in the world of one story after another.
struct Server {
    zone: Arc<Mutex<Zone>>,
    settings: Settings,
}

impl Server {
    fn start() -> Server {
        let zone = Arc::new(Mutex::new(Zone::default()));
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let world = zone.clone();
        std::thread::spawn(move || {
            let mut datagram = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut datagram) {
                if let Some(reply) = Server::answer(&world.lock().unwrap(), &datagram[..length]) {
                    socket.send_to(&reply, from).unwrap();
                }
            }
        });
        let settings = Settings {
            resolvers: vec![address],
            try_timeout: Duration::from_millis(500),
            timeout: Duration::from_secs(30),
            addresses: format!("*:53={address}").parse().unwrap(),
            ..Settings::default()
        };
        Server { zone, settings }
    }

    /// The bytes to send back; a name that is silent gets a refusal, for nothing here waits.
    fn answer(zone: &Zone, datagram: &[u8]) -> Option<Vec<u8>> {
        let asked = Message::from_vec(datagram).ok()?;
        let query = asked.queries.first()?;
        let kind = serde_json::from_value(query.query_type().to_string().into()).ok()?;
        let owner = query.name().to_ascii().trim_end_matches('.').to_owned();
        let mut question = Question::new(&owner, kind);
        question.checking_disabled = asked.metadata.checking_disabled;
        let answer = zone.answer(&question, jiff::Timestamp::UNIX_EPOCH);
        let mut reply = Message::response(asked.metadata.id, OpCode::Query);
        reply.metadata.message_type = MessageType::Response;
        reply.metadata.recursion_available = true;
        reply.metadata.authoritative = !asked.metadata.recursion_desired;
        reply.metadata.authentic_data = answer.authentic;
        reply.add_queries(asked.queries.iter().cloned());
        reply.metadata.response_code = match answer.outcome {
            Outcome::Records | Outcome::NoData => ResponseCode::NoError,
            Outcome::NxDomain => ResponseCode::NXDomain,
            Outcome::ServFail => ResponseCode::ServFail,
            Outcome::Refused | Outcome::Timeout | Outcome::Truncated => ResponseCode::Refused,
        };
        let encode = |r: &postdoc::evidence::Record| {
            let kind = RecordType::from_str(r.data.kind()?.word()).ok()?;
            let data = RData::try_from_str(kind, &r.data.to_string()).ok()?;
            Some(Record::from_rdata(Name::from_ascii(format!("{}.", r.name)).ok()?, r.ttl, data))
        };
        reply.add_answers(answer.records.iter().filter_map(encode));
        reply.add_authorities(answer.authority.iter().filter_map(encode));
        reply.to_vec().ok()
    }

    fn run(&self, zone: &str, evidence: Evidence) -> Diagnosis {
        *self.zone.lock().unwrap() = Zone::parse(zone).unwrap();
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        // A runner of its own: nothing is remembered from the world before.
        Runner::new(self.settings.clone()).unwrap().run(evidence, reading, std::future::pending::<()>()).0
    }
}

/// The zone with the records of a change as they were copied; what stood there is taken out.
fn published(zone: &str, changes: &[Change]) -> String {
    let replaced = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().take(5).collect();
        let words = words.strip_prefix(&["@"][..]).unwrap_or(&words);
        let owner = words.iter().find(|w| !w.starts_with('@')).map_or("", |w| w.trim_end_matches('.'));
        changes.iter().any(|c| c.name == owner && words.contains(&c.kind.word()))
    };
    let kept = zone.lines().filter(|line| !replaced(line)).map(str::to_owned);
    let lines = changes.iter().flat_map(|c| c.after.iter().map(move |data| zone_line(c, data)));
    kept.chain(lines).collect::<Vec<_>>().join("\n")
}

/// What is copied is published, and a second run, over real sockets, finds it cured.
#[test]
fn what_was_copied_and_published_cures_over_the_wire() {
    let server = Server::start();
    let mut cured = 0;
    for path in stories() {
        let story = name(&path);
        let Ok(zone) = std::fs::read_to_string(path.join("zone")) else { continue };
        let d = prove(diagnosis(evidence(&path))).diagnosis;
        // A pasted record is cured where it was pasted.
        if d.facts.reading.record.is_some() {
            continue;
        }
        let by_records = |f: &&Finding| matches!(f.proof, Some(Proof::Proven { given: None, .. }));
        for f in d.every_finding().filter(by_records) {
            let changes = &f.fix.as_ref().unwrap().records;
            let again = server.run(&published(&zone, changes), bare(&path));
            let same = |o: &&Finding| o.rule == f.rule && o.title == f.title && o.severity > Severity::Low;
            assert!(again.every_finding().find(same).is_none(), "{story}: {} is still there: {}", f.rule.id, f.title);
            cured += 1;
        }
    }
    assert!(cured >= 60, "{cured}");
}
