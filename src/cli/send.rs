//! `postdoc send`

use super::args::{Format, Global, Send as Args};
use super::exit::Exit;
use super::source;
use crate::diagnose::Diagnosis;
use crate::evidence::transcript::{Left, Stop, Transcript};
use crate::evidence::{Input, InputKind};
use crate::facts::Reading;
use crate::fetch::Sought;
use crate::fetch::account::Server;
use crate::report::json::{self, sending};
use crate::report::{self, Shown};
use crate::send::{self, Composed, Content, Draft, Route, Sent};
use crate::world::dkim::Signer;
use crate::world::fetch::Wanted;
use crate::world::run::Runner;
use crate::world::send::{Order, Progress, TIMEOUT};
use crate::world::signal::Signals;
use crate::world::state::State;
use crate::world::{self, prompt};
use anyhow::{Context as _, anyhow, bail};
use std::sync::Arc;

/// Sends one message and says what became of it; a refusal is diagnosed.
pub fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let draft = draft(args)?;
    let composed = send::compose(&draft, &marker()?, global.now()).map_err(|e| anyhow!(e))?;
    let composed = sign(args, &draft, composed)?;
    if args.dry_run {
        super::put(&String::from_utf8_lossy(&composed.bytes))?;
        return Ok(Exit::Clean);
    }
    if global.offline {
        bail!("sending needs the network: it cannot be done --offline; --dry-run prints the message");
    }
    let state = State::find().ok();
    if !consent(global, args, &draft, &composed, state.as_ref())? {
        bail!("nothing was sent");
    }
    let credentials = args.account.credentials(&draft.route.words(&draft.to))?;
    let wanted = wanted(global, args, &composed)?;
    let settings = world::dns::Settings { timeout: global.timeout.unwrap_or(TIMEOUT), ..global.dns() };
    let message: Arc<[u8]> = composed.bytes.as_slice().into();
    let order = Order { draft: draft.clone(), message: message.clone(), credentials };
    let signals = Signals::listen();
    let mut teller = Teller::new(global);
    teller.tell(|t| t.opening(&draft, &composed));
    let transcript = world::send::run(&settings, &order, signals.stop(), |progress| teller.news(progress))?;
    // The secret is not needed any more.
    drop(order);
    let sent = Sent { draft, message, transcript: Arc::new(transcript) };
    let diagnosis = diagnose(global, args, &sent, &signals)?;
    // What never left is not waited for; what may have left is.
    let wanted = wanted.filter(|_| sent.transcript.left != Left::No && signals.came().is_none());
    teller.tell(|t| t.end(&sent, &composed, &diagnosis, wanted.is_some()));
    match teller.broke {
        Some(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(e.into()),
        _ => {}
    }
    match wanted {
        // Where it is found it was sent, whatever the server had left unsaid.
        Some(wanted) => super::fetch::wait(global, &wanted, (!args.no_save).then_some(false), &signals),
        None => Ok(status(&sent.transcript, signals.came())),
    }
}

/// What is to be waited for after that, where it is asked for.
fn wanted(global: &Global, args: &Args, composed: &Composed) -> anyhow::Result<Option<Wanted>> {
    if !args.wait {
        return match args.mailboxes.any() {
            true => bail!("a mailbox is named, and nothing is to be waited for: add --wait"),
            false => Ok(None),
        };
    }
    let sought = match (&composed.marker, &composed.message_id) {
        (Some(marker), _) => Sought::marker(marker),
        (None, Some(id)) => Sought::message_id(id),
        (None, None) => bail!("the message has neither a marker nor a Message-ID to be found by: add a Message-ID"),
    };
    let sought = sought.map_err(|e| anyhow!(e))?;
    let copy = Input::read("what was sent", composed.bytes.as_slice(), Some(InputKind::Message))?;
    let mut mailboxes = args.mailboxes.clone();
    // The recipient's own, where its provider is known.
    if !mailboxes.any() {
        mailboxes.imap.extend(Server::read(args.to.as_ref()).ok().filter(|server| server.provider.is_some()));
    }
    super::fetch::wanted(global, &mailboxes, &args.account, sought, Some(copy)).map(Some)
}

fn draft(args: &Args) -> anyhow::Result<Draft> {
    let (route, security) = Route::read(&args.via, args.tls.map(|t| t.security())).map_err(|e| anyhow!(e))?;
    let content = match &args.message {
        Some(path) => Content::Own(source::bytes(&path.to_string_lossy())?.into()),
        None => Content::Test {
            subject: args.subject.clone(),
            body: match &args.body {
                Some(path) => Some(String::from_utf8_lossy(&source::bytes(&path.to_string_lossy())?).into_owned()),
                None => None,
            },
            unsubscribe: args.unsubscribe.clone(),
        },
    };
    let from = match (&args.from, &content) {
        (Some(from), _) => from.clone(),
        (None, Content::Own(bytes)) => {
            let of = || send::from(bytes).and_then(|text| send::mailbox(&text).ok());
            of().context("the message has no From that can be read: name the sender with --from")?
        }
        (None, Content::Test { .. }) => bail!("--from is missing"),
    };
    let mail_from = match args.mail_from.as_deref().map(str::trim) {
        None => Some(from.email.clone()),
        Some("" | "<>") => None,
        Some(text) => Some(send::address(text).map_err(|e| anyhow!(e))?),
    };
    Ok(Draft {
        from,
        mail_from,
        to: args.to.clone(),
        hello: args.helo.clone(),
        route,
        security,
        insecure: args.account.insecure_tls,
        user: args.account.user.clone(),
        source: args.source,
        content,
    })
}

