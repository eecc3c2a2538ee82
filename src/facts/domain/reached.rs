//! Where a domain's mail hosts are reached: a name, and one public address of it.

use crate::evidence::{Kind, Question};
use crate::facts::boundary::is_public;
use crate::facts::lookup::Lookup;
use crate::facts::mail_hosts::{self, Reception};
use crate::facts::reverse::{HeloForm, addresses};
use std::net::IpAddr;

/// The first mail hosts, most preferred first.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    pub hosts: Vec<(String, IpAddr)>,
    /// Questions without an answer that could name more of them.
    pub open: Vec<Question>,
    /// Hosts without a public address.
    pub nowhere: Vec<String>,
    /// Hosts beyond the number wanted.
    pub left_out: Vec<String>,
}

/// Looks up the first `count` mail hosts; the domain itself where it has no MX (RFC 5321 §5.1).
pub fn gather(lookup: &Lookup, domain: &str, count: usize) -> Reached {
    let mut reached = Reached::default();
    let mut names = match mail_hosts::gather(lookup, domain).reception {
        Reception::Unasked(question) | Reception::Failed(question) => {
            reached.open.push(question);
            Vec::new()
        }
        Reception::NoSuchName | Reception::Nowhere | Reception::Null => Vec::new(),
        Reception::Implicit => vec![domain.to_owned()],
        Reception::Servers(servers) => servers.into_iter().map(|server| server.host).collect(),
    };
    // What is no host name cannot be connected to, and must not get into a command.
    names.retain(|name| HeloForm::of(name) == HeloForm::Domain);
    reached.left_out = names.split_off(count.min(names.len()));
    for name in names {
        match address(lookup, &name) {
            Ok(Some(ip)) => reached.hosts.push((name, ip)),
            Ok(None) => reached.nowhere.push(name),
            Err(open) => reached.open.extend(open),
        }
    }
    reached
}

/// The first public address of a host, one of IPv4 if there is any; the questions that are open.
fn address(lookup: &Lookup, host: &str) -> Result<Option<IpAddr>, Vec<Question>> {
    let questions = [Kind::A, Kind::Aaaa].map(|kind| Question::new(host, kind));
    let answers = questions.each_ref().map(|q| lookup.put(q.clone()).filter(|a| !a.outcome.failed()));
    match answers.iter().flatten().flat_map(|a| addresses(a)).find(|ip| is_public(*ip)) {
        // The address must not change when the other answer comes.
        Some(ip) if ip.is_ipv4() || answers[0].is_some() => Ok(Some(ip)),
        _ if answers.iter().all(Option::is_some) => Ok(None),
        _ => Err(questions.into_iter().zip(answers).filter(|(_, a)| a.is_none()).map(|(q, _)| q).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Answers;
    use crate::evidence::zone::Zone;

    const ZONE: &str = "
        good.test MX 10 mx.good.test
        good.test MX 20 six.good.test
        good.test MX 30 inside.good.test
        good.test MX 40 third.good.test
        mx.good.test A 192.0.2.1
        mx.good.test AAAA 2001:db8::1
        six.good.test AAAA 2001:db8::2
        inside.good.test A 10.0.0.1
        own.test A 192.0.2.3
        null.test MX 0 .
        odd.test MX 10 192.0.2.1
        half.test MX 10 mx.broken.test
        broken.test SERVFAIL
    ";

    fn settled(domain: &str) -> Reached {
        let zone = Zone::parse(ZONE).unwrap();
        let mut answers = Answers::new();
        loop {
            let lookup = Lookup::new(&answers);
            let found = gather(&lookup, domain, 3);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return found;
            }
            answers.extend(missing.into_iter().map(|q| {
                let answer = zone.answer(&q, jiff::Timestamp::UNIX_EPOCH);
                (q, answer)
            }));
        }
    }

    #[test]
    fn the_first_hosts_are_reached_at_one_public_address() {
        let good = settled("good.test");
        let hosts: Vec<_> = good.hosts.iter().map(|(name, ip)| format!("{name} {ip}")).collect();
        assert_eq!(hosts, ["mx.good.test 192.0.2.1", "six.good.test 2001:db8::2"]);
        assert_eq!(
            (good.nowhere, good.left_out),
            (vec!["inside.good.test".to_owned()], vec!["third.good.test".to_owned()])
        );
        assert_eq!(settled("own.test").hosts.len(), 1);
    }

    #[test]
    fn nobody_is_reached_at_a_null_mx_or_a_name_that_is_none() {
        for domain in ["null.test", "odd.test", "gone.test"] {
            let reached = settled(domain);
            assert!(reached.hosts.is_empty() && reached.open.is_empty(), "{domain}");
        }
    }

    #[test]
    fn what_could_not_be_looked_up_is_open() {
        assert_eq!(settled("broken.test").open, [Question::new("broken.test", Kind::Mx)]);
        assert_eq!(settled("half.test").open.len(), 2);
    }
}
