//! Every export is read back by a parser that is not ours, and must be the records that were meant.

use super::*;
use crate::evidence::{Kind, zone_line};
use crate::knowledge::host;
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::txt::Parser;
use proptest::prelude::*;
use saphyr::{LoadableYamlNode, Yaml};
use std::collections::BTreeSet;

/// What a program makes of an export: name (without a dot), type, value. TXT strings are joined.
type Read = BTreeSet<(String, &'static str, Vec<u8>)>;

fn placed(change: Change, host: &str) -> Placed {
    let home = Home {
        zone: "example.com".to_owned(),
        assumed: false,
        servers: vec![],
        host: host::find(host),
        candidates: vec![],
        chosen: true,
    };
    Placed { change, home }
}

fn set(name: &str, kind: Kind, after: Vec<Data>) -> Change {
    Change { name: name.to_owned(), kind, ttl: 3600, before: vec![], after }
}

/// A record of each kind that mail needs.
fn changes() -> Vec<Change> {
    let mx = |preference, exchange: &str| Data::Mx { preference, exchange: exchange.to_owned() };
    let key = format!("v=DKIM1; k=rsa; p={}", "A".repeat(400));
    vec![
        Change::txt::<&str, _>("example.com", &[], &["v=spf1 include:spf.example.net ~all", "site=1"]),
        set("example.com", Kind::Mx, vec![mx(10, "mx1.example.net"), mx(20, "mx2.example.net")]),
        Change::txt::<&str, _>("s10._domainkey.example.com", &[], &[&key]),
        Change::txt::<&str, _>("_dmarc.example.com", &[], &["v=DMARC1; p=none; rua=mailto:d@example.com"]),
        Change::cname("s2._domainkey.example.com", "s2.dkim.example.net"),
        set("mail.example.com", Kind::A, vec![Data::A([192, 0, 2, 1].into())]),
        set("mail.example.com", Kind::Aaaa, vec![Data::Aaaa("2001:db8::1".parse().unwrap())]),
        set(
            "example.com",
            Kind::Caa,
            vec![Data::Caa { flags: 0, tag: "issue".into(), value: b"ca.example; account=1".to_vec() }],
        ),
    ]
}

fn value(data: &Data) -> Vec<u8> {
    match data {
        Data::Txt(strings) => strings.concat(),
        Data::Caa { flags, tag, value } => [format!("{flags} {tag} ").as_bytes(), value].concat(),
        other => other.to_string().into_bytes(),
    }
}

fn meant(changes: &[Change]) -> Read {
    let each = |c: &Change| c.after.iter().map(|d| (c.name.clone(), c.kind.word(), value(d))).collect::<Vec<_>>();
    changes.iter().flat_map(each).collect()
}

fn export(format: Format, changes: &[Change], host: &str) -> Export {
    let placed: Vec<Placed> = changes.iter().map(|c| placed(c.clone(), host)).collect();
    write(format, &placed).unwrap()
}

fn kind(word: &str) -> &'static str {
    ["TXT", "MX", "CNAME", "A", "AAAA", "CAA"].into_iter().find(|k| *k == word).unwrap()
}

fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_owned()
}

/// By hickory's reader of zone files.
fn of_zone(text: &str) -> Read {
    let (_, sets) = Parser::new(text, None, Some(Name::root())).parse().unwrap();
    let data = |data: &RData| match data {
        RData::TXT(txt) => txt.txt_data.concat(),
        RData::CAA(caa) => [format!("0 {} ", caa.tag).as_bytes(), &caa.value[..]].concat(),
        other => other.to_string().into_bytes(),
    };
    let records = sets.values().flat_map(|set| set.records_without_rrsigs());
    records.map(|r| (bare(&r.name.to_string()), kind(&r.record_type().to_string()), data(&r.data))).collect()
}

/// By our own reader of pasted zone lines, which knows every escape; hickory misreads `\DDD`.
fn of_lines(text: &str) -> Read {
    let read = |line: &str| {
        let parts = zone_line::read(line.as_bytes()).unwrap();
        let data = Data::parse(parts.kind, &line[parts.data]).unwrap();
        (bare(&line[parts.name.unwrap()]), parts.kind.word(), value(&data))
    };
    text.lines().filter(|l| !l.starts_with(';')).map(read).collect()
}

