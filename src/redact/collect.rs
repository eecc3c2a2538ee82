//! What a diagnosis' evidence says of domains, persons and machines, and the stand-in of each.

use super::field::{Hide, hide, is_plain, is_told};
use super::names::{Names, is_common};
use super::stock::{Stock, shaped};
use super::texts::{host_of, logins, lossy, path_of, records, strings, text_of, texts};
use super::{Class, Pair, Redaction, fold};
use crate::evidence::Data;
use crate::evidence::case::Run;
use crate::facts::boundary::MailFrom;
use crate::facts::header::Header;
use crate::facts::sent::{self, Differences};
use crate::facts::{Facts, received, report};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddrV4};

/// Finds secrets; each has the stand-in of what it was first seen as.
#[derive(Default)]
pub(super) struct Collector {
    pairs: BTreeMap<String, (Vec<Class>, String)>,
    names: Names,
    stock: Stock,
    /// An address has one number in all its spellings.
    machines: BTreeMap<IpAddr, usize>,
}

impl Collector {
    /// All of a diagnosis: its input as far as it is shown, the answers, errands, the session, what the user said.
    pub fn take(&mut self, facts: &Facts) {
        let texts = texts(facts);
        // First the domains: a word that is one is not to be anything else.
        texts.iter().for_each(|text| self.domains(text));
        self.run(&Run::of(&facts.evidence));
        self.header(facts);
        self.identities(facts);
        for text in &texts {
            self.users(text);
            self.machines(text);
            logins(text).for_each(|login| self.login(login));
        }
    }

    pub fn finish(mut self) -> Redaction {
        let labels: Vec<_> = self.names.domains().collect();
        for (label, stand_in) in labels {
            self.put(Class::Label, &label, stand_in);
        }
        let pairs = self.pairs.into_iter();
        Redaction { pairs: pairs.map(|(secret, (classes, stand_in))| Pair { secret, classes, stand_in }).collect() }
    }

    /// Every string of what was told beside the evidence.
    pub fn told(&mut self, told: &Value) {
        let mut texts = Vec::new();
        strings(told, &mut texts);
        self.texts(&texts);
        // The path of a file names its owner.
        texts.iter().filter(|text| text.starts_with('/')).for_each(|path| self.token(path));
    }

    fn texts(&mut self, texts: &[String]) {
        // First the domains: a word that is one is not to be anything else.
        texts.iter().for_each(|text| self.domains(text));
        for text in texts {
            self.users(text);
            self.machines(text);
        }
    }

    /// What one run has beside the input.
    pub fn run(&mut self, run: &Run) {
        let mut texts = Vec::new();
        for asked in &run.answers {
            texts.push(asked.question.name.to_string());
            texts.extend(records(&asked.answer).flat_map(|r| [r.name.clone(), text_of(&r.data)]));
            texts.extend(asked.answer.extended.iter().map(|e| e.text.clone()));
        }
        for part in [serde_json::to_value(&run.said), serde_json::to_value(&run.fetched)] {
            strings(&part.unwrap_or_default(), &mut texts);
        }
        strings(&serde_json::to_value(&run.transcript).unwrap_or_default(), &mut texts);
        self.texts(&texts);
        for record in run.answers.iter().flat_map(|asked| records(&asked.answer)) {
            self.record(&record.data);
        }
        let said = &run.said;
        let selectors = [&said.configured.selector, &said.configured.secondary_selector].into_iter().flatten();
        selectors.chain(&said.check.selectors).for_each(|s| self.selector(s));
        said.helo.iter().chain(&said.configured.helo).for_each(|name| self.bare_host(name));
        for place in [&said.filters.spamd, &said.filters.rspamd].into_iter().flatten() {
            match place.starts_with('/') {
                true => self.token(place),
                false => self.bare_host(host_of(place)),
            }
        }
        for recipient in &said.check.recipients {
            self.user(recipient.split('@').next().unwrap_or(recipient));
        }
    }

