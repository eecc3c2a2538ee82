//! JSON as promised: it fits its schema, its spans point at the user's own bytes, its names are names.

use super::*;

/// The schema of this name, as the program prints it.
pub fn strict(home: &Home, name: &str) -> jsonschema::Validator {
    let out = home.run(&["schema", name]);
    assert_eq!(out.status, 0);
    schema::strict(&out.stdout)
}

pub use schema::faults;

#[test]
fn every_diagnosis_fits_its_schema_and_points_at_bytes() {
    let home = Home::new();
    let (message, domain, report) = (strict(&home, "diagnosis"), strict(&home, "domain"), strict(&home, "report"));
    for world in worlds() {
        let name = &world.name;
        let told: Value = serde_json::from_str(&world.json(Shown::default())).unwrap();
        let schema = if world.is_check() { &domain } else { &message };
        assert_eq!(faults(schema, &told), [""; 0], "{name}");
        spans(name, &told, world.original());
        names(name, &told);
        if !told["report"].is_null() {
            assert_eq!(faults(&report, &told["report"]), [""; 0], "{name}");
        }
    }
}

#[test]
fn every_schema_lists_the_same_sources_of_evidence() {
    fn sources(schema: &Value, found: &mut Vec<Value>) {
        match schema {
            Value::Array(all) => all.iter().for_each(|one| sources(one, found)),
            Value::Object(fields) => {
                let listed = fields.get("enum").filter(|e| e.as_array().is_some_and(|e| e.contains(&"header".into())));
                found.extend(listed.cloned());
                fields.values().for_each(|one| sources(one, found));
            }
            _ => {}
        }
    }
    let home = Home::new();
    let mut found = Vec::new();
    for name in ["diagnosis", "domain", "spf"] {
        sources(&serde_json::from_str(&home.run(&["schema", name]).stdout).unwrap(), &mut found);
    }
    assert!(found.len() >= 3 && found.iter().all(|f| *f == found[0]), "{found:?}");
    assert!(found[0].as_array().unwrap().contains(&"https".into()));
}

#[test]
fn every_fix_fits_its_schema() {
    let home = Home::new();
    let schema = strict(&home, "fix");
    for sample in samples::all() {
        for host in [&[][..], &["--dns-host", "cloudflare"], &["--dns-host", "route53"]] {
            let out = home.run(&[&["fix", "--now", NOW, "--json", "--sample", sample.name], host].concat());
            assert_eq!(faults(&schema, &out.json()), [""; 0], "{}", sample.name);
            assert_eq!(out.stderr, "");
        }
    }
}

#[test]
fn without_dns_it_fits_too() {
    let home = Home::new();
    let schema = strict(&home, "diagnosis");
    let files: Vec<String> = worlds().iter().map(|w| home.file(&w.name, w.original())).collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let out = home.diagnose(&[&["--no-save", "-f", "ndjson"], &names[..]].concat());
    let told: Vec<Value> = out.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), files.len(), "{}", out.stderr);
    for ((world, file), told) in worlds().iter().zip(&files).zip(&told) {
        let name = &world.name;
        assert_eq!(faults(&schema, told), [""; 0], "{name}");
        assert_eq!(told["input"]["name"], file.as_str(), "as given");
        assert_eq!(told["dns"]["queries"], 0);
        spans(name, told, world.original());
    }
}

/// `span` counts bytes of what the user gave; for DNS, of `text`.
fn spans(name: &str, told: &Value, original: &[u8]) {
    for finding in told["findings"].as_array().unwrap() {
        let evidence = finding["evidence"].as_array().unwrap();
        assert!(!evidence.is_empty(), "{name}: {} has no evidence", finding["rule"]);
        for exhibit in evidence {
            let text = exhibit["text"].as_str().unwrap();
            let span =
                exhibit["span"].as_array().map(|s| s[0].as_u64().unwrap() as usize..s[1].as_u64().unwrap() as usize);
            match (exhibit["source"].as_str().unwrap(), span) {
                ("header", Some(span)) => {
                    assert_eq!(String::from_utf8_lossy(&original[span]), text, "{name}: {}", finding["rule"]);
                }
                ("header", None) => panic!("{name}: {} points nowhere", finding["rule"]),
                (_, Some(span)) => assert!(text.get(span).is_some(), "{name}: {exhibit}"),
                (_, None) => {}
            }
        }
    }
}

