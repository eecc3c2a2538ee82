//! A proposed SPF record, evaluated before it is shown: it must let this server pass, and must not
//! pass the limit of ten look-ups for anybody else (RFC 7208 §4.6.4).

use super::Change;
use super::overlay::Overlay;
use crate::evidence::{Answers, Kind};
use crate::facts::lookup::Lookup;
use crate::facts::spf::survey::survey_text;
use crate::facts::spf::{Check, SpfResult, check_host};
use std::net::{IpAddr, Ipv4Addr};

/// What the record would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// For the message at hand; `None` where an answer is missing.
    pub result: Option<SpfResult>,
    /// Look-ups for a sender that no term lists; at least these where `complete` is false.
    pub lookups: u32,
    pub complete: bool,
}

/// Evaluates `record` at the domain of `check` instead of what is published there.
pub fn run(answers: &Answers, check: &Check, helo: Option<&str>, record: &str) -> Trial {
    let answers = overlaid(answers, &check.domain, record);
    let lookup = Lookup::new(&answers);
    let result = check_host(&lookup, check.ip, &check.domain, &check.sender, helo, check.is_helo).result;
    let (lookups, complete) = walk(&lookup, &check.domain);
    Trial { result, lookups, complete }
}

/// Look-ups that the record needs for a sender that no term lists, also beyond the limit, and whether all of them are
/// known: not what stands in a blank.
pub fn cost(answers: &Answers, domain: &str, record: &str) -> (u32, bool) {
    let whole: Vec<String> = terms(record).into_iter().filter(|term| !term.contains('<')).collect();
    let open = whole.len() < terms(record).len();
    let survey = survey_text(&Lookup::new(answers), domain, &whole.join(" "));
    (survey.lookups, !open && !survey.may_cost_more())
}

/// What stands between blanks; a marked blank is one term, whatever is said in it.
pub fn terms(record: &str) -> Vec<String> {
    let mut open = false;
    let apart = |c: char| {
        open = if open { c != '>' } else { c == '<' };
        c.is_ascii_whitespace() && !open
    };
    record.split(apart).filter(|term| !term.is_empty()).map(str::to_owned).collect()
}

fn walk(lookup: &Lookup, domain: &str) -> (u32, bool) {
    // Nobody lists "this host" (RFC 1122 §3.2.1.3), so every term is reached.
    let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let check = check_host(lookup, nobody, domain, &format!("postmaster@{domain}"), None, false);
    // An address not known costs no look-up more; a record not known may.
    (check.lookups, check.missing.iter().all(|q| q.kind != Kind::Txt))
}

fn overlaid(answers: &Answers, domain: &str, record: &str) -> Answers {
    Overlay::new(answers, &[Change::txt(domain, &[] as &[&str], &[record])]).all()
}
