use super::spf_after_all::ended;
use super::support::{Own, dig_txt, platform_term, record_exhibit, replaced, short, shuts_out, unread};
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dmarc::Policy;
use crate::facts::domain::keys::{Below, Selector};
use crate::facts::domain::who::Role;
use crate::facts::mail_hosts::{MailHosts, Reception, Server};
use crate::facts::spf::record::{Qualifier, TermKind};
use crate::facts::spf::{Published, Whose};
use crate::knowledge::platform;
use crate::remedy::spf::SENDERS;
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// The SPF record allows nobody to send, though the domain takes mail
    ///
    /// ## What we saw
    /// The SPF record names no server and no service, only how everybody else is to be treated: `v=spf1 ~all`. The domain
    /// has mail servers, so it seems to be in use. Either no DKIM key of it was found, or there is one, as if it sent mail, and
    /// the record ends in `-all`.
    ///
    /// ## Why mail suffers
    /// Every message of the domain fails SPF. Without a DKIM signature nothing is left that DMARC could count: with
    /// `p=quarantine` or `p=reject` all of it is refused or ends in spam, and large receivers refuse mail that nothing vouches for.
    /// With a signature, some receivers still refuse on `-all` before they look at it. Only where every service sends with a
    /// bounce domain of its own does nobody look at this record.
    ///
    /// ## How to fix it
    /// List the servers and services that send for the domain, before `all`. A domain that only receives is right with
    /// `v=spf1 -all`: check it with `--non-sending`.
    ///
    /// ## How to check
    /// Look the record up again: it names a term for each server and service that sends. A test message shows `spf=pass`.
    pub RULE = "spf-allows-nobody", Spf, Medium, judge,
    ["RFC 7208 §5.1", "RFC 7208 §10.1.2", "RFC 9989 §4.4"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(at) = of_subject(facts) else { return Verdict::NotApplicable };
    let Some(hosts) = facts.mail_hosts.iter().find(|m| m.domain == at.domain) else { return Verdict::NotApplicable };
    if at.outcome.is_none_or(|o| o.failed()) {
        return Verdict::unknown(unread(&at.domain));
    }
    let Some(own) = nobody(at) else { return Verdict::Pass };
    match &hosts.reception {
        // It sends nothing: `non-sending-domain-open` looks whether it says all of it.
        _ if facts.evidence.said.check.non_sending => Verdict::NotApplicable,
        Reception::NoSuchName | Reception::Nowhere | Reception::Null | Reception::Implicit => Verdict::NotApplicable,
        Reception::Unasked(question) | Reception::Failed(question) => {
            Verdict::unknown(Gap::dns(format!("Does {} take mail?", at.domain), question))
        }
        Reception::Servers(servers) if facts.domain.keys.usable().next().is_none() => {
            finding(facts, &own, hosts, servers).into()
        }
        // A signature carries what SPF does not, where the receiver gets to it (RFC 7208 §8.4).
        Reception::Servers(_) => match own_key(facts).filter(|_| refuses(&own)) {
            Some(key) => signing(facts, &own, key).into(),
            None => Verdict::Pass,
        },
    }
}

/// A key of this very name; one of the organization above says nothing of it.
fn own_key(facts: &Facts) -> Option<&Selector> {
    let keys = &facts.domain.keys;
    keys.usable().map(|(s, _)| s).find(|s| keys.selectors.iter().any(|own| own.key.name == s.key.name))
}

/// `-all`: so says a domain that sends nothing.
fn refuses(own: &Own) -> bool {
    own.record.all().is_some_and(|(_, d)| d.qualifier == Qualifier::Fail)
}

/// The records of the domain that is checked.
fn of_subject(facts: &Facts) -> Option<&Published> {
    let domain = facts.reading.subject.as_ref()?.domain()?;
    facts.spf_published.iter().find(|p| p.whose == Whose::From && p.domain == domain)
}

/// Its one record, where it lists nobody, also not where receivers stop reading before.
fn nobody(at: &Published) -> Option<Own<'_>> {
    let [text] = &at.records[..] else { return None };
    let record = text.sound().filter(|record| shuts_out(record))?;
    let names = |kind: &TermKind| match kind {
        TermKind::Directive(d) => d.qualifier == Qualifier::Pass,
        // `ip4=` was meant to name one: spf-syntax-error says so.
        TermKind::Redirect(_) | TermKind::Modifier { .. } => true,
        _ => false,
    };
    (!record.terms.iter().any(|t| names(&t.kind))).then_some(Own { at, text, record })
}

