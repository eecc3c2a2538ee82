//! One GET over TLS, or in the clear on port 80: no cookies, no cache, a body of bounded size, redirections only where they are wanted.

use super::http::{self, AGENT};
use super::{Inner, late};
use crate::evidence::errand::{Step, What};
use crate::world::tls::Fault;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Uri};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// Bytes of a header and of a body: RFC 8461 §3.3 suggests 64 KiB for a policy.
const LIMIT: usize = 64 * 1024;

/// Redirections followed at most.
const HOPS: usize = 5;

/// RDAP servers want to be asked for their type (RFC 7480 §4.2), the others do not mind.
const ACCEPTED: &str = "application/rdap+json, text/plain, application/json, */*;q=0.5";

/// A challenge of nobody.
const CHALLENGE: &str = "/.well-known/acme-challenge/postdoc";

/// What a URL leads to.
struct Target {
    host: String,
    port: u16,
    /// Path and query.
    path: String,
}

impl Inner {
    /// GETs a page, following redirections to other `https:` pages if asked to.
    pub(super) async fn get(&self, url: &str, follow: bool, until: Instant) -> Result<What, Fault> {
        let mut target =
            target(url).ok_or_else(|| (Step::Name, format!("{url} is no https address of a host name")))?;
        for _ in 0..=HOPS {
            let until = self.patience(until);
            let page = self.once(&target, until).await?;
            let What::Page { location: Some(next), .. } = &page else { return Ok(page) };
            if !follow {
                return Ok(page);
            }
            target =
                target.join(next).ok_or_else(|| (Step::Answer, format!("redirects to {next}, which is not https")))?;
        }
        Err((Step::Answer, format!("redirects more than {HOPS} times")))
    }

    async fn once(&self, target: &Target, until: Instant) -> Result<What, Fault> {
        let began = Instant::now();
        let stream = self.reach(&target.host, target.port, until).await?;
        let mut config = self.trust().strict().map_err(|e| (Step::Tls, e.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stream = self.secure(stream, &target.host, config, until).await?;
        timeout_at(until, exchange(target, stream)).await.unwrap_or_else(|_| Err(late("no whole answer", began)))
    }

    /// GETs what an authority would that is to issue a certificate for the host, in the clear on port 80: any answer
    /// shows that it gets through (RFC 8555 §8.3).
    pub(super) async fn knock(&self, host: &str, until: Instant) -> Result<What, Fault> {
        let (began, until) = (Instant::now(), self.patience(until));
        let target = Target { host: host.to_owned(), port: 443, path: CHALLENGE.to_owned() };
        let stream = self.reach(host, 80, until).await?;
        timeout_at(until, exchange(&target, stream)).await.unwrap_or_else(|_| Err(late("no whole answer", began)))
    }
}

/// The request there, the answer back.
async fn exchange(target: &Target, stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<What, Fault> {
    let request = Request::get(&target.path)
        .header(HOST, target.authority())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, ACCEPTED)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|e| (Step::Name, e.to_string()))?;
    http::exchange(stream, request, LIMIT).await
}

fn target(url: &str) -> Option<Target> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host().filter(|_| uri.scheme_str() == Some("https"))?;
    // A name: certificates and our look-up are about names.
    (host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[')).then(|| Target {
        host: host.to_ascii_lowercase(),
        port: uri.port_u16().unwrap_or(443),
        path: uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
    })
}

impl Target {
    fn authority(&self) -> String {
        if self.port == 443 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// A whole address, or a path of the same host (RFC 9110 §10.2.2).
    fn join(&self, location: &str) -> Option<Target> {
        match location.strip_prefix('/') {
            Some(rest) if !rest.starts_with('/') => target(&format!("https://{}{location}", self.authority())),
            _ => target(location),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(target: Option<Target>) -> String {
        target.map_or("-".into(), |t| format!("{} {}", t.authority(), t.path))
    }

    #[test]
    fn only_https_addresses_of_names_are_taken() {
        for (url, want) in [
            ("https://rdap.example/domain/Example.com?x=1", "rdap.example /domain/Example.com?x=1"),
            ("https://RDAP.example:8443", "rdap.example:8443 /"),
            ("http://rdap.example/", "-"),
            ("https://192.0.2.1/", "-"),
            ("https://[2001:db8::1]/", "-"),
            ("file:///etc/passwd", "-"),
            ("nonsense", "-"),
            ("", "-"),
        ] {
            assert_eq!(shown(target(url)), want, "{url}");
        }
    }

    #[test]
    fn a_redirection_leads_to_a_page_or_nowhere() {
        let from = target("https://rdap.example:8443/domain/example.com").unwrap();
        for (location, want) in [
            ("/v1/example.com", "rdap.example:8443 /v1/example.com"),
            ("https://other.example/x", "other.example /x"),
            ("//other.example/x", "-"),
            ("http://other.example/x", "-"),
            ("x", "-"),
        ] {
            assert_eq!(shown(from.join(location)), want, "{location}");
        }
    }
}
