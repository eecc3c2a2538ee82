use super::support::{is_unread, names, obstacle, pasted_change, short, text_exhibit, unread};
use crate::evidence::{Kind, zone_line};
use crate::facts::Facts;
use crate::facts::domain::obsolete::Old;
use crate::facts::spf::{Published, Whose};
use crate::remedy::{self, Change, Remedy, TTL};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Verdict, rule};
use crate::shell::command;

rule! {
    /// A record of a dead standard is still published
    ///
    /// ## What we saw
    /// There is a record of Sender ID (`spf2.0/…`), of DomainKeys (`o=~` or `o=-`), of ADSP, or of the DNS type SPF.
    /// These were given up years ago.
    ///
    /// ## Why mail suffers
    /// It does not: receivers ignore them. But they confuse people and scanners, may contradict the records that count,
    /// and make DNS answers longer.
    ///
    /// ## How to fix it
    /// Delete the record. Do not touch the SPF record that begins `v=spf1`, nor other TXT records at the name.
    ///
    /// ## How to check
    /// Ask for the name again: the old record is gone, the others are still there.
    pub RULE = "obsolete-auth-records", Spf, Low, judge,
    ["RFC 6686", "RFC 7208 §3.1", "RFC 4870", "RFC 5617"]
}

fn judge(facts: &Facts) -> Verdict {
    let pasted = pasted(facts);
    if facts.spf_published.is_empty() && facts.reading.record.is_none() {
        return Verdict::NotApplicable;
    }
    let (mut found, mut gaps): (Vec<Finding>, _) = (pasted.into_iter().collect(), Gaps::new());
    for at in names(facts) {
        if !at.sender_id.is_empty() {
            found.push(sender_id(facts, at));
        } else if is_unread(facts, at) {
            gaps.push(unread(&at.domain));
        }
    }
    for old in &facts.domain.obsolete {
        if !old.found.is_empty() {
            found.push(dead(old));
        }
    }
    // Leftovers do no harm: one open question stands for all places.
    let open = facts.domain.obsolete.iter().find_map(|old| old.asked.open());
    gaps.extend(open.map(|q| Gap::dns("Are there records of dead standards?", q)));
    Verdict::of(found, gaps)
}

/// One of DomainKeys, ADSP or the type SPF.
fn dead(old: &Old) -> Finding {
    let (name, what) = (&old.asked.question.name, old.what.word());
    let text = old.found.iter().map(|d| d.to_string()).collect::<Vec<_>>().join(", ");
    let kind = old.asked.question.kind;
    let change = Change { name: name.to_string(), kind, ttl: TTL, before: old.found.clone(), after: vec![] };
    Finding::new(&RULE, format!("{} still has a record: {what}", short(name)))
        .sure(Confidence::Certain, "The record is there to read.")
        .explain(format!("{name} has a record of a standard that was given up ({what}). Receivers do not read it."))
        .exhibit(Exhibit::dns(&old.asked.question, text, None, what))
        .fix(Remedy::new("Delete the record; nothing takes its place.").record(change))
        .check(old.asked.question.dig(), "nothing")
}

fn sender_id(facts: &Facts, at: &Published) -> Finding {
    let name = if at.domain.is_empty() { "the pasted name" } else { at.domain.as_str() };
    let title = match at.domain.as_str() {
        "" => "This is a Sender ID record, which nobody reads any more".to_owned(),
        name => format!("{} still has a Sender ID record", short(name)),
    };
    let exhibits: Vec<Exhibit> =
        at.sender_id.iter().filter_map(|t| text_exhibit(facts, at, t, None, "Sender ID, not SPF")).collect();
    let is_old = |text: &[u8]| at.sender_id.iter().any(|old| old.text.as_bytes() == text);
    let remedy = Remedy::new("Delete the Sender ID record; keep the one that begins v=spf1.");
    let change = match at.whose {
        // A bare value shows nothing of what else stands at the name.
        Whose::Pasted => {
            let old = |n| at.sender_id.iter().any(|t| t.index == n);
            pasted_change(facts, at, old, None).filter(|(_, nameless)| !nameless).map(|(change, _)| change)
        }
        _ => remedy::spf::change(&facts.evidence.answers, &at.domain, is_old, None)
            .filter(|_| obstacle(facts, &at.domain).is_none()),
    };
    let remedy = match change {
        Some(change) => remedy.record(change),
        None => remedy.step("Delete the record whose text begins spf2.0."),
    };
    Finding::new(&RULE, title)
        .sure(Confidence::Certain, "The record is there to read.")
        .explain(format!(
            "A TXT record at {name} begins spf2.0: that is Sender ID, an experiment that ended in 2012. Receivers ignore \
             it. It is not a second SPF record, and it does not cause any failure."
        ))
        .exhibits(exhibits)
        .fix(remedy)
        .check(command(at.domain.as_str(), Kind::Txt), "no record that begins spf2.0")
}

