use super::{body, some};
use crate::facts::Facts;
use crate::facts::content::Link;
use crate::facts::organization::psl;
use crate::knowledge::platform;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// Links look like a trick
    ///
    /// ## What we saw
    /// A link leads elsewhere than its text says, to a bare address, through a public link shortener, to a name that mixes
    /// alphabets or puts another name in front of an `@`; or the links lead to very many domains.
    ///
    /// ## Why mail suffers
    /// This is how fraud hides its target, so filters follow such links and count them. The links of a sending platform
    /// that counts clicks look the same as long as they run over the platform's own domain.
    ///
    /// ## How to fix it
    /// Give the platform a tracking domain of your own (a CNAME below your domain), link over https to names and not to
    /// addresses, and let the text of a link be words where the target is not what it shows.
    ///
    /// ## How to check
    /// The links of a new message lead to your own domain, and their texts name nothing else.
    pub RULE = "content-links-suspicious", Content, Medium, judge,
    ["Gmail SMTP error 5.7.0", "Unicode UTS #39", "RFC 3986 §7.6"]
}

/// Organizations that links of one message lead to in earnest.
const MANY: usize = 10;

fn judge(facts: &Facts) -> Verdict {
    let content = match body(facts) {
        None => return Verdict::NotApplicable,
        Some(Err(gap)) => return Verdict::unknown(gap),
        Some(Ok(content)) => content,
    };
    if content.links.is_empty() {
        return Verdict::NotApplicable;
    }
    let odd: Vec<(&Link, Severity, String)> =
        content.links.iter().filter_map(|l| oddity(facts, l).map(|(severity, why)| (l, severity, why))).collect();
    let mut organizations: Vec<String> = content.links.iter().map(Link::organization).collect();
    organizations.sort();
    organizations.dedup();
    // A discussion quotes whatever it talks about.
    let talk = !facts.reading.lists.list_manager.is_empty();
    let many = organizations.len() > MANY && !talk;
    let Some((first, worst, why)) = odd.iter().max_by_key(|(_, severity, _)| *severity) else {
        return if many { scattered(content, &organizations).into() } else { Verdict::Pass };
    };
    let told: Vec<String> = odd.iter().map(|(l, _, why)| format!("a link to {} {why}", l.host)).collect();
    let more =
        if many { format!(" In all, links lead to {} organizations.", organizations.len()) } else { String::new() };
    Finding::new(&RULE, crate::safe::clip(&format!("A link to {} {why}", first.host), 70))
        .severity(if talk { Severity::Low.min(*worst) } else { *worst })
        .sure(Confidence::Certain, "the links in the text say so; none was followed")
        .explain(format!(
            "In the body, {}. Filters count such links, for fraud hides its target so.{more}",
            some(&told, 3)
        ))
        .exhibits(odd.iter().take(5).map(|(l, _, why)| exhibit(l, why)))
        .fix(remedy(&odd))
        .check(
            "look at the links of a new message",
            "each leads to your own domain over https, and shows no other name",
        )
        .into()
}

/// What is odd about a link, and how much that counts.
fn oddity(facts: &Facts, link: &Link) -> Option<(Severity, String)> {
    if let Some(user) = &link.user {
        return Some((Severity::Medium, format!("pretends to lead to {}", crate::safe::clip(user, 40))));
    }
    if link.mixed {
        return Some((Severity::Medium, "mixes letters of several alphabets in one name".into()));
    }
    if link.address {
        return Some((Severity::Medium, "leads to a bare address".into()));
    }
    if let Some(shown) = &link.shown {
        // Clicks counted by the sender's own service are no trick, yet readers and filters see two names.
        let own = known_sender(facts, link);
        return Some((if own { Severity::Low } else { Severity::Medium }, format!("shows {shown} as its target")));
    }
    link.shortener.then(|| (Severity::Low, "goes through a public link shortener".into()))
}

/// Does the target belong to the sender, by From, a signature or the platform that sends?
fn known_sender(facts: &Facts, link: &Link) -> bool {
    let target = link.organization();
    let signed = facts.reading.signatures.iter().take(20).filter_map(|s| s.domain.as_ref()).map(|d| d.value.as_str());
    let domains = facts.reading.from_domain().into_iter().chain(signed);
    let service =
        || platform::that_sign_as(&link.host).into_iter().chain(platform::that_run(&link.host)).next().is_some();
    domains.filter_map(psl).any(|d| d == target) || service()
}

