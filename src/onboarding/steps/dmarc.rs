//! DMARC: the record that begins with watching, and the step that raises it.

use super::super::filled::REPORTS;
use super::{Desk, Next, Stage, State, Step, step};
use crate::evidence::{Data, Kind};
use crate::facts::dmarc::Policy;
use crate::remedy::dmarc::Edit;
use crate::remedy::{blank, text};
use crate::rules::{Finding, Severity};
use crate::shell::command;

/// Rules of the record. That it only watches is a stage, no fault.
const DMARC: &[&str] = &[
    "dmarc-multiple-records",
    "dmarc-record-malformed",
    "dmarc-external-report-unauthorized",
    "dmarc-rua-missing",
    "dmarc-strict-alignment",
    "dmarc-freemail-from",
    "dmarc-sp-weaker",
];

/// Rules that leave the policy in force: whom it holds for besides, and whether reports of it arrive.
const BESIDE: &[&str] = &["dmarc-sp-weaker"];
const REPORTING: &[&str] = &["dmarc-external-report-unauthorized", "dmarc-rua-missing"];

/// Does the finding speak against the record?
fn is_about(f: &Finding) -> bool {
    // Tags that are gone do no harm to mail, but nobody should begin with them.
    let gone = f.rule.id == "dmarc-removed-tags" && f.severity == Severity::Info;
    gone || (DMARC.contains(&f.rule.id) && f.severity >= Severity::Low)
}

/// Does the policy hold all the same? A record that only watches is nothing without its reports.
fn is_beside(desk: &Desk, f: &Finding) -> bool {
    BESIDE.contains(&f.rule.id) || (REPORTING.contains(&f.rule.id) && strict(desk))
}

/// Is there a record, and nothing against it but what leaves it in force? What has to be mended is mended at once.
fn holds(desk: &Desk) -> bool {
    desk.facts().dmarc.governing().is_some_and(|s| s.record().is_some())
        && !desk.d.every_finding().any(|f| is_about(f) && !is_beside(desk, f))
}

/// What could be better of a record that does its work.
pub(super) fn beside(desk: &Desk) -> Option<Step> {
    if !holds(desk) {
        return None;
    }
    let mut it = step(
        "dmarc-beside",
        Stage::Records,
        "DMARC reports arrive, and subdomains are covered",
        "The policy holds without it; this is how you learn of forgeries, and what holds for other names.",
    );
    it.optional = true;
    it.check = Some(command!("dig +short TXT _dmarc.{}", desk.domain));
    desk.mended(&mut it, is_about);
    (!it.rules.is_empty()).then_some(it)
}

pub(super) fn record(desk: &Desk) -> Step {
    let domain = desk.domain;
    let name = format!("_dmarc.{domain}");
    let mut it = step(
        "dmarc",
        Stage::Records,
        "DMARC watches",
        "Large receivers ask for a record; it starts with p=none and reports, which show whom you forgot.",
    );
    it.check = Some(command!("dig +short TXT {}", name));
    it.proof.push(desk.says(&name, Kind::Txt));
    let dmarc = &desk.facts().dmarc;
    if let Some(step) = dmarc.governing().filter(|s| s.record().is_some()) {
        it.state = State::Done;
        if strict(desk) {
            it.title = "DMARC has a policy".to_owned();
        }
        if step.name() != name {
            it.proof.push(format!("the record at {} holds for this name too", step.name()));
        }
        if !holds(desk) {
            desk.mended(&mut it, is_about);
        }
        return it;
    }
    desk.mended(&mut it, is_about);
    if !it.rules.is_empty() {
        return it;
    }
    if !dmarc.is_absent() {
        it.state = State::Unknown;
        return it;
    }
    it.state = State::ToDo;
    let mailbox = desk.told.reports.clone().unwrap_or_else(|| blank(REPORTS));
    let value = format!("v=DMARC1; p=none; rua=mailto:{mailbox}");
    it.changes.push(desk.change(&name, Kind::Txt, vec![text(&value)], |_| false));
    let foreign = desk.told.reports.as_deref().and_then(|m| m.rsplit_once('@')).map(|(_, d)| d);
    if let Some(host) = foreign.filter(|d| !d.eq_ignore_ascii_case(domain) && !domain.ends_with(&format!(".{d}"))) {
        it.actions.push(format!(
            "Reports go to another domain: {host} has to agree with a TXT record {domain}._report._dmarc.{host} that says v=DMARC1."
        ));
    }
    it.actions.push("No pct: it is gone from DMARC (RFC 9989) and receivers ignore it.".into());
    it
}

