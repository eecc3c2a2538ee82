//! A copy inside tmux reaches tmux's own buffer. Skipped, aloud, where there is no tmux.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::process::Command;
use std::time::{Duration, Instant};

const HEADER: &str = "Received: from out24.mailer.esp.example (out24.mailer.esp.example [198.51.100.24])
\tby mx.receiver.example with ESMTPS id x12si8842; Tue, 12 May 2026 14:01:44 +0000
Authentication-Results: mx.receiver.example;
\tdkim=pass header.i=@mailer.esp.example header.s=k1;
\tdmarc=fail (p=NONE dis=NONE) header.from=acme.example
From: Acme Billing <billing@acme.example>
Date: Tue, 12 May 2026 13:57:14 +0000
Subject: Invoice 8842
";

/// A tmux server of our own, killed at the end.
struct Tmux {
    socket: std::path::PathBuf,
}

impl Tmux {
    fn run(&self, args: &[&str]) -> String {
        let out = Command::new("tmux").arg("-S").arg(&self.socket).args(args).env_remove("TMUX").output().unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn wait(&self, what: &str) -> String {
        let start = Instant::now();
        loop {
            let screen = self.run(&["capture-pane", "-p", "-t", "app"]);
            if screen.contains(what) {
                return screen;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "never saw {what:?}:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn a_copy_is_in_the_tmux_buffer() {
    if Command::new("tmux").arg("-V").output().is_err() {
        eprintln!("skipped: no tmux here, so the copy inside tmux was NOT tested");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let tmux = Tmux { socket: home.path().join("socket") };
    let file = home.path().join("header.eml");
    std::fs::write(&file, HEADER).unwrap();
    let command = format!(
        "env -u POSTDOC_STATE_DIR LANG=C.UTF-8 POSTDOC_THEME=ansi HOME='{home}' XDG_STATE_HOME='{home}' XDG_CONFIG_HOME='{home}' '{program}' --offline; sleep 60",
        home = home.path().display(),
        program = env!("CARGO_BIN_EXE_postdoc"),
    );
    tmux.run(&["-u", "-f", "/dev/null", "new-session", "-d", "-s", "app", "-x", "80", "-y", "24", &command]);
    tmux.wait("What do you have?");
    tmux.run(&["load-buffer", "-b", "header", &file.display().to_string()]);
    tmux.run(&["paste-buffer", "-p", "-b", "header", "-t", "app"]);
    tmux.wait("Findings");
    tmux.run(&["send-keys", "-t", "app", "5"]);
    tmux.wait("Received, oldest first");
    tmux.run(&["send-keys", "-t", "app", "y"]);
    tmux.wait("via tmux");
    let buffer = tmux.run(&["show-buffer"]);
    assert!(buffer.starts_with("Received: from out24.mailer.esp.example"), "{buffer:?}");
    assert!(buffer.trim_end().ends_with("14:01:44 +0000"), "{buffer:?}");
}
