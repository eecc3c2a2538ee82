//! Whose words count, message by message.

use super::testing::{NAMES, reading, reading_with};
use super::*;
use crate::evidence::{Input, InputKind};
use proptest::prelude::*;

fn ids(r: &Reading) -> Vec<&str> {
    r.boundary.believed.iter().map(|&n| r.authres[n].authserv_id.as_ref().map_or("", |id| &id.value[..])).collect()
}

fn client(r: &Reading) -> Option<String> {
    Some(r.hops[r.boundary.hop?].ip.as_ref()?.value.to_string())
}

const GOOGLE: &str = "Received: by 2002:a05:6358::1 with SMTP id x\n\
    Return-Path: <b@bounce.example.com>\n\
    Received: from mail.example.com (mail.example.com. [192.0.2.1]) by mx.google.com with ESMTPS id y\n\
    Received-SPF: pass (google.com: domain of b@bounce.example.com designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;\n\
    Authentication-Results: mx.google.com; spf=pass (google.com: domain of b@bounce.example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@bounce.example.com\n";

#[test]
fn the_receivers_field_below_its_own_received() {
    let r = reading(&format!("{GOOGLE}Received: from a (a [10.0.0.1]) by mail.example.com\nFrom: a@example.com\n"));
    assert_eq!(ids(&r), ["mx.google.com"]);
    assert_eq!((r.boundary.receiver.as_deref(), client(&r).as_deref()), (Some("gmail"), Some("192.0.2.1")));
    assert_eq!(
        r.boundary.because,
        "The topmost field was written by mx.google.com, which took the message over from mail.example.com."
    );
    let i = identities(&r, &Said::default());
    let mail_from = i.mail_from.unwrap();
    assert_eq!(
        (mail_from.value.domain(), mail_from.origin),
        (Some("bounce.example.com"), Origin::AuthenticationResults)
    );
    assert_eq!(i.source_ip.unwrap().origin, Origin::AuthenticationResults);
    assert_eq!(i.helo.unwrap().origin, Origin::Received);
    assert_eq!(i.reverse_name.unwrap().value, "mail.example.com");
}

#[test]
fn one_customer_of_a_provider_to_another() {
    let kin = "Received: by 2002:a05:6358::1 with SMTP id x\n\
        Received: from mail-sor-f69.google.com (mail-sor-f69.google.com. [192.0.2.69]) by mx.google.com with SMTPS\n\
        Authentication-Results: mx.google.com; dkim=pass header.d=example.com\n\
        Received: by 2002:a05:651c::1 with SMTP id y\n";
    assert_eq!(client(&reading(kin)).as_deref(), Some("192.0.2.69"));
}

#[test]
fn the_receivers_name_below_anothers_received_is_forged() {
    let forged = "Received: from x (x.example.net [198.51.100.1]) by mail.example.com\nAuthentication-Results: mx.google.com; dkim=pass header.d=bank.example\n";
    let r = reading(&format!("{GOOGLE}{forged}"));
    assert_eq!(r.boundary.believed, [0]);
    assert_eq!(r.boundary.distrusted, [(1, Distrust::Forged)]);
    assert!(r.reported.dkim.is_empty());
    // An earlier pass through the same servers leaves their Received below.
    let r = reading(&format!("{GOOGLE}{forged}Received: from y (y.example.org [198.51.100.2]) by mx.google.com\n"));
    assert_eq!(r.boundary.distrusted, [(1, Distrust::BelowForeign)]);
}

#[test]
fn a_name_below_its_own_received_is_forged_where_the_receiver_writes_above() {
    let text = "Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=example.com\n\
        Received: from evil (evil.example.net [203.0.113.5]) by mx.example.org\n\
        Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=example.com; dmarc=pass header.from=example.com\n\
        From: a@example.com\n";
    let r = reading(text);
    assert_eq!((ids(&r), &r.boundary.distrusted[..]), (vec!["mx.example.org"], &[(1, Distrust::Forged)][..]));
    assert_eq!((r.reported.spf.unwrap().result, r.reported.dmarc), ("fail".into(), None));
}