/// Does the checked domain send no mail: you said so, or SPF allows nobody, no key was found to sign with, and no server
/// takes mail for it?
pub fn sends_nothing(facts: &Facts) -> bool {
    if facts.evidence.said.check.non_sending {
        return true;
    }
    let Some(at) = of_subject(facts).filter(|at| nobody(at).is_some()) else { return false };
    let takes_none = |r: &Reception| matches!(r, Reception::Nowhere | Reception::Null | Reception::Implicit);
    facts.mail_hosts.iter().any(|m| m.domain == at.domain && takes_none(&m.reception))
        && facts.domain.keys.usable().next().is_none()
}

fn finding(facts: &Facts, own: &Own, hosts: &MailHosts, servers: &[Server]) -> Finding {
    let domain = &own.at.domain;
    let all = own.record.all();
    let hard = refuses(own);
    let keyless = facts.domain.keys.below == Some(Below::Nothing);
    let policy = facts.dmarc.effective.map(|(policy, _)| policy).filter(|p| *p != Policy::None);
    let severity = if policy.is_some() && keyless && !hard { Severity::High } else { Severity::Medium };
    let (confidence, because) = match (hard, keyless) {
        (true, _) => (Confidence::Possible, "A domain that only receives publishes the same; then it is right."),
        (_, false) => (Confidence::Possible, "A DKIM key may stand at a selector that was not tried."),
        _ => (Confidence::Likely, "The record is there to read, and DNS denies the name that every key stands below."),
    };
    let signed = match keyless {
        true => "There is no DKIM key either, so nothing can pass DMARC",
        false => {
            "No DKIM key was found either: unless mail is signed with one of another selector, nothing can pass DMARC"
        }
    };
    let asked = policy.map_or(String::new(), |p| format!(", and p={} asks receivers to act on that", p.word()));
    let remedy = Remedy::new(format!("If {domain} sends mail, list the servers and services that send it."));
    let remedy = mailboxes(facts, remedy).step(format!(
        "If it only receives, v=spf1 -all says so: {} then judges it by what a silent domain needs.",
        command!("postdoc check {} --non-sending", domain)
    ));
    let mx: Vec<String> = servers.iter().take(3).map(|s| format!("{} {}", s.preference, s.host)).collect();
    Finding::new(&RULE, format!("SPF of {} allows nobody to send", short(domain)))
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "The record names no server and no service: whatever is sent as {domain} fails SPF. {signed}{asked}. Yet the \
             domain takes mail, so people seem to use it."
        ))
        .exhibits(record_exhibit(facts, own.at, 0, all.map(|(all, _)| all.span), "nobody is listed"))
        .exhibit(Exhibit::dns(&hosts.question(), mx.join(", "), None, "it takes mail"))
        .fix(listing(facts, own, remedy))
        .check(dig_txt(domain), LISTED)
}

const LISTED: &str = "one record that begins v=spf1, with a term for each server and service that sends";

/// What people send from their mailboxes has the domain in its Return-Path.
fn mailboxes(facts: &Facts, remedy: Remedy) -> Remedy {
    let mailboxes = facts.domain.who.iter().filter(|p| p.role == Role::Mailboxes).filter_map(|p| platform::find(p.id));
    mailboxes.fold(remedy, |remedy, platform| match platform_term(platform) {
        Some(term) => {
            remedy.step(format!("Its mailboxes are at {}: what people send from there needs {term}.", platform.name))
        }
        None => remedy,
    })
}

/// The record with a place for those who send.
fn listing(facts: &Facts, own: &Own, remedy: Remedy) -> Remedy {
    let end = own.record.all().map_or("~all", |(all, _)| own.word(all.span));
    let open = ended(own, &format!("{} {end}", blank(SENDERS)));
    replaced(facts, own.at, own.text, &open, remedy.blank(SENDERS))
}

