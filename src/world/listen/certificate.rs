//! The certificate that STARTTLS shows: the user's own, or one made for this run.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Ready to be shown.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<ServerConfig>);

impl Certificate {
    /// Reads PEM files: the chain, the server's own first, and its key.
    pub fn read(chain: &Path, key: &Path) -> Result<Certificate, String> {
        let told = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let certificates = CertificateDer::pem_file_iter(chain).map_err(|e| told(chain, &e))?;
        let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|e| told(chain, &e))?;
        if certificates.is_empty() {
            return Err(told(chain, &"no certificate in it"));
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| told(key, &e))?;
        Certificate::new(certificates, secret).map_err(|e| format!("{} and {}: {e}", chain.display(), key.display()))
    }

    /// A self-signed one: enough for servers that encrypt without asking who it is (RFC 7435).
    pub fn own(name: &str) -> Result<Certificate, String> {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).map_err(|e| e.to_string())?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(str::to_owned)?;
        Certificate::new(vec![made.cert.der().clone()], key).map_err(|e| e.to_string())
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Certificate, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        let config = builder.with_no_client_auth().with_single_cert(chain, key)?;
        Ok(Certificate(Arc::new(config)))
    }

    pub(super) fn acceptor(self) -> tokio_rustls::TlsAcceptor {
        self.0.into()
    }
}
