use super::support::{
    Owner, bounce_alias, consequences, identity_exhibit, ip_term, judged, mail_from_aligned, mail_from_owned,
    outcome_words, owner, platform_term, reported, reported_exhibit, short, source_ip, spf_domain, txt, unread,
    weighed,
};
use crate::evidence::Outcome;
use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::spf::record::Record;
use crate::remedy::{self, Remedy, blank};
use crate::rules::dns::if_parked;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule, since};

rule! {
    /// The Return-Path domain has no SPF record
    ///
    /// ## What we saw
    /// The domain in the Return-Path publishes no record that begins `v=spf1`. A record of the parent domain does not
    /// count: SPF looks at exactly this name. Where the Return-Path is empty, as in bounces, it looks at the name the
    /// server introduces itself by.
    ///
    /// ## Why mail suffers
    /// The domain says nothing about who may send for it, so SPF cannot pass. Large receivers ask every sender for
    /// SPF, and without a DKIM signature of the From domain DMARC fails as well.
    ///
    /// ## How to fix it
    /// Publish one TXT record at this very name, with every server and service that sends with this Return-Path, ending
    /// in `~all`. A server's own name gets `v=spf1 a -all`, a name that never sends `v=spf1 -all`.
    ///
    /// ## How to check
    /// Ask for the TXT records of the name: exactly one begins `v=spf1`. A new message then shows `spf=pass`.
    pub RULE = "spf-missing", Spf, Critical, judge,
    ["RFC 7208 §4.5", "RFC 7208 §2.4", "RFC 7208 §2.6.1", "https://support.google.com/a/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some((domain, is_helo)) = spf_domain(facts) else { return Verdict::NotApplicable };
    let Some(at) = judged(facts) else { return Verdict::NotApplicable };
    let said = reported(facts);
    let guessed = facts.reading.reported.spf.as_ref().is_some_and(|s| s.best_guess);
    let said_none = said == Some("none") || guessed;
    let today = match at.outcome {
        Some(outcome) if outcome.failed() => None,
        None => None,
        Some(_) => Some(at.records.is_empty()),
    };
    let (severity, confidence, because) = match (said_none, today) {
        (true, Some(false)) => (Severity::Low, Confidence::Certain, "The receiver found no record; DNS has one today."),
        (true, _) => (usual(facts, is_helo), Confidence::Certain, "The receiver found no SPF record."),
        (false, Some(true)) => match said {
            None => {
                (usual(facts, is_helo), Confidence::Likely, "DNS has none today; the receiver's result is not at hand.")
            }
            Some("pass") => {
                (Severity::Low, Confidence::Likely, "DNS has none today, though the receiver still saw a pass.")
            }
            Some("temperror") => (
                usual(facts, is_helo),
                Confidence::Likely,
                "DNS has none today; the receiver's look-up failed, so what stood there then is not known.",
            ),
            Some(_) => (
                usual(facts, is_helo).min(Severity::High),
                Confidence::Likely,
                "DNS has none today, though the receiver saw one when the message came.",
            ),
        },
        (false, Some(false)) => return Verdict::Pass,
        (false, None) => {
            return Verdict::unknown(unread(&at.domain));
        }
    };
    let back = today == Some(false);
    let mut finding = Finding::new(&RULE, title(domain, back))
        .severity(severity)
        .sure(confidence, because)
        .explain(explain(facts, domain, is_helo, back))
        .exhibits(reported_exhibit(facts, "the receiver's result"))
        .exhibits(identity_exhibit(facts))
        .check(txt(domain).dig(), "exactly one record that begins v=spf1")
        .leads_to(if severity > Severity::Low || since::dmarc_passes_now(facts) { consequences(facts) } else { &[] });
    if let Some(outcome) = at.outcome.filter(|_| today == Some(true)) {
        finding = finding.exhibit(Exhibit::dns(&txt(domain), outcome_words(outcome), None, "what DNS says today"));
    }
    finding.fix(if back { wait() } else { fix(facts, domain, is_helo) }).into()
}

fn title(domain: &str, back: bool) -> String {
    match back {
        true => format!("{} has an SPF record now, but had none then", short(domain)),
        false => format!("{} has no SPF record", short(domain)),
    }
}

fn usual(facts: &Facts, is_helo: bool) -> Severity {
    if is_helo {
        return Severity::Low;
    }
    if mail_from_aligned(facts) == Some(false) {
        return weighed(facts, Severity::Medium, Severity::Low);
    }
    if facts.reading.reported.compauth.as_ref().is_some_and(|c| c.result == "pass") {
        return Severity::Medium;
    }
    weighed(facts, Severity::Critical, Severity::Medium)
}

fn explain(facts: &Facts, domain: &str, is_helo: bool, back: bool) -> String {
    let what = if is_helo {
        "The Return-Path is empty, so SPF checks the server's own name,"
    } else {
        "SPF checks the Return-Path domain,"
    };
    let mut text = format!("{what} {domain}, and exactly that name; a record of its parent does not count.");
    if back {
        text.push_str(" When this message came, the receiver found no record there. Today there is one.");
        return text;
    }
    if judged(facts).is_some_and(|at| at.outcome == Some(Outcome::NxDomain)) {
        text.push_str(&format!(" The name {domain} does not exist in DNS at all, so bounces cannot come back either."));
    }
    if mail_from_owned(facts) == Some(false) {
        text.push_str(&format!(
            " {domain} is not of the From domain's organization: only whoever runs it can publish there."
        ));
    }
    text
}

fn wait() -> Remedy {
    Remedy::new("Nothing to change: the record is there now.").step("Send a new message and look again.")
}

fn fix(facts: &Facts, domain: &str, is_helo: bool) -> Remedy {
    let from = facts.reading.from_domain();
    if mail_from_owned(facts) == Some(false) {
        let from = from.unwrap_or("your domain");
        let remedy = Remedy::new(format!("Use a Return-Path under {from}, with an SPF record of its own.")).step(
            format!("{domain} is run by someone else; if it is a service of yours, ask it to publish SPF there."),
        );
        let Owner::Platform(platform) = owner(facts) else { return remedy };
        return match remedy::platform::return_path(platform, from) {
            Some(words) => remedy.step(format!("At {}, set a bounce domain of your own: {words}", platform.name)),
            None => remedy,
        };
    }
    if let Some(super::support::Obstacle::Alias(target)) = super::support::obstacle(facts, domain) {
        return Remedy::new(format!("Have an SPF record published at {target}, which {domain} points to.")).step(format!(
            "{domain} is an alias: nothing can stand beside it. Whoever runs {target} publishes there, or the alias goes and a record of your own comes."
        ));
    }
    if let Some(alias) = bounce_alias(facts, domain) {
        return alias;
    }
    if is_helo {
        // RFC 7208 §10.1.3: a host name allows its own addresses and nothing else.
        let value = "v=spf1 a -all";
        let remedy = Remedy::new(format!("Publish an SPF record for {domain} that allows its own address."));
        return match remedy::spf::change(&facts.evidence.answers, domain, Record::is, Some(value)) {
            Some(change) => remedy.record(change),
            None => remedy.step(format!("The record, as TXT at {domain}: {value}")),
        };
    }
    let ip = source_ip(facts).filter(|&ip| is_public(ip));
    let known = match owner(facts) {
        Owner::Own(_) => ip.map(ip_term),
        Owner::Platform(platform) => platform_term(platform).map(str::to_owned),
        _ => None,
    };
    let mut remedy = Remedy::new(format!("Publish one SPF record at {domain}.")).step(format!(
        "List every server and service that sends with a Return-Path at {domain}: what is missing will fail."
    ));
    let missing = "ip4: or include: of each server and service that sends";
    let value = match known {
        Some(term) => format!("v=spf1 {term} ~all"),
        None => {
            remedy = remedy.blank(format!("the servers and services that send with a Return-Path at {domain}"));
            format!("v=spf1 {} ~all", blank(missing))
        }
    };
    let remedy = remedy.steps(if_parked(facts));
    match remedy::spf::change(&facts.evidence.answers, domain, Record::is, Some(&value)) {
        Some(change) => remedy.record(change),
        None => remedy.step(format!("The record, as TXT at {domain}: {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, message};
    use super::*;
    use crate::evidence::Kind;

    fn bare() -> Scene {
        message("a@example.com", "b@bounce.example.com", "192.0.2.4")
    }

    #[test]
    fn the_exact_name_counts() {
        let finding = bare()
            .txt("bounce.example.com", &["site=1"])
            .txt("example.com", &["v=spf1 ip4:192.0.2.4 -all"])
            .found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Likely));
        let after = after(&finding);
        assert_eq!(after[0], "site=1");
        assert!(after[1].starts_with("v=spf1 <") && after[1].ends_with("> ~all"), "{after:?}");
        assert_eq!(finding.fix.unwrap().blanks.len(), 1);
    }

    #[test]
    fn an_own_server_is_named() {
        let finding = bare().txt("bounce.example.com", &[]).reverse("mta.example.com").reported("none").found(&RULE);
        assert_eq!(after(&finding), ["v=spf1 ip4:192.0.2.4 ~all"]);
        assert_eq!(finding.confidence, Confidence::Certain);
    }

    #[test]
    fn published_since_or_carried_by_dkim() {
        let finding = bare().txt("bounce.example.com", &["v=spf1 -all"]).reported("none").found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.fix.unwrap().records.is_empty());
        let finding = bare().txt("bounce.example.com", &[]).reported("none").dkim_pass("example.com").found(&RULE);
        assert_eq!(finding.severity, Severity::Medium);
    }

    #[test]
    fn a_pass_reported_makes_it_small() {
        assert_eq!(bare().txt("bounce.example.com", &[]).reported("pass").found(&RULE).severity, Severity::Low);
        assert_eq!(
            bare().txt("bounce.example.com", &[]).reported("bestguesspass").found(&RULE).severity,
            Severity::Critical
        );
    }

    #[test]
    fn an_alias_or_a_foreign_name_gets_no_record() {
        let finding = bare().aliased("bounce.example.com", "mailer.test", &[]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
        let finding = message("a@example.com", "b@example.net", "192.0.2.4").txt("example.net", &[]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
        assert_eq!(finding.severity, Severity::Medium);
    }

    #[test]
    fn quiet_otherwise() {
        bare().txt("bounce.example.com", &["v=spf1 -all"]).passes(&RULE);
        assert_eq!(bare().unknown(&RULE).len(), 1);
        bare().fails("bounce.example.com", Kind::Txt, Outcome::Timeout).unknown(&RULE);
        Scene::default().not_applicable(&RULE);
        message("a@example.com", "", "192.0.2.4").not_applicable(&RULE);
        let finding =
            message("a@example.com", "", "192.0.2.4").helo("mta.example.com").txt("mta.example.com", &[]).found(&RULE);
        assert_eq!((finding.severity, after(&finding)), (Severity::Low, vec!["v=spf1 a -all".to_owned()]));
    }
}
