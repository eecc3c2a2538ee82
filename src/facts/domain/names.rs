//! Names besides the domain that its owner wants looked at: bounce domains, servers, tracking hosts.

use crate::evidence::Kind;
use crate::evidence::said::Wish;
use crate::facts::lookup::Lookup;

/// Names that are looked at.
const MOST: usize = 24;

/// Asks for what may stand there.
pub fn ask(lookup: &Lookup, wish: &Wish) {
    for name in wish.names.iter().take(MOST) {
        for kind in [Kind::A, Kind::Aaaa, Kind::Cname, Kind::Mx, Kind::Txt] {
            lookup.ask(name, kind);
        }
    }
}
