//! Exit statuses, and what is said where a command cannot do what was asked.

use super::*;

#[test]
fn the_status_follows_the_worst_finding_and_the_threshold() {
    let home = Home::new();
    let status = |args: &[&str]| home.run(&[&["diagnose", "--now", NOW, "--sample"], args].concat()).status;
    assert_eq!(status(&["unaligned"]), 1);
    assert_eq!(status(&["forwarded"]), 0);
    for (limit, expected) in [("info", 1), ("low", 1), ("medium", 1), ("high", 1), ("critical", 1), ("never", 0)] {
        assert_eq!(status(&["unaligned", "--fail-on", limit]), expected, "{limit}");
    }
    // The forwarded sample has notes and nothing worse.
    for (limit, expected) in [("info", 1), ("low", 0), ("never", 0)] {
        assert_eq!(status(&["forwarded", "--fail-on", limit]), expected, "{limit}");
    }
}

#[test]
fn what_cannot_be_told_is_three() {
    let home = Home::new();
    let file = home.file("m.eml", include_str!("../scenarios/no-verdict-offline/input"));
    assert_eq!(home.diagnose(&["--no-save", &file]).status, 3);
    assert_eq!(home.diagnose(&["--no-save", "--fail-on", "never", &file]).status, 3);
    for bytes in [&b""[..], b" \r\n\t\n", b"lorem ipsum dolor sit amet"] {
        let out = home.diagnose(&["--json", &home.file("x", bytes)]);
        assert_eq!((out.status, out.stderr.as_str()), (3, ""), "{bytes:?}");
        assert_eq!(out.json()["verdict"]["state"], "unknown");
    }
    let empty = home.diagnose(&["--color", "never", &home.file("x", "")]);
    assert!(empty.stdout.contains("The input is empty."), "{}", empty.stdout);
    assert!(!home.state().exists(), "what is nothing is not saved");
}

