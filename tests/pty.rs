//! The built program on a pseudo terminal: what the user's terminal sees, byte by byte.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const HEADER: &str = "Return-Path: <bounce+8842@mailer.esp.example>\r
Received: from out24.mailer.esp.example (out24.mailer.esp.example [198.51.100.24])\r
\tby mx.receiver.example with ESMTPS id x12si8842\r
\tfor <test@receiver.example>; Tue, 12 May 2026 14:01:44 +0000\r
Authentication-Results: mx.receiver.example;\r
\tdkim=pass header.i=@mailer.esp.example header.s=k1;\r
\tspf=pass smtp.mailfrom=bounce+8842@mailer.esp.example;\r
\tdmarc=fail (p=QUARANTINE dis=QUARANTINE) header.from=acme.example\r
From: Acme Billing <billing@acme.example>\r
To: test@receiver.example\r
Date: Tue, 12 May 2026 13:57:14 +0000\r
Message-ID: <8842@acme.example>\r
Subject: Invoice 8842\r
";

/// A header of about that many bytes.
fn header(bytes: usize) -> String {
    let mut text = HEADER.to_owned();
    let mut n = 0;
    while text.len() < bytes {
        n += 1;
        text += &format!("X-Filler-{n}: {}\r\n", "abcdefghij ".repeat(6));
    }
    text
}

struct Tty {
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    _home: tempfile::TempDir,
}

impl Tty {
    fn start(rows: u16, columns: u16, vars: &[(&str, &str)]) -> Tty {
        Tty::run(rows, columns, vars, &[])
    }

    fn run(rows: u16, columns: u16, vars: &[(&str, &str)], args: &[&str]) -> Tty {
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
            .expect("a pty");
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_postdoc"));
        command.args(args);
        command.arg("--offline");
        for gone in ["DISPLAY", "WAYLAND_DISPLAY", "TMUX", "STY", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
            command.env_remove(gone);
        }
        for own in ["POSTDOC_PANIC", "POSTDOC_STATE_DIR", "POSTDOC_CONFIG"] {
            command.env_remove(own);
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home.path());
        command.env("XDG_STATE_HOME", home.path().join("state"));
        command.env("XDG_CONFIG_HOME", home.path().join("config"));
        // no question to the terminal, which would swallow what a test types meanwhile
        command.env("POSTDOC_THEME", "ansi");
        // the clipboard of another machine: OSC 52 is the way
        command.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
        for (name, value) in vars {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let size = |n| NonZeroU16::new(n).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(rows), size(columns), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (to_screen, to_raw) = (screen.clone(), raw.clone());
        let mut reader = pair.master.try_clone_reader().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 8192];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 {
                    break;
                }
                to_screen.lock().unwrap().process(&buffer[..n]);
                to_raw.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Tty { screen, raw, keys, child, master: pair.master, _home: home }
    }

