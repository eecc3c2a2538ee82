use super::entries;
use crate::facts::Facts;
use crate::facts::domain::blocklists::{Entry, State};
use crate::knowledge::blocklist::Kind;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Verdict, rule};
use crate::shell::command;

rule! {
    /// A blocklist does not answer your resolver
    ///
    /// ## What we saw
    /// A list answered with a code that means "I do not answer you" (127.255.255.254, at some 127.0.0.1), or with
    /// something that it never says. That is not a listing.
    ///
    /// ## Why mail suffers
    /// It does not: this is about the question, not about your mail. Lists refuse public resolvers and busy networks.
    /// Whether the address is listed stays unknown. A mail server that asks through such a resolver, and takes any
    /// answer for a listing, refuses everybody's mail.
    ///
    /// ## How to fix it
    /// Ask through a recursive resolver of your own (unbound, for example), one that forwards to nobody, or get a key
    /// from the list and ask its keyed zone.
    ///
    /// ## How to check
    /// The test entry 127.0.0.2 is on every list of addresses: `dig +short 2.0.0.127.zen.spamhaus.org` shows 127.0.0.2
    /// through a resolver that is answered.
    pub RULE = "dnsbl-query-refused", Reputation, Info, judge,
    ["RFC 5782 §5", "https://www.spamhaus.org/faqs/dnsbl-usage/"]
}

fn judge(facts: &Facts) -> Verdict {
    let entries: Vec<&Entry> = facts.domain.blocklists.iter().flat_map(|lists| &lists.entries).collect();
    if entries.is_empty() {
        return Verdict::NotApplicable;
    }
    let mut refusing: Vec<(&Entry, Exhibit)> = Vec::new();
    for entry in &entries {
        let known = refusing.iter().any(|(e, _)| e.list.zone == entry.list.zone);
        if let Some(exhibit) = exhibit(entry).filter(|_| !known) {
            refusing.push((entry, exhibit));
        }
    }
    let Some((first, _)) = refusing.first() else {
        return Verdict::of(vec![], entries::gaps(&entries));
    };
    let title = match refusing.len() {
        1 => format!("{} does not answer your resolver", first.list.name),
        n => format!("{n} blocklists do not answer your resolver"),
    };
    let of_addresses = |e: &&Entry| matches!(e.list.kind, Kind::Ip | Kind::Range);
    let test = match refusing.iter().map(|(e, _)| *e).find(of_addresses) {
        Some(e) => (command!("dig +short A 2.0.0.127.{}", e.list.zone), "127.0.0.2, the entry that is on every list"),
        None => (first.question.dig(), "nothing, or a code that means a listing"),
    };
    Finding::new(&RULE, title)
        .explain(
            "This is not a listing, and says nothing about your mail. Lists refuse public resolvers (Google, Cloudflare, \
             Quad9, those of large providers) and those that ask too much; what they would have said is unknown.",
        )
        .exhibits(refusing.into_iter().map(|(_, exhibit)| exhibit))
        .fix(
            Remedy::new("Ask again through a recursive resolver of your own.")
                .step("Run one that forwards to nobody (unbound, for example) and name it: --resolver 127.0.0.1")
                .step("Or look the address up on the list's web page."),
        )
        .check(test.0, test.1)
        .into()
}

fn exhibit(entry: &Entry) -> Option<Exhibit> {
    match &entry.state {
        State::Refused(code) => Some(Exhibit::dns(&entry.question, code.to_string(), None, "refuses to answer")),
        State::Unheard(code) => Some(Exhibit::dns(&entry.question, code.to_string(), None, "no answer of this list")),
        State::Indiscriminate(question) => {
            Some(Exhibit::dns(question, "listed", None, "the entry that no list may hold: it answers everything"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::rules::Severity;

    #[test]
    fn a_refusal_is_told_and_is_no_listing() {
        let facts = checked(
            sender("192.0.2.7"),
            "7.2.0.192.zen.spamhaus.org A 127.255.255.254\nexample.com.dbl.spamhaus.org A 127.255.255.254",
        );
        let found = only(judge(&facts));
        assert_eq!((found.severity, &*found.title), (Severity::Info, "2 blocklists do not answer your resolver"));
        assert_eq!(found.check.unwrap().command, "dig +short A 2.0.0.127.zen.spamhaus.org");
        let one = only(judge(&checked(sender("192.0.2.7"), "example.com.multi.uribl.com A 127.0.0.1")));
        assert_eq!(one.title, "URIBL does not answer your resolver");
    }

    #[test]
    fn a_list_or_resolver_that_answers_everything_is_told_too() {
        let zone = "7.2.0.192.bl.spamcop.net A 127.0.0.2\n1.0.0.127.bl.spamcop.net A 127.0.0.2";
        assert!(only(judge(&checked(sender("192.0.2.7"), zone))).exhibits[0].label.contains("everything"));
    }

    #[test]
    fn passes_is_unknown_and_does_not_apply() {
        assert!(matches!(judge(&checked(sender("192.0.2.7"), "")), Verdict::Pass));
        assert!(matches!(
            judge(&checked(sender("192.0.2.7"), "7.2.0.192.bl.spamcop.net TIMEOUT")),
            Verdict::Unknown(_)
        ));
        assert!(matches!(judge(&checked(Wish::default(), "")), Verdict::NotApplicable));
    }
}
