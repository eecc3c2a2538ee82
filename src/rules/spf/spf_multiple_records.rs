use super::slim;
use super::support::{
    Broken, Obstacle, by_word, consequences, dig_txt, is_judged, is_unread, names, obstacle, reported,
    reported_exhibit, reported_pass, short, surveyed, text_exhibit, told_broken, txt, unread, weighed,
};
use crate::facts::Facts;
use crate::facts::spf::record::Record;
use crate::facts::spf::{LOOKUPS, Published, Whose};
use crate::remedy::spf::Merged;
use crate::remedy::{self, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// One name has several SPF records
    ///
    /// ## What we saw
    /// Two or more TXT records at the same name begin with `v=spf1`.
    ///
    /// ## Why mail suffers
    /// SPF records do not add up and the newer one does not replace the older. With more than one, receivers stop with
    /// `permerror`, and every message of the domain goes without SPF.
    ///
    /// ## How to fix it
    /// Make one record of them: all the mechanisms, each once, and one `all` at the end. Delete the others, and leave
    /// unrelated TXT records alone.
    ///
    /// ## How to check
    /// Ask for the TXT records of the name: exactly one begins `v=spf1`.
    pub RULE = "spf-multiple-records", Spf, Critical, judge,
    ["RFC 7208 §3.2", "RFC 7208 §4.5"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.spf_published.is_empty() {
        return Verdict::NotApplicable;
    }
    let (mut found, mut gaps) = (Vec::new(), Gaps::new());
    for at in names(facts) {
        if at.records.len() > 1 {
            found.push(finding(facts, at));
        } else if is_unread(facts, at) {
            found.extend((told_broken(facts, at) == Some(Broken::Several)).then(|| told(facts, at)));
            gaps.push(unread(&at.domain));
        }
    }
    Verdict::of(found, gaps)
}

/// The receiver says so, and DNS is not known.
fn told(facts: &Facts, at: &Published) -> Finding {
    by_word(
        facts,
        at,
        &RULE,
        "there are several, and receivers accept only one",
        format!("{} has several SPF records", short(&at.domain)),
    )
    .fix(
        Remedy::new(format!("Leave one SPF record at {}.", at.domain))
            .step("Put the terms of all of them into one, with one v=spf1 and one all, and take the others out."),
    )
    .check(dig_txt(&at.domain), "exactly one record that begins v=spf1")
}

fn finding(facts: &Facts, at: &Published) -> Finding {
    let name = if at.domain.is_empty() { "This name" } else { at.domain.as_str() };
    let judged = is_judged(facts, at);
    let permerror = judged && reported(facts) == Some("permerror");
    let (confidence, because) = match at.whose {
        Whose::Pasted => (Confidence::Certain, "The records are in what you pasted."),
        _ if permerror => (Confidence::Certain, "The receiver wrote spf=permerror, and DNS has several records."),
        _ => (Confidence::Likely, "DNS has several records today; the receiver's result does not name the reason."),
    };
    let severity = match at.whose {
        Whose::Pasted => Severity::Critical,
        _ if judged && reported_pass(facts) => Severity::Low,
        _ if judged => weighed(facts, Severity::Critical, Severity::Medium),
        // Nobody looked at this one for this message.
        _ => Severity::Low,
    };
    let mut text =
        format!("{name} has {} SPF records, and receivers accept only one: they answer permerror.", at.records.len());
    if judged && reported_pass(facts) {
        text.push_str(" This message still passed: the second record is newer, or the receiver is lenient.");
    } else if !judged && at.whose != Whose::Pasted {
        text.push_str(" SPF did not look at this name for this message; mail with a Return-Path there suffers.");
    }
    let exhibits = at.records.iter().enumerate().filter_map(|(n, record)| {
        text_exhibit(facts, at, record, None, if n == 0 { "one SPF record" } else { "another at the same name" })
    });
    let exhibits: Vec<Exhibit> = exhibits.collect();
    let mut leads_to = Vec::new();
    if judged && severity > Severity::Low {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    let command = if at.domain.is_empty() { "dig +short TXT <your domain>".to_owned() } else { txt(&at.domain).dig() };
    let (fix, corrected) = fix(facts, at);
    if corrected {
        leads_to.push("spf-syntax-error");
    }
    Finding::new(&RULE, format!("{} has {} SPF records", short(name), at.records.len()))
        .severity(severity)
        .sure(confidence, because)
        .explain(text)
        .exhibits(reported_exhibit(facts, "the receiver's result").filter(|_| permerror))
        .exhibits(exhibits)
        .fix(fix)
        .check(command, "exactly one record that begins v=spf1, on every name server")
        .leads_to(&leads_to)
}

/// What to do, and whether that puts mistyped terms right as well.
fn fix(facts: &Facts, at: &Published) -> (Remedy, bool) {
    let records: Vec<&str> = at.records.iter().map(|r| r.text.as_str()).collect();
    match remedy::spf::merge_records(&records) {
        Some(merged) => (joined(facts, at, &merged), merged.corrected),
        None => (by_hand(), false),
    }
}

fn by_hand() -> Remedy {
    Remedy::new("Make one record of them.")
            .step("Join the mechanisms of all before one `all`, each once. Put right what is broken in them first, and see to the order where a term refuses senders: the first match decides.")
}

fn joined(facts: &Facts, at: &Published, merged: &Merged) -> Remedy {
    let (needs, _) = remedy::spf_trial::cost(&facts.evidence.answers, &at.domain, &merged.record);
    let (mut remedy, record) = match needs > LOOKUPS {
        false => (Remedy::new("Replace them by one record that holds all their mechanisms."), merged.record.clone()),
        true => {
            let remedy =
                Remedy::new("Make one record of them, with fewer look-ups than they need together.").step(format!(
                    "Joined as they are they need more than {LOOKUPS} look-ups, and receivers answer permerror to that."
                ));
            match slim::slim(facts, &surveyed(facts, &at.domain, &merged.record), remedy) {
                (remedy, Some(record)) => (remedy, record),
                (remedy, None) => return remedy,
            }
        }
    };
    if merged.weakened {
        remedy = remedy.step("The records end differently; the milder ending is kept, so that no mail is shut out. Tighten it later if you mean to.");
    }
    if merged.corrected {
        remedy = remedy.step("What was mistyped in them is put right in it.");
    }
    if merged.redirect_included {
        remedy = remedy.step("A `redirect=` cannot stand beside the other mechanisms, so it became an `include:`.");
    }
    if let Some(Obstacle::Alias(target)) = obstacle(facts, &at.domain).filter(|_| at.whose != Whose::Pasted) {
        return remedy.step(format!("{} is an alias of {target}: whoever runs {target} must do it.", at.domain));
    }
    let replaced = remedy::spf::change(&facts.evidence.answers, &at.domain, Record::is, Some(&record));
    match replaced.filter(|_| at.whose != Whose::Pasted) {
        Some(change) => remedy.record(change),
        None if at.domain.is_empty() => remedy.step(format!("The one record: {record}")),
        None => remedy.step(format!("The one record, as TXT at {}: {record}", at.domain)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    fn twice() -> Scene {
        message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &["v=spf1 mx -all", "site=1", "v=spf1 include:a.test ~all"])
    }

    #[test]
    fn they_become_one_and_the_rest_stays() {
        let finding = twice().reported("permerror").found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(after(&finding), ["v=spf1 mx include:a.test ~all", "site=1"]);
        assert!(finding.leads_to.contains(&"spf-not-authorized"));
        assert!(finding.fix.unwrap().steps[0].contains("milder"));
    }

    #[test]
    fn what_is_mistyped_in_one_of_them_is_put_right_in_the_same_step() {
        let scene = message("a@example.com", "a@example.com", "192.0.2.4");
        let finding = scene.txt("example.com", &["v=spf1 mx -all", "v=spf1 include=a.test ~all"]).found(&RULE);
        assert_eq!(after(&finding), ["v=spf1 mx include:a.test ~all"]);
        assert!(finding.leads_to.contains(&"spf-syntax-error"));
        assert!(!twice().found(&RULE).leads_to.contains(&"spf-syntax-error"));
    }

    #[test]
    fn what_passes_the_limit_is_not_proposed() {
        let terms = |n: std::ops::Range<u8>| n.map(|n| format!("include:i{n}.test ")).collect::<String>();
        let records = [format!("v=spf1 {}-all", terms(0..6)), format!("v=spf1 {}-all", terms(6..12))];
        let scene = message("a@example.com", "a@example.com", "192.0.2.4");
        let fix = scene.txt("example.com", &[&records[0], &records[1]]).found(&RULE).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("more than 10"), "{fix:?}");
        let fix = pasted(None, &[&records[0], &records[1]]).found(&RULE).fix.unwrap();
        assert!(fix.steps[0].contains("more than 10"), "{fix:?}");
    }

    #[test]
    fn a_pass_reported_makes_it_small() {
        let finding = twice().reported("pass").found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.leads_to.is_empty());
    }

    #[test]
    fn sender_id_beside_one_record_is_not_two() {
        pasted(None, &["v=spf1 mx -all", "spf2.0/pra include:spf.mailer.test -all"]).passes(&RULE);
        let finding = pasted(Some("example.com"), &["v=spf1 mx -all", "v=spf1 a -all"]).found(&RULE);
        assert_eq!(finding.confidence, Confidence::Certain);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &["v=spf1 -all"]).passes(&RULE);
        assert_eq!(message("a@example.com", "a@example.com", "192.0.2.4").unknown(&RULE).len(), 1);
        message("a@example.com", "a@example.com", "").fails("example.com", Kind::Txt, Outcome::Refused).unknown(&RULE);
    }
}