/// Is the policy more than watching?
fn strict(desk: &Desk) -> bool {
    desk.facts().dmarc.effective.is_some_and(|(policy, _)| policy > Policy::None)
}

/// From watching to refusing; locked until reports or a test prove that all mail is aligned. `unsigned`: steps of senders
/// whose key is not there yet.
pub(super) fn raise(desk: &Desk, unsigned: &[&Step]) -> Step {
    let name = format!("_dmarc.{}", desk.domain);
    let mut it = step(
        "dmarc-raise",
        Stage::Prove,
        "DMARC refuses forgeries",
        "Only a policy that is enforced keeps others from using the name.",
    );
    it.check = Some(command!("dig +short TXT {}", name));
    let policy = desk.facts().dmarc.effective.map(|(policy, _)| policy);
    it.state = match policy {
        Some(Policy::Quarantine | Policy::Reject) => State::Done,
        None if !desk.facts().dmarc.is_absent() && desk.facts().dmarc.record().is_none() => State::Unknown,
        _ => State::Waiting,
    };
    it.proof.push(desk.says(&name, Kind::Txt));
    let proof = desk.told.proof.as_ref().filter(|p| p.passed);
    let flawed = desk.findings(&["dmarc-record-malformed", "dmarc-multiple-records"]).next().is_some();
    if it.state == State::Done && flawed {
        it.state = State::Waiting;
        it.actions.push("First the record itself has to be put right [dmarc].".into());
        return it;
    }
    if it.state == State::Done {
        it.proof.push(match proof {
            Some(proof) => format!("{} said {}", proof.by, proof.words),
            None => "by the record alone: no message and no report has shown here that your own mail passes".into(),
        });
    }
    if it.state == State::Done && !unsigned.is_empty() {
        it.state = State::ToDo;
        it.actions.push(
            "It refuses before everybody is ready: what fails the checks is junked or refused, your own mail too. These do not sign yet:"
                .into(),
        );
        it.actions.extend(unsigned.iter().map(|s| format!("{} [{}]", s.title, s.id)));
        it.actions.push(
            "Make them sign first; or begin with watching, which only you can decide, for it lets forged mail in as well: the same \
             record with p=none, without sp=, and with rua=."
                .into(),
        );
    }
    if it.state != State::Waiting {
        return it;
    }
    let watching = desk.facts().dmarc.governing().filter(|s| s.name() == name).and_then(|s| s.record());
    let Some(record) = watching else {
        it.actions.push("First the record that watches.".into());
        return it;
    };
    match proof {
        None if !desk.told.raise => {
            it.next = Some(Next::Raise);
            it.actions.push(
                "Locked until a test message or a report shows that your own mail is aligned: send the test, or read a report \
                 (postdoc diagnose REPORT.xml.gz). It can be opened by hand."
                    .into(),
            );
            return it;
        }
        None => it.actions.push(
            "Opened by hand: nothing has shown yet that your own mail is aligned. What is not, goes to spam from then on.".into(),
        ),
        Some(proof) if proof.report => it.proof.push(format!("{}: {}, all aligned", proof.by, proof.words)),
        Some(proof) => {
            it.proof.push(format!("{} said {}", proof.by, proof.words));
            it.actions.push(
                "One message proves one way of sending: two to four weeks of reports show whether there are others.".into(),
            );
        }
    }
    let mut edit = Edit::of(&record.text);
    edit.set("p", "quarantine");
    it.state = State::ToDo;
    it.optional = true;
    it.changes.push(desk.change(
        &name,
        Kind::Txt,
        vec![text(&edit.text())],
        |d| matches!(d, Data::Txt(strings) if strings.concat() == record.text.as_bytes()),
    ));
    it.actions.push("Later p=reject; where people of this name write to mailing lists, stay with quarantine.".into());
    it
}
