use super::subject::{self, Subject};
use crate::facts::Facts;
use crate::facts::dkim::{PublicKey, Wrapping};
use crate::remedy::dkim as remedy;
use crate::rules::{Finding, Severity, Verdict, rule};

rule! {
    /// The DKIM key is published in the wrong format
    ///
    /// ## What we saw
    /// The record's `p=` holds a key, but in a form made for another purpose: an SSH key, a certificate, a key file with its
    /// BEGIN and END lines, or an Ed25519 key with a wrapping around its 32 bytes.
    ///
    /// ## Why mail suffers
    /// Receivers expect exactly one form of key there. With any other they cannot check the signature, and treat the mail as
    /// unsigned. One older form (`MIIBCgKC…`, `MIGJ…`) is understood by some receivers and not by others.
    ///
    /// ## How to fix it
    /// Replace the value of `p=` by the same key in the right form, as shown: nothing changes at the system that signs. If a
    /// private key was published, anyone can sign as you: make a new key at once and remove the old record.
    ///
    /// ## How to check
    /// Query the record again and compare `p=`; then send a message and look for `dkim=pass`.
    pub RULE = "dkim-key-wrong-encoding", Dkim, Critical, judge,
    ["RFC 6376 §3.6.1", "RFC 8463 §4", "RFC 4253 §6.6", "RFC 8017 A.1.1"]
}

fn judge(facts: &Facts) -> Verdict {
    subject::judge(facts, |subject| {
        let PublicKey::Wrapped { wrapping, right, .. } = &subject.record.public else { return None };
        Some(if *wrapping == Wrapping::PrivateKey { leaked(subject) } else { wrapped(subject, *wrapping, right) })
    })
}

fn wrapped(subject: &Subject, wrapping: Wrapping, right: &str) -> Finding {
    let what = match wrapping {
        Wrapping::SshRsa | Wrapping::SshEd25519 => "an OpenSSH key",
        Wrapping::Pkcs1 => "a bare PKCS#1 key",
        Wrapping::SpkiEd25519 => "a wrapped Ed25519 key",
        Wrapping::Certificate => "a certificate",
        Wrapping::Pem | Wrapping::PrivateKey => "a whole key file",
    };
    let ed25519 = matches!(wrapping, Wrapping::SshEd25519 | Wrapping::SpkiEd25519);
    let wanted = if ed25519 { "the raw 32 bytes of the key" } else { "the key as SubjectPublicKeyInfo (`MII…`)" };
    let name = subject.called();
    let same = remedy::with_tag(&subject.record.text, "p", right);
    let after = if remedy::record(&same).usable() { Some(same) } else { remedy::tidy(&subject.record.text) };
    let fix = match after {
        Some(after) => subject.replaced("Publish the same key in the right form; the signer stays as it is", &after),
        None => subject.new_key("Make a new key and publish it in the form the signer shows for DNS"),
    };
    let (severity, effect) = match wrapping {
        // RFC 6376 §3.6.1 says RSAPublicKey, its Appendix C makes SubjectPublicKeyInfo: some verifiers take both.
        Wrapping::Pkcs1 => (Severity::Medium, "Some receivers accept that form, others cannot use it."),
        _ => (Severity::Critical, "Receivers cannot use it, so signatures made with this key count for nothing."),
    };
    let finding = Finding::new(&RULE, format!("{} holds {what}", subject.short()))
        .severity(severity)
        .explain(format!(
            "In {name}, p= holds {what}; DKIM wants {wanted}. {effect} It is the right key in the wrong form."
        ))
        .exhibit(subject.exhibit(subject.record.p, what))
        .fix(fix);
    let finding = subject.finish(finding, &[], &format!("p= begins with {}", right.get(..16).unwrap_or(right)));
    // Where some accept it, only a failure on this message proves that it costs anything.
    let failed = subject.standing.as_ref().is_some_and(|s| s.failure().is_some());
    if wrapping == Wrapping::Pkcs1 && !failed { Finding { leads_to: vec![], ..finding } } else { finding }
}

