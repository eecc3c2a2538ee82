use crate::facts::arc::Set;
use crate::facts::arc::verify::ChainResult;
use crate::facts::authres::AuthRes;
use crate::facts::dkim::DkimResult;
use crate::facts::freemail;
use crate::facts::organization::Agreement;
use crate::facts::reported::Dkim;
use crate::facts::{Facts, Reading};
use crate::remedy::Remedy;
use crate::rules::aligned;
use crate::rules::dmarc::failure;
use crate::rules::on_the_way::{
    broken_before, dkim_pass_before, organization, proven_altered, says_altered, sealed_pass, was_altered,
};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::span::Span;

rule! {
    /// A mailing list changed the message and so broke the author's signature
    ///
    /// ## What we saw
    /// The message came through a mailing list, and a DKIM signature made before the list no longer verifies, or no signature
    /// of the author's is there and From still names the author.
    ///
    /// ## Why mail suffers
    /// Lists put a tag into the subject or a footer under the text. Both are signed, so the author's signature breaks,
    /// and SPF counts for the list, not for the author. Unless the list writes itself into From, DMARC then fails
    /// although nobody did anything wrong.
    ///
    /// ## How to fix it
    /// The cure is at the list: have it put its own address into From (Mailman calls this "Munge From"), sign with its
    /// own domain, or leave subject and text alone. No DNS record of the author's cures this. A domain whose people
    /// write to lists should think twice about p=reject.
    ///
    /// ## How to check
    /// Write to the list again: the copy that comes back shows dmarc=pass.
    pub RULE = "mailing-list-modified", Headers, Medium, judge,
    ["RFC 7960 §3.2.3", "RFC 9989 §7.4"]
}

