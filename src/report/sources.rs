//! A DMARC report as a table of who sends, a TLS report as one of policies: for eyes, for `cut`, for a ticket.

use super::Shown;
use super::human::{Ink, Style};
use super::records::Standing as Mark;
use super::table::{cut, look};
use crate::diagnose::Diagnosis;
use crate::facts::report::{Aggregate, Content, Source, Standing, Tie};
use crate::rules::Severity;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Lines shown to eyes; all are in the other forms.
const SHOWN: usize = 30;

/// One line of the table.
pub struct Row {
    pub mark: Mark,
    pub name: String,
    pub count: u64,
    pub words: String,
}

/// The sources, or the policies of a TLS report.
pub fn rows(d: &Diagnosis) -> Vec<Row> {
    match d.facts.reading.report.as_ref().map(|r| &r.content) {
        Some(Ok(Content::Dmarc(report))) => d.facts.sources.iter().map(|source| row(report, source)).collect(),
        Some(Ok(Content::Tls(report))) => {
            let policies = report.policies.items.iter().map(|outcome| {
                let failed = outcome.failed();
                let mark = match (failed, outcome.enforced()) {
                    (0, _) => Mark::Good,
                    (_, Some(true)) if outcome.keeps_out() => Mark::Found(Severity::High),
                    _ => Mark::Found(Severity::Medium),
                };
                let kind = outcome.policy.kind.as_deref().unwrap_or("policy not named");
                let domain = outcome.policy.domain.as_deref().unwrap_or("?");
                let count = outcome.summary.successful.saturating_add(failed);
                Row {
                    mark,
                    name: domain.to_owned(),
                    count,
                    words: format!("{kind}: {failed} of {count} sessions failed"),
                }
            });
            policies.collect()
        }
        _ => Vec::new(),
    }
}

fn row(report: &Aggregate, source: &Source) -> Row {
    let weight = if source.kept_out > 0 { Severity::High } else { Severity::Medium };
    let (mark, words) = match source.standing {
        Standing::Aligned => (Mark::Good, "passes".to_owned()),
        Standing::SpfAlone => (Mark::Found(Severity::Low), "passes by SPF alone".to_owned()),
        Standing::Strict => {
            (Mark::Found(weight), "passes for another name of yours; strict alignment turns it down".to_owned())
        }
        Standing::Unaligned => {
            let mark = if weight == Severity::High || matches!(source.sender, crate::facts::report::Sender::Platform(_))
            {
                weight
            } else {
                Severity::Low
            };
            (Mark::Found(mark), format!("passes for {} only", source.vouched.as_deref().unwrap_or("another domain")))
        }
        Standing::Unlisted => (Mark::Found(Severity::Low), "passes by DKIM; SPF does not list it".to_owned()),
        Standing::Failing if source.tie == Some(Tie::Signature) => {
            (Mark::Found(weight), "signed as yours, and nothing passes".to_owned())
        }
        Standing::Failing if source.tie == Some(Tie::Gateway) => {
            (Mark::Found(Severity::Low), "a mail gateway, maybe yours; nothing passes".to_owned())
        }
        Standing::Failing => (Mark::Found(weight), "looks like yours, and nothing passes".to_owned()),
        Standing::NoVerdict => (Mark::Found(Severity::Low), "passes by DKIM; SPF came to no verdict".to_owned()),
        Standing::Forwarded => (Mark::Found(Severity::Info), "forwarded; its signature passes".to_owned()),
        Standing::Altered if source.is_accepted(report) => {
            (Mark::Found(Severity::Info), "handed on, and let in for its ARC seal".to_owned())
        }
        Standing::Altered => (Mark::Found(Severity::Info), "forwarded, and changed on the way".to_owned()),
        Standing::Stranger if source.open.is_some() => {
            (Mark::Unknown, "nothing passes; whose it is is not known".to_owned())
        }
        Standing::Stranger => (Mark::Found(Severity::Info), "a stranger; nothing passes".to_owned()),
        Standing::Unclear => (Mark::Unknown, "the report does not tell".to_owned()),
    };
    let kept_out = if source.kept_out > 0 { format!(", {} kept out", source.kept_out) } else { String::new() };
    Row { mark, name: source.sender.to_string(), count: source.count, words: words + &kept_out }
}

