//! Messages that are waited for.

use super::*;

/// The evidence of a message that was found in this folder.
fn arrived(folder: &crate::fetch::Folder) -> Arc<Evidence> {
    let said = Said {
        folder: Some(said::FoundIn { name: folder.name.clone(), role: folder.role, seen: true }),
        ..Said::default()
    };
    Arc::new(Evidence::new(input(), said, "2026-05-12T14:02:12Z".parse().unwrap(), true))
}

/// A fetch from four mailboxes, 42 seconds on: found, in the junk, refused, waited for.
pub fn waited() -> crate::fetch::Wait {
    use crate::evidence::said::FolderRole;
    use crate::fetch::account::Server;
    use crate::fetch::{Account, Event, Fault, Find, Folder, Opinion, Order, Place, Reason, Sought, Wait};
    use std::time::Duration;
    let names = ["me@gmail.com", "me@example.com@imap.example.com", "me@outlook.com", "me@yahoo.com"];
    let accounts = names.map(|name| Account::new(Place::Imap(Server::read(name).unwrap()))).into();
    let order =
        Order { sought: Sought::marker("7F3A-91C2").unwrap(), header_only: false, timeout: Duration::from_secs(300) };
    let mut wait = Wait::new(order, accounts, "2026-05-12T14:02:00Z".parse().unwrap());
    let junk = |name: &str| Folder { wire: name.into(), name: name.into(), role: FolderRole::Junk, all: false };
    let second = Duration::from_secs;
    for n in 0..4 {
        wait.hear(n, second(1), Event::Connected { tls: Some("TLSv1.3".into()) });
        if n != 2 {
            let folders = vec![Folder::inbox(), junk(["[Gmail]/Spam", "Junk", "", "Bulk"][n])];
            wait.hear(n, second(2), Event::Open { folders, missing: vec![], others: vec![] });
            wait.hear(n, second(3), Event::Waiting { pushed: n != 3 });
        }
    }
    wait.hear(2, second(2), Event::Failed(Fault::new(Reason::BasicOff, "LOGIN failed.")));
    wait.hear(3, second(20), Event::Others { folder: "INBOX".into(), count: 1 });
    for (n, folder, state, headline) in [
        (0, Folder::inbox(), State::Pass, "SPF, DKIM and DMARC pass."),
        (1, junk("Junk"), State::Fail, "SPF, DKIM and DMARC pass, yet it landed in the junk folder."),
    ] {
        let message = Arc::from(HEADER.as_bytes());
        let evidence = arrived(&folder);
        wait.hear(
            n,
            second(8 + 4 * n as u64),
            Event::Found(Find { folder, also: vec![], received: None, message, whole: true }),
        );
        let opinion = Opinion { state, headline: headline.into(), cause: None, case: Some("3f9c0b1a".into()) };
        wait.hear(n, second(15), Event::Judged { opinion, evidence });
    }
    wait.take_news();
    wait
}

/// The same when the time is up.
pub fn waited_in_vain() -> crate::fetch::Wait {
    let mut wait = waited();
    wait.hear(3, std::time::Duration::from_secs(300), crate::fetch::Event::Never);
    wait
}
