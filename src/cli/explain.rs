//! `postdoc explain`: a rule, an enhanced status code, an SMTP reply, a header field with its value,
//! a single result, what a guide says.

use super::args::{Explain, Format, Global};
use super::exit::Exit;
use crate::facts::authres::{self, MethodResult};
use crate::facts::header::Header;
use crate::knowledge::decode::decode;
use crate::knowledge::guide::{self, Advice};
use crate::knowledge::header::Explained;
use crate::knowledge::reply::{Reply, ReplyRow, Status};
use crate::knowledge::result::{self, Word};
use crate::knowledge::{header, reply};
use crate::report::{self, Shown};
use crate::rules::{self, Rule};
use crate::safe::Safe;
use anyhow::bail;
use serde_json::{Value, json};

/// Explains whatever it is given; a word it cannot place is an error that says what it takes.
pub fn run(global: &Global, args: &Explain) -> anyhow::Result<Exit> {
    let what = std::iter::once(&args.what).chain(&args.more).map(String::as_str).collect::<Vec<_>>().join(" ");
    let what = what.trim();
    let format = global.format();
    if let Some(rule) = rules::find(what) {
        return say(format, || of_rule(rule), || rule_as_json(rule));
    }
    if what == GUIDES {
        let all: Vec<&Advice> = guide::all().iter().collect();
        return say(format, || of_advice(&all), || advice_as_json(&all));
    }
    let coded = Reply::read(what).is_coded();
    let advice = if coded { Vec::new() } else { guide::about(what) };
    if let Some((name, value)) = what.split_once(':').filter(|(name, _)| is_field_name(name)) {
        let (name, value) = (name.trim(), value.trim());
        let meanings = header::explain(name, value);
        let results = results(name, value);
        if !results.is_empty() {
            let text = || of_results(&results) + &of_header(&meanings);
            return say(format, text, || results_as_json(name, &results, &meanings));
        }
        if meanings.is_empty() && !advice.is_empty() {
            return say(format, || of_advice(&advice), || advice_as_json(&advice));
        }
        if meanings.is_empty() {
            super::tell(format_args!("nothing is known about this value of {name}"));
            return Ok(Exit::Unknown);
        }
        return say(format, || of_header(&meanings), || header_as_json(name, &meanings));
    }
    let words = match what.split_once('=') {
        // A tag of a record (`p=none`), not the result of a method.
        Some(_) if !advice.is_empty() => Vec::new(),
        // `spf=permerror`
        Some((method, word)) => {
            result::of(&method.to_ascii_lowercase(), &word.to_ascii_lowercase()).into_iter().collect()
        }
        None => result::explain(what),
    };
    if !words.is_empty() {
        return say(
            format,
            || of_words(&words),
            || json!({ "words": words.iter().map(|w| word_as_json(w)).collect::<Vec<_>>() }),
        );
    }
    // Results as guides quote them, without the name of their field.
    let bare = if coded || !advice.is_empty() { Vec::new() } else { results(FIELD, what) };
    if !bare.is_empty() && bare.iter().all(|r| result::of(&r.method, &r.result).is_some()) {
        let meanings = header::explain(FIELD, what);
        return say(format, || of_results(&bare) + &of_header(&meanings), || results_as_json(FIELD, &bare, &meanings));
    }
    // What has no code is no reply: words that guides use are taken for theirs.
    if !advice.is_empty() {
        return say(format, || of_advice(&advice), || advice_as_json(&advice));
    }
    let mut rows = reply::explain(what);
    let mut status = reply::status(what);
    if rows.is_empty() && status.is_none() && coded {
        let (read, decoded) = (Reply::read(what), decode(what));
        status = decoded.status;
        // Of nobody known: whoever's words they are; common words; or the registry. What providers mean by the code in
        // other words explains nothing, unless nothing else does.
        rows = read.worded();
        if rows.is_empty() {
            rows = decoded.rows;
        }
        if rows.is_empty() && status.is_none() {
            rows = read.listed();
        }
    }
    let near = if rows.is_empty() && status.is_none() { guide::near(what) } else { Vec::new() };
    if !near.is_empty() {
        return say(format, || of_advice(&near), || advice_as_json(&near));
    }
    if rows.is_empty() && status.is_none() {
        bail!(
            "{what:?} is no rule (`postdoc rules` lists them), no result, no reply or status code that is known, no header field (\"Name: value\"), and nothing that guides say (`postdoc explain {GUIDES}` lists it)"
        );
    }
    say(format, || of_reply(&rows, status), || reply_as_json(&rows, status))
}

