//! What is common to the rules about mail hosts: whom we asked, and what stays unknown.

use crate::evidence::errand::Talk;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::domain::probe::{HOSTS, Host, Probes, Told};
use crate::rules::{Finding, Gap, Gaps, Verdict};
use crate::shell::command;

/// What one host says to a rule.
pub(super) enum Judged {
    Pass,
    Found(Box<Finding>),
    /// The question that stays open.
    Unknown(String),
}

/// Judges every host that was to be asked.
pub(super) fn each(facts: &Facts, judge: impl Fn(&Host, &Talk) -> Judged) -> Verdict {
    let Some(probes) = &facts.domain.probes else { return Verdict::NotApplicable };
    let (mut findings, mut gaps) = (Vec::new(), unnamed(probes));
    for host in &probes.hosts {
        match heard(host).map(|talk| judge(host, talk)) {
            Ok(Judged::Pass) => {}
            Ok(Judged::Found(finding)) => findings.push(*finding),
            Ok(Judged::Unknown(question)) => gaps.push(Gap::errand(question, &host.errand)),
            Err(gap) => gaps.push(gap),
        }
    }
    match (probes.hosts.is_empty(), gaps.is_empty()) {
        (true, true) => Verdict::NotApplicable,
        _ => Verdict::of(findings, gaps),
    }
}

/// Hosts that were not asked: DNS did not tell their names or addresses, none of these is public, or they are too many.
pub(super) fn unnamed(probes: &Probes) -> Gaps {
    let open = probes.open.iter().map(|q| Gap::dns("Which mail hosts are there to ask?", q));
    let nowhere = probes.nowhere.iter().map(|host| {
        let question = format!("How does {host} take mail? (it has no public address)");
        Gap::dns(question, &Question::new(host, Kind::A))
    });
    let left_out = probes.left_out.iter().map(|host| {
        Gap::new(
            format!("How does {host} take mail? (the first {HOSTS} hosts alone were asked)"),
            command!("swaks --server {} --quit-after RCPT --from '<>' --to {}", host, probes.nobody),
        )
    });
    open.chain(nowhere).chain(left_out).collect()
}

/// The conversation, if it got anywhere; the same gap for every rule if it did not.
pub(super) fn heard(host: &Host) -> Result<&Talk, Gap> {
    let silent = |talk: &&Talk| talk.extensions.is_empty() && talk.sender.is_none();
    match (host.talk().filter(|talk| !silent(talk)), host.silence()) {
        (Some(talk), _) => Ok(talk),
        (None, why) => {
            let why = why.unwrap_or_else(|| "it says nothing".into());
            let advice = match host.told {
                Told::Unreachable { .. } => "; many networks let nobody out to port 25: try from a server",
                _ => "",
            };
            Err(Gap::errand(format!("How does {} take mail? ({why}{advice})", host.name), &host.errand))
        }
    }
}

/// Why a conversation broke off, as the end of a question.
pub(super) fn why(host: &Host) -> String {
    host.silence().map(|why| format!(" ({why})")).unwrap_or_default()
}