fn judge(facts: &Facts) -> Verdict {
    let r = &*facts.reading;
    // A verdict written where the list took the message in is older than the list's changes.
    let marks = &r.lists.list_manager;
    let (Some(from), false, None) = (r.from_domain(), marks.is_empty(), &r.boundary.handed_on) else {
        return Verdict::NotApplicable;
    };
    let broken: Vec<&Dkim> = r.reported.dkim.iter().filter(|d| is_broken(facts, d)).collect();
    let ours = |d: &Dkim| d.domain.as_deref().is_some_and(|d| organization(facts, d) == organization(facts, from));
    let list = list_domain(r);
    // The list signs after its changes: what broke was made by somebody else.
    let is_lists = |d: &Dkim| match (&list, &d.domain) {
        (Some(list), Some(d)) => organization(facts, d) == organization(facts, list),
        _ => false,
    };
    let from_is_lists = list.as_deref().is_some_and(|l| organization(facts, l) == organization(facts, from));
    let hit = if from_is_lists { broken.iter().find(|d| !is_lists(d)) } else { broken.iter().find(|d| ours(d)) };
    // Its own server says so, under a seal that holds.
    let had = |set: &Set| {
        list.as_deref()
            .zip(set.sealer.as_deref())
            .is_some_and(|(l, s)| organization(facts, l) == organization(facts, s))
    };
    if hit.and_then(|hit| broken_before(facts, hit)).is_some_and(had) {
        return Verdict::Pass;
    }
    let Some(hit) = hit else {
        return match unvouched(facts, from).filter(|_| !from_is_lists) {
            Some(how) => how.finding(facts, from).into(),
            None if r.reported.dkim.is_empty() => unread(facts, from),
            None => Verdict::Pass,
        };
    };
    let author = hit.domain.as_deref().unwrap_or(from);
    let before = dkim_pass_before(facts, author);
    let sealed = sealed_pass(facts, author);
    let who = list.as_deref().unwrap_or("The list");
    let passed = aligned::dkim(facts).is_some() || r.reported.dmarc.as_ref().is_some_and(|d| d.result == "pass");

    let mut finding = Finding::new(&RULE, format!("A mailing list broke the signature of {author}"))
        .exhibit(Exhibit::input(hit.span, format!("the signature of {author} no longer verifies")))
        .exhibits(marks.iter().take(3).map(|s| Exhibit::input(*s, "written by mailing list software")))
        .exhibits(subject_tag(facts).map(|s| Exhibit::input(s, "the list's tag, it seems")));
    finding = match before {
        Some((field, result)) => {
            let by = field.authserv_id.as_ref().map_or("a server on the way", |id| &id.value);
            finding
                .exhibit(Exhibit::input(result.head, format!("{by} still saw it pass")))
                .sure(
                    Confidence::Likely,
                    format!("{by} saw the same domain's signature pass before{}.", of_chain(facts, field)),
                )
                .leads_to(&["dkim-body-hash-mismatch", "dkim-signature-invalid"])
        }
        None if sealed.is_some() => finding
            .exhibits(sealed.map(|span| Exhibit::input(span, "passed before the list, by the chain")))
            .sure(
                Confidence::Likely,
                "The receiver found the chain of seals whole, and by it the author's mail passed.",
            )
            .leads_to(&["dkim-body-hash-mismatch", "dkim-signature-invalid"]),
        None if proven_altered(facts, hit) => finding
            .sure(
                Confidence::Likely,
                "With the changes undone the signature fits, so it was good before; a list handled the message.",
            )
            .leads_to(&["dkim-body-hash-mismatch", "dkim-signature-invalid"]),
        None if says_altered(hit) => finding
            .sure(
                Confidence::Likely,
                "The receiver says that the content changed after signing, and a list handled it.",
            )
            .leads_to(&["dkim-body-hash-mismatch", "dkim-signature-invalid"]),
        None => finding.sure(
            Confidence::Possible,
            "A list handled the message, but nothing shows that the signature was good before.",
        ),
    };
    if passed {
        let why = if from_is_lists {
            format!("{who} put its own address into From and vouches for the message itself")
        } else {
            format!("another signature still passes for {from}")
        };
        return finding
            .severity(Severity::Info)
            .explain(format!(
                "{who} changed the message, so the signature of {author} broke. That does no harm: {why}."
            ))
            .into();
    }
    if failure::receiver_failed(facts) && !from_is_lists && !finding.leads_to.is_empty() {
        finding = finding.leads_to(&["dmarc-unaligned"]);
    }
    let explanation = if from_is_lists {
        format!(
            "{who} changed the message, so the signature of {author} broke. From is the list's own now, and no signature passes for {from} yet."
        )
    } else {
        format!(
            "{who} changed the message, so the signature of {author} broke, while From still says {from}. SPF counts for the list, so nothing vouches for {from}."
        )
    };
    finding
        .explain(explanation)
        .fix(remedy(author).step("Or: switch off subject tag and footer, so that the author's signature survives."))
        .check(CHECK.0, CHECK.1)
        .into()
}

/// What the chain is worth in which a server says so: one that holds shows that these are its words.
fn of_chain(facts: &Facts, field: &AuthRes) -> &'static str {
    let sealed = facts.reading.arc.iter().filter_map(|set| set.results.as_ref()).any(|r| r.field == field.field);
    match facts.chain.filter(|_| sealed) {
        Some(ChainResult::Pass) => ", and the ARC chain in which it says so holds here",
        Some(ChainResult::Fail) => "; the ARC chain in which it says so does not hold here",
        _ => "",
    }
}

const CHECK: (&str, &str) = ("postdoc diagnose FILE", "dmarc=pass, on a new copy from the list");

fn remedy(author: &str) -> Remedy {
    Remedy::new(format!("Ask whoever runs the list to send under its own name; no record of {author} cures this."))
        .step("List: put the list's address into From (in Mailman: DMARC mitigation \"Munge From\"), and the author into Reply-To.")
        .step("List: sign what it sends with DKIM for the domain in From.")
}

