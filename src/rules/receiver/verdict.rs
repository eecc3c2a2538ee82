//! What the rules of this group share: whether authentication passed, and words for verdicts.

use crate::evidence::said::{FolderRole, FoundIn};
use crate::facts::Facts;
use crate::facts::antispam::{Field, Item, Leaning, summary};
use crate::knowledge::{Receiver, receiver};
use crate::rules::Exhibit;

/// Whose word it is that SPF, DKIM and DMARC all passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// The receiver reported it.
    Reported,
    /// What it left out was found here, by today's DNS.
    Here,
}

/// Did SPF, DKIM and DMARC all pass?
pub fn all_passed(facts: &Facts) -> bool {
    passed(facts).is_some()
}

/// Did they, and who says so? `None` where one did not, or is not known.
pub fn passed(facts: &Facts) -> Option<Passed> {
    if reported(facts) {
        return Some(Passed::Reported);
    }
    let legs = facts.legs();
    let spf = legs.spf.as_ref().is_some_and(|leg| leg.passed == Some(true));
    let dkim = legs.dkim.iter().any(|leg| leg.passed == Some(true));
    let dmarc = facts.dmarc.record().is_some() && legs.pass() == Some(true);
    (spf && dkim && dmarc && !any_failed(facts)).then_some(Passed::Here)
}

/// Did the receiver report that all passed? `false` too where it left one out.
fn reported(facts: &Facts) -> bool {
    let reported = &facts.reading.reported;
    reported.spf.as_ref().is_some_and(|s| s.result == "pass" && !s.best_guess)
        && reported.dkim.iter().any(|d| d.result == "pass")
        && reported.dmarc.as_ref().is_some_and(|d| d.result == "pass")
        && reported.compauth.as_ref().is_none_or(|c| c.result != "fail")
}

/// Did the receiver report that one of SPF, DKIM and DMARC did not pass?
pub fn any_failed(facts: &Facts) -> bool {
    let reported = &facts.reading.reported;
    reported.spf.as_ref().is_some_and(|s| s.result != "pass")
        || (!reported.dkim.is_empty() && reported.dkim.iter().all(|d| d.result != "pass"))
        || reported.dmarc.as_ref().is_some_and(|d| d.result != "pass")
        || reported.compauth.as_ref().is_some_and(|c| c.result == "fail")
}

/// The receiver the message ended at, where it is recognised.
pub fn receiver_of(facts: &Facts) -> Option<&'static Receiver> {
    facts.reading.boundary.receiver.as_deref().and_then(receiver::find)
}

/// What the receiver's filters wrote, item by item.
pub fn counted(facts: &Facts) -> impl Iterator<Item = &Item> {
    let ours = facts.reading.boundary.receiver.as_deref();
    facts.reading.antispam.iter().filter(move |f| summary::counts(f, ours)).flat_map(|f| &f.items)
}

/// Whose verdict a field is, by name. Many filters write `X-Spam-Flag`: alone it names none of them.
pub fn name_of(facts: &Facts, field: &Field) -> &'static str {
    let alike = facts.reading.antispam.iter().filter(|f| f.vendor == field.vendor && f.untrusted == field.untrusted);
    let own = |i: &Item| matches!(&*i.key, "" | "test" | "report");
    if field.vendor == "spamassassin" && !alike.flat_map(|f| &f.items).any(own) {
        return "A filter";
    }
    receiver::find(field.vendor).map_or(field.vendor, |r| &r.name)
}

/// Are the vendor's portals any use? Not where an Exchange server of somebody's own gave the level.
pub fn is_service(facts: &Facts, vendor: &str) -> bool {
    let filtered = |i: &Item| matches!(&*i.key, "SFV" | "CAT" | "BCL" | "dest");
    vendor != "microsoft" || receiver_of(facts).is_some_and(|r| r.id == vendor) || counted(facts).any(filtered)
}

/// An item as it stands in the header: `SFV:SPM`, or the value alone.
pub fn written(item: &Item) -> String {
    // `organization-SCL` is our name for the SCL of another field.
    let key = item.key.strip_prefix("organization-").unwrap_or(&item.key);
    // So are the keys of a filter's list of rules.
    if matches!(key, "" | "test" | "symbol") { item.value.clone() } else { format!("{key}:{}", item.value) }
}

