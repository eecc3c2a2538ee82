//! Changes in the words of other programs, to be pasted into their files: each writer hands out text
//! that its program reads back as the very records that were meant, or says why it cannot.

mod cloudflare;
mod dnscontrol;
mod hcl;
mod octodns;
mod route53;
mod terraform;
mod zone;

pub use zone::{line as zone_line, published as published_line};

use crate::evidence::Data;
use crate::facts::home::Home;
use crate::facts::organization::same_by_list;
use crate::remedy::{Change, form};

/// A change, and where it is published.
#[derive(Clone, Debug)]
pub struct Placed {
    pub change: Change,
    pub home: Home,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Lines of a zone file (RFC 1035 §5).
    Zone,
    /// A change batch for `aws route53 change-resource-record-sets`.
    Route53,
    /// A file for Cloudflare's import.
    Cloudflare,
    /// The body of Cloudflare's `dns_records/batch`.
    CloudflareApi,
    /// Resources of the provider that belongs to the DNS host.
    Terraform,
    DnsControl,
    OctoDns,
}

impl Format {
    /// Is it JSON, which has no comments?
    fn is_json(self) -> bool {
        matches!(self, Format::Route53 | Format::CloudflareApi)
    }
}

/// The text, and what has to be said beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    pub text: String,
    /// What is left out or needs a hand, one sentence each.
    pub warnings: Vec<String>,
}

/// All changes of one zone.
struct Sheet<'a> {
    home: &'a Home,
    changes: Vec<&'a Change>,
}

/// How the text of a language is put together.
struct Writer {
    /// Begins a line that the program skips.
    comment: &'static str,
    open: fn(&Sheet) -> String,
    /// The change, or why it cannot be said in this language.
    change: fn(&Home, &Change) -> Result<String, String>,
    /// Between two changes.
    between: &'static str,
    close: fn(&Sheet) -> String,
}

/// Writes all changes, or says why none can be written.
pub fn write(format: Format, placed: &[Placed]) -> Result<Export, String> {
    let mut export = Export::default();
    let sheets = sheets(placed);
    let several = sheets.len() > 1;
    let mut zones: Vec<&str> = Vec::new();
    for sheet in &sheets {
        let heading: Vec<String> =
            several.then(|| format!("Zone {}", sheet.home.zone)).into_iter().chain(stranger(sheet)).collect();
        let written = match format {
            Format::Zone => text(&zone::LINES, sheet, &heading, &mut export),
            Format::Cloudflare => text(&zone::IMPORT, sheet, &heading, &mut export),
            Format::Terraform => text(&terraform::writer(sheet.home)?, sheet, &heading, &mut export),
            Format::DnsControl => text(&dnscontrol::WRITER, sheet, &heading, &mut export),
            Format::OctoDns => octodns::write(sheet, &mut export),
            Format::Route53 => route53::batch(sheet, &mut export, several),
            Format::CloudflareApi => cloudflare::batch(sheet, &mut export, several),
        };
        if written > 0 {
            zones.push(&sheet.home.zone);
            export.warnings.extend(stranger(sheet));
        }
    }
    if zones.len() > 1 {
        let lines = if format.is_json() { ", a document a line in this order" } else { "" };
        export.warnings.push(format!("The records belong to {} zones{lines}: {}.", zones.len(), zones.join(", ")));
    }
    match zones.len() {
        0 if export.warnings.is_empty() => Err("there is no record to write".to_owned()),
        0 => Err(export.warnings.join(" ")),
        _ => Ok(export),
    }
}

/// Whoever takes another domain's reports allows it in a zone of its own (RFC 9990 §4).
fn stranger(sheet: &Sheet) -> Option<String> {
    let names = sheet.changes.iter().filter_map(|c| c.name.split_once("._report._dmarc."));
    let (asks, takes) = names.into_iter().find(|(asks, takes)| !same_by_list(asks, takes))?;
    Some(format!("{takes} belongs to another organization than {asks}: whoever runs it has to publish this"))
}

