//! Two fields under one name that cannot both be the receiver's: it has one verdict on SPF and
//! DMARC, and one on each signature. The upper one stands nearer to the receiver and counts.

use crate::facts::Reading;
use crate::facts::authres::{AuthRes, MethodResult};
use crate::facts::boundary::path;
use std::collections::{HashMap, HashSet};

/// What the fields believed so far said, by subject: did it pass?
pub(super) struct Said<'r> {
    passed: HashMap<Subject<'r>, bool>,
    /// One of them said that there is no signature.
    unsigned: bool,
    /// The From domain for which one of them said that DMARC failed.
    dmarc_failed: Option<String>,
    /// Domain and selector of several signatures of the message.
    several: HashSet<(&'r str, &'r str)>,
}

/// What a result speaks of.
#[derive(PartialEq, Eq, Hash)]
enum Subject<'r> {
    /// SPF of one identity (`mailfrom`, `helo`), DMARC, composite authentication.
    Verdict(&'r str, &'r str),
    /// A signature by its domain, its selector and the start of `b=`, where that is told.
    Signature(&'r str, &'r str, Option<&'r str>),
}

impl<'r> Said<'r> {
    pub fn new(reading: &'r Reading) -> Self {
        let mut seen = HashSet::new();
        let mut several = HashSet::new();
        for signature in &reading.signatures {
            let Some((d, s)) = signature.domain.as_ref().zip(signature.selector.as_ref()) else { continue };
            let name = (&d.value[..], &s.value[..]);
            if !seen.insert(name) {
                several.insert(name);
            }
        }
        Said { passed: HashMap::new(), unsigned: false, dmarc_failed: None, several }
    }

    /// Takes down what a believed field says.
    pub fn note(&mut self, field: Option<&'r AuthRes>) {
        for result in field.into_iter().flat_map(|f| &f.results) {
            self.unsigned |= unsigned(result);
            if result.method == "dmarc" && passed(result) == Some(false) && result.result != "none" {
                self.dmarc_failed = result.prop("header", "from").and_then(|p| path::domain(&p.value));
            }
            if let Some((subject, passed)) = subject(result).zip(passed(result)) {
                // Several checkers of one receiver in one field: a pass of any is a pass.
                *self.passed.entry(subject).or_default() |= passed;
            }
        }
    }

    /// Does a field further down say the opposite of anything?
    pub fn contradicts(&self, field: &'r AuthRes) -> bool {
        field.results.iter().any(|result| {
            let passed = passed(result);
            let known = subject(result).filter(|s| !self.ambiguous(s)).and_then(|s| self.passed.get(&s));
            let opposite = passed.zip(known).is_some_and(|(passed, known)| passed != *known);
            opposite || (result.method == "dkim" && passed == Some(true) && self.denies(result))
        })
    }

    /// Can this signature not have passed? There is none, or DMARC failed for the very domain.
    fn denies(&self, dkim: &MethodResult) -> bool {
        let signed = || dkim.prop("header", "d").and_then(|p| path::domain(&p.value));
        self.unsigned || self.dmarc_failed.as_deref().is_some_and(|from| signed().as_deref() == Some(from))
    }

    /// Two signatures under one key, told apart by nothing.
    fn ambiguous(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Signature(d, s, None) if self.several.contains(&(*d, *s)))
    }
}

/// `None` where the check could not be made.
fn passed(result: &MethodResult) -> Option<bool> {
    let word = result.result.strip_prefix("dkim_").unwrap_or(&result.result);
    match word {
        "pass" | "success" => Some(true),
        // `bestguesspass` and the like are neither.
        "none" | "fail" | "softfail" | "hardfail" | "neutral" | "policy" | "permerror" => Some(false),
        _ => None,
    }
}

fn unsigned(result: &MethodResult) -> bool {
    result.method == "dkim" && result.result == "none"
}

