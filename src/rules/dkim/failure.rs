//! Why a receiver says a signature failed, from the words it wrote. RFC 8601 §2.7.1 fixes the
//! results; the reasons are free text, and every receiver has its own.

use crate::facts::reported::Dkim;

/// What a receiver's words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There was nothing to check.
    Unsigned,
    BodyHash,
    Expired,
    Revoked,
    NoKey,
    /// Receivers that know no Ed25519 ignore such a signature (RFC 6376 §3.3.4), and some say that it has no key.
    Algorithm,
    WeakKey,
    /// The look-up failed, not the signature.
    Lookup,
    /// The signature or the key record could not be read.
    Syntax,
    /// The cryptographic check of the header failed.
    Signature,
    /// Failed, and the receiver does not say why.
    Unexplained,
}

/// The first row with one of its words in the receiver's text decides.
const WORDS: &[(Failure, &[&str])] = &[
    (Failure::Unsigned, &["no sig)", "no signature", "not signed", "no dkim signature"]),
    (
        Failure::BodyHash,
        &["body hash", "bodyhash", "body_hash", "body does not hash", "body has been altered", "bh mismatch"],
    ),
    (Failure::Expired, &["expired"]),
    (Failure::Revoked, &["revoked"]),
    (
        Failure::NoKey,
        &[
            "no key",
            "key not found",
            "no such key",
            "no public key",
            "record not found",
            "key missing",
            "key unavailable",
            "key record unavailable",
            "pubkey_unavailable",
            "nxdomain",
        ],
    ),
    (Failure::WeakKey, &["too small", "too short", "weak key", "insecure key", "key size"]),
    (
        Failure::Signature,
        &[
            "signature did not verify",
            "signature verification failed",
            "verification failed",
            "verify failed",
            "bad signature",
            "bad sig",
            "signature mismatch",
            "does not verify",
            "did not verify",
            "invalid signature",
            "signature invalid",
            "signature_incorrect",
            "message has been altered",
            "headers probably modified",
        ],
    ),
    (Failure::Lookup, &["timeout", "timed out", "temporary", "servfail", "dns error", "dns failure", "query failed"]),
    (
        Failure::Syntax,
        &["format", "syntax", "malformed", "unsupported", "invalid public key", "0-bit key", "invalid dkim record"],
    ),
];

impl Failure {
    /// `None` where the receiver reports no failure.
    pub(super) fn of(report: &Dkim) -> Option<Failure> {
        if !matches!(
            &report.result[..],
            "fail" | "hardfail" | "neutral" | "permerror" | "temperror" | "policy" | "invalid"
        ) {
            return None;
        }
        // A closing parenthesis, so that "no sig" ends a comment and does not begin "no signal".
        let detail = format!("{})", report.detail.trim().trim_end_matches(')').to_ascii_lowercase());
        // Some write one word of several, as we do ourselves: `body-hash-mismatch`.
        let spaced = detail.replace('-', " ");
        let said = WORDS.iter().find(|(_, words)| words.iter().any(|w| detail.contains(w) || spaced.contains(w)));
        Some(said.map_or(Failure::Unexplained, |(failure, _)| *failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::Reason;
    use crate::rules::dkim::testing::report;

    #[test]
    fn receivers_words_are_understood() {
        use Failure::*;
        let cases = [
            ("neutral", "body hash did not verify", BodyHash),
            ("fail", "bodyhash", BodyHash),
            ("permerror", "signature verify error: message body does not hash to bh value", BodyHash),
            ("fail", "signature did not verify", Signature),
            ("fail", "signature verification failed", Signature),
            ("fail", "message has been altered, 2048-bit rsa key sha256", Signature),
            ("fail", "bad signature", Signature),
            ("permerror", "bad sig", Signature),
            ("fail", "signature error: RSA verify failed", Signature),
            ("permerror", "no key for signature", NoKey),
            ("temperror", "no key for signature", NoKey),
            ("neutral", "no key", NoKey),
            ("fail", "key not found in DNS", NoKey),
            ("fail", "key revoked", Revoked),
            ("policy", "signing key too small", WeakKey),
            ("neutral", "no sig", Unsigned),
            ("permerror", "bad message/signature format", Syntax),
            ("permerror", "0-bit key", Syntax),
            ("neutral", "signature expired", Expired),
            ("temperror", "dns timeout", Lookup),
            ("fail", "", Unexplained),
            // As our own receiving server writes it.
            ("fail", Reason::BodyHashMismatch.word(), BodyHash),
            ("fail", Reason::SignatureMismatch.word(), Signature),
            ("permerror", Reason::KeyMissing.word(), NoKey),
            ("permerror", Reason::KeyRevoked.word(), Revoked),
            ("permerror", Reason::KeySyntax.word(), Syntax),
            ("permerror", Reason::KeyTooSmall.word(), WeakKey),
            ("neutral", Reason::Expired.word(), Expired),
            ("temperror", Reason::DnsFailure.word(), Lookup),
            ("permerror", Reason::SignatureSyntax.word(), Syntax),
        ];
        for (result, detail, expected) in cases {
            assert_eq!(Failure::of(&report(result, detail)), Some(expected), "{result} ({detail})");
        }
        assert_eq!(Failure::of(&report("pass", "no key")), None);
        assert_eq!(Failure::of(&report("none", "not signed")), None);
    }
}
