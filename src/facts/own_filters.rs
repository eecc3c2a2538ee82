//! What filters of the user's own say of the message: judges beside the receiver, never the receiver.

use super::Reading;
use super::antispam::Meaning;
use super::boundary::{Identities, MailFrom};
use super::lookup::Lookup;
use crate::evidence::errand::{Scan, What};
use crate::evidence::{Errand, Evidence, InputKind};
use crate::knowledge::receiver;
use std::collections::BTreeMap;

/// Bytes of a message that SpamAssassin is asked about: spamc hands over no more (`-s`, its default).
const SPAMASSASSIN: usize = 500 * 1024;

/// Symbols that are read.
const SYMBOLS: usize = 1_000;

/// One filter, and what came of asking it.
#[derive(Clone, Debug)]
pub struct Opinion {
    pub which: Which,
    pub errand: Errand,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    SpamAssassin,
    Rspamd,
}

/// What is known of its opinion.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    Unasked,
    /// There is nothing that it could be asked about, and why.
    Unaskable(&'static str),
    /// It gave none, and why.
    Failed(String),
    Heard(Heard),
}

/// An opinion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    pub spam: bool,
    pub score: f64,
    /// From here on it is spam; of Rspamd: it is refused.
    pub required: Option<f64>,
    /// What Rspamd would have done: `add header`.
    pub action: Option<String>,
    /// What it found, the weightiest first where it says what each weighs.
    pub symbols: Vec<Symbol>,
}

/// One thing it found.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    pub name: String,
    pub points: Option<f64>,
    /// What the vocabulary says of it, the same that header fields are read with.
    pub meaning: Option<Meaning>,
    /// Rules whose findings it bears out.
    pub rules: &'static [String],
    /// What the filter itself says of it.
    pub description: Option<String>,
}

impl Which {
    pub fn name(self) -> &'static str {
        match self {
            Which::SpamAssassin => "SpamAssassin",
            Which::Rspamd => "Rspamd",
        }
    }

    fn symbol(self, name: &str, points: Option<f64>, description: Option<String>) -> Symbol {
        let (id, field, key) = match self {
            Which::SpamAssassin => ("spamassassin", "X-Spam-Status", "test"),
            Which::Rspamd => ("rspamd", "X-Spamd-Result", "symbol"),
        };
        let row = receiver::find(id).and_then(|r| r.row(field, key, name));
        Symbol {
            name: name.to_owned(),
            points,
            meaning: row.map(|row| Meaning { text: &row.meaning, leaning: row.leaning }),
            rules: row.map_or(&[], |row| &row.rules),
            description,
        }
    }
}

impl Symbol {
    /// In words: those of the vocabulary, else the filter's own.
    pub fn words(&self) -> Option<&str> {
        self.meaning.as_ref().map(|m| m.text).or(self.description.as_deref())
    }
}

impl Opinion {
    pub fn heard(&self) -> Option<&Heard> {
        match &self.state {
            State::Heard(heard) => Some(heard),
            _ => None,
        }
    }
}

/// Asks the filters that the user named, about a whole message.
pub fn gather(lookup: &Lookup, reading: &Reading, identities: &Identities, evidence: &Evidence) -> Vec<Opinion> {
    if evidence.input.kind != InputKind::Message || reading.bounce.is_some() {
        return Vec::new();
    }
    let wanted = &evidence.said.filters;
    let spamd = wanted.spamd.iter().map(|at| (Which::SpamAssassin, Errand::Spamd { at: at.clone() }));
    let scan = |url: &String| Scan {
        url: url.clone(),
        ip: identities.source_ip.as_ref().map(|ip| ip.value),
        helo: identities.helo.as_ref().map(|helo| helo.value.clone()),
        mail_from: identities.mail_from.as_ref().map(|m| path(&m.value)),
    };
    let rspamd = wanted.rspamd.iter().map(|url| (Which::Rspamd, Errand::Rspamd(scan(url))));
    let opinion = |(which, errand): (Which, Errand)| {
        let state = match (lookup.brought(&errand), unaskable(which, evidence)) {
            (Some(what), _) => read(which, what),
            (None, Some(why)) => State::Unaskable(why),
            (None, None) => {
                lookup.fetch(errand.clone());
                State::Unasked
            }
        };
        Opinion { which, errand, state }
    };
    spamd.chain(rspamd).map(opinion).collect()
}

