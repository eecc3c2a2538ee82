use super::support::{called, dig_txt, is_judged, is_unread, lowered, names, short, text_exhibit, txt, unread};
use crate::evidence::Data;
use crate::facts::Facts;
use crate::facts::spf::{Published, SpfText, Whose};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// The TXT records at the name make a long DNS answer
    ///
    /// ## What we saw
    /// The SPF record is longer than 450 bytes, or all TXT records of its name together make a DNS answer of more than
    /// 512 bytes; or one string of the record is longer than the 255 bytes that DNS allows.
    ///
    /// ## Why mail suffers
    /// Answers over 512 bytes need an extension that nearly all resolvers have today; beyond about 1,200 bytes they are
    /// cut and asked for again over TCP, which some firewalls block. A receiver behind one gets no answer and puts your
    /// mail off. A string over 255 bytes is refused or cut by the DNS host.
    ///
    /// ## How to fix it
    /// Take out services you no longer use, and old verification records that nobody checks any more. Move address
    /// ranges to a record of their own, `_spf.` in front of the domain, and include that. Cut long strings at 255 bytes.
    ///
    /// ## How to check
    /// Ask for the TXT records with `dig`: the size at the end of the answer is below 512.
    pub RULE = "spf-record-too-long", Spf, Medium, judge,
    ["RFC 7208 §3.3", "RFC 7208 §3.4", "RFC 1035 §3.3", "RFC 6891 §6.2.5"]
}

/// RFC 7208 §3.4: what a record should stay below so that the answer fits.
const RECORD: usize = 450;
/// A datagram without EDNS (RFC 1035 §4.2.1).
const PLAIN: usize = 512;
/// What resolvers ask for over UDP today without fear of fragments.
const SAFE: usize = 1232;

fn judge(facts: &Facts) -> Verdict {
    let (mut found, mut gaps, mut any) = (Vec::new(), Gaps::new(), false);
    for at in names(facts).filter(|at| at.whose == Whose::Pasted || is_judged(facts, at)) {
        if is_unread(facts, at) {
            gaps.push(unread(&at.domain));
        }
        let Some(text) = at.records.first() else { continue };
        any = true;
        found.extend(match at.whose {
            Whose::Pasted => overlong_string(facts, at, text).or_else(|| long(facts, at, text, 0)),
            _ => long(facts, at, text, answer_size(facts, &at.domain)),
        });
    }
    match any || !gaps.is_empty() {
        true => Verdict::of(found, gaps),
        false => Verdict::NotApplicable,
    }
}

/// The bytes of the answer with all TXT of the name; names are compressed (RFC 1035 §4.1).
fn answer_size(facts: &Facts, domain: &str) -> usize {
    let Some(answer) = facts.evidence.answers.get(&txt(domain)) else { return 0 };
    let of = |data: &Data| match data {
        Data::Txt(strings) => 12 + strings.iter().map(|s| s.len() + 1).sum::<usize>(),
        Data::Cname(name) => 14 + name.len(),
        _ => 0,
    };
    let question = domain.len() + 2 + 4;
    12 + question + answer.records.iter().map(|r| of(&r.data)).sum::<usize>()
}

