//! The form of a domain that is set up: who sends, and from where.

use super::widget::form::{Form, Line};
use crate::facts::dkim::name;
use crate::knowledge::{host, platform};
use crate::onboarding::Told;
use crate::onboarding::signer::Signer;
use crate::onboarding::told::{Host, Server};
use crate::warmup::log::numbers;

const fn text(label: &'static str, hint: &'static str) -> Line {
    Line { label, choices: &[], hint }
}

const NO_YES: &[&str] = &["no", "yes"];

const DOMAIN: usize = 0;
const PLATFORMS: usize = 1;
const PORTAL: usize = 2;
const SERVERS: usize = 3;
const SELECTOR: usize = 4;
const KEY: usize = 5;
const FILE: usize = 6;
const SIGNER: usize = 7;
const BOUNCE: usize = 8;
const TRACKING: usize = 9;
const MX: usize = 10;
const REPORTS: usize = 11;
const HOST: usize = 12;
const VOLUME: usize = 13;
const SILENT: usize = 14;
const BLOCKLISTS: usize = 15;
const PROBE: usize = 16;
const HTTPS: usize = 17;
const RDAP: usize = 18;

pub const LINES: &[Line] = &[
    text("domain", "example.com: what stands in From; several with blanks"),
    text("platforms", "that will send: brevo sendgrid postmark …"),
    text("their selectors", "where a portal shows its own: 20260101pm"),
    text("own servers", "192.0.2.4=mta.example.com"),
    text("selector", "of the own servers' key: s1"),
    text("DKIM record", "of a key you have; else one is made on the checklist"),
    text("key file", "of its private half: s1.example.com.pem"),
    Line {
        label: "signer",
        choices: &["none", "opendkim", "rspamd", "postfix", "exim", "akmta", "gomail", "stalwart"],
        hint: "its configuration is shown",
    },
    text("bounces", "to another domain than From: bounce.example.com"),
    text("tracking", "click.example.com=192.0.2.2, or =name"),
    text("mail hosts", "that take mail for the domain: mx.example.com"),
    text("reports", "mailbox for DMARC reports"),
    text("DNS host", "guessed by its name servers if empty"),
    text("volume", "messages a day in the end"),
    Line { label: "sends nothing", choices: NO_YES, hint: "a parked name" },
    Line { label: "blocklists", choices: NO_YES, hint: "asks them: it tells them the addresses" },
    Line { label: "their SMTP", choices: NO_YES, hint: "talks SMTP to those of the domain" },
    Line { label: "your hosts", choices: NO_YES, hint: "connects to them: HTTPS, and port 80" },
    Line { label: "registry", choices: NO_YES, hint: "asks rdap.org how old the domain is" },
];

/// Puts what is told into the form.
pub fn fill(form: &mut Form, domain: &str, told: &Told) {
    form.set(DOMAIN, domain);
    form.set(PLATFORMS, told.platforms.join(" "));
    form.set(PORTAL, told.selectors.join(" "));
    let server = |s: &Server| s.name.as_ref().map_or(s.ip.to_string(), |n| format!("{}={n}", s.ip));
    form.set(SERVERS, told.servers.iter().map(server).collect::<Vec<_>>().join(" "));
    let host = |h: &Host| h.target.as_ref().map_or(h.name.clone(), |t| format!("{}={t}", h.name));
    form.set(TRACKING, told.tracking.iter().map(host).collect::<Vec<_>>().join(" "));
    let texts = [
        (SELECTOR, &told.selector),
        (KEY, &told.key),
        (FILE, &told.key_file),
        (BOUNCE, &told.bounce),
        (REPORTS, &told.reports),
        (HOST, &told.dns_host),
    ];
    for (line, text) in texts {
        form.set(line, text.clone().unwrap_or_default());
    }
    form.set(SIGNER, told.signer.map_or("none", Signer::word));
    form.set(VOLUME, told.volume.map_or(String::new(), |n| n.to_string()));
    form.set(MX, told.mx.join(" "));
    let choices = [
        (SILENT, told.silent),
        (BLOCKLISTS, told.blocklists),
        (PROBE, told.probe_mx),
        (HTTPS, told.https),
        (RDAP, told.rdap),
    ];
    for (line, yes) in choices {
        form.set(line, if yes { "yes" } else { "no" });
    }
}

