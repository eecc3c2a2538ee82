//! Who the message says it is from, and through whom.

use crate::diagnose::Diagnosis;
use crate::facts::boundary::MailFrom;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Identities {
    from: Option<Author>,
    mail_from: Option<Envelope>,
    helo: Option<String>,
    source_ip: Option<String>,
    dkim: Vec<Signer>,
}

#[derive(Debug, Serialize)]
struct Author {
    address: Option<String>,
    domain: Option<String>,
    organizational_domain: Option<String>,
    organizational_domain_psl: Option<String>,
}

#[derive(Debug, Serialize)]
struct Envelope {
    address: Option<String>,
    domain: Option<String>,
    organizational_domain: Option<String>,
}

#[derive(Debug, Serialize)]
struct Signer {
    domain: Option<String>,
    selector: Option<String>,
    organizational_domain: Option<String>,
}

fn organization(d: &Diagnosis, domain: &str) -> (Option<String>, Option<String>) {
    match d.facts.alignment.organizations.get(domain) {
        Some(o) => (o.domain().map(str::to_owned), o.psl.clone()),
        None => {
            let psl = crate::facts::organization::psl(domain).map(str::to_owned);
            (psl.clone(), psl)
        }
    }
}

pub(super) fn identities(d: &Diagnosis) -> Identities {
    let reading = &d.facts.reading;
    let from = reading.from.address().map(|a| {
        let (walk, psl) = organization(d, &a.domain);
        Author {
            address: Some(format!("{}@{}", a.local, a.domain)),
            domain: Some(a.domain.clone()),
            organizational_domain: walk,
            organizational_domain_psl: psl,
        }
    });
    let mail_from = d.facts.identities.mail_from.as_ref().map(|m| match &m.value {
        MailFrom::Null => Envelope { address: Some("<>".into()), domain: None, organizational_domain: None },
        MailFrom::Path { local, domain } => Envelope {
            address: local.as_ref().map(|l| format!("{l}@{domain}")),
            domain: Some(domain.clone()),
            organizational_domain: organization(d, domain).0,
        },
    });
    let dkim = reading
        .signatures
        .iter()
        .map(|s| {
            let domain = s.domain.as_ref().map(|v| v.value.clone());
            Signer {
                organizational_domain: domain.as_deref().and_then(|v| organization(d, v).0),
                domain,
                selector: s.selector.as_ref().map(|v| v.value.clone()),
            }
        })
        .collect();
    Identities {
        from,
        mail_from,
        helo: d.facts.identities.helo.as_ref().map(|h| h.value.clone()),
        source_ip: d.facts.identities.source_ip.as_ref().map(|i| i.value.to_string()),
        dkim,
    }
}
