use crate::facts::Facts;
use crate::facts::dkim::Signature;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// No signature covers the one-click fields
    ///
    /// ## What we saw
    /// Both fields of one-click unsubscribing are in the header, but no valid DKIM signature
    /// lists them among the fields it signs.
    ///
    /// ## Why mail suffers
    /// Mail programs only offer one-click unsubscribing when a valid signature covers both
    /// fields; anyone could have added them otherwise. To Gmail and Yahoo the message then has
    /// no one-click unsubscribing.
    ///
    /// ## How to fix it
    /// Add `list-unsubscribe` and `list-unsubscribe-post` to the list of fields your signer
    /// signs. On a platform it does so by itself once signing with your own domain is on.
    ///
    /// ## How to check
    /// In the source of a new message, `h=` of the DKIM signature lists both fields.
    pub RULE = "one-click-not-signed", Headers, Medium, judge,
    ["RFC 8058 §4"]
}

const FIELDS: [&str; 2] = ["list-unsubscribe", "list-unsubscribe-post"];

fn judge(facts: &Facts) -> Verdict {
    let lists = &facts.reading.lists;
    let (Some(field), Some(post)) = (lists.unsubscribe_field, &lists.unsubscribe_post) else {
        return Verdict::NotApplicable;
    };
    let (signatures, confidence, because) = valid(facts);
    if signatures.is_empty() {
        return match facts.reading.signatures.is_empty() && facts.reading.is_fragment() {
            true => Verdict::unknown(Gap::whole_header("Does a signature cover the one-click fields?")),
            false => Verdict::NotApplicable,
        };
    }
    if signatures.iter().any(|s| lacks(s).is_empty()) {
        return Verdict::Pass;
    }
    let shown = signatures.iter().take(3).map(|s| {
        let tag = s.tags.get(facts.text(), "h").map_or(s.span, |tag| tag.value);
        Exhibit::input(tag, format!("without {}", lacks(s).join(" and ")))
    });
    let names = signatures.iter().filter_map(|s| s.domain.as_ref()).map(|d| d.value.as_str()).collect::<Vec<_>>();
    let selector = signatures.iter().find_map(|s| s.selector.as_ref()).map_or("", |s| &s.value);
    Finding::new(&RULE, "The one-click fields are not signed")
        .severity(if confidence == Confidence::Possible { Severity::Low } else { RULE.severity })
        .sure(confidence, because)
        .explain(format!(
            "The header offers one-click unsubscribing, but the DKIM signature of {} does not cover both fields. Mail \
             programs then ignore the offer, since anyone on the way could have added it.",
            names.join(" and of ")
        ))
        .exhibits(shown)
        .exhibit(Exhibit::input(field, "not covered by a signature"))
        .exhibit(Exhibit::input(post.span, "not covered by a signature"))
        .fix(
            Remedy::new("Let the signer cover list-unsubscribe and list-unsubscribe-post.")
                .step(format!(
                    "In the signer that signs as {} (selector {selector}), add list-unsubscribe and list-unsubscribe-post \
                     to the signed fields: in OpenDKIM `SignHeaders *,+list-unsubscribe,+list-unsubscribe-post`, in \
                     Rspamd `sign_headers`.",
                    names.first().unwrap_or(&"your domain")
                ))
                .step("Make sure the fields are added before the message is signed, not after."),
        )
        .check("send a message and look at h= in its DKIM-Signature", "list-unsubscribe and list-unsubscribe-post")
        .into()
}

/// The signatures the receiver found valid; without its word, all of them.
fn valid(facts: &Facts) -> (Vec<&Signature>, Confidence, &'static str) {
    let signatures = &facts.reading.signatures;
    let results = &facts.reading.reported.dkim;
    if results.is_empty() {
        let because = "no receiver said which signatures are valid, and none of them covers both fields";
        return (signatures.iter().collect(), Confidence::Possible, because);
    }
    let passes: Vec<_> = results.iter().filter(|r| r.result == "pass").collect();
    let matched: Vec<_> = passes.iter().filter_map(|r| signatures.get(r.signature?)).collect();
    if matched.len() == passes.len() {
        return (matched, Confidence::Certain, "the receiver found these signatures valid");
    }
    // A valid signature could not be told apart: it may be any of them.
    let because = "the receiver did not say clearly which signature is valid, and none of them covers both fields";
    (signatures.iter().collect(), Confidence::Possible, because)
}

fn lacks(signature: &Signature) -> Vec<&'static str> {
    FIELDS.into_iter().filter(|f| !signature.signs(f)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::reported::Dkim;
    use crate::rules::source::testing::*;
    use crate::span::{Span, Spanned};

    fn case(signed: &[&[&str]]) -> Case {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.reading.lists.unsubscribe_field = Some(Span::new(0, 4));
        case.reading.lists.unsubscribe_post = Some(Spanned::new("List-Unsubscribe=One-Click".into(), Span::new(5, 9)));
        for fields in signed {
            case.reading.signatures.push(Signature {
                domain: Some(Spanned::new("example.com".into(), Span::new(0, 4))),
                signed: fields.join(":"),
                ..Signature::default()
            });
        }
        case
    }

    fn report(case: &mut Case, result: &str, signature: Option<usize>) {
        case.reading.reported.dkim.push(Dkim {
            result: result.into(),
            domain: None,
            selector: None,
            signature_start: None,
            detail: String::new(),
            span: Span::new(0, 4),
            domain_span: None,
            signature,
        });
    }

    #[test]
    fn a_valid_signature_that_leaves_a_field_out_fires() {
        let mut case = case(&[&["from", "list-unsubscribe"], &FIELDS]);
        report(&mut case, "pass", Some(0));
        report(&mut case, "fail", Some(1));
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Certain));
        assert_eq!(found.exhibits[0].label, "without list-unsubscribe-post");
    }

    #[test]
    fn one_valid_signature_over_both_passes() {
        let mut case = case(&[&["from"], &FIELDS]);
        report(&mut case, "pass", Some(1));
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
    }

    #[test]
    fn without_the_receivers_word_it_is_only_possible() {
        let found = only(judge(&case(&[&["from"]]).facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
        assert!(matches!(judge(&case(&[&["from"], &FIELDS]).facts()), Verdict::Pass));
        let mut unclear = case(&[&["from"], &FIELDS]);
        report(&mut unclear, "pass", None);
        assert!(matches!(judge(&unclear.facts()), Verdict::Pass));
    }

    #[test]
    fn unknown_where_the_signatures_were_not_copied() {
        let mut fragment = case(&[]);
        fragment.reading.hops.clear();
        let Verdict::Unknown(gaps) = judge(&fragment.facts()) else { panic!() };
        assert_eq!(gaps[0].needs.words(), Gap::WHOLE_HEADER);
    }

    #[test]
    fn not_applicable_without_the_fields_or_a_valid_signature() {
        assert!(matches!(judge(&case(&[]).facts()), Verdict::NotApplicable));
        let mut failed = case(&[&["from"]]);
        report(&mut failed, "fail", Some(0));
        assert!(matches!(judge(&failed.facts()), Verdict::NotApplicable));
        let mut half = case(&[&["from"]]);
        half.reading.lists.unsubscribe_post = None;
        assert!(matches!(judge(&half.facts()), Verdict::NotApplicable));
    }
}
