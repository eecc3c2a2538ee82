//! What stands where anyone could have put it counts only if it fits the message that it stands in.

use super::{Distrust, Walk, Why};
use crate::facts::authres::{AuthRes, MethodResult};
use crate::facts::boundary::path;
use crate::facts::dkim::signed::Body;
use crate::facts::organization::same_by_list;

impl Walk<'_> {
    /// What speaks against a field with these Received above it. Above all of them only the receiver writes.
    pub(super) fn misfit(&self, n: usize, above: &[usize], why: Why) -> Option<Distrust> {
        let field = self.reading.authres.get(n).filter(|_| !above.is_empty())?;
        match () {
            () if why == Why::Topmost && self.names_another_sender(field, above) => Some(Distrust::Unfitting),
            // Of the receiver's own, a paste may leave the signature out.
            () if why == Why::HandedOn && self.counts_what_is_not_there(field) => Some(Distrust::Unfitting),
            () if why == Why::HandedOn && self.was_changed_since(field) => Some(Distrust::Outdated),
            () => None,
        }
    }

    /// Did a signature pass that the message does not bear?
    fn counts_what_is_not_there(&self, field: &AuthRes) -> bool {
        let signatures = &self.reading.signatures;
        passed(field).any(|result| match signer(result) {
            Some(domain) => {
                !signatures.iter().any(|s| s.domain.as_ref().is_none_or(|d| same_by_list(&d.value, &domain)))
            }
            None => signatures.is_empty(),
        })
    }

    /// Did SPF pass for another domain than that of the Return-Path, with nobody between who could have changed it?
    fn names_another_sender(&self, field: &AuthRes, above: &[usize]) -> bool {
        let &[own] = above else { return false };
        let Some(address) = self.hop(own).and_then(|hop| path::on_top(self.reading, hop.field)) else { return false };
        let passed = field.results.iter().filter(|r| r.method == "spf" && r.result == "pass");
        passed.filter_map(|r| r.prop("smtp", "mailfrom")).any(|sender| path::is_anothers(&sender.value, address))
    }

    /// Is the body of every signature that passed another one by now?
    fn was_changed_since(&self, field: &AuthRes) -> bool {
        let signers: Vec<String> = passed(field).filter_map(signer).collect();
        let counted = |domain: &str| signers.iter().any(|signer| same_by_list(domain, signer));
        let signatures = self.reading.signatures.iter().zip(&self.reading.signed);
        let mut passed = signatures.filter(|(s, _)| s.domain.as_ref().is_some_and(|d| counted(&d.value))).peekable();
        let changed = |body: &Body| matches!(body, Body::Mismatch { .. });
        passed.peek().is_some() && passed.all(|(_, signed)| signed.as_ref().is_some_and(|signed| changed(&signed.body)))
    }
}

/// Its signatures that passed.
fn passed(field: &AuthRes) -> impl Iterator<Item = &MethodResult> {
    field.results.iter().filter(|r| r.method == "dkim" && r.result == "pass")
}

/// The domain that a DKIM result speaks of (RFC 8601 §2.7.1).
fn signer(result: &MethodResult) -> Option<String> {
    let of_i = |value: &str| path::domain(value.rsplit_once('@').map_or(value, |(_, domain)| domain));
    let d = result.prop("header", "d").and_then(|p| path::domain(&p.value));
    d.or_else(|| of_i(&result.prop("header", "i")?.value))
}

#[cfg(test)]
mod tests {
    use crate::evidence::{Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::facts::boundary::Distrust;
    use crate::facts::boundary::testing::reading;

    const TOP: &str = "Return-Path: <news@example.com>\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.org\n";

    /// Of a body that is not there.
    const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from;\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=YQ==\n";

    fn judged(text: &str) -> (Vec<usize>, Vec<(usize, Distrust)>) {
        let boundary = reading(&format!("{text}From: a@example.com\n")).boundary;
        (boundary.believed, boundary.distrusted)
    }

    fn results(by: &str, what: &str) -> String {
        format!("Authentication-Results: {by}; {what}\n")
    }

    #[test]
    fn spf_passed_for_the_sender_in_return_path() {
        let spf = |domain: &str| results("mx.example.org", &format!("spf=pass smtp.mailfrom=x@{domain}"));
        assert_eq!(judged(&format!("{TOP}{}", spf("bounce.example.com"))).0, [0]);
        assert_eq!(judged(&format!("{TOP}{}", spf("example.net"))).1, [(0, Distrust::Unfitting)]);
        // A forwarder rewrites the sender of what stays with it, too.
        let srs = TOP.replace("news@example.com", "SRS0=x=y=example.net=x@example.org");
        assert_eq!(judged(&format!("{srs}{}", spf("example.net"))).0, [0]);
        // A server of the receiver's may have rewritten it since; an empty path, or one from before, says nothing.
        let between =
            format!("Received: from mx.example.org by store.example.org\n{}", TOP.split_once('\n').unwrap().1);
        assert_eq!(judged(&format!("Return-Path: <l@example.com>\n{between}{}", spf("example.net"))).0, [0]);
        assert_eq!(judged(&format!("{}{}", TOP.replace("news@example.com", ""), spf("example.net"))).0, [0]);
    }

    #[test]
    fn a_server_on_the_way_is_believed_as_long_as_the_message_is_the_same() {
        let last = "Return-Path: <l@lists.example.net>\n\
            Received: from lists.example.net (lists.example.net [192.0.2.9]) by mx.example.org\n";
        let taken = "Received: from mail.example.com (mail.example.com [192.0.2.1]) by lists.example.net\n";
        let passed = results("lists.example.net", "dkim=pass header.d=example.com; dmarc=pass header.from=example.com");
        let way = |signature: &str| format!("{last}{passed}{taken}{signature}");
        assert_eq!(judged(&way("")), (vec![], vec![(0, Distrust::Unfitting)]));
        let other = SIGNED.replace("example.com", "esp.example.net");
        assert_eq!(judged(&way(&other)), (vec![], vec![(0, Distrust::Unfitting)]));
        assert_eq!(judged(&way(SIGNED)).0, [0]);
        // By `header.i`, or by no name at all.
        let named = |by: &str| way(SIGNED).replace("header.d=example.com", by);
        assert_eq!((judged(&named("header.i=@mail.example.com")).0, judged(&named("")).0), (vec![0], vec![0]));
        assert_eq!(judged(&named("").replace(SIGNED, "")).0, [] as [usize; 0]);
        assert_eq!(judged(&way("").replace("dkim=pass", "dkim=fail")).0, [0]);
        let changed = format!("{}From: a@example.com\n\nbody\n", way(SIGNED));
        let input = Input::read("-", changed.as_bytes(), Some(InputKind::Message)).unwrap();
        let boundary = Reading::read(&input, &Said::default()).boundary;
        assert_eq!((boundary.believed, boundary.distrusted), (vec![], vec![(0, Distrust::Outdated)]));
        assert_eq!((boundary.hop, boundary.handed_on), (Some(1), None));
    }
}
