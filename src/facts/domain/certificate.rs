//! A certificate, as far as mail looks at it: its key, and when it ends (RFC 5280 §4.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode, Reader, SliceReader, Tag};
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
        let (key, until) = fields(&der).ok()?;
        let (key, until) = (key.to_vec(), Timestamp::from_second(i64::try_from(until).ok()?).ok()?);
        Some(Certificate { der, key, until })
    }

    /// Days until it ends, where that is soon; 0 on the last day.
    pub fn ends_soon(&self, now: Timestamp) -> Option<i64> {
        let left = self.until.duration_since(now);
        (left >= SignedDuration::ZERO && left < SOON).then(|| left.as_hours() / 24)
    }
}

/// The key, and the seconds of the epoch at which it ends.
fn fields(der: &[u8]) -> der::Result<(&[u8], u64)> {
    let mut whole = SliceReader::new(AnyRef::from_der(der)?.value())?;
    let mut tbs = SliceReader::new(AnyRef::decode(&mut whole)?.value())?;
    if tbs.peek_tag()?.is_context_specific() {
        tbs.tlv_bytes()?; // version
    }
    for _serial_algorithm_issuer in 0..3 {
        tbs.tlv_bytes()?;
    }
    let mut validity = SliceReader::new(AnyRef::decode(&mut tbs)?.value())?;
    validity.tlv_bytes()?;
    let until = match validity.peek_tag()? {
        Tag::UtcTime => UtcTime::decode(&mut validity)?.to_unix_duration(),
        _ => GeneralizedTime::decode(&mut validity)?.to_unix_duration(),
    };
    tbs.tlv_bytes()?; // subject
    Ok((tbs.tlv_bytes()?, until.as_secs()))
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
