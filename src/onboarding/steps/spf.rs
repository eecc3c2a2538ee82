//! SPF: the record of the From domain, and the bounce domains that SPF speaks for.

use super::{Desk, Stage, State, Step, done, step, unknown};
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::{Data, Evidence, Kind};
use crate::facts::lookup::Lookup;
use crate::facts::spf::record::Record;
use crate::facts::spf::{SpfResult, check_host};
use crate::knowledge::{Platform, pattern, platform};
use crate::remedy::spf::SENDERS;
use crate::remedy::{self, Change, TTL, blank, text};
use crate::replay::{Plan, replay};
use crate::rules::{Finding, Severity};
use crate::shell::command;
use std::net::IpAddr;
use std::sync::Arc;

/// Rules of the record. That -all may refuse forwarded mail is the owner's choice.
const SPF: &[&str] = &[
    "spf-multiple-records",
    "spf-syntax-error",
    "spf-too-many-lookups",
    "spf-too-permissive",
    "spf-include-missing-record",
    "spf-void-lookups",
    "spf-record-too-long",
    "spf-neutral-or-no-all",
    "spf-ptr-mechanism",
    "spf-private-address",
    "spf-after-all",
    "obsolete-auth-records",
    "txt-literal-quotes",
    "record-wrong-name",
];

pub(super) fn spf(desk: &Desk) -> Step {
    let domain = desk.domain;
    let mut it = step(
        "spf",
        Stage::Records,
        "SPF allows those who send",
        "Receivers look up whether the server may use the bounce address of this very name.",
    );
    it.check = Some(command!("postdoc spf {}", domain));
    it.proof.push(desk.says(domain, Kind::Txt));
    if desk.unasked(domain, Kind::Txt) {
        it.state = State::Unknown;
        return it;
    }
    // Bounces of the own servers may go to a name of their own, which then has the record.
    let own: Vec<IpAddr> = match desk.told.bounce.as_deref() {
        Some(bounce) if bounce != domain => Vec::new(),
        _ => desk.told.servers.iter().map(|s| s.ip).collect(),
    };
    let names = [domain.to_owned()];
    let about = |f: &Finding| SPF.contains(&f.rule.id) && f.severity >= Severity::Low && Desk::concerns(f, &names);
    let found: Vec<&Finding> = desk.d.every_finding().filter(|f| about(f)).collect();
    let mut plan = Plan::of(&alone(desk.d));
    plan.mend(about);
    let platforms = || desk.told.platforms.iter().filter_map(|id| platform::find(id));
    let open = open(&plan.after);
    if !open.is_empty() && (!own.is_empty() || platforms().any(needs_term)) {
        plan.publish(open);
    }
    let mended = Desk { d: &plan.after, ..*desk };
    let mut terms: Vec<String> = own.iter().filter(|ip| !allowed(&mended, domain, **ip)).map(|ip| term(*ip)).collect();
    for platform in platforms() {
        if let Some(note) = &platform.spf_note {
            it.actions.push(format!("{}: {note}", platform.name));
        }
        if needs_term(platform) {
            terms.extend(platform.spf.iter().map(|t| Platform::fill(t, domain)));
        }
    }
    let published: Vec<String> = mended.texts(domain).into_iter().filter(|t| Record::is(t.as_bytes())).collect();
    let wanted = {
        let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
        match (&published[..], terms.is_empty()) {
            ([one], _) => remedy::spf::merge(one, &terms),
            ([], false) => remedy::spf::merge("v=spf1 ~all", &terms),
            // Nobody told uses bounce addresses of this name itself.
            ([], true) => {
                it.optional = true;
                it.actions.push(
                    "Nobody you named sends with bounce addresses of this very name. A record that allows nobody softly \
                     does no harm; mailboxes of people need their provider's term in it."
                        .into(),
                );
                "v=spf1 ~all".to_owned()
            }
            // They cannot be made one without asking.
            _ => {
                desk.judged(&mut it, &found);
                return it;
            }
        }
    };
    let answers = &mended.facts().evidence.answers;
    let Some(change) = remedy::spf::change(answers, domain, Record::is, Some(&wanted)) else {
        desk.judged(&mut it, &found);
        it.state = State::ToDo;
        it.actions.push(format!("{domain} is an alias or did not answer: publish there {wanted}"));
        return it;
    };
    // What has a blank of a portal's is no record yet, and cannot be judged.
    let unfilled = (!change.blanks().is_empty()).then(|| plan.after.clone());
    if change.before != change.after {
        plan.publish(vec![change]);
    }
    if unfilled.is_none() {
        plan.mend(about);
    }
    let after = unfilled.as_ref().unwrap_or(&plan.after);
    let left: Vec<&Finding> = after.every_finding().filter(|f| about(f)).collect();
    let cured = found.iter().filter(|f| !left.iter().any(|l| l.rule.id == f.rule.id));
    let told: Vec<&Finding> = cured.chain(&left).copied().collect();
    desk.judged(&mut it, &told);
    let proposed = std::mem::take(&mut it.changes);
    let here = |c: &Change| c.name == domain && c.kind == Kind::Txt;
    it.changes = plan.changes;
    // What stays an error for every receiver is no cure: it is not handed out.
    if left.iter().any(|f| f.severity >= Severity::High) {
        it.changes.retain(|c| !here(c));
        let before = desk.values(domain, Kind::Txt);
        match proposed.into_iter().find(|c| here(c) && !c.blanks().is_empty()) {
            Some(open) => it.changes.push(Change { before, ..open }),
            None => it.actions.push(format!(
                "No record is proposed before this is put right, for it would still be an error. {}What can be done: {}",
                match &terms[..] {
                    [] => String::new(),
                    _ => format!("Then add {}. ", terms.join(" ")),
                },
                command!("postdoc fix {}", domain)
            )),
        }
    }
    it.state = if it.changes.is_empty() && told.is_empty() { State::Done } else { State::ToDo };
    it
}