/// Lower-case A-labels without a trailing dot, wherever a domain stands by itself.
fn names(name: &str, told: &Value) {
    let mut domains: Vec<&Value> = Vec::new();
    let identities = &told["identities"];
    let list = |of: &'static str| -> &[Value] { told[of]["dkim"].as_array().map_or(&[], Vec::as_slice) };
    for key in ["domain", "organizational_domain", "organizational_domain_psl"] {
        domains.extend([&identities["from"][key], &identities["mail_from"][key]]);
        domains.extend(list("identities").iter().map(|d| &d[key]));
    }
    domains.push(&told["domain"]);
    domains.extend(list("records").iter().map(|d| &d["name"]));
    domains.push(&identities["helo"]);
    let reported = &told["reported"];
    domains.extend([&reported["spf"]["domain"], &reported["dmarc"]["domain"], &told["computed"]["dmarc"]["record_at"]]);
    domains.extend(list("reported").iter().map(|d| &d["domain"]));
    for domain in domains.into_iter().filter_map(Value::as_str) {
        let odd = |c: char| c.is_ascii_uppercase() || !c.is_ascii() || c.is_whitespace();
        assert!(!domain.contains(odd) && !domain.ends_with('.') && !domain.is_empty(), "{name}: {domain:?}");
    }
    for record in
        told["findings"].as_array().unwrap().iter().flat_map(|f| f["fix"]["records"].as_array().into_iter().flatten())
    {
        let at = record["name"].as_str().unwrap();
        assert!(!at.ends_with('.') && !at.is_empty(), "{name}: {at:?}");
        for side in ["before", "after"] {
            for data in record[side].as_array().unwrap() {
                let data = data.as_str().unwrap();
                match record["type"].as_str().unwrap() {
                    "TXT" => assert!(data.starts_with('"') && data.ends_with('"'), "{name}: {data}"),
                    "CNAME" | "PTR" | "NS" | "MX" => assert!(data.ends_with('.'), "{name}: {data}"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn international_names_are_a_labels() {
    let home = Home::new();
    let text = "Return-Path: <post@B\u{dc}CHER.example.>\r\nReceived: from mx.B\u{dc}CHER.example (mx.b\u{fc}cher.example [192.0.2.4]) by mx.inbox.test with ESMTP id 1; Tue, 2 Jun 2026 10:00:03 +0000\r\nAuthentication-Results: mx.inbox.test; spf=fail smtp.mailfrom=post@B\u{dc}CHER.example; dmarc=fail header.from=B\u{dc}CHER.example\r\nFrom: <post@B\u{dc}CHER.Example>\r\n";
    let told = home.diagnose(&["--json", &home.file("m.eml", text)]).json();
    names("umlauts", &told);
    assert_eq!(told["identities"]["from"]["domain"], "xn--bcher-kva.example");
    assert_eq!(told["identities"]["mail_from"]["domain"], "xn--bcher-kva.example");
    assert_eq!(told["reported"]["spf"]["domain"], "xn--bcher-kva.example");
}

#[test]
fn a_case_file_fits_its_schema() {
    let home = Home::new();
    let schema = strict(&home, "case");
    for world in worlds() {
        assert_eq!(faults(&schema, &serde_json::from_str(&world.case()).unwrap()), [""; 0], "{}", world.name);
    }
    // And as a process saves it.
    let said = ["-q", "--keep-body", "--as", "message", "--ip", "192.0.2.4", "--configured", "from=a.example,pool=x"];
    for world in worlds().iter().step_by(10) {
        let file = home.file("input", world.original());
        home.diagnose(&["-q", &file]);
        home.diagnose(&[&said[..], &[&file]].concat());
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(home.state().join("cases")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(faults(&schema, &serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()), [""; 0]);
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn several_inputs_are_one_object_a_line_in_their_order() {
    let home = Home::new();
    let files: Vec<String> =
        (0..40).map(|n| home.file(&format!("{n}.eml"), sample(["unaligned", "no-key", "forwarded"][n % 3]))).collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    for format in [&["--json"][..], &["-f", "ndjson"]] {
        let out = home.diagnose(&[format, &names].concat());
        let told: Vec<String> = out
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["input"]["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(told, files);
        assert_eq!(out.status, 1);
    }
    // One input as NDJSON is one line as well.
    let one = home.diagnose(&["-f", "ndjson", names[0]]);
    assert_eq!(one.stdout.lines().count(), 1);
    assert!(home.diagnose(&["--json", names[0]]).stdout.lines().count() > 50, "for one input, over several lines");
}

#[test]
fn the_schemas_are_listed_and_named() {
    let home = Home::new();
    let list = home.run(&["schema"]);
    assert_eq!(
        (list.status, list.stdout.as_str()),
        (0, "case\ndiagnosis\ndiff\ndkim-key\ndomain\nevent\nfix\npath\nplan\nreport\nspf\nwarmup\n")
    );
    let out = home.run(&["schema", "nothing"]);
    assert_eq!((out.status, out.stdout.as_str()), (2, ""));
    assert!(out.stderr.contains("case, diagnosis"), "{}", out.stderr);
}
