//! One connection: carries bytes between a socket and a [`Session`], within the limits of time and memory.

use super::{Held, Shared};
use crate::listen::{Encryption, Session, Turn};
use crate::world::tls::fault;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes read at once.
const CHUNK: usize = 4096;

/// How long a client may take to accept a reply, and for its part of a handshake.
const PATIENCE: Duration = Duration::from_secs(30);

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A client's place among those of the same address.
pub(super) struct Place {
    shared: Arc<Shared>,
    peer: IpAddr,
}

impl Place {
    /// `None` where an address holds too many already.
    pub fn of(shared: &Arc<Shared>, peer: IpAddr) -> Option<Place> {
        let mut all = shared.per_client.lock().ok()?;
        let count = all.entry(peer).or_default();
        if *count >= shared.limits.per_client {
            return None;
        }
        *count += 1;
        Some(Place { shared: shared.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Ok(mut all) = self.shared.per_client.lock() else { return };
        if let Some(count) = all.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.peer);
            }
        }
    }
}

/// Serves one client to the end.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, client: IpAddr, _place: Place) {
    let _ = stream.set_nodelay(true);
    let session = Session::new(shared.policy.clone(), client, shared.tls.is_some());
    let until = Instant::now() + shared.limits.session;
    let held = Held::new(&shared.memory);
    let mut connection = Connection { shared, client, session, wire: Some(Box::new(stream)), until, held };
    connection.run().await;
}

struct Connection {
    shared: Arc<Shared>,
    client: IpAddr,
    session: Session,
    wire: Option<Box<dyn Wire>>,
    until: Instant,
    held: Held,
}

impl Connection {
    async fn run(&mut self) {
        let mut buffer = vec![0; CHUNK];
        let mut turn = Turn::Read;
        loop {
            if self.held.set(self.session.held()) > self.shared.limits.memory && self.session.amid_message() {
                self.session.hang_up(421, "4.3.2", "too much under way just now, try again later");
                self.note("421 4.3.2 too much under way");
                turn = Turn::Close;
            }
            for reply in self.session.refused() {
                self.note(&reply);
            }
            if self.send().await.is_none() {
                return;
            }
            turn = match turn {
                Turn::Read => match self.read(&mut buffer).await {
                    Some(next) => next,
                    None => return,
                },
                Turn::Handshake => match self.handshake().await {
                    Some(()) => Turn::Read,
                    None => return,
                },
                Turn::Message(mail) => {
                    match self.shared.take(*mail) {
                        Ok(id) => self.session.taken(&id),
                        Err(why) => self.session.busy(why),
                    }
                    self.session.turn()
                }
                Turn::Close => {
                    if let Some(wire) = &mut self.wire {
                        let _ = timeout(PATIENCE, wire.shutdown()).await;
                    }
                    return;
                }
            };
        }
    }

    fn note(&self, reply: &str) {
        self.shared.refused(self.client, reply);
    }

    /// Sends what waits; `None` where the client is gone.
    async fn send(&mut self) -> Option<()> {
        let output = self.session.output();
        let wire = self.wire.as_mut()?;
        if !output.is_empty() {
            let sending = async {
                wire.write_all(&output).await?;
                wire.flush().await
            };
            timeout(PATIENCE, sending).await.ok()?.ok()?;
        }
        Some(())
    }

    /// Waits for bytes, silence, or the end; `None` where the client is gone.
    async fn read(&mut self, buffer: &mut [u8]) -> Option<Turn> {
        let wire = self.wire.as_mut()?;
        let patience = self.until.min(Instant::now() + self.shared.limits.idle);
        let mut stop = self.shared.stop.clone();
        tokio::select! {
            read = timeout_at(patience, wire.read(buffer)) => match read {
                Ok(Ok(0) | Err(_)) => None,
                Ok(Ok(n)) => Some(self.session.feed(buffer.get(..n)?)),
                Err(_) => {
                    self.session.hang_up(421, "4.4.2", "no more time");
                    self.note("421 4.4.2 no more time");
                    Some(Turn::Close)
                }
            },
            _ = stop.wait_for(|stop| *stop) => {
                if self.session.amid_message() {
                    self.shared.tally.unfinished.fetch_add(1, Ordering::Relaxed);
                }
                self.session.hang_up(421, "4.3.2", "this server ends");
                Some(Turn::Close)
            }
        }
    }

    /// `None` where no handshake came about.
    async fn handshake(&mut self) -> Option<()> {
        let (acceptor, wire) = (self.shared.tls.clone()?, self.wire.take()?);
        let stream = match timeout(PATIENCE, acceptor.accept(wire)).await {
            Ok(Ok(stream)) => stream,
            failed => {
                let why = failed.map_or("no time left".to_owned(), |r| r.err().map_or(String::new(), |e| fault(&e).1));
                self.note(&format!("TLS handshake failed: {why}"));
                return None;
            }
        };
        let (_, tls) = stream.get_ref();
        let version = tls.protocol_version().and_then(|v| v.as_str().map(|v| v.replace('_', ".")));
        let cipher = tls.negotiated_cipher_suite().and_then(|s| s.suite().as_str());
        self.session.encrypted(Encryption {
            version: version.unwrap_or_else(|| "TLS".to_owned()),
            // rustls marks those of TLS 1.3; IANA does not.
            cipher: cipher.unwrap_or("unknown").replace("TLS13_", "TLS_"),
        });
        self.wire = Some(Box::new(stream));
        Some(())
    }
}
