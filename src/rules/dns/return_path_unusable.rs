use super::non_sending_domain_open::is_silent;
use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::mail_hosts::{MailHosts, Reception, Server, State};
use crate::facts::organization::same_by_list;
use crate::remedy::{Remedy, blank};
use crate::rules::spf::support::{bounce_alias, identity_exhibit, short, spf_domain};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// Bounces cannot come back to the Return-Path
    ///
    /// ## What we saw
    /// The domain of the Return-Path takes no mail: it does not exist, has neither MX nor address, says by a null MX
    /// that it wants none, or is no domain name at all (`root@localhost`).
    ///
    /// ## Why mail suffers
    /// Many receivers refuse a sender to whom they could not report a failure, often with 450 4.1.8, 5.1.8 or 5.7.27.
    /// Where the mail is taken all the same, its bounces are lost.
    ///
    /// ## How to fix it
    /// Give the domain an MX that leads to the system which handles bounces, or send with a Return-Path at a domain that
    /// has one.
    ///
    /// ## How to check
    /// The MX of the domain leads to a host with an address, and a message to a wrong recipient comes back.
    pub RULE = "return-path-unusable", Dns, High, judge,
    ["RFC 5321 §2.3.5", "RFC 5321 §3.6.2", "RFC 5321 §5.1", "RFC 7505 §4.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some((domain, false)) = spf_domain(facts) else { return Verdict::NotApplicable };
    if is_bare(domain) {
        return bare(facts, domain).into();
    }
    let Some(at) = facts.mail_hosts.iter().find(|m| m.domain == domain) else { return Verdict::NotApplicable };
    match at.receives() {
        None => Verdict::Unknown(gap(at).into_iter().collect()),
        Some(true) => Verdict::Pass,
        Some(false) if is_silent(facts) || is_absent(facts, at) => Verdict::NotApplicable,
        Some(false) => found(facts, at).into(),
    }
}

/// One word, and no address in brackets: `localhost`, `web01`. Such a name leads nowhere from outside
/// (RFC 5321 §2.3.5).
fn is_bare(domain: &str) -> bool {
    !domain.contains(['.', ':', '['])
}

/// A server that was never told its name sends as `root@localhost`.
fn bare(facts: &Facts, domain: &str) -> Finding {
    let example =
        facts.reading.from_domain().filter(|d| d.contains('.')).map_or_else(|| blank("your domain"), str::to_owned);
    let fix = Remedy::new(format!("Send with a Return-Path at a whole domain name that takes mail, as {example}."))
        .step(format!(
            "Give the program that sends an envelope sender of its own (for sendmail and PHP: -f address@{example})."
        ))
        .step("Or tell the mail server what to put behind such names: in Postfix myorigin, in Exim qualify_domain.");
    Finding::new(&RULE, format!("The Return-Path domain {} is no domain name", short(domain)))
        .severity(weight(facts))
        .sure(Confidence::Certain, "it stands in the message, and nobody outside can find a name without a dot")
        .explain(format!(
            "Bounces go to the Return-Path, and {domain} is a name that only the sending machine knows. Many receivers \
             refuse such a sender{}, and SPF has no record to find.",
            aside(facts)
        ))
        .exhibits(identity_exhibit(facts))
        .fix(fix)
        .check("postdoc diagnose new-message.eml", "a Return-Path at a domain that takes mail")
        .leads_to(&["return-path-foreign-domain", "spf-wrong-domain"])
}

/// Taken then, by a receiver that says so: its bounces are lost all the same.
fn taken(facts: &Facts) -> bool {
    facts.reading.reported.dmarc.as_ref().is_some_and(|m| m.result == "pass")
}

fn weight(facts: &Facts) -> Severity {
    if taken(facts) { Severity::Medium } else { Severity::High }
}

fn aside(facts: &Facts) -> &'static str {
    if taken(facts) { "; this one did not, but a bounce would be lost" } else { "" }
}

/// The domain that is checked does not exist: domain-not-found speaks of it.
pub(super) fn is_absent(facts: &Facts, at: &MailHosts) -> bool {
    let checked = facts.reading.subject.as_ref().and_then(|s| s.domain());
    at.reception == Reception::NoSuchName && checked == Some(&at.domain)
}

/// What is not known of a domain's reception.
pub(super) fn gap(at: &MailHosts) -> Option<Gap> {
    at.open().map(|question| Gap::about(&at.domain, |domain| format!("Does {domain} take mail?"), question))
}

/// Why it takes none, as the end of a sentence.
pub(super) fn why(at: &MailHosts) -> String {
    match &at.reception {
        Reception::NoSuchName => "does not exist".to_owned(),
        Reception::Null => "says by a null MX that it takes no mail".to_owned(),
        Reception::Servers(servers) => {
            let all = literals(at).count() == servers.len();
            match called(at) {
                None => "has mail servers, none of which has an address".to_owned(),
                Some(named) if all => format!("names as its MX {named}"),
                Some(named) => format!("has mail servers, none of which can be found: one is {named}"),
            }
        }
        _ => "has neither an MX nor an address".to_owned(),
    }
}

/// Mail servers that are addresses, where only a host can be asked for its own (RFC 5321 §5.1).
pub(super) fn literals(at: &MailHosts) -> impl Iterator<Item = &Server> {
    let servers = match &at.reception {
        Reception::Servers(servers) => &servers[..],
        _ => &[],
    };
    servers.iter().filter(|s| s.state == State::Literal)
}

