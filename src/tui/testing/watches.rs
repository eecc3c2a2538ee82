//! Watches, as far as they have come.

use super::*;

const WATCHED: &str = "
    com NS a.gtld.test
    a.gtld.test A 192.0.2.1
    acme.example SOA ns1.dns.example host.acme.example 41 7200 900 1209600 1800
    acme.example NS ns1.dns.example
    acme.example NS ns2.dns.example
    ns1.dns.example A 192.0.2.53
    ns2.dns.example A 192.0.2.54
    s1._domainkey.acme.example 3600 CNAME s1.acme.dkim.esp.example
    s1.acme.dkim.esp.example TXT \"v=DKIM1; p=KEY\"
";

/// A watch of the fix, ninety seconds on: one name server is behind, one cache was asked too early.
pub fn watched() -> Watch {
    watch_of("@192.0.2.54 s1._domainkey.acme.example NXDOMAIN", "s1._domainkey.acme.example NXDOMAIN")
}

/// The same at four name servers, two of them behind.
pub fn four() -> Watch {
    let more = "
        acme.example NS ns3.dns.example
        acme.example NS ns4.dns.example
        ns3.dns.example A 192.0.2.55
        ns4.dns.example A 192.0.2.56
    ";
    let old = |n: u8| {
        format!(
            "@192.0.2.{n} s1._domainkey.acme.example NXDOMAIN\n@192.0.2.{n} acme.example SOA ns1.dns.example host.acme.example 40 7200 900 1209600 1800\n"
        )
    };
    let world = format!("{more}{}{}", old(55), old(56));
    watch_of(&world, "s1._domainkey.acme.example NXDOMAIN")
}

/// The same when it is over.
pub fn agreed() -> Watch {
    watch_of("", "")
}

fn watch_of(servers: &str, cache: &str) -> Watch {
    let zone = |more: &str| zone::Zone::parse(&format!("{WATCHED}{more}")).unwrap();
    let (world, cache) = (zone(servers), zone(cache));
    let order = Order {
        name: "s1._domainkey.acme.example".into(),
        kind: Kind::Cname,
        expect: Expect::read(Kind::Cname, &[TARGET.to_owned()]).unwrap(),
        resolvers: vec!["192.0.2.8".into(), "192.0.2.9".into()],
        servers: vec![],
        interval: watch::INTERVAL,
        timeout: watch::TIMEOUT,
    };
    let began: jiff::Timestamp = "2026-05-12T14:02:00Z".parse().unwrap();
    let at = |seconds: u64| Moment {
        wall: began + jiff::SignedDuration::from_secs(seconds.cast_signed()),
        ticks: std::time::Duration::from_secs(seconds),
    };
    let mut watch = Watch::new(order, at(0));
    for now in (0..=90).map(at) {
        loop {
            let asks = watch.due(now);
            for ask in &asks {
                let from = if ask.resolver == 1 { &cache } else { &world };
                watch.heard(now, ask, from.answer(&ask.question, now.wall));
            }
            if asks.is_empty() {
                break;
            }
        }
    }
    watch
}
