use crate::facts::Facts;
use crate::facts::boundary::MailFrom;
use crate::facts::platform;
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, on_the_way, rule};
use crate::span::Span;

rule! {
    /// Mass mail lacks one-click unsubscribing
    ///
    /// ## What we saw
    /// The message is mass mail, but its header does not let the mail program unsubscribe with
    /// one click: List-Unsubscribe with an https address, or List-Unsubscribe-Post, is missing
    /// or incomplete, or List-Unsubscribe stands there twice.
    ///
    /// ## Why mail suffers
    /// Gmail demands it of everyone who sends marketing mail in bulk; Yahoo prefers it and takes a
    /// mailto address too. Without it the place in the inbox is at risk, and readers who find no way
    /// out press "spam", which hurts all your mail.
    ///
    /// ## How to fix it
    /// Switch on one-click unsubscribing in your sending platform, or add both fields yourself.
    /// The https address must unsubscribe on a plain POST, without a login or a second
    /// question, and take effect within two days.
    ///
    /// ## How to check
    /// Look at the source of a new message: both fields are there, and the DKIM signature lists
    /// both in `h=`. Try the POST only with a test address, since it really unsubscribes.
    pub RULE = "one-click-missing", Headers, High, judge,
    ["RFC 8058 §3.1", "RFC 2369 §3", "https://support.google.com/a/answer/81126", "https://senders.yahooinc.com/best-practices/"]
}

/// What shows that this is mass mail.
enum Mass {
    /// `Precedence: bulk`
    Declared(Span),
    /// It offers to unsubscribe.
    Offers(Span),
}

fn judge(facts: &Facts) -> Verdict {
    let lists = &facts.reading.lists;
    let Some(mass) = mass(facts) else { return Verdict::NotApplicable };
    let Some(lack) = lack(facts) else { return Verdict::Pass };
    let usual = if matches!(lack, Lack::Once) { Severity::Low } else { RULE.severity };
    if facts.reading.is_fragment() && matches!(lack, Lack::Everything | Lack::Post) {
        return Verdict::unknown(Gap::whole_header("Does the header offer unsubscribing with one click?"));
    }
    let (severity, confidence, because, span) = match mass {
        // Automatic notices call themselves bulk as well; what has a list or a campaign is sent to many.
        Mass::Declared(span) if matches!(lack, Lack::Everything) => match has_subscribers(facts) {
            true => (
                usual,
                Confidence::Likely,
                "the message calls itself bulk, and it bears marks of mail to subscribers",
                span,
            ),
            false => (
                Severity::Medium,
                Confidence::Likely,
                "the message calls itself bulk, as automatic notices also do",
                span,
            ),
        },
        Mass::Declared(span) => (usual, Confidence::Certain, "the message calls itself bulk", span),
        Mass::Offers(span) => {
            let because = "the message offers to unsubscribe, so it is sent to subscribers; how many is not known";
            (usual.min(Severity::Medium), Confidence::Likely, because, span)
        }
    };
    let shown = lists.unsubscribe_field.filter(|f| *f != span).map(|f| Exhibit::input(f, "incomplete"));
    let label = if matches!(mass, Mass::Declared(_)) { "declared as bulk" } else { "incomplete" };
    Finding::new(&RULE, lack.title())
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "{} Gmail demands one-click unsubscribing of marketing mail sent in bulk; Yahoo prefers it and takes a mailto \
             address too. Without it the place in the inbox is at risk, and readers press “spam” instead.",
            lack.text()
        ))
        .exhibit(Exhibit::input(span, label))
        .exhibits(shown)
        .exhibits(lists.unsubscribe_again.map(|f| Exhibit::input(f, "a second one")))
        .exhibits(lists.unsubscribe_post.as_ref().map(|p| Exhibit::input(p.span, "must be List-Unsubscribe=One-Click")))
        .fix(remedy(facts, &lack))
        .check(
            "send a message and look at its source",
            "List-Unsubscribe with an https address, List-Unsubscribe-Post: List-Unsubscribe=One-Click, both in h= of the DKIM signature",
        )
        .into()
}

/// What shows that the message is mass mail by its own words.
pub(in crate::rules) fn is_mass(facts: &Facts) -> Option<Span> {
    mass(facts).map(|mass| match mass {
        Mass::Declared(span) | Mass::Offers(span) => span,
    })
}

/// Mass mail by its own words; discussion lists, bounces and automatic answers are not meant.
fn mass(facts: &Facts) -> Option<Mass> {
    let lists = &facts.reading.lists;
    let precedence = lists.precedence.as_ref();
    let is = |words: &[&str]| precedence.filter(|p| words.contains(&&p.value[..]));
    let answers = lists.auto_submitted.as_ref().is_some_and(|a| a.value == "auto-replied");
    let bounce = facts.identities.mail_from.as_ref().is_some_and(|m| m.value == MailFrom::Null);
    if !lists.list_manager.is_empty() || is(&["list", "junk"]).is_some() || answers || bounce {
        return None;
    }
    // `junk` is what automatic answers call themselves, as vacation(1) does.
    match (is(&["bulk"]), lists.unsubscribe_field) {
        (Some(bulk), _) => Some(Mass::Declared(bulk.span)),
        (None, Some(field)) => Some(Mass::Offers(field)),
        (None, None) => None,
    }
}

