//! What a server's own reply says of a rule: surer than what today's DNS suggests about yesterday's mail.

use super::{forwarded, sentence, shared};
use crate::evidence::transcript::Stop;
use crate::facts::Facts;
use crate::facts::bounce::{Action, Bounce, Recipient, failed};
use crate::knowledge::reply::ReplyRow;
use crate::knowledge::topic::Category;
use crate::remedy::Remedy;
use crate::rules::{self, Confidence, Exhibit, Finding, Gap, Group, Rule, Severity, Verdict, on_the_way};
use crate::span::Spanned;

/// Recipients shown as evidence of one finding.
const SHOWN: usize = 5;

/// What a rule adds to the words of the reply.
#[derive(Default)]
pub struct More {
    /// What to do, where the reply's own row does not say; one sentence.
    pub summary: &'static str,
    pub steps: &'static [&'static str],
    /// How to see that it is cured.
    pub check: Option<(&'static str, &'static str)>,
}

/// The rule that speaks for a recipient's reply; `None` where nobody knows what it means.
pub fn speaks(recipient: &Recipient) -> Option<&'static str> {
    // What a server told somebody else is nothing to mend on this side.
    if recipient.client.is_some() {
        return Some(super::delivery_refused::RULE.id);
    }
    let registered = recipient.decoded.rule().and_then(rules::find).map(|rule| rule.id);
    registered.or(match recipient.category {
        Category::Unknown => None,
        Category::Recipient | Category::MailboxFull => Some(super::bounce_recipient_problem::RULE.id),
        Category::Reputation => Some(super::bounce_reputation::RULE.id),
        Category::Size => Some(super::message_too_large::RULE.id),
        _ => Some(super::delivery_refused::RULE.id),
    })
}

/// The verdict of a rule that a reply decides.
pub fn judge(facts: &Facts, rule: &'static Rule, more: &More) -> Verdict {
    judge_each(facts, rule, |_| more)
}

/// The same, where it depends on the reply what is to be done: a finding for each thing that was said, with all to whom
/// it was.
pub fn judge_each<'m>(facts: &Facts, rule: &'static Rule, more: impl Fn(&Recipient) -> &'m More) -> Verdict {
    let Some(bounce) = facts.reading.bounce.as_ref().filter(|b| b.feedback.is_none()) else {
        return Verdict::NotApplicable;
    };
    // Of a session of our own that ended without a refusal nobody said anything.
    if facts.evidence.transcript.as_ref().is_some_and(|t| !matches!(t.stop, Some(Stop::Refused { .. }))) {
        return Verdict::NotApplicable;
    }
    let bad: Vec<&Recipient> = bounce.refused().collect();
    let told: Vec<&Recipient> = bad.iter().copied().filter(|r| speaks(r) == Some(rule.id)).collect();
    let mut groups: Vec<Vec<&Recipient>> = Vec::new();
    for recipient in told {
        let same = |other: &Recipient| {
            other.decoded.meaning() == recipient.decoded.meaning() && other.client == recipient.client
        };
        match groups.iter_mut().find(|group| same(group[0])) {
            Some(group) => group.push(recipient),
            None => groups.push(vec![recipient]),
        }
    }
    if !groups.is_empty() {
        let one = |group: &Vec<&Recipient>| found(facts, bounce, rule, group, more(worst(group)));
        return Verdict::Found(groups.iter().take(SHOWN).map(one).collect());
    }
    match bad.iter().find(|r| speaks(r).is_none()) {
        Some(recipient) => Verdict::unknown(gap(recipient)),
        None if bad.is_empty() => Verdict::NotApplicable,
        None => Verdict::Pass,
    }
}

/// What the receiver says of a rule that has a judgement of its own.
pub fn beside(facts: &Facts, rule: &'static Rule, own: Verdict) -> Verdict {
    if rule.group == Group::Bounce || matches!(own, Verdict::Found(_)) {
        return own;
    }
    match (judge(facts, rule, &More::default()), &own) {
        (Verdict::Found(findings), Verdict::Pass) => {
            let because =
                "the receiver said so then; by today's DNS nothing is wrong there: it may have been mended since";
            Verdict::Found(findings.into_iter().map(|f| f.sure(Confidence::Possible, because)).collect())
        }
        (Verdict::Found(findings), _) => Verdict::Found(findings),
        _ => own,
    }
}

