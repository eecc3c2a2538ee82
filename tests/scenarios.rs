//! Stories: evidence in, the complete list of findings out; anything unlisted fails.
//!
//! A story is a folder of `tests/scenarios`: `input` (what was pasted), `zone` (the invented DNS, see
//! `postdoc::evidence::zone`; without it nothing is asked), `said` (what the user stated, a `key=value`
//! a line), `fetched` (what errands brought, a JSON object of the case file a line) and `expect`. `POSTDOC_BLESS=1 cargo test --test scenarios` rewrites `expect`; read the
//! difference before you believe it.

use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::case::{Case, Done};
use postdoc::evidence::said::Part;
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Fetched, Input, Said};
use postdoc::facts::Reading;
use postdoc::report::{Shown, json};
use postdoc::samples::settle;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut stories: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    stories.sort();
    stories
}

fn evidence(story: &Path) -> Evidence {
    let input = Input::read("story", std::fs::read(story.join("input")).unwrap(), None).unwrap();
    let zone = std::fs::read_to_string(story.join("zone")).ok();
    let evidence = Evidence {
        input: Arc::new(input),
        said: said(&std::fs::read_to_string(story.join("said")).unwrap_or_default()),
        answers: Default::default(),
        fetched: fetched(&std::fs::read_to_string(story.join("fetched")).unwrap_or_default()),
        now: "2026-06-10T12:00:00Z".parse().unwrap(),
        offline: zone.is_none(),
    };
    match zone {
        Some(text) => settle(evidence, &Zone::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", story.display()))),
        None => evidence,
    }
}

fn fetched(text: &str) -> Fetched {
    text.lines().map(|line| serde_json::from_str::<Done>(line).unwrap()).map(|d| (d.errand, d.brought)).collect()
}

fn said(text: &str) -> Said {
    let mut said = Said::default();
    for (key, value) in text.lines().filter_map(|l| l.split_once('=')) {
        let value = value.trim().to_owned();
        let c = &mut said.configured;
        let check = &mut said.check;
        match key.trim() {
            "ip" => said.ip = Some(value.parse().unwrap()),
            "helo" => said.helo = Some(value),
            "mail-from" => said.mail_from = Some(value),
            "trust" => said.trust = Some(value),
            "check.ip" => check.ips.push(value.parse().unwrap()),
            "check.selector" => check.selectors.push(value),
            "check.non-sending" => check.non_sending = true,
            "check.blocklists" => check.blocklists = true,
            "check.probe-mx" => check.probe_mx = true,
            "check.recipient" => check.recipients.push(value),
            "check.rdap" => check.rdap = true,
            "configured.from" => c.from = Some(value),
            "configured.mail-from" => c.mail_from = Some(value),
            "configured.mail-from-type" => c.mail_from_type = Some(value),
            "configured.helo" => c.helo = Some(value),
            "configured.selector" => c.selector = Some(value),
            "configured.secondary-selector" => c.secondary_selector = Some(value),
            "configured.ip" => c.ip = Some(value.parse().unwrap()),
            "configured.pool" => c.pool = Some(value),
            "configured.virtual-sender" => c.virtual_sender = Some(value),
            "configured.template-sender" => c.template_sender = Some(value),
            "check.platform" => check.platforms.push(value),
            "check.only" => check.only.push(Part::ALL.into_iter().find(|p| p.word() == value).unwrap()),
            other => panic!("unknown statement {other}"),
        }
    }
    said
}

fn diagnosis(evidence: Evidence) -> Diagnosis {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    diagnose(Arc::new(evidence), reading)
}

/// All that a diagnosis says, a line each.
fn told(d: &Diagnosis) -> String {
    let mut out = String::new();
    writeln!(out, "{} {}", d.verdict.state.word(), d.verdict.cause.map_or("-", |r| r.id)).unwrap();
    writeln!(out, "{}", d.verdict.headline).unwrap();
    for f in &d.findings {
        for (indent, f) in std::iter::once(("", f)).chain(f.consequences.iter().map(|c| ("  ", c))) {
            writeln!(out, "{indent}{} {} {}: {}", f.severity.word(), f.confidence.word(), f.rule.id, f.title).unwrap();
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
        writeln!(out, "? {}", gap.question).unwrap();
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
