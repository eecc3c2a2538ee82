use super::subject::{self, Subject};
use crate::facts::Facts;
use crate::facts::dkim::PublicKey;
use crate::remedy::dkim as remedy;
use crate::rules::{Finding, Verdict, rule};

rule! {
    /// The DKIM key is cut off
    ///
    /// ## What we saw
    /// The key in `p=` says how long it is, and the record ends before that. Its end was lost, often at the 255 characters that
    /// one DNS string can hold, or because the rest went into a second record.
    ///
    /// ## Why mail suffers
    /// Half a key verifies nothing. Every signature that names it fails.
    ///
    /// ## How to fix it
    /// Enter the whole key again, as one TXT record. A long value is split into quoted strings inside that one record; most DNS
    /// hosts do this by themselves. Never spread a key over two records.
    ///
    /// ## How to check
    /// Query the record: the strings, put together, must give the key exactly as the signer shows it.
    pub RULE = "dkim-key-truncated", Dkim, Critical, judge,
    ["RFC 6376 §3.6.2.2", "RFC 1035 §3.3.14"]
}

fn judge(facts: &Facts) -> Verdict {
    subject::judge(facts, |subject| match subject.record.public {
        PublicKey::Truncated { has, says } => Some(cut(subject, has, says)),
        _ => None,
    })
}

fn cut(subject: &Subject, has: usize, says: usize) -> Finding {
    let name = subject.called();
    let (why, fix) = match rest(subject) {
        Some(whole) => (
            " Its other half stands in a second TXT record of the same name, where no receiver looks for it.",
            subject.replaced_all("Put both halves into one TXT record and remove the second", &whole),
        ),
        None => {
            let fix = subject
                .replaced("Enter the whole key again, as one record", &subject.opened())
                .step("Copy the complete public key from the signer; where the DNS host limits a string to 255 characters, enter it as several quoted strings of one record.");
            (
                if subject.record.text.len() == 255 {
                    " It ends at exactly 255 characters, the most one DNS string holds."
                } else {
                    ""
                },
                fix,
            )
        }
    };
    let finding = Finding::new(&RULE, format!("{} is cut off", subject.the_key()))
        .explain(format!("The key in {name} says it is {says} bytes long, and only {has} are there.{why} No signature can be checked with it."))
        .exhibit(subject.exhibit(subject.record.p, format!("{has} of {says} bytes")))
        .fix(fix);
    subject.finish(finding, &[], "the strings, joined, hold the whole key")
}

/// The record made whole by another one of the same name that is the rest of it.
fn rest(subject: &Subject) -> Option<String> {
    let others = subject.all.iter().filter(|r| r.index != subject.record.index && !r.means_to_be_a_key());
    let mut wholes = others.map(|other| format!("{}{}", subject.record.text, other.text));
    wholes.find(|whole| remedy::record(whole).usable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::Severity;
    use crate::rules::dkim::testing::*;

    #[test]
    fn a_key_cut_by_three_characters_is_found_and_its_tags_stay() {
        let text = format!("v=DKIM1; k=rsa; t=s; p={}", &RSA_1024[..RSA_1024.len() - 3]);
        let found = Case::new(SIGNED).txt(KEY, &[&text]).finding(&RULE);
        assert_eq!(found.severity, Severity::Critical);
        assert!(found.explanation.contains("162 bytes long, and only 159"));
        assert_eq!(record_of(&found).2, ["v=DKIM1; k=rsa; t=s; p=<public key from your signer>"]);
        assert_eq!(found.fix.unwrap().blanks, [remedy::PUBLIC_KEY]);
    }

    #[test]
    fn two_halves_in_two_records_become_one() {
        let text = format!("v=DKIM1; k=rsa; p={RSA_2048}");
        let (one, two) = text.split_at(255);
        for order in [[one, two], [two, one]] {
            let found = Case::new(SIGNED).txt(KEY, &order).finding(&RULE);
            assert_eq!(record_of(&found).2, std::slice::from_ref(&text));
        }
    }

    #[test]
    fn a_long_key_in_two_strings_is_whole() {
        let text = format!("v=DKIM1; k=rsa; p={RSA_2048}");
        assert!(matches!(Case::new(SIGNED).txt(KEY, &[&text]).judge(&RULE), Verdict::Pass));
        let blank = format!("{} {}", &text[..255], &text[255..]);
        assert!(matches!(Case::new(SIGNED).txt(KEY, &[&blank]).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::pasted(None, &format!("p={RSA_1024_E3}")).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn it_is_silent_and_waits() {
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
    }
}