/// An item under its marker, with its meaning beside it.
pub fn exhibit(item: &Item) -> Exhibit {
    Exhibit::input(item.span, item.meaning.as_ref().map_or("the verdict", |m| m.text))
}

/// Did a rule or the junk settings of the mailbox move it, where the filter itself found nothing? `jmr` does not tell: it
/// stands beside what the filter judged too.
pub fn is_moved_by_mailbox(items: &[&Item]) -> bool {
    let moves = [("OFR", "CustomRules"), ("ucf", "1"), ("dest", "J")];
    let moved = items.iter().any(|i| moves.contains(&(&*i.key, &*i.value)));
    let accused = |i: &&Item| !matches!(&*i.key, "dest" | "RF") && leaning(i) == Some(Leaning::Bad);
    let mut all = items.iter().copied();
    moved && all.clone().any(is_cleared) && !all.any(|i| accused(&i))
}

/// A word of Microsoft's filter that the message is no spam.
pub fn is_cleared(item: &Item) -> bool {
    matches!(&*item.key, "SFV" | "SCL" | "organization-SCL") && leaning(item) == Some(Leaning::Good)
}

/// Has the organization its own level for what Microsoft's filter found clean? Mostly a mail-flow rule set that.
pub fn is_set_by_organization(items: &[&Item]) -> bool {
    let level = |key: &str| items.iter().find(|i| i.key == key).and_then(|i| leaning(i));
    level("SCL") == Some(Leaning::Good) && level("organization-SCL") == Some(Leaning::Bad)
}

/// Which way an item points, where that is known.
pub fn leaning(item: &Item) -> Option<Leaning> {
    item.meaning.as_ref().map(|m| m.leaning)
}

/// The junk folder it was found in. That is a verdict too: the mailbox keeps there what it takes for spam.
pub fn junk(facts: &Facts) -> Option<&FoundIn> {
    facts.evidence.said.folder.as_ref().filter(|folder| folder.role == FolderRole::Junk)
}

/// The folder as evidence.
pub fn folder(found: &FoundIn) -> Exhibit {
    let (what, label) = (format!("found in {}", found.name), "the folder of junk");
    if found.seen { Exhibit::mailbox(what, label) } else { Exhibit::user(what, label) }
}

/// Joins parts of a sentence: "a", "a and b", "a, b and c".
pub fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;

    /// A message whose SPF and DKIM pass by today's DNS, behind these fields.
    fn told(fields: &str, dmarc: &str) -> Option<Passed> {
        let story = |file: &str| {
            std::fs::read_to_string(format!("tests/scenarios/whole-message-verifies/{file}"))
                .expect("the story is there")
        };
        let input =
            Input::read("test", format!("{fields}{}", story("input")).as_bytes(), Some(InputKind::Message)).unwrap();
        let zone: String =
            story("zone").lines().filter(|l| !l.starts_with("_dmarc.")).map(|l| format!("{l}\n")).collect();
        let zone = Zone::parse(&format!("{zone}{dmarc}")).unwrap();
        let evidence =
            Evidence::new(input, Said::default(), jiff::Timestamp::from_second(1_780_400_000).unwrap(), false);
        let evidence = crate::samples::settle(evidence, &zone);
        let reading = Reading::read(&evidence.input, &evidence.said);
        passed(&Facts::gather(evidence.into(), reading.into()))
    }

    #[test]
    fn what_is_found_here_counts_where_the_receiver_is_silent() {
        const DMARC: &str = "_dmarc.example.com TXT \"v=DMARC1; p=none\"";
        assert_eq!(told("", DMARC), Some(Passed::Here));
        assert_eq!(told("", ""), None, "without a record DMARC passes for nobody");
        let failed = "Authentication-Results: mx.inbox.test; spf=softfail smtp.mailfrom=bounce@example.com\n";
        assert_eq!(told(failed, DMARC), None, "the receiver's word goes before");
    }
}