/// One sheet a zone, in the order of the first change of each.
fn sheets(placed: &[Placed]) -> Vec<Sheet<'_>> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for Placed { change, home } in placed {
        match sheets.iter_mut().find(|s| s.home.zone == home.zone) {
            Some(sheet) => sheet.changes.push(change),
            None => sheets.push(Sheet { home, changes: vec![change] }),
        }
    }
    sheets
}

/// A document of JSON: for eyes as well where it is the only one, else a line.
fn document(document: &serde_json::Value, line: bool, export: &mut Export) {
    let text = if line { document.to_string() } else { serde_json::to_string_pretty(document).unwrap_or_default() };
    export.text.push_str(&text);
    export.text.push('\n');
}

/// Writes a sheet in a language that has comments: what cannot be written stands there as one.
fn text(writer: &Writer, sheet: &Sheet, heading: &[String], export: &mut Export) -> usize {
    let (mut done, left) = sort_out(sheet, export, |change| (writer.change)(sheet.home, change));
    let mut out = if export.text.is_empty() { String::new() } else { "\n".to_owned() };
    for line in heading {
        out.push_str(&format!("{} {line}\n", writer.comment));
    }
    // What only goes, and is but a comment, makes room for what comes.
    let is_live = |text: &str| text.lines().any(|l| !l.trim_start().starts_with(writer.comment));
    done.sort_by_key(|(_, text)| is_live(text));
    let live = done.iter().any(|(_, text)| is_live(text));
    if live {
        out.push_str(&(writer.open)(sheet));
    }
    out.push_str(&done.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(writer.between));
    if live {
        out.push_str(&(writer.close)(sheet));
    } else {
        out.push('\n');
    }
    for reason in left {
        out.push_str(&format!("{} {reason}\n", writer.comment));
    }
    export.text.push_str(out.trim_start_matches('\n'));
    done.len()
}

/// The changes that can be written, and why the others cannot; both are told in the warnings.
fn sort_out<'a, T>(
    sheet: &Sheet<'a>,
    export: &mut Export,
    mut write: impl FnMut(&'a Change) -> Result<T, String>,
) -> (Vec<(&'a Change, T)>, Vec<String>) {
    let (mut done, mut left) = (Vec::new(), Vec::new());
    for change in &sheet.changes {
        let blanks = change.blanks();
        let outcome = match blanks.is_empty() {
            true if !is_safe(&change.name) => Err("its name cannot be written safely".to_owned()),
            true => write(change),
            false => Err(format!("only a portal can tell: {}", blanks.join(", "))),
        };
        match outcome {
            Ok(text) => done.push((*change, text)),
            Err(why) => {
                let reason = format!("Left out: {} {}, {why}.", change.name, change.kind);
                // Two findings may ask for one record.
                if !left.contains(&reason) {
                    left.push(reason);
                }
            }
        }
    }
    export.warnings.extend(left.iter().cloned());
    (done, left)
}

/// Values that go, and values that come; what stays is in neither.
fn difference(change: &Change) -> (Vec<&Data>, Vec<&Data>) {
    let gone = change.before.iter().filter(|data| !change.after.contains(data)).collect();
    (gone, change.after.iter().filter(|data| !change.before.contains(data)).collect())
}

/// The name below the zone; `apex` stands for the zone itself.
fn label(home: &Home, change: &Change, apex: &str) -> Result<String, String> {
    let relative = crate::knowledge::DnsHost { apex: apex.to_owned(), ..Default::default() };
    form::name(&relative, &change.name, &home.zone).ok_or_else(|| format!("it is not in the zone {}", home.zone))
}

/// A text without a byte that needs an escape of DNS's own.
fn plain(strings: &[Vec<u8>]) -> Result<String, String> {
    let bytes = strings.concat();
    match bytes.iter().all(|b| matches!(b, b' '..=b'~')) {
        true => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        false => Err("its text holds bytes that this format cannot carry".to_owned()),
    }
}

/// A JSON string, which JavaScript and YAML read alike as long as it is plain ASCII.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name that no language takes for anything else.
fn is_safe(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'*' | b'/' | b'+' | b'='))
}

/// A value on one line of a comment.
fn remark(data: &Data) -> String {
    data.to_string().chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}

fn unsupported(change: &Change) -> String {
    format!("this format has no {}", change.kind)
}

#[cfg(test)]
mod tests;