/// The check without the servers: the record is mended for itself, as `fix` mends it, and then lets them in.
fn alone(d: &Diagnosis) -> Diagnosis {
    let mut evidence = Evidence::clone(&d.facts.evidence);
    evidence.said.ip = None;
    evidence.said.check.ips.clear();
    diagnose(Arc::new(evidence), d.facts.reading.clone())
}

/// A record that let everyone send and named nobody, closed: those told go where the blank for senders was.
fn open(d: &Diagnosis) -> Vec<Change> {
    let of_senders = format!("{} ", blank(SENDERS));
    let value = |data: &Data| match data {
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        _ => String::new(),
    };
    let records = d.every_finding().filter_map(|f| f.fix.as_ref()).flat_map(|fix| &fix.records);
    let open = records.filter(|c| c.after.iter().any(|data| value(data).contains(&of_senders)));
    let filled = |data: &Data| match value(data) {
        record if record.contains(&of_senders) => text(&record.replace(&of_senders, "")),
        _ => data.clone(),
    };
    open.map(|c| Change { after: c.after.iter().map(filled).collect(), ..c.clone() }).collect()
}

/// Does the term belong at the From domain? Where the platform has a bounce domain of its own, it does not.
fn needs_term(platform: &Platform) -> bool {
    let without = |note: &String| note.contains("need") && (note.contains("no term") || note.contains("Not needed"));
    let elsewhere = |note: &String| note.starts_with("Belongs to") || note.starts_with("Only ") || without(note);
    !platform.spf.is_empty() && !platform.spf_note.as_ref().is_some_and(elsewhere)
}

/// Does the record allow this address already?
fn allowed(desk: &Desk, domain: &str, ip: IpAddr) -> bool {
    result(desk, domain, ip) == Some(SpfResult::Pass)
}

/// What SPF says of it; `None`: not known.
fn result(desk: &Desk, domain: &str, ip: IpAddr) -> Option<SpfResult> {
    let lookup = Lookup::new(&desk.facts().evidence.answers);
    check_host(&lookup, ip, domain, &format!("postmaster@{domain}"), None, false).result
}

fn term(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("ip4:{ip}"),
        IpAddr::V6(ip) => format!("ip6:{ip}"),
    }
}

/// The bounce domains of platforms and own servers.
pub(super) fn return_paths(desk: &Desk) -> Vec<Step> {
    let platforms = desk.told.platforms.iter().filter_map(|id| platform::find(id));
    let mut steps: Vec<Step> = platforms.filter_map(|p| of_platform(desk, p)).collect();
    if let Some(bounce) = desk.told.bounce.as_deref().filter(|b| *b != desk.domain && !desk.told.servers.is_empty()) {
        steps.push(of_servers(desk, bounce));
    }
    steps
}

