//! The steps, a file a subject. Each looks at the answers and at the findings of its rules.

mod dkim;
mod dmarc;
mod grow;
mod hosts;
mod optional;
mod prove;
mod spf;
mod web;
mod zone;

pub use hosts::request;

use super::checklist::{Next, Stage, State, Step};
use super::desk::Desk;

/// Every step of this domain, in the order of the list.
pub(super) fn all(desk: &Desk) -> Vec<Step> {
    if desk.told.silent {
        return vec![zone::name_servers(desk), zone::silent(desk)];
    }
    let mut steps = vec![zone::who_sends(desk), zone::name_servers(desk), zone::mx(desk)];
    for server in &desk.told.servers {
        steps.extend(hosts::server(desk, server));
    }
    steps.push(spf::spf(desk));
    let keys = dkim::all(desk);
    steps.extend(keys.iter().cloned());
    steps.push(dmarc::record(desk));
    steps.extend(dmarc::beside(desk));
    steps.extend(spf::return_paths(desk));
    steps.extend(web::tracking(desk));
    steps.extend(web::certificate(desk));
    steps.push(zone::verification(desk));
    steps.extend(optional::all(desk));
    steps.extend(prove::all(desk, &keys));
    steps.extend(grow::all(desk));
    steps
}

fn step(id: impl Into<String>, stage: Stage, title: impl Into<String>, why: &str) -> Step {
    Step { id: id.into(), stage, title: title.into(), why: why.to_owned(), ..Step::default() }
}

/// Done where nothing speaks against it.
fn done(mut step: Step, proof: impl Into<String>) -> Step {
    step.state = State::Done;
    step.proof.push(proof.into());
    step
}

fn unknown(mut step: Step, why: impl Into<String>) -> Step {
    step.state = State::Unknown;
    step.proof.push(why.into());
    step
}
