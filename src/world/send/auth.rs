//! Logging in: PLAIN (RFC 4616), LOGIN, XOAUTH2. What is told is wiped; what is written down is a stand-in.

use super::talk::{Line, Talk};
use crate::evidence::errand::Step;
use crate::evidence::transcript::Stop;
use crate::world::secret::{Credentials, Proof};
use crate::world::wire::Reply;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Bytes of what a server says of a token that are shown.
const SHOWN: usize = 300;

/// Logs in by the best way that both sides know.
pub(super) async fn login(
    talk: &Talk<'_>,
    line: &mut Line,
    credentials: &Credentials,
    offered: &[String],
) -> Result<(), Stop> {
    let ways = mechanisms(offered);
    let offers = |name: &str| ways.iter().any(|w| w.eq_ignore_ascii_case(name));
    let no = |why: String| Err(talk.log.broke((Step::Answer, why)));
    match credentials.proof {
        _ if ways.is_empty() => no("the server offers no login (AUTH)".into()),
        Proof::Token if offers("XOAUTH2") => token(talk, line, credentials).await,
        Proof::Token => no(format!("the server takes no token (XOAUTH2); it offers {}", ways.join(", "))),
        Proof::Password if offers("PLAIN") => {
            let reply = ask(talk, line, "AUTH PLAIN ***", &[b"AUTH PLAIN ", plain(credentials).as_bytes()]).await?;
            // RFC 4954 §4: announced, and not implemented after all.
            match reply.code {
                504 if offers("LOGIN") => by_name(talk, line, credentials).await,
                _ => taken(talk, &reply),
            }
        }
        Proof::Password if offers("LOGIN") => by_name(talk, line, credentials).await,
        Proof::Password => no(format!("the server takes no password; it offers {}", ways.join(", "))),
    }
}

/// `AUTH PLAIN LOGIN`, and `AUTH=PLAIN` of old servers.
fn mechanisms(offered: &[String]) -> Vec<String> {
    let mut ways: Vec<String> = Vec::new();
    for keyword in offered {
        let mut words = keyword.split([' ', '=']).filter(|w| !w.is_empty());
        if words.next().is_some_and(|w| w.eq_ignore_ascii_case("AUTH")) {
            ways.extend(words.map(str::to_ascii_uppercase));
        }
    }
    ways.dedup();
    ways
}

/// Name, then password, each when it is asked for.
async fn by_name(talk: &Talk<'_>, line: &mut Line, credentials: &Credentials) -> Result<(), Stop> {
    let mut reply = ask(talk, line, "AUTH LOGIN", &[b"AUTH LOGIN"]).await?;
    let told = [("(the user name)", &*credentials.user), ("(the password)", credentials.secret.expose())];
    for (shown, text) in told {
        if reply.code != 334 {
            break;
        }
        reply = ask(talk, line, shown, &[encoded(text.as_bytes()).as_bytes()]).await?;
    }
    taken(talk, &reply)
}

async fn token(talk: &Talk<'_>, line: &mut Line, credentials: &Credentials) -> Result<(), Stop> {
    let mut reply = ask(talk, line, "AUTH XOAUTH2 ***", &[b"AUTH XOAUTH2 ", xoauth2(credentials).as_bytes()]).await?;
    if reply.code == 334 {
        // What is wrong, as JSON in base64; an empty line asks for the refusal itself.
        let challenge = reply.text.get(4..).unwrap_or_default().trim();
        if let Ok(json) = STANDARD.decode(challenge) {
            let json = String::from_utf8_lossy(&json);
            talk.log.note(&format!("the server says of the token: {}", crate::safe::clip(json.trim(), SHOWN)));
        }
        reply = ask(talk, line, "(an empty line)", &[b""]).await?;
    }
    taken(talk, &reply)
}

async fn ask(talk: &Talk<'_>, line: &mut Line, shown: &str, parts: &[&[u8]]) -> Result<Reply, Stop> {
    let length = parts.iter().map(|p| p.len()).sum::<usize>() + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes.extend_from_slice(b"\r\n");
    talk.say(line, shown, &bytes).await?;
    talk.hear(line, "a reply to AUTH", talk.patience()).await
}

fn taken(talk: &Talk<'_>, reply: &Reply) -> Result<(), Stop> {
    match reply.code {
        235 => Ok(()),
        400.. => Err(talk.log.refused(&reply.text)),
        _ => Err(talk.log.broke((Step::Answer, format!("an answer to AUTH that fits nothing: {}", reply.text)))),
    }
}

pub(super) fn plain(credentials: &Credentials) -> Zeroizing<String> {
    join(&["\0", &credentials.user, "\0", credentials.secret.expose()])
}

/// Google's and Microsoft's way to tell a token.
pub(super) fn xoauth2(credentials: &Credentials) -> Zeroizing<String> {
    join(&["user=", &credentials.user, "\x01auth=Bearer ", credentials.secret.expose(), "\x01\x01"])
}

fn join(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(Vec::with_capacity(parts.iter().map(|p| p.len()).sum()));
    parts.iter().for_each(|part| text.extend_from_slice(part.as_bytes()));
    encoded(&text)
}

pub(super) fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    // Room for all of it: text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    STANDARD.encode_string(bytes, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_read_in_both_forms() {
        let of = |lines: &[&str]| mechanisms(&lines.iter().map(|l| l.to_string()).collect::<Vec<_>>()).join(" ");
        assert_eq!(of(&["SIZE 1", "AUTH PLAIN login", "AUTH=XOAUTH2"]), "PLAIN LOGIN XOAUTH2");
        assert_eq!(of(&["AUTHENTICATE"]), "");
    }
}
