//! Mail that is sent, fetched and received, each in the background.

use super::Outside;
use super::case::keep_session;
use crate::cli::mailboxes;
use crate::diagnose::Diagnosis;
use crate::evidence::Said;
use crate::evidence::case::Case;
use crate::fetch::Order;
use crate::listen::{Policy, bind};
use crate::send::{Draft, Sealed, Sent};
use crate::tui::fetches::Asked;
use crate::tui::listens::{Asked as Listening, Tls};
use crate::tui::world::{OnFetch, OnSend, OnTold, Ready};
use crate::world::dns::Settings;
use crate::world::fetch;
use crate::world::listen::{self, Certificate};
use crate::world::send as session;
use std::sync::Arc;

impl Outside {
    pub(super) fn sending(&self, ready: Ready, mut on: OnSend) -> Result<session::Job, String> {
        if self.offline {
            return Err("sending needs the network, and --offline forbids it".into());
        }
        let Ready { letters, strangers, login, authorities, .. } = ready;
        if let Some(state) = &self.state {
            strangers.iter().try_for_each(|to| state.learn_recipient(to)).map_err(|e| e.to_string())?;
        }
        let order = |Sealed { draft, composed }| session::Order {
            draft,
            message: composed.bytes.into(),
            credentials: None,
            retry: session::Retry::Beside,
        };
        let orders: Vec<session::Order> = letters.into_iter().map(order).collect();
        let authorities = self.settings.authorities.and(&authorities);
        let settings = Settings { timeout: session::TIMEOUT, authorities, ..self.settings.clone() };
        let state = self.state.clone();
        let sent: Vec<(Draft, Arc<[u8]>)> = orders.iter().map(|o| (o.draft.clone(), o.message.clone())).collect();
        let on = move |news: session::News| {
            if let (session::News::State(n, progress), Some(state)) = (&news, &state)
                && let Some((draft, message)) = sent.get(*n).filter(|_| progress.over)
            {
                let transcript = Arc::new(progress.transcript.clone());
                keep_session(state, &Sent { draft: draft.clone(), message: message.clone(), transcript });
            }
            on(news);
        };
        session::spawn(&settings, orders, login, on).map_err(|e| e.to_string())
    }

    pub(super) fn fetching(&self, asked: Asked, on: OnFetch) -> Result<fetch::Job, String> {
        let state = self.state.clone();
        let resolver = self.settings.resolvers.first().copied();
        let (offline, now, saved) = (self.offline, self.now, self.saved.clone());
        let prepare = move || {
            Ok(fetch::Wanted {
                boxes: mailboxes::asked(&asked, &saved, offline).map_err(|e| format!("{e:#}"))?,
                order: Order { sought: asked.sought, header_only: asked.header_only, timeout: asked.timeout },
                insecure: false,
                pace: fetch::PACE,
                said: Said { resolver, ..Said::default() },
                now,
                offline,
                sent: asked.sent,
            })
        };
        let keep = move |diagnosis: &Diagnosis| {
            let evidence = &diagnosis.facts.evidence;
            let state = state.as_ref().filter(|_| evidence.input.kind.is_judged())?;
            let case = Case::new(evidence, false);
            state.save_case(&case, diagnosis).ok().map(|_| case.id)
        };
        fetch::spawn(self.settings.clone(), prepare, keep, on).map_err(|e| e.to_string())
    }

    pub(super) fn listening(&self, asked: Listening, on: OnTold) -> Result<listen::Job, String> {
        let certificate = match &asked.tls {
            Tls::Own => Some(Certificate::own(&asked.name)),
            Tls::Files { chain, key } => Some(Certificate::read(chain, key)),
            Tls::NotOffered => None,
        };
        let options = listen::Options {
            address: asked.address,
            policy: Policy::new(&asked.name, asked.recipients),
            certificate: certificate.transpose()?,
            settings: self.settings.clone(),
            offline: self.offline,
            limits: listen::Limits::default(),
            count: asked.count,
            client: None,
            obeys: false,
            now: self.now,
        };
        listen::spawn(options, asked.limit, on).map_err(|e| bind::refused(asked.address, &e))
    }
}
