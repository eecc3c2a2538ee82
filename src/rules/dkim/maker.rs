//! Whose a signature is that does not fit, and what to do about it: RSA tells (RFC 8017 §9.2).

use super::standing::Standing;
use crate::evidence::InputKind;
use crate::facts::Facts;
use crate::facts::dkim::crypto::Maker;
use crate::facts::dkim::verify::{self, mangled};
use crate::facts::dkim::{Hash, KeyState};
use crate::remedy::Remedy;

/// Whose the signature is, where it does not fit and that can be told. A paste that was mangled may have spoiled it, and
/// whoever shows a header may have cut it.
pub(super) fn maker(facts: &Facts, standing: &Standing) -> Option<Maker> {
    let found = standing.found.filter(|v| v.header_hash != Hash::Match && !v.is_proven(false))?;
    let key = facts.keys.iter().find(|k| k.signature == Some(found.signature))?;
    let KeyState::Found(records) = &key.state else { return None };
    let whole = !mangled(&facts.evidence);
    let header = facts.evidence.input.kind == InputKind::Headers;
    verify::maker(standing.signature?, records).filter(|maker| match maker {
        Maker::Key(_) => true,
        Maker::Another => whole,
        Maker::Length(has, _) => whole && (!header || is_a_keys(*has)),
    })
}

/// The same in words.
pub(super) fn told(maker: &Maker, body_holds: bool) -> String {
    match maker {
        Maker::Key(_) => format!(
            " The key in DNS is the partner of the one that signed, which the padding of the signature shows: {} was changed, \
             or the signature's own field.",
            if body_holds { "a signed header field, not the body," } else { "a signed header field" }
        ),
        Maker::Another => " The key in DNS did not make it, or b= was spoiled: what its own key makes, that key turns \
             into a padding that is not there."
            .into(),
        Maker::Length(has, needs) => format!(
            " Its b= has {has} bytes, where a signature of the key in DNS has {needs}: {}.",
            if is_a_keys(*has) { "another key made it" } else { "it was cut or spoiled" }
        ),
    }
}

/// Has it a length that none makes?
pub(super) fn spoiled(maker: Option<&Maker>) -> bool {
    matches!(maker, Some(Maker::Length(has, _)) if !is_a_keys(*has))
}

/// Do keys in use make signatures of so many bytes?
fn is_a_keys(length: usize) -> bool {
    length >= 128 && length.is_multiple_of(64)
}

/// The published key is not the partner of the one that signed.
pub(super) fn of_another_key(standing: &Standing, maker: Option<&Maker>) -> Remedy {
    if spoiled(maker) {
        return Remedy::new("Let nothing rewrite the DKIM-Signature field").step(
            "Compare the field with the one in a message that just left the signer: if they differ, a system on the way cuts it; if not, the signer makes it wrong.",
        );
    }
    Remedy::new("Compare the signer's public key with p= in DNS, and make them a pair")
        .step(format!(
            "At the system that signs as {}, show the public key. If it differs from p=, publish it under a new selector, and switch to that.",
            standing.who()
        ))
        .step("If they are equal, b= was spoiled: compare the DKIM-Signature field with the one in a message that just left the signer.")
        .step("If the key was changed after this message was signed, there is nothing to mend: send a new one.")
}