fn of_platform(desk: &Desk, platform: &Platform) -> Option<Step> {
    let setup = platform.return_path.as_ref()?;
    let domain = desk.domain;
    let mut it = step(
        format!("return-path:{}", platform.id),
        Stage::Records,
        format!("Bounces to {} go by your own name", platform.name),
        "SPF then speaks for your domain and helps DMARC; DKIM alone carries it too.",
    );
    it.optional = true;
    if let Some(setting) = &platform.return_path_setting {
        it.actions.push(remedy::platform::place(setting, domain));
    }
    let label = Platform::fill(&setup.label, domain);
    let name = if label.is_empty() { domain.to_owned() } else { format!("{label}.{domain}") };
    let target = setup
        .target
        .as_deref()
        .map_or_else(|| blank(&format!("target that {} shows", platform.name)), |t| Platform::fill(t, domain));
    let fits = |shown: &str| pattern::glob(&pattern::open(&target), shown);
    it.check = Some(command!("dig +short {} {}", setup.record, name));
    if !name.contains('<') && [Kind::Cname, Kind::Mx, Kind::Txt].into_iter().all(|kind| desk.unasked(&name, kind)) {
        return Some(unknown(it, desk.says(&name, Kind::Cname)));
    }
    if setup.record.eq_ignore_ascii_case("CNAME") {
        if let Some(alias) = desk.alias(&name).filter(|a| fits(a)) {
            return Some(done(it, format!("{name} CNAME: {alias}")));
        }
        it.changes.push(desk.change(&name, Kind::Cname, vec![Data::Cname(target)], |_| true));
    } else {
        let there = desk.values(&name, Kind::Mx);
        let mx = there.iter().any(|d| matches!(d, Data::Mx { exchange, .. } if fits(exchange)));
        let spf = setup.spf.clone().unwrap_or_default();
        let has_spf = spf.is_empty() || desk.texts(&name).iter().any(|t| *t == spf || includes(t, &spf));
        if mx && has_spf {
            return Some(done(it, desk.says(&name, Kind::Mx)));
        }
        if !mx {
            it.changes
                .push(desk.change(&name, Kind::Mx, vec![Data::Mx { preference: 10, exchange: target }], |_| false));
        }
        if !has_spf {
            it.changes.push(desk.adds_text(&name, &spf));
        }
    }
    it.proof.push(desk.says(&name, Kind::Cname));
    Some(it)
}

/// Does a record hold the terms of another?
fn includes(text: &str, wanted: &str) -> bool {
    let terms = |t: &str| t.split(' ').filter(|w| w.contains(':')).map(str::to_owned).collect::<Vec<_>>();
    let own = terms(text);
    Record::is(text.as_bytes()) && terms(wanted).iter().all(|t| own.contains(t))
}

fn of_servers(desk: &Desk, bounce: &str) -> Step {
    let mut it = step(
        "return-path:own",
        Stage::Records,
        format!("Bounces of your servers go to {bounce}"),
        "SPF is asked for this name; it has to allow the servers, and to take the bounces.",
    );
    it.check = Some(command!("postdoc spf {}", bounce));
    if desk.unasked(bounce, Kind::Txt) {
        return unknown(it, desk.says(bounce, Kind::Txt));
    }
    let ips: Vec<IpAddr> = desk.told.servers.iter().map(|s| s.ip).filter(|ip| !allowed(desk, bounce, *ip)).collect();
    let takes = !desk.values(bounce, Kind::Mx).is_empty() || !desk.addresses(bounce).is_empty();
    it.proof.push(desk.says(bounce, Kind::Txt));
    it.proof.push(desk.says(bounce, Kind::Mx));
    if ips.is_empty() && takes {
        it.state = State::Done;
        return it;
    }
    if !ips.is_empty() {
        let terms: Vec<String> = ips.iter().map(|ip| term(*ip)).collect();
        let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
        let published = desk.texts(bounce).into_iter().find(|t| Record::is(t.as_bytes()));
        let wanted = remedy::spf::merge(published.as_deref().unwrap_or("v=spf1 ~all"), &terms);
        let old = published.map(|p| text(&p));
        let change = desk.change(bounce, Kind::Txt, vec![text(&wanted)], |d| Some(d) == old.as_ref());
        let after = replay(desk.d, std::slice::from_ref(&change), None).after;
        let after = Desk { d: &after, ..*desk };
        match ips.iter().filter_map(|ip| result(&after, bounce, *ip)).all(|r| r == SpfResult::Pass) {
            true => it.changes.push(change),
            false => it.actions.push(format!(
                "With {} added the record would still let nobody pass. Put it right first: {}",
                terms.join(" "),
                command!("postdoc check {} --only spf", bounce)
            )),
        }
    }
    if !takes {
        let exchange = blank("host that takes the bounces");
        it.changes.push(Change {
            name: bounce.to_owned(),
            kind: Kind::Mx,
            ttl: TTL,
            before: vec![],
            after: vec![Data::Mx { preference: 10, exchange }],
        });
    }
    it
}
