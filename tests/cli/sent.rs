//! The copy that was sent beside the one that arrived.

use super::*;

const SENT: &str = "From: ann@example.com\r\nTo: bob@example.net\r\nSubject: The offer\r\n\
    Date: Tue, 2 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nDear Bob\r\n";

#[test]
fn what_was_changed_is_told_in_every_form() {
    let home = Home::new();
    let sent = home.file("sent.eml", SENT);
    let hop = "Received: from a.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
    let arrived = home.file("arrived.eml", format!("{hop}{}Footer\r\n", SENT.replace("The", "[list] The")));
    let run = |format: &str| home.diagnose(&["--no-save", "--sent", &sent, "-f", format, &arrived]);
    let json = run("json").json();
    assert_eq!(json["sent"]["fields"][1]["change"], "changed");
    assert_eq!(json["sent"]["fields"][1]["sent"], "The offer");
    assert_eq!(json["sent"]["body"][0]["change"], "footer-appended");
    assert_eq!(json["sent"]["between"], serde_json::json!(["a.example.com", "mx.example.net"]));
    assert!(run("plain").stdout.contains("sent\t~\tSubject\tchanged\tThe offer\t[list] The offer"));
    for format in ["human", "markdown"] {
        let text = run(format).stdout;
        assert!(text.contains("[list] The offer") && text.contains("a footer was appended"), "{text}");
    }
    assert!(home.diagnose(&["--no-save", "--json", &arrived]).json()["sent"].is_null());
}

#[test]
fn nobody_is_said_to_have_changed_another_message() {
    let home = Home::new();
    let hop = "Received: from a.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
    let arrived = home.file("arrived.eml", format!("{hop}{}", SENT.replace("The offer", "[list] The offer")));
    let of = |name: &str, sent: &str| {
        let sent = home.file(name, sent);
        home.diagnose(&["--no-save", "--sent", &sent, &arrived]).stdout
    };
    let suspects = "one of them changed what differs";
    assert!(of("same.eml", SENT).contains(suspects));
    let other = of("other.eml", &SENT.replace("<1@", "<2@"));
    assert!(other.contains("is it the same message?") && !other.contains(suspects), "{other}");
}

#[test]
fn the_case_keeps_both_and_says_the_same_again() {
    let home = Home::new();
    let sent = home.file("sent.eml", SENT);
    let arrived = home.file("arrived.eml", SENT.replace("Dear Bob", "Dear Rob"));
    let first = home.diagnose(&["--json", "--sent", &sent, &arrived]).json();
    let id = home.run(&["cases", "list", "--json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let again = home.run(&["cases", "show", &id, "--json"]).json();
    assert_eq!(first["sent"]["body"][0]["received"], "Dear Rob");
    assert_eq!(again["sent"], first["sent"]);
}

#[test]
fn a_copy_that_cannot_be_read_is_three_and_one_too_many_is_two() {
    let home = Home::new();
    let (sent, arrived) = (home.file("sent.eml", SENT), home.file("arrived.eml", SENT));
    let gone = home.diagnose(&["--json", "--sent", "gone.eml", &arrived]);
    assert_eq!(gone.status, 3);
    assert!(gone.json()["verdict"]["headline"].as_str().unwrap().contains("gone.eml"), "{}", gone.stdout);
    assert_eq!(home.diagnose(&["--sent", &sent, &arrived, &arrived]).status, 2);
    let report = home.file("record", "v=spf1 -all");
    assert_eq!(home.diagnose(&["--sent", &sent, &report]).status, 2);
}
