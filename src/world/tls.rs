//! TLS: who is trusted, and what is wrong with a certificate.

use crate::evidence::errand::Step;
use crate::knowledge::certificate;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use std::sync::{Arc, OnceLock};

/// What went wrong, and where.
pub type Fault = (Step, String);

/// Certificate authorities trusted besides the usual ones: of a company, a lab, a test.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Arc<[CertificateDer<'static>]>);

impl Authorities {
    /// Reads a file of PEM certificates.
    pub fn read(path: &str) -> Result<Authorities, String> {
        let certificates = CertificateDer::pem_file_iter(path).map_err(|e| format!("{path}: {e}"))?;
        let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|e| format!("{path}: {e}"))?;
        if certificates.is_empty() { Err(format!("{path}: no certificate in it")) } else { Ok(certificates.into()) }
    }

    /// These and others.
    pub fn and(&self, others: &Authorities) -> Authorities {
        Authorities(self.0.iter().chain(others.0.iter()).cloned().collect())
    }
}

impl From<Vec<CertificateDer<'static>>> for Authorities {
    fn from(certificates: Vec<CertificateDer<'static>>) -> Authorities {
        Authorities(certificates.into())
    }
}

/// Whom we trust.
pub struct Trust(Arc<RootCertStore>);

impl Trust {
    /// The authorities browsers trust, those of this machine, and `more`. Reads the machine's store.
    pub fn new(more: &Authorities) -> Trust {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(more.0.iter().cloned());
        Trust(Arc::new(roots))
    }

    /// No handshake without a good certificate.
    pub fn strict(&self) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(self.0.clone()).with_no_client_auth())
    }

    /// A bad certificate is noted, and the handshake goes on: what sending servers do (RFC 7435 §3).
    pub fn lenient(&self) -> Result<(ClientConfig, Arc<OnceLock<Fault>>), Error> {
        let provider = Arc::new(ring::default_provider());
        let strict = WebPkiServerVerifier::builder_with_provider(self.0.clone(), provider.clone())
            .build()
            .map_err(|e| Error::General(e.to_string()))?;
        let noted = Arc::new(OnceLock::new());
        let verifier = Arc::new(Lenient { strict, noted: noted.clone() });
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        Ok((config, noted))
    }
}

/// Checks the certificate as always, and lets it pass.
#[derive(Debug)]
struct Lenient {
    strict: Arc<WebPkiServerVerifier>,
    noted: Arc<OnceLock<Fault>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Err(e) = self.strict.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            let _ = self.noted.set(of_rustls(&e));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

/// A failed handshake in words.
pub fn fault(error: &std::io::Error) -> Fault {
    match error.get_ref().and_then(|e| e.downcast_ref::<Error>()) {
        Some(e) => of_rustls(e),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => (Step::Tls, "hung up in the handshake".into()),
        None => (Step::Tls, error.to_string()),
    }
}

fn of_rustls(error: &Error) -> Fault {
    match error {
        Error::InvalidCertificate(certificate) => of_certificate(certificate),
        other => (Step::Tls, handshake(other)),
    }
}

/// Why there was no handshake, certificates apart.
fn handshake(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("the other side ended the handshake with the alert {}", named(*alert)),
        // The first bytes of a server that greets in the clear, for example.
        Error::InvalidMessage(_) => "what the other side sends is not TLS".into(),
        Error::PeerIncompatible(_) => "the other side speaks no TLS that postdoc speaks too (1.2 and 1.3)".into(),
        Error::PeerMisbehaved(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerSentOversizedRecord
        | Error::DecryptError => "the other side does not keep to the rules of TLS".into(),
        Error::NoCertificatesPresented => "the other side shows no certificate".into(),
        other => other.to_string(),
    }
}

/// As RFC 8446 §6 writes it: `handshake_failure`.
fn named(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return format!("number {}", u8::from(alert)) };
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && words.ends_with(|before: char| before.is_ascii_lowercase()) {
            words.push('_');
        }
        words.push(c);
    }
    words.to_ascii_lowercase()
}

fn of_certificate(error: &CertificateError) -> Fault {
    use CertificateError::*;
    let words = match error {
        NotValidForName => return (Step::CertificateName, "the certificate is for another name".into()),
        NotValidForNameContext { presented, .. } => {
            return (Step::CertificateName, format!("the certificate is for {}", names(presented)));
        }
        ExpiredContext { not_after, .. } => {
            return (Step::Certificate, format!("the certificate expired on {}", day(*not_after)));
        }
        NotValidYetContext { not_before, .. } => {
            return (Step::Certificate, format!("the certificate is not valid before {}", day(*not_before)));
        }
        Expired => "the certificate has expired",
        NotValidYet => "the certificate is not valid yet",
        UnknownIssuer => certificate::UNTRUSTED,
        BadEncoding => MALFORMED,
        Revoked => "the certificate was revoked",
        // The verifier takes no RSA key under 2048 bits, and says no more than that.
        BadSignature => {
            "a signature of the certificate, or with its key, does not hold: it is not by the key it names, or by an RSA \
                         key under 2048 bits"
        }
        InvalidPurpose | InvalidPurposeContext { .. } => {
            "the certificate is not for servers: serverAuth is not among its purposes (extended key usage)"
        }
        UnsupportedSignatureAlgorithmContext { .. } | UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate is signed in a way that is not accepted (SHA-1, or a rare kind of key)"
        }
        Other(OtherError(cause)) => cause.downcast_ref().map_or(UNACCEPTABLE, of_chain),
        _ => UNACCEPTABLE,
    };
    (Step::Certificate, words.into())
}