const FIELD: &str = "Authentication-Results";

/// The word that lists everything guides say.
const GUIDES: &str = "guides";

/// What is said, and what holds.
fn of_advice(advice: &[&Advice]) -> String {
    advice.iter().map(|row| report::advice::text(row)).collect::<Vec<_>>().join("\n")
}

fn advice_as_json(advice: &[&Advice]) -> Value {
    let row = |a: &&Advice| json!({ "id": a.id, "told": a.told, "holds": a.holds, "rule": a.rule, "source": a.source });
    json!({ "advice": advice.iter().map(row).collect::<Vec<_>>() })
}

fn say(format: Format, text: impl Fn() -> String, value: impl Fn() -> Value) -> anyhow::Result<Exit> {
    super::put(&match format {
        Format::Json => report::json::pretty(&value(), Shown::default()),
        Format::Ndjson => report::json::line(&value(), Shown::default()),
        Format::Human | Format::Plain | Format::Markdown => text(),
    })?;
    Ok(Exit::Clean)
}

/// What a reply or a code means, whoever says it, and the rule that says more.
fn of_reply(rows: &[&ReplyRow], status: Option<&Status>) -> String {
    let mut out = String::new();
    for row in rows {
        let who = reply::provider(&row.provider).map_or("many receivers", |p| p.name.as_str());
        let code = [row.code.as_deref(), row.enhanced.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let head = if code.is_empty() { who.to_owned() } else { format!("{code}   {who}") };
        out.push_str(&format!(
            "{head}\n  {}\n  Do: {}\n  About: {}\n",
            row.meaning,
            row.fix,
            row.topic.category().word()
        ));
        if let Some(rule) = row.rule.as_deref().and_then(rules::find) {
            out.push_str(&format!("  More: postdoc explain {}\n", rule.id));
        }
        out.push_str(&format!("  Source: {}\n\n", row.source));
    }
    if let Some(status) = status {
        // The registry has the code without its class: 4 is for now, 5 for good.
        out.push_str(&format!(
            "x.{}   by the registry\n  {}\n  Source: {}\n",
            status.code, status.meaning, status.source
        ));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn reply_as_json(rows: &[&ReplyRow], status: Option<&Status>) -> Value {
    let replies: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "provider": reply::provider(&row.provider).map(|p| &p.name), "code": row.code, "enhanced": row.enhanced,
                "meaning": row.meaning, "fix": row.fix, "category": row.topic.category().word(),
                "rule": row.rule.as_deref().and_then(rules::find).map(|r| r.id), "source": row.source,
            })
        })
        .collect();
    let status = status.map(|s| json!({ "code": s.code, "meaning": s.meaning, "source": s.source }));
    json!({ "replies": replies, "status": status })
}

/// The rule's own page: the doc that stands above it in the code.
fn of_rule(rule: &Rule) -> String {
    let mut out = format!("{}   {}, usually {}\n\n", rule.id, rule.group.word(), rule.severity.word());
    out.push_str(&page(rule));
    out.push_str("\n## Sources\n\n");
    for source in rule.sources {
        out.push_str(&format!("- {source}\n"));
    }
    out
}

fn rule_as_json(rule: &Rule) -> Value {
    json!({
        "rule": rule.id, "group": rule.group.word(), "severity": rule.severity.word(), "title": rule.title(),
        "doc": page(rule), "sources": rule.sources,
    })
}

/// The doc comment without the blank it carries before each line.
fn page(rule: &Rule) -> String {
    rule.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect()
}