/// What today's records and the returned header show is why the receiver refused, and not something besides.
pub fn link(facts: &Facts, found: &mut [Finding]) {
    let Some(bounce) = facts.reading.bounce.as_ref().filter(|b| b.concerns_authentication()) else { return };
    let refused = bounce.refused().filter(|r| r.category == Category::Authentication);
    let told: Vec<&'static str> = refused.filter_map(speaks).collect();
    let causes = |f: &&mut Finding| {
        matches!(f.rule.group, Group::Spf | Group::Dkim | Group::Dmarc)
            && f.severity >= Severity::High
            && !told.contains(&f.rule.id)
    };
    found.iter_mut().filter(causes).for_each(|f| f.leads_to.extend(&told));
}

fn gap(recipient: &Recipient) -> Gap {
    if recipient.withheld {
        return Gap::new("Why did the platform not send the message?", "the platform's portal, or its support");
    }
    let question = match &recipient.reply {
        Some(reply) => {
            format!("What does this reply mean: {}?", crate::safe::clip(reply.value.trim_end_matches(['.', '?']), 120))
        }
        None => "Which server refused the message, and with which reply?".to_owned(),
    };
    Gap::new(question, "the whole bounce, or the lines of the sending server's log")
}

/// What the reply means, whole or its first clause. The title of a rule that judges by other signs may say more than
/// the reply does.
fn title(rule: &Rule, recipient: &Recipient) -> String {
    if recipient.client.is_some() {
        return "This server refused somebody who came to it".to_owned();
    }
    let fits = |m: &&str| m.chars().count() <= 70;
    let Some(meaning) = recipient.decoded.meaning() else { return rule.title().to_owned() };
    let meaning = match recipient.action {
        Action::Failed => meaning.strip_prefix(sentence::PUT_OFF).unwrap_or(meaning),
        _ => meaning,
    };
    let clause = meaning.split(';').next().unwrap_or(meaning);
    match [meaning, clause].into_iter().find(fits) {
        Some(short) => sentence::capital(short),
        None if rule.group == Group::Bounce => rule.title().to_owned(),
        None => crate::safe::clip(&sentence::capital(meaning), 70),
    }
}

/// What is lost before what waits.
fn worst<'r>(told: &[&'r Recipient]) -> &'r Recipient {
    told.iter().copied().rev().max_by_key(|r| r.action).unwrap_or(told[0])
}

