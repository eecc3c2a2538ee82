//! `postdoc send`

use super::args::{Format, Global, Mailboxes, Send as Args, Who};
use super::exit::Exit;
use super::{mailboxes, source};
use crate::config::saved;
use crate::diagnose::Diagnosis;
use crate::evidence::transcript::{Left, Stop, Transcript};
use crate::evidence::{Input, InputKind};
use crate::facts::Reading;
use crate::fetch::account::Server;
use crate::fetch::{Account, Place, Sought};
use crate::report::json::{self, sending};
use crate::report::{self, Shown};
use crate::send::{self, Address, Composed, Content, Draft, Route, Sealed, Sent};
use crate::world::dkim::{self, Key};
use crate::world::fetch::Wanted;
use crate::world::run::Runner;
use crate::world::secret::Credentials;
use crate::world::send::{Order, Progress, Retry, TIMEOUT};
use crate::world::signal::Signals;
use crate::world::state::State;
use crate::world::{self, prompt};
use anyhow::{Context as _, anyhow, bail};
use std::sync::Arc;
use std::time::Instant;

/// Sends the message to each recipient and says what became of it; a refusal is diagnosed.
pub fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    global.names_as_they_are("send")?;
    let server = global.saved.servers.get(&args.via);
    let who = match server {
        Some(server) => args.account.who().or(server.user.as_deref(), server.secret.as_ref()),
        None => args.account.who(),
    };
    who.of_somebody().map_err(|e| anyhow!(e))?;
    let drafts = drafts(args, server, &who)?;
    let sealed = send::copies(drafts, &marker()?, global.now()).map_err(|e| anyhow!(e))?;
    let key = args.dkim_key.clone().zip(args.dkim_selector.clone());
    let key = key.map(|(path, selector)| Key { path, selector, domain: args.dkim_domain.clone() });
    let letters = dkim::signed(sealed, key.as_ref()).map_err(|e| anyhow!(e))?;
    let Some(first) = letters.first() else { bail!("--to is missing") };
    if args.dry_run {
        if matches!(global.format(), Format::Json | Format::Ndjson) {
            bail!("--dry-run prints the message as it would be sent: leave out --json");
        }
        super::put(&String::from_utf8_lossy(&first.composed.bytes))?;
        if letters.len() > 1 && !global.quiet {
            super::tell("the others differ in To, Message-ID, and the lines that name the recipient");
        }
        return Ok(Exit::Clean);
    }
    if global.offline {
        bail!("sending needs the network: it cannot be done --offline; --dry-run prints the message");
    }
    let state = State::find().ok();
    if !consent(global, args, &letters, state.as_ref())? {
        bail!("nothing was sent");
    }
    let credentials = who.credentials(&first.draft.route.words(&first.draft.to))?;
    let wanted = wanted(global, args, &who, &letters)?;
    let signals = Signals::listen();
    let mut teller = Teller::new(global, letters.len(), wanted.is_some());
    let sent = sessions(global, args, &letters, credentials, &signals, &mut teller)?;
    // What never left is not waited for; what may have left is.
    let gone = |to: &str| sent.iter().any(|s| s.draft.to.to_string().eq_ignore_ascii_case(to) && left(s));
    let concerns = |account: &Account| match user(account)
        .filter(|user| letters.iter().any(|l| l.draft.to.to_string().eq_ignore_ascii_case(user)))
    {
        Some(user) => gone(user),
        None => sent.iter().any(left),
    };
    let wanted = wanted.and_then(|wanted| {
        let boxes: Vec<_> = wanted.boxes.into_iter().filter(|(account, _)| concerns(account)).collect();
        (!boxes.is_empty() && signals.came().is_none()).then_some(Wanted { boxes, ..wanted })
    });
    teller.tell(|t| t.all(&letters, &sent, wanted.is_some()));
    match teller.broke {
        Some(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(e.into()),
        _ => {}
    }
    let ends = sent.iter().map(|s| status(&s.transcript, signals.came()));
    match wanted {
        // Where it is found it was sent, whatever the server had left unsaid; what was refused is not waited for.
        Some(wanted) => {
            let refused = sent.iter().filter(|s| !left(s)).map(|s| status(&s.transcript, None));
            let found = super::fetch::wait(global, &wanted, (!args.no_save).then_some(false), &signals)?;
            Ok(refused.fold(found, Exit::and))
        }
        None => Ok(ends.fold(Exit::Clean, Exit::and)),
    }
}

