use super::hosts::{self, Judged};
use crate::evidence::errand::Talk;
use crate::facts::Facts;
use crate::facts::domain::probe::{Host, Taken, one_line};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// A mail host takes mail for anybody: an open relay
    ///
    /// ## What we saw
    /// Asked without a login, one of the domain's mail hosts said yes to a recipient at example.net, a domain that belongs to
    /// nobody. No message was sent.
    ///
    /// ## Why mail suffers
    /// Spammers find such a host within hours and send through it. Its address lands on blocklists, its queue fills, and the
    /// domain's own mail is refused everywhere.
    ///
    /// ## How to fix it
    /// Let the host relay only for clients that log in, and for the few networks that are really yours. Then look into the
    /// queue and the log for what has already gone out.
    ///
    /// ## How to check
    /// From a network that is not yours, RCPT TO with a foreign address is refused.
    pub RULE = "open-relay", Mx, Critical, judge,
    ["RFC 5321 §7.9", "RFC 2505 §2.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(probes) = &facts.domain.probes else { return Verdict::NotApplicable };
    hosts::each(facts, |host, talk| look(host, talk, &probes.nobody))
}

fn look(host: &Host, talk: &Talk, nobody: &str) -> Judged {
    let name = &host.name;
    let unknown = |why: &str| Judged::Unknown(format!("Does {name} relay for strangers?{why}"));
    let Some(reply) = talk.foreign.as_deref() else { return unknown(&hosts::why(host)) };
    match reply.bytes().next() {
        Some(b'5') => Judged::Pass,
        Some(b'2') if talk.own_host => unknown(" (it was asked from itself, and may well relay for itself)"),
        Some(b'2') => {
            // It may say yes to everything and judge later.
            let all = host.recipient(nobody).is_some_and(|(_, taken)| taken == Taken::Yes);
            found(host, reply, all)
        }
        _ => unknown(&format!(" (it answered {})", one_line(reply))),
    }
}

fn found(host: &Host, reply: &str, all: bool) -> Judged {
    let name = &host.name;
    let caution = "This was asked from where you are: if your own network is among those it relays for, it is as it should be, \
                   and only a test from elsewhere tells.";
    let (severity, sure, because) = match all {
        true => (
            Severity::High,
            Confidence::Possible,
            "it takes every recipient, also ones that do not exist: it may judge them only later",
        ),
        false => (
            Severity::Critical,
            Confidence::Likely,
            "it told other recipients apart and took the foreign one; no message was sent to see it delivered",
        ),
    };
    let finding = Finding::new(&RULE, format!("{name} takes mail for anybody"))
        .severity(severity)
        .sure(sure, because)
        .explain(format!(
            "{name} said yes to a recipient at example.net, without a login. Spammers find such a host within hours; then its \
             address is on blocklists and the domain's own mail is refused. {caution}"
        ))
        .exhibit(Exhibit::fetched(&host.errand, one_line(reply), "its answer to a recipient at example.net"))
        .fix(
            Remedy::new(format!("Let {name} relay only for clients that log in, and for your own networks."))
                .step("Postfix: smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination; and mynetworks names your own networks alone.")
                .step("Exim: hosts in relay_from_hosts are your own alone. Exchange: no receive connector that grants anonymous users “Accept any recipient”.")
                .step("Look into the queue and the log for mail that is not yours, and delete it."),
        )
        .check(
            command!("swaks --server {} --quit-after RCPT --from '<>' --to postdoc-probe@example.net", host.ip),
            "a refusal (5xx) of the recipient, asked from a network that is not yours",
        );
    Judged::Found(Box::new(finding))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_foreign_recipient_that_is_taken_is_found() {
        let found = only(judge(&told(|talk| talk.foreign = Some("250 2.1.5 Ok".into()))));
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Likely));
        assert!(found.explanation.contains("from elsewhere"));
    }

    #[test]
    fn one_that_takes_everything_may_judge_later() {
        let found = only(judge(&told(|talk| {
            talk.foreign = Some("250 2.1.5 Ok".into());
            talk.recipients.iter_mut().for_each(|(_, reply)| *reply = "250 2.1.5 Ok".into());
        })));
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Possible));
    }

    #[test]
    fn a_host_that_asked_itself_and_one_that_put_us_off_tell_nothing() {
        let unknown = |facts: Facts| assert!(matches!(judge(&facts), Verdict::Unknown(_)));
        unknown(told(|talk| {
            talk.foreign = Some("250 Ok".into());
            talk.own_host = true;
        }));
        unknown(told(|talk| talk.foreign = Some("450 4.2.0 Greylisted".into())));
        unknown(told(|talk| talk.foreign = None));
        unknown(unreachable());
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&told(|_| {})), Verdict::Pass));
        assert!(matches!(judge(&unwished()), Verdict::NotApplicable));
    }
}
