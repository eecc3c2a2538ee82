//! The case file, `postdoc/case` version 1: everything a diagnosis rests on, nothing derived.

use super::input::{BodyWitness, Seen};
use super::{
    Answer, Answers, Brought, Errand, Evidence, Fetched, Input, InputKind, Question, Refusal, Said, Transcript,
};
use crate::facts::content::Content;
use crate::rules::Confidence;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A saved case: one input, and the runs made on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    pub schema: String,
    pub schema_version: u32,
    pub id: String,
    pub input: SavedInput,
    /// Oldest first; appended to, never overwritten.
    pub runs: Vec<Run>,
}

/// The input bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedInput {
    pub name: String,
    pub kind: InputKind,
    /// What it was taken for, and why: the kept part alone may look like something else.
    pub sure: Confidence,
    pub because: String,
    /// The kind the user told us to read it as.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub told: Option<InputKind>,
    /// Size and digest of the input as given, also where only its header was kept.
    pub bytes: usize,
    pub sha256: String,
    /// What was kept, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What was kept, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// What signatures are held against, where the body was not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<BodyWitness>,
    /// What stood in the body, where it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The copy that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Box<SavedInput>>,
    /// What the signatures proved, where stand-ins took the place of what they cover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// One diagnosis of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Version of the program.
    pub tool: String,
    pub now: jiff::Timestamp,
    pub offline: bool,
    pub said: Said,
    pub answers: Vec<Asked>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<Done>,
    /// The session in which the message was to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Transcript>,
}

/// A question with its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    pub question: Question,
    #[serde(flatten)]
    pub answer: Answer,
}

/// An errand with what it brought.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    pub errand: Errand,
    pub brought: Brought,
}

/// Why a case cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadCase {
    #[error("this is no case file: {0}")]
    Json(#[from] serde_json::Error),
    #[error("this is no case file (schema {0:?})")]
    Schema(String),
    #[error("the case is of version {0}, this program reads 1: use a newer postdoc")]
    Version(u32),
    #[error("{0:?} is no case id: expected up to 64 letters and digits")]
    Id(String),
    #[error("the case holds no input")]
    NoInput,
    #[error("the case holds no run")]
    NoRun,
    #[error("the case's input: {0}")]
    Input(#[from] Refusal),
}

impl Case {
    /// A case with one run. A message's body is kept only on request, and beside a sent copy; the header decides.
    pub fn new(evidence: &Evidence, bodies: bool) -> Case {
        let input = SavedInput::of(&evidence.input, bodies || evidence.input.sent().is_some());
        let id = format!("{:.8}", digest(&[input.sha256.as_bytes(), evidence.now.to_string().as_bytes()]));
        Case { schema: "postdoc/case".into(), schema_version: 1, id, input, runs: vec![Run::of(evidence)] }
    }

    /// Reads a case.
    pub fn read(json: &[u8]) -> Result<Case, BadCase> {
        // Of a newer case nothing but these two is sure to be there.
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            schema: String,
            #[serde(default)]
            schema_version: u32,
        }
        let head: Head = serde_json::from_slice(json)?;
        match (head.schema.as_str(), head.schema_version) {
            ("postdoc/case", 1) => {
                let case: Case = serde_json::from_slice(json)?;
                // The id names a file: nothing in it may lead out of the folder.
                if is_id(&case.id) { Ok(case) } else { Err(BadCase::Id(case.id)) }
            }
            ("postdoc/case", newer) => Err(BadCase::Version(newer)),
            (other, _) => Err(BadCase::Schema(other.into())),
        }
    }

    /// The case as JSON, with a final line end.
    pub fn write(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// The evidence of one run, the latest unless `run` says otherwise.
    pub fn evidence(&self, run: Option<usize>) -> Result<Evidence, BadCase> {
        let saved = &self.input;
        let input = match &saved.sent {
            Some(sent) => saved.input()?.beside(sent.input()?),
            None => saved.input()?,
        };
        let run = match run {
            Some(n) => self.runs.get(n),
            None => self.runs.last(),
        };
        let run = run.ok_or(BadCase::NoRun)?;
        let answers: Answers = run.answers.iter().cloned().map(|a| (a.question, a.answer)).collect();
        let fetched: Fetched = run.fetched.iter().cloned().map(|d| (d.errand, d.brought)).collect();
        let transcript = run.transcript.clone().map(Arc::new);
        Ok(Evidence { answers, fetched, transcript, ..Evidence::new(input, run.said.clone(), run.now, run.offline) })
    }
}

impl SavedInput {
    /// What is kept of an input: all of it, or what decides.
    fn of(input: &Input, whole: bool) -> SavedInput {
        let kept = if whole { &input.original[..] } else { input.header_section() };
        let cut = kept.len() < input.original.len();
        let text = std::str::from_utf8(kept).ok().map(str::to_owned);
        SavedInput {
            name: input.name.clone(),
            kind: input.kind,
            sure: input.sure,
            because: input.because.clone(),
            told: input.told(),
            bytes: input.bytes(),
            sha256: input.sha256(),
            base64: text.is_none().then(|| base64::engine::general_purpose::STANDARD.encode(kept)),
            text,
            body: if cut { crate::facts::dkim::signed::witnesses(input) } else { input.body_witnesses().to_vec() },
            content: cut
                .then(|| crate::facts::content::read(input, &crate::facts::header::Header::split(&input.text)))
                .flatten()
                .or_else(|| input.kept_content().cloned()),
            sent: input.sent().map(|sent| Box::new(SavedInput::of(sent, true))),
            seen: input.seen().cloned(),
        }
    }

    /// As it is kept without its body and without the sent copy.
    pub fn without_body(&self, input: &Input) -> SavedInput {
        SavedInput { sent: None, ..SavedInput::of(input, false) }
    }

    /// The size and digest of what is kept, where that is all there ever was.
    pub fn measure(&mut self, cut: bool) {
        if let Some(text) = self.text.as_ref().filter(|_| !cut) {
            (self.bytes, self.sha256) = (text.len(), digest(&[text.as_bytes()]));
        }
    }

    fn input(&self) -> Result<Input, BadCase> {
        let bytes = match (&self.text, &self.base64) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(code)) => {
                base64::engine::general_purpose::STANDARD.decode(code).map_err(|_| BadCase::NoInput)?
            }
            (None, None) => return Err(BadCase::NoInput),
        };
        Ok(Input::read(&self.name, bytes, self.told)?.cut_from(self))
    }
}

impl Run {
    pub fn of(evidence: &Evidence) -> Run {
        Run {
            tool: env!("CARGO_PKG_VERSION").into(),
            now: evidence.now,
            offline: evidence.offline,
            said: evidence.said.clone(),
            answers: evidence.answers.iter().map(|(q, a)| Asked { question: q.clone(), answer: a.clone() }).collect(),
            fetched: evidence.fetched.iter().map(|(e, b)| Done { errand: e.clone(), brought: b.clone() }).collect(),
            transcript: evidence.transcript.as_deref().cloned(),
        }
    }
}

/// Is each word of a search in one of these texts? Letters are compared without case.
pub fn matches<'t>(words: &str, texts: impl Iterator<Item = &'t str>) -> bool {
    let texts: Vec<String> = texts.map(str::to_lowercase).collect();
    words.to_lowercase().split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Hex SHA-256 over the pieces.
fn digest(pieces: &[&[u8]]) -> String {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}
