//! Filters of the user's own over real sockets: good, bad and hostile. Every fault is a word, and nothing hangs.
#![allow(clippy::unwrap_used, reason = "tests")]

mod peer;

use peer::{closed, fault, for_ever, listen, silence};
use postdoc::evidence::case::Case;
use postdoc::evidence::errand::{Errand, Scan, Step, What};
use postdoc::evidence::filters::OwnFilters;
use postdoc::evidence::{Evidence, Input, InputKind, Said};
use postdoc::facts::Reading;
use postdoc::facts::own_filters::State;
use postdoc::report::{Shown, json};
use postdoc::world::dns::{Asker, Settings};
use postdoc::world::errand::Courier;
use postdoc::world::run::Runner;
use postdoc::world::secret::Secret;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

const MESSAGE: &str = "Received: from a.example.com (a.example.com [192.0.2.4]) by mx.inbox.test with ESMTPS id 1;\r\n\
    \tTue, 2 Jun 2026 10:00:03 +0000\r\nReturn-Path: <bounce@example.com>\r\nFrom: Ann <ann@example.com>\r\n\
    To: bob@inbox.test\r\nSubject: BUY NOW BEFORE MIDNIGHT\r\nDate: Tue, 2 Jun 2026 10:00:00 +0000\r\n\
    Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n";

fn input() -> Input {
    Input::read("m.eml", MESSAGE.as_bytes(), Some(InputKind::Message)).unwrap()
}

fn settings(time: Duration) -> Settings {
    // Nobody answers there: names are not needed.
    let resolvers = vec!["127.0.0.1:9".parse().unwrap()];
    Settings { resolvers, timeout: time, try_timeout: Duration::from_millis(300), ..Settings::default() }
}

const AMPLE: Duration = Duration::from_secs(30);

async fn perform(settings: Settings, errand: Errand) -> What {
    let courier = Courier::new(&settings, Asker::new(&settings).unwrap());
    let until = tokio::time::Instant::now() + settings.timeout;
    let input = input();
    // A guard against a hang, far above what any limit allows.
    tokio::time::timeout(Duration::from_secs(120), courier.perform(&errand, &input, until)).await.unwrap().what
}

fn spamd(at: SocketAddr) -> Errand {
    Errand::Spamd { at: at.to_string() }
}

fn rspamd(at: SocketAddr) -> Errand {
    let ip = Some("192.0.2.4".parse().unwrap());
    let (helo, mail_from) = (Some("a.example.com".to_owned()), Some("<bounce@example.com>".to_owned()));
    Errand::Rspamd(Scan { url: format!("http://{at}"), ip, helo, mail_from })
}

