//! What is opened, and the case it is kept in.

use super::Outside;
use crate::cli::source;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::case::{Case, Run};
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::Reading;
use crate::samples;
use crate::send::{self, Sent};
use crate::tui::world::{Opened, Source, World};
use crate::world::state::State;
use std::sync::{Arc, Mutex};

impl Outside {
    /// Reads what is to be diagnosed.
    pub(super) fn opened(&self, source: &Source) -> Result<Opened, String> {
        let read = |name: &str, bytes: Arc<[u8]>, kind: Option<InputKind>| {
            Input::read(name, bytes, kind).map_err(|refusal| refusal.to_string())
        };
        self.no_case();
        match source {
            Source::Text { name, bytes, kind } => Ok(fresh(read(name, bytes.clone(), *kind)?)),
            Source::File(path) => {
                let name = path.to_string_lossy().into_owned();
                let bytes = match source::bytes(path) {
                    // A domain or an address is itself the input.
                    Err(_) if source::names_a_host(&name) => name.clone().into_bytes(),
                    bytes => bytes.map_err(|e| format!("{e:#}"))?,
                };
                Ok(fresh(read(&name, bytes.into(), None)?))
            }
            Source::Domain { name, said, practice } => {
                let input = read(name, name.clone().into_bytes().into(), Some(InputKind::Domain))?;
                Ok(Opened { practice: *practice, ..Opened::new(input, Said::clone(said)) })
            }
            Source::Sample(id) => {
                let sample = samples::find(id).ok_or_else(|| format!("there is no sample {id:?}"))?;
                let evidence = sample.evidence(self.now(), Said::default());
                Ok(Opened { invented: true, ..recorded(evidence) })
            }
            Source::Session(sent) => {
                let evidence = send::evidence(sent, self.offline);
                // As it was kept when the session was over: the diagnosis is another run of that case.
                if let Ok(mut open) = self.case.lock() {
                    *open = Some(Case::new(&evidence, true));
                }
                let transcript = evidence.transcript.clone();
                Ok(Opened { transcript, ..Opened::new(evidence.input, evidence.said) })
            }
            Source::Case(id) => {
                let case = self.state()?.load_case(id).map_err(|e| e.to_string())?;
                let evidence = case.evidence(None).map_err(|e| e.to_string())?;
                // A run that cannot be read any more is no reason not to show the last.
                let before = case.runs.len().checked_sub(2).and_then(|run| case.evidence(Some(run)).ok());
                if let Ok(mut open) = self.case.lock() {
                    *open = Some(case);
                }
                Ok(Opened { earlier: before.map(Arc::new), ..recorded(evidence) })
            }
        }
    }

    pub(super) fn state(&self) -> Result<&State, String> {
        self.state.as_ref().ok_or_else(|| "there is no place for state: set POSTDOC_STATE_DIR to a folder".into())
    }

    /// What comes from here on is no run of the case that was open.
    pub(super) fn no_case(&self) {
        if let Ok(mut case) = self.case.lock() {
            *case = None;
        }
    }
}

/// Something new, of which nothing was said yet.
fn fresh(input: Input) -> Opened {
    Opened::new(input, Said::default())
}

/// A saved case or a sample, to be looked at as it was.
fn recorded(evidence: Evidence) -> Opened {
    let transcript = evidence.transcript.clone();
    Opened { recorded: Some(Arc::new(evidence.clone())), transcript, ..Opened::new(evidence.input, evidence.said) }
}

/// A session makes a case, whether or not anybody looks at its diagnosis.
pub(super) fn keep_session(state: &State, sent: &Sent) {
    let evidence = send::evidence(sent, true);
    let case = Case::new(&evidence, true);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let _ = state.save_case(&case, &diagnose(Arc::new(evidence), reading));
}

/// Writes the case, or appends the run to the one that is open; `begun` brings that run up to
/// date. Failing to is no reason to interrupt anybody: the next run tries again.
pub(super) fn save(state: &State, open: &Mutex<Option<Case>>, diagnosis: &Diagnosis, begun: bool) {
    let evidence = &diagnosis.facts.evidence;
    let Ok(mut open) = open.lock() else { return };
    match open.as_mut() {
        Some(case) => {
            if begun {
                case.runs.pop();
            }
            case.runs.push(Run::of(evidence));
        }
        None => *open = Some(Case::new(evidence, false)),
    }
    if let Some(case) = open.as_ref() {
        let _ = state.save_case(case, diagnosis);
    }
}