/// May the message have left?
fn left(sent: &Sent) -> bool {
    sent.transcript.left != Left::No
}

/// Whose mailbox it is.
fn user(account: &Account) -> Option<&str> {
    match &account.place {
        Place::Imap(server) => server.user.as_deref(),
        Place::Maildir(_) | Place::Mbox(_) => None,
    }
}

/// One session after the other, each diagnosed as it ends.
fn sessions(
    global: &Global,
    args: &Args,
    letters: &[Sealed],
    credentials: Option<Credentials>,
    signals: &Signals,
    teller: &mut Teller,
) -> anyhow::Result<Vec<Sent>> {
    let began = Instant::now();
    let retry = match (args.no_retry, global.timeout) {
        (true, _) => Retry::Never,
        (false, Some(_)) => Retry::Within,
        (false, None) => Retry::Beside,
    };
    let mut all = Vec::new();
    for letter in letters {
        let timeout = global.timeout.map_or(TIMEOUT, |whole| whole.saturating_sub(began.elapsed()));
        let settings = world::dns::Settings { timeout, ..global.dns() };
        let message: Arc<[u8]> = letter.composed.bytes.as_slice().into();
        let draft = letter.draft.clone();
        let order = Order { draft, message: message.clone(), credentials: credentials.clone(), retry };
        teller.begins(letter);
        let transcript = world::send::run(&settings, &order, signals.stop(), |progress| teller.news(progress))?;
        let bars = world::send::bars_the_next(&order, &transcript);
        let sent = Sent { draft: order.draft, message, transcript: Arc::new(transcript) };
        let diagnosis = diagnose(global, args, &sent, signals)?;
        let waited = teller.waits && left(&sent) && signals.came().is_none();
        let last = letters.len() == 1 && !waited;
        teller.tell(|t| t.end(&sent, &letter.composed, &diagnosis, last));
        all.push(sent);
        if bars || signals.came().is_some() {
            break;
        }
    }
    Ok(all)
}

/// What is to be waited for after that, where it is asked for.
fn wanted(global: &Global, args: &Args, who: &Who, letters: &[Sealed]) -> anyhow::Result<Option<Wanted>> {
    let mut mailboxes = args.mailboxes.clone();
    let Some(names) = &args.wait else {
        return match mailboxes.any() {
            true => bail!("a mailbox is named, and nothing is to be waited for: add --wait"),
            false => Ok(None),
        };
    };
    let Some(Sealed { composed, .. }) = letters.first() else { return Ok(None) };
    let sought = match (&composed.marker, &composed.message_id) {
        (Some(marker), _) => Sought::marker(marker),
        (None, Some(id)) => Sought::message_id(id),
        (None, None) => bail!("the message has neither a marker nor a Message-ID to be found by: add a Message-ID"),
    };
    let sought = sought.map_err(|e| anyhow!(e))?;
    let copy = |l: &Sealed| Input::read("what was sent", l.composed.bytes.as_slice(), Some(InputKind::Message));
    let copies = letters.iter().map(copy).collect::<Result<Vec<_>, _>>()?;
    mailboxes.mailbox.extend(names.iter().cloned());
    if !mailboxes.any() {
        of_the_recipients(global, letters, &mut mailboxes);
    }
    let boxes = mailboxes::open(&mailboxes, who, &global.saved, global.offline)?;
    Ok(Some(super::fetch::wanted(global, boxes, &args.account, sought, mailboxes.header_only, copies)))
}

/// The recipients' own mailboxes, where the settings or their provider tell which.
fn of_the_recipients(global: &Global, letters: &[Sealed], mailboxes: &mut Mailboxes) {
    for letter in letters {
        let to = letter.draft.to.to_string();
        let saved = global.saved.mailboxes.iter().find(|(_, mailbox)| mailbox.is_of(&to));
        match (saved, Server::read(&to).ok().filter(|server| server.provider.is_some())) {
            (Some((name, _)), _) => mailboxes.mailbox.push(name.clone()),
            (None, Some(server)) => mailboxes.imap.push(server),
            (None, None) if letters.len() > 1 && !global.quiet => {
                super::tell(format_args!("nobody says where the mailbox of {to} is: it is not waited for there"));
            }
            (None, None) => {}
        }
    }
}

