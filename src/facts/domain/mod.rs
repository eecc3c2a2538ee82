//! What a check of a domain learns beyond what a message needs: one room a kind of record.

pub mod age;
pub mod asked;
pub mod bimi;
pub mod blocklists;
pub mod caa;
pub mod certificate;
pub mod dnssec;
pub mod keys;
pub mod mta_sts;
pub mod mx;
pub mod names;
pub mod obsolete;
pub mod probe;
pub mod reached;
pub mod reports;
pub mod server;
pub mod sources;
pub mod sts_policy;
pub mod tagged;
pub mod tls_rpt;
pub mod tlsa;
pub mod who;
pub mod wildcard;
pub mod zone;

pub use asked::Asked;

use super::boundary::Identities;
use super::dmarc::{Dmarc, Step};
use super::lookup::Lookup;
use super::spf::eval::checkable;
use super::{Reading, organization};
use crate::evidence::said::Part;
use crate::evidence::{Data, Evidence, Kind, Question};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Empty where the input is no domain; a room is empty where the user did not want that part.
#[derive(Clone, Debug, Default)]
pub struct Domain {
    /// The zone, its name servers, and what the zone above says of them.
    pub zone: Option<zone::Zone>,
    pub dnssec: Option<dnssec::Dnssec>,
    /// Where mail to the domain goes.
    pub mx: Option<mx::Mx>,
    /// Who may issue certificates for the names that mail needs.
    pub caa: Option<caa::Caa>,
    pub mta_sts: Option<mta_sts::MtaSts>,
    pub tls_rpt: Option<tagged::Published>,
    /// Logos: the record of the domain, then that of its organization where it is another.
    pub bimi: Vec<tagged::Published>,
    /// Records of dead standards.
    pub obsolete: Vec<obsolete::Old>,
    /// The sending addresses the user named, and their names.
    pub sources: Vec<sources::Source>,
    /// Who runs what, by what DNS shows.
    pub who: Vec<who::Party>,
    /// Where blocklists were to be asked; of an address too.
    pub blocklists: Option<blocklists::Blocklists>,
    /// Where the mail hosts were to be talked to.
    pub probes: Option<probe::Probes>,
    /// Where the registry was to be asked.
    pub age: Option<age::Age>,
    /// DKIM keys, as far as they can be found.
    pub keys: keys::Keys,
    /// Where DMARC reports go.
    pub reports: Vec<reports::Report>,
    /// Name servers that `_dmarc` itself is delegated to.
    pub dmarc_servers: Vec<String>,
    /// What a name that nobody uses is answered with.
    pub wildcard: Option<wildcard::Wildcard>,
}

/// Keys whose answers are compared between name servers that differ.
const COMPARED: usize = 4;

/// Reads all that the answers at hand say of the domain, and asks for the rest.
pub fn gather(
    lookup: &Lookup,
    reading: &Reading,
    identities: &Identities,
    dmarc: &Dmarc,
    evidence: &Evidence,
) -> Domain {
    let said = &evidence.said;
    let blocklists = blocklists::gather(lookup, reading, identities, evidence);
    let subject = reading.subject.as_ref().and_then(|s| s.domain());
    let Some(domain) = subject.filter(|d| checkable(d)) else {
        return Domain { blocklists, wildcard: strange(lookup, dmarc), ..Domain::default() };
    };
    let wants = |part| said.check.wants(part);
    let mut zone = (wants(Part::Ns) || wants(Part::Dnssec)).then(|| zone::gather(lookup, domain, wants(Part::Ns)));
    if wants(Part::Mx) {
        // What stands at the name itself: the implicit MX (RFC 5321 §5.1), and a web site's home.
        lookup.ask(domain, Kind::A);
        lookup.ask(domain, Kind::Aaaa);
    }
    let mx = (wants(Part::Mx) || wants(Part::MtaSts)).then(|| mx::gather(lookup, domain, &said.check));
    let who = who::gather(lookup, domain, zone.as_ref(), mx.as_ref());
    let keys = if wants(Part::Dkim) { keys::gather(lookup, domain, said, &who) } else { keys::Keys::default() };
    if let Some(zone) = &mut zone {
        let names = keys.judged().take(COMPARED).map(|s| Question::new(&s.key.name, Kind::Txt));
        zone.compare(lookup, &names.collect::<Vec<_>>());
    }
    names::ask(lookup, &said.check);
    names::ask_own(lookup, &said.check, zone.as_ref());
    names::visit(lookup, &said.check);
    let names = [Part::Dkim, Part::Dmarc, Part::Spf].into_iter().any(wants);
    Domain {
        dnssec: wants(Part::Dnssec).then(|| dnssec::gather(lookup, domain, zone.as_ref())),
        caa: wants(Part::Caa).then(|| caa::gather(lookup, domain, mx.as_ref())),
        mta_sts: wants(Part::MtaSts).then(|| mta_sts::gather(lookup, domain)),
        tls_rpt: wants(Part::TlsRpt).then(|| tls_rpt::gather(lookup, domain)),
        bimi: if wants(Part::Bimi) { bimi::gather(lookup, domain) } else { Vec::new() },
        obsolete: obsolete::gather(lookup, domain, &said.check),
        sources: if wants(Part::Ptr) { sources::gather(lookup, said) } else { Vec::new() },
        keys,
        reports: reports::gather(lookup, dmarc),
        dmarc_servers: if wants(Part::Dmarc) { servers(lookup, &format!("_dmarc.{domain}")) } else { Vec::new() },
        wildcard: names.then(|| wildcard::gather(lookup, domain)).flatten(),
        zone: zone.filter(|_| wants(Part::Ns)),
        who,
        mx,
        blocklists,
        probes: probe::gather(lookup, domain, evidence),
        age: age::gather(lookup, domain, evidence),
    }
}

/// What stands at the name of a DMARC record and is none may be a wildcard's, and is then no record of that name.
fn strange(lookup: &Lookup, dmarc: &Dmarc) -> Option<wildcard::Wildcard> {
    let foreign = |step: &&Step| step.records.is_empty() && !step.others.is_empty();
    let own = |step: &&Step| organization::psl(&step.domain) == Some(&step.domain);
    let step = dmarc.steps.iter().filter(|_| dmarc.is_absent()).filter(foreign).find(own)?;
    wildcard::gather(lookup, &step.domain)
}

/// The name servers of a name that is a zone of its own.
fn servers(lookup: &Lookup, name: &str) -> Vec<String> {
    let records = lookup.ask(name, Kind::Ns).map_or(&[][..], |a| &a.records);
    let own = records.iter().filter(|r| r.name == name);
    let hosts = own.filter_map(|r| match &r.data {
        Data::Ns(host) => Some(host.clone()),
        _ => None,
    });
    hosts.collect()
}

/// A label that nobody uses, the same for a domain whenever it is asked.
pub(crate) fn unused_label(domain: &str) -> String {
    let digest = Sha256::digest(domain.as_bytes());
    ["zq", &HEXLOWER.encode(&digest[..6])].concat()
}
