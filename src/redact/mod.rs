//! Redaction: persons' names, local parts, subjects, message-ids, tokens and addresses of machines become
//! stand-ins, the same one each time, of the same length: so spans, underlines and alignment stay true.
//! Domains stay: they are what the findings are about.

mod addresses;
mod case;

pub use case::{Redacted, case};

use crate::facts::Facts;
use crate::facts::boundary::MailFrom;
use crate::facts::received;
use crate::facts::sent::{self, Differences};
use crate::span::Span;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is hidden, and behind which stand-in.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// In the order of the secrets.
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    secret: String,
    class: Class,
    stand_in: String,
}

/// What a secret is: it decides where the word is meant, and where it is only spelt the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A local part: before an `@` only, or `spf@example.com` would hide every `spf=pass`.
    User,
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
    /// Collects what one message says of persons and machines.
    pub fn of(facts: &Facts) -> Redaction {
        let (reading, identities, text) = (&facts.reading, &facts.identities, facts.text());
        let mut r = Collector::default();
        for mailbox in reading.from.mailboxes.iter().chain(&reading.sender).chain(&reading.reply_to) {
            r.name(&mailbox.display);
            if let Some(a) = &mailbox.address {
                r.user(&a.local);
            }
        }
        if let Some(address) = reading.return_path.as_ref().and_then(|p| p.address.as_ref()) {
            r.user(&address.local);
        }
        if let Some(MailFrom::Path { local: Some(local), .. }) = identities.mail_from.as_ref().map(|m| &m.value) {
            r.user(local);
        }
        // An encoded notice shows what does not stand in the input as it is.
        for recipient in reading.bounce.iter().flat_map(|b| &b.recipients) {
            let texts = [recipient.address.as_ref(), recipient.reply.as_ref(), recipient.words.as_ref()];
            for text in texts.into_iter().flatten() {
                r.users(&text.value);
                r.machines(&text.value);
            }
        }
        for recipient in &facts.evidence.said.check.recipients {
            r.user(recipient.split('@').next().unwrap_or(recipient));
        }
        for id in reading.hops.iter().filter_map(|hop| hop.id.as_ref()) {
            r.token(&lossy(text, id.span));
        }
        for id in received::unread_ids(&reading.header, text) {
            r.token(&String::from_utf8_lossy(id));
        }
        for ip in reading.hops.iter().filter_map(|hop| hop.ip.as_ref()) {
            r.machine(ip.value);
        }
        if let Some(ip) = &identities.source_ip {
            r.machine(ip.value);
        }
        for (name, hide) in FIELDS {
            for (_, field) in reading.header.all(text, name) {
                let value = lossy(text, field.value);
                match hide {
                    Hide::Value => value.lines().for_each(|line| r.token(line.trim())),
                    Hide::Names => r.names(&value),
                }
            }
        }
        for uri in &reading.lists.unsubscribe {
            r.token(path_of(&uri.value));
        }
        if let Some(sent) = facts.evidence.input.sent() {
            let header = crate::facts::header::Header::split(&sent.text);
            let end = header.body.map_or(sent.text.len(), |at| at as usize);
            let above = String::from_utf8_lossy(sent.text.get(..end).unwrap_or(&sent.text));
            r.users(&above);
            r.machines(&above);
        }
        if let Some(beside) = &reading.beside {
            r.differences(&beside.differences);
        }
        // Names of files say whom they are about; of links only hosts are shown.
        for name in reading.content.iter().flat_map(|c| &c.attachments).map(|a| &a.name) {
            r.token(name);
        }
        // Of a body nothing is ever shown but these and what differs from the sent copy.
        let end = reading.header.body.map_or(text.len(), |at| at as usize);
        let header = String::from_utf8_lossy(text.get(..end).unwrap_or(text));
        r.users(&header);
        r.machines(&header);
        r.finish()
    }

    /// The same, but for addresses of machines.
    pub fn without_machines(mut self) -> Redaction {
        self.pairs.retain(|pair| pair.class != Class::Machine);
        self
    }

    /// The text with every secret replaced. The length in bytes stays.
    pub fn apply(&self, text: &str) -> String {
        if self.pairs.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut before = None;
        while let Some(c) = text[at..].chars().next() {
            let hit = match before {
                Some(b) if char::is_alphanumeric(b) => None,
                _ => self.longest(&text[at..], before),
            };
            let (shown, taken) = match hit {
                Some(pair) => (pair.stand_in.as_str(), pair.secret.len()),
                None => match self.cut(&text[at..]) {
                    Some(stand_in) => (stand_in, text.len() - at),
                    None => (&text[at..at + c.len_utf8()], c.len_utf8()),
                },
            };
            out.push_str(shown);
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

    /// The longest secret that the text begins with and that is meant there. Each step looks at a shorter
    /// beginning, so that the number of secrets hardly matters.
    fn longest(&self, text: &str, before: Option<char>) -> Option<&Pair> {
        let mut key = text;
        while !key.is_empty() {
            let after = self.pairs.partition_point(|p| p.secret.as_str() <= key);
            let pair = self.pairs.get(after.checked_sub(1)?)?;
            let common = common_prefix(key, &pair.secret);
            if common < pair.secret.len() {
                key = &key[..common];
                continue;
            }
            if pair.class.is_meant(before, &text[common..]) {
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

impl Class {
    /// Does the word stand for itself between these neighbours?
    fn is_meant(self, before: Option<char>, after: &str) -> bool {
        let mut after = after.chars();
        let next = after.next();
        let ends = next.is_none_or(|c| !c.is_alphanumeric());
        match self {
            Class::User => next == Some('@'),
            Class::Name => {
                let joined = |c: Option<char>| c.is_some_and(|c| ".-_=/@".contains(c));
                let goes_on = joined(next) && after.next().is_some_and(char::is_alphanumeric);
                ends && !joined(before) && !goes_on
            }
            Class::Machine | Class::Token => ends,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Class::User => "user",
            Class::Name => "name",
            Class::Machine => "ip",
            Class::Token => "id",
        }
    }
}

enum Hide {
    /// The whole value.
    Value,
    /// The names beside the addresses.
    Names,
}

const FIELDS: &[(&str, Hide)] = &[
    ("Subject", Hide::Value),
    ("Message-ID", Hide::Value),
    ("In-Reply-To", Hide::Value),
    ("References", Hide::Value),
    ("Thread-Topic", Hide::Value),
    ("X-Originating-IP", Hide::Value),
    ("From", Hide::Names),
    ("Sender", Hide::Names),
    ("Reply-To", Hide::Names),
    ("To", Hide::Names),
    ("Cc", Hide::Names),
    ("Bcc", Hide::Names),
];

#[derive(Default)]
struct Collector {
    pairs: BTreeMap<String, (Class, String)>,
    counts: [usize; 4],
    /// An address has one number in all its spellings.
    machines: BTreeMap<IpAddr, usize>,
}

impl Collector {
    /// What the sent copy shows: of a body all that is quoted, of fields what is hidden of the received ones.
    fn differences(&mut self, differences: &Differences) {
        let hidden =
            |name: &str| FIELDS.iter().any(|(n, hide)| matches!(hide, Hide::Value) && n.eq_ignore_ascii_case(name));
        let fields = differences.fields.iter().filter(|f| hidden(&f.name)).flat_map(|f| [&f.sent, &f.received]);
        let body = differences.body.iter().flatten().filter(|b| b.quotes()).flat_map(|b| [&b.sent, &b.received]);
        for text in fields.chain(body).flatten() {
            // As it stands, on one line, and shortened: each way in which it is shown.
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let whole = [sent::brief(text), joined];
            for secret in text.lines().map(str::trim).map(str::to_owned).chain(whole) {
                self.token(&secret);
            }
        }
        for text in differences.fields.iter().flat_map(|f| [&f.sent, &f.received]).flatten() {
            self.users(text);
            self.machines(text);
        }
    }

    fn user(&mut self, local: &str) {
        // Role names and very short words are no secret.
        const PUBLIC: &[&str] =
            &["postmaster", "abuse", "mailer-daemon", "noreply", "no-reply", "bounce", "bounces", "admin", "info"];
        if local.len() > 1 && !PUBLIC.contains(&local.to_ascii_lowercase().as_str()) {
            self.add(Class::User, local);
        }
    }

    fn name(&mut self, display: &str) {
        // A domain for a name is no person's.
        let domain = display.contains('.') && !display.contains(char::is_whitespace);
        if display.len() > 2 && !domain && display.chars().any(char::is_alphabetic) {
            self.add(Class::Name, display);
        }
    }

    /// What stands outside the addresses of a list, as it is written: quoted, encoded, or plain.
    fn names(&mut self, value: &str) {
        for piece in value.split([',', ';', '"', '<', '>', '(', ')', '\r', '\n']).filter(|p| !p.contains('@')) {
            self.name(piece.trim());
        }
    }

    /// An address as it may be spelt: itself, reversed as in DNS, and with hyphens as in names of hosts.
    /// Its number.
    fn machine(&mut self, ip: IpAddr) -> usize {
        if let Some(&number) = self.machines.get(&ip) {
            return number;
        }
        let number = self.next(Class::Machine);
        self.machines.insert(ip, number);
        self.hide(Class::Machine, number, &ip.to_string());
        match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, d] = ip.octets();
                self.hide(Class::Machine, number, &format!("{d}.{c}.{b}.{a}"));
                self.hide(Class::Machine, number, &format!("{a}-{b}-{c}-{d}"));
                self.hide(Class::Machine, number, &format!("{d}-{c}-{b}-{a}"));
            }
            IpAddr::V6(ip) => {
                let nibbles: Vec<String> = format!("{:032x}", ip.to_bits()).chars().rev().map(String::from).collect();
                self.hide(Class::Machine, number, &nibbles.join("."));
            }
        }
        number
    }

    /// Every address of a machine in a text, in its own spelling too.
    fn machines(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':') {
            let word = word.trim_end_matches(['.', ':']);
            let Ok(ip) = word.parse::<IpAddr>() else { continue };
            if !ip.is_unspecified() {
                let number = self.machine(ip);
                self.hide(Class::Machine, number, word);
            }
        }
    }

    fn token(&mut self, token: &str) {
        if token.len() > 3 {
            self.add(Class::Token, token);
        }
    }

    /// Every `local@` in a text.
    fn users(&mut self, text: &str) {
        for (at, _) in text.match_indices('@') {
            let head = &text[..at];
            let start = head
                .char_indices()
                .rev()
                .take(64)
                .take_while(|(_, c)| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(*c))
                .last()
                .map_or(at, |(n, _)| n);
            let local = &head[start..];
            // `header.i=@d` has no local part, and `key=local@d` is a property.
            self.user(local.rsplit_once('=').filter(|(key, _)| key.contains('.')).map_or(local, |(_, value)| value));
        }
    }

    fn add(&mut self, class: Class, secret: &str) {
        if !self.pairs.contains_key(secret) {
            let number = self.next(class);
            self.hide(class, number, secret);
        }
    }

    fn next(&mut self, class: Class) -> usize {
        let count = &mut self.counts[class as usize];
        *count += 1;
        *count
    }

    fn hide(&mut self, class: Class, number: usize, secret: &str) {
        let stand_in = || (class, stand_in(class.word(), number, secret));
        self.pairs.entry(secret.to_owned()).or_insert_with(stand_in);
    }

    fn finish(self) -> Redaction {
        let pairs = self.pairs.into_iter();
        Redaction { pairs: pairs.map(|(secret, (class, stand_in))| Pair { secret, class, stand_in }).collect() }
    }
}

/// `user3` (`u3` where that is too long) filled to the secret's length in bytes; marks that give an
/// address its shape stay.
fn stand_in(word: &str, number: usize, secret: &str) -> String {
    let room = secret.bytes().filter(|b| b.is_ascii_alphanumeric() || !b.is_ascii()).count();
    let long = format!("{word}{number}");
    let label = if long.len() <= room { long } else { format!("{word:.1}{number}") };
    let mut label = label.chars();
    let mut out = String::with_capacity(secret.len());
    for c in secret.chars() {
        if !c.is_alphanumeric() && c.is_ascii() {
            out.push(c);
            continue;
        }
        for _ in 0..c.len_utf8() {
            out.push(label.next().unwrap_or('x'));
        }
    }
    out
}

/// Bytes that two texts have in common at their beginning, in whole characters.
fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(x, y)| x == y).map(|(c, _)| c.len_utf8()).sum()
}

