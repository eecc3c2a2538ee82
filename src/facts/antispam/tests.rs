use super::*;
use proptest::prelude::*;

fn fields(text: &str) -> Vec<Field> {
    read(&Header::split(text.as_bytes()), text.as_bytes())
}

fn pairs(field: &Field) -> Vec<(&str, &str)> {
    field.items.iter().map(|i| (&*i.key, &*i.value)).collect()
}

fn leaning(field: &Field, key: &str) -> Option<Leaning> {
    field.items.iter().find(|i| i.key == key).and_then(|i| i.meaning.as_ref()).map(|m| m.leaning)
}

/// A line in the field's own form that says `key` and `value`.
fn line(name: &str, form: Form, key: &str, value: &str) -> String {
    let value = match form {
        Form::Word | Form::First | Form::Trace | Form::SpamReport => value.to_owned(),
        Form::Pairs => format!("QQ:0;{key}:{value};"),
        Form::Semicolons => format!("QQ=0;{key}={value};"),
        Form::Commas => format!("QQ=0, {key}={value}"),
        Form::Assignments => format!("qq=0 {key}={value}"),
        Form::MailScanner if key == "test" => format!("not spam, SpamAssassin ({value} 1.0)"),
        Form::MailScanner if key.is_empty() => format!("{value}, SpamAssassin (required 5)"),
        Form::MailScanner => format!("not spam, SpamAssassin ({key}={value})"),
        Form::SpamStatus if key == "test" => format!("No, score=0 tests=AA,{value} autolearn=no"),
        Form::SpamStatus if key.is_empty() => format!("{value}, score=1 required=5"),
        Form::SpamStatus => format!("No, {key}={value}"),
        Form::SpamdResult => match key {
            "symbol" => format!("default: False [0.1 / 15.0];\r\n\tAA(0.1)[a;b];\r\n\t{value}(1.0)[x]"),
            "score" => format!("default: False [{value} / 15.0]"),
            "required" => format!("default: False [1.0 / {value}]"),
            _ => format!("default: {value} [1.0 / 15.0]; AA(0.1)[]"),
        },
        Form::Results => match key.split_once(' ') {
            Some((method, property)) => format!("{method}=other {property}={value}"),
            None => format!("spf=none; {key}={value}"),
        },
    };
    format!("{name}: {value}\r\n")
}

/// A value that a row's pattern takes.
fn sample(pattern: &str) -> String {
    match crate::knowledge::pattern::range(pattern) {
        Some((low, high)) if low.is_finite() && high.is_finite() => low.to_string(),
        Some((low, high)) => if low.is_finite() { low + 1.0 } else { high - 1.0 }.to_string(),
        None => pattern.replace('*', "7"),
    }
}

#[test]
fn every_row_of_the_vocabulary_can_be_read_back() {
    let mut rows = 0;
    for r in receiver::all() {
        for f in &r.field {
            for (name, v) in f.names.iter().flat_map(|n| f.value.iter().map(move |v| (n.replace('*', "X"), v))) {
                let text = line(&name, f.form, &v.key.replace('*', "Other"), &sample(&v.value));
                let at = format!("{}: {text}", r.id);
                if matches!(f.form, Form::Trace | Form::Results) {
                    let (name, value) = text.trim_end().split_once(": ").unwrap();
                    let said = crate::knowledge::header::explain(name, value);
                    assert!(said.iter().any(|e| e.row.is_some_and(|row| std::ptr::eq(row, v))), "{at}");
                } else {
                    // A name that another vendor uses too needs company to tell whose it is.
                    let own = r.field.iter().flat_map(|f| &f.names).find(|n| {
                        receiver::fields_called(n.replace('*', "X").as_bytes()).len() == 1
                            && !matches!(
                                receiver::fields_called(n.as_bytes()).first().map(|e| e.1.form),
                                Some(Form::Trace)
                            )
                    });
                    let company = match own {
                        Some(own) if receiver::fields_called(name.as_bytes()).len() > 1 => {
                            format!("{}: company\r\n", own.replace('*', "X"))
                        }
                        _ => String::new(),
                    };
                    let all = fields(&format!("{text}{company}"));
                    let field = all.iter().find(|f| f.field == 0).unwrap_or_else(|| panic!("{at}"));
                    assert_eq!(field.vendor, r.id, "{at}");
                    let meanings = field.items.iter().filter_map(|i| i.meaning.as_ref());
                    assert!(meanings.clone().any(|m| m.text == v.meaning), "{at} {:?}", field.items);
                }
                rows += 1;
            }
        }
    }
    assert!(rows > 250, "{rows}");
}

