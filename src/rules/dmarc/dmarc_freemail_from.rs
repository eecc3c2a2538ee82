use super::failure;
use crate::facts::Facts;
use crate::facts::freemail::{self, Freemail};
use crate::facts::organization::Agreement;
use crate::remedy::Remedy;
use crate::rules::on_the_way::sealed_pass;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// From names a free mailbox, but the mail was sent elsewhere
    ///
    /// ## What we saw
    /// The address in From belongs to a mailbox provider such as Gmail or Yahoo, yet the message was
    /// not sent by that provider: nothing that passes belongs to it.
    ///
    /// ## Why mail suffers
    /// Only the provider can sign for its domain. Its DMARC policy tells receivers to distrust all
    /// other mail in its name, so they take this message for a forgery.
    ///
    /// ## How to fix it
    /// Write an address of your own domain into From, and have that domain authenticated at the service
    /// that sends. The free address may stay in Reply-To, where answers then arrive.
    ///
    /// ## How to check
    /// Send a new message from the new address: its header must say dmarc=pass.
    pub RULE = "dmarc-freemail-from", Dmarc, Critical, judge, ["support.google.com/mail/answer/81126", "RFC 9989 §5.3"]
}

fn judge(facts: &Facts) -> Verdict {
    // A check of the provider's domain has no message that somebody else may have sent.
    if facts.reading.subject.is_some() {
        return Verdict::NotApplicable;
    }
    let Some((from, provider)) = facts.reading.from_domain().and_then(|d| Some((d, freemail::provider(d)?))) else {
        return Verdict::NotApplicable;
    };
    match facts.alignment.dmarc {
        Some(true) => return Verdict::Pass,
        _ if failure::receiver_passed(facts) => return Verdict::Pass,
        _ if came_through(facts, provider) => return Verdict::NotApplicable,
        None => {
            let question = format!("Was this message sent by {}?", provider.name);
            let needs = "the receiver's Authentication-Results, with the whole header";
            return Verdict::unknown(Gap::new(question, needs));
        }
        Some(false) => {}
    }
    let legs = facts.legs();
    let (mut confidence, mut because) = failure::confidence(facts, legs);
    let mut severity = Severity::Critical;
    // A list may strip the provider's signature and keep From.
    let lists = &facts.reading.lists;
    if lists.list_id.is_some() || !lists.list_manager.is_empty() || !lists.forwarder.is_empty() {
        (severity, confidence) = (Severity::High, Confidence::Possible);
        because = "a mailing list or forwarder handled the message and may have removed the provider's signature";
    }
    let exhibits =
        facts.reading.from.address().map(|a| Exhibit::input(a.span, format!("a mailbox at {}", provider.name)));
    Finding::new(
        &RULE,
        failure::title([
            format_args!("From is a {from} address, but {} did not send it", provider.name),
            format_args!("From is a {from} address, sent from elsewhere"),
        ]),
    )
    .severity(severity)
    .sure(confidence, because)
    .explain(format!(
        "Only {0} can sign for {from}, and nothing that passes on this message belongs to it. Receivers treat mail in the name of {from} from anywhere else as forged, and no record of yours can change that.",
        provider.name
    ))
    .exhibits(exhibits)
    .exhibits(failure::exhibits(facts, legs).into_iter().skip(1))
    .fix(remedy(provider.name))
    .check("postdoc diagnose new-message.eml", "dmarc=pass, with your own domain in header.from")
    .leads_to(&["dmarc-unaligned", "dkim-vendor-domain-only", "dkim-missing"])
    .into()
}

/// Is the provider's own hand on it: a signature in its name, passed or broken, one of its
/// hosts on the way before the receiver took over, or a sealed verdict from before a list?
fn came_through(facts: &Facts, provider: &Freemail) -> bool {
    let reading = &facts.reading;
    let signed = facts.alignment.dkim.is_some_and(|a| a != Agreement::None);
    let before = reading.boundary.hop.and_then(|hop| reading.hops.get(..hop)).unwrap_or_default();
    let sealed = || reading.from_domain().is_some_and(|from| sealed_pass(facts, from).is_some());
    signed || sealed() || before.iter().any(|hop| hop.by.as_ref().is_some_and(|by| provider.runs(&by.value)))
}

/// No record cures it: another From does.
pub fn remedy(provider: &str) -> Remedy {
    Remedy::new("Send from an address of your own domain")
        .step("In the sending service, set From to an address of a domain you own")
        .step("Have that domain authenticated there: publish the DKIM records the service shows")
        .step(format!("Put the {provider} address into Reply-To if answers should go there"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only};
    use super::*;
    use crate::facts::received::Hop;
    use crate::span::{Span, Spanned};

    #[test]
    fn sent_elsewhere() {
        let case = Case::from("gmail.com").spf("pass", "mailer.test").dkim("pass", "mailer.test").dmarc("fail");
        let finding = only(judge(&case.facts()));
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(finding.title, "From is a gmail.com address, but Gmail did not send it");
        assert_eq!(finding.fix.unwrap().records, []);
    }

    #[test]
    fn sent_by_the_provider_or_believed_to_be() {
        let passed = Case::from("gmail.com").spf("fail", "list.test").dkim("pass", "gmail.com");
        assert!(matches!(judge(&passed.facts()), Verdict::Pass));
        let believed = Case::from("gmail.com").spf("pass", "list.test").dkim("pass", "list.test").dmarc("pass");
        assert!(matches!(judge(&believed.facts()), Verdict::Pass));
    }

    #[test]
    fn a_list_broke_the_providers_signature() {
        let broken = Case::from("gmail.com").spf("pass", "list.test").dkim("fail", "gmail.com").dmarc("fail");
        assert!(matches!(judge(&broken.facts()), Verdict::NotApplicable));
        let mut stripped = Case::from("gmail.com").spf("pass", "list.test").dkim("pass", "list.test").dmarc("fail");
        let by = Some(Spanned::new("mail-ej1-f41.google.com".to_owned(), Span::default()));
        stripped.reading.hops = vec![Hop { by, ..Hop::default() }, Hop::default()];
        stripped.reading.boundary.hop = Some(1);
        assert!(matches!(judge(&stripped.facts()), Verdict::NotApplicable));
    }

    #[test]
    fn unknown_and_not_applicable() {
        assert!(matches!(judge(&Case::from("yahoo.co.uk").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::NotApplicable));
    }
}
