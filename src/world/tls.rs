//! TLS: who is trusted, and what is wrong with a certificate.

use crate::evidence::errand::Step;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
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
    use CertificateError::*;
    let Error::InvalidCertificate(certificate) = error else { return (Step::Tls, error.to_string()) };
    match certificate {
        NotValidForName => (Step::CertificateName, "the certificate is for another name".into()),
        NotValidForNameContext { presented, .. } => {
            (Step::CertificateName, format!("the certificate is for {}", names(presented)))
        }
        Expired => (Step::Certificate, "the certificate has expired".into()),
        ExpiredContext { not_after, .. } => {
            (Step::Certificate, format!("the certificate expired on {}", day(*not_after)))
        }
        NotValidYet => (Step::Certificate, "the certificate is not valid yet".into()),
        NotValidYetContext { not_before, .. } => {
            (Step::Certificate, format!("the certificate is not valid before {}", day(*not_before)))
        }
        UnknownIssuer => {
            let why = "nobody who is trusted vouches for the certificate: it is self-signed, or the server does not send \
                       the certificates between it and its authority";
            (Step::Certificate, why.into())
        }
        other => (Step::Certificate, other.to_string()),
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
