//! `--linear`: a diagnosis by ear says all that the screens show.

use super::*;
use postdoc::diagnose::diagnose;
use postdoc::facts::Reading;
use postdoc::replay::prove;
use postdoc::report::snippet;

/// Everything that a screen shows of a finding, each piece as it is shown.
fn shown(d: &Diagnosis) -> Vec<(String, String)> {
    let mut pieces = vec![("verdict".to_owned(), d.verdict.headline.clone())];
    for f in d.every_finding() {
        let mut add = |what: &str, text: &str| pieces.push((format!("{} {what}", f.rule.id), text.to_owned()));
        add("title", &f.title);
        add("rule", f.rule.id);
        add("why", &f.explanation);
        add("sure", f.confidence.word());
        for piece in snippet::pieces(&d.facts.evidence.input, &f.exhibits, Shown::default()) {
            for mark in &piece.marks {
                add("evidence", &piece.text[mark.range.clone()].replace('\n', " "));
                add("label", &mark.label);
            }
        }
        if let Some(fix) = &f.fix {
            add("fix", &fix.summary);
            fix.steps.iter().for_each(|step| add("step", step));
            fix.upkeep.iter().for_each(|text| add("upkeep", text));
            fix.blanks.iter().for_each(|text| add("blank", text));
            for change in &fix.records {
                add("record", &change.name);
                change.before.iter().for_each(|data| add("before", &data.to_string()));
                change.after.iter().for_each(|data| add("after", &data.to_string()));
            }
        }
        if let Some(check) = &f.check {
            add("check", &check.command);
            add("expect", &check.expect);
        }
    }
    for gap in &d.unknown {
        pieces.push(("question".into(), gap.question().to_string()));
        pieces.push(("needs".into(), gap.needs.words().into_owned()));
    }
    for line in d.requirements() {
        pieces.push(("demand".into(), line.demand.what.clone()));
    }
    pieces
}

fn judged(case: &Case) -> Diagnosis {
    let evidence = case.evidence(None).unwrap();
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    prove(diagnose(Arc::new(evidence), reading)).diagnosis
}

/// A transcript: the list, each number, and the lists beside it.
fn transcript(home: &Home, case: &Case, findings: usize) -> String {
    let file = home.file("story.postdoc", case.write());
    let numbers: String = (1..=findings).map(|n| format!("{n}\n")).collect();
    let out = home.fed(&["cases", "show", &file, "--linear"], format!("{numbers}u\nr\np\nq\n").as_bytes());
    std::fs::remove_file(&file).unwrap();
    assert_eq!(out.stderr, "");
    out.stdout
}

#[test]
fn a_transcript_holds_every_finding_with_all_that_belongs_to_it() {
    let home = Home::new();
    let mut missing = String::new();
    for world in worlds() {
        let case = Case::new(&world.diagnosis.facts.evidence, true);
        let d = judged(&case);
        let told = transcript(&home, &case, d.every_finding().count());
        for (what, text) in shown(&d) {
            let safe = Shown::default().line(&text);
            if !told.contains(safe.trim()) {
                missing += &format!("{}: {what}: {safe}\n", world.name);
            }
        }
        assert!(!told.contains('\x1b') && !told.contains('\r'), "{}", world.name);
    }
    assert!(missing.is_empty(), "{missing}");
}

#[test]
fn a_story_by_ear() {
    let home = Home::new();
    let out = home.fed(&["diagnose", "--sample", "unaligned", "--linear", "--now", NOW], b"1\nnonsense\nf\n");
    assert_eq!(out.status, 1);
    insta::assert_snapshot!(out.stdout);
}

/// The end of the input ends it; what came through the pipe is told at once and whole.
#[test]
fn nobody_is_asked_where_nobody_is() {
    let home = Home::new();
    let text = sample("unaligned");
    let out = home.fed(&["diagnose", "--linear", "--offline", "--no-save", "-"], text.as_bytes());
    assert!(out.stdout.contains("Finding 1 of ") && !out.stdout.contains("Which?"), "{}", out.stdout);
    let json = home.fed(&["diagnose", "--linear", "--json", "--offline", "--no-save", "-"], text.as_bytes());
    assert_eq!(json.json()["schema"], "postdoc/diagnosis");
}

/// What the command line leaves out is asked for, in the words of the help; what cannot be read is asked again.
#[test]
fn what_is_missing_is_asked_for() {
    let home = Home::new();
    let answers = b"ann@example.com\nnonsense\nme@example.net\nlocalhost:1\n\n\n";
    let out = home.fed(&["send", "--linear", "--dry-run"], answers);
    assert_eq!(out.status, 0, "{}{}", out.stdout, out.stderr);
    assert!(out.stdout.contains("Who gets it") && out.stdout.contains("invalid value 'nonsense'"), "{}", out.stdout);
    assert!(out.stdout.contains("To: me@example.net"), "{}", out.stdout);
    let ended = home.fed(&["watch", "--linear"], b"q\n");
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    let ended = home.fed(&["fetch", "--linear"], b"");
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    // Without it, nothing is asked.
    assert_eq!(home.fed(&["watch"], b"x\n").status, 2);
}
