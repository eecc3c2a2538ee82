//! What the believed receiver wrote, normalised.

use crate::diagnose::Diagnosis;
use crate::facts::{Reading, antispam};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Reported {
    spf: Option<ReportedSpf>,
    dkim: Vec<ReportedDkim>,
    dmarc: Option<ReportedDmarc>,
    arc: Option<Word>,
    compauth: Option<Compauth>,
    spam: Spam,
}

#[derive(Debug, Serialize)]
struct ReportedSpf {
    result: String,
    domain: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReportedDkim {
    result: String,
    domain: Option<String>,
    selector: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReportedDmarc {
    result: String,
    domain: Option<String>,
    disposition: Option<String>,
}

#[derive(Debug, Serialize)]
struct Word {
    result: String,
}

#[derive(Debug, Serialize)]
struct Compauth {
    result: String,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Spam {
    scl: Option<i32>,
    bcl: Option<i32>,
    sfv: Option<String>,
    cat: Option<String>,
    spamassassin: Option<SpamAssassin>,
    rspamd: Option<Rspamd>,
}

#[derive(Debug, Serialize)]
struct SpamAssassin {
    score: Option<f64>,
    required: Option<f64>,
    flagged: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Rspamd {
    score: Option<f64>,
    required: Option<f64>,
    action: Option<String>,
}

pub(super) fn reported(d: &Diagnosis) -> Reported {
    let r = &d.facts.reading.reported;
    Reported {
        spf: r.spf.as_ref().map(|s| ReportedSpf { result: s.result.clone(), domain: s.domain.clone() }),
        dkim: r
            .dkim
            .iter()
            .map(|k| ReportedDkim {
                result: k.result.clone(),
                domain: k.domain.clone(),
                selector: k.selector.as_deref().map(str::to_ascii_lowercase),
            })
            .collect(),
        dmarc: r.dmarc.as_ref().map(|m| ReportedDmarc {
            result: m.result.clone(),
            domain: m.domain.clone(),
            disposition: m.disposition.clone(),
        }),
        arc: r.arc.as_ref().map(|a| Word { result: a.result.clone() }),
        compauth: r.compauth.as_ref().map(|c| Compauth { result: c.result.clone(), reason: c.reason.clone() }),
        spam: spam(&d.facts.reading),
    }
}

fn spam(reading: &Reading) -> Spam {
    let s = antispam::summary(&reading.antispam, reading.boundary.receiver.as_deref());
    Spam {
        scl: s.scl,
        bcl: s.bcl,
        sfv: s.sfv,
        cat: s.cat,
        spamassassin: s.spamassassin.map(|a| SpamAssassin { score: a.score, required: a.required, flagged: a.flagged }),
        rspamd: s.rspamd.map(|a| Rspamd { score: a.score, required: a.required, action: a.action }),
    }
}
