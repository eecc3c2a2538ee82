//! Questions and answers as they stand on the wire.

use crate::evidence::{Answer, Data, ExtendedError, Kind, Outcome, Question, Record, Server};
use hickory_resolver::proto::op::{Edns, Message, Query as Asked, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_resolver::proto::rr::{Name, RData, Record as Wire, RecordType};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinDecoder, BinEncodable};
use std::cmp::Reverse;

/// What every network carries in one piece (DNS flag day 2020).
const PAYLOAD: u16 = 1232;

/// The header: identifier, flags, four counts (RFC 1035 §4.1.1).
const HEADER: usize = 12;

/// One question, ready to be sent.
pub struct Query {
    message: Message,
    /// The same without EDNS, for servers that do not know it (RFC 6891 §7).
    plain: Vec<u8>,
    bytes: Vec<u8>,
}

/// What a datagram turns out to be.
pub enum Heard {
    /// Not the reply to this question.
    Foreign,
    /// TC: there is more than a datagram carries.
    Truncated,
    /// The reply, and not to be understood.
    Malformed,
    Reply(Box<Message>),
}

impl Query {
    /// `question`, put about `name`. `None` for a name that cannot be sent, as one with a label over 63 bytes.
    pub fn new(question: &Question, name: &str) -> Option<Query> {
        let name = absolute(name)?;
        let mut message = Message::query();
        let recursive = question.server == Server::Resolver;
        message.metadata.recursion_desired = recursive;
        message.metadata.checking_disabled = question.checking_disabled;
        // "Tell me whether you validated", without the signatures (RFC 6840 §5.7).
        message.metadata.authentic_data = recursive && !question.checking_disabled;
        message.add_query(Asked::query(name, record_type(question.kind)));
        let plain = message.to_vec().ok()?;
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD).set_dnssec_ok(question.checking_disabled);
        message.set_edns(edns);
        let bytes = message.to_vec().ok()?;
        Some(Query { message, plain, bytes })
    }

    pub fn bytes(&self, edns: bool) -> &[u8] {
        if edns { &self.bytes } else { &self.plain }
    }

    /// Recognises the reply: same identifier, same question.
    pub fn hear(&self, bytes: &[u8]) -> Heard {
        let asked = &self.plain[HEADER..];
        let [a, b, flags, code, counts @ ..] = bytes else { return Heard::Foreign };
        if self.plain.get(..2) != Some(&[*a, *b]) || flags & 0x80 == 0 || bytes.len() < HEADER {
            return Heard::Foreign;
        }
        let same = bytes.get(HEADER..HEADER + asked.len()).is_some_and(|echo| echo.eq_ignore_ascii_case(asked));
        // Who cannot read a question may leave it out.
        let mute = counts.starts_with(&[0, 0]) && !matches!(code & 0x0f, 0 | 3);
        match () {
            () if !same && !mute => Heard::Foreign,
            () if flags & 0x02 != 0 => Heard::Truncated,
            () => match Message::from_vec(bytes) {
                Ok(message) => Heard::Reply(message.into()),
                Err(_) => Heard::Malformed,
            },
        }
    }

    /// What a reply says. Records that do not belong to the question are left out.
    pub fn answer(&self, question: &Question, message: &Message, at: jiff::Timestamp) -> Answer {
        let Some(asked) = self.message.queries.first() else { return Answer::new(Outcome::ServFail, Vec::new(), at) };
        let (records, found) = belonging(asked, &message.answers);
        let authority = |kind| message.authorities.iter().filter(move |r| r.record_type() == kind).map(record);
        let direct = question.server != Server::Resolver;
        let mut answer = Answer::new(outcome(message.metadata.response_code, found), records, at);
        answer.authentic = message.metadata.authentic_data && !direct && !question.checking_disabled;
        answer.authoritative = message.metadata.authoritative && direct;
        answer.extended = message.edns.as_ref().map(extended).unwrap_or_default();
        if answer.outcome.failed() || found {
            return answer;
        }
        answer.authority = authority(RecordType::SOA).take(1).collect();
        if let Some(Record { ttl, data: Data::Soa { minimum, .. }, .. }) = answer.authority.first() {
            answer.negative_ttl = Some(*ttl.min(minimum));
        }
        let referral: Vec<Record> = authority(RecordType::NS).collect();
        if answer.authority.is_empty() && !referral.is_empty() && !message.metadata.authoritative {
            if direct {
                answer.glue = glue(&referral, &message.additionals);
                answer.authority = referral;
            } else {
                // Asked to find out, it only points elsewhere: no word on whether there are records.
                answer.outcome = Outcome::ServFail;
            }
        }
        answer
    }
}

