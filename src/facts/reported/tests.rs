//! What receivers write, in their words and in ours.

use super::*;
use crate::facts::boundary::testing::reading;

fn read(value: &str) -> Reported {
    reading(&format!("Authentication-Results: mx.example.org; {value}\n")).reported
}

#[test]
fn spf_of_mail_from_goes_before_helo_and_pra() {
    let spf = read("spf=none smtp.pra=a@pra.example; spf=pass smtp.helo=postmaster@helo.example; spf=softfail (x) smtp.mailfrom=A@Example.com").spf.unwrap();
    assert_eq!((&spf.result[..], spf.domain.as_deref(), spf.is_helo), ("softfail", Some("example.com"), false));
    assert_eq!(spf.comment.as_deref(), Some("x"));
    let spf = read("spf=pass smtp.helo=Helo.Example").spf.unwrap();
    assert_eq!((spf.domain.as_deref(), spf.is_helo), (Some("helo.example"), true));
    let spf = read("spf=none smtp.mailfrom=<>").spf.unwrap();
    assert_eq!((spf.domain, spf.is_helo), (None, false));
}

#[test]
fn a_best_guess_record_is_noticed() {
    let guess =
        "spf=pass (google.com: best guess record for domain of a@example.com designates 192.0.2.1 as permitted sender)";
    assert!(read(&format!("{guess} smtp.mailfrom=a@example.com")).spf.unwrap().best_guess);
    assert!(!read("spf=pass smtp.mailfrom=a@example.com").spf.unwrap().best_guess);
}

#[test]
fn received_spf_speaks_where_the_results_say_nothing_of_spf() {
    let head = "Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.org\n";
    let with = |field: &str| {
        reading(&format!("Authentication-Results: mx.example.org; dkim=none\n{field}\n{head}")).reported.spf
    };
    let spf = with("Received-SPF: Pass (sender SPF authorized) identity=mailfrom; client-ip=192.0.2.1; envelope-from=a@example.com").unwrap();
    assert_eq!((&spf.result[..], spf.domain.as_deref(), spf.is_helo), ("pass", Some("example.com"), false));
    let spf = with("Received-SPF: none (identity=helo) identity=helo; helo=A.example.com").unwrap();
    assert_eq!((spf.domain.as_deref(), spf.is_helo), (Some("a.example.com"), true));
    let spf =
        with("Received-SPF: softfail (google.com: domain of transitioning a@example.com does not designate 192.0.2.1)")
            .unwrap();
    assert_eq!((&spf.result[..], spf.domain.as_deref()), ("softfail", Some("example.com")));
    assert_eq!(with("Received-SPF:"), None);
    assert_eq!(with("Received-SPF: checked by us"), None);
}

#[test]
fn exchange_onlines_leftover_received_spf_is_another_hops() {
    let left = "Received-SPF: None (protection.outlook.com: example.com does not designate permitted sender hosts)";
    let by = |mx: &str| reading(&format!("Received: from a.example.com (a.example.com [192.0.2.1]) by {mx}\n{left}\n"));
    assert_eq!(by("mx.example.org").reported.spf, None);
    assert_eq!(by("am1.mail.protection.outlook.com").reported.spf.unwrap().result, "none");
}

#[test]
fn words_of_yahoo_and_others_become_the_standards() {
    for (written, word) in [
        ("dkim_pass", "pass"),
        ("dkim_fail", "fail"),
        ("perm_fail", "permerror"),
        ("dkim_permfail", "permerror"),
        ("temp_fail", "temperror"),
        ("success", "pass"),
        ("Neutral", "neutral"),
        ("bestguesspass", "bestguesspass"),
    ] {
        assert_eq!(read(&format!("dkim={written} header.d=example.com")).dkim[0].result, word);
    }
    assert_eq!(read("dmarc=bestguesspass header.from=example.com").dmarc.unwrap().result, "bestguesspass");
}

#[test]
fn dkim_results_find_their_signatures() {
    let text = "Authentication-Results: mx.example.org; \
        dkim=pass header.i=@example.com header.s=two header.b=BBBB; \
        dkim=fail (bad) reason=\"no key\" header.d=example.com header.b=\"CC\"; \
        dkim=pass header.d=EXAMPLE.com; dkim=pass header.d=example.com; \
        dkim=none header.d=none; dkim=pass header.d=other.example header.s=@s\n\
        DKIM-Signature: v=1; d=example.com; s=one; b=AAAAxyz\n\
        DKIM-Signature: v=1; d=example.com; s=two; b=BBBBxyz\n\
        DKIM-Signature: v=1; d=example.com; s=two; b=CCCCxyz\n";
    let r = reading(text).reported;
    assert_eq!(r.dkim.iter().map(|d| d.signature).collect::<Vec<_>>(), [Some(1), Some(2), Some(0), None, None, None]);
    assert_eq!((r.dkim[1].detail.as_str(), r.dkim[1].selector.as_deref()), ("bad; no key", None));
    assert_eq!((r.dkim[4].domain.as_deref(), &r.dkim[4].result[..]), (None, "none"));
    assert_eq!(r.dkim[5].selector.as_deref(), Some("s"));
    assert_eq!(r.dkim[0].domain_span.unwrap().of(text.as_bytes()), b"@example.com");
}

#[test]
fn dispositions_and_policies_in_every_dialect() {
    for (value, disposition, policy) in [
        ("dmarc=fail (p=REJECT sp=NONE dis=QUARANTINE) header.from=example.com", Some("quarantine"), Some("reject")),
        ("dmarc=fail action=oreject header.from=example.com", Some("oreject"), None),
        ("dmarc=pass (policy=none) header.from=example.com", None, Some("none")),
        ("dmarc=pass header.from=example.com policy.dmarc=reject", None, Some("reject")),
        (
            "dmarc=fail policy.published-domain-policy=reject policy.applied-disposition=none header.from=example.com",
            Some("none"),
            Some("reject"),
        ),
        ("dmarc=none header.from=example.com", None, None),
    ] {
        let dmarc = read(value).dmarc.unwrap();
        assert_eq!((dmarc.disposition.as_deref(), dmarc.policy.as_deref()), (disposition, policy), "{value}");
        assert_eq!(dmarc.domain.as_deref(), Some("example.com"));
    }
    assert_eq!(read("dmarc=none header.from=;").dmarc.unwrap().domain, None);
}

#[test]
fn arc_iprev_and_compauth() {
    let r = read("arc=pass (i=1); iprev=fail policy.iprev=192.0.2.1; compauth=softpass reason=201");
    assert_eq!((r.arc.unwrap().result, r.iprev.unwrap().result), ("pass".into(), "fail".into()));
    let compauth = r.compauth.unwrap();
    assert_eq!((&compauth.result[..], compauth.reason.as_deref()), ("softpass", Some("201")));
}

#[test]
fn sixteen_thousand_results_and_as_many_signatures() {
    let text = format!(
        "Authentication-Results: mx.example.org{}\n{}",
        "; dkim=pass header.d=example.com header.s=s".repeat(16_000),
        "DKIM-Signature: d=example.com; s=other; b=A\n".repeat(16_000)
    );
    assert_eq!(reading(&text).reported.dkim.len(), 16_000);
}
