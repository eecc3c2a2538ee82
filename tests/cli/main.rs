//! The program as scripts and eyes meet it: arguments and bytes in; stdout, stderr and a status out.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bombs;
mod cases;
mod explain;
mod fetch;
mod fix;
mod folder;
mod hostile;
mod json;
mod keygen;
mod linear;
mod onboard;
mod planted;
mod practice;
mod redaction;
mod send;
mod sent;
mod settings;
mod status;
mod text;
mod troubleshoot;
mod wait;
mod warmup;
mod watch;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../dnsd/mod.rs"]
mod dnsd;
#[path = "../schema/mod.rs"]
mod schema;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../smtpd/mod.rs"]
mod smtpd;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../imapd/mod.rs"]
mod imapd;

use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::case::Case;
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Input, Said};
use postdoc::facts::Reading;
use postdoc::replay::prove;
use postdoc::report::{Shown, json as json_of};
use postdoc::samples;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

const NOW: &str = "2026-06-10T12:00:00Z";

/// A user's machine: a folder of files and a folder of state, no terminal, no settings.
struct Home {
    dir: tempfile::TempDir,
}

/// What came of a command.
struct Out {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Home {
    fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap() }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSTDOC_") || name.contains("COLOR")) {
            command.env_remove(name);
        }
        command
            .env("POSTDOC_STATE_DIR", self.state())
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env_remove("LC_ALL")
            .env_remove("COLUMNS")
            .current_dir(self.dir.path())
            .args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Out {
        self.fed(args, b"")
    }

    /// With something on standard input.
    fn fed(&self, args: &[&str], stdin: &[u8]) -> Out {
        finish(self.command(args), stdin)
    }

    /// A diagnosis that asks nobody, at a fixed time.
    fn diagnose(&self, args: &[&str]) -> Out {
        self.run(&[&["diagnose", "--offline", "--now", NOW], args].concat())
    }
}

fn finish(mut command: Command, stdin: &[u8]) -> Out {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let stdin = stdin.to_owned();
    // A command that does not read what it is fed is no fault here.
    let feeder = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
    let out = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Out {
        status: out.status.code().unwrap(),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

impl Out {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", self.stdout, self.stderr))
    }
}

fn sample(name: &str) -> &'static str {
    samples::find(name).unwrap().text
}

/// A sample or story with the DNS it lives in.
struct World {
    name: String,
    diagnosis: Diagnosis,
}

impl World {
    fn of(name: String, evidence: Evidence) -> World {
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        World { name, diagnosis: prove(diagnose(Arc::new(evidence), reading)).diagnosis }
    }

    /// A case file of everything.
    fn case(&self) -> String {
        Case::new(&self.diagnosis.facts.evidence, true).write()
    }

    fn original(&self) -> &[u8] {
        &self.diagnosis.facts.evidence.input.original
    }

    fn is_check(&self) -> bool {
        self.diagnosis.facts.reading.subject.is_some()
    }

    /// What `--json` prints.
    fn json(&self, shown: Shown) -> String {
        match self.is_check() {
            true => json_of::pretty(&json_of::domain::document(&self.diagnosis), shown),
            false => json_of::pretty(&json_of::diagnosis::document(&self.diagnosis), shown),
        }
    }
}

/// Every one there is. Most of what is to be seen needs no process for each: `text` shows that a process
/// prints the same.
fn worlds() -> &'static [World] {
    static WORLDS: LazyLock<Vec<World>> = LazyLock::new(every_world);
    &WORLDS
}

fn every_world() -> Vec<World> {
    let now = NOW.parse().unwrap();
    let mut worlds: Vec<(String, Evidence)> =
        samples::all().iter().map(|s| (s.name.to_owned(), s.evidence(now, Said::default()))).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let story = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(story.join("input")) else { continue };
        let zone = std::fs::read_to_string(story.join("zone")).ok();
        let evidence = Evidence {
            input: Arc::new(Input::read("story", bytes, None).unwrap()),
            said: Said::default(),
            answers: Default::default(),
            fetched: Default::default(),
            transcript: None,
            now,
            offline: zone.is_none(),
        };
        let evidence = match zone {
            Some(text) => samples::settle(evidence, &Zone::parse(&text).unwrap()),
            None => evidence,
        };
        worlds.push((story.file_name().unwrap().to_str().unwrap().to_owned(), evidence));
    }
    assert!(worlds.len() > 40);
    worlds.sort_by(|a, b| a.0.cmp(&b.0));
    worlds.into_iter().map(|(name, evidence)| World::of(name, evidence)).collect()
}
