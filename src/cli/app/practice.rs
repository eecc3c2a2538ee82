//! The practice world: one at a time, asked and sent through as the user's own is.

use super::Outside;
use crate::evidence::Said;
use crate::fetch::Order;
use crate::send::{self, Sealed};
use crate::tui::fetches::Asked;
use crate::tui::world::{KeyWish, Made, OnFetch, OnKey, OnSend, Opened, Ready, World};
use crate::world::fetch;
use crate::world::keygen;
use crate::world::practice::{Practice, Test};
use crate::world::send as session;
use crate::world::tls::Authorities;

impl Outside {
    /// A practice world begins; it has no case.
    pub(super) fn practise(&self, begun: Practice) {
        if let Ok(mut practice) = self.practice.lock() {
            *practice = Some(begun);
        }
        self.no_case();
    }

    /// Asks the practice world.
    pub(super) fn practice<T>(&self, ask: impl FnOnce(&mut Practice) -> Result<T, String>) -> Result<T, String> {
        let mut practice = self.practice.lock().unwrap_or_else(|e| e.into_inner());
        ask(practice.as_mut().ok_or_else(|| "no lesson has begun".to_owned())?)
    }

    /// A test of the practice world: its receiver is opened for it, and nothing is kept.
    pub(super) fn hand_over(&self, ready: Ready, on: OnSend) -> Result<session::Job, String> {
        let (settings, _) = self.practice(Practice::receive)?;
        let order = |Sealed { draft, composed }| session::Order {
            draft,
            message: composed.bytes.into(),
            credentials: None,
            retry: session::Retry::Never,
        };
        let orders = ready.letters.into_iter().map(order).collect();
        session::spawn(&settings, orders, None, on).map_err(|e| e.to_string())
    }

    /// Waits for a test in the mailbox of the practice world.
    pub(super) fn fetch_test(&self, asked: &Asked, on: OnFetch) -> Result<fetch::Job, String> {
        let order = Order { sought: asked.sought.clone(), header_only: asked.header_only, timeout: asked.timeout };
        let (settings, wanted) = self.practice(|world| Ok((world.settings(), world.wanted(order))))?;
        fetch::spawn(settings, || Ok(wanted), |_| None, on).map_err(|e| e.to_string())
    }

    /// Writes the test of a lesson.
    pub(super) fn test_written(&self) -> Result<Ready, String> {
        let Test { draft, client, relayed } = self.practice(Practice::write)?;
        let composed = send::compose(&draft, "", self.now())?;
        let seen = client.map_or("an unknown address".to_owned(), |ip| ip.to_string());
        let mut notes = vec![format!("The invented receiver sees it come from {seen}. No packet leaves this machine.")];
        if relayed {
            notes.push("It is on its way already: this is what the server in between hands over.".to_owned());
        }
        let letters = vec![Sealed { draft, composed }];
        let authorities = Authorities::default();
        Ok(Ready { letters, warnings: notes, strangers: vec![], login: None, authorities, practice: true })
    }

    /// Makes a key, beside the app's own thread.
    pub(super) fn make_key_file(&self, wish: KeyWish, on: OnKey) {
        let practice = self.practice.clone();
        std::thread::spawn(move || {
            let file = match wish.practice {
                false => std::path::absolute(&wish.file).map_err(|e| e.to_string()),
                true => {
                    let mut world = practice.lock().unwrap_or_else(|e| e.into_inner());
                    let folder = world.as_mut().ok_or_else(|| "no lesson has begun".to_owned());
                    folder.and_then(|world| Ok(world.folder()?.join(&wish.file)))
                }
            };
            on(file.and_then(|path| {
                let record = keygen::to_file(&path)?;
                Ok(Made { record, file: path.display().to_string() })
            }));
        });
    }
}
