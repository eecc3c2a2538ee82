//! Logging in: PLAIN, LOGIN or XOAUTH2. What tells a secret is wiped when it is sent.

use super::talk::{Done, LINES, Step, Talk, silent};
use crate::fetch::{Fault, Reason};
use crate::knowledge::mailbox::Provider;
use crate::world::secret::{Credentials, Proof};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// Logs in, by the best way both sides know.
pub(super) async fn log_in(
    talk: &mut Talk,
    who: &Credentials,
    provider: Option<&Provider>,
    patience: Duration,
) -> Result<(), Fault> {
    talk.learn().await?;
    let until = Instant::now() + patience;
    let work = async {
        match who.proof {
            Proof::Token => xoauth2(talk, who).await,
            Proof::Password if talk.can("AUTH=PLAIN") => plain(talk, who).await,
            Proof::Password if talk.can("LOGINDISABLED") => match talk.can("STARTTLS") {
                true => Err(Fault::new(Reason::LoginDisabled, "LOGINDISABLED before STARTTLS")),
                false => Err(Fault::new(Reason::NoMechanism, "LOGINDISABLED, and no AUTH=PLAIN")),
            },
            Proof::Password => login(talk, who).await,
        }
    };
    let done = timeout_at(until, work).await.unwrap_or_else(|_| Err(silent("no answer to the login")))?;
    talk.forget_unless_told(&done);
    match done.ok {
        true => Ok(()),
        false => Err(Fault::of_login(&done.text, who.proof == Proof::Token, provider)),
    }
}

/// RFC 4616: one response, with no challenge to wait for but the empty one.
async fn plain(talk: &mut Talk, who: &Credentials) -> Result<Done, Fault> {
    let bare = Zeroizing::new(format!("\0{}\0{}", who.user, who.secret.expose()));
    let coded = Zeroizing::new(STANDARD.encode(bare.as_bytes()));
    exchange(talk, "AUTHENTICATE PLAIN", &coded).await
}

/// Google's and Microsoft's way for tokens. A refusal comes as a challenge with JSON in it, to be answered with
/// nothing.
async fn xoauth2(talk: &mut Talk, who: &Credentials) -> Result<Done, Fault> {
    if !talk.can("AUTH=XOAUTH2") {
        return Err(Fault::new(Reason::NoMechanism, "no AUTH=XOAUTH2 for the token"));
    }
    let bare = Zeroizing::new(format!("user={}\x01auth=Bearer {}\x01\x01", who.user, who.secret.expose()));
    let coded = Zeroizing::new(STANDARD.encode(bare.as_bytes()));
    exchange(talk, "AUTHENTICATE XOAUTH2", &coded).await
}

/// Sends a command, then the answer to its challenge; further challenges get an empty answer, and what they say goes
/// with a refusal.
async fn exchange(talk: &mut Talk, command: &str, answer: &str) -> Result<Done, Fault> {
    let tag = talk.begin(command, LINES).await?;
    let (mut warnings, mut told) = (Vec::new(), 0);
    loop {
        match talk.next(&tag, &mut warnings, &mut |_| {}).await? {
            Step::Done(done) => return Ok(done),
            Step::Continue(_) if told == 0 => talk.send(&[answer]).await?,
            Step::Continue(challenge) if told < 3 => {
                let bytes = STANDARD.decode(challenge.trim()).unwrap_or_default();
                warnings.push(String::from_utf8_lossy(&bytes).chars().take(200).collect());
                talk.send(&[""]).await?;
            }
            Step::Continue(_) => return Err(Fault::new(Reason::Garbage, "challenges without end")),
            Step::Untagged => continue,
        }
        told += 1;
    }
}

/// RFC 3501 §6.2.3, with both words quoted.
async fn login(talk: &mut Talk, who: &Credentials) -> Result<Done, Fault> {
    let secret = who.secret.expose();
    let user = super::talk::quoted(&who.user);
    // Room for every byte escaped: text that grows leaves copies behind.
    let mut word = Zeroizing::new(String::with_capacity(2 * secret.len() + 2));
    word.push('"');
    for c in secret.chars() {
        if matches!(c, '"' | '\\') {
            word.push('\\');
        }
        word.push(c);
    }
    word.push('"');
    let tag = talk.begin_with(&["LOGIN ", &user, " ", &word], LINES).await?;
    talk.finish(&tag, |_| {}).await
}