fn leaked(subject: &Subject) -> Finding {
    let finding = Finding::new(&RULE, format!("{} publishes a private key", subject.short()))
        .explain(format!(
            "In {}, p= holds a private key. Receivers cannot use it, and whoever reads it can sign mail as you: this key is burnt.",
            subject.called()
        ))
        .exhibit(subject.exhibit(subject.record.p, "a private key, readable by anyone"))
        .fix(subject.new_key("Make a new key, publish its public part, and remove this record now"));
    subject.finish(finding, &[], "the private key is gone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Data, Outcome};
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;
    use crate::rules::{Confidence, Place};

    #[test]
    fn an_ssh_key_is_converted_and_the_other_tags_stay() {
        let text = format!("v=DKIM1; k=rsa; t=s; p={RSA_1024_SSH}");
        let found = Case::new(SIGNED).reported(report("permerror", "")).txt(KEY, &[&text, "other"]).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.as_slice()), (Severity::Critical, &["dmarc-unaligned"][..]));
        let right = format!("v=DKIM1; k=rsa; t=s; p={RSA_1024}");
        assert_eq!(record_of(&found), (KEY.into(), vec![text, "other".into()], vec![right, "other".into()]));
        assert_eq!(found.check.unwrap().command, format!("dig +short TXT {KEY}"));
    }

    #[test]
    fn a_pasted_value_is_cured_too_with_its_name_left_open() {
        let text = format!("k=ed25519; p={ED25519_SPKI}");
        let found = Case::pasted(None, &text).finding(&RULE);
        assert_eq!(found.confidence, Confidence::Certain);
        assert!(found.title.starts_with("This record holds"));
        assert!(matches!(found.exhibits[0].place, Place::Input(s) if s.start == 13));
        assert_eq!(record_of(&found).2, [format!("k=ed25519; p={ED25519}")]);
        assert_eq!(found.fix.unwrap().blanks, ["selector", "your domain"]);
    }

    #[test]
    fn an_ed25519_key_without_its_type_gets_it() {
        let found = Case::pasted(Some(KEY), &format!("v=DKIM1; p={ED25519_SSH}")).finding(&RULE);
        assert_eq!(record_of(&found).2, [format!("v=DKIM1; k=ed25519; p={ED25519}")]);
    }

    #[test]
    fn a_long_name_leaves_the_title_short() {
        let name = format!("{}._domainkey.example.com", "s".repeat(63));
        for p in [RSA_1024_SSH, RSA_1024_PKCS1, RSA_1024_CERTIFICATE, ED25519_SPKI] {
            Case::pasted(Some(&name), &format!("v=DKIM1; p={p}")).finding(&RULE);
        }
    }

    #[test]
    fn pkcs1_is_only_a_warning() {
        let found = Case::new(SIGNED).txt(KEY, &[&format!("p={RSA_1024_PKCS1}")]).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
        assert_eq!(record_of(&found).2, [format!("p={RSA_1024}")]);
    }

    #[test]
    fn a_private_key_is_burnt_and_never_converted() {
        let der = [&[0x30, 27][..], &[2, 1, 0].repeat(9)].concat();
        let text = format!("v=DKIM1; p={}", crate::facts::dkim::material::encode(&der));
        let found = Case::new(SIGNED).txt(KEY, &[&text]).finding(&RULE);
        assert_eq!(record_of(&found).2, ["v=DKIM1; k=rsa; p=<public key from your signer>"]);
    }

    #[test]
    fn behind_a_foreign_cname_no_record_of_ours_is_proposed() {
        let data = vec![Data::Cname("k.sender.net".into()), Data::Txt(vec![format!("p={RSA_1024_SSH}").into_bytes()])];
        let found = Case::new(SIGNED).answer(KEY, Outcome::Records, data).finding(&RULE);
        let fix = found.fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("k.sender.net"));
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        assert!(matches!(Case::new(SIGNED).txt(KEY, &[&format!("p={RSA_2048}")]).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).nothing(KEY, Outcome::NxDomain).judge(&RULE), Verdict::NotApplicable));
        assert!(
            matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(g) if g[0].needs.words() == format!("dig +short TXT {KEY}"))
        );
        assert!(matches!(Case::new(SIGNED).nothing(KEY, Outcome::ServFail).judge(&RULE), Verdict::Unknown(_)));
    }
}