fn command(domain: &str, kind: Kind) -> String {
    if domain.is_empty() {
        return command!("dig +short {} <your domain>", kind);
    }
    crate::evidence::Question::new(domain, kind).dig()
}

/// A pasted record of type SPF, of DomainKeys or of ADSP.
fn pasted(facts: &Facts) -> Option<Finding> {
    let pasted = facts.reading.record.as_ref()?;
    let name = pasted.name.as_deref().unwrap_or_default();
    let entry = pasted.entries.first()?;
    let begins = |with: &str| entry.text.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with.as_bytes()));
    // With or without the domain behind it, as panels and guides write it.
    let at = |label: &str| name.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let bare = name.is_empty() && zone_line::is_domain_keys(&entry.text);
    let (what, label) = if pasted.kind == Kind::Spf {
        ("the DNS type SPF (99)", "only TXT counts")
    } else if bare || (at("_domainkey") || at("_policy._domainkey")) && begins("o=") {
        ("a DomainKeys policy", "nobody reads this")
    } else if at("_adsp._domainkey") && begins("dkim=") {
        ("an ADSP policy", "nobody reads this")
    } else {
        return None;
    };
    let mut remedy = Remedy::new(format!("Delete {what}."));
    if pasted.kind == Kind::Spf {
        remedy = remedy.step("Make sure that the same text is published as TXT, once; receivers look nowhere else.");
    }
    let shown = if name.is_empty() { "The pasted name" } else { name };
    Some(
        Finding::new(&RULE, format!("{} holds {what}", short(shown)))
            .sure(Confidence::Certain, "The record is in what you pasted.")
            .explain(format!(
                "{shown} holds {what}. Receivers have stopped reading such records; they neither help nor harm."
            ))
            .exhibit(Exhibit::input(entry.span, label))
            .fix(remedy)
            .check(command(name, pasted.kind), "an empty answer"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, message, pasted};
    use super::*;

    #[test]
    fn sender_id_beside_spf() {
        let finding = message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &["v=spf1 mx -all", "spf2.0/pra include:spf.mailer.test -all"])
            .found(&RULE);
        assert_eq!(finding.severity, crate::rules::Severity::Low);
        assert_eq!(after(&finding), ["v=spf1 mx -all"]);
        pasted(None, &["v=spf1 mx -all", "spf2.0/pra include:spf.mailer.test -all"]).found(&RULE);
    }

    #[test]
    fn domain_keys_adsp_and_type_99() {
        pasted(Some("_domainkey.example.com"), &["o=-;"]).found(&RULE);
        pasted(Some("_adsp._domainkey.example.com"), &["dkim=all"]).found(&RULE);
        let mut scene = pasted(Some("example.com"), &["v=spf1 -all"]);
        if let Some(record) = &mut scene.reading.record {
            record.kind = Kind::Spf;
        }
        scene.found(&RULE);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(Some("s1._domainkey.example.com"), &["v=DKIM1; p="]).passes(&RULE);
        message("a@example.com", "a@example.com", "").txt("example.com", &["v=spf1 -all"]).passes(&RULE);
        assert_eq!(message("a@example.com", "a@example.com", "").unknown(&RULE).len(), 1);
    }
}
