//! `postdoc dkim keygen`

use super::args::{Dkim, DkimAction, Format, Global, Keygen};
use super::exit::Exit;
use crate::facts::dkim::name;
use crate::onboarding::signer::Key;
use crate::remedy::{Change, dkim, form};
use crate::replay;
use crate::report::export::zone_line;
use crate::report::{Shown, json, markdown};
use crate::rules::Severity;
use crate::world::keygen::{self, KeyType};
use crate::world::state;
use anyhow::{Context as _, anyhow, bail};

pub fn run(global: &Global, args: &Dkim) -> anyhow::Result<Exit> {
    global.names_as_they_are("dkim keygen")?;
    let DkimAction::Keygen(args) = &args.action;
    keygen(global, args)
}

fn keygen(global: &Global, args: &Keygen) -> anyhow::Result<Exit> {
    let domain = super::source::domain(&args.domain)?;
    let file = args.out.display().to_string();
    if args.out.exists() {
        bail!("{file} exists and is not overwritten: a key that is in use would be lost; name another file");
    }
    let kind = args.key_type().map_err(|why| anyhow!(why))?;
    if let Some(why) = args.signer.and_then(|s| s.objects_to(kind == KeyType::Ed25519)) {
        bail!("{why}");
    }
    let made = keygen::make(kind)?;
    let name =
        name::key(&args.selector, &domain).ok_or_else(|| anyhow!("selector and domain are too long together"))?;
    let record = Change::txt(&name, &[] as &[&str], &[&made.record]);
    let read = dkim::record(&made.record);
    if !read.usable() || !read.problems.is_empty() {
        bail!("the record made is not sound ({:?}); nothing was written: please report it", read.problems);
    }
    let mut findings = replay::faults(&record, global.now(), Severity::Low);
    if kind == KeyType::Ed25519 {
        // Of one record alone nobody can tell whether another stands beside it.
        let alone = "many receivers cannot check Ed25519: sign with an RSA key as well".to_owned();
        findings.push(("dkim-ed25519-only", alone));
    }
    // What there is a private half of is published, never the other way round.
    state::write_new(&args.out, made.private.as_bytes())
        .with_context(|| format!("the key could not be written to {file}"))?;
    let data = record.after.first().ok_or_else(|| anyhow!("the record is empty"))?;
    let line = zone_line(&record, data);
    let absolute = std::path::absolute(&args.out).map_or(file.clone(), |p| p.display().to_string());
    let key = Key { domain: &domain, selector: &args.selector, file: &absolute, ed25519: kind == KeyType::Ed25519 };
    let told = args.signer.map(|s| (s.word(), s.configuration(key)));
    let text = match global.format() {
        Format::Json | Format::Ndjson => {
            let document = serde_json::json!({
                "schema": "postdoc/dkim-key", "schema_version": 1, "tool": env!("CARGO_PKG_VERSION"),
                "domain": domain, "selector": args.selector, "file": absolute,
                "key": { "type": if key.ed25519 { "ed25519" } else { "rsa" }, "bits": read.public.rsa_bits() },
                "record": { "name": name, "type": "TXT", "ttl": record.ttl, "value": made.record, "zone": line },
                "signer": told.as_ref().map(|(id, text)| serde_json::json!({ "id": id, "configuration": text })),
                "findings": findings.iter().map(|(rule, title)| serde_json::json!({ "rule": rule, "title": title })).collect::<Vec<_>>(),
            });
            match global.format() {
                Format::Ndjson => json::line(&document, Shown::default()),
                _ => json::pretty(&document, Shown::default()),
            }
        }
        Format::Plain => format!("{name}\tTXT\t{}\n", form::bare(data)),
        Format::Markdown => {
            let title = markdown::text(Shown::default(), &format!("{name} TXT"));
            let blocks = [Some(&line), told.as_ref().map(|(_, configuration)| configuration)].into_iter().flatten();
            blocks.fold(format!("# {title}\n"), |text, block| text + "\n" + &markdown::fenced(block.trim_end()))
        }
        Format::Human => {
            let mut text = format!("Name   {name}\nType   TXT\nValue  {}\n\n{line}\n", form::bare(data));
            if let Some((_, configuration)) = &told {
                text.push_str(&format!("\n{configuration}"));
            }
            text
        }
    };
    super::put(&text)?;
    if !global.quiet {
        super::tell(format_args!(
            "the private key is in {file}, readable by you alone; whoever has it can sign as {domain}"
        ));
        for (rule, title) in &findings {
            super::tell(format_args!("mind: {title} (postdoc explain {rule})"));
        }
    }
    Ok(Exit::Clean)
}