#[test]
fn several_fields_of_one_writer_are_merged_up_to_the_first_foreign() {
    let text = "Authentication-Results: mx6.fastmail.example; x-ptr=pass smtp.helo=mail.example.com policy.ptr=mail.example.com\n\
        Authentication-Results: mx6.fastmail.example; bimi=none\n\
        Authentication-Results: mx6.fastmail.example; spf=pass smtp.mailfrom=a@example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx6.fastmail.example\n\
        Authentication-Results: relay.example.net (amavisd-new); dkim=pass header.d=example.com\n\
        Authentication-Results: mx6.fastmail.example; dkim=pass header.d=bank.example\n";
    let r = reading(text);
    assert_eq!(r.boundary.believed, [0, 1, 2]);
    assert_eq!(r.boundary.distrusted, [(3, Distrust::Foreign), (4, Distrust::Forged)]);
    let i = identities(&r, &Said::default());
    assert_eq!(
        (&i.helo.unwrap().value[..], &i.reverse_name.unwrap().value[..]),
        ("mail.example.com", "mail.example.com")
    );
}

#[test]
fn a_host_for_each_method_is_one_receiver() {
    let text = "Authentication-Results: bimi.icloud.com; bimi=skipped\n\
        Authentication-Results: dmarc.icloud.com; dmarc=pass header.from=example.com\n\
        Authentication-Results: dkim-verifier.icloud.com; dkim=pass header.d=example.com\n\
        Authentication-Results: spf.icloud.com; spf=pass smtp.mailfrom=a@example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by pv50.apple.com\n";
    let r = reading(text);
    assert_eq!(r.boundary.believed, [0, 1, 2, 3]);
    assert_eq!((r.boundary.receiver.as_deref(), client(&r).as_deref()), (Some("icloud"), Some("192.0.2.1")));
    assert_eq!((r.reported.spf.unwrap().result, r.reported.dkim.len()), ("pass".into(), 1));
}

#[test]
fn two_servers_of_one_organization_each_below_its_own_received() {
    let text = "Received: from inner.example.org (inner.example.org [192.0.2.8]) by mx.example.org\n\
        Authentication-Results: mx.example.org; dkim=pass header.d=example.com\n\
        Received: from mail.example.com (mail.example.com [203.0.113.1]) by inner.example.org\n\
        Authentication-Results: inner.example.org; spf=pass smtp.mailfrom=example.com\n";
    let r = reading(text);
    assert_eq!((r.boundary.believed.len(), client(&r).as_deref()), (2, Some("203.0.113.1")));
}

/// Postfix gives a message to amavis and takes it back; a milter and amavis each write in the name of the one server.
#[test]
fn one_server_with_a_filter_in_between_each_time_below_its_own_received() {
    let text = |last: &str| {
        format!(
            "Received: from localhost (localhost [127.0.0.1]) by mx.example.org (Postfix)\n\
             Authentication-Results: mx.example.org (amavis); dkim=pass header.d=example.com\n\
             Received: from mx.example.org ([127.0.0.1]) by localhost (mx.example.org [127.0.0.1]) (amavis, port 10024)\n\
             Received: from mail.example.com (mail.example.com [203.0.113.1]) by mx.example.org (Postfix)\n\
             Authentication-Results: mx.example.org; {last}\n"
        )
    };
    let r = reading(&text("spf=pass smtp.mailfrom=example.com"));
    assert_eq!((r.boundary.believed.len(), client(&r).as_deref()), (2, Some("203.0.113.1")));
    // What says the opposite came in with the message.
    let forged = reading(&text("dkim=none"));
    let denied = text("dkim=pass header.d=bank.example").replace("dkim=pass header.d=example.com", "dkim=none");
    assert_eq!(forged.boundary.believed.len(), 2);
    assert_eq!(reading(&denied).boundary.distrusted, [(1, Distrust::Contradicts)]);
}

const EXCHANGE: &str = "Received: from DM6PR.namprd12.prod.outlook.com (2001:db8:1::1) by CY8.namprd05.prod.outlook.com\n\
    Received: from BN7NAM10FT021.eop-nam10.prod.protection.outlook.com ([2001:db8:408::8c]) by BN9P220.outlook.office365.com\n\
    Authentication-Results: spf=fail (sender IP is 192.0.2.22) smtp.mailfrom=example.com; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=example.com;compauth=fail reason=000\n\
    Received-SPF: Fail (protection.outlook.com: domain of example.com does not designate 192.0.2.22 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.22; helo=mail.example.com;\n\
    Received: from mail.example.com (192.0.2.22) by BN7NAM10FT021.mail.protection.outlook.com\n";

