//! Terms of one tree that say what another says: the same include, an address range inside another.

use super::{Branch, Node, Twin};
use crate::span::Span;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// A network as bits; IPv4 and IPv6 apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network {
    is_v6: bool,
    /// Left-aligned.
    bits: u128,
    prefix: u8,
}

impl Network {
    fn of(address: IpAddr, prefix: u8) -> Network {
        let (is_v6, bits) = match address {
            IpAddr::V4(v4) => (false, u128::from(u32::from(v4)) << 96),
            IpAddr::V6(v6) => (true, u128::from(v6)),
        };
        Network { is_v6, bits, prefix: 0 }.cut(prefix)
    }

    fn cut(self, prefix: u8) -> Network {
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        Network { bits: self.bits & mask, prefix, ..self }
    }
}

/// A range as it stands in the tree.
struct Listed {
    network: Network,
    twin: Twin,
    span: Span,
}

/// Ranges remembered.
const RANGES: usize = 5000;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Overlaps {
    opened: HashMap<String, Twin>,
    hosts: HashMap<(&'static str, String), Twin>,
    ranges: Vec<Listed>,
}

impl Overlaps {
    /// The term that opened this record before.
    pub fn opened(&mut self, name: &str, text: &str, domain: &str) -> Option<Twin> {
        let twin = Twin { text: text.to_owned(), domain: domain.to_owned() };
        match self.opened.get(name) {
            Some(first) => Some(first.clone()),
            None => {
                self.opened.insert(name.to_owned(), twin);
                None
            }
        }
    }

    /// The `a` or `mx` that asked for this name before.
    pub fn host(&mut self, mechanism: &'static str, name: &str, text: &str, domain: &str) -> Option<Twin> {
        let twin = Twin { text: text.to_owned(), domain: domain.to_owned() };
        match self.hosts.get(&(mechanism, name.to_owned())) {
            // `a/24` and `a` are two things.
            Some(first) if first.text.eq_ignore_ascii_case(text) => Some(first.clone()),
            Some(_) => None,
            None => {
                self.hosts.insert((mechanism, name.to_owned()), twin);
                None
            }
        }
    }

    /// Remembers a range that lets somebody send.
    pub fn range(&mut self, address: IpAddr, prefix: u8, text: &str, domain: &str, span: Span) {
        if self.ranges.len() < RANGES {
            let twin = Twin { text: text.to_owned(), domain: domain.to_owned() };
            self.ranges.push(Listed { network: Network::of(address, prefix), twin, span });
        }
    }

    /// Marks every range of the tree that lies in another: the later of two equal ones, the narrower of two
    /// unequal ones wherever they stand.
    pub fn mark(&mut self, tree: &mut Node) {
        let mut known: HashMap<Network, usize> = HashMap::new();
        let mut prefixes: [BTreeSet<u8>; 2] = Default::default();
        for (n, listed) in self.ranges.iter().enumerate() {
            known.entry(listed.network).or_insert(n);
            prefixes[usize::from(listed.network.is_v6)].insert(listed.network.prefix);
        }
        // By record and place; a record may be in the tree more than once.
        let mut twins: BTreeMap<(&str, Span), Twin> = BTreeMap::new();
        for (n, listed) in self.ranges.iter().enumerate() {
            let wider = prefixes[usize::from(listed.network.is_v6)].range(..=listed.network.prefix);
            let around = wider.filter_map(|&p| known.get(&listed.network.cut(p))).find(|&&m| m != n);
            if let Some(around) = around.and_then(|&m| self.ranges.get(m))
                && (around.span != listed.span || around.twin.domain != listed.twin.domain)
            {
                twins.insert((&listed.twin.domain, listed.span), around.twin.clone());
            }
        }
        if !twins.is_empty() {
            set(tree, &twins);
        }
    }
}

/// The tree is as deep as its terms that ask DNS are many at most.
fn set(node: &mut Node, twins: &BTreeMap<(&str, Span), Twin>) {
    let Node { domain, terms, .. } = node;
    for Branch { span, twin, below, .. } in terms {
        if let Some(found) = twins.get(&(domain.as_str(), *span)) {
            *twin = Some(found.clone());
        }
        if let Some(below) = below {
            set(below, twins);
        }
    }
}
