//! A message that is to be sent: its files are read, it is written and signed.

use crate::cli::source;
use crate::send::{self, Content};
use crate::tui::world::{Letter, Ready};
use crate::world::dkim;
use crate::world::random;
use crate::world::tls::Authorities;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// Reads the files of a letter, writes its messages and signs them.
pub fn write(letter: Letter, knows: impl Fn(&str) -> bool, now: Timestamp) -> Result<Ready, String> {
    let Letter { mut drafts, file, from_file, path_given, body, key, authorities, login } = letter;
    let read = |path: &Path| source::bytes(path).map_err(|e| e.to_string());
    if let Some(path) = file {
        let bytes: Arc<[u8]> = read(&path)?.into();
        for draft in &mut drafts {
            if from_file {
                let from = send::from(&bytes).and_then(|text| send::mailbox(&text).ok());
                draft.from = from.ok_or("the message has no From that can be read: type the sender")?;
            }
            if !path_given {
                draft.mail_from = Some(draft.from.email.clone());
            }
            draft.content = Content::Own(bytes.clone());
        }
    }
    if let Some(path) = body {
        let text = String::from_utf8_lossy(&read(&path)?).into_owned();
        for draft in &mut drafts {
            if let Content::Test { body, .. } = &mut draft.content {
                *body = Some(text.clone());
            }
        }
    }
    let authorities = authorities.map(|path| Authorities::read(&path.to_string_lossy())).transpose()?;
    let marker = random::marker().ok_or("the system gives no random bytes")?;
    let letters = dkim::signed(send::copies(drafts, &marker, now)?, key.as_ref())?;
    let warnings = send::all_warnings(&letters);
    let strangers = letters.iter().map(|l| l.draft.to.to_string()).filter(|to| !knows(to)).collect();
    let authorities = authorities.unwrap_or_default();
    Ok(Ready { letters, warnings, strangers, login, authorities, practice: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::tests::draft;
    use crate::world::dkim::Key;
    use crate::world::keygen;

    fn letter() -> Letter {
        Letter {
            drafts: vec![draft()],
            file: None,
            from_file: false,
            path_given: true,
            body: None,
            key: None,
            authorities: None,
            login: None,
        }
    }

    fn text(letter: Letter) -> Result<String, String> {
        let ready = write(letter, |_| false, Timestamp::UNIX_EPOCH)?;
        Ok(String::from_utf8(ready.letters[0].composed.bytes.clone()).unwrap())
    }

    #[test]
    fn the_files_it_names_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            Some(folder.path().join(name))
        };
        let body = file("body.txt", "Our own words.\n");
        assert!(text(Letter { body, ..letter() }).unwrap().contains("\r\n\r\nOur own words."));
        let own = file("own.eml", "From: Bob <bob@other.example>\nSubject: x\n\nHello.\n");
        let own = Letter { file: own, from_file: true, path_given: false, ..letter() };
        let ready = write(own, |to| to == "bob@rcpt.example", Timestamp::UNIX_EPOCH).unwrap();
        let draft = &ready.letters[0].draft;
        assert_eq!(draft.from.email.to_string(), "bob@other.example");
        assert_eq!((draft.mail_from.as_ref(), ready.strangers.len()), (Some(&draft.from.email), 0));
        let odd = file("ca.pem", "no certificate");
        for (odd, why) in [
            (Letter { authorities: odd, ..letter() }, "no certificate in it"),
            (Letter { body: Some("/nowhere/body.txt".into()), ..letter() }, "cannot be opened"),
        ] {
            let said = text(odd).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn it_is_signed_as_its_own_domain_or_as_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s1.pem");
        keygen::to_file(&path).unwrap();
        for (domain, signed_as) in [(None, "d=news.example;"), (Some("other.example"), "d=other.example;")] {
            let key = Some(Key { path: path.clone(), selector: "s1".into(), domain: domain.map(str::to_owned) });
            let text = text(Letter { key, ..letter() }).unwrap().replace("\r\n\t", "");
            assert!(
                text.starts_with("DKIM-Signature:") && text.contains(signed_as) && text.contains("s=s1;"),
                "{text}"
            );
        }
    }
}
