//! What eyes and `cut` see.

use super::*;
use postdoc::redact::Redaction;
use postdoc::report::{human, plain};

const PLAIN: &str = "\
input\tsample unaligned\theaders\t1921
verdict\tfail\tdmarc-unaligned\tDMARC fails: SPF and DKIM pass, but for mailer.example.
identity\tfrom\tnews@example.com
identity\tmail-from\tmailer.example
identity\thelo\tout24.mailer.example
identity\tsource-ip\t198.51.100.24
reported\tspf\tpass\tmailer.example
reported\tdkim\tpass\tmailer.example\tk1
reported\tdmarc\tfail\texample.com\tquarantine
alignment\tspf\tnone
alignment\tdkim\tnone
";

#[test]
fn plain_lines_are_stable() {
    let home = Home::new();
    let out = home.run(&["diagnose", "--sample", "unaligned", "-f", "plain", "--now", NOW]);
    assert!(out.stdout.starts_with(PLAIN), "{}", out.stdout);
    let findings: Vec<&str> = out.stdout.lines().filter(|l| l.starts_with("finding\t")).collect();
    assert!(findings[0].starts_with("finding\tdmarc-unaligned\tcritical\tcertain\t"), "{findings:?}");
    for World { name, diagnosis } in worlds() {
        let text = plain::diagnosis(diagnosis, Shown::default());
        for line in text.lines() {
            let kind = line.split('\t').next().unwrap();
            let known = [
                "input",
                "verdict",
                "identity",
                "reported",
                "alignment",
                "finding",
                "record",
                "unknown",
                "answer",
                "source",
                "requirement",
                "recipient",
            ];
            assert!(known.contains(&kind), "{name}: {line}");
            let columns = line.split('\t').count();
            assert!(columns >= 3, "{name}: {line}");
        }
        assert_eq!(text.lines().filter(|l| l.starts_with("verdict\t")).count(), 1);
    }
}

/// What is seen here and elsewhere of all stories in one process is what a process for each prints.
#[test]
fn a_process_prints_what_the_library_says() {
    let home = Home::new();
    for world in worlds().iter().filter(|w| samples::find(&w.name).is_some() || w.name.ends_with("check-healthy")) {
        let file = home.file("case.postdoc", world.case());
        let printed = |args: &[&str]| home.run(&[&["cases", "show", &file], args].concat());
        let (d, shown) = (&world.diagnosis, Shown::default());
        let redaction = Redaction::of(&d.facts);
        let hidden = Shown { redaction: Some(&redaction) };
        let json = printed(&["--json"]);
        assert_eq!(json.stdout, world.json(shown), "{}", world.name);
        assert_eq!((json.status, json.stderr.as_str()), (status(d), ""), "{}", world.name);
        assert_eq!(printed(&["--json", "--redact"]).stdout, world.json(hidden), "{}", world.name);
        assert_eq!(printed(&["-f", "plain"]).stdout, plain::diagnosis(d, shown), "{}", world.name);
        assert_eq!(printed(&["-v"]).stdout, human::diagnosis(d, style(100), shown), "{}", world.name);
    }
}

fn status(d: &Diagnosis) -> i32 {
    match d.verdict.state.word() {
        "fail" => 1,
        "unknown" => 3,
        _ => 0,
    }
}

/// All that there is to say, without colour.
fn style(width: usize) -> human::Style {
    human::Style { colour: false, unicode: true, width, full: true }
}

#[test]
fn eyes_see_the_verdict_first_then_the_proof_the_fix_and_the_check() {
    let home = Home::new();
    let out = home.run(&["diagnose", "--sample", "two-spf", "--now", NOW]);
    let text = &out.stdout;
    assert!(text.starts_with("✗ FAIL  "), "{text}");
    let order = [
        "✗ FAIL",
        "spf-multiple-records",
        "━━━",
        "  why ",
        "  fix ",
        "+ \"v=spf1",
        "  check dig +short TXT",
        "  sure ",
    ];
    let mut at = 0;
    for part in order {
        at += text[at..].find(part).unwrap_or_else(|| panic!("{part} after {at}:\n{text}"));
    }
}

#[test]
fn consequences_stand_under_their_cause() {
    let home = Home::new();
    let short = home.run(&["diagnose", "--sample", "unaligned", "--now", NOW]).stdout;
    assert!(short.contains("because of this:\n    error[spf-wrong-domain]"), "{short}");
    let cause = short.split("note[").next().unwrap();
    assert_eq!(cause.matches("  fix ").count(), 1, "one cause, one fix:\n{short}");
    let full = home.run(&["diagnose", "--sample", "unaligned", "--now", NOW, "-v"]).stdout;
    assert!(full.matches("  fix ").count() > 1, "{full}");
    let told = home.run(&["diagnose", "--sample", "unaligned", "--now", NOW, "--json"]).json();
    for finding in told["findings"].as_array().unwrap() {
        assert!(short.contains(finding["rule"].as_str().unwrap()), "{}", finding["rule"]);
    }
}

/// Columns, as a terminal counts them for what is shown here.
fn columns(line: &str) -> usize {
    line.chars().count()
}