/// Hears the request to its end, then says this.
fn answering(heard: Arc<Mutex<String>>, answer: String) -> SocketAddr {
    listen(move |mut stream| {
        let (heard, answer) = (heard.clone(), answer.clone());
        async move {
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !request.ends_with(b"Hello\r\n") {
                match stream.read(&mut chunk).await {
                    Ok(n) if n > 0 => request.extend_from_slice(&chunk[..n]),
                    _ => break,
                }
            }
            *heard.lock().unwrap() = String::from_utf8_lossy(&request).into_owned();
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
}

/// Says this again and again.
fn endless(first: &'static str, again: &'static str, pause: Duration) -> SocketAddr {
    listen(move |mut stream| async move {
        let mut chunk = [0; 4096];
        let _ = stream.read(&mut chunk).await;
        let _ = stream.write_all(first.as_bytes()).await;
        for_ever(stream, again.as_bytes(), pause).await;
    })
}

const SPAM: &str =
    "SPAMD/1.1 0 EX_OK\r\nContent-length: 25\r\nSpam: True ; 7.1 / 5.0\r\n\r\nSUBJ_ALL_CAPS,RDNS_NONE\r\n";

const CHECKED: &str = r#"{"is_skipped":false,"score":7.5,"required_score":15,"action":"add header","symbols":{"RDNS_NONE":{"score":1.0}}}"#;

fn page(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn spamd_gets_the_message_as_spamc_hands_it_over() {
    let heard = Arc::default();
    let at = answering(Arc::clone(&heard), SPAM.to_owned());
    assert_eq!(perform(settings(AMPLE), spamd(at)).await, What::Spamd { answer: SPAM.to_owned() });
    let want = format!("SYMBOLS SPAMC/1.5\r\nContent-length: {}\r\n\r\n{MESSAGE}", MESSAGE.len());
    assert_eq!(*heard.lock().unwrap(), want);
}

#[cfg(unix)]
#[tokio::test]
async fn spamd_is_found_behind_a_socket_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spamd.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        stream.write_all(SPAM.as_bytes()).await.unwrap();
    });
    let errand = |path: String| Errand::Spamd { at: path };
    let what = perform(settings(AMPLE), errand(path.display().to_string())).await;
    assert_eq!(what, What::Spamd { answer: SPAM.to_owned() });
    let (step, why) = fault(perform(settings(AMPLE), errand("/nonexistent/spamd.sock".into())).await);
    assert!(step == Step::Connect && why.starts_with("/nonexistent/spamd.sock: "), "{why}");
}

#[tokio::test]
async fn rspamd_is_told_of_the_connection_and_of_the_password() {
    let heard = Arc::default();
    let at = answering(Arc::clone(&heard), page("200 OK\r\nContent-Type: application/json", CHECKED));
    let secret = Secret::new(Zeroizing::new("hunter2".to_owned()));
    let with = Settings { rspamd_password: Some(secret), ..settings(AMPLE) };
    let What::Page { status: 200, body, .. } = perform(with, rspamd(at)).await else { panic!() };
    assert_eq!(body, CHECKED);
    let request = heard.lock().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("post /checkv2 http/1.1\r\n"), "{request}");
    for field in ["ip: 192.0.2.4", "helo: a.example.com", "from: <bounce@example.com>", "password: hunter2"] {
        assert!(request.contains(&format!("\r\n{field}\r\n")), "{field}: {request}");
    }
    assert!(request.ends_with("hello\r\n"));
}

#[tokio::test]
async fn who_does_not_answer_is_told_apart() {
    for errand in [spamd, rspamd] {
        let (step, why) = fault(perform(settings(AMPLE), errand(closed())).await);
        assert!(step == Step::Connect && why.contains("refuses connections"), "{why}");
        let (step, why) = fault(perform(settings(Duration::from_millis(400)), errand(listen(silence))).await);
        assert!(step == Step::Timeout && why.starts_with("no whole answer within"), "{why}");
    }
    let slow = endless("SPAMD/1.1 0 EX_OK\r\n", "X: y\r\n", Duration::from_millis(20));
    let (step, _) = fault(perform(settings(Duration::from_millis(400)), spamd(slow)).await);
    assert_eq!(step, Step::Timeout);
    let slow = endless("HTTP/1.1 200 OK\r\n\r\n", "x", Duration::from_millis(20));
    let (step, _) = fault(perform(settings(Duration::from_millis(400)), rspamd(slow)).await);
    assert_eq!(step, Step::Timeout);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    const MUCH: &str = "RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,RULE,";
    let at = endless("SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1 / 5\r\n\r\n", MUCH, Duration::ZERO);
    assert_eq!(fault(perform(settings(AMPLE), spamd(at)).await).1, "the answer is larger than 64 KiB");
    let at = endless("HTTP/1.1 200 OK\r\n\r\n", MUCH, Duration::ZERO);
    assert_eq!(fault(perform(settings(AMPLE), rspamd(at)).await).1, "the answer is larger than 512 KiB");
}