    /// Started, and Home is there.
    fn home(vars: &[(&str, &str)]) -> Tty {
        let tty = Tty::start(24, 80, vars);
        tty.wait("What do you have?");
        tty
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw.lock().unwrap()).into_owned()
    }

    fn send(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn paste(&mut self, text: &str) {
        self.send(&format!("\x1b[200~{}\x1b[201~", text.replace("\r\n", "\r")));
    }

    fn until<T>(&self, what: &str, test: impl Fn(&Tty) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = test(self) {
                return found;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "never saw {what:?}; screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait(&self, what: &str) -> String {
        self.until(what, |tty| Some(tty.text()).filter(|text| text.contains(what)))
    }

    fn exit(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(start.elapsed() < Duration::from_secs(30), "does not end; screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everything the app changed is as it was.
    fn assert_restored(&self) {
        self.until("the normal screen", |tty| {
            let parser = tty.screen.lock().unwrap();
            let screen = parser.screen();
            let restored = !screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor();
            restored.then_some(())
        });
        let raw = self.raw();
        assert!(raw.contains("\x1b[?1004l"), "focus events are off");
        assert!(raw.contains("\x1b[23;0t"), "the title is back");
        assert!(!self.is_raw(), "keys are lines and echoed again");
    }

    /// Are keys handed out one by one, unseen?
    fn is_raw(&self) -> bool {
        let local = format!("{:?}", self.master.get_termios().unwrap().local_flags);
        !local.contains("ICANON") || !local.contains("ECHO")
    }

    fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn paste_read_copy_quit() {
    let mut tty = Tty::home(&[]);
    {
        let parser = tty.screen.lock().unwrap();
        assert!(parser.screen().alternate_screen() && parser.screen().bracketed_paste());
    }
    tty.paste(&header(200_000));
    tty.wait("acme.example › verdict");
    tty.wait("Findings");
    tty.send("5");
    tty.wait("Received, oldest first");
    tty.send("y");
    tty.wait("OSC 52");
    assert!(tty.raw().contains("\x1b]52;c;"), "the copy is on the wire");
    tty.send("\x1b");
    tty.wait("Findings");
    tty.send("q");
    assert_eq!(tty.exit(), 0);
    tty.assert_restored();
}

#[test]
fn every_lesson_is_walked_to_green() {
    let lessons = postdoc::practice::all();
    let temporary = tempfile::tempdir().unwrap();
    let place = temporary.path().to_str().unwrap();
    let mut tty = Tty::run(45, 100, &[("TMPDIR", place)], &["practice", lessons[0].id]);
    for (n, lesson) in lessons.iter().enumerate() {
        tty.wait(&format!("postdoc › practice › {} ", lesson.id));
        tty.wait("Enter writes the test message");
        tty.send("\r");
        tty.wait("y sends it.");
        tty.send("y");
        // The whole session, as any other.
        assert!(
            tty.wait("Enter waits for it in a mailbox").contains("RCPT TO:<reader@inbox.example>"),
            "{}",
            lesson.id
        );
        tty.send("\r");
        let mailbox = tty.wait("Enter opens the diagnosis.");
        let refused = ["dmarc-unaligned", "dmarc-strict", "forwarded", "list-footer"].contains(&lesson.id);
        let folder = if refused { "Junk (junk)" } else { "INBOX" };
        assert!(mailbox.contains(folder) && mailbox.contains("PRACTICE"), "{}: {mailbox}", lesson.id);
        tty.send("\r");
        let verdict = tty.wait("── Findings");
        assert!(verdict.contains("› verdict") && verdict.contains("PRACTICE"), "{}: {verdict}", lesson.id);
        tty.send("u");
        tty.wait("m sends the test again");
        tty.send("m");
        tty.wait("Enter waits for it in a mailbox");
        tty.send("\r");
        tty.wait("Enter opens the diagnosis.");
        tty.send("\r");
        tty.wait("✓ PASS");
        tty.send("\x1b");
        tty.wait("It passes.");
        tty.send("\r");
        if n + 1 == lessons.len() {
            tty.wait("That was the last lesson.");
        }
    }
    tty.send("q");
    assert_eq!(tty.exit(), 0);
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "no mailbox is left behind");
    tty.assert_restored();
}

#[test]
fn mail_is_received_and_diagnosed_in_the_app() {
    let mut tty = Tty::home(&[]);
    tty.send("G");
    tty.send("\r");
    tty.wait("Receive mail here, and diagnose");
    tty.send("mx.example.net");
    tty.wait("mx.example.net");
    tty.send("\x1b[B");
    tty.send("\x1b[B");
    tty.send("127.0.0.1:0");
    tty.wait("127.0.0.1:0");
    tty.send("\x04");
    let screen = tty.wait("listening on 127.0.0.1:");
    assert!(screen.contains("test@mx.example.net"), "{screen}");
    let port = screen.split("listening on 127.0.0.1:").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let mut wire = std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    let mut said = |line: &str, code: &str| {
        wire.write_all(line.as_bytes()).unwrap();
        let mut reply = [0; 1024];
        let read = wire.read(&mut reply).unwrap();
        assert!(reply[..read].starts_with(code.as_bytes()), "{line}: {}", reply[..read].escape_ascii());
    };
    said("", "220");
    said("HELO mail.example.com\r\n", "250");
    said("MAIL FROM:<news@example.com>\r\n", "250");
    said("RCPT TO:<someone@elsewhere.example>\r\n", "550");
    said("RCPT TO:<test@mx.example.net>\r\n", "250");
    said("DATA\r\n", "354");
    said("From: news@example.com\r\nSubject: a test\r\n\r\nHello.\r\n.\r\n", "250");
    let screen = tty.wait("news@example.com from 127.0.0.1");
    assert!(screen.contains("this server relays nothing"), "{screen}");
    tty.send("\r");
    tty.wait("› verdict");
    tty.send("\x1b");
    tty.wait("listening on 127.0.0.1:");
    tty.send("s");
    tty.wait("stopped: nothing is taken any more");
    tty.send("q");
    assert_eq!(tty.exit(), 0);
    tty.assert_restored();
}

/// A new domain of the practice world, on its checklist.
fn new_domain(id: &str) -> Tty {
    let setup = postdoc::practice::find_setup(id).unwrap();
    let tty = Tty::run(45, 150, &[], &["practice", id]);
    tty.wait(&format!("postdoc › practice › {} › set up", setup.domain));
    tty.wait("needed before mail");
    tty
}

impl Tty {
    /// Moves the mark to the step whose title begins so.
    fn mark(&mut self, title: &str) -> String {
        for _ in 0..60 {
            let line = |text: &str| text.lines().find(|l| l.starts_with('▸')).unwrap_or_default().to_owned();
            let before = self.until("a mark", |t| Some(line(&t.text())).filter(|l| !l.is_empty()));
            if before.contains(title) {
                // The details beside it came with the same frame.
                return self.text();
            }
            self.send("j");
            self.until("the mark moves", |t| (line(&t.text()) != before).then_some(()));
        }
        panic!("no step {title:?}:\n{}", self.text());
    }

    /// What the app sent to the clipboard last.
    fn copied(&self) -> String {
        use base64::Engine;
        self.wait("OSC 52");
        let raw = self.raw();
        let last = raw.rsplit("\x1b]52;c;").next().unwrap();
        let end = last.find(['\x07', '\x1b']).unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(&last[..end]).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Publishes everything the checklist has to copy; the lines.
    fn publish_all(&mut self, done: &str) -> String {
        self.send("Y");
        let zone = self.copied();
        self.send("u");
        self.wait(done);
        zone
    }

    /// Sends the test and comes back to the checklist.
    fn three_passes(&mut self) {
        self.send("m");
        self.wait("y sends it.");
        self.send("y");
        self.wait("Enter waits for it in a mailbox");
        self.send("\r");
        self.wait("Enter opens the diagnosis.");
        self.send("\r");
        let verdict = self.wait("✓ PASS");
        assert!(verdict.contains("PRACTICE"), "{verdict}");
        self.send("\x1b");
        self.wait("› set up");
        let step = self.mark("A test message passes");
        assert!(step.contains("mx.inbox.example said spf=pass dkim=pass dmarc=pass"), "{step}");
        self.send("q");
        assert_eq!(self.exit(), 0);
        self.assert_restored();
    }
}

#[test]
fn a_new_domain_from_nothing_to_three_passes() {
    let mut tty = new_domain("new-domain");
    let zone = tty.publish_all("1 step is needed before mail");
    for record in [
        "start.example. 3600 IN TXT \"v=spf1 ip4:203.0.113.20 ~all\"",
        "start.example. 3600 IN MX 10 mail.start.example.",
        "mail.start.example. 3600 IN A 203.0.113.20",
        "_dmarc.start.example. 3600 IN TXT \"v=DMARC1; p=none; rua=mailto:dmarc@start.example\"",
        "s1._domainkey.start.example. 3600 IN TXT \"v=DKIM1; k=rsa; p=",
    ] {
        assert!(zone.contains(record), "{record}: {zone}");
    }
    // What is ticked off shows the answer that proves it, and who gave it.
    let spf = tty.mark("SPF allows those who send");
    assert!(
        spf.contains("v=spf1 ip4:203.0.113.20 ~all") && spf.contains("(from ns1.dns.example, ns2.dns.example)"),
        "{spf}"
    );
    tty.send("g");
    tty.mark("The reverse name of");
    tty.send("y");
    assert_eq!(tty.copied(), "Please set the reverse name (PTR) of 203.0.113.20 to mail.start.example.");
    tty.send("u");
    tty.wait("everything that mail needs is published");
    tty.three_passes();
}

#[test]
fn a_platform_with_aliases_from_nothing_to_three_passes() {
    let mut tty = new_domain("new-platform");
    let zone = tty.publish_all("what is needed is not all known");
    assert!(
        zone.contains("brevo1._domainkey.letters.example. 3600 IN CNAME b1.letters-example.dkim.brevo.com."),
        "{zone}"
    );
    assert!(!zone.contains("v=spf1"), "the record that is there needs nothing: {zone}");
    tty.mark("Brevo (Sendinblue) signs");
    tty.send("u");
    tty.wait("everything that mail needs is published");
    tty.three_passes();
}

#[test]
fn an_own_server_with_a_key_made_here_from_nothing_to_three_passes() {
    let mut tty = new_domain("new-server");
    tty.mark("Your servers' DKIM key");
    tty.send("\r");
    tty.wait("Enter again does it");
    tty.send("\r");
    tty.wait("The private half, readable by you alone");
    // The step shows how the signer is told of it; the file is nobody else's.
    let step = tty.wait("/etc/opendkim.conf");
    let file = step.split_whitespace().find_map(|w| w.split(':').find(|p| p.ends_with("/s1.fresh.example.pem")));
    let file = std::path::PathBuf::from(file.unwrap_or_else(|| panic!("{step}")));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let zone = tty.publish_all("1 step is needed before mail");
    assert!(zone.contains("s1._domainkey.fresh.example. 3600 IN TXT \"v=DKIM1; k=rsa; p="), "{zone}");
    tty.send("g");
    tty.mark("The reverse name of");
    tty.send("y");
    tty.copied();
    tty.send("u");
    tty.wait("everything that mail needs is published");
    tty.three_passes();
    assert!(!file.exists(), "the key goes with the practice world");
}

#[test]
fn a_paste_without_brackets_runs_no_keys() {
    let mut tty = Tty::home(&[]);
    tty.send(&header(40_000).replace("\r\n", "\r"));
    tty.wait("acme.example › verdict");
    tty.send("6");
    tty.wait("acme.example › headers");
    tty.wait("1 Return-Path: <bounce+8842@mailer.esp.example>");
}

#[test]
fn a_case_of_this_very_session_is_found() {
    let mut tty = Tty::home(&[]);
    tty.paste(HEADER);
    tty.wait("Findings");
    tty.send("\x1b");
    tty.wait("What do you have?");
    tty.send("/");
    tty.wait("1 of 1 cases");
    tty.send("nobody");
    tty.wait("0 of 1 cases");
}

#[test]
fn nonsense_is_asked_about_and_kept() {
    let mut tty = Tty::home(&[]);
    tty.paste("these are just some words of no kind at all");
    assert!(tty.wait("This does not look like mail").contains("1 these are just some words"));
    tty.send("\x1b");
    tty.wait("What do you have?");
    tty.send("1");
    tty.wait("1 these are just some words");
}

#[test]
fn signals_restore_the_terminal() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut tty = Tty::home(&[]);
        tty.paste(HEADER);
        tty.wait("Findings");
        tty.signal(name);
        assert_eq!(tty.exit(), code, "SIG{name}");
        tty.assert_restored();
    }
}

#[test]
fn signals_restore_the_terminal_from_the_plain_page() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut tty = Tty::home(&[]);
        tty.paste(HEADER);
        tty.wait("Findings");
        tty.send("P");
        tty.wait("-- any key returns --");
        tty.until("a wait for a key", |tty| tty.is_raw().then_some(()));
        tty.signal(name);
        assert_eq!(tty.exit(), code, "SIG{name}");
        tty.assert_restored();
    }
}