#[test]
fn the_width_is_kept() {
    for World { name, diagnosis } in worlds() {
        for width in [60, 80, 100] {
            let text = human::diagnosis(diagnosis, style(width), Shown::default());
            for line in text.lines().filter(|l| columns(l) > width) {
                // What is there to be copied is never cut: records, commands, places, and single words.
                let text = line.trim_start_matches([' ', '+', '-']);
                let record = line.starts_with("        ")
                    && (text.starts_with('"')
                        || ["TXT", "CNAME", "PTR"].iter().any(|t| text.ends_with(&format!(".  {t}"))));
                let command = line.starts_with("  check ") || line.starts_with("      dig ");
                let place = line.contains(" ╭▸ ") || line.contains(" ├▸ ");
                assert!(record || command || place || !text.contains(' '), "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn colour_is_there_when_it_is_wanted() {
    let home = Home::new();
    let shown = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = home.command(&[&["diagnose", "--sample", "no-key", "--now", NOW], args].concat());
        command.envs(env.iter().copied());
        finish(command, b"").stdout
    };
    let plain = shown(&[], &[]);
    assert!(!plain.contains('\x1b'), "a pipe is no terminal");
    let painted = shown(&["--color", "always"], &[]);
    assert!(painted.contains("\x1b[1;31m✗ FAIL\x1b[0m"), "{painted}");
    assert!(shown(&[], &[("FORCE_COLOR", "1")]).contains('\x1b'));
    assert!(!shown(&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]).contains('\x1b'));
    assert!(!shown(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]).contains('\x1b'));
    // Without its colours it is the same text, column for column.
    let mut bare = String::new();
    let mut rest = painted.as_str();
    while let Some(at) = rest.find('\x1b') {
        bare.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
    }
    bare.push_str(rest);
    assert_eq!(bare, plain);
}

#[test]
fn a_typewriter_is_enough() {
    let home = Home::new();
    for sample in samples::all() {
        for (name, value) in [("LC_ALL", "C"), ("TERM", "linux")] {
            let mut command = home.command(&["diagnose", "--sample", sample.name, "--now", NOW, "-v"]);
            command.env(name, value);
            let text = finish(command, b"").stdout;
            let odd: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
            assert!(odd.is_empty(), "{} with {name}={value}: {odd:?}", sample.name);
            assert!(text.contains("^^^") || !text.contains("error["), "{text}");
        }
    }
}

#[test]
fn markdown_is_a_ticket() {
    let home = Home::new();
    let out = home.run(&["diagnose", "--sample", "two-spf", "-f", "markdown", "--now", NOW]);
    for part in
        ["# FAIL: ", "`spf-multiple-records`", "### Evidence", "### Fix", "### Check", "```text\ndig +short TXT"]
    {
        assert!(out.stdout.contains(part), "{part}: {}", out.stdout);
    }
    let fences = out.stdout.lines().filter(|l| l.starts_with("```")).count();
    assert_eq!(fences % 2, 0);
}

#[test]
fn the_rules_are_listed_in_every_form() {
    let home = Home::new();
    let json = home.run(&["rules", "--json"]).json();
    let rules = json.as_array().unwrap();
    assert!(rules.len() > 30);
    let plain = home.run(&["rules", "-f", "plain"]).stdout;
    assert_eq!(plain.lines().count(), rules.len());
    for (line, rule) in plain.lines().zip(rules) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns[0], rule["rule"]);
        assert_eq!(columns.len(), 4);
    }
}

#[test]
fn what_the_program_says_of_itself_comes_as_json_too() {
    let home = Home::new();
    let lines =
        |args: &[&str]| home.run(args).stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect::<Vec<Value>>();
    assert!(lines(&["rules", "-f", "ndjson"]).len() > 30);
    assert!(lines(&["keys", "-f", "ndjson"]).iter().all(|row| row["keys"].is_string() && row["help"].is_string()));
    assert_eq!(lines(&["explain", "p=reject", "-f", "ndjson"]).len(), 1);
    assert!(lines(&["doctor", "--offline", "-f", "ndjson"])[0]["dns"].is_string());
    let path = lines(&["config", "path", "--config", "/nowhere/postdoc.toml", "--json"]);
    assert_eq!(path[0]["path"], "/nowhere/postdoc.toml");
}

#[test]
fn a_text_that_is_no_record_of_mail_is_not_passed() {
    let home = Home::new();
    for text in ["hello world", "From: ann@example.com", "google-site-verification=abc"] {
        let file = home.file("record", text);
        let out = home.diagnose(&["--as", "record", &file]);
        assert_eq!(out.status, 3, "{text}: {}", out.stdout);
        assert!(out.stdout.contains("no record that mail uses"), "{text}: {}", out.stdout);
    }
}

#[test]
fn a_command_to_paste_runs_nothing_of_a_strangers() {
    let home = Home::new();
    let record = "example.com. IN TXT \"v=spf1 include:x;id>p;$(id).example -all\"\n";
    let file = home.file("record.txt", record);
    let json = home.diagnose(&["--json", &file]).stdout;
    assert!(json.contains("dig +short TXT 'x;id>p;$(id).example'"), "{json}");
    assert!(!json.contains("TXT x;id"), "{json}");
}

#[test]
fn a_misspelt_command_is_told_by_the_nearest_name() {
    let home = Home::new();
    for (args, word, command) in [
        (&["chekc", "example.com"][..], "chekc", "check"),
        (&["wach", "example.com", "TXT"], "wach", "watch"),
        (&["diagnos"], "diagnos", "diagnose"),
        (&["diagnos", "x"], "diagnos", "diagnose"),
        (&["--offline", "-f", "json", "chekc", "example.com"], "chekc", "check"),
    ] {
        let out = home.run(args);
        assert_eq!((out.status, out.stdout.as_str()), (2, ""), "{args:?}");
        assert!(out.stderr.contains(&format!("no command is called '{word}'; there is '{command}'")), "{}", out.stderr);
    }
    // A file of such a name is a file, and what is like no command is what it was.
    let file = home.file("chekc", "From: a@example.com\n\nx\n");
    assert!(!home.run(&[file.as_str(), "--offline"]).stderr.contains("no command"));
    assert!(!home.run(&["missing.eml"]).stderr.contains("no command"));
}
