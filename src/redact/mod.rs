//! Redaction: domains, persons' names, local parts, subjects, message-ids, tokens and addresses of machines become
//! stand-ins, the same one each time, of the same length: so spans, underlines and alignment stay true.

mod addresses;
mod case;
mod collect;
mod encoded;
mod field;
mod names;
mod ours;
mod stock;
mod texts;

pub use case::{Redacted, case};

use crate::facts::Facts;
use collect::Collector;
use serde::Serialize;

/// What a redacted report says of itself.
pub const NOTICE: &str = "Redacted: domains, persons, subjects, message-ids, tokens and the addresses of machines are \
    stand-ins, the same one each time. Public suffixes and the domains of platforms and mailbox providers are as they were.";

/// What is hidden, and behind which stand-in.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// In the order of the secrets.
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    /// Folded: a secret is one in every case.
    secret: String,
    /// One word may be several: a name that is the local part too.
    classes: Vec<Class>,
    stand_in: String,
}

/// What a secret is: it decides where the word is meant, and where it is only spelt the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A name of a domain or host: not within a longer label.
    Domain,
    /// The label of a domain where it is part of a longer word: `acme-com`.
    Label,
    /// A local part: before an `@` only, or `spf@example.com` would hide every `spf=pass`.
    User,
    /// A local part or login as servers repeat it: a word by itself, also in a path or behind a `=`.
    Login,
    /// A person's name: a word by itself, never a part of a domain.
    Name,
    /// An address of a machine: also within a longer name (`25.2.0.192.in-addr.arpa`).
    Machine,
    /// A subject, message-id, queue id, or the part of a link that names the recipient.
    Token,
}

/// A text this long may have been cut inside a secret.
const LONG: usize = 1024;

impl Redaction {
    /// Collects what the evidence says of domains, persons and machines.
    pub fn of(facts: &Facts) -> Redaction {
        Redaction::over([facts])
    }

    /// The same for what is shown together: one name has one stand-in in all of it.
    pub fn over<'f>(all: impl IntoIterator<Item = &'f Facts>) -> Redaction {
        Redaction::with(all, &())
    }

    /// The same with what was told beside the evidence: answers of the owner's, what a server said.
    pub fn with<'f>(all: impl IntoIterator<Item = &'f Facts>, told: &impl Serialize) -> Redaction {
        let mut secrets = Collector::default();
        secrets.told(&serde_json::to_value(told).unwrap_or_default());
        all.into_iter().for_each(|facts| secrets.take(facts));
        secrets.finish()
    }

    /// The same, but for addresses of machines.
    pub fn without_machines(mut self) -> Redaction {
        self.pairs.retain(|pair| !pair.classes.contains(&Class::Machine));
        self
    }

    /// The stand-in of a text that is a secret as a whole.
    fn exact(&self, text: &str) -> Option<String> {
        let key = fold(text);
        let at = self.pairs.binary_search_by(|pair| pair.secret.cmp(&key)).ok()?;
        let whole = |pair: &&Pair| pair.classes != [Class::Label] && !ours::is_ours(text);
        self.pairs.get(at).filter(whole).map(|pair| pair.shown(text))
    }

    /// The text with every secret replaced. The length in bytes stays.
    pub fn apply(&self, text: &str) -> String {
        if self.pairs.is_empty() {
            return text.to_owned();
        }
        let folded = fold(text);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut before = None;
        while let Some(c) = text[at..].chars().next() {
            let hit = match before {
                Some(b) if char::is_alphanumeric(b) => None,
                _ => self.longest(&folded[at..], &text[at..], before),
            };
            let taken = match hit {
                Some(pair) => {
                    let spelt = &text[at..at + pair.secret.len()];
                    out.push_str(&pair.shown(spelt));
                    spelt.len()
                }
                None => match self.cut(&folded[at..]) {
                    Some(stand_in) => {
                        out.push_str(stand_in);
                        text.len() - at
                    }
                    None => {
                        out.push(c);
                        c.len_utf8()
                    }
                },
            };
            before = text[at..at + taken].chars().next_back();
            at += taken;
        }
        out
    }

    /// The beginning of the stand-in for a secret that a long text was cut inside of.
    fn cut(&self, rest: &str) -> Option<&str> {
        if rest.len() < LONG {
            return None;
        }
        let after = self.pairs.partition_point(|p| p.secret.as_str() <= rest);
        let pair = self.pairs.get(after).filter(|p| p.secret.starts_with(rest))?;
        pair.stand_in.get(..rest.len())
    }

    /// The longest secret that the text, `spelt` so, begins with and that is meant there. Each step looks at a shorter
    /// beginning, so that the number of secrets hardly matters.
    fn longest(&self, text: &str, spelt: &str, before: Option<char>) -> Option<&Pair> {
        let mut key = text;
        while !key.is_empty() {
            let after = self.pairs.partition_point(|p| p.secret.as_str() <= key);
            let pair = self.pairs.get(after.checked_sub(1)?)?;
            let common = common_prefix(key, &pair.secret);
            if common < pair.secret.len() {
                key = &key[..common];
                continue;
            }
            let (word, rest) = spelt.split_at(common);
            if pair.classes.iter().any(|class| class.is_meant(before, word, rest)) {
                return Some(pair);
            }
            let last = pair.secret.chars().next_back().map_or(1, char::len_utf8);
            key = &key[..common - last];
        }
        None
    }

    /// As [`Redaction::apply`], for bytes; what is not UTF-8 stays.
    pub fn apply_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            out.extend_from_slice(self.apply(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out
    }
}

