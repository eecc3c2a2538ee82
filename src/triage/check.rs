//! Whether a check learnt what decides about its subject, and what else it did not learn.

use crate::evidence::said::Part;
use crate::evidence::{Kind, Question, Server};
use crate::facts::Facts;
use crate::facts::domain::blocklists;
use crate::facts::record::Pasted;
use crate::facts::subject::Subject;
use crate::rules::Gap;

/// A check with nothing found clears its subject when what would decide is answered: what the domain publishes as SPF
/// and DMARC, or whether the address has a name; of parts alone (`--only`), each of them.
pub(super) fn decided(facts: &Facts) -> bool {
    let only = &facts.evidence.said.check.only;
    let parts = match &facts.reading.subject {
        None => return false,
        Some(_) if !only.is_empty() => &only[..],
        Some(Subject::Domain(_)) => &[Part::Spf, Part::Dmarc],
        Some(Subject::Ip(_)) => &[Part::Ptr],
    };
    parts.iter().all(|part| learnt(facts, *part))
}

/// Something was asked for this part, and all of it was answered.
fn learnt(facts: &Facts, part: Part) -> bool {
    let asked = |belongs: fn(&Question) -> bool| {
        let mut own = facts.evidence.answers.iter().filter(|(q, _)| belongs(q)).peekable();
        own.peek().is_some() && own.all(|(_, answer)| !answer.outcome.failed())
    };
    match part {
        Part::Ns => asked(|q| matches!(q.kind, Kind::Ns | Kind::Soa)),
        Part::Mx => asked(|q| matches!(q.kind, Kind::Mx | Kind::A | Kind::Aaaa | Kind::Tlsa)),
        Part::Spf => match &facts.spf_survey {
            Some(survey) => survey.is_complete(),
            // No receiver evaluates a name of one label (RFC 7208 §4.3).
            None => asked(|q| q.kind == Kind::Txt),
        },
        Part::Dkim => asked(|q| q.name.contains("._domainkey.")),
        Part::Dmarc => facts.dmarc.steps.first().is_some_and(|step| step.answered()),
        Part::Bimi => asked(|q| q.name.contains("._bimi.")),
        Part::MtaSts => asked(|q| q.name.starts_with("_mta-sts.")),
        Part::TlsRpt => asked(|q| q.name.starts_with("_smtp._tls.")),
        Part::Caa => asked(|q| q.kind == Kind::Caa),
        Part::Ptr => asked(|q| q.kind == Kind::Ptr),
        Part::Dnssec => asked(|q| matches!(q.kind, Kind::Ds | Kind::Dnskey)),
        Part::Blocklists => facts.domain.blocklists.as_ref().is_some_and(|lists| {
            let silent =
                |e: &blocklists::Entry| matches!(e.state, blocklists::State::Open(_) | blocklists::State::Failed(..));
            lists.open.is_empty() && !lists.entries.is_empty() && !lists.entries.iter().any(silent)
        }),
    }
}

/// What a check shows beside what its rules judge and got no answer to, and the parts that nothing could be asked for;
/// of a paste, the records that were left out.
pub fn beside(facts: &Facts) -> Vec<Gap> {
    let Some(subject) = &facts.reading.subject else {
        return facts.reading.record.as_ref().and_then(left_out).into_iter().collect();
    };
    let wish = &facts.evidence.said.check;
    let zone = facts.domain.zone.as_ref().and_then(|zone| zone.apex.as_deref());
    let own = |q: &Question| Some(q.name.as_str()) == subject.domain();
    let shown = |q: &Question| match q.kind {
        Kind::Ns => wish.wants(Part::Ns) && (own(q) || Some(q.name.as_str()) == zone),
        Kind::A | Kind::Aaaa => wish.wants(Part::Mx) && own(q),
        Kind::Ptr => wish.wants(Part::Ptr),
        _ => false,
    };
    let resolver = |q: &Question| q.server == Server::Resolver && !q.checking_disabled;
    let failed = facts.evidence.answers.iter().filter(|(q, a)| a.outcome.failed() && resolver(q) && shown(q));
    let mut gaps: Vec<Gap> = failed.map(|(q, _)| Gap::records(q)).collect();
    let mut asked = facts.evidence.answers.keys().chain(&facts.missing);
    if let (Some(domain), true) =
        (subject.domain(), wish.only.contains(&Part::Ptr) && !asked.any(|q| q.kind == Kind::Ptr))
    {
        gaps.push(Gap::new(format!("From which address does {domain} send?"), "the address of a sending server: --ip"));
    }
    if wish.only.contains(&Part::Blocklists) && !wish.blocklists {
        gaps.push(Gap::new(
            match subject {
                Subject::Domain(domain) => format!("Is {domain} on a blocklist?"),
                Subject::Ip(ip) => format!("Is {ip} on a blocklist?"),
            },
            "leave to tell the blocklists whom you look at: --blocklists",
        ));
    }
    gaps
}

