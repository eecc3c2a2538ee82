//! Exit statuses (CONTRACT).

use crate::diagnose::Diagnosis;
use crate::rules::Severity;
use crate::triage::State;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Clean,
    Found,
    Usage,
    Unknown,
    /// Waited for in vain.
    TimedOut,
    /// By this signal.
    Interrupted(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Unknown => 3,
            Exit::TimedOut => 4,
            Exit::Interrupted(signal) => 128 + signal,
        }
    }

    /// What one diagnosis means for the status; `None` as threshold is `never`.
    pub fn of(d: &Diagnosis, fail_on: Option<Severity>) -> Exit {
        let worst = d.every_finding().map(|f| f.severity).max();
        match fail_on {
            Some(limit) if worst >= Some(limit) => Exit::Found,
            _ if d.verdict.state == State::Unknown => Exit::Unknown,
            _ => Exit::Clean,
        }
    }

    /// The status of several inputs: a finding outweighs what is unknown, which outweighs clean.
    pub fn and(self, other: Exit) -> Exit {
        let weight = |e: Exit| match e {
            Exit::Clean => 0,
            Exit::Unknown => 1,
            Exit::Usage => 2,
            Exit::TimedOut => 3,
            Exit::Found => 4,
            Exit::Interrupted(_) => 5,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
