use super::hosts;
use crate::facts::Facts;
use crate::facts::domain::probe::{Host, Probes, Taken, one_line};
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Gap, Verdict, rule};
use crate::shell::command;

rule! {
    /// The domain refuses mail to an address that it ought to have
    ///
    /// ## What we saw
    /// A mail host of the domain says that postmaster@, abuse@, or an address that you named does not exist. It was offered
    /// as a recipient; no message was sent.
    ///
    /// ## Why mail suffers
    /// Every domain with mail must take mail for postmaster, and complaints go to abuse. Postmasters of other domains,
    /// feedback loops and blocklists write there, and some ask for a confirmation before they help. Some receivers also test
    /// whether the From address takes mail, and refuse or junk mail from one that does not.
    ///
    /// ## How to fix it
    /// Create the mailbox, or an alias to one that somebody reads. For a no-reply address too: it may answer by
    /// itself and throw the mail away, but it has to take it.
    ///
    /// ## How to check
    /// Write to the address from outside; nothing comes back.
    pub RULE = "role-mailbox-missing", Mx, Low, judge,
    ["RFC 5321 §4.5.1", "RFC 2142 §4"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(probes) = &facts.domain.probes else { return Verdict::NotApplicable };
    let mut gaps = hosts::unnamed(probes);
    if probes.hosts.is_empty() {
        return if gaps.is_empty() { Verdict::NotApplicable } else { Verdict::Unknown(gaps) };
    }
    let mut refused: Vec<(&str, &Host, &str)> = Vec::new();
    let mut elsewhere = false;
    for address in offered(probes) {
        match decide(probes, address) {
            Some((host, reply, Taken::No)) => refused.push((address, host, reply)),
            Some((_, _, Taken::Yes)) => {}
            // Another rule speaks of a host that takes nothing for the domain.
            Some((_, _, Taken::Elsewhere)) => elsewhere = true,
            _ => gaps.extend(probes.hosts.first().map(|host| gap(probes, host, address))),
        }
    }
    if elsewhere && refused.is_empty() && gaps.is_empty() {
        return Verdict::NotApplicable;
    }
    Verdict::of(found(&refused).into_iter().collect(), gaps)
}

/// The addresses that were offered, without the one that is nobody's.
fn offered(probes: &Probes) -> impl Iterator<Item = &str> {
    let recipients = probes.hosts.first().map(Host::recipients).unwrap_or_default();
    recipients.iter().map(String::as_str).filter(|address| *address != probes.nobody)
}

/// The most preferred host that tells: one that takes everybody does not tell who exists.
fn decide<'a>(probes: &'a Probes, address: &str) -> Option<(&'a Host, &'a str, Taken)> {
    probes.hosts.iter().find_map(|host| {
        let (reply, taken) = host.recipient(address)?;
        let tells = match taken {
            Taken::No | Taken::Elsewhere => true,
            Taken::Yes => host.recipient(&probes.nobody).is_some_and(|(_, nobody)| nobody == Taken::No),
            Taken::Unclear => false,
        };
        tells.then_some((host, reply, taken))
    })
}

fn gap(probes: &Probes, host: &Host, address: &str) -> Gap {
    if let Err(gap) = hosts::heard(host) {
        return gap;
    }
    let why = match host.recipient(address) {
        Some((_, Taken::Yes)) if host.recipient(&probes.nobody).is_some_and(|(_, nobody)| nobody == Taken::Yes) => {
            format!(" ({} takes every recipient)", host.name)
        }
        Some((_, Taken::Yes)) => format!(" ({} takes it, and does not tell whom it would refuse)", host.name),
        Some((reply, _)) => format!(" ({} answered {})", host.name, one_line(reply)),
        None => hosts::why(host),
    };
    Gap::errand(format!("Does {address} exist?{why}"), &host.errand)
}

fn found(refused: &[(&str, &Host, &str)]) -> Option<Finding> {
    let (first, host, _) = refused.first()?;
    let title = match refused {
        [_] => format!("{first} does not exist"),
        [_, (second, ..)] => format!("{} and {second} do not exist", first.split('@').next().unwrap_or(first)),
        _ => format!("{first} and {} other addresses do not exist", refused.len() - 1),
    };
    let list = refused.iter().map(|(address, ..)| *address).collect::<Vec<_>>().join(", ");
    let exhibit = |(address, host, reply): &(&str, &Host, &str)| {
        Exhibit::fetched(&host.errand, one_line(reply), format!("the answer to RCPT TO:<{address}>"))
    };
    let finding = Finding::new(&RULE, title)
        .explain(format!(
            "{} says that there is no such mailbox: {list}. Postmasters, feedback loops and blocklists write to postmaster and \
             abuse, and some receivers refuse mail whose From address takes none.",
            host.name
        ))
        .exhibits(refused.iter().map(exhibit))
        .fix(
            Remedy::new(format!("Create {list}: a mailbox, or an alias to one that somebody reads."))
                .step("Postmaster and abuse: aliases to the people who run the mail. Do not filter spam there: complaints quote it.")
                .step("A no-reply address: let it take the mail and answer by itself where replies are read."),
        )
        .check(
            command!("swaks --server {} --quit-after RCPT --from '<>' --to {}", host.ip, first),
            "250 after RCPT TO",
        );
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::evidence::errand::Talk;

    const UNKNOWN: &str = "550 5.1.1 <x>: Recipient address rejected: User unknown in virtual mailbox table";

    fn refuse(addresses: &'static [&'static str]) -> impl Fn(&mut Talk) {
        move |talk| {
            let of = |to: &str| addresses.iter().any(|a| to.starts_with(a));
            talk.recipients.iter_mut().filter(|(to, _)| of(to)).for_each(|(_, reply)| *reply = UNKNOWN.into());
        }
    }

    #[test]
    fn refused_role_addresses_are_found() {
        let one = only(judge(&told(refuse(&["abuse@"]))));
        assert_eq!(one.title, "abuse@example.com does not exist");
        let both = only(judge(&told(refuse(&["abuse@", "postmaster@"]))));
        assert_eq!((&*both.title, both.exhibits.len()), ("postmaster and abuse@example.com do not exist", 2));
    }

    #[test]
    fn a_refusal_of_the_asker_and_one_that_takes_all_tell_nothing() {
        let unknown = |facts: Facts| {
            let Verdict::Unknown(gaps) = judge(&facts) else { panic!() };
            gaps
        };
        let blocked = "554 5.7.1 Service unavailable; Client host [198.51.100.1] blocked using zen.spamhaus.org";
        unknown(told(|talk| talk.recipients.iter_mut().for_each(|(_, reply)| *reply = blocked.into())));
        let all = unknown(told(|talk| talk.recipients.iter_mut().for_each(|(_, reply)| *reply = "250 Ok".into())));
        assert!(all[0].question().contains("takes every recipient"), "{}", all[0].question());
        unknown(told(|talk| talk.recipients.clear()));
        let far = unknown(unreachable());
        assert!(far[0].question().contains("port 25"), "{}", far[0].question());
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&told(|_| {})), Verdict::Pass));
        assert!(matches!(judge(&unwished()), Verdict::NotApplicable));
        assert!(matches!(judge(&null_mx()), Verdict::NotApplicable));
        // It takes no mail for the domain: that is no matter of a mailbox.
        let denied = "554 5.7.1 <x>: Relay access denied";
        let facts = told(|talk| talk.recipients.iter_mut().for_each(|(_, reply)| *reply = denied.into()));
        assert!(matches!(judge(&facts), Verdict::NotApplicable));
    }
}
