//! Verdicts and findings.

use super::{Proof, Rule};
use crate::evidence::{Errand, Question, Said};
use crate::remedy::Remedy;
use crate::span::Span;
use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;

/// How much mail suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// How sure we are. What the receiver itself said is surer than what today's DNS suggests
/// about yesterday's mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Possible,
    Likely,
    Certain,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl Confidence {
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

/// What a rule says of the facts.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The rule has nothing to look at here.
    NotApplicable,
    /// It would speak if it knew this. Never a finding.
    Unknown(Gaps),
    Pass,
    Found(Vec<Finding>),
}

impl Verdict {
    /// One thing is not known.
    pub fn unknown(gap: Gap) -> Verdict {
        Verdict::Unknown(smallvec![gap])
    }

    /// Found if there is any finding, unknown if there is any gap, pass otherwise. What is not known beside a finding
    /// goes with it.
    pub fn of(mut findings: Vec<Finding>, gaps: Gaps) -> Verdict {
        match findings.first_mut() {
            Some(first) => {
                first.open = gaps;
                Verdict::Found(findings)
            }
            None if gaps.is_empty() => Verdict::Pass,
            None => Verdict::Unknown(gaps),
        }
    }
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Verdict {
        Verdict::Found(vec![finding])
    }
}

/// What a rule does not know: one thing, mostly.
pub type Gaps = SmallVec<[Gap; 1]>;

/// Something not known, and what would settle it.
#[derive(Clone, Debug)]
pub struct Gap {
    asks: Asks,
    /// "an answer to: dig +short TXT s1._domainkey.example.com"
    pub needs: Needs,
}

/// A question. Many rules ask the same of one name, and one of them is heard: it is put into words once somebody reads it.
#[derive(Clone, Debug)]
enum Asks {
    Words(Cow<'static, str>),
    /// Of the name that the answer is about.
    OfName(fn(&str) -> String),
    /// Of a name that the answer tells something of.
    About(String, fn(&str) -> String),
}

/// What would settle a question. Many rules wait for one answer: it is named, and put into words once somebody reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    Answer(Question),
    Words(Cow<'static, str>),
}

impl Needs {
    /// "dig +short TXT s1._domainkey.example.com", or what else it takes.
    pub fn words(&self) -> Cow<'_, str> {
        match self {
            Needs::Answer(question) => question.dig().into(),
            Needs::Words(words) => words.as_ref().into(),
        }
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Needs {
    fn from(words: T) -> Needs {
        Needs::Words(words.into())
    }
}

impl Gap {
    /// What a fragment of a header leaves open.
    pub const WHOLE_HEADER: &str = "the complete header of the delivered message";

    /// "Is there a key at s1._domainkey.example.com?"
    pub fn question(&self) -> Cow<'_, str> {
        match (&self.asks, &self.needs) {
            (Asks::Words(words), _) => words.as_ref().into(),
            (Asks::About(name, words), _) => words(name).into(),
            (Asks::OfName(words), Needs::Answer(question)) => words(&question.name).into(),
            (Asks::OfName(words), Needs::Words(needs)) => words(needs).into(),
        }
    }

    /// A gap that these words would close.
    pub fn new(what: impl Into<Cow<'static, str>>, needs: impl Into<Needs>) -> Gap {
        Gap { asks: Asks::Words(what.into()), needs: needs.into() }
    }

    /// A gap that the complete header would close.
    pub fn whole_header(what: impl Into<Cow<'static, str>>) -> Gap {
        Gap::new(what, Gap::WHOLE_HEADER)
    }

    /// A gap that a DNS answer would close.
    pub fn dns(what: impl Into<Cow<'static, str>>, question: &Question) -> Gap {
        Gap { asks: Asks::Words(what.into()), needs: Needs::Answer(question.clone()) }
    }

    /// The same, where the name that DNS is asked for gives the words.
    pub fn of_name(question: Question, words: fn(&str) -> String) -> Gap {
        Gap { asks: Asks::OfName(words), needs: Needs::Answer(question) }
    }

    /// As [`Gap::of_name`], where the name in the words is not the one that is asked for.
    pub fn about(name: &str, words: fn(&str) -> String, question: &Question) -> Gap {
        Gap { asks: Asks::About(name.to_owned(), words), needs: Needs::Answer(question.clone()) }
    }

    /// Records that were asked for, and nothing was learnt.
    pub fn records(question: &Question) -> Gap {
        Gap::dns(format!("What are the {} records of {}?", question.kind, question.name), question)
    }

    /// Has the command that settles it ask the resolver in use.
    pub fn aim(&mut self, said: &Said) {
        if said.resolver.is_some() {
            *self = Gap::new(self.question().into_owned(), said.aim(self.needs.words().into_owned()));
        }
    }

    /// A gap that an errand would close, once it succeeds.
    pub fn errand(what: impl Into<Cow<'static, str>>, errand: &Errand) -> Gap {
        Gap::new(what, errand.command())
    }
}

impl PartialEq for Gap {
    fn eq(&self, other: &Gap) -> bool {
        self.needs == other.needs && self.question() == other.question()
    }
}

/// Where an exhibit comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In [`crate::evidence::Input::text`].
    Input(Span),
    /// In the joined text of a DNS record, or its absence (`text` then says the outcome).
    Dns { question: Question, text: String, span: Option<Span> },
    /// What an errand brought: a server's reply, a page, or how it failed.
    Fetched { errand: Errand, text: String },
    /// A passage of an aggregate report, said on one line: `record 3`.
    Report { part: String, text: String },
    /// A passage of the body, decoded: of the part `text/html`.
    Body { part: String, text: String },
    /// What the user told us.
    User(String),
    /// What was seen in the mailbox that the message was fetched from.
    Mailbox(String),
}