fn lossy(text: &[u8], span: Span) -> String {
    String::from_utf8_lossy(span.of(text)).into_owned()
}

/// What follows the host of a URI: the part that names the recipient.
fn path_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("", |n| &rest[n + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redaction(secrets: &[(Class, &str)]) -> Redaction {
        let mut c = Collector::default();
        for (class, secret) in secrets {
            match class {
                Class::User => c.user(secret),
                Class::Name => c.name(secret),
                Class::Machine => drop(c.machine(secret.parse().unwrap())),
                Class::Token => c.token(secret),
            }
        }
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
    fn names_are_found_as_they_are_written() {
        let mut c = Collector::default();
        c.names(
            "\"Doe, Jane\" <jane@example.com>, =?utf-8?B?SsO8cmdlbg==?= <j@example.com>, shop.example <s@x.example>",
        );
        let secrets: Vec<_> = c.pairs.keys().map(String::as_str).collect();
        assert_eq!(secrets, ["=?utf-8?B?SsO8cmdlbg==?=", "Doe", "Jane"]);
    }

    #[test]
    fn domains_stay() {
        let mut c = Collector::default();
        c.users("smtp.mailfrom=jane.doe@example.com header.i=@example.com");
        let hidden = c.finish().apply("smtp.mailfrom=jane.doe@example.com header.i=@example.com");
        assert_eq!(hidden, "smtp.mailfrom=user.1xx@example.com header.i=@example.com");
    }

    proptest! {
        #[test]
        fn the_length_stays_and_the_search_misses_nothing(
            secrets in proptest::collection::vec("[ab\u{fc}]{1,4}", 0..8), text in "[ab\u{fc} @]{0,40}"
        ) {
            let mut c = Collector::default();
            secrets.iter().for_each(|s| c.add(Class::Token, s));
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