    /// What of a record names an account or a person and is no domain.
    fn record(&mut self, data: &Data) {
        match data {
            Data::Txt(strings) => {
                let text = String::from_utf8_lossy(&strings.concat()).into_owned();
                let start = text.trim_start_matches(['"', '\'', '\\', ' ']);
                let head = start.get(..7).unwrap_or(start).to_ascii_lowercase();
                // The records of mail; the others prove to somebody that the domain is an account's.
                if !["v=", "k=", "p=", "t=", "s=", "spf"].iter().any(|mail| head.starts_with(mail)) {
                    self.token(text.split_once('=').map_or(&text[..], |(_, token)| token));
                }
            }
            // RFC 8657: the account at the authority.
            Data::Caa { value, .. } => {
                let text = String::from_utf8_lossy(value).into_owned();
                let account = text.split(';').filter_map(|p| p.trim().strip_prefix("accounturi="));
                account.for_each(|uri| self.token(path_of(uri)));
            }
            Data::Soa { rname, .. } if rname.contains('\\') => self.token(rname),
            _ => {}
        }
    }

    /// What header fields hold that is not read, or is about one message.
    fn header(&mut self, facts: &Facts) {
        let (reading, text) = (&facts.reading, facts.text());
        let verdicts: Vec<usize> = reading.antispam.iter().map(|f| f.field).collect();
        self.fields(&reading.header, text, &verdicts);
        if let Some(bounce) = &reading.bounce {
            let top = Header::split(text);
            // The subject of a junk mail report says what it is.
            let says = bounce.feedback.as_ref().and_then(|f| top.fields.iter().position(|of| of.span() == f.span));
            self.fields(&top, text, says.as_slice());
        }
        for id in reading.hops.iter().filter_map(|hop| hop.id.as_ref()) {
            self.token(&lossy(text, id.span));
        }
        for id in received::unread_ids(&reading.header, text) {
            self.token(&String::from_utf8_lossy(id));
        }
        let names = |hop: &received::Hop| [hop.helo.clone(), hop.reverse_name.clone(), hop.by.clone()];
        for name in reading.hops.iter().flat_map(names).flatten() {
            self.bare_host(&lossy(text, name.span));
        }
        for uri in &reading.lists.unsubscribe {
            let path = path_of(&uri.value);
            self.token(path);
            // By themselves too: an address in the path is taken by itself.
            path.split(['/', '?', '&', '@']).for_each(|part| match part.split_once('=') {
                Some((_, value)) => self.token(value),
                None if part.bytes().any(|b| b.is_ascii_digit()) => self.token(part),
                None => {}
            });
        }
    }

    fn fields(&mut self, header: &Header, text: &[u8], verdicts: &[usize]) {
        for (n, field) in header.fields.iter().enumerate() {
            let name = lossy(text, field.name).to_ascii_lowercase();
            let value = lossy(text, field.value);
            match hide(&name) {
                _ if verdicts.contains(&n) => self.long_tokens(&value),
                Hide::Nothing => {}
                Hide::Tokens => self.long_tokens(&value),
                Hide::Names => self.names(&value),
                // The last part is the sender's name for himself at the receiver, and a platform's mark.
                Hide::AllButLast => value.rsplit(':').skip(1).for_each(|part| self.token(part.trim())),
                Hide::Value => value.lines().map(str::trim).filter(|l| !is_told(l)).for_each(|line| self.token(line)),
            }
        }
    }

    fn identities(&mut self, facts: &Facts) {
        let (reading, identities) = (&facts.reading, &facts.identities);
        for mailbox in reading.from.mailboxes.iter().chain(&reading.sender).chain(&reading.reply_to) {
            self.name(&mailbox.display);
            if let Some(a) = &mailbox.address {
                self.user(&a.local);
            }
        }
        if let Some(address) = reading.return_path.as_ref().and_then(|p| p.address.as_ref()) {
            self.user(&address.local);
        }
        if let Some(MailFrom::Path { local: Some(local), .. }) = identities.mail_from.as_ref().map(|m| &m.value) {
            self.user(local);
        }
        let signed = reading.signatures.iter().filter_map(|s| s.selector.as_ref()).map(|s| &s.value);
        let reported = reading.reported.dkim.iter().filter_map(|d| d.selector.as_ref());
        signed.chain(reported).for_each(|s| self.selector(s));
        let hops = reading.hops.iter().filter_map(|hop| hop.ip.as_ref()).map(|ip| ip.value);
        for ip in hops.chain(identities.source_ip.as_ref().map(|ip| ip.value)) {
            self.machine(ip);
        }
        // A file's name may tell whose it is.
        let name = &facts.evidence.input.name;
        if reading.subject.is_none() && name.contains(['/', '\\', '.']) {
            self.token(name);
        }
        if let Some(beside) = &reading.beside {
            self.differences(&beside.differences);
        }
        // Names of files say whom they are about; of links only hosts are shown.
        for name in reading.content.iter().flat_map(|c| &c.attachments).map(|a| &a.name) {
            self.token(name);
        }
        if let Some(report) = reading.report.as_ref().and_then(report::Received::dmarc) {
            self.token(&report.id);
            self.name(&report.org);
            report
                .rows
                .iter()
                .flat_map(|r| &r.signatures)
                .filter_map(|s| s.selector.as_ref())
                .for_each(|s| self.selector(s));
        }
        if let Some(report) = reading.report.as_ref().and_then(report::Received::tls) {
            report.id.iter().for_each(|id| self.token(id));
            self.name(report.reporter());
        }
    }

