//! The engine: evidence in, diagnosis out. Pure: the same evidence gives the same bytes.

use crate::evidence::said::Part;
use crate::evidence::{Errand, Evidence, Question, Said};
use crate::facts::{Facts, Reading};
use crate::rules::requirement::{self, Line};
use crate::rules::{self, Finding, Gap, Rule};
use crate::triage::{self, Verdict};
use std::sync::Arc;

/// Everything a face shows.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub facts: Facts,
    pub verdict: Verdict,
    /// Triaged: the cause first, consequences folded into [`Finding::consequences`].
    pub findings: Vec<Finding>,
    /// Rules that looked and found nothing wrong.
    pub passed: Vec<&'static Rule>,
    /// Rules that would speak if they knew more.
    pub undecided: Vec<&'static Rule>,
    /// What is not known, and what would settle it.
    pub unknown: Vec<Gap>,
}

impl Diagnosis {
    /// Questions whose answers would tell more; empty when offline or all is answered.
    pub fn open_questions(&self) -> &[Question] {
        if self.facts.evidence.offline { &[] } else { &self.facts.missing }
    }

    /// Errands that would tell more; empty when offline or all is done.
    pub fn open_errands(&self) -> &[Errand] {
        if self.facts.evidence.offline { &[] } else { &self.facts.errands }
    }

    /// All findings in the order of telling: each cause, then its consequences.
    pub fn every_finding(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.findings.iter().flat_map(|f| std::iter::once(f).chain(&f.consequences))
    }

    /// What large receivers ask of senders, and whether it is met: worked out for those who look at it.
    pub fn requirements(&self) -> Vec<Line> {
        requirement::lines(&self.facts, self.every_finding())
    }
}

/// Diagnoses what is at hand. Call again with the same `reading` when an answer arrives.
pub fn diagnose(evidence: Arc<Evidence>, reading: Arc<Reading>) -> Diagnosis {
    judge(Facts::gather(evidence, reading))
}

/// Rules that pass or wait on a message.
const MANY: usize = 64;

/// Diagnoses what is gathered.
pub fn judge(facts: Facts) -> Diagnosis {
    let mut found = Vec::new();
    let mut passed = Vec::with_capacity(MANY);
    let mut undecided = Vec::with_capacity(MANY);
    let mut unknown = Vec::with_capacity(16);
    let judged = facts.evidence.input.kind.is_judged();
    let bounced = facts.reading.bounce.is_some();
    rules::all().filter(|_| judged).for_each(|rule| {
        let own = if wanted(&facts, rule) { (rule.judge)(&facts) } else { rules::Verdict::NotApplicable };
        let verdict = if bounced { rules::bounce::beside(&facts, rule, own) } else { own };
        match verdict {
            rules::Verdict::NotApplicable => {}
            rules::Verdict::Unknown(gaps) => {
                undecided.push(rule);
                note(&mut unknown, gaps);
            }
            rules::Verdict::Pass => passed.push(rule),
            rules::Verdict::Found(mut findings) => {
                findings.iter_mut().for_each(|f| note(&mut unknown, std::mem::take(&mut f.open)));
                found.extend(findings);
            }
        }
    });
    if judged {
        note(&mut unknown, triage::beside(&facts));
    }
    rules::bounce::link(&facts, &mut found);
    rules::receiver::link(&facts, &mut found);
    rules::content::bear_out(&facts, &mut found);
    let (verdict, mut findings) = triage::triage(&facts, found, &unknown);
    let said = &facts.evidence.said;
    aim(&mut findings, said);
    unknown.iter_mut().for_each(|gap| gap.aim(said));
    Diagnosis { facts, verdict, findings, passed, undecided, unknown }
}

/// One answer closes all gaps that wait for it: the question of the first rule stands for them.
fn note(unknown: &mut Vec<Gap>, gaps: impl IntoIterator<Item = Gap>) {
    for gap in gaps {
        // Mostly the rules beside it wait for the same.
        if !unknown.iter().rev().any(|known| known.needs == gap.needs) {
            unknown.push(gap);
        }
    }
}

/// Has every command that proves a cure ask the resolver in use.
fn aim(findings: &mut [Finding], said: &Said) {
    for finding in findings {
        if let Some(check) = &mut finding.check {
            check.command = said.aim(std::mem::take(&mut check.command));
        }
        aim(&mut finding.consequences, said);
    }
}

