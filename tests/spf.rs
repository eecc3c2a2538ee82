//! `postdoc spf` against a name server: the tree, what faults leave unknown, formats and statuses.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod dnsd;
mod schema;

use dnsd::{Dnsd, Fault, World};
use hickory_proto::op::ResponseCode;
use serde_json::Value;
use std::process::Command;

const ZONE: &str = r#"
test.                     SOA ns.test. host.test. 1 3600 600 86400 60
good.test.                TXT "v=spf1 ip4:192.0.2.0/24 include:_spf.good.test mx -all"
good.test.                TXT "unrelated=1"
good.test.                MX 10 mx.good.test.
mx.good.test.             A 192.0.2.77
mx.good.test.             AAAA 2001:db8::77
_spf.good.test. 120       TXT "v=spf1 ip4:198.51.100.0/24 ip4:192.0.2.9 a:old.good.test ~all"
alias.test.               TXT "v=spf1 include:named.alias.test -all exp=why.alias.test"
named.alias.test.         CNAME elsewhere.test.
elsewhere.test.           TXT "v=spf1 " "ip4:192.0.2.1" " ?all"
why.alias.test.           TXT "%{i} may not send for %{d}"
long.test.                TXT "v=spf1 include:cut.test -all"
cut.test.                 TXT "v=spf1 ip4:192.0.2.1 -all"
sf.test.                  TXT "v=spf1 include:a.sf.test -all"
refused.test.             TXT "v=spf1 include:a.refused.test -all"
silent.test.              TXT "v=spf1 include:a.silent.test -all"
gone.test.                TXT "v=spf1 include:nowhere.test ip4:192.0.2.1 -all"
nodata.test.              TXT "v=spf1 include:mx.good.test ip4:192.0.2.1 -all"
slip.test.                TXT "v=spf1 a mx ip: -all"
twice.test.               TXT "v=spf1 -all"
twice.test.               TXT "v=spf1 mx -all"
none.test.                TXT "site=1"
strings.test.             TXT "v=spf1 ip4:192.0.2.1" "include:_spf.good.test -all"
eleven.test.              TXT "v=spf1 include:a.eleven.test include:b.eleven.test exists:%{i}.x.test ip4:192.0.2.1 ~all"
a.eleven.test.            TXT "v=spf1 include:c.eleven.test include:c.eleven.test include:c.eleven.test include:c.eleven.test -all"
b.eleven.test.            TXT "v=spf1 include:c.eleven.test include:c.eleven.test include:c.eleven.test include:c.eleven.test -all"
c.eleven.test.            TXT "v=spf1 ip4:203.0.113.1 -all"
"#;

fn world() -> World {
    World::of(ZONE)
        .fault("cut.test", Fault::Truncate)
        .fault("a.sf.test", Fault::Code(ResponseCode::ServFail))
        .fault("a.refused.test", Fault::Code(ResponseCode::Refused))
        .fault("a.silent.test", Fault::Drop)
}

fn spf(server: &Dnsd, args: &[&str]) -> (i32, String, String) {
    let resolver = server.addr.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
    command.args(["spf", "--resolver", &resolver, "--try-timeout", "400ms"]).args(args).env("NO_COLOR", "1");
    let out = command.env("LANG", "C.UTF-8").env_remove("LC_ALL").env("COLUMNS", "100").output().unwrap();
    // The port is another each time.
    let aimed = format!("@{} -p {} ", server.addr.ip(), server.addr.port());
    let text = |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        text.replace(&aimed, "@RESOLVER ").replace(&resolver, "RESOLVER")
    };
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn json(server: &Dnsd, args: &[&str]) -> (i32, Value) {
    let (status, out, err) = spf(server, &[args, &["--json"]].concat());
    (status, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}")))
}