#[test]
fn the_practice_world_leaves_no_folder_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let place = temporary.path().to_str().unwrap();
    let folders = || std::fs::read_dir(place).unwrap().count();
    let begin = || {
        let tty = Tty::run(24, 80, &[("TMPDIR", place)], &["practice", "spf-missing"]);
        tty.wait("Enter writes the test message");
        assert_eq!(folders(), 1);
        tty
    };
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut tty = begin();
        tty.signal(name);
        assert_eq!((tty.exit(), folders()), (code, 0), "SIG{name}");
    }
    // Who is killed takes nothing along; whoever comes next does, and has a folder of its own.
    let mut tty = begin();
    tty.signal("KILL");
    tty.exit();
    assert_eq!(folders(), 1);
    let mut tty = begin();
    tty.send("q");
    assert_eq!((tty.exit(), folders()), (0, 0));
}

#[test]
#[cfg(debug_assertions)]
fn a_panic_restores_the_terminal_before_it_speaks() {
    let mut tty = Tty::home(&[("POSTDOC_PANIC", "1")]);
    tty.send("\x1b[24~");
    assert_eq!(tty.exit(), 101);
    tty.assert_restored();
    let raw = tty.raw();
    let left = raw.rfind("\x1b[?1049l").expect("left the alternate screen");
    let spoke = raw.find("asked to by POSTDOC_PANIC").expect("the message");
    assert!(left < spoke, "the message is on the normal screen");
}