#[tokio::test]
async fn who_hangs_up_is_told_so() {
    let at = listen(|stream| async move { drop(stream) });
    assert!(fault(perform(settings(AMPLE), spamd(at)).await).1.starts_with("hung up"));
    assert!(fault(perform(settings(AMPLE), rspamd(at)).await).1.contains("hung up"));
}

/// What a diagnosis makes of an answer; the case replays to the same bytes without the filter.
fn diagnosed(filters: OwnFilters) -> postdoc::diagnose::Diagnosis {
    let said = Said { filters, ..Said::default() };
    let evidence = Evidence::new(input(), said, "2026-06-10T12:00:00Z".parse().unwrap(), false);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let runner = Runner::new(settings(Duration::from_secs(3))).unwrap();
    let (diagnosis, _) = runner.run(evidence, reading, std::future::pending::<()>());
    let write = |d: &postdoc::diagnose::Diagnosis| json::pretty(&json::diagnosis::document(d), Shown::default());
    for bodies in [true, false] {
        let case = Case::read(Case::new(&diagnosis.facts.evidence, bodies).write().as_bytes()).unwrap();
        let again = case.evidence(None).unwrap();
        let reading = Arc::new(Reading::read(&again.input, &again.said));
        let again = postdoc::replay::prove(postdoc::diagnose::diagnose(Arc::new(again), reading)).diagnosis;
        let own = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap()["own_filters"].clone();
        assert_eq!(own(write(&again)), own(write(&diagnosis)));
    }
    diagnosis
}

#[test]
fn a_diagnosis_shows_the_opinion_and_never_takes_it_for_the_receivers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let filters = OwnFilters {
        spamd: Some(answering(Arc::default(), SPAM.to_owned()).to_string()),
        rspamd: Some(format!("http://{}", answering(Arc::default(), page("200 OK", CHECKED)))),
    };
    let d = diagnosed(filters);
    assert!(d.facts.own_filters.iter().all(|o| o.heard().is_some_and(|h| h.spam)), "{:?}", d.facts.own_filters);
    let value = serde_json::to_value(json::diagnosis::document(&d)).unwrap();
    assert_eq!(value["reported"]["spam"]["spamassassin"], serde_json::Value::Null);
    assert_eq!(value["own_filters"][0]["score"], 7.1);
    assert_eq!(value["own_filters"][1]["action"], "add header");
    let spammy = d.every_finding().find(|f| f.rule.id == "content-spammy").unwrap();
    assert!(spammy.exhibits.iter().any(|e| e.label == "your own SpamAssassin sees it too"));
    assert_eq!(d.every_finding().filter(|f| f.rule.id == "own-filter-says-spam").count(), 2);
}

#[test]
fn garbage_and_refusals_are_no_opinion() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let said = |spamd: &str, rspamd: String| {
        let filters = OwnFilters {
            spamd: Some(answering(Arc::default(), spamd.to_owned()).to_string()),
            rspamd: Some(format!("http://{}", answering(Arc::default(), rspamd))),
        };
        let d = diagnosed(filters);
        let each = d.facts.own_filters.iter().map(|o| match &o.state {
            State::Failed(why) => why.clone(),
            other => panic!("{other:?}"),
        });
        let each: Vec<String> = each.collect();
        let open = d.unknown.iter().filter(|gap| gap.question().contains("gave no opinion")).count();
        assert_eq!(open, 2, "{:?}", d.unknown);
        each.join(" | ")
    };
    let told = said("SPAMD/1.1 76 EX_PROTOCOL\r\n\r\n", page("403 Unauthorized", "{}"));
    assert!(told.contains("it refuses: 76 EX_PROTOCOL") && told.contains("wants the right password"), "{told}");
    let told = said("what?\r\n\r\n", page("200 OK", "<html>"));
    assert!(told.contains("none of spamd") && told.contains("none of Rspamd"), "{told}");
    // Fewer bytes than announced.
    let told = said(&SPAM.replace("25", "99"), "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}".into());
    assert!(told.contains("announces 99") && told.contains("hung up"), "{told}");
}
