//! A case for other eyes: stand-ins for domains, persons and machines in everything it holds.

use super::Redaction;
use super::addresses::Addresses;
use super::collect::Collector;
use super::encoded;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::case::{Asked, BadCase, Case, Done, Run};
use crate::evidence::dns::Server;
use crate::evidence::input::Seen;
use crate::evidence::{Answer, Data, Input, InputKind, Question, Record};
use crate::facts::domain::probe;
use crate::facts::{Reading, report};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// A redacted case, and what of its diagnosis came out otherwise.
pub struct Redacted {
    pub case: Case,
    /// How its verdict or findings differ from those of the original, which they should not.
    pub differs: Option<String>,
}

/// What names formats and programs, and is nobody's.
const OURS: &[&str] = &["sha256", "digest"];

/// Replaces domains, persons, subjects, ids and addresses of machines, everywhere alike. The body goes; what it said of
/// the signatures stays, and so does what the signatures proved, since they cannot be verified over stand-ins.
pub fn case(case: &Case) -> Result<Redacted, BadCase> {
    let original = judged(case)?;
    let mut secrets = Collector::default();
    secrets.take(&original.facts);
    case.runs.iter().for_each(|run| secrets.run(run));
    let whole = case.write();
    // What stands in the case is its key: whoever has not got it cannot turn the addresses back.
    let masks = Masks {
        words: secrets.finish().without_machines(),
        addresses: Addresses::new(whole.as_bytes()),
        subject: original.facts.evidence.input.subject(),
    };
    let mut new = case.clone();
    new.id = format!("{:.60}-r", case.id);
    masks.input(&mut new, &original)?;
    new.runs = case.runs.iter().map(|run| masks.run(run)).collect::<Result<_, _>>()?;
    let differs = differs(&original, &judged(&new)?);
    Ok(Redacted { case: new, differs })
}

struct Masks {
    words: Redaction,
    addresses: Addresses,
    /// What is checked.
    subject: Option<String>,
}

impl Masks {
    fn text(&self, text: &str) -> String {
        self.addresses.apply(&self.words.apply(text))
    }

    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            out.extend_from_slice(self.text(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out
    }

    fn input(&self, case: &mut Case, original: &Diagnosis) -> Result<(), BadCase> {
        let input = &original.facts.evidence.input;
        let mut saved = case.input.without_body(input);
        // It served the search, which is over: names of boundaries and files stand in it.
        saved.body.iter_mut().for_each(|witness| witness.wrapped = None);
        let cut = saved.text.as_ref().map(String::len) != Some(saved.bytes);
        let kept = match (&saved.text, &saved.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, code) => STANDARD
                .decode(code.iter().collect::<Vec<_>>().first().map_or("", |c| c))
                .map_err(|_| BadCase::NoInput)?,
        };
        // A report comes packed: what is inside takes its place.
        let inside = (saved.kind == InputKind::Report).then(|| report::text(&kept)).flatten().map(String::into_bytes);
        let packed = inside.as_ref().is_some_and(|inside| *inside != kept);
        let kind = |bytes: &[u8]| Input::read(&saved.name, bytes, None).ok().map(|read| read.kind);
        let before = kind(&kept);
        let hidden = encoded::hidden(&inside.unwrap_or(kept), |text| self.bytes(text));
        // What it was recognised by may be gone, a subject say.
        let told = saved.told.or((kind(&hidden) != before).then_some(saved.kind));
        saved.told = told;
        (saved.text, saved.base64) = match String::from_utf8(hidden) {
            Ok(text) => (Some(text), None),
            Err(bytes) => (None, Some(STANDARD.encode(bytes.as_bytes()))),
        };
        saved.name = match input.subject() {
            Some(_) => self.text(&saved.name),
            None => saved.kind.word().to_owned(),
        };
        saved.because = self.text(&saved.because);
        saved.content = saved.content.map(|c| self.value(&c)).transpose()?;
        saved.seen =
            Some(self.value(&Seen { signatures: original.facts.verified.clone(), chain: original.facts.chain })?);
        saved.measure(cut && !packed);
        case.input = saved;
        Ok(())
    }

    fn run(&self, run: &Run) -> Result<Run, BadCase> {
        Ok(Run {
            tool: run.tool.clone(),
            now: run.now,
            offline: run.offline,
            said: self.value(&run.said)?,
            answers: run.answers.iter().map(|asked| self.asked(asked)).collect(),
            fetched: self.fetched(run)?,
            transcript: run.transcript.as_ref().map(|t| self.value(t)).transpose()?,
        })
    }

    /// The address that nobody has is made of the domain, and asked for by it again.
    fn fetched(&self, run: &Run) -> Result<Vec<Done>, BadCase> {
        let fetched = self.value(&run.fetched)?;
        let Some(domain) = &self.subject else { return Ok(fetched) };
        let local = |domain: &str| probe::nobody(domain, run.now).split('@').next().unwrap_or_default().to_owned();
        let text = serde_json::to_string(&fetched)?.replace(&local(domain), &local(&self.text(domain)));
        Ok(serde_json::from_str(&text)?)
    }