#[test]
fn a_storm_of_sizes_is_followed() {
    let mut tty = Tty::home(&[]);
    tty.paste(HEADER);
    tty.wait("Findings");
    for (rows, columns) in [(1, 1), (50, 200), (5, 20), (10, 30), (18, 60), (30, 100), (24, 80)].repeat(5) {
        // The emulator first: a frame for the new size must not meet a screen of the old one.
        let size = |n| NonZeroU16::new(n).unwrap();
        tty.screen.lock().unwrap().screen_mut().set_size(size(rows), size(columns));
        tty.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        std::thread::sleep(Duration::from_millis(3));
    }
    tty.wait("acme.example › verdict");
    tty.send("q");
    assert_eq!(tty.exit(), 0);
}

#[test]
fn the_plain_page_comes_and_goes() {
    let mut tty = Tty::home(&[]);
    tty.paste(HEADER);
    tty.wait("Findings");
    tty.send("6P");
    tty.wait("-- any key returns --");
    tty.until("the normal screen", |t| (!t.screen.lock().unwrap().screen().alternate_screen()).then_some(()));
    tty.send(" ");
    tty.until("the app", |t| t.screen.lock().unwrap().screen().alternate_screen().then_some(()));
    tty.wait("acme.example › headers");
}

#[test]
fn idle_writes_nothing() {
    let mut tty = Tty::home(&[]);
    tty.paste(HEADER);
    tty.wait("Findings");
    std::thread::sleep(Duration::from_millis(300));
    let before = tty.raw.lock().unwrap().len();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(tty.raw.lock().unwrap().len(), before);
}