/// The chain of aliases from the question's name, and the records at its end; whether there are any.
fn belonging(asked: &Asked, answers: &[Wire]) -> (Vec<Record>, bool) {
    let mut records: Vec<Record> = Vec::new();
    let mut name = asked.name();
    loop {
        let here = || answers.iter().filter(|r| r.name == *name);
        let before = records.len();
        records.extend(here().filter(|r| r.record_type() == asked.query_type()).map(record));
        let set = &mut records[before..];
        match asked.query_type() {
            // The first ten that are answered are the ones that count (RFC 7208 §4.6.4).
            RecordType::PTR => {}
            // What is for mail (`v=…`) before most of what is for others.
            RecordType::TXT => set.sort_by_cached_key(|r| Reverse(r.data.to_string())),
            // A set has no order (RFC 2181 §5), and servers turn it round: the same one is read the same each time.
            _ => set.sort_by_cached_key(|r| r.data.to_string()),
        }
        let found = records.len() > before;
        let signatures = here().filter(|r| r.record_type() == RecordType::RRSIG).map(record);
        let signatures: Vec<Record> = signatures.filter(|_| asked.query_type() != RecordType::RRSIG).collect();
        let alias = here().find_map(|r| match &r.data {
            RData::CNAME(target) => Some((r, &target.0)),
            _ => None,
        });
        match alias {
            // A circle comes to more links than there are records.
            Some((link, target)) if !found && records.len() < answers.len() => {
                records.push(record(link));
                name = target;
            }
            _ => {
                records.extend(signatures);
                return (records, found);
            }
        }
        records.extend(signatures);
    }
}

fn outcome(code: ResponseCode, found: bool) -> Outcome {
    match code {
        ResponseCode::NoError if found => Outcome::Records,
        ResponseCode::NoError => Outcome::NoData,
        ResponseCode::NXDomain => Outcome::NxDomain,
        ResponseCode::Refused => Outcome::Refused,
        _ => Outcome::ServFail,
    }
}

/// RFC 8914 §2: INFO-CODE, then text.
fn extended(edns: &Edns) -> Vec<ExtendedError> {
    let error = |option: &EdnsOption| match option {
        EdnsOption::Unknown(_, bytes) => {
            let (code, text) = bytes.split_first_chunk::<2>()?;
            let text = String::from_utf8_lossy(text).trim_end_matches('\0').to_owned();
            Some(ExtendedError { code: u16::from_be_bytes(*code), text })
        }
        _ => None,
    };
    edns.options().get_all(EdnsCode::Unknown(15)).into_iter().filter_map(error).collect()
}

fn glue(referral: &[Record], additionals: &[Wire]) -> Vec<Record> {
    let named = |r: &Record| referral.iter().any(|ns| matches!(&ns.data, Data::Ns(host) if *host == r.name));
    let address = |r: &&Wire| matches!(r.record_type(), RecordType::A | RecordType::AAAA);
    additionals.iter().filter(address).map(record).filter(named).collect()
}

pub(in crate::world) fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Caa => RecordType::CAA,
        Kind::Cname => RecordType::CNAME,
        Kind::Dnskey => RecordType::DNSKEY,
        Kind::Ds => RecordType::DS,
        Kind::Mx => RecordType::MX,
        Kind::Ns => RecordType::NS,
        Kind::Ptr => RecordType::PTR,
        Kind::Rrsig => RecordType::RRSIG,
        Kind::Soa => RecordType::SOA,
        Kind::Spf => RecordType::Unknown(99),
        Kind::Tlsa => RecordType::TLSA,
        Kind::Txt => RecordType::TXT,
    }
}