fn long(facts: &Facts, at: &Published, text: &SpfText, size: usize) -> Option<Finding> {
    let length = text.text.len();
    if length <= RECORD && size <= PLAIN {
        return None;
    }
    let truncated = size > SAFE;
    let severity = if truncated { Severity::Medium } else { Severity::Low };
    let others = match facts.evidence.answers.get(&txt(&at.domain)) {
        Some(answer) if at.whose != Whose::Pasted => answer.texts().count().saturating_sub(1),
        _ => 0,
    };
    let title = match (length > RECORD, at.domain.as_str()) {
        (true, "") => format!("This SPF record is {length} bytes long"),
        (true, domain) => format!("The SPF record of {} is {length} bytes long", short(domain)),
        (false, domain) => format!("The TXT records of {} make a long answer: {size} bytes", short(domain)),
    };
    let mut words = format!("{} has {length} bytes; {RECORD} is what leaves room in a DNS datagram.", called(at));
    if size > 0 {
        words.push_str(&format!(" With the {others} other TXT records of the name the answer takes {size} bytes."));
    }
    words.push_str(match truncated {
        true => " So much does not go over UDP: resolvers must ask again over TCP, and some networks block that.",
        false => " That still works with nearly every resolver, but every further TXT record makes it worse.",
    });
    let mut remedy = Remedy::new("Shorten the record, and take out TXT records that nobody needs any more.")
        .step("Leave out services you no longer send through.");
    if others > 0 {
        remedy = remedy
            .step("Look through the other TXT records of the name: old site verifications can often go; you decide.");
    }
    if length > RECORD {
        let name = if at.domain.is_empty() { "_spf.<your domain>".to_owned() } else { format!("_spf.{}", at.domain) };
        remedy = remedy.step(format!(
            "Move the ip4: and ip6: terms to a record of their own at {name}, and put include:{name} in their place: one look-up more."
        ));
    }
    Some(
        Finding::new(&RULE, title)
            .severity(lowered(facts, at, severity))
            .sure(Confidence::Certain, "The bytes are counted.")
            .explain(words)
            .exhibits(text_exhibit(facts, at, text, None, "the SPF record"))
            .fix(remedy)
            .check(dig_txt(&at.domain).replace("+short", "+stats"), format!("MSG SIZE of {PLAIN} or less")),
    )
}

/// A quoted string over 255 bytes: no DNS message can carry it.
fn overlong_string(facts: &Facts, at: &Published, text: &SpfText) -> Option<Finding> {
    let entry = facts.reading.record.as_ref()?.entries.get(text.index)?;
    let Data::Txt(strings) = &entry.data else { return None };
    let longest = strings.iter().map(Vec::len).max().filter(|&n| n > 255 && entry.quoted)?;
    let quoted = crate::remedy::text(&text.text).to_string();
    Some(
        Finding::new(&RULE, format!("A string of this record is {longest} bytes long; 255 is the limit"))
            .sure(Confidence::Certain, "The bytes are counted.")
            .explain(
                "DNS keeps text in strings of at most 255 bytes. Within one pair of quotes there are more: a DNS host \
                 refuses that, or cuts it. Several strings of one record are joined without a blank, so cut anywhere.",
            )
            .exhibit(Exhibit::input(entry.span, "one string"))
            .fix(Remedy::new("Cut the text into strings of at most 255 bytes, in one record.").step(quoted))
            .check(dig_txt(&at.domain), "one record of several strings"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, domain, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    fn record(length: usize) -> String {
        let mut text = "v=spf1".to_owned();
        while text.len() + 5 < length {
            text.push_str(" ip4:192.0.2.1");
        }
        text + " -all"
    }

    #[test]
    fn the_answer_is_measured() {
        let long = record(470);
        let finding = domain("example.com").txt("example.com", &[&long]).found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
        let site = format!("site={}", "x".repeat(240));
        let finding = domain("example.com").txt("example.com", &["v=spf1 mx -all", &site, &site]).found(&RULE);
        assert!(finding.title.contains("long answer"), "{}", finding.title);
        let many: Vec<&str> = std::iter::once("v=spf1 mx -all").chain([site.as_str(); 6]).collect();
        assert_eq!(domain("example.com").txt("example.com", &many).found(&RULE).severity, Severity::Medium);
        let scene = message("a@example.com", "a@example.com", "").txt("example.com", &many);
        assert_eq!(scene.found(&RULE).severity, Severity::Low);
    }

    #[test]
    fn a_string_over_the_limit() {
        let mut scene = pasted(Some("example.com"), &[&record(300)]);
        let entry = &mut scene.reading.record.as_mut().unwrap().entries[0];
        (entry.data, entry.quoted) = (Data::Txt(vec![entry.text.clone()]), true);
        assert_eq!(scene.found(&RULE).severity, Severity::Medium);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(None, &[&record(300)]).passes(&RULE);
        pasted(None, &["v=DMARC1; p=none"]).not_applicable(&RULE);
        domain("example.com").txt("example.com", &["v=spf1 mx -all", "site=1"]).passes(&RULE);
        domain("example.com").fails("example.com", Kind::Txt, Outcome::ServFail).unknown(&RULE);
    }
}
