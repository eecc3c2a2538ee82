//! What the evidence says: typed, with the span each fact was read from; never an opinion.
//!
//! Two layers, so that an arriving DNS answer costs only what depends on it:
//! [`Reading`] is read once from the input; [`Facts`] adds what the answers at hand say and
//! names the questions still open ([`Facts::missing`]).

pub mod address;
pub mod again;
pub mod antispam;
pub mod arc;
pub mod authres;
pub mod bounce;
pub mod boundary;
pub mod content;
pub mod dkim;
pub mod dmarc;
pub mod domain;
pub mod freemail;
pub mod header;
pub mod home;
pub mod linked;
pub mod lists;
pub mod local_delivery;
pub mod lookup;
pub mod mail_hosts;
pub mod mime;
pub mod misplaced;
pub mod organization;
pub mod own_filters;
pub mod platform;
pub mod proxied;
pub mod received;
pub mod record;
pub mod report;
pub mod reported;
pub mod reverse;
pub mod sent;
pub mod spf;
pub mod subject;
pub mod tags;
#[cfg(test)]
mod testing;
mod text;

use crate::evidence::said::Part;
use crate::evidence::{Answers, Errand, Evidence, Input, InputKind, Question, Said};
use crate::span::Span;
use lookup::Lookup;
use std::sync::{Arc, OnceLock};

/// What the input itself says: everything that no DNS answer can change.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What a check is about, where the input is a domain or an address: it is judged like a
    /// message whose From and MAIL FROM are the domain's.
    pub subject: Option<subject::Subject>,
    pub header: header::Header,
    pub from: address::From,
    pub return_path: Option<address::ReversePath>,
    pub sender: Option<address::Mailbox>,
    pub reply_to: Vec<address::Mailbox>,
    /// Oldest first.
    pub hops: Vec<received::Hop>,
    pub received_spf: Vec<authres::ReceivedSpf>,
    /// Every Authentication-Results field, top to bottom.
    pub authres: Vec<authres::AuthRes>,
    /// Which of them are believed, and the connection they judged.
    pub boundary: boundary::Boundary,
    /// The message never left the system that it was handed in at: nobody took it over from outside.
    pub inside: Option<boundary::Inside>,
    /// What the believed ones say, merged.
    pub reported: reported::Reported,
    pub signatures: Vec<dkim::Signature>,
    /// Each of the first signatures, held against the body; see [`dkim::signed`].
    pub signed: Vec<Option<Arc<dkim::Signed>>>,
    pub arc: Vec<arc::Set>,
    /// The copy that was sent, held against this one.
    pub beside: Option<Arc<sent::Beside>>,
    /// The bytes that the sets seal.
    pub arc_chain: arc::verify::Chain,
    pub lists: lists::Lists,
    /// What stands in the body; `None` without one.
    pub content: Option<Arc<content::Content>>,
    pub antispam: Vec<antispam::Field>,
    /// The DNS record, where the input is one.
    pub record: Option<record::Pasted>,
    /// The aggregate report, where the input is one.
    pub report: Option<report::Received>,
    /// What a bounce, a reply or a feedback report says; all else is then that of the returned header.
    pub bounce: Option<bounce::Bounce>,
}

impl Reading {
    /// Reads the input once. Cost is linear in its length.
    pub fn read(input: &Input, said: &Said) -> Reading {
        let text = &input.text[..];
        if input.kind == InputKind::Record {
            return Reading { record: record::read(text), ..Reading::default() };
        }
        if input.kind == InputKind::Report {
            return Reading { report: Some(report::read(text)), ..Reading::default() };
        }
        if let Some(subject) = subject::read(input) {
            return Reading { subject: Some(subject), ..Reading::default() };
        }
        match bounce::Bounce::read(input) {
            Some(bounce) => Reading::returned(bounce, input, said),
            None if input.kind.has_header() => Reading::kept(input, said),
            None => Reading::default(),
        }
    }

    /// A message that arrived, or never left.
    fn kept(input: &Input, said: &Said) -> Reading {
        let text = &input.text[..];
        let mut r = Reading::of_header(input.header().clone(), input, said);
        r.inside = boundary::inside(&r, text, said);
        if r.inside.is_some() {
            r.boundary.hop = None;
        }
        r
    }

