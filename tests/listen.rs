//! `postdoc listen`, the built program, with sockets on loopback and a name server of our own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests")]
mod dnsd;

use dnsd::{Dnsd, World};
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const ZONE: &str = r#"
example.com. TXT "v=spf1 ip4:127.0.0.1 -all"
example.com. MX 10 mail.example.com.
mail.example.com. A 192.0.2.4
_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
"#;

const MESSAGE: &str = "Authentication-Results: mx.example.net; dkim=pass header.d=example.com\r\n\
    From: News <news@example.com>\r\nTo: test@mx.example.net\r\nSubject: a test\r\n\
    Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n";

struct Listener {
    child: Child,
    out: BufReader<ChildStdout>,
    port: u16,
    _dns: Dnsd,
    _home: tempfile::TempDir,
}

impl Listener {
    fn start(zone: World, args: &[&str]) -> Listener {
        let (dns, home) = (Dnsd::start(zone), tempfile::tempdir().unwrap());
        let resolver = dns.addr.to_string();
        let mut child = Command::new(env!("CARGO_BIN_EXE_postdoc"))
            .args(["listen", "--smtp", "127.0.0.1:0", "--authserv-id", "mx.example.net", "-f", "ndjson"])
            .args(["--resolver", &resolver])
            .args(args)
            .env("POSTDOC_STATE_DIR", home.path())
            .env("POSTDOC_ADDRESS_MAP", format!("*:53={resolver}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let first = event(&mut out);
        assert_eq!((&first["event"], &first["recipients"][0]), (&"listening".into(), &"test@mx.example.net".into()));
        let port = first["address"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        Listener { child, out, port, _dns: dns, _home: home }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn event(&mut self) -> Value {
        event(&mut self.out)
    }

    /// The status, once it has ended by itself.
    fn end(mut self) -> (i32, Vec<Value>) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        (status.code().unwrap(), rest.lines().map(checked).collect())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn event(out: &mut impl BufRead) -> Value {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    checked(&line)
}

/// As the schema has it.
fn checked(line: &str) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../assets/schemas/event.json")).unwrap();
    let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|e| format!("{e} at {}", e.instance_path)).collect();
    assert!(errors.is_empty(), "{value}: {errors:?}");
    value
}

/// Says a line and hears the whole reply.
fn say(wire: &mut (impl Read + Write), line: &str) -> String {
    wire.write_all(line.as_bytes()).unwrap();
    wire.flush().unwrap();
    hear(wire)
}

fn hear(wire: &mut impl Read) -> String {
    let (mut reply, mut byte) = (Vec::new(), [0]);
    while wire.read(&mut byte).is_ok_and(|n| n == 1) {
        reply.push(byte[0]);
        let last = reply.split(|b| *b == b'\n').rev().nth(1).unwrap_or_default();
        if byte[0] == b'\n' && last.get(3) == Some(&b' ') {
            break;
        }
    }
    String::from_utf8(reply).unwrap()
}

fn envelope(wire: &mut (impl Read + Write)) {
    for line in ["EHLO mail.example.com\r\n", "MAIL FROM:<news@example.com>\r\n", "RCPT TO:<test@mx.example.net>\r\n"] {
        let reply = say(wire, line);
        assert!(reply.starts_with("250"), "{reply}");
    }
    assert!(say(wire, "DATA\r\n").starts_with("354"));
}

#[test]
fn a_message_is_verified_stamped_and_diagnosed() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().to_str().unwrap();
    let mut listener = Listener::start(World::of(ZONE), &["--count", "1", "--save", save, "--fail-on", "critical"]);
    let mut wire = listener.connect();
    assert!(hear(&mut wire).starts_with("220 mx.example.net"));
    assert!(say(&mut wire, "EHLO x.example\r\n").contains("250 STARTTLS\r\n"));
    assert!(say(&mut wire, "STARTTLS\r\n").starts_with("220"));
    let mut tls = secured(wire);
    envelope(&mut tls);
    assert!(say(&mut tls, &format!("{MESSAGE}.\r\n")).starts_with("250 2.0.0 taken as "));
    assert!(say(&mut tls, "QUIT\r\n").starts_with("221"));

    let found = listener.event();
    assert_eq!(found["event"], "found", "{found}");
    assert_eq!((&found["client"]["ip"], &found["client"]["helo"]), (&"127.0.0.1".into(), &"mail.example.com".into()));
    assert_eq!(found["client"]["tls"]["version"], "TLSv1.3");
    assert_eq!((&found["envelope"]["mail_from"], &found["forged_removed"]), (&"news@example.com".into(), &1.into()));
    let results: Vec<_> = found["authentication_results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| format!("{}={}", r["method"].as_str().unwrap(), r["result"].as_str().unwrap()))
        .collect();
    assert_eq!(results, ["spf=pass", "dkim=none", "dmarc=pass"]);
    let d = &found["diagnosis"];
    assert_eq!(
        (&d["receiver"]["authserv_id"], &d["reported"]["spf"]["result"]),
        (&"mx.example.net".into(), &"pass".into())
    );
    assert!(d["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "dkim-missing"), "{}", d["findings"]);

    let (status, rest) = listener.end();
    assert_eq!((status, rest.len()), (0, 1), "{rest:?}");
    assert_eq!(
        (&rest[0]["event"], &rest[0]["result"], &rest[0]["messages"]),
        (&"done".into(), &"complete".into(), &1.into())
    );
    let saved = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(saved).unwrap();
    assert!(
        text.starts_with("Return-Path: <news@example.com>\r\nAuthentication-Results: mx.example.net;\r\n\tspf=pass"),
        "{text}"
    );
    assert!(text.contains("(using TLSv1.3 with cipher TLS_"), "{text}");
    assert!(!text.contains("dkim=pass") && text.ends_with("\r\n\r\nHello.\r\n"), "{text}");
}

#[test]
fn a_foreign_recipient_and_bare_line_ends_are_refused_and_told() {
    let mut listener = Listener::start(World::of(ZONE), &[]);
    let mut wire = listener.connect();
    hear(&mut wire);
    say(&mut wire, "EHLO x.example\r\n");
    say(&mut wire, "MAIL FROM:<news@example.com>\r\n");
    assert!(say(&mut wire, "RCPT TO:<someone@elsewhere.example>\r\n").starts_with("550 5.7.1"));
    let told = listener.event();
    assert_eq!((&told["event"], &told["client"]), (&"refused".into(), &"127.0.0.1".into()));
    assert!(told["reply"].as_str().unwrap().contains("relays nothing"), "{told}");
    say(&mut wire, "RSET\r\n");
    envelope(&mut wire);
    assert!(say(&mut wire, "Subject: x\r\n\r\nx\n.\r\nMAIL FROM:<evil@example.com>\r\n.\r\n").starts_with("550 5.5.2"));
    assert!(listener.event()["reply"].as_str().unwrap().contains("smuggled"));
    assert_eq!(hear(&mut wire), "", "hung up");
}

#[test]
fn a_signal_amid_a_message_ends_it_cleanly() {
    let zone = World::of(ZONE).fault("example.com", dnsd::Fault::Delay(Duration::from_secs(60)));
    let mut listener = Listener::start(zone, &["--timeout", "60"]);
    // One waits for DNS, the other is in the middle of its message.
    let mut waiting = listener.connect();
    hear(&mut waiting);
    envelope(&mut waiting);
    assert!(say(&mut waiting, &format!("{MESSAGE}.\r\n")).starts_with("250"));
    let mut amid = listener.connect();
    hear(&mut amid);
    envelope(&mut amid);
    amid.write_all(b"Subject: half a mess").unwrap();
    // The server has read as far as that: a command behind it on another connection is answered.
    say(&mut waiting, "NOOP\r\n");
    assert!(Command::new("kill").arg(listener.child.id().to_string()).status().unwrap().success());
    assert!(hear(&mut amid).starts_with("421 4.3.2"));
    assert!(hear(&mut waiting).starts_with("421 4.3.2"));
    let found = listener.event();
    assert_eq!((&found["event"], &found["cut"]), (&"found".into(), &true.into()), "{found}");
    let (status, rest) = listener.end();
    assert_eq!(status, 143);
    let done = rest.last().unwrap();
    assert_eq!(
        (&done["result"], &done["messages"], &done["unfinished"]),
        (&"interrupted".into(), &1.into(), &1.into())
    );
}

#[test]
fn waiting_in_vain_and_a_port_that_is_taken() {
    let listener = Listener::start(World::of(ZONE), &["--count", "1", "--timeout", "300ms"]);
    let taken = format!("127.0.0.1:{}", listener.port);
    let mut second = Command::new(env!("CARGO_BIN_EXE_postdoc"));
    let second = second.args(["listen", "--authserv-id", "mx.example.net", "--smtp", &taken]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("cannot listen on 127.0.0.1:"), "{second:?}");
    let (status, rest) = listener.end();
    assert_eq!((status, &rest[0]["result"]), (4, &"timed-out".into()));
}

/// How much it bears: run with `cargo test --test listen -- --ignored --nocapture`, best with `--release`.
#[test]
#[ignore = "measures; takes its time"]
fn a_thousand_connections_and_a_hundred_messages_a_second() {
    const MESSAGES: usize = 500;
    let mut listener = Listener::start(World::of(ZONE), &["--max-per-client", "2000", "--max-connections", "1500"]);
    let began = std::time::Instant::now();
    let mut idle: Vec<TcpStream> = (0..1000).map(|_| listener.connect()).collect();
    idle.iter_mut().for_each(|wire| assert!(hear(wire).starts_with("220")));
    println!("1000 connections greeted in {} ms", began.elapsed().as_millis());
    let body = "All work and no play makes a test message.\r\n".repeat(450);
    let message = Arc::new(format!("{MESSAGE}{body}.\r\n"));
    let began = std::time::Instant::now();
    let port = listener.port;
    let senders: Vec<_> = (0..10)
        .map(|_| {
            let message = message.clone();
            std::thread::spawn(move || {
                let mut wire = TcpStream::connect(("127.0.0.1", port)).unwrap();
                hear(&mut wire);
                for n in 0..MESSAGES / 10 {
                    if n > 0 {
                        say(&mut wire, "RSET\r\n");
                    }
                    envelope(&mut wire);
                    while !say(&mut wire, &message).starts_with("250") {
                        std::thread::sleep(Duration::from_millis(50));
                        envelope(&mut wire);
                    }
                }
            })
        })
        .collect();
    let mut line = String::new();
    let mut found = 0;
    while found < MESSAGES {
        assert!(began.elapsed() < Duration::from_secs(120), "{found} of {MESSAGES}");
        line.clear();
        listener.out.read_line(&mut line).unwrap();
        found += usize::from(line.contains("\"event\":\"found\""));
    }
    senders.into_iter().for_each(|s| s.join().unwrap());
    let took = began.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", listener.child.id())).unwrap();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
    println!(
        "{MESSAGES} messages of {} bytes diagnosed in {took:?}: {:.0} a second; {peak}",
        message.len(),
        MESSAGES as f64 / took.as_secs_f64()
    );
    assert!(idle.iter_mut().all(|wire| say(wire, "NOOP\r\n").starts_with("250")), "the idle ones are still served");
}

/// A handshake with whoever it is.
fn secured(wire: TcpStream) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let (config, _) = postdoc::world::tls::Trust::new(&Default::default()).lenient().unwrap();
    let name = ServerName::try_from("mx.example.net").unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    rustls::StreamOwned::new(client, wire)
}
