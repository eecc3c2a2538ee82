//! Reports for tests, written as receivers write them.

use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, Said};
use crate::facts::{Facts, Reading};
use std::sync::Arc;

pub use crate::rules::testing::only;

/// A record: address, count, disposition, DKIM and SPF as DMARC counts them, `domain selector result`, `domain result`.
#[derive(Clone, Copy)]
pub struct Record(
    pub &'static str,
    pub u64,
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub &'static str,
);

pub const BOTH: Record = Record("192.0.2.1", 100, "none", "pass", "pass", "example.com s1 pass", "example.com pass");
pub const PLATFORM: Record =
    Record("192.0.2.50", 40, "none", "fail", "fail", "sendgrid.net smtpapi pass", "u1.sendgrid.net pass");
pub const STRANGER: Record = Record("198.51.100.9", 7, "none", "fail", "fail", "", "example.com fail");
pub const FORWARDED: Record =
    Record("198.51.100.1", 5, "none", "pass", "fail", "example.com s1 pass", "example.com softfail");

pub fn xml(policy: &str, records: &[Record]) -> String {
    let mut text = format!(
        "<feedback><report_metadata><org_name>receiver.example</org_name><report_id>1</report_id><date_range><begin>1781000000</begin><end>1781086399</end></date_range></report_metadata>\
         <policy_published><domain>example.com</domain><p>{policy}</p></policy_published>"
    );
    for Record(ip, count, disposition, dkim, spf, signature, mail_from) in records {
        let words = |text: &'static str| text.split(' ').chain(std::iter::repeat(""));
        let mut s = words(signature);
        let mut m = words(mail_from);
        let mut next = |which: bool| if which { s.next() } else { m.next() }.unwrap_or_default();
        text += &format!(
            "<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row>\
             <identifiers><header_from>example.com</header_from></identifiers><auth_results>"
        );
        if !signature.is_empty() {
            let (d, s, r) = (next(true), next(true), next(true));
            text += &format!("<dkim><domain>{d}</domain><selector>{s}</selector><result>{r}</result></dkim>");
        }
        let (d, r) = (next(false), next(false));
        text +=
            &format!("<spf><domain>{d}</domain><scope>mfrom</scope><result>{r}</result></spf></auth_results></record>");
    }
    text + "</feedback>"
}

/// The facts of a report, with DNS as the zone lines say; offline without any.
pub fn facts(text: &str, zone: Option<&str>) -> Facts {
    let input = Input::read("report", text.as_bytes(), None).unwrap();
    let now = "2026-06-10T12:00:00Z".parse().unwrap();
    let evidence = Evidence::new(input, Said::default(), now, zone.is_none());
    let evidence = match zone {
        Some(lines) => crate::samples::settle(evidence, &Zone::parse(lines).unwrap()),
        None => evidence,
    };
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Facts::gather(Arc::new(evidence), reading)
}

pub fn of(policy: &str, records: &[Record]) -> Facts {
    facts(&xml(policy, records), Some("_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:a@example.com\""))
}

/// Facts of something else.
pub fn other() -> Facts {
    facts("From: ann@example.com\r\nTo: bob@example.net\r\nSubject: x\r\n", None)
}