#[test]
fn exchange_onlines_nameless_field_is_its_verdict_on_what_came_in() {
    let r = reading(EXCHANGE);
    assert_eq!((r.boundary.believed.len(), &r.boundary.authserv_id), (1, &None));
    assert_eq!(r.boundary.receiver.as_deref(), Some("microsoft"));
    assert_eq!(r.boundary.hop, Some(0));
    assert_eq!(r.reported.compauth.as_ref().unwrap().reason.as_deref(), Some("000"));
    let i = identities(&r, &Said::default());
    assert_eq!(i.source_ip.unwrap().value.to_string(), "192.0.2.22");
    assert_eq!(i.helo.map(|h| (h.value, h.origin)), Some(("mail.example.com".into(), Origin::ReceivedSpf)));
}

const LEFTOVER: &str = "Authentication-Results: dkim=none (message not signed) header.d=none;gmail.com; dmarc=none action=none header.from=example.com;\n\
    Received: from BN9PR.namprd03.prod.outlook.com ([2001:db8:fb::21]) by SJ0PR.namprd18.prod.outlook.com\n\
    From: a@example.com\n";

#[test]
fn exchange_onlines_leftover_is_the_senders_own_and_gmail_in_it_is_the_recipient() {
    let google = GOOGLE.replace("mail.example.com", "NAM12-MW2-obe.outbound.protection.outlook.com");
    let r = reading(&format!("{google}{LEFTOVER}"));
    assert_eq!((ids(&r), &r.boundary.distrusted[..]), (vec!["mx.google.com"], &[(1, Distrust::SendersOwn)][..]));
    // A receiver that writes no field of its own: still nobody's verdict.
    let r = reading(&format!(
        "Received: from out (x.outbound.protection.outlook.com [192.0.2.73]) by mx.example.org\n{LEFTOVER}"
    ));
    assert_eq!((&r.boundary.believed[..], &r.boundary.distrusted[..]), (&[][..], &[(0, Distrust::SendersOwn)][..]));
    assert_eq!((&r.boundary.authserv_id, client(&r).as_deref()), (&None, Some("192.0.2.73")));
    assert_eq!(
        r.boundary.because,
        "No Authentication-Results field was written by mx.example.org, which received the message."
    );
    // Between two tenants: the receiver's verdict above, the sender's leftover below.
    let between = EXCHANGE.replace("from mail.example.com", "from NAM02.outbound.protection.outlook.com");
    let r = reading(&format!("{between}{LEFTOVER}"));
    assert_eq!((&r.boundary.believed[..], &r.boundary.distrusted[..]), (&[0][..], &[(1, Distrust::SendersOwn)][..]));
    assert_eq!(client(&r).as_deref(), Some("192.0.2.22"));
    // Newer ones begin with the recipient's domain, which may be the receiver's name.
    let named = LEFTOVER.replace("Results: ", "Results: mx.google.com; ");
    let r = reading(&format!("{google}{named}"));
    assert_eq!((ids(&r), &r.boundary.distrusted[..]), (vec!["mx.google.com"], &[(1, Distrust::SendersOwn)][..]));
    let silent =
        format!("Received: from out (x.outbound.protection.outlook.com [192.0.2.73]) by mx.google.com\n{named}");
    assert_eq!(reading(&silent).boundary.distrusted, [(0, Distrust::SendersOwn)]);
    // Alone: sent within one tenant, nothing was judged.
    assert!(reading(LEFTOVER).boundary.believed.is_empty());
}

#[test]
fn the_tenants_own_server_behind_exchange_online() {
    let marked = "X-MS-Exchange-Organization-AuthSource: BN7NAM10FT021.eop-nam10.prod.protection.outlook.com\n";
    let premises = "Received: from x.mail.protection.outlook.com (x.outbound.protection.outlook.com [198.51.100.9]) by ex1.tenant.example\n";
    let r = reading(&format!("{premises}{EXCHANGE}{marked}"));
    assert_eq!((r.boundary.believed.len(), client(&r).as_deref()), (1, Some("192.0.2.22")));
    let r = reading(&format!("{premises}{EXCHANGE}"));
    assert!(r.boundary.believed.is_empty());
}