/// The results in a field that holds some: one by one, as a receiver wrote them.
fn results(name: &str, value: &str) -> Vec<MethodResult> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("Authentication-Results") || is("ARC-Authentication-Results") {
        return authres::read_value(value.as_bytes(), 0).results;
    }
    if is("Received-SPF") {
        let field = format!("Received-SPF: {value}\r\n");
        let read = authres::received_spf(&Header::split(field.as_bytes()), field.as_bytes());
        let result = |r: authres::ReceivedSpf| MethodResult {
            method: "spf".into(),
            result: r.result.into(),
            ..MethodResult::default()
        };
        return read.into_iter().map(result).collect();
    }
    vec![]
}

/// Which domain, selector or address a result is about.
fn about(result: &MethodResult) -> String {
    let told =
        result.props.iter().filter(|p| !matches!((&*p.ptype, &*p.property), ("header", "b")) && !p.value.is_empty());
    told.map(|p| {
        if p.ptype.is_empty() {
            format!("{}={}", p.property, p.value)
        } else {
            format!("{}.{}={}", p.ptype, p.property, p.value)
        }
    })
    .collect::<Vec<_>>()
    .join(" ")
}

fn of_results(results: &[MethodResult]) -> String {
    let mut out = String::new();
    for result in results {
        let word = result::of(&result.method, &result.result);
        out.push_str(&format!(
            "{}\n",
            Safe::line(format!("{}={}   {}", result.method, result.result, about(result)).trim_end())
        ));
        out.push_str(&format!("  {}\n", word.map_or("not a word that is known", |w| &w.meaning)));
        if let Some(rule) = word.and_then(|w| w.rule.as_deref()) {
            out.push_str(&format!("  More: postdoc explain {rule}\n"));
        }
    }
    out
}

fn results_as_json(name: &str, results: &[MethodResult], meanings: &[Explained]) -> Value {
    let results: Vec<Value> = results
        .iter()
        .map(|r| {
            let word = result::of(&r.method, &r.result);
            json!({
                "method": r.method, "result": r.result, "about": about(r), "meaning": word.map(|w| &w.meaning),
                "rule": word.and_then(|w| w.rule.as_ref()), "source": word.map(|w| &w.source),
            })
        })
        .collect();
    let mut value = header_as_json(name, meanings);
    value["results"] = results.into();
    value
}

fn of_words(words: &[&Word]) -> String {
    let mut out = String::new();
    for word in words {
        let methods = if word.methods.is_empty() { "in general".to_owned() } else { word.methods.join(", ") };
        out.push_str(&format!("{}   {methods}\n  {}\n", word.word, word.meaning));
        if let Some(rule) = &word.rule {
            out.push_str(&format!("  More: postdoc explain {rule}\n"));
        }
        out.push_str(&format!("  Source: {}\n\n", word.source));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn word_as_json(word: &Word) -> Value {
    json!({ "word": word.word, "methods": word.methods, "meaning": word.meaning, "rule": word.rule, "source": word.source })
}

fn of_header(meanings: &[Explained]) -> String {
    let mut out = String::new();
    for item in meanings {
        let key = if item.key.is_empty() { String::new() } else { format!("{}: ", item.key) };
        let meaning = item.row.map_or("not in the vocabulary", |row| row.meaning.as_str());
        let line = Safe::line(format!("{}  {key}{}  {meaning}", item.receiver.name, item.value));
        out.push_str(&format!("{line}\n"));
    }
    out
}

fn header_as_json(name: &str, meanings: &[Explained]) -> Value {
    let meanings: Vec<Value> = meanings
        .iter()
        .map(|item| {
            json!({
                "receiver": item.receiver.name, "key": item.key, "value": item.value,
                "meaning": item.row.map(|row| &row.meaning), "source": item.row.map(|row| &row.source),
            })
        })
        .collect();
    json!({ "field": name, "meanings": meanings })
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()) && name.bytes().any(|b| b.is_ascii_alphabetic())
}