/// A character-string of Route 53, whose escapes are octal; several in a row.
fn octal(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    let mut inside = false;
    while let Some(b) = bytes.next() {
        match (b, inside) {
            (b'"', _) => inside = !inside,
            (b' ', false) => {}
            (b'\\', true) => match bytes.next().unwrap() {
                high @ b'0'..=b'3' => {
                    let digits = [high, bytes.next().unwrap(), bytes.next().unwrap()];
                    out.push(digits.iter().fold(0u8, |n, d| n.wrapping_mul(8) + (d - b'0')));
                }
                other => out.push(other),
            },
            (other, true) => out.push(other),
            (other, false) => panic!("{other} outside quotes: {text}"),
        }
    }
    assert!(!inside, "{text}");
    out
}

/// A value in presentation form, TXT and CAA taken apart.
fn presentation(kind: &str, text: &str) -> Vec<u8> {
    let kind: Kind = serde_json::from_value(kind.into()).unwrap();
    value(&Data::parse(kind, text).unwrap())
}

fn of_route53(text: &str) -> Read {
    let batch: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut read = Read::new();
    for change in batch["Changes"].as_array().unwrap() {
        let set = &change["ResourceRecordSet"];
        assert_eq!((change["Action"].as_str(), set["TTL"].as_u64()), (Some("UPSERT"), Some(3600)));
        let kind = kind(set["Type"].as_str().unwrap());
        for record in set["ResourceRecords"].as_array().unwrap() {
            let text = record["Value"].as_str().unwrap();
            let value = if kind == "TXT" { octal(text) } else { presentation(kind, text) };
            read.insert((bare(set["Name"].as_str().unwrap()), kind, value));
        }
    }
    read
}

fn of_cloudflare(text: &str) -> Read {
    let batch: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut read = Read::new();
    for item in batch["posts"].as_array().unwrap() {
        let kind = kind(item["type"].as_str().unwrap());
        let content = item["content"].as_str().unwrap_or_default();
        let value = match kind {
            "MX" => presentation("MX", &format!("{} {content}", item["priority"])),
            "CAA" => {
                let d = &item["data"];
                format!("{} {} {}", d["flags"], d["tag"].as_str().unwrap(), d["value"].as_str().unwrap()).into_bytes()
            }
            kind => presentation(kind, content),
        };
        read.insert((item["name"].as_str().unwrap().to_owned(), kind, value));
    }
    read
}

