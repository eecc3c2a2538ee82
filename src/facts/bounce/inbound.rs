//! The log of a server that refused somebody who came to it: Postfix (smtpd, postscreen, milters), Exim, Sendmail.

use super::taken::value;
use super::{Action, said};
use crate::evidence::transcript::Stage;
use std::ops::Range;

/// What it did, to whom, when, and the words it has for it.
pub(super) struct Refused {
    pub action: Action,
    pub client: Range<usize>,
    pub step: Option<Stage>,
    pub said: Range<usize>,
}

/// Reads a line in lower case.
pub(super) fn refused(line: &str) -> Option<Refused> {
    postfix(line).or_else(|| exim(line)).or_else(|| sendmail(line))
}

/// `NOQUEUE: reject: RCPT from mx.example.net[192.0.2.1]: 554 5.7.1 …; from=<…> to=<…> proto=ESMTP helo=<…>`
fn postfix(line: &str) -> Option<Refused> {
    let at = line.find("reject: ")? + "reject: ".len();
    let (stage, rest) = line[at..].split_once(" from ")?;
    let client = at + stage.len() + " from ".len();
    let end = client + rest.find(": ")?;
    let said = end + 2..line[end..].find("; from=<").map_or(line.len(), |n| end + n);
    let step = match stage {
        "connect" => Stage::Connect,
        "helo" | "ehlo" => Stage::Greeting,
        "mail" => Stage::Mail,
        "rcpt" => Stage::Rcpt,
        "data" => Stage::Data,
        "end-of-message" | "end-of-headers" => Stage::End,
        _ => return None,
    };
    Some(Refused { action: action(&line[said.clone()])?, client: client..end, step: Some(step), said })
}

/// `H=(mx) [192.0.2.1] F=<ann@example.net> rejected RCPT <bob@example.com>: relay not permitted` (specification,
/// chapter 53)
fn exim(line: &str) -> Option<Refused> {
    let client = line.find(" h=")? + 3;
    let verb = client + line[client..].find(" rejected ")?;
    let told = verb + " rejected ".len();
    // Options follow the client: `X=TLS…`, `F=<…>`; its address stands in brackets.
    let end = client + line[client..verb].find(']')? + 1;
    // Of a delivery the other side's reply follows: `H=mx.example.net [192.0.2.1]: SMTP error … message rejected …`.
    if line[end..verb].contains(": ") {
        return None;
    }
    let said = told + line[told..].find(": ")? + 2..line.len();
    let for_now = line[..verb].ends_with(" temporarily");
    let action = if for_now { Action::Delayed } else { Action::Failed };
    let step = match () {
        () if line[told..].starts_with("after data") => Some(Stage::End),
        () => said::step(&format!("{} command", line[told..].split(' ').next().unwrap_or_default())),
    };
    Some(Refused { action, client: client..end, step, said })
}

/// `ruleset=check_rcpt, arg1=<bob@example.com>, relay=mx.example.net [192.0.2.1], reject=550 5.7.1 …`
fn sendmail(line: &str) -> Option<Refused> {
    let ruleset = value(line, "ruleset=check_")?;
    let client = line.find(" relay=")? + " relay=".len();
    let end = client + line[client..].find(", reject=")?;
    let said = end + ", reject=".len()..line.len();
    let step = match ruleset.split(',').next() {
        Some("mail") => Some(Stage::Mail),
        Some("rcpt") => Some(Stage::Rcpt),
        Some("relay") => Some(Stage::Connect),
        _ => None,
    };
    Some(Refused { action: action(&line[said.clone()])?, client: client..end, step, said })
}

/// By the code at the beginning of the reply.
fn action(reply: &str) -> Option<Action> {
    said::code(reply).or_else(|| said::status_at(reply)).and_then(Action::of_code)
}