#[test]
fn exchange_online_has_servers_under_several_domains() {
    for forest in ["namprd01.prod.outlook.com", "prod.exchangelabs.com"] {
        let text = format!(
            "Received: from SN6PR01MB1111.{forest} (2603:10b6:805::1) by BN6PR01MB2222.{forest} with HTTPS; \
             Mon, 30 Nov 2026 09:00:12 +0000\n\
             Authentication-Results: spf=pass (sender IP is 192.0.2.25) smtp.mailfrom=acme.test; dkim=pass (signature \
             was verified) header.d=acme.test;dmarc=pass action=none header.from=acme.test;compauth=pass reason=100\n\
             Received: from mail.acme.test (192.0.2.25) by BN8NAM04FT012.mail.protection.outlook.com (10.13.1.1) with \
             Microsoft SMTP Server id 15.20 via Frontend Transport; Mon, 30 Nov 2026 09:00:10 +0000\n\
             From: ann@acme.test\n"
        );
        let input = Input::read("-", text.as_bytes(), Some(InputKind::Headers)).unwrap();
        let r = Reading::read(&input, &Said::default());
        assert_eq!(r.boundary.receiver.as_deref(), Some("microsoft"), "{forest}");
        assert_eq!(r.reported.dmarc.as_ref().map(|d| d.result.as_str()), Some("pass"), "{forest}");
        assert_eq!(client(&r).as_deref(), Some("192.0.2.25"), "{forest}");
    }
}

const LIST: &str = "Return-Path: <list-bounces@lists.example.org>\n\
    Received: from lists.example.org (lists.example.org [203.0.113.2]) by mail.reader.example\n\
    Received: from inner.example.org (lists.example.org [2001:db8::3]) by lists.example.org\n\
    Authentication-Results: lists.example.org; spf=pass (sender SPF authorized) smtp.mailfrom=example.com (client-ip=192.0.2.32; helo=mx.example.com; envelope-from=ann@example.com; receiver=<UNKNOWN>)\n\
    Authentication-Results: lists.example.org; dmarc=pass (p=none dis=none) header.from=example.com\n\
    Received: from mx.example.com (mx.example.com [192.0.2.32]) by lists.example.org\n\
    Received: from hub.example.com (unknown [172.30.72.59]) by mx.example.com\n\
    Authentication-Results: relay.example.com; auth=pass smtp.auth=ann\n\
    From: ann@example.com\n";

#[test]
fn where_the_last_receiver_wrote_none_the_verdict_before_it_counts_with_its_own_connection() {
    let r = reading(LIST);
    assert_eq!(ids(&r), ["lists.example.org", "lists.example.org"]);
    assert_eq!(r.boundary.handed_on.as_deref(), Some("mail.reader.example"));
    assert_eq!(client(&r).as_deref(), Some("192.0.2.32"));
    let i = identities(&r, &Said::default());
    assert_eq!(i.mail_from.unwrap().value.domain(), Some("example.com"));
    assert_eq!(i.helo.unwrap().value, "mx.example.com");
    // Return-Path tells of the last connection, the Received of the one before: not mixed.
    let no_spf = LIST.replace("spf=pass (sender SPF authorized) smtp.mailfrom=example.com (client-ip=192.0.2.32; helo=mx.example.com; envelope-from=ann@example.com; receiver=<UNKNOWN>)", "dkim=none");
    let i = identities(&reading(&no_spf), &Said::default());
    assert_eq!((i.mail_from, i.source_ip.unwrap().value.to_string()), (None, "192.0.2.32".into()));
}

#[test]
fn a_name_that_no_received_bears_out_is_not_believed() {
    let text = "Received: from evil.example.net (evil.example.net [203.0.113.5]) by mx.example.org\n\
        Authentication-Results: mx.google.com; dkim=pass header.d=bank.example\n\
        Received: from pc (pc [10.1.1.1]) by evil.example.net\nFrom: a@bank.example\n";
    let r = reading(text);
    assert_eq!((&r.boundary.believed[..], &r.boundary.distrusted[..]), (&[][..], &[(0, Distrust::Foreign)][..]));
    assert_eq!((&r.reported, client(&r).as_deref()), (&Default::default(), Some("203.0.113.5")));
    // A submission server's word on who logged in is the sender's own.
    let own = text.replace("mx.google.com; dkim=pass header.d=bank.example", "evil.example.net; auth=pass smtp.auth=x");
    assert_eq!(reading(&own).boundary.distrusted, [(0, Distrust::SendersOwn)]);
}

#[test]
fn a_made_up_name_above_every_received_is_the_last_servers() {
    let r = reading(
        "Authentication-Results: x; spf=pass smtp.mailfrom=example.com\n\
         Received: from relay.example.org (relay.example.org [198.51.100.1]) by imap.example.org\n\
         Authentication-Results: x; dkim=pass header.d=example.com\n\
         Received: from mail.example.com (mail.example.com [192.0.2.1]) by relay.example.org\n\
         From: a@example.com\n",
    );
    assert_eq!((r.boundary.believed.len(), client(&r).as_deref()), (2, Some("192.0.2.1")));
}