/// By hcl-rs, which evaluates the templates as Terraform does.
fn of_terraform(text: &str) -> Read {
    let body: ::hcl::Body = ::hcl::parse(text).unwrap();
    let context = ::hcl::eval::Context::new();
    let mut read = Read::new();
    for block in body.into_blocks().filter(|b| b.identifier() == "resource") {
        let provider = block.labels()[0].as_str().to_owned();
        let mut arguments = std::collections::BTreeMap::new();
        for attribute in block.body().attributes() {
            use ::hcl::eval::Evaluate as _;
            if let Ok(value) = attribute.expr().evaluate(&context) {
                arguments.insert(attribute.key().to_owned(), value);
            }
        }
        let text = |key: &str| arguments.get(key).and_then(::hcl::Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| arguments.get(key).and_then(::hcl::Value::as_u64).unwrap_or_default();
        let kind = kind(&text("type"));
        let several = |key: &str| {
            let list = arguments[key].as_array().unwrap();
            list.iter().map(|v| v.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let values: Vec<Vec<u8>> = match (provider.as_str(), kind) {
            ("aws_route53_record", "TXT") => several("records").iter().map(|r| octal(&format!("\"{r}\""))).collect(),
            ("aws_route53_record", _) => several("records").iter().map(|r| presentation(kind, r)).collect(),
            ("google_dns_record_set", _) => several("rrdatas").iter().map(|r| presentation(kind, r)).collect(),
            ("cloudflare_dns_record", "MX") => {
                vec![presentation("MX", &format!("{} {}", number("priority"), text("content")))]
            }
            ("cloudflare_dns_record", "CAA") => {
                let data = arguments["data"].as_object().unwrap();
                let word = |key: &str| data[key].as_str().unwrap();
                vec![format!("{} {} {}", data["flags"], word("tag"), word("value")).into_bytes()]
            }
            ("cloudflare_dns_record", _) => vec![presentation(kind, &text("content"))],
            ("digitalocean_record", "MX") => {
                vec![presentation("MX", &format!("{} {}", number("priority"), text("value")))]
            }
            ("digitalocean_record", "CAA") => {
                vec![format!("{} {} {}", number("flags"), text("tag"), text("value")).into_bytes()]
            }
            ("digitalocean_record", "TXT") => vec![text("value").into_bytes()],
            ("digitalocean_record", _) => vec![presentation(kind, &text("value"))],
            other => panic!("{other:?}"),
        };
        let name = match (provider.as_str(), text("name").as_str()) {
            ("digitalocean_record", "@") => "example.com".to_owned(),
            ("digitalocean_record", label) => format!("{label}.example.com"),
            (_, name) => bare(name),
        };
        read.extend(values.into_iter().map(|v| (name.clone(), kind, v)));
    }
    read
}

/// By saphyr, with OctoDNS's own escape undone.
fn of_octodns(text: &str) -> Read {
    let documents = Yaml::load_from_str(text).unwrap();
    let mut read = Read::new();
    for (label, sets) in documents[0].as_mapping().unwrap() {
        let label = label.as_str().unwrap();
        let name = if label.is_empty() { "example.com".to_owned() } else { format!("{label}.example.com") };
        for set in sets.as_sequence().unwrap() {
            let kind = kind(set["type"].as_str().unwrap());
            let map = set.as_mapping().unwrap();
            let field = |key: &str| map.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v);
            let one = field("value").map(std::slice::from_ref);
            let values = one.unwrap_or_else(|| field("values").unwrap().as_sequence().unwrap());
            for item in values {
                let word = |key: &str| item[key].as_str().unwrap();
                let number = |key: &str| item[key].as_integer().unwrap();
                let value = match kind {
                    "TXT" => item.as_str().unwrap().replace("\\;", ";").into_bytes(),
                    "MX" => presentation("MX", &format!("{} {}", number("preference"), word("exchange"))),
                    "CAA" => format!("{} {} {}", number("flags"), word("tag"), word("value")).into_bytes(),
                    kind => presentation(kind, item.as_str().unwrap()),
                };
                read.insert((name.clone(), kind, value));
            }
        }
    }
    read
}

/// By running it: the functions of DNSControl write down what they are given. `None` where there is no node.
fn of_dnscontrol(text: &str) -> Option<Read> {
    const RECORDER: &str = "
        const out = [], put = kind => (label, ...rest) => ({ kind, label, rest: rest.filter(x => x !== undefined) });
        const TXT = put('TXT'), MX = put('MX'), CNAME = put('CNAME'), A = put('A'), AAAA = put('AAAA'), CAA = put('CAA');
        const TTL = n => { if (n !== 3600) throw n; }, CAA_CRITICAL = 128;
        const D_EXTEND = (zone, ...records) => records.forEach(r => out.push({ zone, ...r }));
    ";
    let program = format!("{RECORDER}\n{text}\nconsole.log(JSON.stringify(out));");
    let ran = std::process::Command::new("node").arg("-e").arg(program).output().ok()?;
    assert!(ran.status.success(), "{}\n{text}", String::from_utf8_lossy(&ran.stderr));
    let records: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let mut read = Read::new();
    for record in records.as_array().unwrap() {
        let rest: Vec<String> = record["rest"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect();
        let kind = kind(record["kind"].as_str().unwrap());
        let zone = record["zone"].as_str().unwrap();
        let name = match record["label"].as_str().unwrap() {
            "@" => zone.to_owned(),
            label => format!("{label}.{zone}"),
        };
        let value = match kind {
            "TXT" => rest.concat().into_bytes(),
            "CAA" => format!("0 {}", rest.join(" ")).into_bytes(),
            kind => presentation(kind, &rest.join(" ")),
        };
        read.insert((name, kind, value));
    }
    Some(read)
}

const TERRAFORMS: [&str; 4] = ["route53", "cloudflare", "google-cloud-dns", "digitalocean"];

#[test]
fn the_whole_plan_comes_back_from_every_language() {
    let changes = changes();
    let meant = meant(&changes);
    let text = |format, host| export(format, &changes, host).text;
    assert_eq!(of_zone(&text(Format::Zone, "route53")), meant);
    assert_eq!(of_lines(&text(Format::Zone, "route53")), meant);
    assert_eq!(of_zone(&text(Format::Cloudflare, "cloudflare")), meant);
    assert_eq!(of_route53(&text(Format::Route53, "route53")), meant);
    assert_eq!(of_cloudflare(&text(Format::CloudflareApi, "cloudflare")), meant);
    assert_eq!(of_octodns(&text(Format::OctoDns, "godaddy")), meant);
    for host in TERRAFORMS {
        assert_eq!(of_terraform(&text(Format::Terraform, host)), meant, "{host}");
    }
    if let Some(read) = of_dnscontrol(&text(Format::DnsControl, "godaddy")) {
        assert_eq!(read, meant);
    }
}

/// What the files look like.
#[test]
fn as_they_are_handed_out() {
    let mut changes = changes();
    changes[0].before = vec![crate::remedy::text("v=spf1 mx ~all"), crate::remedy::text("site=1")];
    changes.push(Change { after: vec![], before: vec![crate::remedy::text("old")], ..changes[3].clone() });
    changes[8].name = "old.example.com".to_owned();
    changes.push(Change::cname("s3._domainkey.example.com", "<target from the portal>"));
    let mut out = String::new();
    for (format, host) in [
        (Format::Zone, "godaddy"),
        (Format::Route53, "route53"),
        (Format::Cloudflare, "cloudflare"),
        (Format::CloudflareApi, "cloudflare"),
        (Format::Terraform, "route53"),
        (Format::Terraform, "cloudflare"),
        (Format::Terraform, "google-cloud-dns"),
        (Format::Terraform, "digitalocean"),
        (Format::DnsControl, "godaddy"),
        (Format::OctoDns, "godaddy"),
    ] {
        let export = export(format, &changes, host);
        assert!(format == Format::CloudflareApi || !export.text.contains('<') || export.text.contains(" Left out"));
        out.push_str(&format!("== {format:?}, {host}\n{}", export.text));
        out.extend(export.warnings.iter().map(|w| format!("!! {w}\n")));
        out.push('\n');
    }
    insta::assert_snapshot!(out.replace(&"A".repeat(100), "A…"));
}

#[test]
fn a_placeholder_is_never_exported_as_a_value() {
    let placed_open = || placed(Change::cname("s._domainkey.example.com", "<target from the portal>"), "route53");
    let open = [placed_open()];
    let told = write(Format::Zone, &[placed_open(), placed_open()]).unwrap_err();
    assert_eq!(told.matches("Left out").count(), 1, "{told}");
    for format in [Format::Zone, Format::Route53, Format::CloudflareApi, Format::Terraform, Format::DnsControl] {
        assert!(write(format, &open).unwrap_err().contains("target from the portal"), "{format:?}");
    }
    assert!(write(Format::Zone, &[]).is_err());
    let elsewhere = [placed(Change::cname("a.example.com", "b.example.net"), "godaddy")];
    assert!(write(Format::Terraform, &elsewhere).unwrap_err().contains("GoDaddy"));
}

#[test]
fn two_zones_are_two_sheets() {
    let mut two: Vec<Placed> = changes().into_iter().take(1).map(|c| placed(c, "route53")).collect();
    let mut other = placed(Change::cname("a.example.org", "b.example.net"), "route53");
    other.home.zone = "example.org".to_owned();
    two.push(other);
    assert_eq!(of_zone(&write(Format::Zone, &two).unwrap().text).len(), 3);
    for format in [Format::Route53, Format::CloudflareApi] {
        let batches = write(format, &two).unwrap();
        let documents: Vec<serde_json::Value> =
            batches.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(documents.len(), 2, "a document a line");
        assert!(
            batches.warnings.iter().any(|w| w.ends_with("a document a line in this order: example.com, example.org."))
        );
    }
    let files = write(Format::OctoDns, &two).unwrap().text;
    assert_eq!(Yaml::load_from_str(&files).unwrap().len(), 2);
}

#[test]
fn a_zone_of_another_organization_is_marked() {
    let own = placed(changes().remove(3), "route53");
    let mut other = placed(Change::txt::<&str, _>("example.com._report._dmarc.other.example", &[], &["v=DMARC1"]), "");
    other.home.zone = "other.example".to_owned();
    let export = write(Format::Zone, &[own, other]).unwrap();
    let lines: Vec<&str> = export.text.lines().collect();
    let mark = "other.example belongs to another organization than example.com: whoever runs it has to publish this";
    let at = lines.iter().position(|l| *l == format!("; {mark}")).unwrap();
    assert_eq!((lines[0], lines[at - 1]), ("; Zone example.com", "; Zone other.example"));
    assert!(lines[at + 1].starts_with("example.com._report._dmarc.other.example. "), "{lines:?}");
    assert!(export.warnings.iter().any(|w| w == mark), "{:?}", export.warnings);
    assert_eq!(of_lines(&export.text.replace("\n\n", "\n")).len(), 2);
}

#[test]
fn nothing_but_a_removal_is_said_and_done() {
    let gone = [Change { before: vec![crate::remedy::text("x")], ..set("a.example.com", Kind::Txt, vec![]) }];
    assert_eq!(export(Format::Zone, &gone, "route53").text, "; remove: a.example.com. IN TXT \"x\"\n");
    let batch = export(Format::Route53, &gone, "route53");
    assert!(batch.text.contains("DELETE") && batch.warnings[0].contains("TTL"));
    let ids = export(Format::CloudflareApi, &gone, "cloudflare");
    assert!(ids.text.contains("deletes") && ids.warnings[0].contains("id of the TXT record at a.example.com"));
    assert!(!export(Format::DnsControl, &gone, "route53").text.contains("D_EXTEND"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Quotes, backslashes, interpolations, semicolons, control bytes, 8-bit: they survive or are refused.
    #[test]
    fn any_text_survives_or_is_refused(
        text in prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..600),
            "(\\$\\{|%\\{|\\$|%|\\{|\\}|;|\\\\|\"|'|`|<|>|#|//| |=|a|9){1,60}".prop_map(String::into_bytes),
        ]
    ) {
        let strings = text.chunks(255).map(<[u8]>::to_vec).collect();
        let change = [set("a.example.com", Kind::Txt, vec![Data::Txt(strings)])];
        // What looks like a blank is never written.
        prop_assume!(change[0].blanks().is_empty());
        let meant = meant(&change);
        let text = |format, host| write(format, &[placed(change[0].clone(), host)]).map(|e| e.text);
        let zone = text(Format::Zone, "route53").unwrap();
        prop_assert_eq!(&of_lines(&zone), &meant);
        if change[0].after.iter().all(|d| matches!(d, Data::Txt(s) if plain(s).is_ok())) {
            prop_assert_eq!(&of_zone(&zone), &meant);
        }
        prop_assert_eq!(&of_route53(&text(Format::Route53, "route53").unwrap()), &meant);
        prop_assert_eq!(&of_cloudflare(&text(Format::CloudflareApi, "cloudflare").unwrap()), &meant);
        for host in TERRAFORMS {
            match text(Format::Terraform, host) {
                Ok(written) => prop_assert_eq!(&of_terraform(&written), &meant),
                Err(why) => prop_assert!(host == "digitalocean", "{}", why),
            }
        }
        if let Ok(written) = text(Format::OctoDns, "godaddy") {
            prop_assert_eq!(&of_octodns(&written), &meant);
        }
    }
}

/// One process reads them all: starting node is slow.
#[test]
fn javascript_means_what_it_says() {
    let texts = ["${x} `b` 'q' \"d\" \\n \\ // /* */", "script> %{y} ;", "a; b\\; c"];
    let change = Change::txt::<&str, _>("a.example.com", &[], &texts);
    if let Some(read) = of_dnscontrol(&export(Format::DnsControl, std::slice::from_ref(&change), "godaddy").text) {
        assert_eq!(read, meant(&[change]));
    }
    let eight_bit = set("a.example.com", Kind::Txt, vec![Data::Txt(vec![vec![0xff]])]);
    assert!(write(Format::DnsControl, &[placed(eight_bit, "godaddy")]).is_err());
}
