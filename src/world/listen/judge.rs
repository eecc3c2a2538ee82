//! Verifies what was taken, writes the verdicts on top of it, and diagnoses the result: the engine twice, the second
//! time with the answers of the first.

use super::{Heard, Received, Taken};
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::Reading;
use crate::listen::stamp::{self, Stamp};
use crate::listen::{Mail, verdicts};
use crate::world::dns::Settings;
use crate::world::run::{Ended, Runner};
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use tokio::sync::{mpsc, watch};

/// Messages of one judge that wait for DNS at once.
const AT_ONCE: usize = 32;

/// An authserv-id that no field can bear: what we verify ourselves is not taken from what a stranger wrote.
const NOBODY: &str = "nobody.invalid";

pub(super) struct Judge {
    /// The authserv-id.
    pub name: String,
    pub settings: Settings,
    pub offline: bool,
    /// DMARC is obeyed, as far as filing as junk goes.
    pub obeys: bool,
    pub stop: watch::Receiver<bool>,
}

impl Judge {
    /// Works until nothing comes any more. A message that breaks the program costs its own result.
    pub fn work(self, mut taken: mpsc::Receiver<Taken>, heard: &SyncSender<Heard>) {
        // Without a thread of its own DNS could not be asked; nothing then is judged, and it is told.
        let Ok(runner) = Runner::new(self.settings.clone()) else { return };
        runner.block_on(async {
            let mut under_way = FuturesUnordered::new();
            loop {
                tokio::select! {
                    next = taken.recv(), if under_way.len() < AT_ONCE => match next {
                        Some(next) => {
                            let (id, client, at) = (next.id.clone(), next.mail.client, next.at);
                            let work = AssertUnwindSafe(self.judge(&runner, next)).catch_unwind();
                            under_way.push(work.map(move |done| match done {
                                Ok(received) => Heard::Received(Box::new(received)),
                                Err(_) => Heard::Broken { client, id, at },
                            }));
                        }
                        None => break,
                    },
                    Some(done) = under_way.next() => {
                        if heard.send(done).is_err() {
                            return;
                        }
                    }
                }
            }
            while let Some(done) = under_way.next().await {
                if heard.send(done).is_err() {
                    return;
                }
            }
        });
    }

    async fn judge(&self, runner: &Runner, taken: Taken) -> Received {
        let Taken { id, at, mut mail, _held } = taken;
        let unverified = Stamp { name: &self.name, id: &id, at, client_name: None, results: None };
        let (bytes, forged) = stamp::deliver(&mail, &unverified);
        let evidence = self.evidence(&id, bytes, at, self.connection(&mail));
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let (facts, first) = runner.gather(evidence, reading, self.stopped()).await;

        let junk = self.obeys && verdicts::is_junk(&facts);
        let results = verdicts::of(&facts, junk);
        let verified = Stamp { client_name: verdicts::client_name(&facts), results: Some(&results), ..unverified };
        let (bytes, _) = stamp::deliver(&mail, &verified);
        mail.content = Vec::new();
        let said = Said { resolver: self.settings.resolvers.first().copied(), ..Said::default() };
        let known = facts.evidence.answers.clone();
        let evidence = Evidence { answers: known, ..self.evidence(&id, bytes, at, said) };
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        drop(facts);
        let (diagnosis, second) = runner.diagnose(evidence, reading, self.stopped()).await;
        let cut = matches!(first, Ended::Stopped) || matches!(second, Ended::Stopped);
        Received { id, at, mail, forged, results, junk, diagnosis, cut }
    }

    fn evidence(&self, id: &str, bytes: Vec<u8>, at: jiff::Timestamp, said: Said) -> Evidence {
        let name = format!("message {id}");
        // A notice is judged as the message it is, for it was received here.
        let input = Input::read(&name, bytes, Some(InputKind::Message))
            .unwrap_or_else(|refusal| Input::unreadable(&name, &refusal));
        Evidence::new(input, said, at, self.offline)
    }

    /// What the connection says, of which nothing is written yet.
    fn connection(&self, mail: &Mail) -> Said {
        Said {
            ip: Some(mail.client),
            helo: Some(mail.helo.clone()).filter(|name| !name.is_empty()),
            mail_from: Some(mail.mail_from.clone().unwrap_or_else(|| "<>".to_owned())),
            trust: Some(NOBODY.to_owned()),
            ..Said::default()
        }
    }

    fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stop = self.stop.clone();
        async move {
            // An end without a word is one too.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }
}
