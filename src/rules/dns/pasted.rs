//! Records of MTA-STS, TLS reports and logos that were pasted: what their own text shows.

use super::{bimi_not_eligible, mta_sts_or_dane_broken, shown, sts};
use crate::evidence::Kind;
use crate::facts::domain::tagged::{Flaw, Tagged};
use crate::facts::domain::{bimi, mta_sts, tls_rpt};
use crate::facts::record::{Entry, Pasted};
use crate::remedy::{Change, Remedy, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Rule, Severity, Verdict};
use crate::shell::command;

/// A pasted record of MTA-STS or of TLS reports.
pub(super) fn tls(pasted: &Pasted) -> Verdict {
    if let Some((entry, record)) = read(pasted, mta_sts::pasted) {
        let fix = Remedy::new("Write it with an id of letters and digits: v=STSv1; id=20260101;")
            .step("Each change of the policy file needs a new id.");
        let found = flawed(entry, &record, "MTA-STS")
            .map(|f| finish(&mta_sts_or_dane_broken::RULE, f, fix, pasted, "_mta-sts"));
        let question = "Is the policy served over HTTPS at mta-sts.<domain>, and does it name every MX?";
        return Verdict::of(found.into_iter().collect(), smallvec::smallvec![gap(question, pasted, "_mta-sts.")]);
    }
    let Some((entry, record)) = read(pasted, tls_rpt::pasted) else { return Verdict::NotApplicable };
    let name = pasted.name.clone().unwrap_or_else(|| format!("_smtp._tls.{}", blank("your domain")));
    let value = sts::reporting(tls_rpt::meant([&record]).as_deref());
    let text = |e: &Entry| String::from_utf8_lossy(&e.text).into_owned();
    let before: Vec<String> = pasted.entries.iter().map(text).collect();
    let after: Vec<&str> = before.iter().map(|t| if *t == record.text { &value } else { t.as_str() }).collect();
    let fix = Remedy::new("Begin it with exactly v=TLSRPTv1 and name every address in one rua=, each with its scheme")
        .marked(Change::txt(&name, &before, &after));
    let found = flawed(entry, &record, "TLS report")
        .map(|f| finish(&mta_sts_or_dane_broken::RULE, f, fix, pasted, "_smtp._tls"));
    Verdict::of(found.into_iter().collect(), Gaps::new())
}

/// A pasted record of a logo.
pub(super) fn logo(pasted: &Pasted) -> Verdict {
    let Some((entry, record)) = read(pasted, bimi::pasted) else { return Verdict::NotApplicable };
    if bimi::declines(&record) {
        return Verdict::Pass;
    }
    let found = flawed(entry, &record, "BIMI").or_else(|| {
        let bare = record.value("a").is_none_or(str::is_empty);
        let what = "it names no certificate, without which Gmail and Apple show nothing";
        bare.then(|| Flawed {
            title: "The BIMI record names no certificate".into(),
            what: what.into(),
            exhibit: Exhibit::input(entry.span, "no a="),
        })
    });
    let fix = Remedy::new("Nothing is broken; for the logo to be shown, set these right in this order.")
        .step("DMARC enforced (quarantine or reject), once every sender of the domain passes.")
        .step("The logo: a square SVG file of the profile Tiny PS, at an https address that stays.")
        .step("The certificate: a Verified Mark Certificate (VMC), or for Gmail a Common Mark Certificate (CMC); its address goes into a=.");
    let found =
        found.map(|f| finish(&bimi_not_eligible::RULE, f, fix, pasted, "default._bimi").severity(Severity::Info));
    let question = "Is DMARC enforced, and is the logo an SVG of the profile Tiny PS?";
    Verdict::of(found.into_iter().collect(), smallvec::smallvec![gap(question, pasted, "default._bimi.")])
}

struct Flawed {
    title: String,
    what: String,
    exhibit: Exhibit,
}

/// The first text that is such a record.
fn read(pasted: &Pasted, of: impl Fn(&[u8]) -> Option<Tagged>) -> Option<(&Entry, Tagged)> {
    let mut texts = pasted.entries.iter().filter(|_| pasted.kind == Kind::Txt);
    texts.find_map(|entry| Some((entry, of(&entry.text)?)))
}