    fn of_header(header: header::Header, input: &Input, said: &Said) -> Reading {
        let text = &input.text[..];
        let return_path = address::return_path(&header, text);
        let mut r = Reading {
            from: address::From::read(&header, text),
            sender: address::mailboxes(&header, text, "Sender").into_iter().next(),
            reply_to: address::mailboxes(&header, text, "Reply-To"),
            hops: received::read(&header, text),
            received_spf: authres::received_spf(&header, text),
            authres: authres::read(&header, text),
            signatures: dkim::signature::read(&header, text),
            arc: arc::read(&header, text),
            lists: lists::read(&header, text, return_path.as_ref()),
            antispam: antispam::read(&header, text),
            return_path,
            header,
            ..Reading::default()
        };
        r.arc_chain = arc::verify::read(&r.arc, &r.header, &r.lists, input);
        r.signed = dkim::signed::prepare(&r.signatures, &r.header, &r.lists, input);
        r.boundary = boundary::find(&r, text, said);
        let mut verdicts = std::mem::take(&mut r.antispam);
        antispam::upstream::distrust(&mut verdicts, &r, text);
        r.antispam = verdicts;
        r.reported = reported::merge(&r, text);
        r.content = content::read(input, &r.header).map(Arc::new);
        r.beside = input.sent().map(|sent| Arc::new(sent::Beside::read(sent, input, &r)));
        r
    }

    /// The header that a bounce returned. It comes from before the refusal: what servers on the way noted in it is
    /// not the verdict of the one that refused. That verdict is its reply.
    fn returned(bounce: bounce::Bounce, input: &Input, said: &Said) -> Reading {
        let Some(place) = bounce.returned else {
            return Reading { bounce: Some(bounce), ..Reading::default() };
        };
        let mut header = header::Header::within(&input.text, place.start as usize, place.end as usize);
        // A feedback report gives the receiver's verdict beside the message (RFC 6591 §3.1).
        let results = bounce.feedback.iter().flat_map(|f| f.results.iter().copied());
        header.fields.splice(0..0, results);
        let mut r = Reading::of_header(header, input, said);
        if !bounce.was_received() {
            let failed = |r: &bounce::Recipient| r.action == bounce::Action::Failed;
            let because = match bounce.recipients.iter().filter(|r| r.action.is_bad()).any(|r| r.reply.is_some()) {
                true => "The returned header is from before the refusal; the receiver's verdict is its reply.",
                false if bounce.recipients.iter().any(failed) => {
                    "The returned header is from before it failed, and no server's reply is quoted: no receiver has judged it here."
                }
                false => "The header is that of the message as it left: no receiver has judged it here.",
            };
            r.boundary = boundary::Boundary { because: because.into(), ..Default::default() };
            r.received_spf.clear();
            r.antispam.clear();
            // What a mail system returns is not byte for byte what was sent.
            r.signed.clear();
            r.arc_chain = Default::default();
            r.reported = reported::Reported { dmarc: bounce.dmarc_verdict(&r), ..Default::default() };
        }
        r.bounce = Some(bounce);
        r
    }

    /// The mark of a list or forwarder that had the message before the believed verdict was written,
    /// a list's first. Where the last server wrote none, the marks are younger than the verdict.
    pub fn relay_mark(&self) -> Option<Span> {
        let marks = || self.lists.list_manager.iter().chain(&self.lists.forwarder);
        marks().next().copied().filter(|_| self.boundary.handed_on.is_none())
    }

    /// The domains that the message was for, as the servers noted that took it over.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().filter_map(|hop| Some(hop.envelope_to.as_ref()?.value.rsplit_once('@')?.1))
    }

    /// A few lines of a header rather than a header: no server noted that it took the message over, and no body
    /// follows. What is not in it may have been left out.
    pub fn is_fragment(&self) -> bool {
        self.hops.is_empty() && self.header.body.is_none()
    }

    /// The domain a DMARC check starts from: that of the only From address, if there is exactly one.
    /// Where the paste holds no From field, the one the receiver went by (`header.from`).
    pub fn from_domain(&self) -> Option<&str> {
        if let Some(subject) = &self.subject {
            return subject.domain();
        }
        let header_from = || self.reported.dmarc.as_ref().filter(|_| self.from.field.is_none())?.domain.as_deref();
        self.from.domain().or_else(header_from)
    }
}