/// Mail that a list sent on in its author's name, with nothing of the author's on it that vouches.
#[derive(Clone, Copy)]
enum Unvouched {
    /// It passed before the list: what the list sent on is without the signature.
    TakenOff(Span),
    /// It was never signed, or the list took the signature off; what passes is the list's, more or less surely.
    Either(Confidence),
}

fn unvouched(facts: &Facts, from: &str) -> Option<Unvouched> {
    let r = &*facts.reading;
    let own = |domain: &str| organization(facts, domain) == organization(facts, from);
    let reported = r.reported.dkim.iter().filter_map(|d| d.domain.as_deref());
    let signed = r.signatures.iter().filter_map(|s| s.domain.as_ref()).map(|d| &d.value[..]).chain(reported).any(own);
    let fails = || facts.alignment.dmarc == Some(false) && !failure::receiver_passed(facts);
    if signed || !(failure::receiver_failed(facts) || fails()) {
        return None;
    }
    let before = dkim_pass_before(facts, from).map(|(_, result)| result.head).or_else(|| sealed_pass(facts, from));
    before.map(Unvouched::TakenOff).or_else(|| Some(Unvouched::Either(for_others(facts)?)))
}

/// Does SPF or DKIM pass for another organization, as far as that is known? A list that vouches for nothing may be a
/// forger's, who can write any field.
fn for_others(facts: &Facts) -> Option<Confidence> {
    let others = || facts.legs().all().filter(|leg| leg.agreement == Agreement::None);
    let any = |passed| others().any(|leg| leg.passed == passed);
    match (any(Some(true)), any(None)) {
        (true, _) => Some(Confidence::Likely),
        (false, true) => Some(Confidence::Possible),
        (false, false) => None,
    }
}

impl Unvouched {
    fn finding(self, facts: &Facts, from: &str) -> Finding {
        let lists = &facts.reading.lists;
        let list = list_domain(&facts.reading);
        let who = list.as_deref().unwrap_or("the list");
        let finding = match self {
            Unvouched::TakenOff(before) => {
                Finding::new(&RULE, format!("A mailing list sent it on without the signature of {from}"))
                    .sure(Confidence::Likely, "A server before the list saw the author's mail pass.")
                    .explain(format!(
                        "{from} vouched for the message until {who} took it in. What the list sent on bears no signature of {from}, \
                         while From still says {from}. SPF counts for the list, so nothing vouches for {from}."
                    ))
                    .exhibit(Exhibit::input(before, "it passed before the list"))
            }
            Unvouched::Either(sure) => {
                Finding::new(&RULE, format!("A mailing list sent it on in the name of {from}"))
                    .sure(sure, "Fields of mailing list software are in the header, and nothing there vouches for the author.")
                    .explain(format!(
                        "From says {from}, but {who} sent the message on. SPF and DKIM can vouch for the list only, and no signature of \
                         {from} is there: the author's mail bore none, or the list took it off. So nothing vouches for {from}."
                    ))
            }
        };
        finding
            .exhibits(lists.list_manager.iter().take(3).map(|s| Exhibit::input(*s, "written by mailing list software")))
            .fix(self.remedy(from))
            .check(CHECK.0, CHECK.1)
            .leads_to(&["dmarc-unaligned", "dmarc-freemail-from", "dkim-missing"])
    }

    fn remedy(self, from: &str) -> Remedy {
        match self {
            Unvouched::Either(_) if freemail::provider(from).is_none() => remedy(from).step(format!(
                "Only if the list is a newsletter of {from} itself: have it sign with DKIM as {from}, and keep From."
            )),
            _ => remedy(from),
        }
    }
}

