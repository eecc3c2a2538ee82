//! The user's own Rspamd asked about a message: `POST /checkv2` (rspamd.com/doc/developers/protocol.html).

use super::http::{self, AGENT};
use super::{Inner, late};
use crate::evidence::errand::{Scan, Step, What};
use crate::world::tls::Fault;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// Bytes of an answer: some hundred symbols, each with its description and options.
const LIMIT: usize = 512 * 1024;

impl Inner {
    /// Hands the message over, and what is known of the connection it came by. It may take as long as there is time:
    /// a filter asks others too.
    pub(super) async fn rspamd(&self, scan: &Scan, message: &Arc<[u8]>, until: Instant) -> Result<What, Fault> {
        let began = Instant::now();
        let odd = || (Step::Name, format!("{} is no web address", scan.url));
        let uri: Uri = format!("{}/checkv2", scan.url).parse().map_err(|_| odd())?;
        let (Some(host), secure) = (uri.host(), uri.scheme_str() == Some("https")) else { return Err(odd()) };
        let stream = self.reach_own(host, uri.port_u16().unwrap_or(if secure { 443 } else { 80 }), until).await?;
        let near = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        if self.rspamd.is_some() && !secure && !near {
            return Err((Step::Tls, "a password goes there over https only, or inside this machine".into()));
        }
        let request = self.request(scan, &uri, message)?;
        let work = async {
            match secure {
                false => http::exchange(stream, request, LIMIT).await,
                true => {
                    let mut config = self.trust().strict().map_err(|e| (Step::Tls, e.to_string()))?;
                    config.alpn_protocols = vec![b"http/1.1".to_vec()];
                    let name = host.trim_matches(['[', ']']);
                    http::exchange(self.secure(stream, name, config, until).await?, request, LIMIT).await
                }
            }
        };
        timeout_at(until, work).await.unwrap_or_else(|_| Err(late("no whole answer", began)))
    }

    fn request(&self, scan: &Scan, uri: &Uri, message: &Arc<[u8]>) -> Result<Request<Full<Bytes>>, Fault> {
        let authority = uri.authority().map_or("", |a| a.as_str());
        let mut request =
            Request::post(uri.path()).header(HOST, authority).header(USER_AGENT, AGENT).header(CONNECTION, "close");
        let ip = scan.ip.map(|ip| ip.to_string());
        for (name, value) in [("IP", &ip), ("Helo", &scan.helo), ("From", &scan.mail_from)] {
            // A stranger's name with odd bytes in it is left out.
            if let Some(value) = value.as_ref().and_then(|v| HeaderValue::from_str(v).ok()) {
                request = request.header(name, value);
            }
        }
        if let Some(password) = &self.rspamd {
            let mut value = HeaderValue::from_str(password.expose())
                .map_err(|_| (Step::Answer, "the password has characters that HTTP cannot carry".into()))?;
            value.set_sensitive(true);
            request = request.header("Password", value);
        }
        request.body(Full::new(Bytes::from_owner(message.clone()))).map_err(|e| (Step::Name, e.to_string()))
    }
}
