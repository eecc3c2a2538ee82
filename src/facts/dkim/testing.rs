//! Signatures made by another implementation, with keys made for tests, and what we find of them.

use super::canon::Canon;
use super::{Verification, key, verify};
use crate::evidence::{Answer, Answers, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use crate::facts::lookup::Lookup;
use crate::facts::{Facts, Reading};
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer};
use std::sync::Arc;

const RSA: &str = "MIIEowIBAAKCAQEAq9KxW1BcyHl/+knIhJnrK/ncdyHDSffZa0sRavvcfVIztU0fDaUUFg5BLb1kEoBSpwMu5LBDVfFj6fis5bblFu4vDeK4TO1ibnrBeBUy8zE3k9fJHQTEC9fvyIMA4tJRtjj0Q1W6ycwXRI5tJ3riZfoVk3OqSpWYSTglY4QbFNppcJh5PGv+dNlOsvJ+DAY7RbQEOC5O+IFFb+G+zpp29AbW+Bj2tcbfMavzzDnNDSmb6RT605BnBOZAVN0A8ii7Pv1w0n3qNfcBXAA9RB+tVDKsdcz8YKyvwfoLQnBZJ4p9AiSMOPfWVxttE35mHcwYUl2ox1F87CAi85WLRQXGbwIDAQABAoIBAA502as/Ja9QWa4rSw2tDZZTnXMAijfM/KQEWuDPdAuvQN5+MKCrRPdeF6nLh4Hu/gVDRUzEb8XpW2iyHYnuS3QUci0O6EbAqkl1VpXN4s2HVI/B1g/0+LGuZ2RNcWOkIm/cduC7c83KuCJygUiTFD1UP0B6uNcxovB2It8unECyxGICNmiOLgiexH6033hRwuGCwFrKmMp9m3JXCl0J8/R2484WS9+ctET96npxQzfBur5myJoNdzAOiXoJJm1tCixClVBwJw2g8EI8bpwkY9w6dVk+X2Hh3qPIp4hRXV/8XMOrI6/v1GKf+JcwXucXuntVbO4xSIov3fPwQx/XG+ECgYEA16sm5/zI59J29TOz8XNaHkX5fkQfKDFebepd7/XE+IdOXKhBfzgCjUnEau65Y2OKqxCjsbSwxmJIKMUazj+n7gAu5/g53yypeLSAdQX/9815D3SpURHKvVD9w7dk+GQQOnfWya8XZL6xZ12MUEW9mIe3mzpc82jU6dcu4bNbaPcCgYEAy/R+ROLw34jP3b8Qk/gpmM7Ps0mgfP1AdyQWfEuuK5Q8yHM27E56Inin9DA/Pp+kNdSQh/G+PDBTjS6CwcJn73LFLRCcR08hP1ZnsY87ePTV9B2om5qYArT83ks2MrzlqGZ3Y3+XoXy6GW9U4NlTydcYb/6BpF9XGhtG21WT6EkCgYBP7hXISu6mxGDkNZpONUNEDwkNm++0NL/bms3f3kV3GqaXPqCvprGDbcCHJRy+UikVh2Azv1T44Xn+6jYqFHuHgLfhryS7qtDQdI1bUbLxQ0zHxqPt8Nsj2P2D6NdaG7PMB5gqPWM9KlOTjJ8xLPe8rSgGNtY2PDcUx3SPn6qUNwKBgB59JScdGc8Av7oxZsQH9Afw2qG9nu0wWqO01FuuYJIJLfD1MD+xF5bxnIHneHzfFogph5Wa8MpEmyjezBM1AZ6M9Kbg9cu/K4QxYXzsoYJab2V3zY29VX4KGkcMzURWcqpy7uQD3eH5KETHHNQkCN+CdRfA3xZ4Xif77eK570tpAoGBAMuIkMGh6jXPrpYZxVBD+qotxPUPAikgtLHy/64Lyw2ZWVfySPMAQTjpEtL0r7+0MskDa8T5slNCTRmT+nCqnwrXFOqpZiRvM4yGxy/Kh0HYMhziD/up57REbDne4hOwqiYZDIZOIce78zauP963ku0l307esVkzD5byDOieFMDM";
pub const RSA_PUBLIC: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq9KxW1BcyHl/+knIhJnrK/ncdyHDSffZa0sRavvcfVIztU0fDaUUFg5BLb1kEoBSpwMu5LBDVfFj6fis5bblFu4vDeK4TO1ibnrBeBUy8zE3k9fJHQTEC9fvyIMA4tJRtjj0Q1W6ycwXRI5tJ3riZfoVk3OqSpWYSTglY4QbFNppcJh5PGv+dNlOsvJ+DAY7RbQEOC5O+IFFb+G+zpp29AbW+Bj2tcbfMavzzDnNDSmb6RT605BnBOZAVN0A8ii7Pv1w0n3qNfcBXAA9RB+tVDKsdcz8YKyvwfoLQnBZJ4p9AiSMOPfWVxttE35mHcwYUl2ox1F87CAi85WLRQXGbwIDAQAB";
const ED25519: &str = "MC4CAQAwBQYDK2VwBCIEIJ3D1+Y/0SganGsGpx64brd6Elm+H2uZNNpV5oeGJgDz";
pub const ED25519_PUBLIC: &str = "JT1U6emN+wc+8SajZHwz8mTD2S9NGbt2XwyhkZpp+70=";