const MALFORMED: &str = "the certificate is malformed";
const UNACCEPTABLE: &str = "the certificate is not acceptable";

/// What the verifier has no word of its own for.
fn of_chain(error: &webpki::Error) -> &'static str {
    use webpki::Error::*;
    match error {
        CaUsedAsEndEntity => certificate::AUTHORITY,
        EndEntityUsedAsCa => {
            "a certificate in the chain vouches for another one and is none of an authority (CA:FALSE)"
        }
        PathLenConstraintViolated => "an authority in the chain of the certificate may not have others below it",
        NameConstraintViolation => "an authority in the chain of the certificate may not vouch for this name",
        CertDistrusted => "the key of the certificate is known and distrusted",
        UnsupportedCertVersion => "the certificate is of an old form, not X.509 version 3",
        UnsupportedCriticalExtension => "the certificate has a critical extension that postdoc does not know",
        MaximumPathDepthExceeded | MaximumPathBuildCallsExceeded | MaximumSignatureChecksExceeded => {
            "the chain of the certificate is too long"
        }
        EmptyEkuExtension
        | ExtensionValueInvalid
        | InvalidNetworkMaskConstraint
        | InvalidSerialNumber
        | MalformedDnsIdentifier
        | MalformedExtensions
        | MalformedNameConstraint
        | SignatureAlgorithmMismatch => MALFORMED,
        _ => UNACCEPTABLE,
    }
}

/// Names of a certificate that are quoted.
const NAMES: usize = 4;

/// The verifier names them `DnsName("mx.example.com")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    let mut list: Vec<String> = presented.iter().take(NAMES).map(bare).collect();
    match presented.len() {
        0 => return "no host at all".into(),
        n if n > NAMES => list.push(format!("{} more", n - NAMES)),
        _ => {}
    }
    list.join(", ")
}

fn day(time: UnixTime) -> String {
    let second = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(second)
        .map_or_else(|_| "a day beyond reckoning".into(), |t| format!("{:.10}", t.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
    use rustls::{InvalidMessage, PeerIncompatible};

    /// What is said of a self-signed certificate, made so, where `trusted` stands for itself.
    fn said(trusted: bool, make: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::new(vec!["mx.example.com".to_owned()]).unwrap();
        make(&mut params);
        let own: CertificateDer<'static> = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
        let more = Authorities::from(if trusted { vec![own.clone()] } else { vec![] });
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Trust::new(&more).0, provider).build().unwrap();
        let name = ServerName::try_from("mx.example.com").unwrap();
        let error = verifier.verify_server_cert(&own, &[], &name, &[], UnixTime::now());
        error.err().map(|e| of_rustls(&e)).map_or_else(String::new, |(step, why)| format!("{step:?}: {why}"))
    }

    #[test]
    fn a_certificate_has_its_fault_in_words() {
        let authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        assert_eq!(said(false, authority), format!("Certificate: {}", certificate::AUTHORITY));
        assert_eq!(said(true, authority), format!("Certificate: {}", certificate::AUTHORITY), "trust does not help");
        assert_eq!(said(false, |_| {}), format!("Certificate: {}", certificate::UNTRUSTED));
        let over = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 2, 3);
        assert_eq!(said(true, over), "Certificate: the certificate expired on 2020-02-03");
        let mail = |params: &mut CertificateParams| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        };
        assert!(said(true, mail).contains("serverAuth"));
        assert_eq!(said(true, |_| {}), "");
    }

    #[test]
    fn no_failure_is_told_as_the_name_of_a_type() {
        let other = |error: webpki::Error| Error::from(CertificateError::Other(OtherError(Arc::new(error))));
        let errors: [(Error, &str); 7] = [
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "alert handshake_failure"),
            (Error::AlertReceived(AlertDescription::UnknownCA), "alert unknown_ca"),
            (Error::AlertReceived(AlertDescription::Unknown(200)), "alert number 200"),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "not TLS"),
            (Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13), "no TLS that postdoc speaks"),
            (other(webpki::Error::UnsupportedCertVersion), "version 3"),
            (other(webpki::Error::InvalidCrlNumber), "not acceptable"),
        ];
        for (error, part) in errors {
            let (_, words) = of_rustls(&error);
            assert!(words.contains(part), "{words}");
        }
    }
}
