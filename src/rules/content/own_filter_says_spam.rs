use crate::facts::Facts;
use crate::facts::antispam::{self, summary};
use crate::facts::own_filters::{Heard, Opinion, State, Symbol};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// Your own filter takes the message for spam
    ///
    /// ## What we saw
    /// A SpamAssassin or Rspamd of your own was asked (`--spamd`, `--rspamd`) and gives the message more points than it lets
    /// pass.
    ///
    /// ## Why mail suffers
    /// Many servers run the same software, so what it counts, others may count too. It is no receiver's verdict: every server
    /// has rules, limits and a memory of its own, and the large providers use neither.
    ///
    /// ## How to fix it
    /// Mend what the other findings say, then look at what it counted, the weightiest first. Points for addresses and names
    /// that only hold on your own network (a private address, no reverse name inside) mean nothing outside.
    ///
    /// ## How to check
    /// Ask it again about the mended message: the points stay below its limit.
    pub RULE = "own-filter-says-spam", Content, Low, judge,
    ["Apache SpamAssassin, spamd/PROTOCOL", "https://rspamd.com/doc/developers/protocol.html"]
}

/// Symbols that are told in a sentence.
const TOLD: usize = 5;

/// Symbols of one filter shown beside one finding.
const BESIDE: usize = 2;

fn judge(facts: &Facts) -> Verdict {
    if facts.own_filters.is_empty() {
        return Verdict::NotApplicable;
    }
    let spam = |o: &&Opinion| o.heard().is_some_and(|h| h.spam);
    let findings = facts.own_filters.iter().filter(spam).filter_map(|o| Some(found(facts, o, o.heard()?)));
    Verdict::of(findings.collect(), facts.own_filters.iter().filter_map(gap).collect())
}

fn gap(opinion: &Opinion) -> Option<Gap> {
    let question = format!("What does your own {} say of the message?", opinion.which.name());
    let command = opinion.errand.command();
    match &opinion.state {
        State::Heard(_) => None,
        State::Unasked => Some(Gap::new(question, command)),
        State::Unaskable(needs) => Some(Gap::new(question, (*needs).to_owned())),
        State::Failed(why) => {
            Some(Gap::new(format!("{question} It gave no opinion: {}", crate::safe::clip(why, 160)), command))
        }
    }
}

fn found(facts: &Facts, opinion: &Opinion, heard: &Heard) -> Finding {
    let name = opinion.which.name();
    let reading = &facts.reading;
    let ours = reading.boundary.receiver.as_deref();
    let judged = || reading.antispam.iter().filter(|f| summary::counts(f, ours)).flat_map(|f| &f.items);
    let clean = judged().any(|i| i.meaning.is_some()) && antispam::spam_verdicts(&reading.antispam, ours).is_empty();
    let against = |s: &&Symbol| s.points.is_none_or(|p| p > 0.0);
    let told: Vec<String> = heard.symbols.iter().filter(against).map(named).collect();
    let counted = if told.is_empty() { String::new() } else { format!(" It counted {}.", super::some(&told, TOLD)) };
    let limit = match (&heard.action, heard.required) {
        (Some(action), Some(required)) => format!("would do: {action} (it refuses from {required} on)"),
        (Some(action), None) => format!("would do: {action}"),
        (None, Some(required)) => format!("calls mail spam from {required} on"),
        (None, None) => "calls it spam".to_owned(),
    };
    let differs = if clean { " The receiver did not call it spam, and its word counts." } else { "" };
    Finding::new(&RULE, format!("Your own {name} takes it for spam"))
        .severity(if clean { Severity::Info } else { RULE.severity })
        .sure(Confidence::Certain, "it is that filter's own answer; what others say of the message it does not tell")
        .explain(format!(
            "Your own {name} gives the message {} points, and {limit}.{counted} This is not the receiver's verdict: other \
             servers have other rules and limits.{differs}",
            heard.score
        ))
        .exhibit(Exhibit::fetched(&opinion.errand, format!("{} points", heard.score), "its verdict"))
        .fix(
            Remedy::new("Mend what the other findings say, then what it counted.")
                .step("Look at what it counted, the weightiest first; each point that goes here is likely to go elsewhere too."),
        )
        .check(opinion.errand.command(), "fewer points than its limit")
}