    /// What the sent copy shows: of a body all that is quoted, of fields what is hidden of the received ones.
    fn differences(&mut self, differences: &Differences) {
        let hidden = |name: &str| matches!(hide(&name.to_ascii_lowercase()), Hide::Value);
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
    }

    /// Names of domains and hosts in a text.
    pub fn domains(&mut self, text: &str) {
        for (spelt, stand_in) in self.names.read(text) {
            self.put(Class::Domain, &spelt, stand_in);
        }
    }

    fn selector(&mut self, selector: &str) {
        if let Some(stand_in) = self.names.selector(selector).filter(|_| selector.len() > 2) {
            self.put(Class::Token, selector, stand_in);
        }
    }

    /// A machine that calls itself by a word: `ANN-LAPTOP`.
    fn bare_host(&mut self, name: &str) {
        if !name.contains(['.', ':', '[']) && name.parse::<IpAddr>().is_err() && !is_plain(name) {
            self.token(name);
        }
    }

    fn user(&mut self, local: &str) {
        // Very short words are no secret.
        let lower = local.to_ascii_lowercase();
        if lower.starts_with("srs0=") || lower.starts_with("srs1=") {
            // Its form says what it is: the parts are hidden, each by itself.
            return local.split('=').skip(1).filter(|part| !part.contains('.')).for_each(|part| self.token(part));
        }
        if local.len() > 1 && !lower.starts_with("postdoc-probe") {
            self.add(Class::User, local);
            // By itself too, as servers repeat it.
            if local.len() > 3 && !is_common(&lower, 4) {
                let odd = local.contains(|c: char| !c.is_ascii_alphabetic());
                self.add(if odd { Class::Token } else { Class::Login }, local);
            }
        }
    }

    fn login(&mut self, login: &str) {
        self.user(login);
        if login.len() > 1 && !is_common(&login.to_ascii_lowercase(), 4) {
            self.add(Class::Login, login);
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
        let number = self.stock.number(Class::Machine.word());
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
            // `IPv6:2001:db8::1`
            let tagged = word.split_once(':').map_or("", |(_, rest)| rest);
            // `192.0.2.4:783`
            let socket = word.parse::<SocketAddrV4>().map_or(String::new(), |socket| socket.ip().to_string());
            for word in [word, tagged, socket.as_str()] {
                let Ok(ip) = word.parse::<IpAddr>() else { continue };
                // Nobody's: this machine, and what blocklists answer with.
                if !ip.is_unspecified() && !ip.is_loopback() {
                    let number = self.machine(ip);
                    self.hide(Class::Machine, number, word);
                }
            }
        }
    }

    fn token(&mut self, token: &str) {
        if token.len() > 3 {
            self.add(Class::Token, token);
        }
    }

    /// Runs too long for a word: ids, tickets, accounts.
    fn long_tokens(&mut self, text: &str) {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
        for run in text.split(|c| !part(c)).filter(|run| run.len() >= 24) {
            if run.bytes().any(|b| b.is_ascii_digit()) && run.bytes().any(|b| b.is_ascii_alphabetic()) {
                self.token(run);
            }
        }
    }

    /// Every `local@` in a text.
    fn users(&mut self, text: &str) {
        for (at, _) in text.match_indices('@') {
            let head = &text[..at];
            let start = head
                .char_indices()
                .rev()
                .take(LOCAL)
                .take_while(|(_, c)| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(*c))
                .last()
                .map_or(at, |(n, _)| n);
            let local = &head[start..];
            self.user(local.split_once('=').filter(|(key, _)| is_key(key)).map_or(local, |(_, value)| value));
        }
    }

