use super::*;
use crate::evidence::Data;
use crate::facts::dkim::samples::RSA_2048;
use crate::knowledge::host;

fn host(id: &str) -> &'static DnsHost {
    host::find(id).unwrap()
}

fn field(form: &Form, part: Part) -> &str {
    &form.entries[0].fields.iter().find(|f| f.part == part).unwrap().text
}

fn key() -> Change {
    let key = format!("v=DKIM1; k=rsa; p={RSA_2048}");
    Change::txt::<&str, _>("s1._domainkey.example.com", &[], &[&key])
}

fn mx(after: &[(u16, &str)]) -> Change {
    let after = after.iter().map(|(n, host)| Data::Mx { preference: *n, exchange: (*host).to_owned() }).collect();
    Change { name: "example.com".to_owned(), kind: Kind::Mx, ttl: 3600, before: vec![], after }
}

/// The five records that mail needs most, as every host wants them typed in.
#[test]
fn every_host_gets_its_form() {
    let records = [
        ("DKIM key of 2048 bits", key()),
        (
            "SPF at the zone itself",
            Change::txt("example.com", &["v=spf1 mx ~all"], &["v=spf1 mx include:spf.example.net ~all"]),
        ),
        (
            "DMARC",
            Change::txt::<&str, _>("_dmarc.example.com", &[], &["v=DMARC1; p=none; rua=mailto:dmarc@example.com"]),
        ),
        ("CNAME", Change::cname("s2._domainkey.example.com", "s2.dkim.example.net")),
        ("MX", mx(&[(10, "mx1.example.net"), (20, "mx2.example.net")])),
    ];
    let mut out = String::new();
    for host in host::all() {
        out.push_str(&format!("== {} ({})\n", host.name, host.id));
        for (what, change) in &records {
            out.push_str(&format!("\n{what}\n"));
            let form = Form::of(change, host, "example.com");
            for entry in &form.entries {
                out.push_str(&format!("  {}\n", entry.what()));
                for f in &entry.fields {
                    let text = f.text.replace(RSA_2048, "<2048>").replace('\n', "\n                         ");
                    let hint = if f.hint.is_empty() { String::new() } else { format!("   ({})", f.hint) };
                    out.push_str(&format!("    {:<20} {text}{hint}\n", f.label));
                }
            }
            for obstacle in &form.obstacles {
                out.push_str(&format!("  ! {obstacle}\n"));
            }
        }
        out.push('\n');
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_long_key_is_split_where_the_host_does_not() {
    let whole = format!("v=DKIM1; k=rsa; p={RSA_2048}");
    let value = |id| field(&Form::of(&key(), host(id), "example.com"), Part::Value).to_owned();
    assert_eq!(value("cloudflare"), whole);
    assert_eq!(value("route53"), format!("\"{}\" \"{}\"", &whole[..255], &whole[255..]));
    assert_eq!(value("hetzner"), format!("\"{}\" \"{}\"", &whole[..255], &whole[255..]));
    assert_eq!(value("windows-dns"), format!("{}\n{}", &whole[..254], &whole[254..]));
    let refused = Form::of(
        &Change::txt::<&str, _>("s._domainkey.example.com", &[], &[&"k".repeat(513)]),
        host("loopia"),
        "example.com",
    );
    assert!(refused.entries.is_empty() && refused.obstacles[0].contains("Never cut a key"), "{refused:?}");
}

#[test]
fn what_stands_there_is_edited_and_what_is_too_many_goes_first() {
    let two = Change::txt("example.com", &["other", "v=spf1 a ~all", "v=spf1 mx ~all"], &["other", "v=spf1 a mx ~all"]);
    let form = Form::of(&two, host("godaddy"), "example.com");
    let deeds: Vec<_> = form.entries.iter().map(|e| (e.deed, e.old[0].as_str())).collect();
    assert_eq!(deeds, [(Deed::Delete, "v=spf1 mx ~all"), (Deed::Edit, "v=spf1 a ~all")]);
    assert_eq!(form.entries[1].fields[2].text, "v=spf1 a mx ~all");
    // A host of sets is given the whole set, the stranger's record included.
    let set = Form::of(&two, host("route53"), "example.com");
    assert_eq!(set.entries.len(), 1);
    assert_eq!(field(&set, Part::Value), "\"other\"\n\"v=spf1 a mx ~all\"");
    // Where nothing can be edited, the old one goes and the new one comes.
    let netlify = Form::of(&two, host("netlify"), "example.com");
    assert_eq!(netlify.entries.iter().map(|e| e.deed).collect::<Vec<_>>(), [Deed::Delete, Deed::Delete, Deed::Add]);
    let gone = Form::of(&Change { after: vec![], ..two }, host("azure"), "example.com");
    assert_eq!((gone.entries[0].deed, gone.entries[0].fields.len()), (Deed::Delete, 0));
}

#[test]
fn names_targets_and_priorities() {
    let cname = Change::cname("s._domainkey.news.example.com", "k.example.net");
    let at = |id, zone: &str| {
        let form = Form::of(&cname, host(id), zone);
        (field(&form, Part::Name).to_owned(), field(&form, Part::Value).to_owned())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(at("godaddy", "example.com"), pair("s._domainkey.news", "k.example.net"));
    assert_eq!(at("godaddy", "news.example.com"), pair("s._domainkey", "k.example.net"));
    assert_eq!(at("digitalocean", "example.com"), pair("s._domainkey.news", "k.example.net."));
    assert_eq!(at("he", "example.com"), pair("s._domainkey.news.example.com", "k.example.net"));
    let elsewhere = Form::of(&cname, host("he"), "other.example");
    assert!(elsewhere.entries.is_empty() && elsewhere.obstacles[0].contains("elsewhere"));
    // Not a name that merely ends alike.
    assert_eq!(name(host("he"), "badexample.com", "example.com"), None);

    let proxy = |id| Form::of(&cname, host(id), "example.com").entries[0].fields.iter().any(|f| f.part == Part::Proxy);
    assert!(proxy("cloudflare") && !proxy("godaddy"));
    let null = mx(&[(0, "")]);
    assert_eq!(field(&Form::of(&null, host("cloudflare"), "example.com"), Part::Value), ".");
    assert_eq!(field(&Form::of(&null, host("route53"), "example.com"), Part::Value), "0 .");
    assert!(Form::of(&null, host("namecheap"), "example.com").obstacles[0].contains("null MX"));
}

#[test]
fn blanks_are_marked_and_reverse_names_are_for_others() {
    let open = Change::cname("<selector>._domainkey.example.com", "<target from your panel>");
    assert_eq!(open.blanks(), ["selector", "target from your panel"]);
    let form = Form::of(&open, host("gandi"), "example.com");
    assert_eq!(form.entries[0].fields.iter().filter(|f| f.blank).count(), 2);
    let old = Change::txt("example.com", &["<published>"], &["<published>", "v=spf1 -all"]);
    assert!(old.blanks().is_empty());
    let ptr = Change { kind: Kind::Ptr, ..Change::cname("1.2.0.192.in-addr.arpa", "mail.example.com") };
    assert!(Form::of(&ptr, host("gandi"), "2.0.192.in-addr.arpa").entries.is_empty());
}