/// `RDNS_NONE (the sending address has no reverse name)`
fn named(symbol: &Symbol) -> String {
    match symbol.words() {
        Some(words) => format!("{} ({})", symbol.name, crate::safe::clip(words, 100)),
        None => symbol.name.clone(),
    }
}

/// What a filter of the user's own counts as well stands beside a finding; it makes nothing surer, and no finding.
pub fn bear_out(facts: &Facts, found: &mut [Finding]) {
    for finding in found {
        let id = finding.rule.id;
        for opinion in &facts.own_filters {
            let same = |s: &&Symbol| s.rules.iter().any(|rule| rule == id);
            let symbols = opinion.heard().into_iter().flat_map(|h| &h.symbols).filter(same).take(BESIDE);
            let label = format!("your own {} sees it too", opinion.which.name());
            finding.exhibits.extend(symbols.map(|s| Exhibit::fetched(&opinion.errand, named(s), label.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::errand::{Brought, Errand, What};
    use crate::evidence::filters::OwnFilters;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::rules::content::testing::{message, only};
    use std::sync::Arc;

    fn asked(fields: &str, kind: InputKind, what: Option<What>) -> Facts {
        let input = Input::read("test", message(fields, "Hello\r\n").into_bytes(), Some(kind)).unwrap();
        let at = "127.0.0.1:783".to_owned();
        let filters = OwnFilters { spamd: Some(at.clone()), rspamd: None };
        let said = Said { filters, ..Said::default() };
        let mut evidence = Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, true);
        if let Some(what) = what {
            let brought = Brought { what, at: evidence.now, elapsed_ms: 0 };
            evidence.fetched.insert(Errand::Spamd { at }, brought);
        }
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        Facts::gather(Arc::new(evidence), reading)
    }

    fn says(verdict: &str, names: &str) -> Option<What> {
        Some(What::Spamd { answer: format!("SPAMD/1.1 0 EX_OK\r\nSpam: {verdict}\r\n\r\n{names}") })
    }

    #[test]
    fn it_fires_passes_is_silent_and_cannot_know() {
        let of = |what| judge(&asked("", InputKind::Message, what));
        let spam = only(of(says("True ; 7.1 / 5.0", "SUBJ_ALL_CAPS,LOCAL")));
        assert_eq!((spam.severity, spam.title.as_str()), (Severity::Low, "Your own SpamAssassin takes it for spam"));
        assert!(
            spam.explanation.contains("SUBJ_ALL_CAPS (the subject is all capitals) and LOCAL"),
            "{}",
            spam.explanation
        );
        assert!(matches!(of(says("False ; 1.0 / 5.0", "")), Verdict::Pass));
        let Verdict::Unknown(gaps) = of(None) else { panic!() };
        assert_eq!(gaps[0].needs.words(), "spamc -d 127.0.0.1 -p 783 -R < FILE");
        let failed = What::Failed { step: crate::evidence::errand::Step::Connect, why: "refuses connections".into() };
        let Verdict::Unknown(gaps) = of(Some(failed)) else { panic!() };
        assert!(gaps[0].question().ends_with("refuses connections"), "{}", gaps[0].question());
        assert!(matches!(judge(&crate::rules::content::testing::facts(&message("", "x\r\n"))), Verdict::NotApplicable));
        let header = asked("", InputKind::Headers, says("True ; 7.1 / 5.0", ""));
        assert!(matches!(judge(&header), Verdict::NotApplicable), "a header alone is no message");
    }

    #[test]
    fn the_receivers_word_counts_more() {
        let facts = asked(
            "X-Spam-Status: No, score=0.1 required=5.0\r\n",
            InputKind::Message,
            says("True ; 7.1 / 5.0", "RDNS_NONE"),
        );
        let note = only(judge(&facts));
        assert_eq!(note.severity, Severity::Info);
        assert!(note.explanation.ends_with("its word counts."), "{}", note.explanation);
    }

    #[test]
    fn what_it_counts_stands_beside_findings_of_the_same() {
        let facts = asked("", InputKind::Message, says("False ; 1.0 / 5.0", "SUBJ_ALL_CAPS,RDNS_NONE"));
        let mut found = [Finding::new(crate::rules::find("content-spammy").unwrap(), "x")];
        let before = found[0].confidence;
        bear_out(&facts, &mut found);
        let labels: Vec<&str> = found[0].exhibits.iter().map(|e| &*e.label).collect();
        assert_eq!((labels, found[0].confidence), (vec!["your own SpamAssassin sees it too"], before));
    }
}
