//! A receiving server in the background.

use super::{Heard, Options, Server, Total};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;

/// A server that goes on by itself; dropping it stops it.
#[derive(Debug)]
pub struct Job {
    _stop: oneshot::Sender<()>,
}

/// What it tells.
#[derive(Debug)]
pub enum Told {
    /// It takes connections at this address.
    Open(SocketAddr),
    Heard(Heard, Total),
    /// The time is up, as many messages have come as were wanted, or it was stopped.
    Over(Total),
}

/// Begins to listen, for so long at most; `on` is called from a thread of its own.
pub fn spawn(options: Options, limit: Duration, mut on: impl FnMut(Told) + Send + 'static) -> std::io::Result<Job> {
    let (stop, stopped) = oneshot::channel::<()>();
    let ending = async move {
        // Dropped is stopped too.
        let _ = tokio::time::timeout(limit, stopped).await;
    };
    let (server, heard) = Server::start(options, ending)?;
    std::thread::Builder::new().name("listen".into()).spawn(move || {
        on(Told::Open(server.address));
        for heard in heard {
            on(Told::Heard(heard, server.total()));
        }
        on(Told::Over(server.total()));
    })?;
    Ok(Job { _stop: stop })
}
