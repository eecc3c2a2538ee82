//! `postdoc fix DOMAIN` over real UDP: what it hands over, published, leaves nothing to fix.

use super::*;

const BROKEN: &str = r#"
example.com. SOA ns1.dns.test. hostmaster.example.com. 2026112801 3600 600 1209600 300
example.com. NS ns1.dns.test.
example.com. NS ns2.dns.test.
example.com. MX 10 mx1.example.com.
example.com. TXT "some-verification=abc"
example.com. TXT "v=spf1 ip:192.0.2.5 mx ~all"
mx1.example.com. A 192.0.2.5
5.2.0.192.in-addr.arpa. PTR mx1.example.com.
_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=dmarc@example.com"
ns1.dns.test. A 192.0.2.53
ns2.dns.test. A 192.0.2.54
"#;

fn fix(zone: &str) -> Value {
    let server = Dnsd::start(World::of(zone).authority());
    let out = Command::new(env!("CARGO_BIN_EXE_postdoc"))
        .args(["fix", "example.com", "--no-save", "-f", "json", "--resolver", &server.addr.to_string()])
        .env("POSTDOC_ADDRESS_MAP", format!("*:53={}", server.addr))
        .output()
        .unwrap();
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

fn rules(told: &Value, list: &str) -> Vec<String> {
    let rule = |v: &Value| v["rule"].as_str().unwrap().to_owned();
    told[list].as_array().unwrap().iter().map(rule).collect()
}

#[test]
fn what_is_handed_over_and_published_leaves_nothing_proven_to_publish() {
    let told = fix(BROKEN);
    let cured = rules(&told, "cured");
    assert!(cured.contains(&"spf-syntax-error".to_owned()), "{told:#}");
    assert!(cured.contains(&"dmarc-record-malformed".to_owned()), "{cured:?}");
    let zones = told["zones"].as_array().unwrap();
    assert_eq!((zones.len(), zones[0]["apex"].as_str()), (1, Some("example.com")));
    let mut zone = BROKEN.to_owned();
    for record in zones[0]["records"].as_array().unwrap() {
        let (name, kind) = (record["name"].as_str().unwrap(), record["type"].as_str().unwrap());
        let stays = |line: &&str| !line.starts_with(&format!("{name}. {kind} "));
        zone = zone.lines().filter(stays).map(|line| format!("{line}\n")).collect();
        for value in record["after"].as_array().unwrap() {
            zone += &format!("{name}. {kind} {}\n", value.as_str().unwrap());
        }
    }
    assert!(zone.contains("\"v=spf1 ip4:192.0.2.5 mx ~all\"") && zone.contains("some-verification=abc"), "{zone}");
    let again = fix(&zone);
    assert_eq!((rules(&again, "cured"), again["zones"].as_array().map(Vec::len)), (vec![], Some(0)), "{again:#}");
    assert_eq!(again["verdict"], told["then"], "what was foretold has come");
    for rule in cured {
        assert!(!rules(&again, "remains").contains(&rule), "{rule} is back");
    }
}
