//! What the rules on DMARC reports share.

use crate::evidence::Answer;
use crate::facts::Facts;
use crate::facts::report::aggregate::Signature;
use crate::facts::report::{Aggregate, Received, Row, Sender, Source, Standing, policy_question};
use crate::remedy::dmarc::Edit;
use crate::rules::{Exhibit, Gap, Gaps, Severity};

/// The report, where the input is one about DMARC.
pub fn report(facts: &Facts) -> Option<&Aggregate> {
    facts.reading.report.as_ref().and_then(Received::dmarc)
}

/// The sources of one standing, the busiest first.
pub fn standing<'f>(facts: &'f Facts, of: &'static [Standing]) -> impl Iterator<Item = &'f Source> {
    facts.sources.iter().filter(move |s| of.contains(&s.standing))
}

/// `1 message`, `1234 messages`
pub fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

/// Rows of a source that are shown, the busiest first.
pub fn rows(report: &Aggregate, source: &Source, most: usize, label: &'static str) -> Vec<Exhibit> {
    let rows = source.rows.iter().filter_map(|&n| report.rows.get(n)).take(most);
    rows.map(|row| Exhibit::report(part(row.number), row.line(), label)).collect()
}

/// The busiest row of a source.
pub fn busiest<'r>(report: &'r Aggregate, source: &Source) -> Option<&'r Row> {
    source.rows.first().and_then(|&n| report.rows.get(n))
}

/// Is no key there today for a signature, and did it verify nowhere in the report?
pub fn is_keyless(facts: &Facts, report: &Aggregate, signature: &Signature) -> bool {
    let Some(key) = signature.key() else { return false };
    let missing = |a: &Answer| !a.outcome.failed() && a.texts().next().is_none();
    let mut signatures = report.rows.iter().flat_map(|row| &row.signatures).filter(|s| s.result == "pass");
    facts.evidence.answers.get(&key).is_some_and(missing) && !signatures.any(|s| s.key().as_ref() == Some(&key))
}

/// What DKIM needs, by what became of the domain's own signature.
pub fn signing(facts: &Facts, report: &Aggregate, row: Option<&Row>) -> String {
    let Some((row, own)) = row.and_then(|row| Some((row, row.unverified()?))) else {
        return format!("Let the server sign with DKIM as {}", report.policy.domain);
    };
    let key = match &own.selector {
        Some(selector) => format!("{selector}._domainkey.{}", own.domain),
        None => format!("the key of {}", own.domain),
    };
    if is_keyless(facts, report, own) {
        return format!(
            "DKIM: the mail is signed with {key}, and no key stands there: publish the one that its sender shows"
        );
    }
    let mut others = row.signatures.iter().filter(|s| !s.ours);
    match own.result.as_str() {
        "temperror" => {
            format!("DKIM: the receiver got no answer for {key} (temperror); see whether the name servers answer")
        }
        "permerror" => {
            format!("DKIM: the signature cannot be used (permerror); see whether a whole key stands at {key}")
        }
        word if row.direct && others.any(|s| s.result == "pass") => format!(
            "DKIM: the sender's own signature of the same mail passes, so nothing changed it on the way ({word}): see whether {key} is the key that it signs with"
        ),
        word if row.direct => format!(
            "DKIM: no signature passes ({word}), though the mail came straight from its sender: look whether other receivers say the same of {key}, and what is added to the mail after it is signed"
        ),
        word => format!(
            "DKIM: the signature as {} does not pass ({word}); see whether {key} is the key of this server, and whether anything changes the mail after it signs",
            own.domain
        ),
    }
}

/// The policy record published now, with all that stands beside it; `None` where it is not the only one, or not known.
pub fn published(facts: &Facts, report: &Aggregate) -> Option<(Vec<String>, Edit)> {
    let answer = facts.evidence.answers.get(&policy_question(report))?;
    let texts: Vec<String> = answer.texts().map(|t| String::from_utf8_lossy(&t).into_owned()).collect();
    let mut records = texts.iter().filter(|t| t.trim_start().starts_with("v=DMARC1"));
    match (records.next(), records.next()) {
        (Some(text), None) => Some((texts.clone(), Edit::of(text))),
        _ => None,
    }
}