/// All facts: the reading, and what the answers at hand add to it.
#[derive(Clone, Debug)]
pub struct Facts {
    pub evidence: Arc<Evidence>,
    pub reading: Arc<Reading>,
    /// Who the message says it is: MAIL FROM, HELO and source address with their origin.
    pub identities: boundary::Identities,
    /// `check_host()` for the MAIL FROM identity (HELO where the reverse path is empty).
    pub spf: Option<spf::Check>,
    /// `check_host()` for a connection that the record of the domain is tried with: of no server of the domain.
    pub trial: Option<spf::Check>,
    /// SPF-like TXT records seen: at the MAIL FROM, HELO and From domains, or pasted.
    pub spf_published: Vec<spf::Published>,
    /// The whole SPF tree of the domain that is checked, or of the pasted record.
    pub spf_survey: Option<spf::Survey>,
    /// A key for each signature, or the pasted one, or those of a checked domain that were found or
    /// that the user names.
    pub keys: Vec<dkim::Key>,
    /// What we find of the signatures ourselves.
    pub verified: Vec<dkim::Verification>,
    /// What we find of the ARC chain ourselves; `None` where it cannot be known.
    pub chain: Option<arc::verify::ChainResult>,
    pub dmarc: dmarc::Dmarc,
    pub alignment: organization::Alignment,
    pub reverse: Option<reverse::Reverse>,
    pub helo: Option<reverse::Helo>,
    /// Where the domains of From and MAIL FROM take mail, each once.
    pub mail_hosts: Vec<mail_hosts::MailHosts>,
    /// Whether hosts exist that the message links to.
    pub linked: Vec<linked::Host>,
    /// Domains that a server keeps mail for, as a log or a bounce shows.
    pub local_delivery: Vec<local_delivery::Kept>,
    /// What filters of the user's own say, where they were to be asked.
    pub own_filters: Vec<own_filters::Opinion>,
    /// Records that are missing at their name and stand at another, or were pasted so.
    pub misplaced: misplaced::Search,
    /// Sending platforms recognised in the message, most certain first.
    pub platforms: Vec<platform::Hit>,
    /// Who sends in the domain's name, by a DMARC report, the busiest first.
    pub sources: Vec<report::Source>,
    /// What a check of a domain learns besides.
    pub domain: domain::Domain,
    /// See [`Facts::legs`]; worked out once.
    pub(crate) legs: OnceLock<dmarc::verdict::Legs>,
    /// See [`Facts::rounds`]; worked out once.
    pub(crate) rounds: OnceLock<u32>,
    /// Questions that would tell more, in a stable order.
    pub missing: Vec<Question>,
    /// Errands that would tell more, in a stable order.
    pub errands: Vec<Errand>,
}