fn called(at: &MailHosts) -> Option<String> {
    let hosts: Vec<&str> = literals(at).map(|s| s.host.as_str()).take(3).collect();
    let each = if hosts.len() == 1 { "which is an address, not a host name" } else { "addresses, not host names" };
    (!hosts.is_empty()).then(|| format!("{}, {each}", hosts.join(", ")))
}

/// The remedy with what becomes of addresses in the place of hosts.
pub(super) fn renamed(remedy: Remedy, at: &MailHosts) -> Remedy {
    literals(at).take(3).fold(remedy, |remedy, server| remedy.step(rename(server)))
}

/// What becomes of one.
pub(super) fn rename(server: &Server) -> String {
    let ip = &server.host;
    match ip.parse().is_ok_and(is_public) {
        true => format!("Give {ip} a host name, with an A or AAAA record, and write that name into the MX."),
        false => {
            format!("Only your own network can reach {ip}: write the name of a host with a public address into the MX.")
        }
    }
}

/// The answer that shows it.
pub(super) fn exhibit(facts: &Facts, at: &MailHosts, label: &'static str) -> Exhibit {
    let question = at.question();
    let answer = facts.evidence.answers.get(&question);
    let records: Vec<String> = answer.iter().flat_map(|a| &a.records).map(|r| r.data.to_string()).collect();
    let text = match (records.is_empty(), &at.reception) {
        (false, _) => records.join(", "),
        (true, Reception::NoSuchName) => "no such name".to_owned(),
        (true, _) => "no MX at this name".to_owned(),
    };
    Exhibit::dns(&question, text, None, label)
}

fn found(facts: &Facts, at: &MailHosts) -> Finding {
    let domain = &at.domain;
    // Whose DNS it is, not what DMARC aligns.
    let fix = match facts.reading.from_domain().map(|from| same_by_list(from, domain)) {
        _ if let Some(alias) = bounce_alias(facts, domain) => alias,
        Some(false) => Remedy::new(format!("Send with a Return-Path at a domain of yours that takes mail, instead of {domain}."))
            .step(format!("Or tell whoever runs {domain} that bounces cannot reach it.")),
        _ => renamed(Remedy::new(format!("Give {domain} an MX, or send with a Return-Path at a domain that has one.")), at)
            .step(format!("The record: {domain} MX 10 {}", blank("host that takes your bounces")))
            .step("Which host that is, only whoever sends this mail knows: the sending service names it when it sets up a bounce domain.")
            .blank("host that takes your bounces"),
    };
    Finding::new(&RULE, format!("The Return-Path domain {} takes no mail", short(domain)))
        .severity(weight(facts))
        .sure(Confidence::Likely, "this is what DNS says today")
        .explain(format!(
            "Bounces go to the Return-Path, and {domain} {}. Many receivers refuse such a sender{}.",
            why(at),
            aside(facts)
        ))
        .exhibits(identity_exhibit(facts))
        .exhibit(exhibit(facts, at, "no way back"))
        .fix(fix)
        .check(at.question().dig(), "a mail server that has an address")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;

    fn paste() -> String {
        message("a@example.com", "b@bounce.example.com")
    }

    #[test]
    fn nowhere_null_and_no_such_name() {
        for (zone, word) in [
            ("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1", "does not exist"),
            ("bounce.example.com TXT \"x\"", "neither"),
            ("bounce.example.com MX 0 .", "null MX"),
            ("bounce.example.com MX 10 gone.example.com", "none of which"),
            ("bounce.example.com MX 10 192.0.2.1", "names as its MX 192.0.2.1, which is an address, not a host name"),
        ] {
            let finding = found(&RULE, &paste(), Some(zone));
            assert!(finding.explanation.contains(word), "{}", finding.explanation);
            assert_eq!(finding.severity, Severity::High);
            assert_eq!(finding.fix.unwrap().blanks.len(), 1);
        }
    }

    #[test]
    fn a_name_that_only_the_sending_machine_knows() {
        for domain in ["localhost", "web01"] {
            let finding = found(&RULE, &message("a@example.com", &format!("root@{domain}")), None);
            assert_eq!(finding.confidence, Confidence::Certain);
            assert!(finding.fix.unwrap().summary.contains("example.com"));
        }
        let literal = message("a@example.com", "root@[192.0.2.7]");
        assert!(matches!(judge(&RULE, &literal, None), Verdict::NotApplicable));
        // Without a From nothing is invented.
        let alone = message("a@example.com", "root@localhost").replace("From: a@example.com\r\n", "");
        assert!(found(&RULE, &alone, None).fix.unwrap().summary.contains("<your domain>"));
    }

    #[test]
    fn a_foreign_one_is_not_the_senders_to_mend() {
        let finding = found(&RULE, &message("a@example.com", "b@other.test"), Some("example.com A 192.0.2.1"));
        assert!(finding.fix.unwrap().blanks.is_empty());
    }

    #[test]
    fn it_passes_does_not_apply_and_waits() {
        for zone in ["bounce.example.com MX 10 mx.test\nmx.test A 192.0.2.1", "bounce.example.com AAAA 2001:db8::1"] {
            assert!(matches!(judge(&RULE, &paste(), Some(zone)), Verdict::Pass), "{zone}");
        }
        let null = message("a@example.com", "");
        assert!(matches!(judge(&RULE, &null, Some("example.com A 192.0.2.1")), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, &paste(), None), Verdict::Unknown(_)));
        assert!(matches!(judge(&RULE, &paste(), Some("example.com SERVFAIL")), Verdict::Unknown(_)));
    }
}