/// A paste of several names is judged by the first of them.
fn left_out(pasted: &Pasted) -> Option<Gap> {
    let records = match pasted.unread {
        0 => return None,
        1 => "1 more record stands".to_owned(),
        more => format!("{more} more records stand"),
    };
    let judged = pasted.name.as_deref().unwrap_or("the first one");
    let question = format!("{records} in the paste, and only {judged} was judged: are the others sound?");
    Some(Gap::new(question, "one name at a time, pasted by itself"))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{Diagnosis, diagnose};
    use crate::evidence::said::{Part, Wish};
    use crate::evidence::zone::Zone;
    use crate::evidence::{Answer, Evidence, Input, Kind, Outcome, Question, Said};
    use crate::facts::Reading;
    use crate::facts::spf::SpfResult;
    use crate::rules::State;
    use crate::samples::settle;
    use std::sync::Arc;

    const GOOD: &str = "
        example.com SOA ns1.example.com host.example.com 7 1 2 3 400
        example.com NS ns1.example.com
        ns1.example.com A 192.0.2.53
        example.com A 192.0.2.10
        example.com AAAA 2001:db8::10
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.25
        25.2.0.192.in-addr.arpa PTR mx.example.com
        example.com TXT \"v=spf1 mx ~all\"
        _dmarc.example.com TXT \"v=DMARC1; p=reject\"
    ";

    /// The check in a good world, and with these answers failed.
    fn check(subject: &str, zone: &str, failed: &[Question], wish: Wish) -> Diagnosis {
        said(subject, zone, failed, Said { check: wish, ..Said::default() })
    }

    fn said(subject: &str, zone: &str, failed: &[Question], said: Said) -> Diagnosis {
        let zone = Zone::parse(zone).unwrap();
        let input = Input::read("-", subject.as_bytes(), None).unwrap();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut evidence = settle(Evidence::new(input, said, now, false), &zone);
        let failures = failed.iter().map(|q| (q.clone(), Answer::new(Outcome::ServFail, vec![], now)));
        evidence.answers.extend(failures);
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        diagnose(Arc::new(evidence), reading)
    }

    fn only(parts: &[Part]) -> Wish {
        Wish { only: parts.to_vec(), ..Wish::default() }
    }

    fn needs(d: &Diagnosis) -> Vec<String> {
        d.unknown.iter().map(|gap| gap.needs.words().into_owned()).collect()
    }

    #[test]
    fn every_answer_that_failed_is_named() {
        for (name, kind) in [
            ("example.com", Kind::Ns),
            ("example.com", Kind::A),
            ("example.com", Kind::Aaaa),
            ("25.2.0.192.in-addr.arpa", Kind::Ptr),
        ] {
            let failed = [Question::new(name, kind)];
            let d = check("example.com", GOOD, &failed, Wish::default());
            assert!(needs(&d).contains(&failed[0].dig()), "{kind}: {:?}", d.unknown);
            assert!(!needs(&d).contains(&"dig +short SOA example.com".to_owned()), "{kind}: {:?}", d.unknown);
            let d = check("example.com", GOOD, &failed, only(&[Part::Dmarc]));
            assert!(!needs(&d).contains(&failed[0].dig()), "{kind} was not asked for: {:?}", d.unknown);
        }
    }

    #[test]
    fn what_failed_below_the_record_leaves_the_verdict_open() {
        for (line, failed) in [
            ("", Question::new("_spf.esp.test", Kind::Txt)),
            ("_spf.esp.test TXT \"v=spf1 a:h.esp.test -all\"", Question::new("h.esp.test", Kind::A)),
        ] {
            let zone = GOOD.replace("v=spf1 mx ~all", "v=spf1 include:_spf.esp.test ~all") + line;
            let d = check("example.com", &zone, std::slice::from_ref(&failed), only(&[Part::Spf]));
            assert_eq!((needs(&d), d.verdict.state), (vec![failed.dig()], State::Unknown), "{:?}", d.verdict);
        }
    }

    #[test]
    fn a_part_that_nothing_was_asked_for_is_unknown() {
        for (part, flag) in [(Part::Ptr, "--ip"), (Part::Blocklists, "--blocklists")] {
            let d = check("example.com", GOOD, &[], only(&[part]));
            assert_eq!(d.verdict.state, State::Unknown, "{:?}", d.verdict);
            let [gap] = &d.unknown[..] else { panic!("{:?}", d.unknown) };
            assert!(gap.needs.words().ends_with(flag), "{gap:?}");
        }
        let wish = Wish { ips: vec!["192.0.2.25".parse().unwrap()], ..only(&[Part::Blocklists]) };
        let d = check("example.com", GOOD, &[], wish);
        assert_eq!((d.unknown.len(), d.verdict.state), (1, State::Unknown), "{:?}", d.unknown);
        let d = check("192.0.2.25", GOOD, &[], only(&[Part::Blocklists]));
        assert_eq!((d.unknown.len(), d.verdict.state), (1, State::Unknown), "{:?}", d.unknown);
    }

    #[test]
    fn a_part_that_was_answered_passes_whatever_else_failed() {
        for part in [Part::Ns, Part::Mx, Part::Spf, Part::Dkim, Part::Dmarc, Part::Caa, Part::TlsRpt, Part::Bimi] {
            let d = check("example.com", GOOD, &[], only(&[part]));
            if d.findings.is_empty() {
                assert_eq!(d.verdict.state, State::Pass, "{part:?}: {:?} {:?}", d.verdict, d.unknown);
            }
        }
        let d = check("example.com", GOOD, &[Question::new("example.com", Kind::Ns)], only(&[Part::Spf]));
        assert_eq!(d.verdict.state, State::Pass, "{:?}", d.unknown);
        let wish = Wish { ips: vec!["192.0.2.25".parse().unwrap()], ..only(&[Part::Ptr]) };
        let d = check("example.com", GOOD, &[], wish);
        assert_eq!((d.unknown.len(), d.verdict.state), (0, State::Pass), "{:?} {:?}", d.unknown, d.findings);
    }

    #[test]
    fn an_address_that_is_tried_is_no_server_of_the_domain() {
        let ip: std::net::IpAddr = "203.0.113.9".parse().unwrap();
        let told = |d: &Diagnosis| (d.verdict.clone(), d.findings.iter().map(|f| f.rule.id).collect::<Vec<_>>());
        let alone = check("example.com", GOOD, &[], only(&[Part::Spf, Part::Ptr]));
        let trial = Said { ip: Some(ip), check: only(&[Part::Spf, Part::Ptr]), ..Said::default() };
        let tried = said("example.com", GOOD, &[], trial);
        assert_eq!(tried.facts.trial.as_ref().unwrap().result, Some(SpfResult::SoftFail));
        assert_eq!(told(&tried).1, told(&alone).1);
        assert_eq!((tried.verdict.state, &tried.verdict.headline), (alone.verdict.state, &alone.verdict.headline));
        // Named as the domain's own, it is judged.
        let own = Wish { ips: vec![ip], ..only(&[Part::Spf]) };
        assert!(told(&check("example.com", GOOD, &[], own)).1.contains(&"spf-not-authorized"));
    }

    #[test]
    fn what_a_paste_holds_besides_is_named() {
        let gaps = |paste: &str| {
            let input = Input::read("-", paste.as_bytes(), None).unwrap();
            let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
            let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
            diagnose(Arc::new(evidence), reading)
                .unknown
                .iter()
                .map(|gap| gap.question().into_owned())
                .collect::<Vec<_>>()
        };
        let faulty = "_dmarc.example.com. TXT v=DMARC1; p=reject; mailto:x@example.com\n";
        let more =
            gaps(&format!("{faulty}_domainkey.example.com. TXT o=-;\nak._domainkey.example.com. TXT v=DKIM1; p=\n"));
        assert!(
            more.iter().any(|q| q.starts_with("2 more records stand in the paste, and only _dmarc.example.com")),
            "{more:?}"
        );
        assert!(!gaps(faulty).iter().any(|q| q.contains("in the paste")));
    }
}