/// Half a message, or too much of one.
fn unaskable(which: Which, evidence: &Evidence) -> Option<&'static str> {
    match () {
        () if evidence.input.is_cut() => Some("the whole message: this case kept its header alone"),
        () if which == Which::SpamAssassin && evidence.input.text.len() > SPAMASSASSIN => {
            Some("a message of at most 500 KiB: SpamAssassin's own client hands over no more")
        }
        () => None,
    }
}

fn path(mail_from: &MailFrom) -> String {
    match mail_from {
        MailFrom::Null => "<>".to_owned(),
        MailFrom::Path { local: Some(local), domain } => format!("<{local}@{domain}>"),
        MailFrom::Path { local: None, domain } => format!("<@{domain}>"),
    }
}

fn read(which: Which, what: &What) -> State {
    let read = match what {
        What::Spamd { answer } => spamd(answer),
        What::Page { status: 200, body, .. } => rspamd(body),
        What::Page { status: 401 | 403, .. } => Err(
            "it wants the right password: its normal worker (port 11333) asks for none, or name it (--rspamd-password-file; t in the app)"
                .to_owned(),
        ),
        What::Page { status, .. } => Err(format!("it answered with status {status}")),
        What::Failed { why, .. } => Err(why.clone()),
        What::Talk(_) | What::Handshake(_) => Err("the answer is of another kind".to_owned()),
    };
    debug_assert!(!matches!((which, what), (Which::Rspamd, What::Spamd { .. })));
    match read {
        Ok(heard) => State::Heard(heard),
        Err(why) => State::Failed(why),
    }
}

/// `SPAMD/1.1 0 EX_OK`, fields, an empty line, the names of what was found.
fn spamd(answer: &str) -> Result<Heard, String> {
    let odd = |what: &str| format!("{what}: {}", crate::safe::clip(answer.trim(), 80));
    let (head, body) =
        answer.split_once("\r\n\r\n").or_else(|| answer.split_once("\n\n")).ok_or_else(|| odd("no whole answer"))?;
    let mut lines = head.lines();
    let mut status = lines.next().unwrap_or_default().split_whitespace();
    match (status.next().is_some_and(|word| word.starts_with("SPAMD/")), status.next()) {
        (true, Some("0")) => {}
        (true, Some(code)) => {
            return Err(format!("it refuses: {code} {}", status.collect::<Vec<_>>().join(" ")));
        }
        _ => return Err(odd("the answer is none of spamd")),
    }
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    if let Some(length) = field("Content-length")
        && length.parse() != Ok(body.len())
    {
        return Err(format!("the answer has {} bytes where it announces {length}", body.len()));
    }
    let verdict = field("Spam").ok_or_else(|| odd("the answer names no verdict"))?;
    let number = |text: &str| text.trim().parse().ok().filter(|n: &f64| n.is_finite());
    let read = verdict.split_once(';').and_then(|(word, points)| {
        let (score, required) = points.split_once('/')?;
        let spam = match &*word.trim().to_ascii_lowercase() {
            "true" | "yes" => true,
            "false" | "no" => false,
            _ => return None,
        };
        Some((spam, number(score)?, number(required)?))
    });
    let (spam, score, required) = read.ok_or_else(|| odd("the verdict cannot be read"))?;
    let names = body.split([',', ' ', '\t', '\r', '\n']).filter(|name| !name.is_empty());
    let symbols = names.take(SYMBOLS).map(|name| Which::SpamAssassin.symbol(name, None, None)).collect();
    Ok(Heard { spam, score, required: Some(required), action: None, symbols })
}

#[derive(serde::Deserialize)]
struct Checked {
    #[serde(default)]
    is_skipped: bool,
    #[serde(default)]
    error: Option<String>,
    score: Option<f64>,
    required_score: Option<f64>,
    action: Option<String>,
    #[serde(default)]
    symbols: BTreeMap<String, Found>,
}

#[derive(serde::Deserialize)]
struct Found {
    #[serde(default)]
    score: f64,
    description: Option<String>,
}