/// What cures mail that a list sent on in the name of another domain: no list can sign as its members' domains
/// (RFC 7960 §3.2.3).
pub(in crate::rules) fn remedy_at_list(facts: &Facts, from: &str) -> Option<Remedy> {
    let r = &*facts.reading;
    let lists = !r.lists.list_manager.is_empty() && r.boundary.handed_on.is_none();
    let own = || list_domain(r).is_some_and(|l| organization(facts, &l) == organization(facts, from));
    let how = lists.then(|| unvouched(facts, from)).flatten().filter(|_| !own())?;
    Some(how.remedy(from))
}

/// Made, and no longer valid. A missing or bad key is the signer's fault, not the list's.
fn is_broken(facts: &Facts, d: &Dkim) -> bool {
    let detail = d.detail.to_ascii_lowercase();
    let key = [
        "no key",
        "key not",
        "no public key",
        "key retriev",
        "revoked",
        "invalid key",
        "expired",
        "syntax",
        "unavailable",
    ];
    let failed = d.result == "fail" || (d.result == "neutral" && was_altered(facts, d));
    failed && !key.iter().any(|k| detail.contains(k))
}

/// The author signed, the list marked, and no receiver said what became of it.
fn unread(facts: &Facts, from: &str) -> Verdict {
    let signed = |s: &crate::facts::dkim::Signature| {
        s.domain.as_ref().is_some_and(|d| organization(facts, &d.value) == organization(facts, from))
    };
    let mut own = facts.reading.signatures.iter().enumerate().filter(|(_, s)| signed(s)).map(|(n, _)| n).peekable();
    if own.peek().is_none() {
        return Verdict::NotApplicable;
    }
    // What we verified ourselves is told by the rules of the signature.
    let results: Vec<DkimResult> =
        own.filter_map(|n| facts.verified.iter().find(|v| v.signature == n)?.result).collect();
    if results.contains(&DkimResult::Pass) {
        return Verdict::Pass;
    }
    if results.contains(&DkimResult::Fail) {
        return Verdict::NotApplicable;
    }
    Verdict::unknown(Gap::new(
        format!("Did the signature of {from} survive the mailing list?"),
        "the Authentication-Results of the server that received the list's copy",
    ))
}

/// Domain of the list: in List-Id, what stands in angle brackets (RFC 2919 §2); its own
/// organization is that of its last labels.
fn list_domain(r: &Reading) -> Option<String> {
    let id = r.lists.list_id.as_ref()?;
    let inner =
        id.value.rsplit('<').next().unwrap_or(&id.value).trim_end_matches(|c: char| c == '>' || c.is_whitespace());
    (inner.contains('.') && !inner.contains(char::is_whitespace)).then(|| inner.to_ascii_lowercase())
}

