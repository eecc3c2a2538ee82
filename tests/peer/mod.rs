//! The other end of a connection on loopback: whoever takes it and says what it is told to.

use postdoc::evidence::errand::{Step, What};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Takes connections for as long as the test runs.
pub fn listen<F, W>(handle: F) -> SocketAddr
where
    F: Fn(TcpStream) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// Nobody listens here.
pub fn closed() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Sends the same bytes for ever, with a pause in between.
pub async fn for_ever(mut stream: impl AsyncWrite + Unpin, bytes: &[u8], pause: Duration) {
    while stream.write_all(bytes).await.is_ok() {
        match pause.is_zero() {
            true => tokio::task::yield_now().await,
            false => tokio::time::sleep(pause).await,
        }
    }
}

/// Keeps the connection, and says nothing more.
pub async fn silence(stream: impl Sized) {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    drop(stream);
}

/// At which step an errand failed, and why.
pub fn fault(what: What) -> (Step, String) {
    match what {
        What::Failed { step, why } => (step, why),
        other => panic!("{other:?}"),
    }
}