fn rules(told: &Value) -> Vec<&str> {
    told["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_client_gets_its_result() {
    let server = Dnsd::start(world());
    for (domain, ip, result, matched) in [
        ("good.test", "192.0.2.5", "pass", Some("ip4:192.0.2.0/24")),
        ("good.test", "198.51.100.5", "pass", Some("include:_spf.good.test")),
        ("good.test", "2001:db8::77", "pass", Some("mx")),
        ("GOOD.test.", "203.0.113.5", "fail", Some("-all")),
        ("alias.test", "192.0.2.1", "pass", Some("include:named.alias.test")),
        ("long.test", "192.0.2.1", "pass", Some("include:cut.test")),
        ("none.test", "192.0.2.1", "none", None),
        ("nosuch.test", "192.0.2.1", "none", None),
        ("a..test", "192.0.2.1", "none", None),
    ] {
        let (status, told) = json(&server, &[domain, "--ip", ip]);
        assert_eq!((told["result"].as_str(), told["matched"].as_str()), (Some(result), matched), "{domain} {ip}");
        // That there is no record is a finding of its own.
        let missing = result == "none" && domain != "a..test";
        assert_eq!(status, i32::from(missing), "{domain} {ip}: {:?}", rules(&told));
    }
    let (_, told) = json(&server, &["alias.test", "--ip", "203.0.113.5"]);
    assert_eq!(told["explanation"], "203.0.113.5 may not send for alias.test");
}

#[test]
fn faults_are_unknown_and_never_missing() {
    let server = Dnsd::start(world());
    for (domain, why) in [("sf.test", "failed"), ("refused.test", "refused"), ("silent.test", "no answer")] {
        let (status, told) = json(&server, &[domain, "--ip", "192.0.2.1"]);
        assert_eq!((status, told["result"].as_str()), (3, Some("temperror")), "{domain}");
        assert!(told["problem"]["text"].as_str().unwrap().contains(why), "{}", told["problem"]);
        let (status, told) = json(&server, &[domain]);
        assert_eq!((status, rules(&told)), (3, vec![]), "{domain}");
        assert!(!told["unknown"].as_array().unwrap().is_empty() && !told["survey"]["complete"].as_bool().unwrap());
    }
}

#[test]
fn a_record_that_cannot_be_evaluated_is_a_finding() {
    let server = Dnsd::start(world());
    for (domain, rule) in [
        ("gone.test", "spf-include-missing-record"),
        ("nodata.test", "spf-include-missing-record"),
        ("slip.test", "spf-syntax-error"),
        ("twice.test", "spf-multiple-records"),
        ("strings.test", "spf-syntax-error"),
        ("eleven.test", "spf-too-many-lookups"),
    ] {
        let (status, told) = json(&server, &[domain]);
        assert_eq!(status, 1, "{domain}");
        assert!(rules(&told).contains(&rule), "{domain}: {:?}", rules(&told));
        let (status, told) = json(&server, &[domain, "--ip", "203.0.113.200"]);
        assert_eq!((status, told["result"].as_str()), (1, Some("permerror")), "{domain}");
        assert!(told["problem"]["text"].is_string());
        assert_eq!(spf(&server, &[domain, "--fail-on", "never"]).0, 0, "{domain}");
    }
    let (_, told) = json(&server, &["eleven.test"]);
    assert_eq!((told["lookups"].as_u64(), told["result"].as_str()), (Some(11), None));
}

#[test]
fn of_an_unknown_record_nothing_is_counted() {
    let server = Dnsd::start(world().fault("none.test", Fault::Code(ResponseCode::ServFail)));
    for args in [&["none.test"][..], &["none.test", "--ip", "192.0.2.1"], &["good.test", "--offline"]] {
        let (status, told) = json(&server, args);
        assert_eq!((status, &told["lookups"], &told["void_lookups"]), (3, &Value::Null, &Value::Null), "{args:?}");
        let plain = spf(&server, &[args, &["-f", "plain"]].concat()).1;
        assert_eq!(plain.lines().next().unwrap().split('\t').skip(4).take(2).collect::<Vec<_>>(), ["", ""], "{plain}");
    }
    // Where it is known that there is none, none are counted.
    assert_eq!(json(&server, &["nosuch.test"]).1["lookups"], 0);
}

#[test]
fn the_document_fits_its_schema() {
    let out = Command::new(env!("CARGO_BIN_EXE_postdoc")).args(["schema", "spf"]).output().unwrap();
    let schema = schema::strict(&String::from_utf8(out.stdout).unwrap());
    let server = Dnsd::start(world());
    for args in [
        &["good.test"][..],
        &["good.test", "--ip", "192.0.2.5", "--sender", "a@good.test", "--helo", "mx.good.test"],
        &["slip.test"],
        &["slip.test", "--ip", "192.0.2.5"],
        &["sf.test"],
        &["none.test"],
        &["eleven.test"],
        &["a..test", "--ip", "192.0.2.5"],
        &["good.test", "--offline"],
    ] {
        let (_, told) = json(&server, args);
        assert_eq!(schema::faults(&schema, &told), [""; 0], "{args:?}");
    }
}

#[test]
fn for_eyes_the_tree_is_drawn() {
    let server = Dnsd::start(world());
    let (status, out, err) = spf(&server, &["good.test"]);
    assert_eq!((status, err.as_str()), (0, ""));
    insta::assert_snapshot!("survey", out);
    let (status, out, _) = spf(&server, &["good.test", "--ip", "198.51.100.5"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!("check", out);
    insta::assert_snapshot!("eleven", spf(&server, &["eleven.test"]).1);
    insta::assert_snapshot!("slip", spf(&server, &["slip.test", "--ip", "192.0.2.1"]).1);
    insta::assert_snapshot!("plain", spf(&server, &["good.test", "-f", "plain"]).1);
    insta::assert_snapshot!("markdown", spf(&server, &["gone.test", "-f", "markdown"]).1);
}

#[test]
fn offline_says_what_it_could_not_know() {
    let server = Dnsd::start(world());
    for args in [&["good.test", "--offline"][..], &["good.test", "--offline", "--ip", "192.0.2.1"]] {
        let (status, told) = json(&server, args);
        assert_eq!((status, &told["result"]), (3, &Value::Null));
        assert!(told["unknown"][0]["needs"].as_str().unwrap().starts_with("dig "), "{}", told["unknown"]);
    }
    assert_eq!(server.log(), []);
}

#[test]
fn several_domains_are_lines() {
    let server = Dnsd::start(world());
    let (status, out, _) = spf(&server, &["good.test", "slip.test", "sf.test", "--json"]);
    assert_eq!(status, 1);
    let domains: Vec<String> =
        out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["domain"].as_str().unwrap().to_owned()).collect();
    assert_eq!(domains, ["good.test", "slip.test", "sf.test"]);
}

#[test]
fn a_hostile_zone_costs_bounded_questions() {
    let many: String = (0..700).map(|n| format!("\"include:x{n}.test \" ")).collect();
    let deep: String = (0..60)
        .map(|n| format!("d{n}.test. TXT \"v=spf1 include:d{0}.test include:d{0}.test a:e{n}.test ?all\"\n", n + 1))
        .collect();
    let zone = format!(
        "{ZONE}\nmany.test. TXT \"v=spf1 \" {many} \"-all\"\n{deep}loop.test. TXT \"v=spf1 include:loop.test -all\"\n"
    );
    let server = Dnsd::start(World::of(&zone));
    for domain in ["many.test", "d0.test", "loop.test"] {
        let before = server.log().len();
        let (status, told) = json(&server, &[domain]);
        let asked = server.log().len() - before;
        assert!(asked < 200, "{domain}: {asked} questions");
        assert_eq!(status, 1, "{domain}");
        assert!(rules(&told).contains(&"spf-too-many-lookups"), "{domain}: {:?}", rules(&told));
    }
}