#[test]
fn a_receiver_that_writes_at_the_end_of_the_header() {
    let text = "Received: from mail.example.com (mail.example.com [192.0.2.1]) by f5.mail.example.org\n\
        Received: from pc (pc [10.1.1.1]) by mail.example.com\n\
        From: a@example.com\n\
        Authentication-Results: mxs.mail.example.org; spf=pass smtp.mailfrom=a@example.com\n";
    let r = reading(text);
    assert_eq!((ids(&r), client(&r).as_deref()), (vec!["mxs.mail.example.org"], Some("192.0.2.1")));
    let above = text.replace("From: a@example.com\n", "");
    assert_eq!(reading(&above).boundary.distrusted, [(0, Distrust::Forged)]);
}

#[test]
fn the_user_may_choose() {
    let said = |id: &str| Said { trust: Some(id.into()), ..Said::default() };
    let r = reading_with(&format!("{GOOGLE}{}", LIST), &said("Lists.Example.org"));
    assert_eq!(ids(&r), ["lists.example.org", "lists.example.org"]);
    assert_eq!(r.boundary.because, "You chose to believe lists.example.org.");
    assert_eq!(r.boundary.distrusted, [(0, Distrust::NotChosen), (3, Distrust::NotChosen)]);
    assert_eq!(client(&r).as_deref(), Some("192.0.2.32"));
    let r = reading_with(GOOGLE, &said("mx.elsewhere.example"));
    assert_eq!(
        (&r.boundary.believed[..], &r.boundary.because[..]),
        (&[][..], "You chose mx.elsewhere.example, but no Authentication-Results field carries that name.")
    );
    assert_eq!(reading_with(EXCHANGE, &said("outlook.com")).boundary.believed, [0]);
}

#[test]
fn without_any_field_the_connection_is_still_found() {
    let r = reading(
        "Return-Path: <>\nReceived: from a.example.com (unknown [10.0.0.4]) by imap.example.org\n\
        Received: from m.example.com (m.example.com [192.0.2.4]) by mx.example.org\nFrom: a@example.com\n",
    );
    assert_eq!(client(&r).as_deref(), Some("192.0.2.4"));
    assert_eq!(r.boundary.because, "The header has no Authentication-Results field.");
    let i = identities(&r, &Said::default());
    assert_eq!(i.mail_from.map(|m| (m.value, m.origin)), Some((MailFrom::Null, Origin::ReturnPath)));
    assert_eq!(reading("From: a@example.com\n").boundary.hop, None);
}

#[test]
fn the_helo_identity_of_a_null_reverse_path_is_no_mail_from() {
    let r = reading(
        "Return-Path: <>\nAuthentication-Results: mx.example.org; spf=pass smtp.mailfrom=postmaster@mail.example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.4]) by mx.example.org\n",
    );
    assert_eq!(identities(&r, &Said::default()).mail_from.unwrap().value, MailFrom::Null);
    let r = reading(
        "Return-Path: <ann+tag@example.com>\nAuthentication-Results: mx.example.org; spf=pass smtp.mailfrom=example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.4]) by mx.example.org\n",
    );
    let known = MailFrom::Path { local: Some("ann+tag".into()), domain: "example.com".into() };
    assert_eq!(identities(&r, &Said::default()).mail_from.unwrap().value, known);
    for nothing in ["", "(null)", "\"\""] {
        let r = reading(&format!(
            "Return-Path: <a@example.com>\nAuthentication-Results: mx.example.org; spf=none smtp.mailfrom={nothing}\n"
        ));
        assert_eq!(identities(&r, &Said::default()).mail_from.unwrap().origin, Origin::ReturnPath, "{nothing}");
    }
}

#[test]
fn what_the_user_says_wins() {
    let said = Said {
        ip: "10.9.9.9".parse().ok(),
        helo: Some("Said.Example.".into()),
        mail_from: Some("said@example.net".into()),
        ..Said::default()
    };
    let i = identities(&reading(GOOGLE), &said);
    assert_eq!(
        (i.source_ip.unwrap().value.to_string(), i.helo.unwrap().value),
        ("10.9.9.9".into(), "said.example".into())
    );
    let mail_from = i.mail_from.unwrap();
    assert_eq!((mail_from.value.domain(), mail_from.origin, mail_from.span), (Some("example.net"), Origin::User, None));
}