/// It has a key to sign with, and lets nobody send.
fn signing(facts: &Facts, own: &Own, key: &Selector) -> Finding {
    let domain = &own.at.domain;
    let all = own.record.all().map(|(all, _)| all.span);
    let remedy = Remedy::new(format!("If mail goes out with a Return-Path at {domain}, list who sends it."));
    let remedy = mailboxes(facts, remedy)
        .step("Where every service sends with a bounce domain of its own, nobody looks at this record: leave it.")
        .step(format!(
            "If the domain only receives, take the key away: {} then judges it by what a silent domain needs.",
            command!("postdoc check {} --non-sending", domain)
        ));
    Finding::new(&RULE, format!("SPF of {} allows nobody, and there is a DKIM key", short(domain)))
        .severity(Severity::Low)
        .sure(Confidence::Possible, "The key shows that it sends, or did once; with whose Return-Path, no DNS tells.")
        .explain(format!(
            "A DKIM key is published, as if {domain} sent mail, and its SPF record names no server and no service. What goes out \
             with a Return-Path at {domain} fails SPF, and some receivers refuse it on -all before they look at the signature."
        ))
        .exhibits(record_exhibit(facts, own.at, 0, all, "nobody is listed"))
        .exhibit(Exhibit::dns(&Question::new(&key.key.name, Kind::Txt), "a key that can verify a signature", None, "it seems to send"))
        .fix(listing(facts, own, remedy))
        .check(dig_txt(domain), LISTED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Said;
    use crate::rules::dns::testing::{found, judge, judge_said};

    const MX: &str = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.9\n";
    const REJECT: &str = "_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n";

    fn zone(record: &str) -> String {
        format!("{MX}{REJECT}example.com TXT \"{record}\"")
    }

    #[test]
    fn all_its_mail_is_refused() {
        let finding = found(&RULE, "example.com", Some(&zone("v=spf1 ~all")));
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Likely));
        let fix = finding.fix.unwrap();
        let want = "v=spf1 <ip4: or include: of your servers> ~all";
        assert_eq!(fix.records[0].after, [crate::remedy::text(want)]);
        assert_eq!(fix.blanks, [SENDERS]);
        // A declaration, or a fault: the owner knows.
        let closed = found(&RULE, "example.com", Some(&zone("v=spf1 -all")));
        assert_eq!((closed.severity, closed.confidence), (Severity::Medium, Confidence::Possible));
        // Something stands below `_domainkey`.
        let hidden = zone("v=spf1 ~all") + "\nx._domainkey.example.com TXT x";
        let hidden = found(&RULE, "example.com", Some(&hidden));
        assert_eq!((hidden.severity, hidden.confidence), (Severity::Medium, Confidence::Possible));
        let google = zone("v=spf1 ?all").replace("10 mx.example.com", "1 aspmx.l.google.com");
        let steps = found(&RULE, "example.com", Some(&google)).fix.unwrap().steps;
        assert!(steps[0].contains("include:_spf.google.com"), "{steps:?}");
    }

    #[test]
    fn a_word_that_was_meant_to_name_a_server_is_no_empty_record() {
        assert!(matches!(judge(&RULE, "example.com", Some(&zone("v=spf1 ip4=192.0.2.25 -all"))), Verdict::Pass));
    }

    #[test]
    fn it_passes_where_somebody_is_listed_or_signs() {
        let key = format!("s1._domainkey.example.com TXT \"v=DKIM1; p={}\"", crate::facts::dkim::samples::RSA_2048);
        for zone in [zone("v=spf1 mx ~all"), zone("v=spf1 -all mx"), format!("{}\n{key}", zone("v=spf1 ~all"))] {
            assert!(matches!(judge(&RULE, "example.com", Some(&zone)), Verdict::Pass), "{zone}");
        }
    }

    #[test]
    fn a_key_beside_a_record_that_refuses_everybody_is_a_question() {
        let key = format!("s1._domainkey.example.com TXT \"v=DKIM1; p={}\"", crate::facts::dkim::samples::RSA_2048);
        let finding = found(&RULE, "example.com", Some(&format!("{}\n{key}", zone("v=spf1 -all"))));
        assert_eq!((finding.severity, finding.confidence), (Severity::Low, Confidence::Possible));
        assert!(finding.fix.unwrap().steps.iter().any(|s| s.contains("bounce domain of its own")));
        // A key of the organization above says nothing of this name.
        let below = format!("{}\n{key}", zone("v=spf1 -all")).replace("example.com", "a.example.com");
        let above = below.replace("_domainkey.a.example.com", "_domainkey.example.com");
        assert!(matches!(judge(&RULE, "a.example.com", Some(&above)), Verdict::Pass));
    }

    #[test]
    fn a_domain_that_takes_no_mail_sends_none() {
        let mut said = Said::default();
        said.check.non_sending = true;
        assert!(matches!(judge_said(&RULE, "example.com", &zone("v=spf1 -all"), said), Verdict::NotApplicable));
        for none in ["example.com MX 0 .\n", "example.com A 192.0.2.1\n", ""] {
            let zone = zone("v=spf1 -all").replace(MX, none);
            assert!(matches!(judge(&RULE, "example.com", Some(&zone)), Verdict::NotApplicable), "{zone}");
        }
    }

    #[test]
    fn it_does_not_know_what_nobody_answered() {
        let failed = format!("{MX}example.com SERVFAIL");
        assert!(matches!(judge(&RULE, "example.com", Some(&failed)), Verdict::Unknown(_)));
    }
}