    fn add(&mut self, class: Class, secret: &str) {
        let key = fold(secret);
        // Roles are nobody.
        if ROLES.contains(&&*key) {
            return;
        }
        let known = self.pairs.get(&key).map(|(_, stand_in)| stand_in.clone());
        let stand_in = known.unwrap_or_else(|| shaped(class.word(), self.stock.number(class.word()), secret));
        self.put(class, secret, stand_in);
    }

    fn hide(&mut self, class: Class, number: usize, secret: &str) {
        self.put(class, secret, shaped(class.word(), number, secret));
    }

    /// A secret that is known already keeps its stand-in, and is this too.
    fn put(&mut self, class: Class, secret: &str, stand_in: String) {
        let (classes, _) = self.pairs.entry(fold(secret)).or_insert((Vec::new(), stand_in));
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
}

#[cfg(test)]
impl Collector {
    /// As if it had been found.
    pub fn note(&mut self, class: Class, secret: &str) {
        match class {
            Class::Domain | Class::Label => self.domains(secret),
            Class::User | Class::Login => self.user(secret),
            Class::Name => self.name(secret),
            Class::Machine => drop(self.machine(secret.parse().unwrap())),
            Class::Token => self.add(class, secret),
        }
    }
}

/// What stands before the `=` of an address in a verdict or a signature, and is no part of it: a property (RFC 8601
/// §2.3), or a tag such as `i=@example.com`.
fn is_key(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["smtp.", "header.", "body.", "policy."].iter().any(|kind| word.starts_with(kind))
        || ["i", "envelope-from", "mailfrom", "from"].contains(&&*word)
}

/// Characters of a local part; message-ids have many more than RFC 5321 §4.5.3.1.1 allows.
const LOCAL: usize = 250;

/// Names of roles, as local parts and beside addresses.
const ROLES: &[&str] = &[
    "postmaster",
    "abuse",
    "mailer-daemon",
    "hostmaster",
    "webmaster",
    "noreply",
    "no-reply",
    "bounce",
    "bounces",
    "admin",
    "info",
    "dmarc",
    "tlsrpt",
    "security",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_they_are_written() {
        let mut c = Collector::default();
        c.names(
            "\"Doe, Jane\" <jane@example.com>, =?utf-8?B?SsO8cmdlbg==?= <j@example.com>, shop.example <s@x.example>",
        );
        let secrets: Vec<_> = c.pairs.keys().map(String::as_str).collect();
        assert_eq!(secrets, ["=?utf-8?b?sso8cmdlbg==?=", "doe", "jane"]);
    }

    #[test]
    fn local_parts_are_found_in_every_property() {
        let mut c = Collector::default();
        c.users("smtp.mailfrom=jane.doe@example.com header.i=@example.com");
        let hidden = c.finish().apply("smtp.mailfrom=jane.doe@example.com header.i=@example.com");
        assert_eq!(hidden, "smtp.mailfrom=user.1xx@example.com header.i=@example.com");
    }

    #[test]
    fn a_tag_is_no_part_of_an_address_and_a_recipient_in_one_is() {
        let text = "d=x; i=@news.example.com; i=jane.doe@example.com; bounces+ann.reader=kunde.example@example.com";
        let mut c = Collector::default();
        c.users(text);
        let hidden = c.finish().apply(text);
        assert!(hidden.contains("; i=@news.example.com; i=user.1xx@example.com; "), "{hidden}");
        assert!(!hidden.contains("reader") && !hidden.contains("kunde"), "{hidden}");
    }

    #[test]
    fn a_proof_of_ownership_is_a_token_and_a_record_of_mail_is_none() {
        let mut c = Collector::default();
        let txt = |text: &str| Data::Txt(vec![text.as_bytes().to_vec()]);
        ["google-site-verification=AbC123xyz", "MS=ms12345678", "v=spf1 -all", "k=rsa; p=MIIB"]
            .map(txt)
            .iter()
            .for_each(|d| c.record(d));
        let secrets: Vec<_> = c.pairs.keys().map(String::as_str).collect();
        assert_eq!(secrets, ["abc123xyz", "ms12345678"]);
    }
}
