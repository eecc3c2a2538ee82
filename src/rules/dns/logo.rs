//! What stands at the addresses of a BIMI record: the logo, and the certificate for it.

use crate::evidence::errand::{Errand, Step, What};
use crate::facts::Facts;
use crate::facts::domain::bimi;
use crate::facts::domain::certificate::Certificate;
use crate::facts::domain::tagged::Tagged;
use crate::rules::{Exhibit, Gap};

/// Bytes above which mailbox providers show no logo (BIMI Group, "Creating BIMI SVG Logo Files").
const LARGE: usize = 32 * 1024;

/// A fault with what shows it, none, or what is not known.
type Looked = Result<Option<(String, Exhibit)>, Gap>;

/// The logo: there, and by its own words an SVG Tiny PS.
pub(super) fn picture(facts: &Facts, record: &Tagged) -> Looked {
    let Some(errand) = bimi::logo(record) else { return Ok(None) };
    let (content_type, body) = match fetched(facts, &errand, "logo") {
        Ok(page) => page,
        Err(looked) => return *looked,
    };
    let given = content_type.split(';').next().unwrap_or_default().trim();
    let what = match () {
        () if !given.eq_ignore_ascii_case("image/svg+xml") => {
            format!(
                "the host calls the logo {} instead of image/svg+xml",
                if given.is_empty() { "nothing" } else { given }
            )
        }
        // Packed: what is inside is not looked at.
        () if body.starts_with('\u{1f}') => return Ok(None),
        () if !body.contains("<svg") => "what stands at the logo's address is no SVG".to_owned(),
        () if !profile(body) => "the logo does not call itself an SVG of the profile tiny-ps".to_owned(),
        () if sides(body).is_some_and(|(w, h)| (w - h).abs() > w.max(h) * 0.01) => {
            "the logo is not square, and providers show it in a square or a circle".to_owned()
        }
        () if body.len() > LARGE => format!("the logo has {} KB, and providers ask for 32 at most", body.len() / 1000),
        () => return Ok(None),
    };
    let shown = format!("{given}, {} bytes", body.len());
    Ok(Some((what.clone(), Exhibit::fetched(&errand, shown, what))))
}

/// `baseProfile="tiny-ps"`, however it is quoted.
fn profile(body: &str) -> bool {
    let value = body.split_once("baseProfile").map(|(_, rest)| rest.trim_start_matches([' ', '=', '"', '\'']));
    value.is_some_and(|v| v.starts_with("tiny-ps"))
}

/// Width and height: what the root element says in pixels, else its viewBox (SVG Tiny 1.2 §7.8).
fn sides(body: &str) -> Option<(f64, f64)> {
    let root = body.split_once("<svg")?.1.split('>').next()?;
    let value = |name: &str| {
        let (before, rest) = root.split_once(&format!("{name}="))?;
        before.ends_with(char::is_whitespace).then_some(())?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    };
    let pixels = |name| value(name)?.trim().trim_end_matches("px").parse::<f64>().ok();
    let said = pixels("width").zip(pixels("height"));
    let view = || {
        let view = value("viewBox")?;
        let numbers = view.split([' ', ',', '\t', '\r', '\n']).filter(|n| !n.is_empty()).map(str::parse::<f64>);
        match numbers.collect::<Result<Vec<_>, _>>().ok()?[..] {
            [_, _, width, height] => Some((width, height)),
            _ => None,
        }
    };
    said.or_else(view).filter(|(w, h)| *w > 0.0 && *h > 0.0)
}

/// The certificate: there, and in force.
pub(super) fn certificate(facts: &Facts, record: &Tagged) -> Looked {
    let Some(errand) = bimi::certificate(record) else { return Ok(None) };
    let (_, body) = match fetched(facts, &errand, "logo's certificate") {
        Ok(page) => page,
        Err(looked) => return *looked,
    };
    let now = facts.evidence.now;
    let what = match Certificate::of_pem(body) {
        None => "what stands at the certificate's address is no certificate in PEM".to_owned(),
        Some(c) if c.until <= now => format!("the logo's certificate expired on {}", c.until.strftime("%Y-%m-%d")),
        Some(c) if c.ends_soon(now).is_some() => {
            format!("the logo's certificate expires on {}", c.until.strftime("%Y-%m-%d"))
        }
        Some(_) => return Ok(None),
    };
    Ok(Some((what.clone(), Exhibit::fetched(&errand, format!("{} bytes", body.len()), what))))
}

/// Type and body of a page that came; else what is to be said of it.
fn fetched<'a>(facts: &'a Facts, errand: &Errand, thing: &str) -> Result<(&'a str, &'a str), Box<Looked>> {
    let fault =
        |what: String, text: String| Err(Box::new(Ok(Some((what.clone(), Exhibit::fetched(errand, text, what))))));
    match facts.evidence.fetched.get(errand).map(|brought| &brought.what) {
        Some(What::Page { status: 200, content_type, body, .. }) => {
            Ok((content_type.as_deref().unwrap_or_default(), body))
        }
        Some(What::Page { status, .. }) => {
            fault(format!("the address of the {thing} answers {status}"), status.to_string())
        }
        // Silence may be ours.
        Some(What::Failed { step, why }) if !matches!(step, Step::Timeout | Step::Connect) => {
            fault(format!("the {thing} cannot be fetched ({why})"), why.clone())
        }
        _ => Err(Box::new(Err(Gap::errand(format!("Can the {thing} be fetched?"), errand)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sides_are_read_from_the_root() {
        for (svg, want) in [
            ("<svg viewBox=\"0 0 200 100\" version=\"1.2\">", Some((200.0, 100.0))),
            ("<svg viewBox='0,0,64,64' width='100%' height='100%'>", Some((64.0, 64.0))),
            ("<svg width=\"300px\" height=\"300\" viewBox=\"0 0 1 2\">", Some((300.0, 300.0))),
            ("<svg stroke-width=\"3\" height=\"9\">", None),
            ("<svg viewBox=\"0 0 x 1\">", None),
            ("<svg><rect width=\"9\" height=\"1\"/></svg>", None),
        ] {
            assert_eq!(sides(svg), want, "{svg}");
        }
    }
}