fn exhibit(link: &Link, why: &str) -> Exhibit {
    let scheme = if link.https { "https" } else { "http" };
    let user = link.user.as_ref().map(|u| format!("{u}@")).unwrap_or_default();
    let times = if link.count > 1 { format!(", {} times", link.count) } else { String::new() };
    Exhibit::body("link in the body", format!("{scheme}://{user}{}/…", link.host), format!("{why}{times}"))
}

fn scattered(content: &crate::facts::content::Content, organizations: &[String]) -> Finding {
    Finding::new(&RULE, format!("Links lead to {} organizations", organizations.len()))
        .severity(Severity::Info)
        .explain(format!(
            "The links of the body lead to {} organizations: {}. That is usual for a digest and odd for an offer; each linked domain \
             is looked up in blocklists by many filters.",
            organizations.len(),
            some(organizations, 6)
        ))
        .exhibits(content.links.iter().take(5).map(|l| exhibit(l, "one of them")))
        .fix(Remedy::new("Link to few domains, your own before all.").step("Take out links that readers do not need."))
}

fn remedy(odd: &[(&Link, Severity, String)]) -> Remedy {
    let mut fix = Remedy::new("Let every link lead where it says, under a name of your own.");
    if odd.iter().any(|(l, ..)| l.shown.is_some()) {
        fix = fix.step("Let links show words in place of a web address, or the very address they lead to.").step(
            "Where your platform counts clicks, give it a tracking domain of your own: a CNAME below your domain.",
        );
    }
    if odd.iter().any(|(l, ..)| l.shortener) {
        fix = fix.step("Link to the target itself, or shorten with a name of your own.");
    }
    if odd.iter().any(|(l, ..)| l.address || l.mixed || l.user.is_some()) {
        fix = fix.step("Link to the plain name of the site, over https.");
    }
    fix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    fn judged(html: &str) -> Verdict {
        judge(&facts(&message(HTML, html)))
    }

    #[test]
    fn each_trick_is_told_by_its_name() {
        let other = only(judged("<a href=\"https://evil.example/x\">https://www.bank.example/</a>"));
        assert_eq!((other.severity, other.exhibits.len()), (Severity::Medium, 1));
        assert_eq!(other.title, "A link to evil.example shows www.bank.example as its target");
        // The sender's own click counter.
        let own = "<a href=\"https://click.example.com/x\">https://shop.example.net/</a>";
        assert_eq!(only(judged(own)).severity, Severity::Low);
        assert_eq!(
            only(judged("<a href=\"http://192.0.2.7/\">here</a>")).title,
            "A link to 192.0.2.7 leads to a bare address"
        );
        assert_eq!(only(judged("<a href=\"https://bit.ly/a\">here</a>")).severity, Severity::Low);
        assert!(only(judged("<a href=\"https://bank.example@evil.example/\">x</a>")).title.contains("pretends"));
    }

    #[test]
    fn what_the_receivers_gateway_wrote_is_not_the_senders() {
        let safe = |inner: &str| {
            let host = "https://eur01.safelinks.protection.outlook.com";
            judged(&format!("<a href=\"{host}/?url={inner}&amp;data=05\">https://www.bank.example/</a>"))
        };
        assert!(matches!(safe("https%3A%2F%2Fwww.bank.example%2Flogin"), Verdict::Pass));
        assert_eq!(
            only(safe("https%3A%2F%2Fevil.example%2Flogin")).title,
            "A link to evil.example shows www.bank.example as its target"
        );
        let hidden = "<a href=\"https://protect-eu.mimecast.com/s/abcDEF\">https://www.bank.example/</a>";
        assert!(matches!(judged(hidden), Verdict::Pass));
    }

    #[test]
    fn many_organizations_are_a_note() {
        let many: String = (0..12).map(|n| format!("<a href=\"https://www.shop{n}.com/\">x</a>")).collect();
        assert_eq!(only(judged(&many)).severity, Severity::Info);
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        three_ways(&RULE, &message(HTML, "<a href=\"https://example.com/a\">our offer</a>"));
        assert!(matches!(judged("<p>no link</p>"), Verdict::NotApplicable));
    }
}