#[test]
fn private_clients_are_no_source_and_another_connections_received_spf_is_not_read() {
    let text = "Authentication-Results: mx.example.org; dkim=none\n\
        Received: from mail.example.com (mail.example.com [172.17.0.1]) by mx.example.org\n\
        Received: from pc (pc [10.1.1.1]) by mail.example.com\n\
        Received-SPF: pass (x) client-ip=198.51.100.99; envelope-from=b@example.net; helo=h.example.net\n";
    let r = reading(text);
    let i = identities(&r, &Said::default());
    assert_eq!((i.source_ip, i.mail_from, r.reported.spf), (None, None, None));
    assert_eq!(i.helo.unwrap().value, "mail.example.com");
}

#[test]
fn a_received_spf_that_contradicts_the_receivers_own_received_is_not_believed() {
    let message = |above: &str, client: &str, below: &str| {
        let text = format!(
            "Return-Path: <ceo@bank.example>\n{above}Received: from foo.example (foo.example [{client}]) by mx.real.example\n\
             {below}From: ceo@bank.example\n"
        );
        let r = reading(&text);
        let ip = identities(&r, &Said::default()).source_ip.map(|ip| ip.value.to_string());
        (r.reported.spf.map(|spf| spf.result), ip)
    };
    let field =
        |ip: &str| format!("Received-SPF: pass (x) client-ip={ip}; envelope-from=ceo@bank.example; helo=x.example\n");
    let said = |result: Option<&str>, ip: &str| (result.map(str::to_owned), Some(ip.to_owned()));
    assert_eq!(message("", "203.0.113.7", &field("192.0.2.4")), said(None, "203.0.113.7"));
    // A milter of the receiver writes below its Received, and of the same client.
    assert_eq!(message("", "203.0.113.7", &field("203.0.113.7")), said(Some("pass"), "203.0.113.7"));
    // Nobody but the receiver writes above it.
    assert_eq!(message(&field("192.0.2.4"), "203.0.113.7", ""), said(Some("pass"), "192.0.2.4"));
    // A proxy of the receiver hides the client from its Received.
    assert_eq!(message("", "10.0.0.1", &field("192.0.2.4")), said(Some("pass"), "192.0.2.4"));
}

#[test]
fn ten_thousand_received_and_results() {
    let received = "Received: from a.example.com (a.example.com [10.0.0.1]) by b.example.com\n".repeat(10_000);
    let text = format!(
        "{received}{}",
        "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a.example\n".repeat(10_000)
    );
    let header = crate::facts::header::Header::split(text.as_bytes());
    let hop = |field| crate::facts::received::Hop {
        field,
        by: Some(Spanned::new("b.example.com".into(), Span::default())),
        ..Default::default()
    };
    let r = Reading {
        hops: (0..10_000).rev().map(hop).collect(),
        authres: crate::facts::authres::read(&header, text.as_bytes()),
        header,
        ..Reading::default()
    };
    let b = find_with(&r, text.as_bytes(), &Said::default(), NAMES);
    assert_eq!(b.believed.len() + b.distrusted.len(), 10_000);
}

proptest! {
    #[test]
    fn every_field_is_either_believed_or_not(
        lines in proptest::collection::vec(
            proptest::sample::select(vec![
                "Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.org",
                "Received: from mx.example.org (mx.example.org [198.51.100.1]) by mx.example.net",
                "Received: from x (y [10.0.0.1]) by localhost",
                "Received: by 2002:a05::1 with SMTP",
                "Received: from BN9.prod.outlook.com ([2001:db8::1]) by SJ0.prod.outlook.com",
                "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@example.com",
                "Authentication-Results: mx.example.net; dkim=pass header.d=example.com",
                "Authentication-Results: spf=none (sender IP is ) smtp.mailfrom=a@example.com",
                "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a@example.com",
                "Authentication-Results: x; none",
                "Received-SPF: pass (x) client-ip=192.0.2.1; envelope-from=a@example.com",
                "Return-Path: <>",
                "From: a@example.com",
            ]),
            0..14,
        ),
        trust in proptest::option::of(proptest::sample::select(vec!["mx.example.org", "x", "outlook.com", ""])),
    ) {
        let said = Said { trust: trust.map(str::to_owned), ..Said::default() };
        let r = reading_with(&lines.join("\n"), &said);
        let mut all: Vec<usize> = r.boundary.distrusted.iter().map(|(n, _)| *n).chain(r.boundary.believed.iter().copied()).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..r.authres.len()).collect::<Vec<_>>());
        prop_assert!(r.boundary.hop.is_none_or(|n| n < r.hops.len()));
        prop_assert!(!r.boundary.because.is_empty());
        identities(&r, &said);
    }
}
