//! What to do where a session with a mail server broke off.

use crate::evidence::errand::Step;
use crate::evidence::transcript::{Security, Stage, Transcript};
use crate::knowledge::certificate;
use crate::shell::command;

/// What a finding says of it.
pub struct Advice {
    pub title: String,
    pub summary: String,
    pub steps: Vec<String>,
    /// A command.
    pub check: String,
}

/// The advice for a session that cannot go on because of `why`; `offered` are the EHLO keywords.
pub fn advice(t: &Transcript, step: Step, why: &str, offered: &[String]) -> Advice {
    let port = t.address.map_or(if t.direct { 25 } else { 587 }, |a| a.port());
    let again = "run the same `postdoc send` again".to_owned();
    let of = |title: &str, summary: &str, steps: &[&str], check: String| Advice {
        title: title.to_owned(),
        summary: summary.to_owned(),
        steps: steps.iter().map(|s| (*s).to_owned()).collect(),
        check,
    };
    let nc = format!("nc -vz -w 5 {} {port}", t.host);
    let openssl = match t.security {
        Security::Implicit => {
            command!("openssl s_client -connect {0}:{1} -servername {0} -verify_hostname {0}", t.host, port)
        }
        _ => {
            command!(
                "openssl s_client -starttls smtp -connect {0}:{1} -servername {0} -verify_hostname {0}",
                t.host,
                port
            )
        }
    };
    match (t.stage, step) {
        (Stage::End, _) => of(
            "No answer came to the whole message",
            "Look for the message in the mailbox, and send it again only if it is not there.",
            &["Give the server more time with --try-timeout: some scan a message for a minute before they answer."],
            again,
        ),
        (_, Step::Name) => of(
            "There is no server to hand the message to",
            if t.direct {
                "Check the recipient's domain: it has no mail host that could be asked."
            } else {
                "Check the name of the server (--via)."
            },
            &[],
            if t.direct { command!("dig +short MX {}", t.host) } else { command!("dig +short A {}", t.host) },
        ),
        (Stage::Route, _) => of(
            "DNS did not say where the mail goes",
            "Try again; if it stays so, name another resolver with --resolver.",
            &[],
            command!("dig MX {}", t.host),
        ),
        (Stage::Connect, _) if why.contains("no answer") && port == 25 => {
            // What the probe of the sender's own host found out.
            let open = t.lines.iter().any(|l| l.text.contains("the port is open here"));
            match open {
                true => of(
                    "Nobody answers on port 25",
                    "The receiver's mail host is silent, while another one answers from here: try again later.",
                    &[
                        "A host may drop what comes from addresses it does not like: send through your own server (--via).",
                    ],
                    nc,
                ),
                false => of(
                    "Nobody answers on port 25",
                    "Send through a submission server (--via HOST, port 587 or 465): this network most likely blocks port 25.",
                    &[
                        "Networks at home, in offices and in most clouds let nobody connect to port 25. Some providers open it on request.",
                        "Or run postdoc on the machine that sends your mail.",
                    ],
                    nc,
                ),
            }
        }
        (Stage::Connect, _) if why.contains("refuses connections") => of(
            &format!("Nothing listens on port {port} of {}", t.host),
            "Check host and port: submission is port 587 (STARTTLS) or 465 (TLS from the first byte).",
            &["If the server is yours: is its submission service switched on, and does the firewall let it through?"],
            nc,
        ),
        (Stage::Connect, _) if why.contains("no answer") => of(
            &format!("{} does not answer on port {port}", t.host),
            "Check host and port; a firewall on the way drops what it does not let through.",
            &["Submission is port 587 (STARTTLS) or 465 (TLS from the first byte); try the other one."],
            nc,
        ),
        (Stage::Connect, _) => {
            of(&format!("{} cannot be reached", t.host), "Check the network, the host and the source address.", &[], nc)
        }
        (Stage::Auth, Step::Tls) => of(
            "The login would be readable on the way",
            "Use a port with TLS: 587 with STARTTLS, or 465 with TLS from the first byte (--tls).",
            &["A server that offers no TLS should get no password."],
            again,
        ),
        (Stage::Tls, _) if why.contains("does not offer STARTTLS") => of(
            "The server does not offer STARTTLS",
            "Use the port that speaks TLS from the first byte, 465 (--via HOST:465).",
            &[
                "If the server is yours, switch STARTTLS on for this port.",
                "A firewall that inspects SMTP may have taken the offer away: try from another network.",
            ],
            openssl,
        ),
        (Stage::Tls, Step::Tls) if t.security == Security::Implicit && why.contains("is not TLS") => of(
            "The server does not speak TLS from the first byte here",
            "Use STARTTLS on this port (--tls starttls), or port 465 for TLS from the first byte.",
            &[],
            openssl,
        ),
        (Stage::Tls, Step::Tls) => of(
            "The TLS handshake failed",
            "The server wants another TLS than postdoc speaks (1.2 and 1.3): renew its software or its settings.",
            &["Old servers speak TLS 1.0 and 1.1 only, which nobody should use any more (RFC 8996)."],
            openssl,
        ),
        (Stage::Certificate, Step::CertificateName) => of(
            "The certificate is for another name",
            "Name the server as its certificate does (--via), or get one for the name you use.",
            &[&format!("The session says: {why}.")],
            openssl,
        ),
        (Stage::Certificate, _) => {
            let own =
                certificate::lacks_trust(why).then_some("An authority of your own is named by its file (--ca-file).");
            let any = "Any certificate can be taken for one run (--insecure-tls): whoever stands in between can then read everything.";
            let steps: Vec<&str> = own.into_iter().chain([any]).collect();
            of("The certificate is not trusted", certificate::cure(why), &steps, openssl)
        }
        (Stage::Auth, Step::Answer) if why.contains("takes no") || why.contains("no login") => {
            let mut steps = vec![match offered.iter().find(|k| k.to_ascii_uppercase().starts_with("AUTH")) {
                Some(line) => format!("The server offers: {line}."),
                None => {
                    "The server offers none at all here: many do so on port 587 or 465 only, and after TLS.".to_owned()
                }
            }];
            steps.push(
                "Microsoft 365 and others have switched passwords off: use an OAuth 2.0 token (--token-command)."
                    .into(),
            );
            Advice {
                title: "There is no way to log in that both sides know".into(),
                summary: "Log in as the server offers it: with a token where it takes no password, or without a user."
                    .into(),
                steps,
                check: openssl,
            }
        }
        (Stage::Mail, _) if why.contains("SMTPUTF8") => of(
            "The server takes no address that holds more than ASCII",
            "Use an address in ASCII, or a server that knows SMTPUTF8 (RFC 6531).",
            &[],
            again,
        ),
        (Stage::Greeting, _) if t.lines.iter().all(|l| l.way != crate::evidence::transcript::Way::Heard) => {
            let hint = match (port, t.security) {
                (465, Security::Implicit) | (587 | 25, _) => {
                    "Some servers let strangers wait: give it more time with --try-timeout."
                }
                _ => "A port that speaks TLS from the first byte waits for you to begin: try that (--tls implicit).",
            };
            of(
                "The server does not greet",
                "Check that a mail server listens there, and which TLS it wants.",
                &[hint],
                openssl,
            )
        }
        (stage, _) => of(
            &format!("The server broke off at {}", stage.word()),
            "Try again; if it stays so, ask whoever runs the server what its log says of this session.",
            &["A server that is only slow gets more time with --try-timeout and --timeout."],
            again,
        ),
    }
}