fn found(facts: &Facts, bounce: &Bounce, rule: &'static Rule, told: &[&Recipient], more: &More) -> Finding {
    let worst = worst(told);
    let shared = shared::service(facts, bounce, worst);
    let severity = match worst.action {
        // No mail of the user's own is lost.
        _ if worst.client.is_some() => Severity::Medium,
        // Nothing that the user's mail has done.
        Action::Failed if shared.is_some() => Severity::High,
        Action::Failed => rule.severity.max(Severity::High),
        _ => rule.severity.clamp(Severity::Low, Severity::Medium),
    };
    let title = match &shared {
        Some(service) => crate::safe::clip(&format!("A shared address of {} is blocked", service.name), 70),
        None => title(rule, worst),
    };
    let before = on_the_way::before_bounce(facts, worst);
    let by_policy = *rule == super::dmarc_rejected_by_policy::RULE;
    let title = match before.is_some() && by_policy {
        // Whose policy it was, the one who reads this may not be.
        true => "Forwarded mail failed the DMARC policy of its author's domain".to_owned(),
        false => title,
    };
    let mut why = sentence::of(bounce, worst);
    if let Some(address) = &worst.address {
        why.push_str(&format!(" The recipient is {}.", address.value));
    }
    if told.len() > 1 {
        why.push_str(&format!(" The same was said for {} more.", told.len() - 1));
    }
    if let Some(meaning) = worst.decoded.meaning().filter(|_| worst.client.is_some()) {
        why.push_str(&format!(" To whoever sent it, the reply says: “{}.”", sentence::capital(meaning)));
    }
    let row = worst.decoded.row().filter(|_| worst.client.is_none());
    let (confidence, because) = match (row, worst.decoded.provider()) {
        _ if worst.client.is_some() => (Confidence::Certain, "its own log says whom it refused".to_owned()),
        _ if let Some(service) = &shared => match service.certain {
            true => (Confidence::Certain, format!("the name of the address in DNS is one of {}", service.name)),
            false => (
                Confidence::Likely,
                format!("{} reports the failure: it is who tried to hand the message over", service.name),
            ),
        },
        (Some(row), _) if row.usual => {
            (Confidence::Likely, "it is what this reply mostly means; it is given for other reasons too".to_owned())
        }
        (_, Some(_)) if worst.decoded.is_own() => {
            (Confidence::Certain, "it is the receiver's own reply, in words it documents".to_owned())
        }
        (_, Some(provider)) => (
            Confidence::Likely,
            format!("these are words that {} documents; whose they are here is not known", provider.name),
        ),
        (Some(row), None) if row.loose => {
            (Confidence::Likely, "common words of the reply say it, and servers use them loosely".to_owned())
        }
        (Some(_), None) if worst.withheld => (Confidence::Certain, "the platform itself says so".to_owned()),
        (Some(_), None) => (Confidence::Certain, "the server's own words say it".to_owned()),
        (None, None) => {
            (Confidence::Likely, "its code says so by the registry; many servers use codes loosely".to_owned())
        }
    };
    // What a row advises for a message that waits is too late for one that was given up.
    let waits = |row: &&ReplyRow| row.meaning.starts_with(sentence::PUT_OFF) && worst.action == Action::Failed;
    let summary = row.filter(|row| !waits(row)).map_or(more.summary, |row| row.fix.as_str());
    let summary = if summary.is_empty() { "Do what the reply asks for, then send again." } else { summary };
    let (mut command, mut expect) = more.check.unwrap_or(("send the message again", "no bounce comes back"));
    let mut fix = more.steps.iter().fold(Remedy::new(summary), |fix, step| fix.step(*step));
    if let Some(before) = before {
        why.push_str(&forwarded::words(&before.value));
        fix = match by_policy {
            true => forwarded::unchanged(&before.value),
            false => forwarded::remedy(facts, &before.value, worst.text().unwrap_or_default()),
        };
        (command, expect) = forwarded::CHECK;
    }
    if let Some(service) = &shared {
        why.push_str(&service.words());
        fix = shared::remedy(service.name);
    }
    let failed = worst.reply.as_ref().filter(|_| before.is_none()).map(|r| failed(&r.value)).unwrap_or_default();
    if !failed.is_empty() && worst.client.is_none() {
        fix = fix.step(format!("Begin with what the reply says did not pass: {}.", failed.join(", ")));
    }
    // Of a part that is encoded only its beginning can be shown.
    let exhibit = |said: &Spanned<String>, label| {
        let there = String::from_utf8_lossy(said.span.of(facts.text()));
        let begins = said.value.split_whitespace().next().is_some_and(|word| there.contains(word));
        Exhibit::input(said.span, if begins { label } else { "the part that quotes it" })
    };
    let shown = told.iter().take(SHOWN).map(|r| match (&r.reply, &r.words) {
        (Some(reply), _) => exhibit(reply, "the server's reply"),
        (None, Some(words)) => exhibit(words, "what the mail system says"),
        (None, None) => Exhibit::input(r.span, "the report for this recipient"),
    });
    Finding::new(rule, title)
        .severity(severity)
        .sure(confidence, because)
        .explain(why)
        .exhibits(shown)
        .exhibits(before.map(|before| Exhibit::input(before.span, "whom it was for before")))
        .fix(fix)
        .check(command, expect)
}
