//! The user's own SpamAssassin asked about a message, as spamc does (spamd/PROTOCOL of Apache SpamAssassin).

use super::{Inner, late};
use crate::evidence::errand::{Step, What};
use crate::world::tls::Fault;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Bytes of an answer: a verdict, and the names of some hundred rules.
const LIMIT: u64 = 64 * 1024;

impl Inner {
    /// Hands the message over. It may take as long as there is time: a filter asks others too.
    pub(super) async fn spamd(&self, at: &str, message: &[u8], until: Instant) -> Result<What, Fault> {
        if at.starts_with('/') {
            return self.spamd_socket(at, message, until).await;
        }
        let (host, port) = at
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?)))
            .ok_or_else(|| (Step::Name, format!("{at} is neither HOST:PORT nor the path of a socket")))?;
        converse(self.reach_own(host, port, until).await?, message, until).await
    }

    #[cfg(unix)]
    async fn spamd_socket(&self, path: &str, message: &[u8], until: Instant) -> Result<What, Fault> {
        let began = Instant::now();
        let stream = match timeout_at(until.min(began + self.try_timeout), tokio::net::UnixStream::connect(path)).await
        {
            Ok(stream) => stream.map_err(|e| (Step::Connect, format!("{path}: {e}")))?,
            Err(_) => return Err((Step::Connect, late(&format!("{path}: no answer"), began).1)),
        };
        converse(stream, message, until).await
    }

    #[cfg(not(unix))]
    async fn spamd_socket(&self, path: &str, _: &[u8], _: Instant) -> Result<What, Fault> {
        Err((Step::Connect, format!("{path}: there are no such sockets here; name HOST:PORT")))
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    message: &[u8],
    until: Instant,
) -> Result<What, Fault> {
    let began = Instant::now();
    let work = async {
        let head = format!("SYMBOLS SPAMC/1.5\r\nContent-length: {}\r\n\r\n", message.len());
        // Who refuses at once says why, and need not have read it all.
        let told = async {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(message).await?;
            stream.shutdown().await
        };
        let told = told.await;
        let mut answer = Vec::new();
        let heard = (&mut stream).take(LIMIT + 1).read_to_end(&mut answer).await;
        match (told, heard) {
            _ if answer.len() as u64 > LIMIT => {
                Err((Step::Answer, format!("the answer is larger than {} KiB", LIMIT / 1024)))
            }
            (Err(_), _) | (_, Err(_)) if answer.is_empty() => Err((Step::Answer, "hung up".into())),
            _ if answer.is_empty() => Err((Step::Answer, "hung up without an answer".into())),
            _ => Ok(What::Spamd { answer: String::from_utf8_lossy(&answer).into_owned() }),
        }
    };
    timeout_at(until, work).await.unwrap_or_else(|_| Err(late("no whole answer", began)))
}
