use super::support::{addresses, kept_out, messages, not_yet, published, report, rows, severity, standing};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Row, Source, Standing, policy_question};
use crate::remedy::{Change, Remedy};
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Finding, Gaps, Verdict, rule};

rule! {
    /// Strict alignment turns mail of your own down
    ///
    /// ## What we saw
    /// A DMARC report lists mail that DKIM or SPF vouches for as another name of your organization, while the policy asks
    /// for the very same name as in From (adkim=s, aspf=s). So the receiver counts neither.
    ///
    /// ## Why mail suffers
    /// This mail fails DMARC although it is yours and proven, and is junked or refused under a strict policy.
    ///
    /// ## How to fix it
    /// Take adkim=s or aspf=s out of the record; the default accepts any name of the organization. Or let the server sign
    /// as exactly the domain in From, or use it in the Return-Path.
    ///
    /// ## How to check
    /// Look the record up again; a report of a later day must show this mail passing.
    pub RULE = "report-strict-alignment", Report, Medium, judge, ["RFC 9989 §4.4.1", "RFC 9989 §4.4.2", "RFC 9990 §3.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let found = standing(facts, &[Standing::Strict]).filter_map(|source| find(facts, report, source));
    Verdict::of(found.collect(), Gaps::new())
}

/// `None` where the record has been changed since.
fn find(facts: &Facts, report: &Aggregate, source: &Source) -> Option<Finding> {
    let domain = &report.policy.domain;
    let of_source = || source.rows.iter().filter_map(|&n| report.rows.get(n));
    let down: Vec<(&str, &str)> = of_source().flat_map(|row: &Row| report.turned_down(row)).collect();
    let mut tags: Vec<&str> = down.iter().map(|(tag, _)| *tag).collect();
    let mut names: Vec<&str> = down.iter().map(|(_, name)| *name).collect();
    for list in [&mut tags, &mut names] {
        list.sort_unstable();
        list.dedup();
    }
    names.truncate(2);
    let (names, all_tags) = (names.join(" and "), tags.join(" and "));
    let mut fix = Remedy::new(format!(
        "Take {all_tags} out of the record, so that any name of the organization counts"
    ))
    .step("If strict alignment is wanted, sign as exactly the domain in From, or use it in the Return-Path, instead");
    let question = policy_question(report);
    if let Some((texts, mut edit)) = published(facts, report) {
        tags.retain(|tag| tag.split_once('=').is_some_and(|(name, value)| edit.get(name) == Some(value)));
        if tags.is_empty() {
            return None;
        }
        tags.iter().filter_map(|tag| tag.split('=').next()).for_each(|name| edit.remove(name));
        fix = fix.record(Change::txt(&question.name, &texts, &[edit.text()]));
    }
    let title = failure::title([
        format_args!("Strict alignment: {names} does not count for {domain}"),
        format_args!("Strict alignment turns mail of your own down"),
    ]);
    let finding = Finding::new(&RULE, title)
        .severity(severity(source))
        .sure(Confidence::Certain, "the receiver names the policy and what passed")
        .explain(format!(
            "{} from {} fail DMARC at {}: what passes there passes for {names}, of the same organization, and {all_tags} asks for the very name in From.{}{}",
            messages(source.count),
            addresses(source),
            report.reporter(),
            kept_out(source),
            not_yet(report)
        ))
        .exhibits(rows(report, source, 3, "passes, for another name of yours"))
        .fix(fix)
        .check(question.dig(), format!("no {}", tags.join(" and no ")));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::rules::Severity;

    const OWN: Record =
        Record("192.0.2.4", 50, "none", "fail", "fail", "mail.example.com s1 pass", "bounce.example.com pass");

    fn strict(policy: &str, records: &[Record]) -> String {
        xml(policy, records).replace("<p>", "<adkim>s</adkim><aspf>s</aspf><p>")
    }

    const ZONE: &str = "_dmarc.example.com TXT \"v=DMARC1; p=none; adkim=s; aspf=s; rua=mailto:a@example.com\"";

    #[test]
    fn another_name_of_ours_is_turned_down() {
        let found = only(judge(&facts(&strict("none", &[OWN, BOTH]), Some(ZONE))));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Medium, "Strict alignment turns mail of your own down")
        );
        assert!(found.explanation.contains("bounce.example.com and mail.example.com"), "{}", found.explanation);
        let fix = found.fix.unwrap();
        assert_eq!(fix.records[0].after[0].to_string(), "\"v=DMARC1; p=none; rua=mailto:a@example.com\"");
        let Record(ip, count, _, dkim, spf, _, m) = OWN;
        let bounced = Record(ip, count, "reject", dkim, spf, "", m);
        let found = only(judge(&facts(&strict("reject", &[bounced]), Some(ZONE))));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::High, "Strict alignment: bounce.example.com does not count for example.com")
        );
        assert_eq!(found.check.unwrap().expect, "no aspf=s");
    }

    #[test]
    fn a_record_changed_since_passes() {
        let now = "_dmarc.example.com TXT \"v=DMARC1; p=none\"";
        assert!(matches!(judge(&facts(&strict("none", &[OWN]), Some(now))), Verdict::Pass));
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&facts(&strict("none", &[BOTH, STRANGER, PLATFORM]), Some(ZONE))), Verdict::Pass));
        assert!(matches!(judge(&of("none", &[OWN])), Verdict::Pass), "relaxed: a riddle, told elsewhere");
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