fn record(wire: &Wire) -> Record {
    let data = match &wire.data {
        RData::A(a) => Data::A(a.0),
        RData::AAAA(a) => Data::Aaaa(a.0),
        RData::CNAME(n) => Data::Cname(plain(&n.0)),
        RData::NS(n) => Data::Ns(plain(&n.0)),
        RData::PTR(n) => Data::Ptr(plain(&n.0)),
        RData::MX(mx) => Data::Mx { preference: mx.preference, exchange: plain(&mx.exchange) },
        RData::TXT(txt) => Data::Txt(txt.txt_data.iter().map(|s| s.to_vec()).collect()),
        RData::SOA(soa) => Data::Soa {
            mname: plain(&soa.mname),
            rname: plain(&soa.rname),
            serial: soa.serial,
            refresh: soa.refresh.unsigned_abs(),
            retry: soa.retry.unsigned_abs(),
            expire: soa.expire.unsigned_abs(),
            minimum: soa.minimum,
        },
        RData::CAA(caa) => Data::Caa { flags: caa.flags(), tag: caa.tag.clone(), value: caa.value.clone() },
        RData::TLSA(tlsa) => Data::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        },
        other => {
            let bytes = other.to_bytes().unwrap_or_default();
            unknown(wire.record_type(), &bytes).unwrap_or_else(|| match other {
                RData::Unknown { .. } => Data::Other(generic(&bytes)),
                other => Data::Other(other.to_string()),
            })
        }
    };
    Record { name: plain(&wire.name), ttl: wire.ttl, data }
}

/// The types that hickory hands out unread, or as its features have it.
fn unknown(code: RecordType, bytes: &[u8]) -> Option<Data> {
    let mut decoder = BinDecoder::new(bytes);
    let d = &mut decoder;
    let data = match code {
        RecordType::Unknown(99) => {
            let mut strings = Vec::new();
            while !d.is_empty() {
                strings.push(d.read_character_data().ok()?.unverified().to_vec());
            }
            Data::Txt(strings)
        }
        RecordType::DS => {
            let (key_tag, algorithm, digest_type) = (u16(d)?, u8(d)?, u8(d)?);
            Data::Ds { key_tag, algorithm, digest_type, digest: rest(d)? }
        }
        RecordType::DNSKEY => {
            let (flags, protocol, algorithm) = (u16(d)?, u8(d)?, u8(d)?);
            Data::Dnskey { flags, protocol, algorithm, key: rest(d)? }
        }
        RecordType::RRSIG => {
            let covered = RecordType::from(u16(d)?);
            let covered = if covered == RecordType::Unknown(99) { "SPF".into() } else { covered.to_string() };
            let (algorithm, labels) = (u8(d)?, u8(d)?);
            let (original_ttl, expiration, inception) = (u32(d)?, u32(d)?, u32(d)?);
            let key_tag = u16(d)?;
            // RFC 4034 §3.1.7: the signer's name is not compressed.
            let signer = plain(&Name::read(d).ok()?);
            let signature = rest(d)?;
            Data::Rrsig { covered, algorithm, labels, original_ttl, expiration, inception, key_tag, signer, signature }
        }
        _ => return None,
    };
    Some(data)
}

fn u8(decoder: &mut BinDecoder<'_>) -> Option<u8> {
    Some(decoder.read_u8().ok()?.unverified())
}

fn u16(decoder: &mut BinDecoder<'_>) -> Option<u16> {
    Some(decoder.read_u16().ok()?.unverified())
}

fn u32(decoder: &mut BinDecoder<'_>) -> Option<u32> {
    Some(decoder.read_u32().ok()?.unverified())
}

fn rest(decoder: &mut BinDecoder<'_>) -> Option<Vec<u8>> {
    Some(decoder.read_vec(decoder.len()).ok()?.unverified())
}

/// RFC 3597 §5.
fn generic(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
    format!("\\# {} {hex}", bytes.len()).trim_end().to_owned()
}

/// Lower case, no trailing dot.
/// A name as it is sent: any byte may stand in a label (RFC 2181 §11), and SPF makes such names (`a:foo:bar/baz.example`).
pub(in crate::world) fn absolute(name: &str) -> Option<Name> {
    let usual = |b: u8| b.is_ascii_alphanumeric() || b"-_.*".contains(&b);
    let mut name = match name.is_ascii() && !name.bytes().all(usual) {
        true => Name::from_labels(labels(name)?.iter().map(Vec::as_slice)).ok()?,
        false => Name::from_str_relaxed(name).ok()?,
    };
    name.set_fqdn(true);
    Some(name)
}