/// What stands in its first line.
pub fn domain(form: &Form) -> &str {
    form.text(DOMAIN)
}

/// Is the cursor on the domain, and nothing else filled in?
pub fn is_a_name_alone(form: &Form) -> bool {
    let others = |form: &Form| form.kept().split_off(1);
    form.at == DOMAIN && form.some(DOMAIN).is_some() && others(form) == others(&Form::new(LINES))
}

/// Each domain with what is told of it, or the line that cannot be read and why. `before` is what was told of `domain`
/// until now: what no line asks for stays.
pub fn read(form: &Form, domain: &str, before: &Told) -> Result<Vec<(String, Told)>, (usize, String)> {
    let words = |line: usize| {
        form.text(line).split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let at = |line: usize| move |why: String| (line, why);
    let domain_of = |line: usize, w: &str| name::domain(w).ok_or_else(|| (line, format!("{w:?} is no domain")));
    let domains: Vec<String> = words(DOMAIN).iter().map(|d| domain_of(DOMAIN, d)).collect::<Result<_, _>>()?;
    if domains.is_empty() {
        return Err((DOMAIN, "which domain is to be set up".to_owned()));
    }
    let dns_host = match form.some(HOST) {
        Some(id) => Some(
            host::find(&id.to_ascii_lowercase())
                .ok_or((HOST, format!("{id} is no DNS host; cloudflare, route53, godaddy …")))?
                .id
                .clone(),
        ),
        None => None,
    };
    let selector = |line: usize, s: &str| name::selector(s).ok_or((line, "a selector is a name like s1".to_owned()));
    let yes = |line: usize| form.text(line) == "yes";
    let mut platforms: Vec<String> = Vec::new();
    for word in words(PLATFORMS) {
        let id = &platform::called(&word).map_err(at(PLATFORMS))?.id;
        if !platforms.contains(id) {
            platforms.push(id.clone());
        }
    }
    let told = Told {
        platforms,
        selectors: words(PORTAL).iter().map(|s| selector(PORTAL, s)).collect::<Result<_, _>>()?,
        servers: words(SERVERS).iter().map(|w| Server::read(w)).collect::<Result<_, _>>().map_err(at(SERVERS))?,
        selector: form.some(SELECTOR).map(|s| selector(SELECTOR, s)).transpose()?,
        key: form.some(KEY).map(str::to_owned),
        key_file: form.some(FILE).map(str::to_owned),
        signer: Signer::find(form.text(SIGNER)),
        bounce: form.some(BOUNCE).map(|b| domain_of(BOUNCE, b)).transpose()?,
        tracking: words(TRACKING).iter().map(|w| Host::read(w)).collect::<Result<_, _>>().map_err(at(TRACKING))?,
        reports: form
            .some(REPORTS)
            .map(|m| match m.contains('@') && !m.contains([' ', ',', ';']) {
                true => Ok(m.to_owned()),
                false => Err((REPORTS, format!("{m:?} is no address"))),
            })
            .transpose()?,
        mx: words(MX).iter().map(|w| domain_of(MX, w)).collect::<Result<_, _>>()?,
        dns_host,
        volume: form.some(VOLUME).map(numbers::number).transpose().map_err(at(VOLUME))?,
        silent: yes(SILENT),
        blocklists: yes(BLOCKLISTS),
        probe_mx: yes(PROBE),
        https: yes(HTTPS),
        rdap: yes(RDAP),
        ..Told::default()
    };
    Ok(domains.iter().map(|d| (d.clone(), of(d, &domains, &told, domain, before))).collect())
}

/// What is told of one of several domains: hosts below another one are the other's.
fn of(domain: &str, all: &[String], told: &Told, old: &str, before: &Told) -> Told {
    let elsewhere =
        |host: &str| all.iter().any(|d| d != domain && name::within(host, d)) && !name::within(host, domain);
    let mut told = told.clone();
    told.tracking.retain(|host| !elsewhere(&host.name));
    told.bounce = told.bounce.filter(|b| !elsewhere(b));
    if domain == old {
        let Told { receives, skipped, raise, proof, filled, .. } = before.clone();
        return Told { receives, skipped, raise, proof, filled, ..told };
    }
    told
}
