//! Errands performed: one GET, or one conversation with a mail host. Every failure is a value, every wait has an end.

mod dial;
mod https;
mod smtp;

use super::addresses::AddressMap;
use super::dns::{Asker, Settings};
use super::reach::late;
use super::tls::{Authorities, Trust};
use crate::evidence::errand::{Brought, Errand, What};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Errands under way at most.
const AT_ONCE: usize = 32;

/// Tries (as of a DNS question) that one wait for an answer may take: greylisters and tar pits let a stranger wait for
/// several seconds before they speak.
const PATIENCE: u32 = 4;

/// Performs errands. Cheap to clone.
#[derive(Clone)]
pub struct Courier(Arc<Inner>);

struct Inner {
    asker: Asker,
    addresses: AddressMap,
    try_timeout: Duration,
    authorities: Authorities,
    /// Read when the first errand wants it.
    trust: OnceLock<Trust>,
    window: Semaphore,
}

impl Courier {
    /// Host names are looked up through `asker`.
    pub fn new(settings: &Settings, asker: Asker) -> Courier {
        Courier(Arc::new(Inner {
            asker,
            addresses: settings.addresses.clone(),
            try_timeout: settings.try_timeout,
            authorities: settings.authorities.clone(),
            trust: OnceLock::new(),
            window: Semaphore::new(AT_ONCE),
        }))
    }

    /// Performs one errand; whatever has been learnt by `until` is the result. Must be called inside a tokio runtime.
    pub async fn perform(&self, errand: &Errand, until: Instant) -> Brought {
        // Closed never: the window lives as long as whoever waits at it.
        let _place = self.0.window.acquire().await;
        let (began, at) = (Instant::now(), jiff::Timestamp::now());
        let done = match errand {
            Errand::Https { url, follow } => self.0.get(url, *follow, until).await,
            Errand::Http { host } => self.0.knock(host, until).await,
            Errand::Smtp(probe) => self.0.talk(probe, until).await,
        };
        let what = done.unwrap_or_else(|(step, why)| What::Failed { step, why });
        Brought { what, at, elapsed_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX) }
    }
}

impl Inner {
    fn trust(&self) -> &Trust {
        self.trust.get_or_init(|| Trust::new(&self.authorities))
    }

    /// When a wait that begins now is given up.
    fn patience(&self, until: Instant) -> Instant {
        until.min(Instant::now() + PATIENCE * self.try_timeout)
    }
}
