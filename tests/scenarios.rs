//! Stories: evidence in, the complete list of findings out; anything unlisted fails.
//!
//! `POSTDOC_BLESS=1 cargo test --test scenarios` rewrites `expect`; read the difference before you believe it.

mod stories;

use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::Evidence;
use postdoc::evidence::case::Case;
use postdoc::facts::Reading;
use postdoc::replay::prove;
use postdoc::report::{Shown, json};
use postdoc::rules::Proof;
use std::fmt::Write as _;
use std::sync::Arc;
use stories::{evidence, stories};

fn diagnosis(evidence: Evidence) -> Diagnosis {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    prove(diagnose(Arc::new(evidence), reading)).diagnosis
}

/// All that a diagnosis says, a line each.
fn told(d: &Diagnosis) -> String {
    let mut out = String::new();
    writeln!(out, "{} {}", d.verdict.state.word(), d.verdict.cause.map_or("-", |r| r.id)).unwrap();
    writeln!(out, "{}", d.verdict.headline).unwrap();
    for f in &d.findings {
        for (indent, f) in std::iter::once(("", f)).chain(f.consequences.iter().map(|c| ("  ", c))) {
            writeln!(out, "{indent}{} {} {}: {}", f.severity.word(), f.confidence.word(), f.rule.id, f.title).unwrap();
            match &f.proof {
                None => {}
                Some(Proof::Proven { before, after, remains, given, open }) => {
                    let left: Vec<&str> = remains.iter().map(|r| r.rule.id).collect();
                    let given = given.as_ref().map_or(String::new(), |given| format!(", once {given}"));
                    let left = if left.is_empty() { String::new() } else { format!("; remains: {}", left.join(" ")) };
                    writeln!(out, "{indent}  = {} → {}{given}{left}", before.word(), after.word()).unwrap();
                    open.iter().for_each(|gap| writeln!(out, "{indent}  = ask again: {}", gap.needs.words()).unwrap());
                }
                Some(Proof::Open { needs }) => {
                    let needs: Vec<_> = needs.iter().map(|g| g.needs.words()).collect();
                    writeln!(out, "{indent}  = open: {}", needs.join("; ")).unwrap();
                }
                Some(Proof::Disproven { why }) => writeln!(out, "{indent}  = DISPROVEN: {why}").unwrap(),
            }
            for change in f.fix.iter().flat_map(|fix| &fix.records) {
                for after in change.after.iter().filter(|a| !change.before.contains(a)) {
                    writeln!(out, "{indent}  + {} {} {after}", change.name, change.kind).unwrap();
                }
                for before in change.before.iter().filter(|b| !change.after.contains(b)) {
                    writeln!(out, "{indent}  - {} {} {before}", change.name, change.kind).unwrap();
                }
            }
        }
    }
    for gap in &d.unknown {
        writeln!(out, "? {}", gap.question()).unwrap();
    }
    out
}

#[test]
fn every_story_is_told_completely() {
    let bless = std::env::var_os("POSTDOC_BLESS").is_some();
    let mut wrong = String::new();
    for story in stories() {
        let got = told(&diagnosis(evidence(&story)));
        let path = story.join("expect");
        if bless {
            std::fs::write(&path, &got).unwrap();
        } else {
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if got != expected {
                write!(wrong, "\n== {}\n-- expected\n{expected}-- got\n{got}", story.display()).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A rule that no story fires is a rule that nobody has seen at work.
#[test]
fn every_rule_fires_in_some_story() {
    let diagnoses: Vec<_> = stories().iter().map(|s| diagnosis(evidence(s))).collect();
    let fired = |id: &str| diagnoses.iter().flat_map(|d| d.every_finding()).any(|f| f.rule.id == id);
    let silent: Vec<_> = postdoc::rules::all().map(|r| r.id).filter(|id| !fired(id)).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn there_are_enough_stories() {
    assert!(stories().len() >= 95, "{}", stories().len());
}

/// What every finding owes its reader, on every story.
#[test]
fn every_finding_points_at_bytes_and_ends_in_something_to_do() {
    for story in stories() {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        let d = diagnosis(evidence(&story));
        for f in d.every_finding() {
            let at = format!("{name}: {}", f.rule.id);
            assert!(!f.exhibits.is_empty(), "{at}: no evidence");
            assert!(!f.explanation.is_empty(), "{at}: no explanation");
            assert!(f.title.chars().count() <= 70, "{at}: {}", f.title);
            assert!(f.fix.is_some() || f.severity == postdoc::rules::Severity::Info, "{at}: nothing to do");
            assert!(f.check.is_some() || f.severity == postdoc::rules::Severity::Info, "{at}: no way to check");
            let blanks = f
                .fix
                .iter()
                .flat_map(|x| &x.records)
                .flat_map(|c| &c.after)
                .filter(|a| a.to_string().contains('<'))
                .count();
            assert!(
                blanks == 0 || f.fix.as_ref().is_some_and(|x| !x.blanks.is_empty()),
                "{at}: a blank nobody explains"
            );
        }
    }
}

#[test]
fn a_case_replays_to_the_same_bytes() {
    for story in stories() {
        let evidence = evidence(&story);
        let case = Case::new(&evidence, true);
        let again = Case::read(case.write().as_bytes()).unwrap();
        let write = |e| json::pretty(&json::diagnosis::document(&diagnosis(e)), Shown::default());
        assert_eq!(write(evidence), write(again.evidence(None).unwrap()), "{}", story.display());
    }
}
