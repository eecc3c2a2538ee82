//! A certificate, as far as mail looks at it: its key, and when it ends (RFC 5280 §4.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use jiff::{SignedDuration, Timestamp};

/// A renewal that works by itself is done long before.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it.
    pub der: Vec<u8>,
    /// Its SubjectPublicKeyInfo.
    pub key: Vec<u8>,
    /// The last moment of its validity.
    pub until: Timestamp,
    /// Common name, or else the organization; empty where it has neither.
    pub subject: String,
    pub issuer: String,
    /// The hosts it is for, as far as they are shown.
    pub names: Vec<String>,
}

impl Certificate {
    /// From DER in base64, as evidence keeps it.
    pub fn read(base64: &str) -> Option<Certificate> {
        Certificate::of(STANDARD.decode(base64).ok()?)
    }

    /// The first of a PEM file.
    pub fn of_pem(text: &str) -> Option<Certificate> {
        let body = text.split_once("-----BEGIN CERTIFICATE-----")?.1.split_once("-----END CERTIFICATE-----")?.0;
        Certificate::read(&body.split_whitespace().collect::<String>())
    }

    fn of(der: Vec<u8>) -> Option<Certificate> {
        let Fields { key, until, issuer, subject, names } = fields(&der).ok()?;
        let (key, until) = (key.to_vec(), Timestamp::from_second(i64::try_from(until).ok()?).ok()?);
        Some(Certificate { der, key, until, issuer, subject, names })
    }

    /// Days until it ends, where that is soon; 0 on the last day.
    pub fn ends_soon(&self, now: Timestamp) -> Option<i64> {
        let left = self.until.duration_since(now);
        (left >= SignedDuration::ZERO && left < SOON).then(|| left.as_hours() / 24)
    }
}

struct Fields<'d> {
    key: &'d [u8],
    /// Seconds of the epoch.
    until: u64,
    issuer: String,
    subject: String,
    names: Vec<String>,
}

/// Hosts of one certificate that are kept.
const NAMES: usize = 20;

fn fields(der: &[u8]) -> der::Result<Fields<'_>> {
    let mut whole = SliceReader::new(AnyRef::from_der(der)?.value())?;
    let mut tbs = SliceReader::new(AnyRef::decode(&mut whole)?.value())?;
    if tbs.peek_tag()?.is_context_specific() {
        tbs.tlv_bytes()?; // version
    }
    for _serial_algorithm in 0..2 {
        tbs.tlv_bytes()?;
    }
    let issuer = called(tbs.tlv_bytes()?);
    let mut validity = SliceReader::new(AnyRef::decode(&mut tbs)?.value())?;
    validity.tlv_bytes()?;
    let until = match validity.peek_tag()? {
        Tag::UtcTime => UtcTime::decode(&mut validity)?.to_unix_duration(),
        _ => GeneralizedTime::decode(&mut validity)?.to_unix_duration(),
    };
    let subject = called(tbs.tlv_bytes()?);
    let key = tbs.tlv_bytes()?;
    let mut names = Vec::new();
    while !tbs.is_finished() {
        let part = AnyRef::decode(&mut tbs)?;
        // [3] EXPLICIT Extensions
        if part.tag().is_context_specific() && part.tag().number().value() == 3 {
            names = hosts(part.value()).unwrap_or_default();
        }
    }
    Ok(Fields { key, until: until.as_secs(), issuer, subject, names })
}

/// Common name (2.5.4.3), or else organization (2.5.4.10), of a Name.
fn called(name: &[u8]) -> String {
    let attribute = |oid: &[u8]| -> Option<String> {
        let at = name.windows(oid.len()).position(|w| w == oid)? + oid.len();
        let mut rest = SliceReader::new(name.get(at..)?).ok()?;
        let value = AnyRef::decode(&mut rest).ok()?;
        Some(String::from_utf8_lossy(value.value()).into_owned())
    };
    // OBJECT IDENTIFIER, three bytes.
    attribute(&[6, 3, 0x55, 4, 3]).or_else(|| attribute(&[6, 3, 0x55, 4, 10])).unwrap_or_default()
}

/// dNSName and iPAddress of subjectAltName (RFC 5280 §4.2.1.6).
fn hosts(extensions: &[u8]) -> der::Result<Vec<String>> {
    let mut list = SliceReader::new(AnyRef::from_der(extensions)?.value())?;
    let mut names = Vec::new();
    while !list.is_finished() {
        let mut one = SliceReader::new(AnyRef::decode(&mut list)?.value())?;
        // 2.5.29.17
        if AnyRef::decode(&mut one)?.value() != [0x55, 0x1D, 17] {
            continue;
        }
        if one.peek_tag()? == Tag::Boolean {
            one.tlv_bytes()?; // critical
        }
        let mut alternatives = SliceReader::new(AnyRef::from_der(AnyRef::decode(&mut one)?.value())?.value())?;
        while !alternatives.is_finished() && names.len() < NAMES {
            let name = AnyRef::decode(&mut alternatives)?;
            match (name.tag().number().value(), name.value()) {
                (2, host) => names.push(String::from_utf8_lossy(host).into_owned()),
                (7, &[a, b, c, d]) => names.push(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
                _ => {}
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A self-signed certificate for mx.example.com that ends with this day, DER in base64.
    pub(crate) fn until(year: i32, month: u8, day: u8) -> String {
        let mut params = rcgen::CertificateParams::new(vec!["mx.example.com".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, month, day);
        let key = rcgen::KeyPair::generate().unwrap();
        STANDARD.encode(params.self_signed(&key).unwrap().der())
    }

    #[test]
    fn its_key_and_its_end_are_read() {
        let now: Timestamp = "2026-06-10T12:00:00Z".parse().unwrap();
        for (year, month, day, soon) in [
            (2026, 6, 20, Some(9)),
            (2026, 6, 11, Some(0)),
            (2026, 6, 10, None),
            (2026, 7, 1, None),
            (2051, 1, 1, None),
        ] {
            let read = Certificate::read(&until(year, month, day)).unwrap();
            assert_eq!(read.ends_soon(now), soon, "{year}-{month}-{day} {}", read.until);
            assert!(spki::SubjectPublicKeyInfoRef::from_der(&read.key).is_ok());
            assert_eq!(read.names, ["mx.example.com"]);
            assert_eq!(read.subject, read.issuer);
            assert!(!read.subject.is_empty());
        }
    }

    #[test]
    fn pem_and_nonsense() {
        let der = until(2030, 1, 1);
        let pem =
            format!("x\n-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----\n", &der[..64], &der[64..]);
        assert_eq!(Certificate::of_pem(&pem), Certificate::read(&der));
        for bad in ["", "AAAA", "MAA=", &der[..der.len() / 8 * 4], "-----BEGIN CERTIFICATE-----"] {
            assert!(Certificate::read(bad).is_none() && Certificate::of_pem(bad).is_none());
        }
    }
}
