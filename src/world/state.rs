//! What outlives a run: cases, the draft, saved reports. Folders are 0700, files 0600.

use crate::diagnose::Diagnosis;
use crate::evidence::case::{BadCase, Case};
use crate::triage;
use etcetera::AppStrategy;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The folder of state: `$POSTDOC_STATE_DIR`, else the platform's (`~/.local/state/postdoc`).
#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
}

/// A saved case in the list.
#[derive(Clone, Debug)]
pub struct Saved {
    pub id: String,
    pub path: PathBuf,
    pub changed: std::time::SystemTime,
}

/// Lines kept.
const LINES: usize = 500;

/// What the list of recent cases says of one: kept beside the cases, so that showing the list needs
/// no diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub id: String,
    /// The From domain, or the name of the input.
    pub name: String,
    pub state: triage::State,
    pub headline: String,
    pub at: jiff::Timestamp,
    /// The rules that found something.
    #[serde(default)]
    pub rules: Vec<String>,
}

impl Line {
    fn of(case: &Case, d: &Diagnosis) -> Line {
        let name = d.facts.reading.from_domain().unwrap_or(&case.input.name).to_owned();
        let (state, headline) = (d.verdict.state, d.verdict.headline.clone());
        let rules = d.every_finding().map(|f| f.rule.id.to_owned()).collect();
        Line { id: case.id.clone(), name, state, headline, at: d.facts.evidence.now, rules }
    }
}

/// Why state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{path}: {error}")]
    Case { path: PathBuf, error: BadCase },
    #[error("no case {0}: `postdoc cases list` shows what there is")]
    NoCase(String),
    #[error("several cases begin with {0}: give more of the id")]
    SeveralCases(String),
    #[error("no place for state: set POSTDOC_STATE_DIR to a folder")]
    NoHome,
}

impl State {
    /// Finds the folder; makes nothing.
    pub fn find() -> Result<State, StateError> {
        if let Some(root) = std::env::var_os("POSTDOC_STATE_DIR").filter(|v| !v.is_empty()) {
            return Ok(State::at(root));
        }
        let strategy = etcetera::choose_app_strategy(app()).map_err(|_| StateError::NoHome)?;
        Ok(State::at(strategy.state_dir().unwrap_or_else(|| strategy.data_dir())))
    }

    pub fn at(root: impl Into<PathBuf>) -> State {
        State { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a case of this id is kept.
    pub fn case_path(&self, id: &str) -> PathBuf {
        self.root.join("cases").join(format!("{id}.postdoc"))
    }

    /// Writes a case and its line in the list; a crash leaves the old files whole.
    pub fn save_case(&self, case: &Case, diagnosis: &Diagnosis) -> Result<PathBuf, StateError> {
        let path = self.case_path(&case.id);
        self.write(&path, case.write().as_bytes())?;
        let mut lines = self.lines();
        lines.retain(|line| line.id != case.id);
        lines.insert(0, Line::of(case, diagnosis));
        lines.truncate(LINES);
        self.write(&self.root.join("recent.json"), &serde_json::to_vec(&lines).unwrap_or_default())?;
        Ok(path)
    }

    /// The cases saved last, newest first, as far as they are still there.
    pub fn recent(&self, most: usize) -> Vec<Line> {
        self.lines().into_iter().filter(|line| self.case_path(&line.id).is_file()).take(most).collect()
    }

    /// A list that cannot be read is an empty one: it is only a convenience.
    fn lines(&self) -> Vec<Line> {
        let json = std::fs::read(self.root.join("recent.json")).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    }

    /// Reads a case by id, by the start of an id, by path, or by the domain it is about, the newest then; gzip is
    /// understood.
    pub fn load_case(&self, which: &str) -> Result<Case, StateError> {
        let direct = Path::new(which);
        let about = || self.recent(LINES).into_iter().find(|line| line.name.eq_ignore_ascii_case(which));
        let path = match self.find_case(which) {
            Err(StateError::NoCase(_)) if direct.is_file() => direct.to_owned(),
            Err(StateError::NoCase(which)) => match about() {
                Some(line) => self.case_path(&line.id),
                None => return Err(StateError::NoCase(which)),
            },
            found => found?,
        };
        read_case_file(&path)
    }

    /// A saved case by its id or the start of it, as far as that is one case only.
    fn find_case(&self, which: &str) -> Result<PathBuf, StateError> {
        let hits: Vec<Saved> =
            self.cases()?.into_iter().filter(|c| !which.is_empty() && c.id.starts_with(which)).collect();
        match &hits[..] {
            [] => Err(StateError::NoCase(which.into())),
            [hit] => Ok(hit.path.clone()),
            several => match several.iter().find(|c| c.id == which) {
                Some(hit) => Ok(hit.path.clone()),
                None => Err(StateError::SeveralCases(which.into())),
            },
        }
    }

    /// Every saved case, newest first.
    pub fn cases(&self) -> Result<Vec<Saved>, StateError> {
        let folder = self.root.join("cases");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(io(&folder)(e)),
        };
        let mut cases: Vec<Saved> = entries
            .flatten()
            .filter_map(|entry| {
                let path = entry.path();
                let id = path.file_name()?.to_str()?.strip_suffix(".postdoc")?.to_owned();
                let changed = entry.metadata().ok()?.modified().ok()?;
                Some(Saved { id, path, changed })
            })
            .collect();
        cases.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.id.cmp(&b.id)));
        Ok(cases)
    }

    /// Removes a saved case, by its id or the start of it; never a file that is elsewhere.
    pub fn remove_case(&self, which: &str) -> Result<PathBuf, StateError> {
        let path = self.find_case(which)?;
        std::fs::remove_file(&path).map_err(io(&path))?;
        Ok(path)
    }

    /// Removes cases whose last run is longer ago than this, at most once a day.
    pub fn forget_old_cases(&self, days: u32) -> Result<(), StateError> {
        const DAY: u64 = 24 * 60 * 60;
        let folder = self.root.join("cases");
        let looked = self.root.join("looked-through");
        let age = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok()?.elapsed().ok();
        if days == 0 || !folder.is_dir() || age(&looked).is_some_and(|age| age.as_secs() < DAY) {
            return Ok(());
        }
        self.write(&looked, b"cases older than the settings keep them are removed here once a day\n")?;
        let old = |saved: &Saved| saved.changed.elapsed().is_ok_and(|age| age.as_secs() > u64::from(days) * DAY);
        for saved in self.cases()?.into_iter().filter(old) {
            std::fs::remove_file(&saved.path).map_err(io(&saved.path))?;
        }
        Ok(())
    }

    /// What was kept under a name of ours: the text left in the editor, a plan.
    pub fn note(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.root.join(name)).ok().filter(|d| !d.is_empty())
    }

    /// Keeps it; an empty text removes the file.
    pub fn save_note(&self, name: &str, text: &[u8]) -> Result<(), StateError> {
        let path = self.root.join(name);
        if text.is_empty() {
            return match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io(&path)(e)),
                _ => Ok(()),
            };
        }
        self.write(&path, text)
    }

    /// Has this address been written to before, with its owner's leave?
    pub fn knows_recipient(&self, address: &str) -> bool {
        let known = std::fs::read_to_string(self.root.join("recipients")).unwrap_or_default();
        known.lines().any(|line| line.trim().eq_ignore_ascii_case(address))
    }

    /// Notes that it may be.
    pub fn learn_recipient(&self, address: &str) -> Result<(), StateError> {
        let path = self.root.join("recipients");
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        self.write(&path, format!("{known}{address}\n").as_bytes())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let folder = path.parent().unwrap_or(&self.root);
        private_folder(folder).map_err(io(folder))?;
        let unfinished = path.with_extension("tmp");
        private_file(&unfinished)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| std::fs::rename(&unfinished, path))
            .map_err(io(path))
    }
}

