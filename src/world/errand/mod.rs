//! Errands performed: one GET, one conversation with a mail host, one handshake, one question to a filter of the user's own.
//! Every failure is a value, every wait has an end.

mod dial;
mod http;
mod https;
mod rspamd;
mod smtp;
mod spamd;

use super::addresses::AddressMap;
use super::dns::{Asker, Settings};
use super::reach::{self, late};
use super::secret::Secret;
use super::tls::{Authorities, Fault, Trust};
use crate::evidence::Input;
use crate::evidence::errand::{Brought, Errand, Step, What};
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
    /// A resolver was named: it has the last word on names.
    named: bool,
    rspamd: Option<Secret>,
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
            named: !settings.resolvers.is_empty(),
            rspamd: settings.rspamd_password.clone(),
            trust: OnceLock::new(),
            window: Semaphore::new(AT_ONCE),
        }))
    }

    /// Performs one errand; whatever has been learnt by `until` is the result. `input` is what a filter is asked
    /// about. Must be called inside a tokio runtime.
    pub async fn perform(&self, errand: &Errand, input: &Input, until: Instant) -> Brought {
        // Closed never: the window lives as long as whoever waits at it.
        let _place = self.0.window.acquire().await;
        let (began, at) = (Instant::now(), jiff::Timestamp::now());
        let done = match errand {
            Errand::Https { url, follow } => self.0.get(url, *follow, until).await,
            Errand::Http { host } => self.0.knock(host, until).await,
            Errand::Smtp(probe) => self.0.talk(probe, until).await,
            Errand::Handshake { host } => self.0.handshake(host, until).await,
            Errand::Spamd { at } => self.0.spamd(at, &input.text, until).await,
            Errand::Rspamd(scan) => self.0.rspamd(scan, &input.text, until).await,
        };
        let what = done.unwrap_or_else(|(step, why)| What::Failed { step, why });
        Brought { what, at, elapsed_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX) }
    }
}

impl Inner {
    fn trust(&self) -> &Trust {
        self.trust.get_or_init(|| Trust::new(&self.authorities))
    }

    /// A handshake on port 443; a bad certificate is noted, and does not end it.
    async fn handshake(&self, host: &str, until: Instant) -> Result<What, Fault> {
        let stream = self.reach(host, 443, until).await?;
        let (config, noted) = self.trust().lenient().map_err(|e| (Step::Tls, e.to_string()))?;
        let stream = self.secure(stream, host, config, until).await?;
        Ok(What::Handshake(reach::seen(stream.get_ref().1, &noted)))
    }

    /// When a wait that begins now is given up.
    fn patience(&self, until: Instant) -> Instant {
        until.min(Instant::now() + PATIENCE * self.try_timeout)
    }
}