/// What names a list or a campaign, or shows readers a way out, goes to subscribers; what a program answers or reports
/// does not (RFC 3834 §5).
fn has_subscribers(facts: &Facts) -> bool {
    let lists = &facts.reading.lists;
    let shown = || facts.reading.content.as_ref().is_some_and(|content| content.unsubscribe);
    let automatic = lists.auto_submitted.as_ref().is_some_and(|a| a.value != "no");
    !automatic && (lists.list_id.is_some() || lists.feedback_id.is_some() || shown())
}

/// What is not there (RFC 8058 §3.1).
enum Lack {
    Everything,
    Brackets,
    Https,
    Post,
    PostValue,
    Once,
}

fn lack(facts: &Facts) -> Option<Lack> {
    let lists = &facts.reading.lists;
    let https = lists.unsubscribe.iter().any(|u| u.value.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")));
    let post = lists.unsubscribe_post.as_ref().map(|p| p.value.eq_ignore_ascii_case("List-Unsubscribe=One-Click"));
    match (lists.unsubscribe_field.is_some(), https, post) {
        (false, ..) => Some(Lack::Everything),
        (_, false, _) if is_bare(facts) => Some(Lack::Brackets),
        (_, false, _) => Some(Lack::Https),
        (.., None) => Some(Lack::Post),
        (.., Some(false)) => Some(Lack::PostValue),
        (.., Some(true)) => lists.unsubscribe_again.map(|_| Lack::Once),
    }
}

/// Does an address stand there without its angle brackets (RFC 2369 §2)?
fn is_bare(facts: &Facts) -> bool {
    let lists = &facts.reading.lists;
    let field = lists.unsubscribe_field.filter(|_| lists.unsubscribe.is_empty()).map(|f| f.of(facts.text()));
    let value = field.and_then(|f| f.splitn(2, |&b| b == b':').nth(1)).unwrap_or_default().trim_ascii();
    [&b"https://"[..], b"http://", b"mailto:"]
        .iter()
        .any(|scheme| value.get(..scheme.len()).is_some_and(|v| v.eq_ignore_ascii_case(scheme)))
}

impl Lack {
    fn title(&self) -> &'static str {
        match self {
            Lack::Everything => "Mass mail without List-Unsubscribe",
            Lack::Brackets => "List-Unsubscribe lacks its angle brackets",
            Lack::Https => "List-Unsubscribe has no https address",
            Lack::Post => "List-Unsubscribe-Post is missing",
            Lack::PostValue => "List-Unsubscribe-Post has a wrong value",
            Lack::Once => "List-Unsubscribe stands there twice",
        }
    }

    fn text(&self) -> &'static str {
        match self {
            Lack::Everything => "The message calls itself bulk mail and has no List-Unsubscribe field.",
            Lack::Brackets => {
                "The address in List-Unsubscribe stands without < and > (RFC 2369 §2), so mail programs find none."
            }
            Lack::Https => "List-Unsubscribe offers no https address, which one click needs.",
            Lack::Post => {
                "List-Unsubscribe has an https address, but without List-Unsubscribe-Post mail programs may not use it for one click."
            }
            Lack::PostValue => "List-Unsubscribe-Post must say exactly List-Unsubscribe=One-Click.",
            Lack::Once => {
                "There is more than one List-Unsubscribe field, and one is allowed (RFC 2369 §3): which of them counts, and whether any does, is left to the receiver."
            }
        }
    }
}

