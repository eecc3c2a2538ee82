use crate::evidence::{Kind, Question, answer_at};
use crate::facts::Facts;
use crate::facts::dmarc::Step;
use crate::facts::domain::{mta_sts, tls_rpt};
use crate::facts::misplaced::What;
use crate::facts::organization::psl;
use crate::facts::spf::record::Record;
use crate::remedy::{self, Change, Remedy};
use crate::rules::aligned;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::span::Span;
use smallvec::SmallVec;

rule! {
    /// Quotes or backslashes became part of a record
    ///
    /// ## What we saw
    /// The value of an SPF, DKIM, DMARC, MTA-STS or TLS report record holds quotes, typographic quotes or backslashes.
    ///
    /// ## Why mail suffers
    /// In a zone file quotes stand around a value and a backslash before a semicolon; they are no part of it. Pasted into a
    /// panel that adds its own, they become part, and receivers do not recognise the record or stop at the first of them.
    ///
    /// ## How to fix it
    /// Enter the value again without them. In a zone file, write one pair of straight quotes around each piece of at most
    /// 255 bytes.
    ///
    /// ## How to check
    /// `dig` shows one pair of quotes around each piece, and no `\"` or `\;` inside.
    pub RULE = "txt-literal-quotes", Dns, High, judge,
    ["RFC 1035 §5.1", "RFC 7208 §3.3", "RFC 6376 §3.6.2.2"]
}

/// What was looked at.
#[derive(Default)]
struct Looked {
    /// Was there any value?
    any: bool,
    /// Those that may hold a sign.
    values: Vec<Value>,
    /// The first question about a name that has no answer.
    open: Option<Question>,
}

/// A TXT value.
struct Value {
    name: Option<String>,
    text: String,
    pasted: Option<usize>,
}

fn judge(facts: &Facts) -> Verdict {
    let Looked { any, values, open } = look(facts);
    if !any && open.is_none() {
        return Verdict::NotApplicable;
    }
    let gap = open.iter().map(|q| Gap::dns("Are quotes part of a record?", q));
    Verdict::of(values.iter().filter_map(|value| finding(facts, value)).collect(), gap.collect())
}

/// The pasted values, or those at every name where this message's records are looked for.
fn look(facts: &Facts) -> Looked {
    let mut looked = Looked::default();
    if let Some(record) = facts.reading.record.as_ref().filter(|r| r.kind == Kind::Txt) {
        for (n, entry) in record.entries.iter().enumerate() {
            looked.note(&entry.text, record.name.as_deref(), Some(n));
        }
        return looked;
    }
    let spf = facts.spf_published.iter().map(|p| &*p.domain);
    // What stands at a public suffix is not the sender's.
    let dmarc = facts.dmarc.steps.iter().filter(|step| psl(&step.domain).is_some()).map(Step::name);
    let keys = facts.keys.iter().map(|key| &*key.name);
    let mut names: SmallVec<[&str; 8]> = spf.chain(dmarc).chain(keys).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        match answer_at(&facts.evidence.answers, name, Kind::Txt).filter(|a| !a.outcome.failed()) {
            Some(answer) => answer.texts().for_each(|text| looked.note(&text, Some(name), None)),
            None => looked.open = looked.open.or_else(|| Some(Question::new(name, Kind::Txt))),
        }
    }
    looked
}

impl Looked {
    fn note(&mut self, text: &[u8], name: Option<&str>, pasted: Option<usize>) {
        self.any = true;
        // Most values are plain ASCII without any.
        if !text.is_ascii() || memchr::memchr2(b'"', b'\\', text).is_some() {
            let text = String::from_utf8_lossy(text).into_owned();
            self.values.push(Value { name: name.map(str::to_owned), text, pasted });
        }
    }
}

/// Signs that stand around a value, or before a sign in it, and never in it.
const SIGNS: [char; 9] = ['"', '\\', '“', '”', '„', '‟', '«', '»', '‘'];

fn finding(facts: &Facts, value: &Value) -> Option<Finding> {
    let at = value.text.find(SIGNS)?;
    let sign = value.text.get(at..)?.chars().next()?;
    let bare: String = value.text.chars().filter(|c| !SIGNS.contains(c)).collect();
    let what = What::of(bare.trim_start().as_bytes())?;
    let span = Span::new(at, at + sign.len_utf8());
    let name = value.name.clone().unwrap_or_default();
    let entry = value.pasted.and_then(|n| facts.reading.record.as_ref()?.entries.get(n));
    let exhibit = match entry {
        Some(entry) => Exhibit::input(entry.place(span), "part of the value"),
        None => Exhibit::dns(&Question::new(&name, Kind::Txt), value.text.clone(), Some(span), "part of the value"),
    };
    let severity = match (value.pasted, what) {
        (_, What::MtaSts | What::TlsRpt) => Severity::Low,
        (Some(_), _) => Severity::High,
        (None, What::Dmarc) => Severity::Medium,
        (None, _) if aligned::dkim(facts).is_some() => Severity::Low,
        (None, _) => Severity::High,
    };
    let signs = if sign == '\\' { "Backslashes" } else { "Quotes" };
    let title = match &value.name {
        Some(name) => format!("{signs} are part of the {} record {}", what.word(), short(name)),
        None => format!("{signs} are part of this {} record", what.word()),
    };
    let command = if name.is_empty() {
        "dig +short TXT <name of the record>".to_owned()
    } else {
        Question::new(&name, Kind::Txt).dig()
    };
    Some(
        Finding { about: value.name.iter().cloned().collect(), ..Finding::new(&RULE, title) }
            .severity(severity)
            .sure(Confidence::Certain, "they stand in the value")
            .explain(format!(
                "The value holds {} as text. Quotes and backslashes belong to the notation of zone files, not to the value: receivers read them as part of it.",
                if sign == '\\' { "a backslash".to_owned() } else { format!("the sign {sign}") }
            ))
            .exhibit(exhibit)
            .fix(fix(facts, value, what))
            .check(command, "one pair of straight quotes around each piece, and none inside")
            .leads_to(match what {
                What::Spf => &["spf-missing", "spf-syntax-error"],
                What::Dkim => &["dkim-record-malformed", "dkim-key-wrong-encoding"],
                What::Dmarc => &["dmarc-missing", "dmarc-record-malformed"],
                What::MtaSts | What::TlsRpt => &["mta-sts-or-dane-broken"],
            }),
    )
}