/// Is most of the sender's mail signed so that it counts? Then what is not is the exception.
pub fn mostly_signed(facts: &Facts, source: &Source) -> bool {
    let sender = source.sender.to_string();
    let signed = standing(facts, &[Standing::Aligned]).filter(|s| s.sender.to_string() == sender);
    signed.fold(0_u64, |sum, s| sum.saturating_add(s.count)) > source.count
}

/// How a row is called.
pub fn part(number: usize) -> String {
    format!("record {number}")
}

/// Worse where the receiver kept the mail out.
pub fn severity(source: &Source) -> Severity {
    if source.kept_out > 0 { Severity::High } else { Severity::Medium }
}

/// ` 12 of them were junked or refused.`
pub fn kept_out(source: &Source) -> String {
    match source.kept_out {
        0 => String::new(),
        all if all == source.count => " The receiver junked or refused all of it.".to_owned(),
        some => format!(" The receiver junked or refused {some} of them."),
    }
}

/// ` The receiver gives as its reason: …` why it did not do as the policy asks (RFC 7489 §6.6.3, RFC 9990 §3.1.1.5).
pub fn reasons(report: &Aggregate, sources: &[&Source]) -> String {
    let rows = sources.iter().flat_map(|s| &s.rows).filter_map(|&n| report.rows.get(n));
    let mut words: Vec<&str> = rows.flat_map(|row| &row.reasons).map(|r| reason(r)).collect();
    words.sort_unstable();
    words.dedup();
    match words.is_empty() {
        true => String::new(),
        false => format!(" The receiver's reason for not doing as the policy asks: {}.", words.join("; ")),
    }
}

fn reason(word: &str) -> &str {
    match word {
        "forwarded" => "the mail was forwarded (forwarded)",
        "mailing_list" => "it takes the source for a mailing list (mailing_list)",
        "trusted_forwarder" => "it trusts this forwarder (trusted_forwarder)",
        "sampled_out" => "the pct of the policy left this mail out (sampled_out)",
        "policy_test_mode" => "the policy is a test, t=y (policy_test_mode)",
        "local_policy" => "a policy of its own (local_policy)",
        _ => "another one (other)",
    }
}

/// ` as news.example.com (sp=reject)`: of a subdomain `sp` decides, where it is set (RFC 9989 §4.7).
pub fn below(report: &Aggregate, row: &Row) -> String {
    match row.header_from.as_str() {
        from if from.is_empty() || from == report.policy.domain => String::new(),
        from => {
            let sp = report.policy.sp.as_ref().map_or(String::new(), |sp| format!(" (sp={sp})"));
            format!(" as {from}{sp}")
        }
    }
}

/// Who a source is, for a title.
pub fn who(source: &Source) -> String {
    match (&source.sender, &source.addresses[..]) {
        (Sender::Host(domain), [(ip, _)]) => format!("{ip} ({domain})"),
        (Sender::Host(domain), several) => format!("{} servers of {domain}", several.len()),
        (sender, _) => sender.to_string(),
    }
}

/// Why the policy must wait, where it is not strict yet.
pub fn not_yet(report: &Aggregate) -> &'static str {
    match report.policy.p.as_deref() {
        Some("none") => " Do not tighten the policy before that is mended.",
        _ => "",
    }
}

/// Addresses of a source, some of them.
pub fn addresses(source: &Source) -> String {
    let shown: Vec<String> = source.addresses.iter().take(4).map(|(ip, _)| ip.to_string()).collect();
    match source.addresses.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Whose are the addresses from which nothing passes?
pub fn open(facts: &Facts) -> Gaps {
    let open = standing(facts, &[Standing::Stranger]).filter_map(|s| Some((s, s.open.as_ref()?)));
    open.take(5).map(|(s, question)| Gap::dns(format!("Is {} a server of yours?", s.sender), question)).collect()
}