fn drafts(args: &Args, server: Option<&saved::Server>, who: &Who) -> anyhow::Result<Vec<Draft>> {
    let via = server.map_or(args.via.as_str(), |server| &server.host);
    let tls = args.tls.map(|t| t.security()).or(server.and_then(|server| server.tls));
    let (route, security) = Route::read(via, tls).map_err(|e| anyhow!(e))?;
    let content = match &args.message {
        Some(path) => Content::Own(source::bytes(path)?.into()),
        None => Content::Test {
            subject: args.subject.clone(),
            body: match &args.body {
                Some(path) => Some(String::from_utf8_lossy(&source::bytes(path)?).into_owned()),
                None => None,
            },
            unsubscribe: args.unsubscribe.clone(),
        },
    };
    let saved = server.and_then(|server| server.from.as_deref());
    let from = match (&args.from, &content) {
        (Some(from), _) => from.clone(),
        (None, Content::Own(bytes)) => {
            let of = || send::from(bytes).and_then(|text| send::mailbox(&text).ok());
            of().context("the message has no From that can be read: name the sender with --from")?
        }
        (None, Content::Test { .. }) => match saved {
            Some(text) => send::mailbox(text).map_err(|e| anyhow!("server {}: from: {e}", args.via))?,
            None => bail!("--from is missing"),
        },
    };
    let mail_from = match args.mail_from.as_deref().map(str::trim) {
        None => Some(from.email.clone()),
        Some("" | "<>") => None,
        Some(text) => Some(send::address(text).map_err(|e| anyhow!(e))?),
    };
    let draft = |to: &Address| Draft {
        from: from.clone(),
        mail_from: mail_from.clone(),
        to: to.clone(),
        hello: args.helo.clone(),
        route: route.clone(),
        security,
        insecure: args.account.insecure_tls,
        user: who.user.clone(),
        source: args.source,
        content: content.clone(),
    };
    // Twice the same is one.
    let mut all: Vec<Draft> = Vec::new();
    for to in &args.to {
        if !all.iter().any(|d| d.to == *to) {
            all.push(draft(to));
        }
    }
    Ok(all)
}

/// Sixteen hexadecimal digits that no other message has.
fn marker() -> anyhow::Result<String> {
    world::random::marker().context("the system gives no random bytes")
}

/// Nothing leaves without a yes to what is read first; whoever has never been written to is asked about apart.
fn consent(global: &Global, args: &Args, letters: &[Sealed], state: Option<&State>) -> anyhow::Result<bool> {
    let recipients = letters.iter().map(|l| l.draft.to.to_string());
    let strangers: Vec<String> = recipients.filter(|to| !state.is_some_and(|s| s.knows_recipient(to))).collect();
    let style = super::look::style(global.color, false);
    if !global.quiet || !args.yes {
        let warnings = send::all_warnings(letters);
        let drafts: Vec<Draft> = letters.iter().map(|l| l.draft.clone()).collect();
        eprint!("{}", report::send::confirmation(&drafts, &warnings, style));
    }
    match (args.yes, strangers.is_empty() || args.new_recipient) {
        (true, true) => {}
        (true, false) => bail!(
            "{} {} not been written to before: send once without --yes, or add --new-recipient if that is intended",
            strangers.join(", "),
            if strangers.len() > 1 { "have" } else { "has" }
        ),
        (false, _) if !prompt::possible() => {
            bail!("nothing is sent without a yes, and there is no terminal to ask at: add --yes (see the lines above)")
        }
        (false, _) => {
            for recipient in &strangers {
                if !prompt::yes(&format!(
                    "{recipient} has not been written to before. Is it yours, or does its owner expect a test? [y/N]"
                ))? {
                    return Ok(false);
                }
            }
            if !prompt::yes("Send this? [y/N]")? {
                return Ok(false);
            }
        }
    }
    for recipient in &strangers {
        if let Some(Err(e)) = state.map(|s| s.learn_recipient(recipient))
            && !global.quiet
        {
            super::tell(format_args!("the recipient was not noted: {e}"));
        }
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
    match (&t.stop, signal) {
        _ if t.left == Left::Yes => Exit::Clean,
        // Also between two tries, where the refusal stands.
        (_, Some(signal)) => Exit::Interrupted(signal),
        (Some(Stop::Refused { .. }), None) => Exit::Found,
        (Some(Stop::TimedOut), None) => Exit::TimedOut,
        (Some(Stop::Broke { .. }), None) => Exit::Unknown,
        (Some(Stop::Cancelled) | None, None) => Exit::Interrupted(2),
    }
}

/// Says things in the format asked for, each line as it comes.
struct Teller<'a> {
    global: &'a Global,
    style: report::human::Style,
    /// Messages in all.
    of: usize,
    /// Messages begun.
    begun: usize,
    /// They are waited for after that, unless none leaves.
    waits: bool,
    /// Lines of the session that are told.
    told: usize,
    /// Nobody reads any more.
    broke: Option<std::io::Error>,
}