/// One piece of evidence: every claim points at bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    pub place: Place,
    /// A few words for the underline: "signed as this domain".
    pub label: Cow<'static, str>,
}

impl Exhibit {
    pub fn input(span: Span, label: impl Into<Cow<'static, str>>) -> Exhibit {
        Exhibit { place: Place::Input(span), label: label.into() }
    }

    pub fn dns(
        question: &Question,
        text: impl Into<String>,
        span: Option<Span>,
        label: impl Into<Cow<'static, str>>,
    ) -> Exhibit {
        Exhibit { place: Place::Dns { question: question.clone(), text: text.into(), span }, label: label.into() }
    }

    pub fn fetched(errand: &Errand, text: impl Into<String>, label: impl Into<Cow<'static, str>>) -> Exhibit {
        Exhibit { place: Place::Fetched { errand: errand.clone(), text: text.into() }, label: label.into() }
    }

    pub fn report(part: impl Into<String>, text: impl Into<String>, label: impl Into<Cow<'static, str>>) -> Exhibit {
        Exhibit { place: Place::Report { part: part.into(), text: text.into() }, label: label.into() }
    }

    pub fn body(part: impl Into<String>, text: impl Into<String>, label: impl Into<Cow<'static, str>>) -> Exhibit {
        Exhibit { place: Place::Body { part: part.into(), text: text.into() }, label: label.into() }
    }

    pub fn mailbox(seen: impl Into<String>, label: impl Into<Cow<'static, str>>) -> Exhibit {
        Exhibit { place: Place::Mailbox(seen.into()), label: label.into() }
    }

    pub fn user(said: impl Into<String>, label: impl Into<Cow<'static, str>>) -> Exhibit {
        Exhibit { place: Place::User(said.into()), label: label.into() }
    }
}

/// The command that proves the cure, and what it must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub command: String,
    pub expect: String,
}

/// What one rule found, names filled in.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Why that sure, one sentence.
    pub because: Cow<'static, str>,
    /// One line, at most about 70 characters.
    pub title: String,
    /// A paragraph or two in the user's words.
    pub explanation: String,
    pub exhibits: Vec<Exhibit>,
    pub fix: Option<Remedy>,
    /// What came of trying the records of the fix; `None`: not tried, or there are none.
    pub proof: Option<Proof>,
    pub check: Option<Check>,
    /// The names in DNS that it speaks of, where its rule may speak of several; empty: of the mail or the domain as a whole.
    pub about: Vec<String>,
    /// Rules whose findings on this message are only consequences of this one.
    pub leads_to: Vec<&'static str>,
    /// What its rule could not learn, beside this.
    pub open: Gaps,
    /// Until it is cured, nothing that its consequences ask for can be done.
    pub bars: bool,
    /// Those of them that fired; filled in by triage.
    pub consequences: Vec<Finding>,
}

impl Finding {
    /// A finding of the rule's usual severity, certain until said otherwise.
    // Cold: most rules find nothing. The compiler keeps what tells of a finding out of the way of what looks for one.
    #[cold]
    pub fn new(rule: &'static Rule, title: impl Into<String>) -> Finding {
        Finding {
            rule,
            severity: rule.severity,
            confidence: Confidence::Certain,
            because: Cow::Borrowed(""),
            title: title.into(),
            explanation: String::new(),
            exhibits: Vec::new(),
            fix: None,
            proof: None,
            check: None,
            about: Vec::new(),
            leads_to: Vec::new(),
            open: Gaps::new(),
            bars: false,
            consequences: Vec::new(),
        }
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub fn sure(mut self, confidence: Confidence, because: impl Into<Cow<'static, str>>) -> Self {
        self.confidence = confidence;
        self.because = because.into();
        self
    }

    pub fn explain(mut self, text: impl Into<String>) -> Self {
        self.explanation = text.into();
        self
    }

    pub fn exhibit(mut self, exhibit: Exhibit) -> Self {
        self.exhibits.push(exhibit);
        self
    }

    pub fn exhibits(mut self, exhibits: impl IntoIterator<Item = Exhibit>) -> Self {
        self.exhibits.extend(exhibits);
        self
    }

    pub fn fix(mut self, fix: Remedy) -> Self {
        self.fix = Some(fix);
        self
    }

    pub fn check(mut self, command: impl Into<String>, expect: impl Into<String>) -> Self {
        self.check = Some(Check { command: command.into(), expect: expect.into() });
        self
    }

    /// Notes a name that it speaks of.
    pub fn about(mut self, name: impl Into<String>) -> Self {
        self.about.push(name.into());
        self
    }

    /// Does it explain the other one: by its rule, and of the same name where both speak of names?
    pub fn explains(&self, other: &Finding) -> bool {
        let apart = !self.about.is_empty() && !other.about.is_empty();
        self.leads_to.contains(&other.rule.id) && (!apart || self.about.iter().any(|name| other.about.contains(name)))
    }

    pub fn leads_to(mut self, rules: &[&'static str]) -> Self {
        self.leads_to.extend_from_slice(rules);
        self
    }

    /// Nothing that its consequences ask for can be done before.
    pub fn bars(mut self, bars: bool) -> Self {
        self.bars = bars;
        self
    }
}