/// The labels of a name in presentation form (RFC 1035 §5.1).
fn labels(name: &str) -> Option<Vec<Vec<u8>>> {
    let mut labels = vec![Vec::new()];
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        let label = labels.last_mut()?;
        match byte {
            b'.' => labels.push(Vec::new()),
            b'\\' => match rest.next()? {
                first @ b'0'..=b'9' => {
                    let digits = [first, rest.next()?, rest.next()?];
                    label.push(std::str::from_utf8(&digits).ok()?.parse().ok()?);
                }
                other => label.push(other),
            },
            other => label.push(other),
        }
    }
    labels.iter().all(|l| !l.is_empty()).then_some(labels)
}

pub(in crate::world) fn plain(name: &Name) -> String {
    let mut text = String::new();
    for (n, label) in name.iter().enumerate() {
        if n > 0 {
            text.push('.');
        }
        for &byte in label {
            match byte {
                b'.' | b'\\' => text.extend(['\\', char::from(byte)]),
                b if b.is_ascii_graphic() => text.push(char::from(b.to_ascii_lowercase())),
                b => text.push_str(&format!("\\{b:03}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_dnssec_are_read_from_their_bytes() {
        let of = |code, bytes: &[u8]| unknown(code, bytes).map(|data| data.to_string());
        assert_eq!(of(RecordType::DS, &[0xec, 0x45, 5, 1, 0x2b]).as_deref(), Some("60485 5 1 2B"));
        assert_eq!(of(RecordType::DNSKEY, &[1, 1, 3, 13, 0xaa]).as_deref(), Some("257 3 13 qg=="));
        let (expiration, inception) = (1_048_354_263u32.to_be_bytes(), 1_045_762_263u32.to_be_bytes());
        let head = [&[0, 1, 5, 3, 0, 1, 0x51, 0x80][..], &expiration, &inception, &[0x0a, 0x52]].concat();
        let signature = [&head[..], b"\x07example\x03com\x00", &[0xa0]].concat();
        let text = "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oA==";
        assert_eq!(of(RecordType::RRSIG, &signature).as_deref(), Some(text));
        assert_eq!(of(RecordType::RRSIG, &head), None, "cut short");
        assert_eq!(of(RecordType::Unknown(99), b"\x02ab\x01c").as_deref(), Some(r#""ab" "c""#));
        assert_eq!(of(RecordType::Unknown(99), b"\x05ab"), None);
        assert_eq!(generic(&[1, 0xff]), "\\# 2 01FF");
    }

    #[test]
    fn only_the_reply_to_this_question_is_one() {
        let query = Query::new(&Question::new("Example.com", Kind::Txt), "Example.com").unwrap();
        let reply = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = query.bytes(false).to_vec();
            bytes[2] |= 0x80;
            change(&mut bytes);
            query.hear(&bytes)
        };
        assert!(matches!(reply(&|_| {}), Heard::Reply(_)));
        assert!(matches!(reply(&|b| b[13] ^= 0x20), Heard::Reply(_)), "case does not matter");
        assert!(matches!(reply(&|b| b[0] ^= 1), Heard::Foreign));
        assert!(matches!(reply(&|b| b[2] ^= 0x80), Heard::Foreign), "a question");
        assert!(matches!(reply(&|b| b[13] = b'x'), Heard::Foreign), "another name");
        assert!(matches!(reply(&|b| b.truncate(11)), Heard::Foreign));
        assert!(matches!(reply(&|b| b[2] |= 0x02), Heard::Truncated));
        assert!(matches!(reply(&|b| b[7] = 1), Heard::Malformed), "an answer is announced");
        let mute = |code: u8| {
            move |b: &mut Vec<u8>| {
                (b[3], b[5]) = (code, 0);
                b.truncate(HEADER);
            }
        };
        assert!(matches!(reply(&mute(1)), Heard::Reply(_)), "who cannot read it does not repeat it");
        assert!(matches!(reply(&mute(3)), Heard::Foreign));
    }
}