fn subject(result: &MethodResult) -> Option<Subject<'_>> {
    let value = |name| result.prop("header", name).map(|p| &p.value[..]).filter(|v| !v.is_empty());
    match &result.method[..] {
        "dmarc" => Some(Subject::Verdict("dmarc", "")),
        "compauth" => Some(Subject::Verdict("compauth", "")),
        "spf" if result.prop("smtp", "mailfrom").is_some() => Some(Subject::Verdict("spf", "mailfrom")),
        "spf" if result.prop("smtp", "helo").is_some() => Some(Subject::Verdict("spf", "helo")),
        "dkim" => Some(Subject::Signature(value("d")?, value("s")?, value("b"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Distrust;
    use super::super::super::testing::reading;

    const TOP: &str = "Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.org\n\
        Authentication-Results: mx.example.org; dkim=none; spf=fail smtp.mailfrom=a@example.com;\n \
        dmarc=fail header.from=example.com\n";

    fn judged(lower: &str) -> (Vec<usize>, Vec<(usize, Distrust)>) {
        let r = reading(&format!("{TOP}Authentication-Results: mx.example.org; {lower}\nFrom: a@example.com\n"));
        (r.boundary.believed, r.boundary.distrusted)
    }

    #[test]
    fn the_upper_field_counts_where_the_lower_says_the_opposite() {
        for lower in [
            "dmarc=pass header.from=example.com",
            "spf=pass smtp.mailfrom=a@example.com",
            "dkim=pass header.d=example.com header.s=s1",
            "bimi=none; dkim=pass header.d=example.com",
        ] {
            assert_eq!(judged(lower), (vec![0], vec![(1, Distrust::Contradicts)]), "{lower}");
        }
    }

    #[test]
    fn one_field_a_method_and_agreeing_checkers_are_merged() {
        for lower in [
            "iprev=pass policy.iprev=192.0.2.1",
            "spf=softfail smtp.mailfrom=a@example.com",
            "spf=pass smtp.helo=mail.example.com",
            "dmarc=temperror",
            "dkim=none",
        ] {
            assert_eq!(judged(lower).0, [0, 1], "{lower}");
        }
    }

    #[test]
    fn several_signatures_may_fare_differently_but_one_may_not() {
        let top = "Authentication-Results: mx.example.org; dkim=fail header.d=example.com header.s=s1\n";
        let lower = |s: &str| {
            let text = format!("{top}Authentication-Results: mx.example.org; dkim=pass header.d={s}\n");
            reading(&text).boundary.believed
        };
        assert_eq!(lower("example.com header.s=s2"), [0, 1]);
        assert_eq!(lower("example.net header.s=s1"), [0, 1]);
        assert_eq!(lower("example.com header.s=s1"), [0]);
    }

    #[test]
    fn two_signatures_under_one_key_are_two() {
        let of = |signatures: &str, b: [&str; 2]| {
            let field = |result, b| {
                format!("Authentication-Results: mx.example.org; dkim={result} header.d=example.com header.s=s1{b}\n")
            };
            reading(&format!("{}{}{signatures}", field("fail", b[0]), field("pass", b[1]))).boundary.believed
        };
        let one = "DKIM-Signature: v=1; d=example.com; s=s1; b=aaaa\n";
        assert_eq!(of(one, ["", ""]), [0]);
        assert_eq!(of(&one.repeat(2), ["", ""]), [0, 1]);
        assert_eq!(of(&one.repeat(2), [" header.b=aaaa", " header.b=bbbb"]), [0, 1]);
        assert_eq!(of(&one.repeat(2), [" header.b=aaaa", " header.b=aaaa"]), [0]);
    }

    #[test]
    fn dmarc_cannot_fail_where_the_very_domain_signed() {
        let of = |signed: &str| {
            let text = format!(
                "Authentication-Results: mx.example.org; dmarc=fail header.from=example.com\n\
                 Authentication-Results: mx.example.org; dkim=pass header.d={signed}\n"
            );
            reading(&text).boundary.believed
        };
        assert_eq!(of("example.com"), [0]);
        // Strict alignment may ask for more than the organization.
        assert_eq!(of("mail.example.com"), [0, 1]);
    }

    #[test]
    fn what_stands_below_a_forged_field_is_not_believed_either() {
        let r = reading(&format!(
            "{TOP}Authentication-Results: mx.example.org; dmarc=pass\nAuthentication-Results: mx.example.org; arc=pass\n"
        ));
        assert_eq!(r.boundary.distrusted, [(1, Distrust::Contradicts), (2, Distrust::BelowForeign)]);
    }

    #[test]
    fn above_the_boundarys_received_only_the_receiver_writes() {
        let r = reading(
            "Authentication-Results: mx.example.org; dkim=fail header.d=example.com header.s=s1\n\
             Authentication-Results: mx.example.org; dkim=pass header.d=example.com header.s=s1\n\
             Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.org\n",
        );
        assert_eq!(r.boundary.believed, [0, 1]);
    }
}