#[test]
fn no_color_keeps_reverse_and_drops_colour() {
    let mut tty = Tty::home(&[("NO_COLOR", "1")]);
    tty.paste(HEADER);
    tty.wait("Findings");
    let raw = tty.raw();
    assert!(raw.contains("\x1b[7m"), "the marked row is reversed");
    for colour in ["\x1b[31m", "\x1b[36m", "\x1b[35m", "\x1b[38;5;"] {
        assert!(!raw.contains(colour), "{colour:?}");
    }
}

/// ACCESSIBLE=1: no screen is drawn, every line is only ever added to, and Ctrl+C ends it.
#[test]
fn by_ear_everything_is_a_line() {
    let mut tty = Tty::start(40, 100, &[("ACCESSIBLE", "1")]);
    tty.wait("What is to be done?");
    tty.send("2\r");
    tty.wait("Domains, or IP addresses:");
    tty.send("acme.example\r");
    // The others may be left out.
    for _ in 0..2 {
        tty.wait("(nothing: none):");
        tty.send("\r");
    }
    tty.wait("Which?");
    tty.send("u\r");
    tty.wait("What would settle it:");
    tty.send("q\r");
    tty.until("the list again", |tty| (tty.raw().matches("What is to be done?").count() == 2).then_some(()));
    assert!(!tty.raw().contains('\x1b'), "{:?}", tty.raw());
    tty.send("\x03");
    assert_ne!(tty.exit(), 101);
}