impl Facts {
    /// Works out all that depends on answers.
    pub fn gather(evidence: Arc<Evidence>, reading: Arc<Reading>) -> Facts {
        let r = &*reading;
        let lookup = Lookup::over(&evidence);
        let identities = boundary::identities(r, &evidence.said);
        let wants = |part| r.subject.is_none() || evidence.said.check.wants(part);
        let spf = wants(Part::Spf).then(|| spf::check(&lookup, &identities)).flatten();
        let trial = spf::trial(&lookup, r, &evidence.said);
        let spf_published = if wants(Part::Spf) { spf::published(&lookup, r, &identities) } else { Vec::new() };
        let spf_survey = wants(Part::Spf).then(|| spf::surveyed(&lookup, r, &spf_published)).flatten();
        spf::ask_beyond(&lookup, trial.as_ref().or(spf.as_ref()));
        let mut keys = dkim::key::gather(&lookup, r, &evidence.said);
        let chain = arc::verify::verify(&lookup, r, &evidence);
        let verified = dkim::verify::verify(r, &keys, chain, &evidence);
        let dmarc = if wants(Part::Dmarc) { dmarc::gather(&lookup, r) } else { dmarc::Dmarc::default() };
        let aligned =
            wants(Part::Dmarc).then(|| organization::align(&lookup, r, &identities, &dmarc, spf.as_ref(), &verified));
        let (alignment, legs) = aligned.map_or_else(Default::default, |(a, legs)| (a, OnceLock::from(legs)));
        let connected = wants(Part::Ptr);
        let reverse = connected.then(|| reverse::reverse(&lookup, &identities)).flatten();
        let helo = connected.then(|| reverse::helo(&lookup, &identities)).flatten();
        let platforms = platform::recognise(r, &evidence.input.text, reverse.as_ref());
        let mail_hosts = if wants(Part::Mx) { mail_hosts::of_message(&lookup, r, &identities) } else { Vec::new() };
        let linked = linked::gather(&lookup, r, &evidence.said);
        let own_filters = own_filters::gather(&lookup, r, &identities, &evidence);
        platform::ask_includes(&lookup, &platforms, spf.as_ref());
        home::ask(&lookup, r, &identities);
        proxied::ask(&lookup, &keys);
        let sources = report::sources(&lookup, r.report.as_ref());
        let domain = domain::gather(&lookup, r, &identities, &dmarc, &evidence);
        keys.extend(domain.keys.judged().map(|selector| selector.key.clone()));
        let misplaced = misplaced::find(&lookup, r, &dmarc, &keys, &spf_published);
        let here = Lookup::over(&evidence);
        let local_delivery = local_delivery::gather(&here, r, evidence.input.kind, &evidence.input.text);
        let asks = r.bounce.as_ref().is_none_or(|b| b.concerns_authentication() || b.was_received());
        let judged = evidence.input.kind.is_judged();
        let (mut missing, errands) = if judged && asks { lookup.into_open() } else { Default::default() };
        for question in here.into_missing() {
            if judged && !missing.contains(&question) {
                missing.push(question);
            }
        }
        Facts {
            evidence,
            reading,
            identities,
            spf,
            trial,
            spf_published,
            spf_survey,
            keys,
            verified,
            chain,
            dmarc,
            alignment,
            reverse,
            helo,
            mail_hosts,
            linked,
            own_filters,
            local_delivery,
            misplaced,
            platforms,
            sources,
            domain,
            legs,
            rounds: OnceLock::new(),
            missing,
            errands,
        }
    }

    /// The SPF evaluation that is looked at: what is tried goes first.
    pub fn evaluated(&self) -> Option<&spf::Check> {
        self.trial.as_ref().or(self.spf.as_ref())
    }

    /// Every identifier of the message, with its result.
    pub fn legs(&self) -> &dmarc::verdict::Legs {
        self.legs.get_or_init(|| {
            let record = self.dmarc.governing().and_then(dmarc::Step::record);
            let legs = dmarc::verdict::Legs::read(&self.reading, &self.identities, self.spf.as_ref(), &self.verified);
            legs.held(self.reading.from_domain(), record, &self.alignment.organizations)
        })
    }

    /// The longest chain of questions that had to wait for one another: how often a resolver that
    /// answers everything at once would have had to be asked. The same for a replay as for the
    /// first run, whatever order the answers came in.
    pub fn rounds(&self) -> u32 {
        *self.rounds.get_or_init(|| {
            let evidence = &self.evidence;
            let mut known = Answers::new();
            let mut rounds = 0;
            while known.len() < evidence.answers.len() {
                let so_far = Evidence { answers: known.clone(), ..Evidence::clone(evidence) };
                let asked = Facts::gather(Arc::new(so_far), self.reading.clone()).missing;
                let before = known.len();
                known.extend(asked.into_iter().filter_map(|q| evidence.answers.get(&q).cloned().map(|a| (q, a))));
                if known.len() == before {
                    break;
                }
                rounds += 1;
            }
            rounds
        })
    }

    /// Where a record of this name is published; the user's word on the host counts most.
    pub fn home(&self, name: &str) -> home::Home {
        home::of(&self.evidence.answers, name).with_said(self.evidence.said.dns_host.as_deref())
    }

    /// Is what answers at `name` a wildcard's, and no record of the name itself?
    pub fn is_starred(&self, name: &str) -> bool {
        let answers = &self.evidence.answers;
        self.domain.wildcard.as_ref().is_some_and(|w| w.answers(answers, name))
            || domain::wildcard::answers_for_key(answers, name) == Some(true)
    }

    /// The text all spans of the reading point into.
    pub fn text(&self) -> &[u8] {
        &self.evidence.input.text
    }
}