/// The value as it was meant; `None` where that is not beyond doubt.
fn meant(text: &str, what: What) -> Option<String> {
    match what {
        What::Dkim => remedy::dkim::tidy(text),
        _ => {
            let words: String = text
                .chars()
                .map(|c| if SIGNS.contains(&c) && c != '\\' { ' ' } else { c })
                .filter(|c| *c != '\\')
                .collect();
            let clean = words.split_whitespace().collect::<Vec<_>>().join(" ");
            let sound = match what {
                What::Spf => Record::parse(clean.as_bytes()).is_some_and(|r| !r.broken),
                What::MtaSts => mta_sts::pasted(clean.as_bytes()).is_some_and(|r| !r.is_void()),
                What::TlsRpt => tls_rpt::pasted(clean.as_bytes()).is_some_and(|r| !r.is_void()),
                _ => crate::facts::dmarc::record::read(&clean, 0).is_some_and(|r| r.counts()),
            };
            sound.then_some(clean)
        }
    }
}

fn fix(facts: &Facts, value: &Value, what: What) -> Remedy {
    let remedy = Remedy::new("Enter the value again without them.");
    let Some(clean) = meant(&value.text, what) else {
        return remedy
            .step("Copy the value anew from where you got it: with the signs taken out this one is still not sound.");
    };
    let is_it = |t: &[u8]| String::from_utf8_lossy(t) == value.text;
    match (&value.name, value.pasted) {
        (Some(name), None) => match remedy::spf::change(&facts.evidence.answers, name, is_it, Some(&clean)) {
            Some(change) => remedy.record(change),
            None => remedy.step(format!("The value: {clean}")),
        },
        (Some(name), Some(_)) => remedy.record(Change::txt(name, &[&value.text], &[&clean])),
        (None, _) => remedy.step(format!("The value: {clean}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;
    use crate::evidence::Data;

    fn after(finding: &Finding) -> String {
        match &finding.fix.as_ref().unwrap().records[0].after[0] {
            Data::Txt(strings) => String::from_utf8(strings.concat()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn signs_in_the_value_are_taken_out() {
        for (value, want) in [
            ("\\\"v=spf1 mx -all\\\"", "v=spf1 mx -all"),
            ("v=DMARC1\\\\; p=none\\\\; rua=mailto:a@example.com", "v=DMARC1; p=none; rua=mailto:a@example.com"),
            ("“v=spf1 mx -all”", "v=spf1 mx -all"),
            ("v=TLSRPTv1\\\\; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:a@example.com"),
            ("v=STSv1\\\\; id=20260101", "v=STSv1; id=20260101"),
        ] {
            let paste = format!("example.com. TXT \"{value}\"");
            let finding = found(&RULE, &paste, None);
            assert_eq!(after(&finding), want, "{value}");
            let signs = if value.starts_with("v=") { "Backslashes" } else { "" };
            assert!(finding.title.starts_with(signs), "{}", finding.title);
        }
        let zone = "example.com TXT \"\\\"v=spf1 mx -all\\\"\"";
        let finding = found(&RULE, &message("a@example.com", "b@example.com"), Some(zone));
        assert_eq!(after(&finding), "v=spf1 mx -all");
        assert_eq!(finding.leads_to, ["spf-missing", "spf-syntax-error"]);
    }

    #[test]
    fn it_passes_and_does_not_apply() {
        let paste = message("a@example.com", "b@example.com");
        let other = "example.com TXT \"v=spf1 -all\"\nexample.com TXT \"note=\\\"mine\\\"\"";
        assert!(matches!(judge(&RULE, &paste, Some(other)), Verdict::Pass));
        assert!(matches!(judge(&RULE, "example.com. TXT \"v=spf1 -all\"", None), Verdict::Pass));
        let nobody = "Subject: x\r\nTo: r@inbox.test\r\n";
        assert!(matches!(judge(&RULE, nobody, None), Verdict::NotApplicable));
    }

    #[test]
    fn what_was_not_answered_is_not_known() {
        let paste = message("a@example.com", "b@example.com");
        assert!(matches!(judge(&RULE, &paste, None), Verdict::Unknown(_)));
        let failed = "example.com TXT \"v=spf1 -all\"\n_dmarc.example.com SERVFAIL";
        let Verdict::Unknown(gaps) = judge(&RULE, &paste, Some(failed)) else { panic!() };
        assert_eq!(gaps[0].needs.words(), "dig +short TXT _dmarc.example.com");
        // What stands elsewhere is told all the same.
        let quoted = failed.replace("v=spf1 -all", "\\\"v=spf1 -all\\\"");
        assert!(matches!(judge(&RULE, &paste, Some(&quoted)), Verdict::Found(_)));
    }
}
