use super::{logo, pasted, shown};
use crate::facts::Facts;
use crate::facts::dmarc::Policy;
use crate::facts::domain::bimi::{declines, governing};
use crate::facts::domain::tagged::Published;
use crate::remedy::Remedy;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Verdict, rule};

rule! {
    /// The logo that the domain publishes will not be shown
    ///
    /// ## What we saw
    /// There is a BIMI record, and something that mailbox providers ask for before they show a logo is missing: an enforced
    /// DMARC policy, a logo that can be fetched over https, in SVG Tiny PS, or a certificate for it.
    ///
    /// ## Why mail suffers
    /// It does not: the mail arrives as before, only without the logo. Gmail and Apple want a certificate (VMC, or CMC at
    /// Gmail); Yahoo shows some logos without one; Microsoft shows none.
    ///
    /// ## How to fix it
    /// Never tighten DMARC for a logo: bring every sender of the domain into line first, and enforce the policy for its own
    /// sake. Then publish the logo as a square SVG Tiny PS file and, for Gmail and Apple, the certificate in `a=`.
    ///
    /// ## How to check
    /// Ask for the record at `default._bimi`; a message to a mailbox of yours at a provider that shows logos has `bimi=pass`.
    pub RULE = "bimi-not-eligible", Dns, Info, judge,
    ["draft-brand-indicators-for-message-identification", "https://support.google.com/a/answer/10911320"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some(record) = &facts.reading.record {
        return pasted::logo(record);
    }
    let Some((at, record)) = governing(&facts.domain.bimi) else {
        let open = facts.domain.bimi.iter().find_map(|p| p.asked.open());
        return match open {
            Some(question) => Verdict::unknown(Gap::dns("Does the domain publish a logo?", question)),
            None => Verdict::NotApplicable,
        };
    };
    if declines(record) {
        return Verdict::Pass;
    }
    let mut faults: Vec<(String, Exhibit)> = Vec::new();
    if at.records.len() > 1 {
        let what = "there is more than one record, and then none counts".to_owned();
        faults.push((what, shown::exhibit(facts, &at.asked.question, "more than one")));
    }
    faults.extend(record.flaws.iter().map(|f| (f.text.clone(), shown::flaw(&at.asked.question, record, f))));
    let mut gaps = Gaps::new();
    for looked in [enforced(facts), logo::picture(facts, record), logo::certificate(facts, record)] {
        match looked {
            Err(gap) => gaps.push(gap),
            Ok(fault) => faults.extend(fault),
        }
    }
    // Yahoo shows some logos without, so it stands last.
    if record.value("a").is_none_or(str::is_empty) {
        let what = "it names no certificate, without which Gmail and Apple show nothing".to_owned();
        faults.push((what, Exhibit::dns(&at.asked.question, record.text.clone(), None, "no a=")));
    }
    match faults.is_empty() {
        true => Verdict::of(Vec::new(), gaps),
        false => report(facts, at, faults).into(),
    }
}

/// Quarantine or reject for the domain and all below it, for every message (§ "DMARC" of the draft).
fn enforced(facts: &Facts) -> Result<Option<(String, Exhibit)>, Gap> {
    let dmarc = &facts.dmarc;
    let Some((step, record)) = dmarc.governing().and_then(|s| Some((s, s.record()?))) else {
        if dmarc.is_absent() {
            let question = dmarc.steps.first().map(|s| s.question());
            return Ok(question.map(|q| ("there is no DMARC policy".to_owned(), shown::exhibit(facts, q, "no policy"))));
        }
        let needs = dmarc.steps.iter().find(|s| !s.answered()).map(|s| s.question().dig());
        let question = "Is the DMARC policy enforced?".to_owned();
        return Err(Gap::new(question, needs.unwrap_or_else(|| "an answer from DNS".to_owned())));
    };
    let weak = |policy: Option<Policy>| policy == Some(Policy::None);
    let part = record.tag("pct").map(|t| record.under(t.value)).and_then(|v| v.trim().parse::<u8>().ok());
    let what = match () {
        () if record.p.is_none() || weak(record.p) => "the DMARC policy is none",
        () if weak(dmarc.effective.map(|(policy, _)| policy)) || weak(record.sp) || weak(record.np) => {
            "the DMARC policy for names below is none"
        }
        () if record.testing => "the DMARC policy is only tested (t=y)",
        () if part.is_some_and(|p| p < 100) => "the DMARC policy is for a part of the mail only (pct)",
        () => return Ok(None),
    };
    Ok(Some((what.to_owned(), Exhibit::dns(step.question(), record.text.clone(), None, what))))
}

fn report(facts: &Facts, at: &Published, faults: Vec<(String, Exhibit)>) -> Finding {
    let domain = facts.reading.from_domain().unwrap_or_default();
    let clauses: Vec<String> = faults.iter().map(|(what, _)| what.clone()).collect();
    let policy = clauses.iter().any(|c| c.contains("DMARC"));
    let mut fix = Remedy::new("Nothing is broken; for the logo to be shown, set these right in this order.");
    if policy {
        fix = fix.step("DMARC first, and for its own sake: only when every sender of the domain passes, go to quarantine, then reject. Never tighten it for a logo.");
    }
    let fix = fix
        .step("The logo: a square SVG file of the profile Tiny PS, at an https address that stays.")
        .step("The certificate: a Verified Mark Certificate (VMC), or for Gmail a Common Mark Certificate (CMC); its address goes into a=.");
    Finding::new(&RULE, format!("The logo of {} will not be shown everywhere", short(domain)))
        .sure(Confidence::Certain, "this is what DNS says today")
        .explain(format!("{} names a logo, but {}.", at.asked.question.name, shown::listed(&clauses, 4)))
        .exhibits(faults.into_iter().map(|(_, exhibit)| exhibit))
        .fix(fix)
        .check(at.asked.question.dig(), "v=BIMI1; with l= and a=")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, judge_with};
    use super::*;
    use crate::evidence::errand::{Brought, Errand, Step, What};
    use crate::facts::domain::certificate;
    use crate::rules::Severity;

    const LOGO: &str =
        "default._bimi.example.com TXT \"v=BIMI1; l=https://example.com/l.svg; a=https://example.com/v.pem\"\n";

    fn with(dmarc: &str) -> String {
        format!("{LOGO}_dmarc.example.com TXT \"v=DMARC1; {dmarc}\"")
    }

    #[test]
    fn a_policy_that_is_not_enforced() {
        for (dmarc, word) in [
            ("p=none", "is none"),
            ("p=reject; sp=none", "names below"),
            ("p=quarantine; pct=20", "pct"),
            ("p=reject; t=y", "tested"),
        ] {
            let finding = found(&RULE, "example.com", Some(&with(dmarc)));
            assert!(finding.explanation.contains(word), "{dmarc}: {}", finding.explanation);
            assert_eq!(finding.severity, Severity::Info);
        }
        assert!(found(&RULE, "example.com", Some(LOGO)).explanation.contains("no DMARC policy"));
    }

    #[test]
    fn a_record_without_certificate_or_with_a_bad_logo() {
        let bare = with("p=reject").replace("; a=https://example.com/v.pem", "");
        assert!(found(&RULE, "example.com", Some(&bare)).explanation.contains("certificate"));
        let png = with("p=reject").replace("l.svg", "l.png");
        assert!(found(&RULE, "example.com", Some(&png)).explanation.contains("SVG"));
    }

    const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.2\" baseProfile=\"tiny-ps\"></svg>";

    fn page(status: u16, content_type: &str, body: &str) -> What {
        What::Page { status, content_type: Some(content_type.into()), location: None, body: body.into() }
    }

    fn pem(year: i32, month: u8, day: u8) -> What {
        let der = certificate::tests::until(year, month, day);
        page(
            200,
            "application/pem-certificate-chain",
            &format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n"),
        )
    }

    /// With what stands at the addresses of the record, on the first day of 1970.
    fn fetched(logo: What, certificate: What) -> Verdict {
        let brought = [("l.svg", logo), ("v.pem", certificate)].map(|(file, what)| {
            let errand = Errand::Https { url: format!("https://example.com/{file}"), follow: true };
            (errand, Brought { what, at: jiff::Timestamp::UNIX_EPOCH, elapsed_ms: 1 })
        });
        judge_with(&RULE, "example.com", &with("p=reject"), brought)
    }

    #[test]
    fn the_logo_and_its_certificate_are_fetched_and_looked_over() {
        let good = || page(200, "image/svg+xml", SVG);
        let failed = |step| What::Failed { step, why: "so".into() };
        assert!(matches!(fetched(good(), pem(2030, 1, 1)), Verdict::Pass));
        for (logo, certificate, words) in [
            (page(404, "text/html", "gone"), pem(2030, 1, 1), "answers 404"),
            (page(200, "text/plain", SVG), pem(2030, 1, 1), "text/plain"),
            (page(200, "image/svg+xml", "<html>"), pem(2030, 1, 1), "no SVG"),
            (page(200, "image/svg+xml", "<svg/>"), pem(2030, 1, 1), "tiny-ps"),
            (
                page(200, "image/svg+xml", &SVG.replace("<svg", "<svg viewBox=\"0 0 200 100\"")),
                pem(2030, 1, 1),
                "not square",
            ),
            (page(200, "image/svg+xml", &format!("{SVG}{}", " ".repeat(40_000))), pem(2030, 1, 1), "40 KB"),
            (failed(Step::Answer), pem(2030, 1, 1), "cannot be fetched"),
            (good(), page(200, "text/plain", "x"), "no certificate"),
            (good(), failed(Step::Certificate), "cannot be fetched"),
            (good(), pem(1970, 1, 10), "expires on 1970-01-10"),
            (good(), pem(1970, 1, 1), "expired on 1970-01-01"),
        ] {
            let Verdict::Found(found) = fetched(logo, certificate) else { panic!("{words}") };
            assert!(found[0].explanation.contains(words), "{words}: {}", found[0].explanation);
        }
        // Silence may be ours.
        assert!(matches!(fetched(failed(Step::Timeout), pem(2030, 1, 1)), Verdict::Unknown(_)));
        assert!(matches!(fetched(good(), failed(Step::Connect)), Verdict::Unknown(_)));
        assert!(matches!(judge(&RULE, "example.com", Some(&with("p=reject"))), Verdict::Unknown(_)));
    }

    #[test]
    fn it_passes_does_not_apply_and_waits() {
        let declined = "default._bimi.example.com TXT \"v=BIMI1; l=; a=;\"";
        assert!(matches!(judge(&RULE, "example.com", Some(declined)), Verdict::Pass));
        assert!(matches!(judge(&RULE, "example.com", Some("")), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, "example.com", Some("default._bimi.example.com SERVFAIL")), Verdict::Unknown(_)));
        let waiting = format!("{LOGO}_dmarc.example.com TIMEOUT");
        assert!(matches!(judge(&RULE, "example.com", Some(&waiting)), Verdict::Unknown(_)));
    }
}