fn sign(args: &Args, draft: &Draft, composed: Composed) -> anyhow::Result<Composed> {
    let (Some(key), Some(selector)) = (&args.dkim_key, &args.dkim_selector) else { return Ok(composed) };
    let domain = args.dkim_domain.as_deref().unwrap_or(draft.from.email.domain());
    let signer = Signer::read(key, domain, selector).map_err(|e| anyhow!(e))?;
    let bytes = signer.sign(&composed.bytes).map_err(|e| anyhow!(e))?;
    Ok(Composed { bytes, ..composed })
}

/// Sixteen hexadecimal digits that no other message has.
fn marker() -> anyhow::Result<String> {
    world::random::marker().context("the system gives no random bytes")
}

/// Nothing leaves without a yes to what is read first; somebody who has never been written to is asked about apart.
fn consent(
    global: &Global,
    args: &Args,
    draft: &Draft,
    composed: &Composed,
    state: Option<&State>,
) -> anyhow::Result<bool> {
    let recipient = draft.to.to_string();
    let known = state.is_some_and(|s| s.knows_recipient(&recipient));
    let style = super::look::style(global.color, false);
    let warnings = send::warnings(draft, composed);
    if !global.quiet || !args.yes {
        eprint!("{}", report::send::confirmation(draft, &warnings, style));
    }
    match (args.yes, known || args.new_recipient) {
        (true, true) => {}
        (true, false) => bail!(
            "{recipient} has not been written to before: send once without --yes, or add --new-recipient if that is \
             intended"
        ),
        (false, _) if !prompt::possible() => {
            bail!("nothing is sent without a yes, and there is no terminal to ask at: add --yes (see the lines above)")
        }
        (false, known) => {
            if !known
                && !prompt::yes(&format!(
                    "{recipient} has not been written to before. Is it yours, or does its owner expect a test? [y/N]"
                ))?
            {
                return Ok(false);
            }
            if !prompt::yes("Send this? [y/N]")? {
                return Ok(false);
            }
        }
    }
    if let Some(Err(e)) = state.filter(|_| !known).map(|s| s.learn_recipient(&recipient))
        && !global.quiet
    {
        super::tell(format_args!("the recipient was not noted: {e}"));
    }
    Ok(true)
}

/// What the session says, and what DNS says of a refusal; kept as a case.
fn diagnose(global: &Global, args: &Args, sent: &Sent, signals: &Signals) -> anyhow::Result<Diagnosis> {
    let runner = Runner::new(global.dns())?;
    let mut evidence = send::evidence(sent, global.offline);
    evidence.said.resolver = global.resolver.first().copied();
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let (diagnosis, _) = super::diagnose::settle_reading(&runner, evidence, reading, global, signals);
    if !args.no_save {
        super::diagnose::keep(global, &diagnosis, true);
    }
    Ok(diagnosis)
}

fn status(t: &Transcript, signal: Option<u8>) -> Exit {
    match &t.stop {
        _ if t.left == Left::Yes => Exit::Clean,
        Some(Stop::Refused { .. }) => Exit::Found,
        Some(Stop::TimedOut) => Exit::TimedOut,
        Some(Stop::Broke { .. }) => Exit::Unknown,
        Some(Stop::Cancelled) | None => Exit::Interrupted(signal.unwrap_or(2)),
    }
}

/// Says things in the format asked for, each line as it comes.
struct Teller<'a> {
    global: &'a Global,
    style: report::human::Style,
    /// Lines of the session that are told.
    told: usize,
    /// Nobody reads any more.
    broke: Option<std::io::Error>,
}

impl Teller<'_> {
    fn new(global: &Global) -> Teller<'_> {
        Teller { global, style: super::look::style(global.color, global.verbose), told: 0, broke: None }
    }

    fn tell(&mut self, text: impl Fn(&Self) -> String) {
        if self.broke.is_none() {
            self.broke = match super::put(&text(self)) {
                Ok(true) => None,
                Ok(false) => Some(std::io::ErrorKind::BrokenPipe.into()),
                Err(e) => Some(e),
            };
        }
    }

    fn news(&mut self, progress: &Progress) {
        let t = &progress.transcript;
        while let Some(line) = t.lines.get(self.told) {
            self.told += 1;
            self.tell(|teller| match teller.global.format() {
                Format::Json | Format::Ndjson => json::line(&sending::dialogue(t, line), Shown::default()),
                Format::Human => report::send::line(line, teller.style, Shown::default()),
                Format::Plain => report::send::plain(t, line, Shown::default()),
                Format::Markdown => String::new(),
            });
        }
    }

    fn opening(&self, draft: &Draft, composed: &Composed) -> String {
        match self.global.format() {
            Format::Json | Format::Ndjson => {
                json::line(&sending::begun(draft, composed, self.global.now()), Shown::default())
            }
            Format::Human | Format::Plain | Format::Markdown => String::new(),
        }
    }

    fn end(&self, sent: &Sent, composed: &Composed, d: &Diagnosis, waited: bool) -> String {
        let shown = Shown::default();
        let t = &*sent.transcript;
        let refused = !d.findings.is_empty();
        match self.global.format() {
            Format::Json | Format::Ndjson => json::line(&sending::done(sent, composed, d, waited), shown),
            Format::Human => {
                let told = if refused { report::human::diagnosis(d, self.style, shown) } else { String::new() };
                format!("{}{told}", report::send::summary(sent, composed, d, self.style, shown))
            }
            Format::Plain => {
                format!("done\t{}\t{}\t{}\n", report::send::result(t), t.left.word(), shown.line(&d.verdict.headline))
            }
            Format::Markdown => report::markdown::diagnosis(d, shown),
        }
    }
}
