//! `postdoc dkim keygen`: the private half in a file, the record on stdout.

use crate::{Home, Out, json};

fn keygen(home: &Home, file: &str, more: &[&str]) -> Out {
    home.run(&[&["dkim", "keygen", "Example.com", "--selector", "S1", "--out", file], more].concat())
}

#[test]
fn a_key_is_written_once_and_its_record_is_sound() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s1.pem");
    let file = path.to_str().unwrap();
    let out = keygen(&home, file, &["--for", "opendkim"]);
    assert_eq!(out.status, 0, "{}", out.stderr);
    assert!(
        out.stdout.starts_with("Name   s1._domainkey.example.com\nType   TXT\nValue  v=DKIM1; k=rsa; p=MIIBIjANBgkq"),
        "{}",
        out.stdout
    );
    assert!(out.stdout.contains("\ns1._domainkey.example.com. 3600 IN TXT \"v=DKIM1; k=rsa; p=MIIB"), "{}", out.stdout);
    assert!(out.stdout.contains(&format!("s1._domainkey.example.com example.com:s1:{file}")), "{}", out.stdout);
    let private = std::fs::read_to_string(&path).unwrap();
    assert!(private.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    // Its first lines are the modulus, which is public.
    let secret = private.lines().nth(15).unwrap();
    assert!(!out.stdout.contains(secret) && !out.stderr.contains(secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Never overwritten.
    let again = keygen(&home, file, &[]);
    assert!(
        again.status == 2 && again.stdout.is_empty() && again.stderr.contains("not overwritten"),
        "{}",
        again.stderr
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), private);
    // What it printed is what the linter likes.
    let line = out.stdout.lines().find(|l| l.contains(" IN TXT ")).unwrap();
    let judged = home.diagnose(&["--as", "record", "--json", &home.file("r", line)]).json();
    assert_eq!(judged["verdict"]["state"], "pass", "{judged}");
}

#[test]
fn ed25519_in_json_with_a_word_of_warning() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ed.pem");
    let file = file.to_str().unwrap();
    let refused = keygen(&home, file, &["--type", "ed25519", "--for", "opendkim"]);
    assert!(refused.status == 2 && !std::path::Path::new(file).exists(), "{}", refused.stderr);
    let out = keygen(&home, file, &["--type", "ed25519", "--json", "--for", "stalwart"]);
    let told = out.json();
    assert_eq!(json::faults(&json::strict(&home, "dkim-key"), &told), [""; 0]);
    assert_eq!((&told["key"]["type"], &told["signer"]["id"]), (&"ed25519".into(), &"stalwart".into()));
    assert!(told["record"]["value"].as_str().unwrap().starts_with("v=DKIM1; k=ed25519; p="));
    assert!(out.stderr.contains("dkim-ed25519-only"), "{}", out.stderr);
    let page = keygen(&home, folder.path().join("md.pem").to_str().unwrap(), &["-f", "markdown"]).stdout;
    assert!(page.starts_with("# s1.\\_domainkey.example.com TXT\n\n```text\ns1._domainkey.example.com. "), "{page}");
    for bad in [&["--bits", "512"][..], &["--type", "dsa"], &["--for", "sendmail"]] {
        assert_eq!(keygen(&home, "x.pem", bad).status, 2, "{bad:?}");
    }
    let length = keygen(&home, "x.pem", &["--type", "ed25519", "--bits", "2048"]);
    assert!(length.status == 2 && length.stderr.contains("--bits is for RSA"), "{}", length.stderr);
    let to_stdout = keygen(&home, "-", &[]);
    assert!(to_stdout.status == 2 && to_stdout.stderr.contains("goes to a file"), "{}", to_stdout.stderr);
    for odd in ["no domain", "192.0.2.1"] {
        assert_eq!(home.run(&["dkim", "keygen", odd, "--selector", "s", "--out", "x.pem"]).status, 2, "{odd}");
    }
}