fn remedy(facts: &Facts, lack: &Lack) -> Remedy {
    if let Lack::Once = lack {
        return Remedy::new("Let the header carry one List-Unsubscribe field.")
            .step("Put every address into it, each in angle brackets, with commas between: the https one first.")
            .step("If the program that sends and the platform each write one, switch one of them off.");
    }
    let post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click";
    if let Lack::Brackets = lack {
        return Remedy::new("Write the address in List-Unsubscribe between < and >.")
            .step("Write the field: List-Unsubscribe: <https://…>, with the address that stands there now; it must be an https one.")
            .step(format!("Keep beside it, or add: {post}"));
    }
    let remedy = Remedy::new("Let the header carry both fields of one-click unsubscribing.");
    let remedy = match platform::sending(&facts.platforms, on_the_way::is_relayed(facts)).filter(|h| h.platform.kind != "self-hosted") {
        Some(hit) => remedy.step(format!(
            "In {}, switch on one-click unsubscribing (List-Unsubscribe); most platforms then write both fields themselves.",
            hit.platform.name
        )),
        None => remedy,
    };
    match lack {
        Lack::Once | Lack::Brackets | Lack::Post | Lack::PostValue => remedy.step(format!("Write the field: {post}")),
        Lack::Everything | Lack::Https => {
            let uri = blank("https address that unsubscribes this reader");
            remedy
                .step(format!("Write the field: List-Unsubscribe: <{uri}>"))
                .step(format!("Write the field: {post}"))
                .blank("the https address of your unsubscribe service, with a token for each reader")
        }
    }
    .step("The https address must unsubscribe on a POST without login or further question, within 48 hours.")
    .step("Have the DKIM signature cover both fields: list-unsubscribe and list-unsubscribe-post in h=.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::header::Header;
    use crate::facts::lists;
    use crate::rules::source::testing::*;

    fn case(header: &str) -> Case {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.text = format!("{header}\n\n");
        case.reading.lists = lists::read(&Header::split(case.text.as_bytes()), case.text.as_bytes(), None);
        case
    }

    fn verdict(header: &str) -> Verdict {
        judge(&case(header).facts())
    }

    #[test]
    fn each_lack_has_its_title() {
        for (header, title) in [
            ("Precedence: bulk", "Mass mail without List-Unsubscribe"),
            ("List-Unsubscribe: <mailto:u@example.com>", "List-Unsubscribe has no https address"),
            ("List-Unsubscribe: <http://example.com/u>", "List-Unsubscribe has no https address"),
            ("List-Unsubscribe: <https://example.com/u>", "List-Unsubscribe-Post is missing"),
            ("List-Unsubscribe: https://example.com/u", "List-Unsubscribe lacks its angle brackets"),
            ("List-Unsubscribe:\n mailto:u@example.com", "List-Unsubscribe lacks its angle brackets"),
            ("List-Unsubscribe: see our page", "List-Unsubscribe has no https address"),
            (
                "List-Unsubscribe: <https://example.com/u>\nList-Unsubscribe-Post: yes",
                "List-Unsubscribe-Post has a wrong value",
            ),
        ] {
            assert_eq!(only(verdict(header)).title, title, "{header}");
        }
    }

    #[test]
    fn declared_bulk_is_surer_than_an_offer() {
        let bulk = only(verdict("Precedence: bulk\nList-Unsubscribe: <mailto:u@example.com>"));
        assert_eq!((bulk.severity, bulk.confidence, bulk.exhibits.len()), (Severity::High, Confidence::Certain, 2));
        let notice = only(verdict("Precedence: bulk"));
        assert_eq!((notice.severity, notice.confidence), (Severity::Medium, Confidence::Likely));
        let news = only(verdict("Precedence: bulk\nList-Id: <news.example.com>"));
        assert_eq!((news.severity, news.confidence), (Severity::High, Confidence::Likely));
        let alert = only(verdict("Precedence: bulk\nList-Id: <a.example.com>\nAuto-Submitted: auto-generated"));
        assert_eq!(alert.severity, Severity::Medium);
        let offer = only(verdict("List-Unsubscribe: <mailto:u@example.com>"));
        assert_eq!((offer.severity, offer.confidence), (Severity::Medium, Confidence::Likely));
    }

    #[test]
    fn lines_of_a_header_may_lack_what_the_header_has() {
        let mut fragment = case("Precedence: bulk");
        fragment.reading.hops.clear();
        let Verdict::Unknown(gaps) = judge(&fragment.facts()) else { panic!() };
        assert_eq!(gaps[0].needs.words(), Gap::WHOLE_HEADER);
    }

    #[test]
    fn complete_fields_pass() {
        let header = "List-Unsubscribe: <mailto:u@example.com>, <HTTPS://example.com/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click";
        assert!(matches!(verdict(header), Verdict::Pass));
    }

    #[test]
    fn what_is_no_marketing_is_not_judged() {
        for header in [
            "Subject: hello",
            "Feedback-ID: a:b:c:d",
            "List-Id: <l.example.org>",
            "List-Post: <mailto:l@example.org>\nList-Unsubscribe: <mailto:l@example.org>",
            "Precedence: list\nList-Unsubscribe: <mailto:l@example.org>",
            "Precedence: bulk\nAuto-Submitted: auto-replied (vacation)",
        ] {
            assert!(matches!(verdict(header), Verdict::NotApplicable), "{header}");
        }
        let mut bounce = Case::new("192.0.2.4", "mail.example.com");
        bounce.reading.lists.unsubscribe_field = Some(Span::new(0, 4));
        bounce.identities.mail_from.as_mut().unwrap().value = MailFrom::Null;
        assert!(matches!(judge(&bounce.facts()), Verdict::NotApplicable));
    }

    #[test]
    fn one_field_is_allowed() {
        let field = "List-Unsubscribe: <https://example.com/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
        assert!(matches!(verdict(&format!("Precedence: bulk\n{field}")), Verdict::Pass));
        let twice = format!("Precedence: bulk\n{field}List-Unsubscribe: <mailto:u@example.com>\n");
        let finding = only(verdict(&twice));
        assert_eq!((finding.title.as_str(), finding.severity), ("List-Unsubscribe stands there twice", Severity::Low));
    }
}
