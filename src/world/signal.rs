//! Signals that ask the program to stop.

use super::temporary;
use std::time::Duration;
use tokio::sync::watch;

/// How long the program may take to come to an end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// Hears SIGINT and SIGTERM for a whole command, however many runs it makes and between them.
///
/// The first signal asks: what is known so far is still printed. A second one ends the program at once, as
/// does the end of [`GRACE`]: whoever computes, or writes to a pipe that nobody reads, hears nothing.
#[derive(Clone, Debug)]
pub struct Signals(watch::Receiver<u8>);

impl Signals {
    /// Listens from now on. Where that is impossible, the system's own ways stay in force.
    pub fn listen() -> Signals {
        let (came, heard) = watch::channel(0);
        // Gone without a word means that none will come.
        let _ = start(came);
        Signals(heard)
    }

    /// The number of the signal, once there is one.
    pub async fn stop(&self) -> u8 {
        let mut heard = self.0.clone();
        let came = heard.wait_for(|&signal| signal != 0).await.map(|signal| *signal);
        match came {
            Ok(signal) => signal,
            Err(_) => std::future::pending().await,
        }
    }

    /// The number of the signal that came, if one did.
    pub fn came(&self) -> Option<u8> {
        Some(*self.0.borrow()).filter(|&signal| signal != 0)
    }
}

fn start(came: watch::Sender<u8>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the thread: no signal may fall between.
    let mut source = {
        let _inside = runtime.enter();
        Source::new()?
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let first = source.next().await;
            came.send_replace(first);
            let last = tokio::time::timeout(GRACE, source.next()).await.unwrap_or(first);
            temporary::remove_all();
            std::process::exit(128 + i32::from(last));
        });
    })?;
    Ok(())
}

#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn new() -> std::io::Result<Source> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Source { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }
}

/// Elsewhere Ctrl+C counts as SIGINT.
#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> std::io::Result<Source> {
        Ok(Source)
    }

    async fn next(&mut self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 2,
            Err(_) => std::future::pending().await,
        }
    }
}
