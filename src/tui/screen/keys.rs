//! The DKIM keys of a domain: what was tried, what stands there, and whose it is.
//!
//! ```text
//!  DKIM keys of example.com   12 selectors tried, 2 keys found
//! ── Keys ─────────────────────────────────────────────── platform    TTL ──
//! ▸ ✓ s1          RSA 2048                                SendGrid   3600
//!   ✗ mail        cut off: 98 of 294 bytes                           3600
//! ── Key   s1._domainkey.example.com ───────────────────────────────────────
//!   CNAME s1.domainkey.u1.wl1.sendgrid.net
//!   k=rsa; t=s; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A…
//! ```

use super::{answer, dkim};
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::KeyState;
use crate::facts::domain::keys::{Below, Keys, Selector, Whence};
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, spread};

/// The selectors worth a line: what was found, what failed, and what the user named.
pub fn listed(facts: &Facts) -> Vec<&Selector> {
    let worth = |s: &&Selector| s.whence == Whence::Said || (!s.wildcard && (!s.is_missing() || !s.chain.is_empty()));
    let mut listed: Vec<&Selector> = facts.domain.keys.selectors.iter().filter(worth).collect();
    listed.sort_by_key(|s| !s.is_found());
    // The organization's own, which may sign for the name inside it.
    listed.extend(facts.domain.keys.above.iter().filter(|s| s.is_found() && !s.wildcard));
    listed
}

/// The page; `shown` is the marked line, `answers` whether raw answers are asked for.
pub fn write(doc: &mut Doc, facts: &Facts, shown: usize, answers: bool) {
    let keys = &facts.domain.keys;
    let listed = listed(facts);
    let found = listed.iter().filter(|s| s.is_found()).count();
    let domain = facts.reading.from_domain().unwrap_or_default();
    let tried = keys.selectors.len() + keys.above.len();
    doc.hang(
        &format!(" DKIM keys of {domain}   "),
        Ink::Strong,
        format!("{tried} selectors tried, {found} with a record"),
        Ink::Plain,
    );
    if !listed.is_empty() {
        doc.section("Keys", "platform      TTL");
        for (n, selector) in listed.iter().enumerate() {
            let platform = selector.platform.map_or("", |p| p.name.as_str());
            let ttl = selector.ttl.map_or(String::new(), |t| t.to_string());
            let right = format!("{platform:<18} {ttl:>6}");
            let name = match keys.above.iter().any(|above| std::ptr::eq(above, *selector)) {
                true => format!("{} (above)", selector.selector),
                false => selector.selector.clone(),
            };
            let left = format!("{name:<14} {}", dkim::state_in_short(&selector.key.state));
            doc.item(n == shown, &spread(&left, &right, doc.width.saturating_sub(4)));
        }
    }
    if let Some(selector) = listed.get(shown) {
        doc.section(&format!("Key   {}", selector.key.name), "");
        one(doc, facts, selector, answers);
    }
    rest(doc, facts, keys, answers);
}

fn one(doc: &mut Doc, facts: &Facts, selector: &Selector, answers: bool) {
    let whence = match selector.whence {
        Whence::Said => "you named it".to_owned(),
        Whence::Platform(platform) => format!("{} uses it", platform.name),
        Whence::Usual => "many use it".to_owned(),
    };
    doc.hang("  tried ", Ink::Faint, format!("because {whence}"), Ink::Plain);
    for target in &selector.chain {
        doc.hang("  CNAME ", Ink::Faint, target, Ink::Plain);
    }
    if let Some(platform) = selector.platform.filter(|_| !selector.chain.is_empty()) {
        doc.hang("  that is ", Ink::Faint, &platform.name, Ink::Plain);
    }
    dkim::key_text(doc, &selector.key);
    if answers {
        answer::write(doc, &facts.evidence, &Question::new(&selector.key.name, Kind::Txt));
    }
}

/// What was tried in vain, and whether that says anything.
fn rest(doc: &mut Doc, facts: &Facts, keys: &Keys, answers: bool) {
    let names = |test: fn(&Selector) -> bool| -> Vec<&str> {
        keys.selectors.iter().filter(|s| test(s)).map(|s| s.selector.as_str()).collect()
    };
    doc.section("What else there may be", "");
    let missing = names(|s| s.is_missing() && !s.wildcard && s.chain.is_empty() && s.whence != Whence::Said);
    if !missing.is_empty() {
        doc.hang("  no key  ", Ink::Faint, missing.join(", "), Ink::Plain);
    }
    let wild = names(|s| s.wildcard);
    if !wild.is_empty() {
        doc.hang("  ! ", Ink::Warn, format!("any selector is answered the same: {}", wild.join(", ")), Ink::Plain);
    }
    let said = match keys.below {
        None => return doc.para(2, "DKIM was not asked for.", Ink::Plain),
        Some(Below::Unasked) => "… not answered yet",
        Some(Below::Failed(outcome)) => answer::outcome(Some(outcome)),
        Some(Below::Something) => "there are names below it: other selectors may exist, and nothing lists them",
        Some(Below::Nothing) => "no such name: nothing stands below it, so there is no other selector",
        Some(Below::Denied) => "denied, though names below it exist: this server's word says nothing",
    };
    let domain = facts.reading.from_domain().unwrap_or_default();
    doc.hang(&format!("  _domainkey.{domain}  "), Ink::Faint, said, Ink::Plain);
    if answers {
        answer::write(doc, &facts.evidence, &Question::new(&format!("_domainkey.{domain}"), Kind::Txt));
        if let Some(KeyState::Found(_) | KeyState::Missing(_)) = keys.unused.as_ref().map(|k| &k.state) {
            let name = keys.unused.as_ref().map_or("", |k| k.name.as_str());
            answer::write(doc, &facts.evidence, &Question::new(name, Kind::Txt));
        }
    }
}
