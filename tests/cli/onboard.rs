//! `postdoc onboard`: a new domain from nothing to done, by publishing exactly what is printed.

use super::dnsd::{Dnsd, World};
use super::*;
use std::collections::BTreeMap;

/// A zone that nothing is published in yet, its parent, and what runs elsewhere.
const NEW: &str = r#"
test. NS a.gtld.test.
a.gtld.test. A 192.0.2.1
acme.test. SOA ns1.dns.test. host.dns.test. 7 7200 900 1209600 60
acme.test. NS ns1.dns.test.
acme.test. NS ns2.dns.test.
ns1.dns.test. A 192.0.2.53
ns2.dns.test. A 192.0.2.54
"#;

struct Scene {
    home: Home,
    /// Master file lines, by name and type.
    zone: BTreeMap<(String, String), Vec<String>>,
}

impl Scene {
    fn new(more: &str) -> Scene {
        let mut scene = Scene { home: Home::new(), zone: BTreeMap::new() };
        scene.publish(&format!("{NEW}{more}"));
        scene
    }

    /// Puts lines into the zone as an owner pastes them: a set takes the place of the one before.
    fn publish(&mut self, lines: &str) {
        let mut sets: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for line in lines.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(';')) {
            let name = line.split_whitespace().next().unwrap();
            let kind = line
                .split_whitespace()
                .find(|w| ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "TXT"].contains(w))
                .unwrap_or_else(|| panic!("{line}"));
            sets.entry((name.to_owned(), kind.to_owned())).or_default().push(line.to_owned());
        }
        self.zone.extend(sets);
    }

    fn run(&self, args: &[&str], stdin: &[u8]) -> Out {
        let text: String = self.zone.values().flatten().map(|l| format!("{l}\n")).collect();
        let server = Dnsd::start(World::of(&text).authority());
        let resolver = server.addr.to_string();
        let mut command = self.home.command(&[&["onboard", "--resolver", &resolver, "--now", NOW], args].concat());
        command.env("POSTDOC_ADDRESS_MAP", format!("*:53={}", server.addr));
        finish(command, stdin)
    }

    fn plan(&self, args: &[&str]) -> Value {
        let out = self.run(&[&["acme.test", "--plan", "--json"], args].concat(), b"");
        let schema = json::strict(&self.home, "plan");
        let told = out.json();
        assert_eq!(json::faults(&schema, &told), [""; 0]);
        told
    }
}