fn flawed(entry: &Entry, record: &Tagged, what: &str) -> Option<Flawed> {
    let first: &Flaw = record.flaws.first()?;
    let all: Vec<String> = record.flaws.iter().map(|f| f.text.clone()).collect();
    let span = first.span.map_or(entry.span, |span| entry.place(span));
    Some(Flawed {
        title: format!("The {what} record has a fault"),
        what: shown::listed(&all, 4),
        exhibit: Exhibit::input(span, first.text.clone()),
    })
}

fn finish(rule: &'static Rule, flawed: Flawed, fix: Remedy, pasted: &Pasted, label: &str) -> Finding {
    let name = pasted.name.clone().unwrap_or_else(|| format!("{label}.<your domain>"));
    Finding::new(rule, flawed.title)
        .severity(Severity::Low)
        .sure(Confidence::Certain, "the record is in what you pasted")
        .explain(format!("In the record that you pasted {}.", flawed.what))
        .exhibit(flawed.exhibit)
        .fix(fix)
        .check(command!("dig +short TXT {}", name), "the record without this fault")
}

/// What only the domain's own answers can tell.
fn gap(question: &str, pasted: &Pasted, label: &str) -> Gap {
    let domain = pasted.name.as_deref().and_then(|n| n.strip_prefix(label)).unwrap_or("DOMAIN");
    Gap::new(question.to_owned(), command!("postdoc check {}", domain))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge};
    use super::*;

    #[test]
    fn reports_on_tls() {
        let rule = &mta_sts_or_dane_broken::RULE;
        for paste in
            ["v=TLSRPTv1; rua=admin@example.com", "_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=admin@example.com\""]
        {
            assert!(found(rule, paste, None).explanation.contains("mailto: is missing"), "{paste}");
        }
        let twice = "_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com\"";
        let change = &found(rule, twice, None).fix.unwrap().records[0];
        assert_eq!(change.after, [crate::remedy::text("v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.com")]);
        assert_eq!(found(rule, "v=TLSRPTv1", None).fix.unwrap().blanks, ["your domain", "address for TLS reports"]);
        let version = found(rule, "v=TLSRPT1; rua=mailto:a@example.com", None);
        assert!(
            version.explanation.contains("exactly v=TLSRPTv1") && version.fix.unwrap().summary.starts_with("Begin")
        );
        assert!(matches!(judge(rule, "v=TLSRPTv1; rua=mailto:a@example.com", None), Verdict::Pass));
        assert!(matches!(judge(rule, "v=spf1 -all", None), Verdict::NotApplicable));
    }

    #[test]
    fn a_policy_announced() {
        let rule = &mta_sts_or_dane_broken::RULE;
        assert!(found(rule, "v=STSv1; id=2025-01-01", None).explanation.contains("letters and digits"));
        let Verdict::Unknown(gaps) = judge(rule, "_mta-sts.example.com TXT \"v=STSv1; id=20250101\"", None) else {
            panic!()
        };
        assert!(
            gaps[0].question().contains("HTTPS") && gaps[0].needs.words() == "postdoc check example.com",
            "{gaps:?}"
        );
    }

    #[test]
    fn a_logo() {
        let rule = &bimi_not_eligible::RULE;
        let bare = found(rule, "v=BIMI1; l=https://example.com/bimi.svg", None);
        assert!(bare.explanation.contains("certificate") && bare.severity == Severity::Info);
        assert!(bare.fix.unwrap().steps[0].contains("DMARC enforced"));
        assert!(found(rule, "v=BIMI1; l=http://example.com/l.svg", None).explanation.contains("https"));
        let whole = "v=BIMI1; l=https://example.com/l.svg; a=https://example.com/v.pem";
        assert!(matches!(judge(rule, whole, None), Verdict::Unknown(_)));
        assert!(matches!(judge(rule, "v=BIMI1; l=; a=", None), Verdict::Pass));
    }
}
