//! `postdoc fix`: the records, merged with what is published, in many words.

use super::*;

/// A fix of a built-in example: its answers come with it, and nothing is asked.
fn fix(home: &Home, args: &[&str]) -> Out {
    home.run(&[&["fix", "--now", NOW, "--sample"], args].concat())
}

#[test]
fn the_page_for_eyes() {
    let home = Home::new();
    for sample in ["two-spf", "wrong-server", "no-key"] {
        let out = fix(&home, &[sample, "--dns-host", "cloudflare"]);
        assert_eq!(out.stderr, "");
        insta::assert_snapshot!(format!("fix_{sample}"), format!("exit {}\n{}", out.status, out.stdout));
    }
}

#[test]
fn every_language_writes_the_merged_record_and_nothing_else() {
    let home = Home::new();
    for to in
        ["zone", "route53", "cloudflare", "cloudflare-api", "terraform", "dnscontrol", "octodns", "markdown", "json"]
    {
        let out = fix(&home, &["two-spf", "--dns-host", "route53", "--to", to]);
        assert_eq!(out.status, 1, "{to}: as a diagnosis, by what was found: {}", out.stderr);
        let merged = "v=spf1 ip4:192.0.2.44 include:spf.crm.example ~all";
        assert!(out.stdout.contains(merged), "{to}: {}", out.stdout);
    }
    let zone = fix(&home, &["two-spf", "--to", "zone", "--quiet"]);
    let lines: Vec<&str> = zone.stdout.lines().filter(|l| !l.starts_with(';')).collect();
    assert!(!lines.is_empty() && lines.iter().all(|l| l.contains(" IN TXT \"v=spf1 ")), "{}", zone.stdout);
}

#[test]
fn a_language_of_another_host_is_refused_with_the_way_out() {
    let home = Home::new();
    let out = fix(&home, &["two-spf", "--dns-host", "godaddy", "--to", "terraform"]);
    assert_eq!((out.status, out.stdout.as_str()), (2, ""));
    assert!(out.stderr.contains("GoDaddy") && out.stderr.contains("--dns-host"), "{}", out.stderr);
    let out = fix(&home, &["two-spf", "--dns-host", "nobody"]);
    assert!(out.status == 2 && out.stderr.contains("cloudflare"), "{}", out.stderr);
}

#[test]
fn what_cannot_be_known_is_no_fix() {
    let home = Home::new();
    let file = home.file("m.eml", sample("two-spf"));
    let out = home.run(&["fix", "--offline", "--now", NOW, &file]);
    assert!(out.stdout.contains("Not known"), "{}", out.stdout);
    assert!(!out.stdout.contains("\nZone "), "{}", out.stdout);
    let none = home.run(&["fix", "--offline", "--now", NOW, "--to", "zone", &file]);
    assert!(none.stdout.is_empty() && none.stderr.contains("nothing was written"), "{}", none.stderr);
    let empty = home.file("empty.eml", "");
    for args in [&["missing.eml"][..], &[empty.as_str()], &["example.com"]] {
        for format in ["human", "markdown"] {
            let out = home.run(&[&["fix", "--offline", "--now", NOW, "-f", format], args].concat());
            assert_eq!(out.status, 3, "{args:?}: {}", out.stderr);
            assert!(
                out.stdout.contains("Cannot tell whether") && !out.stdout.contains("nothing to fix"),
                "{}",
                out.stdout
            );
        }
    }
    let clean = home.file("clean.eml", include_str!("../scenarios/healthy-offline/input"));
    let clean = home.run(&["fix", "--offline", "--now", NOW, &clean]).stdout;
    assert!(clean.contains("There is nothing to fix."), "{clean}");
}
