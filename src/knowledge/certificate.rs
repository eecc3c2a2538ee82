//! What is wrong with a server's certificate, and what cures that. The words are kept in cases, so the cure is found by
//! them.

/// It is sent as the server's own and says `CA:TRUE` (RFC 5280 §4.2.1.9), as `openssl req -x509` makes them.
pub const AUTHORITY: &str = "the certificate is one of an authority (CA:TRUE) and not of a server: it is self-signed, or the \
                             server sends its chain in the wrong order";

/// Nobody who is trusted has signed it.
pub const UNTRUSTED: &str = "nobody who is trusted vouches for the certificate: it is self-signed, or the server does not send \
                             the certificates between it and its authority";

/// What cures it, by a part of the words.
static CURES: [(&str, &str); 4] = [
    ("expired", "Renew the certificate, and have the server load the new one."),
    ("not valid", "Set the clocks of this machine and of the server right; the certificate may be one for later."),
    (
        AUTHORITY,
        "Get the server a certificate of its own from an authority, and have it sent first, those above it after it.",
    ),
    (UNTRUSTED, "Have the server send the whole chain, or get it a certificate from an authority that is trusted."),
];

/// What cures what these words say.
pub fn cure(words: &str) -> &'static str {
    let known = CURES.iter().find(|(part, _)| words.contains(part));
    known.map_or(
        "Get the server another certificate from an authority, and have it send the whole chain.",
        |(_, cure)| *cure,
    )
}

/// Would it be good if its signer were trusted?
pub fn lacks_trust(words: &str) -> bool {
    words.contains(UNTRUSTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_the_cure_that_cures_it() {
        assert!(cure("the certificate expired on 2026-05-01").starts_with("Renew"));
        assert!(cure("the certificate is not valid before 2036-05-01").contains("clocks"));
        assert!(cure(AUTHORITY).contains("of its own"), "to renew it, or to trust it, changes nothing");
        assert!(cure(UNTRUSTED).contains("whole chain"));
        assert!(cure("the certificate was revoked").contains("another certificate"));
        assert!(lacks_trust(UNTRUSTED) && !lacks_trust(AUTHORITY));
    }
}