#[test]
fn microsoft_reports_whatever_the_blanks() {
    for text in [
        "X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:US;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;H:mail.example.com;PTR:;CAT:SPM;DIR:INB;\r\n",
        "X-Forefront-Antispam-Report:\r\n\tCIP:192.0.2.1; CTRY:US; LANG:en;\r\n SCL:5; SRV:; IPV:NLI; SFV:SPM; H:mail.example.com; PTR:; CAT:SPM; DIR:INB\r\n",
    ] {
        let all = fields(text);
        assert_eq!(pairs(&all[0])[3], ("SCL", "5"));
        assert_eq!(leaning(&all[0], "SFV"), Some(Leaning::Bad));
        let summed = summary(&all, None);
        assert_eq!((summed.scl, summed.sfv.as_deref(), summed.cat.as_deref()), (Some(5), Some("SPM"), Some("SPM")));
        let scl = &all[0].items[3];
        assert_eq!(scl.span.of(text.as_bytes()), b"SCL:5");
    }
}

#[test]
fn a_report_lists_what_the_status_leaves_out() {
    let report = concat!(
        "X-Spam-Report: Spam detection software, running on the system \"mx.example.org\",\r\n has identified it.\r\n",
        " Content preview: save 9.9 DKIM_INVALID today\r\n",
        " Content analysis details:   (7.5 points, 5.0 required)\r\n",
        "  pts rule name              description\r\n",
        " ---- ---------------------- ----------------------\r\n",
        "  5.0 URIBL_BLACK            Contains an URL listed in the URIBL blacklist\r\n",
        "                             [URIs: example.net]\r\n",
        "  2.5 BAYES_99               BODY: Bayes spam probability is 99 to 100%\r\n",
        " -0.1 DKIM_VALID             Message has a valid signature\r\n",
    );
    let names = |field: &Field| field.items.iter().map(|i| i.value.clone()).collect::<Vec<_>>();
    let all = fields(report);
    assert_eq!(names(&all[0]), ["URIBL_BLACK", "BAYES_99", "DKIM_VALID"]);
    assert!(all[0].items.iter().all(|i| i.key == "test" && i.meaning.is_some()));
    assert_eq!(all[0].items[1].span.of(report.as_bytes()), b"BAYES_99");
    // The short form, and on one line.
    let short = "X-Spam-Report: \t*  5.0 URIBL_BLACK Contains * -0.0 SPF_PASS SPF: sender matches\r\n";
    assert_eq!(names(&fields(short)[0]), ["URIBL_BLACK", "SPF_PASS"]);
    // What the status lists is not told twice.
    let both = fields(&format!("X-Spam-Status: Yes, score=7.5 tests=URIBL_BLACK\r\n{report}"));
    assert_eq!(names(&both[1]), ["BAYES_99", "DKIM_VALID"]);
    let points = |field: &Field| field.items.iter().filter(|i| i.key == "test").map(|i| i.points).collect::<Vec<_>>();
    assert_eq!((points(&both[0]), points(&both[1])), (vec![Some(5000)], vec![Some(2500), Some(-100)]));
    assert_eq!(points(&fields("X-Spam-Status: Yes, score=2 tests=[A_B=1.25, C_D] x=1\r\n")[0]), [Some(1250), None]);
    assert_eq!(pairs(&fields("X-Spam-Report: none\r\n")[0]), [("report", "none")]);
}

#[test]
fn a_glued_null_list_is_taken_off() {
    let all = fields("X-Microsoft-Antispam: UIP:(null);(null);(null)SFV:SKI\r\n");
    assert_eq!(pairs(&all[0]), [("UIP", "(null)"), ("", "(null)"), ("SFV", "SKI")]);
}