#[test]
fn bytes_that_are_no_text_are_no_mail() {
    let home = Home::new();
    let noise: Vec<u8> = (0..50_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for format in ["human", "plain", "json", "ndjson", "markdown"] {
        let out = home.diagnose(&["-f", format, &home.file("noise", &noise)]);
        assert_eq!((out.status, out.stderr.as_str()), (3, ""), "{format}");
    }
}

#[test]
fn too_large_is_said_with_the_limit() {
    let home = Home::new();
    let path = home.dir.path().join("large");
    std::fs::write(&path, "From: a@example.com\n\n").unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    // Sparse: no disk is filled.
    file.set_len(25 * 1024 * 1024 + 1).unwrap();
    let out = home.diagnose(&["--json", path.to_str().unwrap()]);
    assert_eq!(out.status, 3);
    let headline = out.json()["verdict"]["headline"].as_str().unwrap().to_owned();
    assert!(headline.contains("26214400"), "{headline}");
    file.set_len(25 * 1024 * 1024).unwrap();
    let read = home.diagnose(&["--no-save", "--json", path.to_str().unwrap()]).json();
    assert_eq!(read["verdict"]["cause"], "message-malformed", "the limit itself is read");
}

#[test]
fn usage_errors_are_two_and_say_what_to_do() {
    let home = Home::new();
    let cases: &[(&[&str], &[&str])] = &[
        (&["diagnose", "--sample", "nothing"], &["nothing", "unaligned"]),
        (&["diagnose", "--nonsense"], &["--nonsense", "--help"]),
        (&["diagnose", "--ip", "host.example"], &["--ip", "host.example"]),
        (&["diagnose", "--as", "poem"], &["poem", "message"]),
        (&["diagnose", "--configured", "form=example.com"], &["form", "mail-from"]),
        (&["diagnose", "--now", "today"], &["--now", "today"]),
        (&["diagnose", "--resolver", "dns.example"], &["dns.example", "192.0.2.53"]),
        (&["diagnose", "--timeout", "soon"], &["soon", "20s"]),
        (&["diagnose", "--fail-on", "sometimes"], &["sometimes", "never"]),
        (&["diagnose", "--json", "-f", "plain"], &["--json", "--format"]),
        (&["diagnose", "--sample", "list", "file"], &["--sample"]),
        (&["explain"], &["WHAT"]),
        (&["cases"], &["list"]),
        (&["cases", "show", "3f9c"], &["3f9c", "cases list"]),
        (&["resume"], &["no saved case", "diagnose"]),
    ];
    for (args, words) in cases {
        let out = home.run(args);
        assert_eq!((out.status, out.stdout.as_str()), (2, ""), "{args:?}: {}", out.stderr);
        for word in *words {
            assert!(out.stderr.contains(word), "{args:?} does not say {word:?}: {}", out.stderr);
        }
    }
}

#[test]
fn one_missing_file_among_others_costs_only_itself() {
    let home = Home::new();
    let good = home.file("a.eml", sample("forwarded"));
    let out = home.diagnose(&["--json", &good, "missing.eml", &good]);
    assert_eq!((out.status, out.stderr.as_str()), (3, ""));
    let objects: Vec<serde_json::Value> = out.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let kinds: Vec<&str> = objects.iter().map(|o| o["input"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["headers", "unknown", "headers"]);
    let headline = objects[1]["verdict"]["headline"].as_str().unwrap();
    assert!(headline.contains("missing.eml") && headline.contains("No such file"), "{headline}");
    // Something worse that was found outweighs it.
    let bad = home.file("b.eml", sample("unaligned"));
    assert_eq!(home.diagnose(&["-f", "ndjson", "missing.eml", &bad]).status, 1);
}

#[test]
fn an_input_that_cannot_be_read_is_three_and_says_why() {
    let home = Home::new();
    for (args, word) in [
        (&["diagnose", "missing.eml"][..], "No such file"),
        (&["diagnose", "."], "no files"),
        (&["diagnose", "example.net"], "No such file"),
        (&["mesage.eml"], "No such file"),
    ] {
        let out = home.run(&[args, &["-f", "json"]].concat());
        assert_eq!(out.status, 3, "{args:?}: {}", out.stderr);
        let headline = out.json()["verdict"]["headline"].as_str().unwrap().to_owned();
        assert!(headline.contains(args[args.len() - 1]) && headline.contains(word), "{headline}");
    }
}

#[test]
fn standard_input_is_read_by_name_and_without() {
    let home = Home::new();
    let text = sample("unaligned").as_bytes();
    for args in [&["diagnose", "-"][..], &["diagnose"], &["-"], &[]] {
        let out = home.fed(&[args, &["--offline", "--json"]].concat(), text);
        assert_eq!((out.status, out.stderr.as_str()), (1, ""), "{args:?}");
        assert_eq!(out.json()["input"]["name"], "-");
    }
}

#[test]
fn a_file_without_a_terminal_is_diagnosed() {
    let home = Home::new();
    let file = home.file("m.eml", sample("unaligned"));
    let out = home.run(&["--offline", "--now", NOW, "--json", &file]);
    assert_eq!(out.status, 1);
    assert_eq!(out.json()["verdict"]["cause"], "dmarc-unaligned");
    let plain = home.run(&["--offline", "--now", NOW, &file]);
    assert!(plain.stdout.contains("FAIL") && !plain.stdout.contains('\x1b'), "{}", plain.stdout);
    // A file beats a domain of the same name.
    home.file("example.com", sample("forwarded"));
    assert_eq!(home.run(&["--offline", "--json", "example.com"]).json()["input"]["kind"], "headers");
    assert_eq!(home.run(&["--offline", "--json", "example.net"]).json()["domain"], "example.net");
}

#[test]
fn what_the_user_says_counts() {
    let home = Home::new();
    let header = "Authentication-Results: mx.other.test; spf=pass smtp.mailfrom=a@example.com; dmarc=pass header.from=example.com\r\nFrom: <a@example.com>\r\n";
    let file = home.file("m.eml", header);
    let told = |args: &[&str]| home.diagnose(&[&["--json", "--no-save"], args, &[file.as_str()]].concat()).json();
    assert_eq!(told(&["--trust", "MX.Other.Test"])["receiver"]["authserv_id"], "mx.other.test");
    let said = told(&["--ip", "2001:db8::7", "--helo", "mail.example.com", "--mail-from", "b@bounce.example.com"]);
    assert_eq!(said["identities"]["source_ip"], "2001:db8::7");
    assert_eq!(said["identities"]["helo"], "mail.example.com");
    assert_eq!(said["identities"]["mail_from"]["domain"], "bounce.example.com");
    assert_eq!(told(&["--as", "message"])["input"]["kind"], "message");
    let rules = |told: &Value| -> Vec<String> {
        told["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    let conflict = "panel-override-conflict".to_owned();
    assert!(rules(&told(&["--configured", "from=example.org"])).contains(&conflict));
    assert!(!rules(&told(&["--configured", "from=example.com"])).contains(&conflict));
}

#[test]
fn flags_may_stand_before_the_command() {
    let home = Home::new();
    let before = home.run(&["--offline", "--now", NOW, "-f", "json", "diagnose", "--sample", "unaligned"]);
    let after = home.run(&["diagnose", "--sample", "unaligned", "--offline", "--now", NOW, "-f", "json"]);
    assert_eq!((before.status, &before.stdout), (1, &after.stdout), "{}", before.stderr);
    let both = home.run(&["mail.eml", "rules"]);
    assert_eq!(both.status, 2);
    assert!(both.stderr.contains("before a command"), "{}", both.stderr);
}

#[test]
fn the_present_can_be_stated() {
    let home = Home::new();
    let expired = include_str!("../scenarios/dkim-expired/input");
    let file = home.file("m.eml", expired);
    home.diagnose(&["-q", &file]);
    let saved = std::fs::read_dir(home.state().join("cases")).unwrap().next().unwrap().unwrap().path();
    let case: Value = serde_json::from_slice(&std::fs::read(saved).unwrap()).unwrap();
    assert_eq!(case["runs"][0]["now"], NOW);
}

#[test]
fn the_surroundings_are_told_without_a_packet() {
    let home = Home::new();
    let out = home.run(&["doctor", "--offline", "--now", NOW]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""));
    for word in
        [env!("CARGO_PKG_VERSION"), "not asked (--offline)", NOW, home.state().to_str().unwrap(), "xterm-256color"]
    {
        assert!(out.stdout.contains(word), "{word}: {}", out.stdout);
    }
}

#[test]
fn help_and_version_are_results() {
    let home = Home::new();
    for args in [&["--help"][..], &["diagnose", "--help"], &["cases", "--help"], &["--version"]] {
        let out = home.run(args);
        assert_eq!((out.status, out.stderr.as_str()), (0, ""), "{args:?}");
        assert!(!out.stdout.is_empty());
    }
    assert!(home.run(&["--help"]).stdout.contains("Exit status"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_went_away_is_no_error() {
    let home = Home::new();
    let files: Vec<String> = (0..50).map(|n| home.file(&format!("{n}.eml"), sample("unaligned"))).collect();
    let mut args = vec!["diagnose", "--offline", "--no-save", "--json"];
    args.extend(files.iter().map(String::as_str));
    for args in [&args[..], &["rules"], &["schema", "diagnosis"], &["explain", "spf-missing"]] {
        let mut command = home.command(args);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{:?}", &args[..2]);
        assert!(matches!(out.status.code(), Some(0 | 1)), "{:?}", out.status);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_program_whose_reader_stopped_reading() {
    use std::io::Read as _;
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let home = Home::new();
        let hop = "Received: from a.example.com (a.example.com [192.0.2.1]) by b.example.com with ESMTPS id 1; Tue, 12 May 2026 14:01:40 +0000\n";
        let file = home.file("m.eml", ["From: a@example.com\n", &hop.repeat(5_000)].concat());
        let mut command = home.command(&["diagnose", "--offline", "--no-save", "-f", "json", &file]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        // What follows the first bytes fits into no pipe: it writes, and waits.
        let mut pipe = child.stdout.take().unwrap();
        pipe.read_exact(&mut [0; 8]).unwrap();
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(status));
    }
}