impl Pair {
    /// The stand-in where the secret is spelt so: all in capitals too, and of a name the labels that stay as they were.
    fn shown(&self, spelt: &str) -> String {
        if spelt.contains(char::is_uppercase) && !spelt.contains(char::is_lowercase) {
            return self.stand_in.to_ascii_uppercase();
        }
        if !self.classes.contains(&Class::Domain) {
            return self.stand_in.clone();
        }
        let as_spelt = |(at, c): (usize, char)| {
            spelt.get(at..).and_then(|rest| rest.chars().next()).filter(|own| lower(*own) == c).unwrap_or(c)
        };
        self.stand_in.char_indices().map(as_spelt).collect()
    }
}

impl Class {
    /// Does the word stand for itself between these neighbours? What is spelt as a word of ours is that word.
    fn is_meant(self, before: Option<char>, word: &str, after: &str) -> bool {
        let is_word = matches!(self, Class::Label | Class::Login | Class::Name | Class::Token);
        self.fits(before, after) && !(is_word && ours::is_ours(word))
    }

    fn fits(self, before: Option<char>, after: &str) -> bool {
        let mut after = after.chars();
        let next = after.next();
        let ends = next.is_none_or(|c| !c.is_alphanumeric());
        let within = |c: Option<char>| c.is_some_and(|c| c == '-' || c == '_');
        match self {
            Class::User => next == Some('@'),
            Class::Domain => ends && !within(next) && !within(before),
            Class::Label => ends && (within(next) || within(before)),
            Class::Name | Class::Login => {
                let joints = if self == Class::Name { ".-_=/@" } else { ".-@" };
                let joined = |c: Option<char>| c.is_some_and(|c| joints.contains(c));
                let goes_on = joined(next) && after.next().is_some_and(char::is_alphanumeric);
                ends && !joined(before) && !goes_on
            }
            Class::Machine | Class::Token => ends,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Class::Domain | Class::Label => "domain",
            Class::User | Class::Login => "user",
            Class::Name => "name",
            Class::Machine => "ip",
            Class::Token => "id",
        }
    }
}

/// The text without case, as long as before.
fn fold(text: &str) -> String {
    text.chars().map(lower).collect()
}

fn lower(c: char) -> char {
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) if small.len_utf8() == c.len_utf8() => small,
        _ => c,
    }
}

