//! The test message of a lesson, signed with the key of the practice world.

use super::{READER, Sender};
use mail_auth::common::crypto::{RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer};

/// The one private key of the invented internet. It protects nothing.
const KEY: &str = include_str!("../../assets/practice/practice-only.key");
/// Its public part, SubjectPublicKeyInfo in base64.
const PUBLIC: &str = include_str!("../../assets/practice/practice-only.pub");
/// The same as OpenSSH writes it.
const SSH: &str = include_str!("../../assets/practice/practice-only.ssh");

/// The record of the key of the practice world.
pub fn record() -> String {
    format!("v=DKIM1; k=rsa; p={}", PUBLIC.trim())
}

/// Puts keys into zone lines: `{key}`, `{ssh-key}`, as the strings of a TXT record.
pub fn fill(lines: &str) -> String {
    let strings = |key: &str| {
        let record = format!("v=DKIM1; k=rsa; p={}", key.trim());
        let (first, rest) = record.split_at(250.min(record.len()));
        format!("\"{first}\" \"{rest}\"")
    };
    lines.replace("{key}", &strings(PUBLIC)).replace("{ssh-key}", &strings(SSH))
}

/// A test message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// As its author sent it off.
    pub left: Vec<u8>,
    /// As it is handed to the receiver, by the last server on its way.
    pub arrives: Vec<u8>,
}

/// Signs for whatever domain and selector is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signer;

impl Signer {
    /// The message; `number` makes its Message-ID its own.
    pub fn letter(self, sender: &Sender, at: jiff::Timestamp, number: u32) -> Result<Letter, String> {
        let from = sender.from.as_deref().unwrap_or_default();
        let domain = from.trim_end_matches('>').rsplit('@').next().unwrap_or_default();
        let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let header = format!(
            "From: {from}\r\nTo: {READER}\r\nSubject: A test\r\nDate: {date}\r\nMessage-ID: <{}.{number}@{domain}>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n",
            at.as_second()
        );
        let body = "This is a test message of the practice world.\r\n";
        let mut message = format!("{header}\r\n{body}");
        // A key in a file is not for this one to read.
        for name in sender.sign.iter().flatten().filter(|_| sender.key_file.is_none()) {
            message = self.sign(name, &message)? + &message;
        }
        let left = message.clone().into_bytes();
        if let Some(tag) = &sender.tag {
            message = message.replacen("Subject: ", &format!("Subject: {tag}"), 1);
        }
        message.push_str(&lines(sender.footer.as_deref().unwrap_or_default()));
        let received = sender.received.as_deref().filter(|r| !r.is_empty());
        let received = received.map_or(String::new(), |r| format!("Received: {r}; {date}\r\n"));
        let arrives = (lines(sender.added.as_deref().unwrap_or_default()) + &received + &message).into_bytes();
        Ok(Letter { left, arrives })
    }

    /// The signature field, for `selector._domainkey.domain`.
    fn sign(self, name: &str, message: &str) -> Result<String, String> {
        let wrong = |e: &dyn std::fmt::Display| format!("cannot sign as {name}: {e}");
        let (selector, domain) = name.split_once("._domainkey.").ok_or_else(|| wrong(&"no such name"))?;
        let der = PrivatePkcs1KeyDer::from_pem_slice(KEY.as_bytes()).map_err(|e| wrong(&e))?;
        let key = RsaKey::<Sha256>::from_key_der(PrivateKeyDer::Pkcs1(der)).map_err(|e| wrong(&e))?;
        let fields = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"];
        let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(fields);
        Ok(signer.sign(message.as_bytes()).map_err(|e| wrong(&e))?.to_header())
    }
}

/// Text with the line ends of mail.
fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{line}\r\n")).collect()
}