/// How a test message is signed: as example.com with selector s1.
#[derive(Clone, Copy)]
pub struct Signing {
    pub header: Canon,
    pub body: Canon,
    pub fields: &'static [&'static str],
    pub ed25519: bool,
    /// `l=`
    pub counted: bool,
    /// Seconds from `t=` to `x=`.
    pub expires: u64,
}

pub const RELAXED: Signing = Signing {
    header: Canon::Relaxed,
    body: Canon::Relaxed,
    fields: &["From", "To", "Subject", "Date", "Message-ID"],
    ed25519: false,
    counted: false,
    expires: 0,
};

pub const SIMPLE: Signing = Signing { header: Canon::Simple, body: Canon::Simple, ..RELAXED };

impl Signing {
    /// The message with its signature on top.
    pub fn sign(self, message: &str) -> String {
        let canon = |c| if c == Canon::Simple { Canonicalization::Simple } else { Canonicalization::Relaxed };
        let secret = |code: &str| super::material::decode(code.as_bytes()).unwrap();
        let signature = if self.ed25519 {
            let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(&secret(ED25519)).unwrap();
            let signer = DkimSigner::from_key(key).domain("example.com").selector("s1").headers(self.fields.to_vec());
            let signer = signer.header_canonicalization(canon(self.header)).body_canonicalization(canon(self.body));
            signer.body_length(self.counted).expiration(self.expires).sign(message.as_bytes()).unwrap()
        } else {
            let der = PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(secret(RSA)));
            let key = RsaKey::<Sha256>::from_key_der(der).unwrap();
            let signer = DkimSigner::from_key(key).domain("example.com").selector("s1").headers(self.fields.to_vec());
            let signer = signer.header_canonicalization(canon(self.header)).body_canonicalization(canon(self.body));
            signer.body_length(self.counted).expiration(self.expires).sign(message.as_bytes()).unwrap()
        };
        format!("{}{message}", signature.to_header())
    }

    /// The record of the key that goes with it.
    pub fn record(self) -> String {
        match self.ed25519 {
            true => format!("v=DKIM1; k=ed25519; p={ED25519_PUBLIC}"),
            false => format!("v=DKIM1; k=rsa; p={RSA_PUBLIC}"),
        }
    }
}

/// What we find of the first signature of a text; of its key there is a record, the word of an outcome without any, or
/// nothing was asked.
pub fn verified(text: &str, kind: InputKind, record: &str) -> Verification {
    verification(&with_key(Input::read("-", text.as_bytes(), Some(kind)).unwrap(), record))
}

/// What we find of the first signature.
pub fn verification(evidence: &Evidence) -> Verification {
    let reading = Reading::read(&evidence.input, &evidence.said);
    let keys = key::gather(&Lookup::over(evidence), &reading, &evidence.said);
    verify::verify(&reading, &keys, None, evidence).remove(0)
}

/// A received message diagnosed, with the copy that was sent beside it.
pub fn gathered(received: &str, sent: Option<&str>, signing: Signing) -> Facts {
    let read = |name, text: &str| Input::read(name, text.as_bytes(), Some(InputKind::Message)).unwrap();
    let input = read("m.eml", received);
    let input = match sent {
        Some(sent) => input.beside(read("sent.eml", sent)),
        None => input,
    };
    let evidence = with_key(input, &signing.record());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Facts::gather(Arc::new(evidence), reading)
}

/// An input and, in DNS, the key of the signatures made here.
pub fn with_key(input: Input, record: &str) -> Evidence {
    let now = "2026-11-03T00:00:00Z".parse().unwrap();
    Evidence { answers: answers(record), ..Evidence::new(input, Said::default(), now, true) }
}

fn answers(record: &str) -> Answers {
    let question = Question::new("s1._domainkey.example.com", Kind::Txt);
    let failed = [Outcome::NxDomain, Outcome::NoData, Outcome::ServFail, Outcome::Timeout];
    let answer = match failed.into_iter().find(|o| o.word() == record) {
        _ if record.is_empty() => return Answers::new(),
        Some(outcome) => Answer::new(outcome, Vec::new(), jiff::Timestamp::UNIX_EPOCH),
        None => {
            let data = crate::remedy::text(record);
            let record = Record { name: question.name.to_string(), ttl: 60, data };
            Answer::new(Outcome::Records, vec![record], jiff::Timestamp::UNIX_EPOCH)
        }
    };
    Answers::from([(question, answer)])
}
