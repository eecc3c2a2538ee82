//! Terraform resources, in the words of the provider that belongs to the DNS host.

use super::route53::escaped;
use super::{Sheet, Writer, difference, hcl, label, plain, remark, unsupported};
use crate::evidence::Data;
use crate::facts::home::Home;
use crate::remedy::Change;

/// The writer for the zone's host.
pub(super) fn writer(home: &Home) -> Result<Writer, String> {
    let writer =
        Writer { comment: "#", open: |_| String::new(), change: digitalocean, between: "\n", close: |_| String::new() };
    Ok(match home.host.map(|h| h.id.as_str()) {
        Some("route53") => Writer { open: aws_zone, change: aws, ..writer },
        Some("cloudflare") => Writer { open: cloudflare_zone, change: cloudflare, ..writer },
        Some("google-cloud-dns") => Writer { open: google_zone, change: google, ..writer },
        Some("digitalocean") => writer,
        _ => {
            let host = home.host.map_or("an unknown DNS host", |h| &h.name);
            return Err(format!(
                "for {host} ({}) there is no Terraform form here; --dns-host names route53, cloudflare, \
                 google-cloud-dns or digitalocean",
                home.zone
            ));
        }
    })
}

fn aws_zone(sheet: &Sheet) -> String {
    let zone = &sheet.home.zone;
    let name = hcl::identifier(zone);
    format!("data \"aws_route53_zone\" \"{name}\" {{\n  name = {}\n}}\n\n", hcl::string(zone))
}

fn aws(home: &Home, change: &Change) -> Result<String, String> {
    let records: Vec<String> = change.after.iter().map(aws_value).collect();
    Ok(of_set(change, || {
        let zone = format!("data.aws_route53_zone.{}.zone_id", hcl::identifier(&home.zone));
        let arguments = [
            ("zone_id", zone),
            ("name", hcl::string(&change.name)),
            ("type", hcl::string(change.kind.word())),
            ("ttl", change.ttl.to_string()),
            ("records", hcl::list(&records)),
        ];
        hcl::resource("aws_route53_record", &name(change, None), &arguments)
    }))
}

/// The provider puts the outer quotes itself; two of them part two strings.
fn aws_value(data: &Data) -> String {
    match data {
        Data::Txt(strings) => strings.iter().map(|s| escaped(s)).collect::<Vec<_>>().join("\"\""),
        other => other.to_string(),
    }
}

fn google_zone(sheet: &Sheet) -> String {
    variable("managed_zone", &sheet.home.zone)
}

fn google(home: &Home, change: &Change) -> Result<String, String> {
    let records: Vec<String> = change.after.iter().map(Data::to_string).collect();
    Ok(of_set(change, || {
        let arguments = [
            ("managed_zone", format!("var.managed_zone_{}", hcl::identifier(&home.zone))),
            ("name", hcl::string(&format!("{}.", change.name))),
            ("type", hcl::string(change.kind.word())),
            ("ttl", change.ttl.to_string()),
            ("rrdatas", hcl::list(&records)),
        ];
        hcl::resource("google_dns_record_set", &name(change, None), &arguments)
    }))
}

fn cloudflare_zone(sheet: &Sheet) -> String {
    variable("zone_id", &sheet.home.zone)
}

fn cloudflare(home: &Home, change: &Change) -> Result<String, String> {
    each(change, |data| {
        let mut arguments = vec![
            ("zone_id", format!("var.zone_id_{}", hcl::identifier(&home.zone))),
            ("name", hcl::string(&change.name)),
            ("type", hcl::string(change.kind.word())),
            ("ttl", change.ttl.to_string()),
        ];
        match data {
            Data::Mx { preference, exchange } => {
                arguments.push(("content", hcl::string(if exchange.is_empty() { "." } else { exchange })));
                arguments.push(("priority", preference.to_string()));
            }
            Data::Cname(target) => {
                arguments.push(("content", hcl::string(target)));
                arguments.push(("proxied", "false".to_owned()));
            }
            Data::Ns(target) => arguments.push(("content", hcl::string(target))),
            Data::Txt(_) => arguments.push(("content", hcl::string(&data.to_string()))),
            Data::A(_) | Data::Aaaa(_) => {
                arguments.push(("content", hcl::string(&data.to_string())));
                arguments.push(("proxied", "false".to_owned()));
            }
            Data::Caa { flags, tag, value } => {
                let value = hcl::string(&plain(std::slice::from_ref(value))?);
                let data = format!("{{ flags = {flags}, tag = {}, value = {value} }}", hcl::string(tag));
                arguments.push(("data", data));
            }
            _ => return Err(unsupported(change)),
        }
        Ok(("cloudflare_dns_record", arguments))
    })
}

fn digitalocean(home: &Home, change: &Change) -> Result<String, String> {
    let label = label(home, change, "@")?;
    each(change, |data| {
        let mut arguments = vec![
            ("domain", hcl::string(&home.zone)),
            ("type", hcl::string(change.kind.word())),
            ("name", hcl::string(&label)),
            ("ttl", change.ttl.to_string()),
        ];
        match data {
            Data::Mx { exchange, .. } if exchange.is_empty() => return Err("DigitalOcean takes no null MX".to_owned()),
            Data::Mx { preference, exchange } => {
                arguments.push(("value", hcl::string(&format!("{exchange}."))));
                arguments.push(("priority", preference.to_string()));
            }
            Data::Txt(strings) => match plain(strings)? {
                text if text.contains(['\\', '"']) => return Err("DigitalOcean takes no quote or backslash".to_owned()),
                text => arguments.push(("value", hcl::string(&text))),
            },
            Data::Caa { flags, tag, value } => {
                arguments.push(("value", hcl::string(&plain(std::slice::from_ref(value))?)));
                arguments.push(("flags", flags.to_string()));
                arguments.push(("tag", hcl::string(tag)));
            }
            Data::Cname(_) | Data::Ns(_) | Data::A(_) | Data::Aaaa(_) => {
                arguments.push(("value", hcl::string(&data.to_string())));
            }
            _ => return Err(unsupported(change)),
        }
        Ok(("digitalocean_record", arguments))
    })
}

fn variable(what: &str, zone: &str) -> String {
    format!("variable \"{what}_{}\" {{\n  type = string\n}}\n\n", hcl::identifier(zone))
}

/// A resource for the whole set, with what it takes the place of.
fn of_set(change: &Change, resource: impl Fn() -> String) -> String {
    let gone = went(change);
    if change.after.is_empty() { gone } else { gone + &resource() }
}

type Resource = (&'static str, Vec<(&'static str, String)>);

/// A resource for each value that comes.
fn each(change: &Change, resource: impl Fn(&Data) -> Result<Resource, String>) -> Result<String, String> {
    let (_, new) = difference(change);
    let number = |n: usize| (new.len() > 1).then_some(n + 1);
    let resources = new.iter().enumerate().map(|(n, data)| {
        resource(data).map(|(kind, arguments)| hcl::resource(kind, &name(change, number(n)), &arguments))
    });
    Ok(went(change) + &resources.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

fn went(change: &Change) -> String {
    let what = if change.after.is_empty() { "remove" } else { "takes the place of" };
    let line = |data: &&Data| format!("# {what}: {}. {} {}\n", change.name, change.kind, remark(data));
    difference(change).0.iter().map(line).collect()
}

fn name(change: &Change, number: Option<usize>) -> String {
    let number = number.map_or(String::new(), |n| format!("_{n}"));
    hcl::identifier(&format!("{}_{}{number}", change.name, change.kind.word().to_ascii_lowercase()))
}
