//! What is written down of a session, as it happens. A secret never comes here, nor does what a server echoes of it.

use super::{Order, Progress, Wait};
use crate::evidence::errand::Tls;
use crate::evidence::transcript::{Left, Line, Stage, Stop, Transcript, Way};
use crate::send::Route;
use crate::world::secret::Credentials;
use crate::world::tls::Fault;
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// A secret that is shorter is a word that may stand anywhere.
const TELLING: usize = 4;

/// The stand-in.
const HIDDEN: &str = "***";

pub(super) struct Log<'a> {
    began: Instant,
    inner: RefCell<Inner<'a>>,
}

struct Inner<'a> {
    progress: Progress,
    /// The EHLO keywords last heard.
    offered: Vec<String>,
    hidden: Vec<Zeroizing<String>>,
    /// The refusal that stands while the next try is waited for.
    put_off: Option<Stop>,
    on: &'a mut dyn FnMut(&Progress),
}

impl<'a> Log<'a> {
    pub fn new(order: &Order, on: &'a mut dyn FnMut(&Progress)) -> Log<'a> {
        let (host, direct) = match &order.draft.route {
            Route::Via { host, .. } => (host.clone(), false),
            Route::Direct => (order.draft.to.domain().to_owned(), true),
        };
        let transcript = Transcript::new(jiff::Timestamp::now(), host, order.draft.security, direct);
        let progress = Progress { transcript, waiting: None, over: false };
        let hidden = order.credentials.iter().flat_map(spellings).collect();
        let inner = Inner { progress, offered: Vec::new(), hidden, put_off: None, on };
        Log { began: Instant::now(), inner: RefCell::new(inner) }
    }

    /// A secret that came later.
    pub fn hide_too(&self, credentials: &Credentials) {
        self.inner.borrow_mut().hidden.extend(spellings(credentials));
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let inner = &mut *self.inner.borrow_mut();
        change(&mut inner.progress);
        (inner.on)(&inner.progress);
    }

    fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX)
    }

    fn line(&self, way: Way, text: &str) {
        let (text, at_ms) = (self.hide(text), self.now());
        self.change(|p| {
            p.waiting = None;
            p.transcript.lines.push(Line { at_ms, way, text });
        });
    }

    pub fn sent(&self, text: &str) {
        self.line(Way::Sent, text);
    }

    pub fn heard(&self, text: &str) {
        self.line(Way::Heard, text);
    }

    pub fn note(&self, text: &str) {
        self.line(Way::Note, text);
    }

    pub fn stage(&self, stage: Stage) {
        self.change(|p| p.transcript.stage = stage);
    }

    pub fn wait(&self, what: &str, patience: Duration) {
        let limit = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
        let until_ms = self.now().saturating_add(limit);
        self.change(|p| p.waiting = Some(Wait { what: what.to_owned(), until_ms, resumes: false }));
    }

    /// It was put off, and is tried again after this pause.
    pub fn pauses(&self, stop: Stop, pause: Duration, of: u32) {
        self.inner.borrow_mut().put_off = Some(stop);
        let next = self.inner.borrow().progress.transcript.tries + 1;
        self.note(&format!("put off on purpose (greylisting): try {next} of {of} follows in {} s", pause.as_secs()));
        self.wait(&format!("try {next} of {of}"), pause);
        self.change(|p| p.waiting.iter_mut().for_each(|wait| wait.resumes = true));
    }

    /// The next try begins, and knows nothing of the one before.
    pub fn tries_again(&self) {
        let inner = &mut *self.inner.borrow_mut();
        (inner.put_off, inner.offered) = (None, Vec::new());
        let t = &mut inner.progress.transcript;
        (t.stage, t.tls, t.left) = (Stage::Route, None, Left::No);
        t.tries += 1;
    }

    /// The refusal that stands where the pause after it is cut short.
    pub fn put_off(&self) -> Option<Stop> {
        self.inner.borrow_mut().put_off.take()
    }

    /// Whom it is tried with.
    pub fn tries(&self, host: &str, address: SocketAddr) {
        self.change(|p| {
            p.transcript.stage = Stage::Connect;
            p.transcript.host = host.to_owned();
            p.transcript.address = Some(address);
        });
    }

    pub fn own(&self, own: IpAddr) {
        self.change(|p| p.transcript.own = Some(own));
    }

    pub fn tls(&self, tls: Tls) {
        self.change(|p| p.transcript.tls = Some(tls));
    }

    pub fn left(&self) -> Left {
        self.inner.borrow().progress.transcript.left
    }

    pub fn leaves(&self, left: Left) {
        self.change(|p| p.transcript.left = left);
    }

    pub fn offered(&self, keywords: &[String]) {
        self.inner.borrow_mut().offered = keywords.to_vec();
    }

    /// It cannot go on.
    pub fn broke(&self, (step, why): Fault) -> Stop {
        Stop::Broke { step, why: self.hide(&why), offered: self.inner.borrow().offered.clone() }
    }

    pub fn refused(&self, reply: &str) -> Stop {
        Stop::Refused { reply: self.hide(reply) }
    }

    fn hide(&self, text: &str) -> String {
        self.inner.borrow().hidden.iter().fold(text.to_owned(), |text, secret| text.replace(&**secret, HIDDEN))
    }

    pub fn end(&self, stop: Option<Stop>) {
        self.change(|p| {
            p.transcript.stop = stop;
            p.waiting = None;
            p.over = true;
        });
    }

    pub fn transcript(&self) -> Transcript {
        self.inner.borrow().progress.transcript.clone()
    }
}

/// How a secret may come back: as it is, and as it is told.
fn spellings(credentials: &Credentials) -> Vec<Zeroizing<String>> {
    let secret = credentials.secret.expose();
    if secret.len() < TELLING {
        return Vec::new();
    }
    // The longest first: a shorter one may stand in it.
    vec![
        super::auth::xoauth2(credentials),
        super::auth::plain(credentials),
        super::auth::encoded(secret.as_bytes()),
        Zeroizing::new(secret.to_owned()),
    ]
}