fn rspamd(body: &str) -> Result<Heard, String> {
    let checked: Checked = serde_json::from_str(body).map_err(|_| "the answer is none of Rspamd".to_owned())?;
    if let Some(error) = checked.error {
        return Err(format!("it could not: {}", crate::safe::clip(&error, 120)));
    }
    if checked.is_skipped {
        return Err("it is set to skip this message".to_owned());
    }
    let (Some(score), Some(action)) = (checked.score, checked.action) else {
        return Err("the answer names no verdict".to_owned());
    };
    let action = action.to_ascii_lowercase();
    let mut symbols: Vec<Symbol> = checked
        .symbols
        .into_iter()
        .take(SYMBOLS)
        .map(|(name, found)| {
            let description = found.description.filter(|d| !d.trim().is_empty());
            Which::Rspamd.symbol(&name, Some(found.score), description)
        })
        .collect();
    symbols.sort_by(|a, b| b.points.unwrap_or_default().total_cmp(&a.points.unwrap_or_default()));
    // Put off is not yet judged; what it marks or refuses is spam to it.
    let spam = matches!(&action[..], "add header" | "rewrite subject" | "quarantine" | "discard" | "reject");
    Ok(Heard { spam, score, required: checked.required_score, action: Some(action), symbols })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::antispam::Leaning;

    #[test]
    fn spamd_is_read_or_refused_in_words() {
        let body = "RDNS_NONE,SUBJ_ALL_CAPS,LOCAL_RULE\r\n";
        let good =
            format!("SPAMD/1.1 0 EX_OK\r\nContent-length: {}\r\nSpam: True ; 12.3 / 5.0\r\n\r\n{body}", body.len());
        let heard = spamd(&good).unwrap();
        assert_eq!((heard.spam, heard.score, heard.required), (true, 12.3, Some(5.0)));
        let names: Vec<&str> = heard.symbols.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["RDNS_NONE", "SUBJ_ALL_CAPS", "LOCAL_RULE"]);
        assert_eq!(heard.symbols[0].words(), Some("the sending address has no reverse name"));
        assert_eq!(heard.symbols[0].rules, ["ptr-missing"]);
        assert_eq!(heard.symbols[2].words(), None);
        let ham = spamd("SPAMD/1.1 0 EX_OK\nSpam: False ; -0.1 / 5.0\n\n").unwrap();
        assert_eq!((ham.spam, ham.score, ham.symbols.len()), (false, -0.1, 0));
        for (answer, says) in [
            ("SPAMD/1.0 76 Bad header line: (EOF during reading)\r\n\r\n", "it refuses: 76 Bad header line"),
            ("SPAMD/1.1 0 EX_OK\r\nContent-length: 90\r\nSpam: True ; 1 / 5\r\n\r\nA", "1 bytes where it announces 90"),
            ("SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\n\r\nA", "names no verdict"),
            ("SPAMD/1.1 0 EX_OK\r\nSpam: Maybe ; 1 / 5\r\n\r\n", "cannot be read"),
            ("SPAMD/1.1 0 EX_OK\r\nSpam: True ; inf / 5\r\n\r\n", "cannot be read"),
            ("SPAMD/1.1 0 EX_OK\r\nSpam: True", "no whole answer"),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "none of spamd"),
        ] {
            let why = spamd(answer).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn rspamd_is_read_or_refused_in_words() {
        let good = r#"{"is_skipped":false,"score":7.5,"required_score":15.0,"action":"add header","symbols":{
            "R_SPF_FAIL":{"name":"R_SPF_FAIL","score":1.0,"description":"SPF verification failed"},
            "OURS":{"score":6.5,"description":"our own"},"R_DKIM_ALLOW":{"score":-0.2}}}"#;
        let heard = rspamd(good).unwrap();
        assert_eq!((heard.spam, heard.score, heard.required), (true, 7.5, Some(15.0)));
        let told: Vec<_> = heard.symbols.iter().map(|s| (s.name.as_str(), s.words())).collect();
        assert_eq!(told[..2], [("OURS", Some("our own")), ("R_SPF_FAIL", Some("SPF failed"))]);
        assert_eq!(heard.symbols[1].meaning.as_ref().unwrap().leaning, Leaning::Warn);
        for put_off in ["no action", "greylist", "soft reject"] {
            assert!(!rspamd(&good.replace("add header", put_off)).unwrap().spam, "{put_off}");
        }
        for (body, says) in [
            ("<html>", "none of Rspamd"),
            (r#"{"error":"bad URI"}"#, "bad URI"),
            (r#"{"is_skipped":true,"score":0,"action":"no action"}"#, "skip"),
            ("{}", "no verdict"),
        ] {
            let why = rspamd(body).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