    fn asked(&self, asked: &Asked) -> Asked {
        let Asked { question, answer } = asked;
        let server = match question.server {
            Server::Resolver => Server::Resolver,
            Server::At(ip) => Server::At(self.addresses.stand_in(ip)),
        };
        let records = |all: &[Record]| all.iter().map(|r| self.record(r)).collect();
        let mut extended = answer.extended.clone();
        extended.iter_mut().for_each(|e| e.text = self.text(&e.text));
        Asked {
            question: Question { name: self.text(&question.name).into(), server, ..question.clone() },
            answer: Answer {
                records: records(&answer.records),
                authority: records(&answer.authority),
                glue: records(&answer.glue),
                extended,
                ..answer.clone()
            },
        }
    }

    fn record(&self, record: &Record) -> Record {
        let data = match &record.data {
            Data::Txt(strings) => Data::Txt(self.txt(strings)),
            other => {
                let text = self.text(&other.to_string());
                other.kind().and_then(|kind| Data::parse(kind, &text)).unwrap_or(Data::Other(text))
            }
        };
        Record { name: self.text(&record.name), ttl: record.ttl, data }
    }

    /// A name may lie across two strings: they are cut again where they were, as far as that goes.
    fn txt(&self, strings: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let hidden = self.bytes(&strings.concat());
        let mut rest = &hidden[..];
        let mut out = Vec::new();
        for (n, string) in strings.iter().enumerate() {
            let last = n + 1 == strings.len();
            let (this, after) = rest.split_at(if last { rest.len() } else { string.len().min(rest.len()) });
            out.push(this.to_vec());
            rest = after;
        }
        // RFC 1035 §3.3: a string has at most 255 octets.
        out.into_iter()
            .flat_map(|s| match s.is_empty() {
                true => vec![s],
                false => s.chunks(255).map(<[u8]>::to_vec).collect(),
            })
            .collect()
    }

    /// As it is stored, with every string hidden.
    fn value<T: Serialize + DeserializeOwned>(&self, of: &T) -> Result<T, BadCase> {
        let mut value = serde_json::to_value(of)?;
        self.walk(&mut value, "");
        Ok(serde_json::from_value(value)?)
    }

    fn walk(&self, value: &mut Value, key: &str) {
        match value {
            Value::String(text) if OURS.contains(&key) || text.parse::<jiff::Timestamp>().is_ok() => {}
            Value::String(text) if text == probe::FOREIGN => {}
            Value::String(text) if key == "chain" => *text = self.certificate(text),
            // A word of the format's, unless somebody is called so.
            Value::String(text) if is_word(text) => {
                if let Some(stand_in) = self.words.exact(text) {
                    *text = stand_in;
                }
            }
            Value::String(text) => *text = self.text(text),
            Value::Array(all) => all.iter_mut().for_each(|one| self.walk(one, key)),
            Value::Object(fields) => fields.iter_mut().for_each(|(key, one)| self.walk(one, key)),
            _ => {}
        }
    }

    /// Stand-ins are as long as names, so that the DER around them stays true.
    fn certificate(&self, code: &str) -> String {
        match STANDARD.decode(code) {
            Ok(der) => STANDARD.encode(self.words.apply_bytes(&encoded::without_subjects(der))),
            Err(_) => code.to_owned(),
        }
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn judged(case: &Case) -> Result<Diagnosis, BadCase> {
    let evidence = case.evidence(None)?;
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Ok(diagnose(Arc::new(evidence), reading))
}

fn differs(before: &Diagnosis, after: &Diagnosis) -> Option<String> {
    // Sorted, for equals stand in the order of their names.
    let ids = |d: &Diagnosis| {
        let mut ids: Vec<_> = d.every_finding().map(|f| f.rule.id).collect();
        ids.sort_unstable();
        ids
    };
    if before.verdict.state != after.verdict.state {
        return Some(format!("{} became {}", before.verdict.state.word(), after.verdict.state.word()));
    }
    let (before, after) = (ids(before), ids(after));
    let only = |a: &[&'static str], b: &[&'static str]| {
        a.iter().filter(|id| !b.contains(id)).copied().collect::<Vec<_>>().join(", ")
    };
    (before != after).then(|| format!("gone: [{}], new: [{}]", only(&before, &after), only(&after, &before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Said;

    #[test]
    fn a_redacted_case_says_the_same_and_can_be_read_again() {
        for sample in crate::samples::all() {
            let evidence = sample.evidence(jiff::Timestamp::UNIX_EPOCH, Said::default());
            let redacted = case(&Case::new(&evidence, true)).unwrap();
            assert_eq!(redacted.differs, None, "{}", sample.name);
            let again = case(&Case::read(redacted.case.write().as_bytes()).unwrap()).unwrap();
            assert_eq!(again.differs, None, "{}", sample.name);
        }
    }
}