fn states(plan: &Value) -> BTreeMap<String, String> {
    let steps = plan["steps"].as_array().unwrap();
    steps.iter().map(|s| (s["id"].as_str().unwrap().to_owned(), s["state"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn an_own_server_with_a_key_made_here() {
    let mut scene = Scene::new("");
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("s1.pem");
    let told = ["--server", "192.0.2.4=mta.acme.test", "--mx", "mta.acme.test", "--reports", "dmarc@acme.test"];
    let first = scene.plan(&[&told[..], &["--make-key", key.to_str().unwrap()]].concat());
    assert!(std::fs::read_to_string(&key).unwrap().starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    assert_eq!(first["ready"], false);
    let mail = &first["mail"][0];
    assert_eq!(
        (&mail["spf"], &mail["dkim"], &mail["dmarc"]),
        (&"pass".into(), &"pass".into(), &"pass".into()),
        "{mail}"
    );
    // What was told is kept: nothing has to be said again.
    let records = scene.run(&["acme.test", "--to", "zone", "-q"], b"");
    assert!(
        records.stdout.contains("v=spf1 ip4:192.0.2.4 ~all") && records.stdout.contains("k=rsa; p=MIIB"),
        "{}{}",
        records.stdout,
        records.stderr
    );
    scene.publish(&records.stdout);
    let second = scene.plan(&[]);
    let left: Vec<_> = states(&second).into_iter().filter(|(_, s)| s == "todo").map(|(id, _)| id).collect();
    assert!(left.contains(&"ptr:192.0.2.4".to_owned()), "the reverse name is another's to set: {left:?}");
    // The provider sets the reverse name it was asked for.
    let request = second["steps"].as_array().unwrap().iter().find(|s| s["id"] == "ptr:192.0.2.4").unwrap();
    assert!(
        request["actions"].to_string().contains("set the reverse name (PTR) of 192.0.2.4 to mta.acme.test"),
        "{request}"
    );
    scene.publish("4.2.0.192.in-addr.arpa. PTR mta.acme.test.");
    let done = scene.plan(&[]);
    assert_eq!(done["ready"], true, "{:#?}", states(&done));
    // And the checklist agrees with the check.
    let text = scene.run(&["acme.test", "--plan"], b"");
    assert!(text.stdout.contains("everything that mail needs is published"), "{}", text.stdout);
    assert_eq!(text.status, 0, "{}", text.stdout);
}

#[test]
fn a_platform_with_aliases() {
    const PLATFORM: &str = r#"
acme.test. MX 10 mx.mailbox.test.
mx.mailbox.test. A 192.0.2.9
acme.test. TXT "v=spf1 include:mailbox.test -all"
mailbox.test. TXT "v=spf1 ip4:192.0.2.9 -all"
"#;
    let mut scene = Scene::new(PLATFORM);
    let told = ["--platform", "brevo", "--reports", "dmarc@acme.test"];
    let first = scene.plan(&told);
    let before = states(&first);
    assert_eq!(
        (before["dkim:brevo"].as_str(), before["dmarc"].as_str(), before["spf"].as_str()),
        ("todo", "todo", "done"),
        "{before:?}"
    );
    let records = scene.run(&["acme.test", "--to", "zone", "-q"], b"").stdout;
    assert!(records.contains("brevo1._domainkey.acme.test. 3600 IN CNAME b1.acme-test.dkim.brevo.com."), "{records}");
    assert!(!records.contains("v=spf1"), "the SPF record that is there needs nothing: {records}");
    scene.publish(&records);
    // The aliases stand, and the platform has not made the keys yet.
    scene.publish("com. SOA a.gtld.test. host.test. 1 1 1 1 60");
    assert_eq!(states(&scene.plan(&[]))["dkim:brevo"], "waiting");
    let key = "k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCr6B4UFfDlKxtJAQVBjmG8EHRrNNQdi+zUkFTGvV2/p91EmRcOiPCQYjy4qXKtxgZ9n01n7nDM/k2qTU7TRu+gtjtAxZc0x+elyhzmzxO9wjlYKjxEu599tnSjUGeXPlzSTEHFwO8cXXrYnE8CNnsgIgTFmSnAm5wdrLnEMy7FRwIDAQAB";
    for n in ["b1", "b2"] {
        scene.publish(&format!("{n}.acme-test.dkim.brevo.com. TXT \"{key}\""));
    }
    let states = states(&scene.plan(&[]));
    // Keys of 1024 bits are what the platform publishes: found weak, by the same rule as everywhere.
    assert_ne!(states["dkim:brevo"], "waiting", "{states:?}");
}

#[test]
fn the_checklist_as_markdown_plain_lines_and_several_domains() {
    let scene = Scene::new("");
    let told = ["--server", "192.0.2.4=mta.acme.test", "--reports", "dmarc@acme.test", "--skip", "spf", "--no-save"];
    let markdown = scene.run(&[&["acme.test", "--plan", "-f", "markdown"][..], &told].concat(), b"").stdout;
    assert!(
        markdown.contains("## Records to publish") && markdown.contains("_dmarc.acme.test. 3600 IN TXT"),
        "{markdown}"
    );
    assert!(markdown.contains("- [ ] **SPF allows those who send** (not done)"), "skipped is not done: {markdown}");
    assert!(markdown.contains("host that your mailbox provider names"), "no MX is guessed: {markdown}");
    let plain = scene.run(&[&["acme.test", "--plan", "-f", "plain"][..], &told].concat(), b"").stdout;
    assert!(plain.lines().any(|l| l.starts_with("record\tdmarc\t_dmarc.acme.test\tTXT\tv=DMARC1; p=none;")), "{plain}");
    assert!(!plain.contains("pct="), "{plain}");
    let both = scene.run(&["acme.test", "other.test", "--plan", "--json", "--no-save"], b"").stdout;
    let domains: Vec<String> = both
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["domain"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(domains, ["acme.test", "other.test"]);
    // Nothing was kept.
    assert_eq!(states(&scene.plan(&["--no-save"]))["who-sends"], "todo");
}

#[test]
fn questions_in_plain_lines() {
    let scene = Scene::new("");
    let answers = "none\n192.0.2.4=mta.acme.test\n\n\n\nmta.acme.test\nnonsense\ndmarc@acme.test\n2\na\ns 3\nq\n";
    let out = scene.run(&["acme.test", "--linear"], answers.as_bytes());
    let text = &out.stdout;
    assert!(text.contains("\"nonsense\" is no address"), "{text}");
    assert!(text.contains("Which platforms will send?") && text.contains("1. Who sends?: done"), "{text}");
    assert!(text.contains("Name servers answer: done") && text.contains("v=spf1 ip4:192.0.2.4 ~all"), "{text}");
    assert!(text.contains("left out; it stays not done") && text.contains("Kept."), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour, no frame");
    // Every step of the checklist is in the transcript.
    let plan = scene.plan(&[]);
    for step in plan["steps"].as_array().unwrap() {
        assert!(text.contains(step["title"].as_str().unwrap()), "{step}");
    }
    assert_eq!(states(&plan)["mx"], "skipped", "step 3 was left out");
    // The end of the input ends it.
    assert_eq!(scene.run(&["acme.test", "--linear", "--no-save"], b"").status, 0);
}

/// What the checklist on a screen has on Enter: blanks are filled in, and postdoc does what it can once its reach is agreed to.
#[test]
fn the_offers_of_the_checklist_by_ear() {
    let scene = Scene::new("");
    let told = ["--server", "192.0.2.4=mta.acme.test", "--mx", "mta.acme.test"];
    let plan = scene.plan(&told);
    let number = |id: &str| plan["steps"].as_array().unwrap().iter().position(|s| s["id"] == id).unwrap() + 1;
    let (dmarc, portals, lists) = (number("dmarc"), number("verification"), number("blocklists"));
    let key = scene.home.state().join("s1.pem");
    let questions = "\n".repeat(3) + &format!("{}\n\n\n\n", key.display());
    let answers = format!(
        "{questions}{dmarc}\nv {dmarc}\nnobody\ndmarc@acme.test\n{dmarc}\nv {portals}\ngoogle-site-verification=Abc_1\n\n\n\n{portals}\nd {lists}\nno\nv 1\nq\n"
    );
    let out = scene.run(&["acme.test", "--linear"], answers.as_bytes());
    let text = &out.stdout;
    assert!(text.contains(&format!("v {dmarc} fills in what is missing")), "{text}");
    assert!(text.contains("mailbox for the reports, for _dmarc.acme.test TXT [later]:"), "{text}");
    assert!(text.contains("\"nobody\" is no address.") && text.contains("rua=mailto:dmarc@acme.test"), "{text}");
    assert!(text.contains("Add: \"google-site-verification=Abc_1\""), "{text}");
    assert!(
        text.contains("which tells them your addresses. y does it:") && text.contains("Nothing has changed."),
        "{text}"
    );
    assert!(key.is_file(), "{text}");
    // It is kept with the other answers.
    let plan = scene.plan(&[]);
    let step = plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == "verification").unwrap();
    assert!(step["records"].to_string().contains("google-site-verification=Abc_1"), "{step}");
}

#[test]
fn dmarc_is_raised_on_the_proof_of_a_receiver() {
    let mut scene = Scene::new("");
    scene.publish("_dmarc.acme.test. TXT \"v=DMARC1; p=none; rua=mailto:dmarc@acme.test\"");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("header.txt");
    let header = "Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=acme.test; dkim=pass header.d=acme.test; dmarc=pass header.from=acme.test\nFrom: a@acme.test\n\n";
    std::fs::write(&file, header).unwrap();
    assert_eq!(states(&scene.plan(&[]))["dmarc-raise"], "waiting");
    let proven = scene.plan(&["--proof", file.to_str().unwrap()]);
    let states = states(&proven);
    assert_eq!((states["test"].as_str(), states["dmarc-raise"].as_str()), ("done", "todo"));
    let raise = proven["steps"].as_array().unwrap().iter().find(|s| s["id"] == "dmarc-raise").unwrap();
    assert!(raise["records"][0]["after"][0].as_str().unwrap().contains("p=quarantine; rua="), "{raise}");
    let other = scene.run(&["other.test", "--plan", "--no-save", "--proof", file.to_str().unwrap()], b"");
    assert_eq!(other.status, 2);
    assert!(other.stderr.contains("no receiver's verdict on mail from other.test"), "{}", other.stderr);
}

#[test]
fn wrong_arguments_say_what_is_right() {
    let home = Home::new();
    for bad in [
        &["no domain", "--plan"][..],
        &["a.test", "--plan", "--platform", "nobody"],
        &["a.test", "--plan", "--server", "mta.a.test"],
        &["a.test", "--plan", "--reports", "nobody"],
        &["a.test", "--plan", "--make-key", "x.pem"],
        &["a.test", "--plan", "--non-sending", "--platform", "brevo"],
    ] {
        let out = home.run(&[&["onboard", "--offline"], bad].concat());
        assert_eq!((out.status, out.stdout.as_str()), (2, ""), "{bad:?}: {}", out.stderr);
    }
}

#[test]
fn every_check_asks_the_resolver_that_was_named() {
    let scene = Scene::new("");
    let plan = scene.plan(&["--server", "192.0.2.4=mta.acme.test", "--reports", "dmarc@acme.test"]);
    let checks = plan["steps"].as_array().unwrap().iter().filter_map(|step| step["verify"].as_str());
    let digs: Vec<&str> = checks.filter(|check| check.starts_with("dig ")).collect();
    assert!(digs.len() > 3 && digs.iter().all(|dig| dig.starts_with("dig @127.0.0.1 -p ")), "{digs:?}");
}
