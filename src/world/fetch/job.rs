//! A fetch in the background.

use super::{Audience, Fetcher, Wanted};
use crate::diagnose::Diagnosis;
use crate::fetch::Wait;
use crate::world::dns::Settings;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A fetch that goes on in a thread of its own; dropping it stops it.
#[derive(Debug)]
pub struct Job {
    _stop: oneshot::Sender<()>,
    more: mpsc::UnboundedSender<Duration>,
}

impl Job {
    /// Waits longer.
    pub fn longer(&self, by: Duration) {
        let _ = self.more.send(by);
    }
}

/// Begins a fetch; `prepare` may block, on a command that tells a password for one. `keep` saves a diagnosis, and `on`
/// is called from that thread with every state, or with why there is none.
pub fn spawn(
    settings: Settings,
    prepare: impl FnOnce() -> Result<Wanted, String> + Send + 'static,
    keep: impl FnMut(&Diagnosis) -> Option<String> + Send + 'static,
    mut on: impl FnMut(Result<&Wait, String>) + Send + 'static,
) -> std::io::Result<Job> {
    let (stop, stopped) = oneshot::channel();
    let (more, mores) = mpsc::unbounded_channel();
    std::thread::Builder::new().name("fetch".into()).spawn(move || {
        let begun = prepare().and_then(|wanted| Ok((Fetcher::new(&settings).map_err(|e| e.to_string())?, wanted)));
        match begun {
            Ok((fetcher, wanted)) => {
                let mut ears = Ears { keep, on };
                let wait = fetcher.run_for(&wanted, stopped, mores, &mut ears);
                (ears.on)(Ok(&wait));
            }
            Err(why) => on(Err(why)),
        }
    })?;
    Ok(Job { _stop: stop, more })
}

struct Ears<K, O> {
    keep: K,
    on: O,
}

impl<K: FnMut(&Diagnosis) -> Option<String>, O: FnMut(Result<&Wait, String>)> Audience for Ears<K, O> {
    fn heard(&mut self, wait: &mut Wait) {
        wait.take_news();
        (self.on)(Ok(wait));
    }

    fn judged(&mut self, _: &Wait, _: usize, diagnosis: &Diagnosis) -> Option<String> {
        (self.keep)(diagnosis)
    }
}
