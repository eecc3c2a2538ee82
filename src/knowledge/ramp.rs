//! How addresses and domains are brought to their volume: `assets/warmup.toml`.

use super::shelf;
use serde::Deserialize;
use std::sync::LazyLock;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WarmUp {
    /// The day somebody last looked.
    pub checked: String,
    pub ramp: Vec<Ramp>,
    pub formula: Formula,
    pub limits: Limits,
    pub note: Vec<Note>,
    pub audience: Vec<Audience>,
}

/// A published table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    pub id: String,
    pub name: String,
    pub scope: Scope,
    pub unit: Unit,
    /// Ids of the platforms it is of.
    pub platforms: Vec<String>,
    /// Day or stage, and the volume from then on; both rise.
    pub steps: Vec<(u32, u64)>,
    #[serde(default)]
    pub note: String,
    pub source: String,
    /// A, B or C; C is never taken by itself.
    pub confidence: String,
}

/// Whose volume it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Of each address.
    Ip,
    Domain,
    Mailbox,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Day,
    /// A ceiling for every hour of that day.
    Hour,
    /// The next one follows a day that used all of it.
    Stage,
}

/// Where no table applies.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Formula {
    /// Messages on the first day of a domain nobody knows.
    pub first_domain: u64,
    /// Of a known domain on a new address.
    pub first_ip: u64,
    /// Times the day before.
    pub factor: f64,
    /// Of the target, on top of the day before.
    pub part: f64,
    pub source: String,
    pub confidence: String,
}

/// From where on one does not go on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    pub complaints: Limit,
    pub hard_bounces: Limit,
    pub deferrals: Limit,
    pub refusals: Limit,
    /// Sent, neither delivered nor refused.
    pub undelivered: Limit,
    pub spam_placement: Limit,
}

/// Shares in percent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limit {
    /// Up to here nothing is to be said.
    pub fine: f64,
    /// Above: the same volume again.
    pub hold: f64,
    /// From here on: back.
    pub back: f64,
    pub source: String,
}

/// What a platform or a receiver says of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Empty: for everybody.
    pub platforms: Vec<String>,
    /// Whose advice it is, where a receiver gives it.
    #[serde(default)]
    pub receiver: Option<String>,
    /// About domains that nobody knows yet.
    #[serde(default)]
    pub young: bool,
    pub text: String,
    pub source: String,
    pub confidence: String,
}

/// Who gets mail on these days of a plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    pub from: u32,
    pub to: Option<u32>,
    pub text: String,
    pub source: String,
}

static ALL: LazyLock<WarmUp> = LazyLock::new(|| shelf::book("warmup"));

/// What is known.
pub fn known() -> &'static WarmUp {
    &ALL
}

/// The table with this id.
pub fn find(id: &str) -> Option<&'static Ramp> {
    ALL.ramp.iter().find(|r| r.id == id)
}

/// The table of a platform.
pub fn of_platform(id: &str, scope: Scope) -> Option<&'static Ramp> {
    ALL.ramp.iter().find(|r| r.scope == scope && r.confidence != "C" && r.platforms.iter().any(|p| p == id))
}

/// Is anything said of this platform?
pub fn knows(platform: &str) -> bool {
    ALL.ramp.iter().flat_map(|r| &r.platforms).chain(ALL.note.iter().flat_map(|n| &n.platforms)).any(|p| p == platform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole_and_every_row_says_whence() {
        let all: WarmUp = shelf::book("warmup");
        assert!(all.checked.parse::<jiff::civil::Date>().is_ok());
        for ramp in &all.ramp {
            assert!(ramp.steps.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "{}", ramp.id);
            assert_eq!(ramp.steps[0].0, 1, "{}", ramp.id);
            assert!(!ramp.source.is_empty() && ["A", "B", "C"].contains(&&*ramp.confidence), "{}", ramp.id);
        }
        assert!(all.note.iter().all(|n| !n.source.is_empty() && ["A", "B"].contains(&&*n.confidence)));
        let limits = &all.limits;
        for limit in [
            &limits.complaints,
            &limits.hard_bounces,
            &limits.deferrals,
            &limits.refusals,
            &limits.undelivered,
            &limits.spam_placement,
        ] {
            assert!(
                0.0 < limit.fine && limit.fine <= limit.hold && limit.hold < limit.back && !limit.source.is_empty()
            );
        }
        assert!(all.formula.factor < 2.0, "Gmail asks not to double");
        assert!(all.audience.iter().all(|a| !a.source.is_empty()));
    }

    #[test]
    fn a_table_from_memory_is_taken_by_nobody() {
        assert_eq!(of_platform("sparkpost", Scope::Ip).map(|r| &*r.id), Some("sparkpost"));
        assert!(of_platform("sparkpost", Scope::Domain).is_none());
        assert!(all_of_c().iter().all(|r| r.platforms.is_empty()));
        assert!(find("outreach").is_some() && find("nothing").is_none());
        assert!(knows("amazon-ses") && !knows("nobody"));
    }

    fn all_of_c() -> Vec<&'static Ramp> {
        known().ramp.iter().filter(|r| r.confidence == "C").collect()
    }
}
