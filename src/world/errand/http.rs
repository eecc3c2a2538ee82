//! One request over a connection, one answer of bounded size.

use crate::evidence::errand::{Step, What};
use crate::world::tls::Fault;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HeaderName, LOCATION};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error as _;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};

pub(super) const AGENT: &str = concat!("postdoc/", env!("CARGO_PKG_VERSION"));

/// The request there, the answer back: `limit` bytes of a header, and of a body.
pub(super) async fn exchange<S, B>(stream: S, request: Request<B>, limit: usize) -> Result<What, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
    B: Body<Data = Bytes, Error = std::convert::Infallible> + 'static,
{
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(limit).handshake(TokioIo::new(stream)).await.map_err(fault)?;
    let work = pin!(async move {
        let response = sender.send_request(request).await.map_err(fault)?;
        let status = response.status();
        let (content_type, location) = (text(&response, CONTENT_TYPE), text(&response, LOCATION));
        let body = Limited::new(response.into_body(), limit).collect().await.map_err(|e| broken(e, limit))?;
        Ok(What::Page {
            status: status.as_u16(),
            content_type,
            location: location.filter(|_| status.is_redirection()),
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        })
    });
    // The connection may be over before its last bytes are looked at.
    match select(work, pin!(connection)).await {
        Either::Left((done, _)) => done,
        Either::Right((_, work)) => work.await,
    }
}

fn text<B>(response: &Response<B>, name: HeaderName) -> Option<String> {
    response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>, limit: usize) -> Fault {
    match error.downcast::<hyper::Error>() {
        Ok(e) => fault(*e),
        Err(e) if e.is::<LengthLimitError>() => {
            (Step::Answer, format!("the answer is larger than {} KiB", limit / 1024))
        }
        Err(e) => (Step::Answer, e.to_string()),
    }
}

fn fault(error: hyper::Error) -> Fault {
    let why = match () {
        () if error.is_parse() => format!("the answer is not HTTP as it should be: {error}"),
        () if error.is_incomplete_message() || error.is_canceled() || hung_up(&error) => {
            "hung up before the answer was whole".into()
        }
        () => error.to_string(),
    };
    (Step::Answer, why)
}

/// Did the other side end it, with or without the goodbye of TLS?
fn hung_up(error: &hyper::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let mut cause = error.source();
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)) {
            return true;
        }
        cause = error.source();
    }
    false
}