impl Teller<'_> {
    fn new(global: &Global, of: usize, waits: bool) -> Teller<'_> {
        let style = super::look::style(global.color, global.verbose);
        Teller { global, style, of, begun: 0, waits, told: 0, broke: None }
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

    /// The session of a message begins.
    fn begins(&mut self, letter: &Sealed) {
        self.begun += 1;
        self.told = 0;
        self.tell(|t| match t.global.format() {
            Format::Json | Format::Ndjson => {
                let begun = sending::begun(&letter.draft, &letter.composed, t.global.now());
                json::line(&begun, Shown::default())
            }
            Format::Human if t.of > 1 => report::send::heading(&letter.draft, t.begun, t.of, t.style, Shown::default()),
            Format::Plain if t.of > 1 => {
                format!("to\t{}\t{}\t{}\n", t.begun, t.of, Shown::default().line(letter.draft.to.as_ref()))
            }
            Format::Markdown if t.of > 1 => report::send::title(&letter.draft, Shown::default()),
            Format::Human | Format::Plain | Format::Markdown => String::new(),
        });
    }

    fn news(&mut self, progress: &Progress) {
        let t = &progress.transcript;
        while let Some(line) = t.lines.get(self.told) {
            self.told += 1;
            self.tell(|teller| match teller.global.format() {
                Format::Json | Format::Ndjson => json::line(&sending::dialogue(t, line), Shown::default()),
                Format::Human if teller.global.linear() => report::linear::session(line, Shown::default()),
                Format::Human => report::send::line(line, teller.style, Shown::default()),
                Format::Plain => report::send::plain(t, line, Shown::default()),
                Format::Markdown => String::new(),
            });
        }
    }

    /// What one session came to; `last`: nothing follows.
    fn end(&self, sent: &Sent, composed: &Composed, d: &Diagnosis, last: bool) -> String {
        let shown = Shown::default();
        let t = &*sent.transcript;
        let refused = !d.findings.is_empty();
        match self.global.format() {
            Format::Json | Format::Ndjson => json::line(&sending::ended(sent, composed, d, last), shown),
            Format::Human => {
                let told = match (refused, self.global.linear()) {
                    (false, _) => String::new(),
                    (true, true) => report::linear::whole(d, shown),
                    (true, false) => report::human::diagnosis(d, self.style, shown),
                };
                format!("{}{told}", report::send::summary(sent, composed, d, self.style, shown))
            }
            Format::Plain => {
                format!("done\t{}\t{}\t{}\n", report::send::result(t), t.left.word(), shown.line(&d.verdict.headline))
            }
            Format::Markdown => report::markdown::diagnosis(d, shown),
        }
    }

    /// What all sessions came to, where there are several.
    fn all(&self, letters: &[Sealed], sent: &[Sent], waited: bool) -> String {
        let recipients: Vec<&Draft> = letters.iter().map(|l| &l.draft).collect();
        match self.global.format() {
            _ if self.of == 1 => String::new(),
            Format::Json | Format::Ndjson if waited => String::new(),
            Format::Json | Format::Ndjson => {
                json::line(&sending::all(&recipients, sent, self.global.now()), Shown::default())
            }
            Format::Human => report::send::table(&recipients, sent, self.style, Shown::default()),
            Format::Plain | Format::Markdown => String::new(),
        }
    }
}