/// A check of some parts (`--only`) is judged by the rules of those parts; a returned header by those of headers where
/// the refusal is about who the sender is.
fn wanted(facts: &Facts, rule: &Rule) -> bool {
    let reading = &facts.reading;
    // A message that arrived: most are.
    if reading.bounce.is_none() && reading.inside.is_none() && reading.subject.is_none() {
        return true;
    }
    if let Some(bounce) = &reading.bounce {
        let header = bounce.returned.is_some() && bounce.concerns_authentication();
        return rule.group == rules::Group::Bounce || header;
    }
    if reading.inside.is_some() && is_between_systems(rule.group) {
        return false;
    }
    let part = match rule.group {
        rules::Group::Spf => Part::Spf,
        rules::Group::Dkim => Part::Dkim,
        rules::Group::Dmarc => Part::Dmarc,
        rules::Group::Source => Part::Ptr,
        _ => return true,
    };
    reading.subject.is_none() || facts.evidence.said.check.wants(part)
}

/// Is it about mail that one system hands over to another?
fn is_between_systems(group: rules::Group) -> bool {
    use rules::Group;
    matches!(group, Group::Dmarc | Group::Dkim | Group::Spf | Group::Source | Group::Dns | Group::Reputation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Input, InputKind};
    use crate::triage::State;

    const NOTICE: &str = "Return-Path: <>\r\n\
        Received: from out.example.net (out.example.net [192.0.2.9]) by mx.example.org with ESMTP id 1;\r\n\
        \tMon, 2 Nov 2026 10:00:00 +0000\r\n\
        Authentication-Results: mx.example.org; spf=fail smtp.helo=out.example.net; dmarc=fail header.from=example.net\r\n\
        From: MAILER-DAEMON@example.net\r\n\
        To: ann@example.org\r\n\
        Subject: Undelivered Mail Returned to Sender\r\n\
        \r\n\
        Your message to bob@example.com was not delivered.\r\n";

    fn of(text: &str, kind: Option<InputKind>) -> Diagnosis {
        let input = Input::read("-", text.as_bytes(), kind).unwrap();
        let reading = Arc::new(Reading::read(&input, &Said::default()));
        let now = jiff::Timestamp::UNIX_EPOCH;
        let evidence = Evidence::new(input, Said::default(), now, false);
        diagnose(Arc::new(evidence), reading)
    }

    #[test]
    fn the_header_of_the_notice_itself_is_not_judged() {
        let d = of(NOTICE, None);
        assert_eq!(d.facts.evidence.input.kind, InputKind::Bounce);
        assert_eq!(d.facts.reading.from_domain(), None);
        assert_eq!((d.verdict.state, d.findings.len(), d.unknown.len()), (State::Unknown, 0, 1));
        assert!(d.open_questions().is_empty());
        // The same bytes, had the user said that they are a message.
        let judged = of(NOTICE, Some(InputKind::Message));
        assert!(!judged.findings.is_empty() && !judged.open_questions().is_empty());
    }

    #[test]
    fn a_spam_filters_no_is_not_a_pass() {
        let alone = of("X-Spam-Status: No, score=0.1 required=5.0\r\n", None);
        assert_eq!(alone.verdict.state, State::Pass);
        let header = "Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.net with ESMTPS id 1;\r\n\
            \tMon, 2 Nov 2026 10:00:00 +0000\r\n\
            X-Spam-Status: No, score=0.1 required=5.0\r\n\
            DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=YQ==\r\n\
            From: ann@example.com\r\n";
        assert_eq!(of(header, None).verdict.state, State::Unknown);
    }

    #[test]
    fn the_returned_header_below_a_notice_is_not_the_notices_own() {
        let notice =
            "Your message was not delivered:\n550 5.1.1 no such user\nFrom: ann@example.org\nTo: bob@example.com\n";
        let d = of(notice, Some(InputKind::Bounce));
        let refused = &d.facts.reading.bounce.as_ref().unwrap().recipients[0];
        assert_eq!(
            refused.reply.as_ref().unwrap().value,
            "550 5.1.1 no such user From: ann@example.org To: bob@example.com"
        );
        assert_eq!((d.verdict.state, d.verdict.cause.unwrap().id), (State::Fail, "bounce-recipient-problem"));
    }
}