/// Who reports on whom, for when, under which policy.
pub fn heading(d: &Diagnosis) -> Option<String> {
    let received = d.facts.reading.report.as_ref()?;
    let unread = |n: usize| if n > 0 { format!("; {n} more in it are not read") } else { String::new() };
    Some(match received.content.as_ref().ok()? {
        Content::Dmarc(report) => {
            let day = |t: jiff::Timestamp| t.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string();
            let period = match (report.begin, report.end) {
                (Some(begin), Some(end)) => format!(", {} to {} UTC", day(begin), day(end)),
                _ => String::new(),
            };
            let policy = report.policy.p.as_deref().unwrap_or("not said");
            format!(
                "{} on {}{period}: {} of {} messages pass DMARC; policy then: {policy}{}{}",
                report.reporter(),
                report.policy.domain,
                report.passing(),
                report.messages(),
                if report.cut { "; the report is cut off" } else { "" },
                unread(received.unread + report.unread)
            )
        }
        Content::Tls(report) => {
            let day = |t: &Option<String>| t.clone().unwrap_or("?".to_owned());
            format!(
                "{} on TLS to {}, {} to {}: {} sessions succeeded, {} failed{}",
                report.reporter(),
                report.domain(),
                day(&report.date_range.start),
                day(&report.date_range.end),
                report.successful(),
                report.failed(),
                unread(received.unread + report.policies.unread)
            )
        }
    })
}

/// `✗ Twilio SendGrid    40  passes for sendgrid.net only`, a line each.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let Some(heading) = heading(d) else { return String::new() };
    let width = style.width.min(100);
    let rows = rows(d);
    let mut out = String::new();
    for line in super::human::wrapped(&format!("  {}", shown.line(&heading)), width, "  ") {
        let _ = writeln!(out, "{line}");
    }
    out.push('\n');
    let names: Vec<String> = rows.iter().take(SHOWN).map(|r| cut(&shown.line(&r.name), 30, style.dots())).collect();
    let widest = names.iter().map(|n| n.width()).max().unwrap_or(0);
    for (row, name) in rows.iter().zip(&names) {
        let (glyph, ascii, _, ink) = look(row.mark);
        let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
        let gap = " ".repeat(widest - name.width());
        let room = width.saturating_sub(widest + 17);
        let words = cut(&shown.line(&row.words), room, style.dots());
        let _ = writeln!(out, "  {mark} {}{gap}  {:>8}  {words}", style.paint(Ink::Strong, name), row.count);
    }
    if rows.len() > SHOWN {
        let _ = writeln!(out, "    and {} more; -f plain lists all", rows.len() - SHOWN);
    }
    out
}

/// For a ticket.
pub fn markdown(d: &Diagnosis, shown: Shown) -> String {
    let Some(heading) = heading(d) else { return String::new() };
    let cell = |text: &str| super::markdown::text(shown, text);
    let mut out = format!("\n{}\n\n| | source | count | what becomes of it |\n|---|---|---|---|\n", cell(&heading));
    for row in rows(d) {
        let _ = writeln!(out, "| {} | {} | {} | {} |", look(row.mark).2, cell(&row.name), row.count, cell(&row.words));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::evidence::{Evidence, Input, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    /// What is said of one server whose mail fails, where the receiver gives this reason.
    fn words(comment: &str) -> String {
        let text = format!(
            "<feedback><report_metadata><org_name>inbox.test</org_name><report_id>1</report_id></report_metadata>\
             <policy_published><domain>example.com</domain><p>none</p></policy_published>\
             <record><row><source_ip>198.51.100.3</source_ip><count>2</count><policy_evaluated><disposition>none</disposition>\
             <dkim>fail</dkim><spf>fail</spf><reason><type>local_policy</type><comment>{comment}</comment></reason>\
             </policy_evaluated></row><identifiers><header_from>example.com</header_from></identifiers><auth_results>\
             <dkim><domain>example.com</domain><selector>s1</selector><result>fail</result></dkim>\
             <spf><domain>list.example.net</domain><result>pass</result></spf></auth_results></record></feedback>"
        );
        let input = Input::read("-", text.into_bytes(), None).unwrap();
        let reading = Arc::new(Reading::read(&input, &Said::default()));
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
        let rows = rows(&diagnose(Arc::new(evidence), reading));
        rows.into_iter().map(|row| row.words).collect()
    }

    #[test]
    fn what_a_seal_let_in_is_not_called_broken() {
        assert_eq!(words("arc=pass as[1].d=example.net"), "handed on, and let in for its ARC seal");
        assert_eq!(words("arc=fail"), "forwarded, and changed on the way");
    }
}