/// `[tag]` at the start of the subject, after `Re:`.
fn subject_tag(facts: &Facts) -> Option<Span> {
    let text = facts.text();
    let value = facts.reading.header.first(text, "Subject")?.value;
    let bytes = value.of(text);
    let open = bytes.iter().position(|&b| b == b'[')?;
    let close = open + bytes.get(open..)?.iter().position(|&b| b == b']')?;
    let head = bytes.get(..open)?;
    let reply = head.iter().all(|b| b.is_ascii_alphabetic() || b": \t".contains(b)) && head.len() < 12;
    (reply && close > open + 1).then(|| Span::new(open, close + 1).shift(value.start as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::boundary::testing::{facts, reading};
    use crate::facts::dkim::forensics::{Altered, Proof, What};
    use crate::facts::dkim::{Hash, Verification};
    use crate::span::Spanned;

    const LIST: &str = "Authentication-Results: mx.example.net; dkim=fail (DETAIL) header.d=example.com; dmarc=fail header.from=example.com\n\
        Received: from lists.example.org (lists.example.org [203.0.113.2]) by mx.example.net\n\
        Authentication-Results: lists.example.org; dkim=pass header.d=example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by lists.example.org\n\
        Subject: Re: [dev] hello\n\
        From: Ann <ann@example.com>\n";

    fn judged(text: &str, list: bool) -> Verdict {
        let mut r = reading(text);
        if list {
            r.lists.list_manager.push(Span::new(0, 4));
            r.lists.list_id = Some(Spanned::new("Developers <dev.lists.example.org>".into(), Span::new(0, 4)));
        }
        judge(&facts(text, r))
    }

    fn one(verdict: Verdict) -> Finding {
        let Verdict::Found(mut all) = verdict else { panic!("{verdict:?}") };
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_signature_that_was_good_before_the_list() {
        let f = one(judged(&LIST.replace("DETAIL", "bad"), true));
        assert_eq!((f.severity, f.confidence), (Severity::Medium, Confidence::Likely));
        assert_eq!(f.title, "A mailing list broke the signature of example.com");
        assert_eq!(f.leads_to, ["dkim-body-hash-mismatch", "dkim-signature-invalid", "dmarc-unaligned"]);
        assert!(f.exhibits.iter().any(|e| e.label == "lists.example.org still saw it pass"));
        assert!(f.exhibits.iter().any(|e| e.place
            == crate::rules::Place::Input(Span::new(
                LIST.replace("DETAIL", "bad").find("[dev]").unwrap(),
                LIST.replace("DETAIL", "bad").find("[dev]").unwrap() + 5
            ))));
    }

    #[test]
    fn without_an_earlier_pass_the_receivers_words_decide_how_sure() {
        let alone = LIST.replace("Authentication-Results: lists", "X-Results: lists");
        let f = one(judged(&alone.replace("DETAIL", "body hash did not verify"), true));
        assert_eq!((f.confidence, f.leads_to.len()), (Confidence::Likely, 3));
        let f = one(judged(&alone.replace("DETAIL", "bad"), true));
        assert_eq!((f.confidence, f.leads_to.is_empty()), (Confidence::Possible, true));
    }

    /// As Google Groups sends on: its own seal is below the receiver's, with the same authserv-id.
    const GROUP: &str = "ARC-Seal: i=2; cv=pass; d=google.com\n\
        ARC-Message-Signature: i=2; d=google.com\n\
        ARC-Authentication-Results: i=2; mx.google.com; dmarc=fail header.from=example.com\n\
        Authentication-Results: mx.google.com; dkim=fail header.d=example.com; \
        arc=pass (i=1 dkim=pass dkdomain=example.com dmarc=pass fromdomain=example.com); dmarc=fail header.from=example.com\n\
        Received: from mail-f69.google.com (mail-f69.google.com [209.85.220.69]) by mx.google.com\n\
        ARC-Seal: i=1; cv=none; d=google.com\n\
        ARC-Message-Signature: i=1; d=google.com\n\
        ARC-Authentication-Results: i=1; mx.google.com; dkim=pass header.d=example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.google.com\n\
        From: Ann <ann@example.com>\n";

    #[test]
    fn a_group_of_the_receivers_own_house_sealed_what_it_took_in() {
        let f = one(judged(GROUP, true));
        assert_eq!((f.confidence, f.leads_to.contains(&"dmarc-unaligned")), (Confidence::Likely, true));
        assert!(f.exhibits.iter().any(|e| e.label == "mx.google.com still saw it pass"));
        // Without that field the receiver's words on the chain tell the same.
        let f = one(judged(&GROUP.replace("i=1; mx.google.com; dkim", "i=1; mx.google.com; x"), true));
        assert!(f.leads_to.contains(&"dmarc-unaligned") && f.because.contains("chain"), "{}", f.because);
        let neither =
            GROUP.replace("i=1; mx.google.com; dkim", "i=1; mx.google.com; x").replace("arc=pass", "arc=fail");
        assert_eq!(one(judged(&neither, true)).confidence, Confidence::Possible);
    }

    #[test]
    fn what_the_chain_is_worth_is_told() {
        for (chain, words) in [(ChainResult::Pass, "says so holds here"), (ChainResult::Fail, "does not hold here")] {
            let mut r = reading(GROUP);
            r.lists.list_manager.push(Span::new(0, 4));
            let mut facts = facts(GROUP, r);
            facts.chain = Some(chain);
            let because = one(judge(&facts)).because;
            assert!(because.contains(words), "{because}");
        }
        // It did not stand in a chain.
        assert!(!one(judged(&LIST.replace("DETAIL", "bad"), true)).because.contains("chain"));
    }

    #[test]
    fn a_signature_that_the_list_took_off() {
        let stripped = GROUP.replace("dkim=fail header.d=example.com", "dkim=pass header.d=lists.example.org");
        let f = one(judged(&stripped, true));
        assert_eq!(f.title, "A mailing list sent it on without the signature of example.com");
        assert_eq!(f.leads_to, ["dmarc-unaligned", "dmarc-freemail-from", "dkim-missing"]);
        assert!(matches!(judged(&stripped.replace("dmarc=fail", "dmarc=pass"), true), Verdict::Pass));
    }

    /// Nothing shows that the author signed, and only the list's own passes.
    const IN_ITS_NAME: &str = "Authentication-Results: mx.example.net; dkim=pass header.d=lists.example.org; \
        spf=pass smtp.mailfrom=dev-bounces@lists.example.org; dmarc=fail header.from=example.com\n\
        Received: from lists.example.org (lists.example.org [203.0.113.2]) by mx.example.net\n\
        From: Ann <ann@example.com>\n";

    /// As the program reads it: what passes is held against From.
    fn whole(text: &str) -> Facts {
        crate::rules::testing::facts(&format!("{text}\n"), crate::evidence::InputKind::Headers)
    }

    const MARKS: &str = "List-Id: <dev.lists.example.org>\nList-Post: <mailto:dev@lists.example.org>\n";

    #[test]
    fn a_list_that_sends_in_the_name_of_its_authors() {
        let text = format!("{IN_ITS_NAME}{MARKS}");
        let facts = whole(&text);
        let f = one(judge(&facts));
        assert_eq!(f.title, "A mailing list sent it on in the name of example.com");
        assert!(f.leads_to.contains(&"dmarc-unaligned") && f.confidence == Confidence::Likely);
        let fix = f.fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps.iter().any(|s| s.contains("Munge From")), "{fix:?}");
        assert_eq!(remedy_at_list(&facts, "example.com").unwrap().summary, fix.summary);
        // No receiver said anything, and nothing in the header can belong to the author.
        let unsaid = whole(&format!("Return-Path: <dev-bounces@lists.example.org>\nX-{IN_ITS_NAME}{MARKS}"));
        assert_eq!(one(judge(&unsaid)).confidence, Confidence::Possible);
        // A newsletter of a service names its list too, and no list manager wrote it.
        let news = whole(&text.replace("List-Post", "List-Help").replace("dev-bounces@", "b-12@"));
        assert!(matches!(judge(&news), Verdict::NotApplicable));
        assert!(remedy_at_list(&news, "example.com").is_none());
        for other in [
            text.replace("dmarc=fail", "dmarc=pass"),
            // The domain's own list.
            text.replace("<dev.lists.example.org>", "<dev.lists.example.com>"),
            // Nothing passes for anybody: a forger can write these fields too.
            text.replace("=pass", "=fail"),
        ] {
            assert!(matches!(judge(&whole(&other)), Verdict::Pass), "{other}");
            assert!(remedy_at_list(&whole(&other), "example.com").is_none(), "{other}");
        }
    }

    #[test]
    fn a_change_that_is_undone_proves_that_it_was_good() {
        let alone = LIST.replace("Authentication-Results: lists", "X-Results: lists").replace("DETAIL", "bad");
        let mut r = reading(&alone);
        r.lists.list_manager.push(Span::new(0, 4));
        r.reported.dkim[0].signature = Some(0);
        let mut facts = facts(&alone, r);
        let altered = |proof| Altered { what: What::SubjectTag, proof, field: None, hop: None, could: vec![] };
        for (proof, confidence) in [(Proof::RestoredHash, Confidence::Likely), (Proof::Likely, Confidence::Possible)] {
            facts.verified = vec![Verification {
                signature: 0,
                header_hash: Hash::Mismatch,
                body_hash: Hash::Match,
                result: Some(DkimResult::Fail),
                reason: None,
                altered: vec![altered(proof)],
            }];
            let f = one(judge(&facts));
            assert_eq!(
                (f.confidence, f.leads_to.len()),
                (confidence, if confidence == Confidence::Likely { 3 } else { 0 })
            );
        }
    }

    #[test]
    fn a_rewritten_from_does_no_harm() {
        let munged = LIST
            .replace("DETAIL", "bad")
            .replace(
                "dmarc=fail header.from=example.com",
                "dkim=pass header.d=lists.example.org; dmarc=pass header.from=lists.example.org",
            )
            .replace("<ann@example.com>", "<dev@lists.example.org>");
        let f = one(judged(&munged, true));
        assert_eq!((f.severity, f.fix.is_none()), (Severity::Info, true));
        assert!(f.explanation.contains("put its own address into From"), "{}", f.explanation);
    }

    #[test]
    fn not_the_lists_doing() {
        assert!(matches!(judged(&LIST.replace("DETAIL", "no key for signature"), true), Verdict::Pass));
        assert!(matches!(judged(&LIST.replace("DETAIL", "bad"), false), Verdict::NotApplicable));
        assert!(matches!(judged(&LIST.replace("dkim=fail (DETAIL)", "dkim=pass"), true), Verdict::Pass));
        // The list server's own verdict, written before it changed anything.
        let before = LIST
            .replace("Authentication-Results: mx.example.net", "X-Results: x")
            .replace("lists.example.org; dkim=pass", "lists.example.org; dkim=fail (bad)");
        assert!(matches!(judged(&before, true), Verdict::NotApplicable));
    }

    #[test]
    fn unknown_where_nobody_verified_the_lists_copy() {
        let text = "Received: from lists.example.org (lists.example.org [203.0.113.2]) by mx.example.net\n\
            DKIM-Signature: v=1; d=example.com; s=s; b=x\nFrom: <ann@example.com>\n";
        let Verdict::Unknown(gaps) = judged(text, true) else { panic!() };
        assert_eq!(gaps[0].question(), "Did the signature of example.com survive the mailing list?");
        assert!(matches!(judged(&text.replace("DKIM-", "X-"), true), Verdict::NotApplicable));
    }

    #[test]
    fn a_list_that_took_it_in_broken_is_not_accused() {
        let sealed = format!(
            "{}ARC-Seal: i=1; cv=none; d=example.org\nARC-Message-Signature: i=1; d=example.org\n\
             ARC-Authentication-Results: i=1; lists.example.org; dkim=fail header.d=example.com\n\
             DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=AA==; b=AA==\n{}",
            &LIST[..LIST.find("Authentication-Results: lists").unwrap()].replace("DETAIL", "bad"),
            &LIST[LIST.find("Received: from mail.example.com").unwrap()..]
        );
        let judged = |chain| {
            let mut r = reading(&sealed);
            r.lists.list_manager.push(Span::new(0, 4));
            r.lists.list_id = Some(Spanned::new("Developers <dev.lists.example.org>".into(), Span::new(0, 4)));
            r.reported.dkim[0].signature = Some(0);
            let mut facts = facts(&sealed, r);
            facts.chain = chain;
            judge(&facts)
        };
        assert!(matches!(judged(Some(ChainResult::Pass)), Verdict::Pass));
        // A chain that does not hold proves nothing.
        for chain in [Some(ChainResult::Fail), None] {
            assert!(matches!(judged(chain), Verdict::Found(_)));
        }
    }
}