/// Reads a case from a file, gzipped or not.
pub fn read_case_file(path: &Path) -> Result<Case, StateError> {
    let limit = 8 * crate::evidence::Input::LIMIT as u64;
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(limit).read_to_end(&mut bytes)).map_err(io(path))?;
    read_case(path, &bytes)
}

/// Gzipped.
pub fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes)?;
    packer.finish()
}

/// Reads a case from bytes, gzipped or not.
pub fn read_case(path: &Path, bytes: &[u8]) -> Result<Case, StateError> {
    let bad = |error| StateError::Case { path: path.to_owned(), error };
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Case::read(bytes).map_err(bad);
    }
    // A bomb unpacks to more than any input may have, with room for the answers.
    let limit = 4 * crate::evidence::Input::LIMIT as u64;
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(bytes).take(limit).read_to_end(&mut json).map_err(io(path))?;
    Case::read(&json).map_err(bad)
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> StateError + use<> {
    let path = path.to_owned();
    move |error| StateError::Io { path: path.clone(), error }
}

/// How platforms name our folders.
pub(super) fn app() -> etcetera::AppStrategyArgs {
    let name = || "postdoc".to_owned();
    etcetera::AppStrategyArgs { top_level_domain: "org".into(), author: name(), app_name: name() }
}

/// Makes a folder, with those above it, that its owner alone may look into.
pub(super) fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file that is not there yet, readable by its owner alone.
pub fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draft_comes_back_and_goes_when_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::at(dir.path().join("deep/state"));
        assert_eq!(state.note("draft"), None);
        state.save_note("draft", b"From: a@example.com\n").unwrap();
        assert_eq!(state.note("draft").as_deref(), Some(&b"From: a@example.com\n"[..]));
        state.save_note("draft", b"").unwrap();
        assert_eq!(state.note("draft"), None);
        state.save_note("draft", b"").unwrap();
    }

    #[test]
    fn old_cases_go_once_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::at(dir.path());
        let case = |name: &str, days: u64| {
            let path = state.case_path(name);
            state.write(&path, b"{}").unwrap();
            let then = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 24 * 60 * 60 + 60);
            std::fs::File::options().append(true).open(&path).unwrap().set_modified(then).unwrap();
        };
        let left = || state.cases().unwrap().into_iter().map(|c| c.id).collect::<Vec<_>>();
        case("old", 30);
        case("new", 29);
        state.forget_old_cases(0).unwrap();
        assert_eq!(left().len(), 2);
        state.forget_old_cases(30).unwrap();
        assert_eq!(left(), ["new"]);
        case("old", 31);
        state.forget_old_cases(30).unwrap();
        assert_eq!(left().len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let state = State::at(dir.path().join("state"));
        state.save_note("draft", b"x").unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state.root().join("draft")), 0o600);
        assert_eq!(mode(state.root()), 0o700);
    }

    #[test]
    fn a_case_that_is_not_there_says_where_to_look() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::at(dir.path());
        assert!(state.cases().unwrap().is_empty());
        assert!(state.load_case("3f9c").unwrap_err().to_string().contains("cases list"));
    }
}