/// Bytes that two texts have in common at their beginning, in whole characters.
fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(x, y)| x == y).map(|(c, _)| c.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redaction(secrets: &[(Class, &str)]) -> Redaction {
        let mut c = Collector::default();
        secrets.iter().for_each(|(class, secret)| c.note(*class, secret));
        c.finish()
    }

    #[test]
    fn queue_ids_are_hidden_however_many_servers_there_were() {
        use crate::evidence::{Evidence, Input, Said};
        use std::sync::Arc;

        let hop = |n| format!("Received: from a.example by b.example with ESMTP\r\n\tid queue{n}secret; x\r\n");
        let text = (0..1_100).map(hop).collect::<String>() + "From: a@example.com\r\n";
        let input = Input::read("-", text.as_bytes(), None).unwrap();
        let reading = Arc::new(crate::facts::Reading::read(&input, &Said::default()));
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
        let hidden = Redaction::of(&Facts::gather(Arc::new(evidence), reading)).apply(&text);
        assert_eq!(hidden.matches("secret").count(), 0);
        assert_eq!(hidden.matches("b.example").count(), 1_100);
    }

    #[test]
    fn the_same_stand_in_each_time_and_of_the_same_length() {
        let r = redaction(&[(Class::User, "jane.doe"), (Class::Machine, "198.51.100.24"), (Class::User, "bob")]);
        let text = "jane.doe@example.com wrote bob@example.com from 198.51.100.24; jane.doe@example.net too";
        let hidden = r.apply(text);
        assert_eq!(hidden.len(), text.len());
        assert_eq!(hidden, "user.1xx@example.com wrote u2x@example.com from ip1.xx.xxx.xx; user.1xx@example.net too");
    }

    #[test]
    fn a_text_cut_inside_a_secret_tells_nothing() {
        let long = "n".repeat(3 * LONG);
        let r = redaction(&[(Class::Token, &long)]);
        assert!(!r.apply(&long[..2 * LONG]).contains('n'));
        assert_eq!(r.apply("nnn"), "nnn");
    }

    #[test]
    fn a_word_spelt_the_same_is_left_alone() {
        let r = redaction(&[(Class::User, "spf"), (Class::User, "example"), (Class::Name, "Shop")]);
        let text = "spf=pass for example.com; spf: Shop.example, x-Shop, Shop=1";
        assert_eq!(r.apply(text), text);
        assert_eq!(
            r.apply("spf@example.com, Shop <example@example.com>"),
            "u1x@example.com, n1xx <user2xx@example.com>"
        );
        assert_eq!(redaction(&[(Class::User, "bob")]).apply("bobsled@x, xbob@x, bob@x"), "bobsled@x, xbob@x, u1x@x");
    }

    #[test]
    fn a_secret_is_one_in_every_case_and_in_every_part_it_has() {
        let r = redaction(&[(Class::Name, "zorro"), (Class::User, "zorro"), (Class::Token, "ANN-LAPTOP")]);
        assert_eq!(r.apply("Zorro <zorro@x>, ZORRO"), "name1 <name1@x>, NAME1");
        assert_eq!(r.apply("from ann-laptop, ANN-LAPTOP"), "from id1-xxxxxx, ID1-XXXXXX");
        let r = redaction(&[(Class::Domain, "acme.example")]);
        assert_eq!(r.apply("Acme.Example ACME.EXAMPLE"), "d1xx.Example D1XX.EXAMPLE");
        assert_eq!(redaction(&[(Class::Name, "J\u{fc}rgen")]).apply("J\u{dc}RGEN"), "NAME1XX");
    }

    #[test]
    fn words_of_our_own_are_nobodys_name() {
        let words = ["failed", "Recipient", "Unsubscribe", "DMARC", "Google", "MAILER-DAEMON", "Postmaster"];
        let r = redaction(&words.map(|word| (Class::Name, word)));
        let text = "failed: the recipient; one-click unsubscribe; DMARC at Google; MAILER-DAEMON, Postmaster";
        assert_eq!(r.apply(text), text);
        assert_eq!(r.apply("To: Recipient"), "To: name2xxxx", "spelt as no sentence of ours does");
        assert_eq!(redaction(&[(Class::User, "failed")]).apply("failed <failed@x>"), "failed <user1x@x>");
    }

    #[test]
    fn a_local_part_is_hidden_where_a_server_repeats_it() {
        let r = redaction(&[(Class::User, "zorro")]);
        assert_eq!(r.apply("550 zorro unknown, /u/zorro; u=zorro"), "550 user1 unknown, /u/user1; u=user1");
        assert_eq!(r.apply("zorro.example, my-zorro, x@zorro"), "zorro.example, my-zorro, x@zorro");
    }

    #[test]
    fn a_longer_secret_wins_and_a_shorter_one_stands_in_where_it_does_not_fit() {
        let r = redaction(&[(Class::Name, "Ann"), (Class::Name, "Ann Author"), (Class::Name, "Ann Authority")]);
        assert_eq!(r.apply("Ann Author. Ann Auth. Ann Authors"), "nam e2xxxx. n1x Auth. n1x Authors");
    }

    #[test]
    fn an_address_is_hidden_however_dns_spells_it() {
        let r = redaction(&[(Class::Machine, "192.0.2.25"), (Class::Machine, "2001:db8::1")]);
        let nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        let text = format!("25.2.0.192.in-addr.arpa, h-192-0-2-25.example, ip4:192.0.2.25/32, {nibbles}.ip6.arpa");
        let hidden = r.apply(&text);
        for secret in ["25.2.0.192", "192-0-2-25", "192.0.2.25", nibbles] {
            assert!(!hidden.contains(secret), "{hidden}");
        }
        assert!(hidden.contains(".in-addr.arpa") && hidden.contains("ip4:"), "{hidden}");
        assert_eq!(r.apply("192.0.2.250"), "192.0.2.250");
    }

    #[test]
    fn a_domain_is_hidden_with_all_below_it_and_nothing_beside_it() {
        let r = redaction(&[(Class::Domain, "acme-shop.example")]);
        let text = "x@acme-shop.example, acme-shop.example.dbl.spamhaus.org, my-acme-shop.example";
        let hidden = r.apply(text);
        assert_eq!(hidden.len(), text.len());
        assert_eq!(hidden, "x@domain1xx.example, domain1xx.example.dbl.spamhaus.org, my-domain1xx.example");
        assert_eq!(r.apply("selector1-acme-shop-example"), "selector1-domain1xx-example");
    }

    proptest! {
        #[test]
        fn the_length_stays_and_the_search_misses_nothing(
            secrets in proptest::collection::vec("[ab\u{fc}]{1,4}", 0..8), text in "[ab\u{fc} @]{0,40}"
        ) {
            let mut c = Collector::default();
            secrets.iter().for_each(|s| c.note(Class::Token, s));
            let r = c.finish();
            let hidden = r.apply(&text);
            prop_assert_eq!(hidden.len(), text.len());
            // A word of the text is hidden exactly if it is a secret.
            let words = |t: &str| t.split([' ', '@']).map(str::to_owned).collect::<Vec<_>>();
            for (word, shown) in words(&text).into_iter().zip(words(&hidden)) {
                prop_assert_eq!(secrets.contains(&word), word != shown || word.is_empty() && secrets.contains(&word), "{:?} {:?}", word, shown);
            }
        }
    }
}
