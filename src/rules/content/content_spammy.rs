use super::{body, some};
use crate::facts::address::decode_words;
use crate::facts::{Facts, content};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, rule};
use crate::span::Span;

rule! {
    /// Subject or text looks like spam
    ///
    /// ## What we saw
    /// The subject is all capitals, is full of exclamation marks or mixes alphabets inside a word; or a field of a mail merge
    /// was left unfilled.
    ///
    /// ## Why mail suffers
    /// Filters give small points for such habits, and an unfilled `{{first_name}}` shows every reader that the message went
    /// to many. Alone it decides nothing.
    ///
    /// ## How to fix it
    /// Write the subject as you would write it to one person, and send a test to yourself before every mailing, so that unfilled
    /// fields are seen.
    ///
    /// ## How to check
    /// A new message shows an ordinary subject, and no braces.
    pub RULE = "content-spammy", Content, Low, judge,
    ["SpamAssassin SUBJ_ALL_CAPS", "Rspamd R_MIXED_CHARSET", "Unicode UTS #39"]
}

/// Letters of a subject that is all capitals.
const CAPITALS: usize = 12;

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let content = match body(facts) {
        None => return Verdict::NotApplicable,
        Some(Err(gap)) => return Verdict::unknown(gap),
        Some(Ok(content)) => content,
    };
    let field = reading.header.first(facts.text(), "Subject");
    let subject = field.map(|f| decode_words(f.value.of(facts.text()))).unwrap_or_default();
    let mut told: Vec<(String, Exhibit)> = Vec::new();
    if let Some(field) = field {
        let habits = habits(&subject)
            .into_iter()
            .map(|h| (format!("the subject {h}"), Exhibit::input(trimmed(field.value, facts.text()), h)));
        told.extend(habits);
        let unfilled = content::unfilled(&subject, &reading.header, facts.text());
        if !unfilled.is_empty() {
            let exhibit = Exhibit::input(trimmed(field.value, facts.text()), "a field that was left unfilled");
            told.push((
                format!("a field of the mail merge was left unfilled in the subject ({})", some(&unfilled, 3)),
                exhibit,
            ));
        }
    }
    if !content.placeholders.is_empty() {
        let fields = some(&content.placeholders, 3);
        let exhibit = Exhibit::body("the body", content.placeholders.join(" "), "a field that was left unfilled");
        told.push((format!("a field of the mail merge was left unfilled ({fields})"), exhibit));
    }
    let Some((first, _)) = told.first() else { return Verdict::Pass };
    let words: Vec<String> = told.iter().map(|(words, _)| words.clone()).collect();
    Finding::new(&RULE, crate::safe::clip(&crate::rules::bounce::capital(first), 70))
        .sure(Confidence::Certain, "it stands in the message")
        .explain(format!(
            "In this message, {}. Filters give small points for it and readers take it for spam; alone it decides nothing.",
            some(&words, 4)
        ))
        .exhibits(told.into_iter().map(|(_, exhibit)| exhibit))
        .fix(
            Remedy::new("Write as you would write to one person.")
                .step("Send a test of every mailing to yourself, with a recipient who lacks the optional fields."),
        )
        .check("send a new message to yourself", "an ordinary subject, and every field filled")
        .into()
}

fn trimmed(span: Span, text: &[u8]) -> Span {
    let value = span.of(text);
    let start = value.len() - value.trim_ascii_start().len();
    Span::new(span.start as usize + start, span.start as usize + value.trim_ascii_end().len().max(start))
}

/// What a filter counts in a subject.
fn habits(subject: &str) -> Vec<String> {
    let mut out = Vec::new();
    // A tag is a list's, and "Re:" nobody's choice.
    let own = subject.rsplit(']').next().unwrap_or(subject).trim();
    let shouted = !own.contains(char::is_lowercase) && own.matches(char::is_uppercase).count() >= CAPITALS;
    let is_word = |w: &&str| w.matches(char::is_alphabetic).count() > 2;
    if shouted && own.split_whitespace().filter(is_word).count() > 1 {
        out.push("is all capitals".to_owned());
    }
    if subject.matches('!').count() >= 3 {
        out.push("is full of exclamation marks".to_owned());
    }
    if !subject.is_ascii() && subject.split(|c: char| !c.is_alphabetic()).any(mixed) {
        out.push("mixes alphabets inside a word".to_owned());
    }
    out
}

/// Latin beside Cyrillic in one word of some length, either more than once: `Pаypаl` with two Cyrillic letters.
fn mixed(word: &str) -> bool {
    let latin = word.chars().filter(char::is_ascii_alphabetic).count();
    let cyrillic = word.chars().filter(|c| ('\u{400}'..='\u{52f}').contains(c)).count();
    latin >= 2 && cyrillic >= 1 && word.chars().count() >= 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Severity;
    use crate::rules::content::testing::*;

    fn subject(subject: &str) -> Verdict {
        judge(&facts(&message("", "x\r\n").replace("Subject: Hello", &format!("Subject: {subject}"))))
    }

    #[test]
    fn habits_of_a_subject_are_told() {
        let found = only(subject("BUY NOW BEFORE MIDNIGHT"));
        assert_eq!((found.severity, found.title.as_str()), (Severity::Low, "The subject is all capitals"));
        assert!(only(subject("Now!! Here!")).title.contains("exclamation"));
        assert!(only(subject("Your Payp\u{430}l account")).title.contains("alphabets"));
        assert!(only(subject("=?utf-8?B?QlVZIE5PVyBCRUZPUkUgTUlETklHSFQ=?=")).title.contains("capitals"));
        for fine in [
            "[LIST] NATO",
            "[PATCH RFC] x: y",
            "Re: IMPORTANT",
            "Hello World!",
            "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} mail",
            "FYI",
        ] {
            assert!(matches!(subject(fine), Verdict::Pass), "{fine}");
        }
    }

    #[test]
    fn unfilled_fields_of_mass_mail_are_told() {
        let text = message(LIST, "Hello {{first_name}}\r\n");
        assert!(only(judge(&facts(&text))).title.contains("unfilled"));
        let titled = message(LIST, "Hello\r\n").replace("Subject: Hello", "Subject: Hello {{name}}");
        let found = only(judge(&facts(&titled)));
        assert!(found.title.contains("unfilled in the subject"), "{}", found.title);
        assert!(matches!(found.exhibits[0].place, crate::rules::Place::Input(_)));
        // A letter about templates is none.
        assert!(matches!(judge(&facts(&message("", "Write {{first_name}}\r\n"))), Verdict::Pass));
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        three_ways(&RULE, &message("", "Hello\r\n"));
    }
}