#[test]
fn the_senders_own_stamps_do_not_count() {
    let all = fields(concat!(
        "X-MS-Exchange-Organization-SCL: 1\r\n",
        "X-Forefront-Antispam-Report-Untrusted: CIP:192.0.2.1;SFV:SPM;SCL:9;\r\n",
        "X-Microsoft-Antispam-Untrusted: BCL:8;\r\n",
    ));
    assert_eq!(all.iter().map(|f| f.untrusted).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(summary(&all, None), Summary { scl: Some(1), ..Summary::default() });
    assert!(spam_verdicts(&all, Some("microsoft")).is_empty());

    let out = fields("x-forefront-antispam-report: SFV:SPM;SCL:5;DIR:OUT;\r\nx-microsoft-antispam: BCL:0;\r\n");
    assert!(out.iter().all(|f| f.untrusted));
    assert_eq!(summary(&out, None), Summary::default());

    // The sender's tenant judged too; what the receiver's says counts.
    let both = fields(
        "X-Forefront-Antispam-Report: SCL:1;SFV:NSPM;DIR:INB;\r\nX-Forefront-Antispam-Report: SCL:5;SFV:SPM;CAT:OSPM;DIR:OUT;\r\n",
    );
    assert_eq!(both.iter().map(|f| f.untrusted).collect::<Vec<_>>(), [false, true]);
    assert!(spam_verdicts(&both, Some("microsoft")).is_empty());

    let out = fields("X-Proofpoint-Spam-Details: rule=outbound_spam policy=outbound score=99\r\n");
    assert!(out[0].untrusted && spam_verdicts(&out, None).is_empty());
}

#[test]
fn the_organizations_level_wins() {
    let all = fields("X-Forefront-Antispam-Report: SCL:1;SFV:NSPM\r\nX-MS-Exchange-Organization-SCL: 6\r\n");
    assert_eq!(summary(&all, None).scl, Some(6));
}

#[test]
fn mailbox_delivery() {
    let all = fields(
        "X-Microsoft-Antispam-Mailbox-Delivery:\r\n\tucf:0;jmr:0;auth:0;dest:J;OFR:SpamFilterAuthJ;ENG:(750119)(520011016);RF:JunkEmail;\r\n",
    );
    assert_eq!(leaning(&all[0], "dest"), Some(Leaning::Bad));
    assert_eq!(leaning(&all[0], "RF"), Some(Leaning::Bad));
    assert_eq!(leaning(&all[0], "ucf"), None);
}

#[test]
fn spamassassin_in_its_dialects() {
    let cases = [
        (
            "Yes, score=6.1 required=5.0 tests=RDNS_NONE,BAYES_99\r\n\tautolearn=no version=4.0.0",
            Some(6.1),
            Some(5.0),
            Some(true),
            2,
        ),
        (
            "No, score=-0.2 tagged_above=-99 required=5\r\n tests=[ALL_TRUSTED=-1, RDNS_NONE=0.793] autolearn=no",
            Some(-0.2),
            Some(5.0),
            Some(false),
            2,
        ),
        ("No, hits=1.5 required=5.0 tests=none autolearn=ham", Some(1.5), Some(5.0), Some(false), 0),
        ("No, score=", None, None, Some(false), 0),
        ("No", None, None, Some(false), 0),
        ("score=3.0 required=5.0", Some(3.0), Some(5.0), None, 0),
    ];
    for (value, score, required, flagged, tests) in cases {
        let all = fields(&format!("X-Spam-Status: {value}\r\n"));
        let want = summary::SpamAssassin { score, required, flagged };
        assert_eq!(summary(&all, None).spamassassin, Some(want), "{value}");
        assert_eq!(all[0].items.iter().filter(|i| i.key == "test").count(), tests, "{value} {:?}", all[0].items);
    }
    let all = fields("X-Spam-Flag: YES\r\nX-Spam-Score: 7.5\r\nX-Spam-Level: *******\r\n");
    assert_eq!(
        summary(&all, None).spamassassin,
        Some(summary::SpamAssassin { score: Some(7.5), required: None, flagged: Some(true) })
    );
    assert_eq!(spam_verdicts(&all, None).len(), 1);
}

/// Points without brackets, as `_TESTSSCORES(,)_` and Kerio Connect write them.
#[test]
fn tests_with_their_points() {
    let told = |status: &str| {
        let all = fields(&format!("X-Spam-Status: {status}\r\n"));
        let tests = all[0].items.iter().filter(|i| i.key == "test");
        let tests: Vec<_> = tests.map(|i| (i.value.clone(), i.points)).collect();
        (tests, pairs(&all[0]).iter().map(|(k, v)| format!("{k}:{v}")).collect::<Vec<_>>().join(" "))
    };
    let test = |name: &str, points| (name.to_owned(), points);
    let (tests, all) = told(
        "No, score=-1.1 required=5.0 tests=BAYES_00=-1.9,\r\n\tRDNS_NONE=0.793, SPF_PASS=-0.001 autolearn=no version=4.0.0",
    );
    let want = [test("BAYES_00", Some(-1900)), test("RDNS_NONE", Some(793)), test("SPF_PASS", Some(-1))];
    assert_eq!(tests, want);
    assert!(all.ends_with("autolearn:no version:4.0.0"), "{all}");
    let (tests, all) = told(
        "Yes, hits=6.9 required=5.0\r\n\ttests=KERIO_ANTI_SPAM: -0.000, BAYES_99: 4.07,\r\n\tCUSTOM_RULE_FROM: ALLOW, TOTAL_SCORE: 6.9,autolearn=no",
    );
    assert_eq!(tests, [test("KERIO_ANTI_SPAM", Some(0)), test("BAYES_99", Some(4070))]);
    assert!(all.ends_with("CUSTOM_RULE_FROM:ALLOW autolearn:no"), "{all}");
    // What stands before or behind the list is none of it.
    let (tests, _) = told("No, SCORE=1.20 KILL_LEVEL=7.0 tests=A_BC");
    assert_eq!(tests, [test("A_BC", None)]);
    let (tests, _) = told("No, score=1.2 tests= autolearn=no");
    assert_eq!(tests, []);
}

/// A name nobody knows is no praise.
#[test]
fn each_share_of_bayes_has_its_own_meaning() {
    let of = |name: &str| {
        let all = fields(&format!("X-Spam-Status: No, score=1 tests={name}\r\n"));
        all[0].items.iter().find(|i| i.key == "test").and_then(|i| i.meaning.as_ref()).map(|m| m.leaning)
    };
    for (name, want) in [
        ("00", Some(Leaning::Good)),
        ("05", Some(Leaning::Good)),
        ("20", Some(Leaning::Good)),
        ("40", Some(Leaning::Good)),
        ("50", Some(Leaning::Info)),
        ("60", Some(Leaning::Warn)),
        ("80", Some(Leaning::Warn)),
        ("95", Some(Leaning::Warn)),
        ("99", Some(Leaning::Warn)),
        ("999", Some(Leaning::Warn)),
        ("70", None),
        ("OTHER", None),
    ] {
        assert_eq!(of(&format!("BAYES_{name}")), want, "{name}");
    }
}

/// `headers.csv` of cPanel, Exim and Plesk: `X-Spam-Score: 15` beside `X-Spam-Bar: +` is 1.5.
#[test]
fn a_score_alone_may_be_ten_times_the_points() {
    for (score, bar, points) in
        [("15", "+", 1.5), ("-5", "/", -0.5), ("7", "+++++++", 7.0), ("1.0", "+", 1.0), ("105", "++++++++++", 10.5)]
    {
        let all = fields(&format!("X-Spam-Score: {score}\r\nX-Spam-Bar: {bar}\r\nX-Spam-Flag: NO\r\n"));
        let want = summary::SpamAssassin { score: Some(points), required: None, flagged: Some(false) };
        assert_eq!(summary(&all, None).spamassassin, Some(want), "{score} {bar}");
    }
}

/// What the sending side's filters wrote is not the receiver's word.
#[test]
fn a_mailbox_provider_speaks_for_itself() {
    let all = fields("X-Spam-Flag: YES\r\nX-Microsoft-Antispam: BCL:0;\r\n");
    assert_eq!(summary(&all, Some("gmail")), Summary::default());
    assert_eq!(summary(&all, Some("microsoft")), Summary { bcl: Some(0), ..Summary::default() });
}

#[test]
fn barracuda() {
    let all = fields(
        "X-Barracuda-Spam-Status: Yes, SCORE=7.20 using global scores of TAG_LEVEL=3.0 QUARANTINE_LEVEL=5.0\r\n KILL_LEVEL=7.0 tests=BSF_RULE_1, HTML_MESSAGE\r\n",
    );
    assert_eq!(all[0].vendor, "barracuda");
    assert_eq!(
        pairs(&all[0]),
        [
            ("", "Yes"),
            ("SCORE", "7.20"),
            ("TAG_LEVEL", "3.0"),
            ("QUARANTINE_LEVEL", "5.0"),
            ("KILL_LEVEL", "7.0"),
            ("test", "BSF_RULE_1"),
            ("test", "HTML_MESSAGE")
        ]
    );
    assert_eq!(leaning(&all[0], ""), Some(Leaning::Bad));
}

#[test]
fn rspamd() {
    let text = "X-Spamd-Result: default: False [2.50 / 15.00];\r\n\tR_SPF_FAIL(1.00)[-all:c;x];\r\n\tHFILTER_HELO_BAREIP(3.00)[192.0.2.1,1];\r\n\tMAILLIST(-0.20)[mailman]\r\nX-Rspamd-Action: add header\r\n";
    let all = fields(text);
    assert_eq!(
        summary(&all, None).rspamd,
        Some(summary::Rspamd { score: Some(2.5), required: Some(15.0), action: Some("add header".into()) })
    );
    let symbols: Vec<_> = all[0].items.iter().filter(|i| i.key == "symbol").collect();
    assert_eq!(
        symbols.iter().map(|i| &*i.value).collect::<Vec<_>>(),
        ["R_SPF_FAIL", "HFILTER_HELO_BAREIP", "MAILLIST"]
    );
    assert_eq!(symbols[0].span.of(text.as_bytes()), b"R_SPF_FAIL(1.00)[-all:c;x]");
    assert!(symbols[0].meaning.is_some());
    assert_eq!(symbols.iter().map(|i| i.points).collect::<Vec<_>>(), [Some(1000), Some(3000), Some(-200)]);
}

/// MailScanner writes what SpamAssassin found, each rule with its points behind it.
#[test]
fn rules_of_mailscanner() {
    let header = "X-example-MailScanner-SpamCheck: spam, spamhaus-ZEN,\r\n SpamAssassin (not cached, score=7.1, required 6,\r\n\t\
        BAYES_99 3.50, HTML_MESSAGE 0.00, autolearn=no)";
    let all = fields(header);
    let told = |i: &Item| (i.key.clone(), i.value.clone(), i.points, i.meaning.as_ref().map(|m| m.leaning));
    let found: Vec<_> = all[0].items.iter().map(told).collect();
    let found: Vec<_> = found.iter().map(|(k, v, p, l)| (&**k, &**v, *p, *l)).collect();
    assert_eq!(
        found,
        [
            ("", "spam", None, Some(Leaning::Bad)),
            ("score", "7.1", None, Some(Leaning::Info)),
            ("test", "BAYES_99", Some(3500), Some(Leaning::Warn)),
            ("test", "HTML_MESSAGE", Some(0), Some(Leaning::Info)),
        ]
    );
}

/// Fastmail writes them with nothing before.
#[test]
fn rules_of_fastmail() {
    let all = fields(
        "X-Spam-known-sender: no\r\nX-Spam-hits: BAYES_50 0.8, ME_SENDERREP_DENY 4, SPF_PASS -0.001, LANGUAGES en\r\n",
    );
    let told: Vec<_> = all[1].items.iter().map(|i| (&*i.key, &*i.value, i.points)).collect();
    let want =
        [("test", "BAYES_50", Some(800)), ("test", "ME_SENDERREP_DENY", Some(4000)), ("test", "SPF_PASS", Some(-1))];
    assert_eq!((all[1].vendor, told), ("fastmail", want.to_vec()));
    assert!(all[1].items.iter().all(|i| i.meaning.is_some()));
}

#[test]
fn the_other_vendors() {
    let cases = [
        ("X-Yandex-Spam: 1", "yandex", Leaning::Good),
        ("X-Yandex-Spam: 4", "yandex", Leaning::Bad),
        ("X-Mras: Ok", "mail-ru", Leaning::Good),
        ("X-UI-Filterresults: notjunk:1;V03:K0:abc=", "gmx-webde", Leaning::Good),
        ("X-UI-Filterresults: junk:10;V03:K0:abc=", "gmx-webde", Leaning::Bad),
        ("X-Proofpoint-Spam-Details: rule=notspam policy=default score=0 suspectscore=0", "proofpoint", Leaning::Good),
        ("X-Proofpoint-Spam-Details: rule=spam policy=default score=99", "proofpoint", Leaning::Bad),
        ("X-Proofpoint-Spam-Details: rule=inbound_spam_definite policy=inbound score=100", "proofpoint", Leaning::Bad),
        ("X-Mimecast-Spam-Score: 9", "mimecast", Leaning::Bad),
        ("X-Mimecast-Spam-Score: 4", "mimecast", Leaning::Warn),
        ("X-Gm-Spam: 1", "gmail", Leaning::Bad),
        ("X-Mras: PROBABLE_SPAM", "mail-ru", Leaning::Bad),
        ("X-Pm-Spam-Action: spam", "proton", Leaning::Bad),
        ("X-example-MailScanner-SpamCheck: spam, SpamAssassin (score=7.1, required 5)", "mailscanner", Leaning::Bad),
        ("X-example-MailScanner-SpamCheck: not spam, SpamAssassin (score=1.1)", "mailscanner", Leaning::Good),
        ("X-Bogosity: Spam, tests=bogofilter, spamicity=0.999123, version=1.2.5", "bogofilter", Leaning::Bad),
        ("X-DSPAM-Result: Spam", "dspam", Leaning::Bad),
        ("X-Alimail-AntiSpam: DS=SPAM|spam_ad|0.9-0-0;MF=a@example.com", "alimail", Leaning::Bad),
        ("X-Apple-MoveToFolder: Junk", "icloud", Leaning::Bad),
        ("X-Suspected-Spam: true", "icloud", Leaning::Bad),
        ("X-IronPort-Anti-Spam-Filtered: true", "cisco", Leaning::Info),
        ("X-Mimecast-Spam-Signature: yes", "mimecast", Leaning::Warn),
        (
            "X-Spam-known-sender: yes (\"Address a@example.com in From header is in addressbook\")",
            "fastmail",
            Leaning::Good,
        ),
    ];
    for (text, vendor, want) in cases {
        let all = fields(&format!("{text}\r\n"));
        assert_eq!(all[0].vendor, vendor, "{text}");
        let got = all[0].items.iter().find_map(|i| i.meaning.as_ref()).map(|m| m.leaning);
        assert_eq!(got, Some(want), "{text}");
    }
}

#[test]
fn a_name_that_several_use_is_the_ones_who_is_here() {
    assert_eq!(fields("X-Spam-score: 3.1\r\n")[0].vendor, "spamassassin");
    let with = fields("X-Spam-score: 3.1\r\nX-Spam-known-sender: no\r\n");
    assert_eq!(with[0].vendor, "fastmail");
    assert_eq!(summary(&with, None).spamassassin, None);
    assert_eq!(fields("X-Spam: Not detected\r\n")[0].vendor, "mail-ru");
}

#[test]
fn a_filter_on_the_way_does_not_speak_for_a_provider() {
    let all = fields("X-Spam-Flag: YES\r\n");
    assert_eq!(spam_verdicts(&all, None).len(), 1);
    assert!(spam_verdicts(&all, Some("gmail")).is_empty());
}

#[test]
fn huge_fields_are_read_in_one_pass_and_bounded() {
    let long = format!("X-Spam-Status: Yes, score=9 tests={}\r\n", "AB,".repeat(70_000));
    assert_eq!(fields(&long)[0].items.len(), form::LIMIT);
    let long = format!("X-Spamd-Result: default: True [9 / 15]; {}\r\n", "A[".repeat(100_000));
    assert!(fields(&long)[0].items.len() <= form::LIMIT);
}

#[test]
fn real_headers_keep_their_spans() {
    let Some(root) = std::env::var_os("POSTDOC_CORPUS") else { return };
    let mut folders = vec![std::path::PathBuf::from(root)];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read(&path).unwrap();
            for field in read(&Header::split(&text), &text) {
                seen += 1;
                assert!(field.items.iter().all(|i| i.span.end as usize <= text.len()), "{path:?}");
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

proptest! {
    #[test]
    fn never_panics_and_spans_lie_inside(value in proptest::collection::vec(any::<u8>(), 0..300), form in 0usize..11) {
        let forms = [
            Form::Word, Form::First, Form::Pairs, Form::Assignments, Form::Semicolons, Form::Commas,
            Form::SpamStatus, Form::SpamReport, Form::MailScanner, Form::SpamdResult, Form::Trace, Form::Results,
        ];
        for piece in form::split(forms[form], &value, 7) {
            prop_assert!(piece.span.start >= 7 && piece.span.end as usize <= 7 + value.len());
        }
    }

    #[test]
    fn near_misses_do_not_panic(value in "[A-Za-z0-9:;=,() \\[\\]/.\\r\\n\\t-]{0,120}", pick in 0usize..1000) {
        let names: Vec<_> = receiver::all().iter().flat_map(|r| &r.field).flat_map(|f| &f.names).collect();
        let name = names[pick % names.len()].replace('*', "X");
        let text = format!("{name}: {value}\r\n");
        for field in fields(&text) {
            for item in field.items {
                prop_assert!(item.span.end as usize <= text.len());
            }
        }
    }
}
