//! What is known before the first message: the address, the domain, the volume, the people.

use jiff::civil::Date;

/// What a plan is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Messages a day in the end.
    pub target: u64,
    /// The first day.
    pub start: Date,
    /// Id of the sending platform.
    pub platform: Option<String>,
    pub ip: Ip,
    /// Addresses that share the volume.
    pub ips: u32,
    pub domain: Domain,
    /// Messages a day that this domain sends from this address already.
    pub current: u64,
    pub audience: Audience,
    /// How the volume goes to the receivers, in percent; empty where nobody knows.
    pub shares: Vec<(String, f64)>,
    /// Id of a table to follow instead.
    pub ramp: Option<String>,
}

/// The sending address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ip {
    New,
    /// Sends the same kind of mail now.
    Used,
    /// Silent for more than 30 days: as good as new (Twilio SendGrid).
    Idle,
    /// One of the platform's own, which others send from as well: its reputation is the platform's matter.
    Shared,
}

/// The sending domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Nobody said; taken for new.
    Unsaid,
    /// Days since its registration, or since its first mail.
    Age(u32),
}

impl Domain {
    /// As the rule `domain-young` judges.
    pub fn is_young(self) -> bool {
        match self {
            Domain::Unsaid => true,
            Domain::Age(days) => i64::from(days) < crate::rules::YOUNG,
        }
    }
}

/// Who gets the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// People who expect each message: receipts, accounts.
    Active,
    /// A list with people in it who have not been heard of for long.
    Mixed,
    /// People who never asked.
    Outreach,
}

impl Ip {
    pub const ALL: [Ip; 4] = [Ip::New, Ip::Used, Ip::Idle, Ip::Shared];

    /// The word of `--ip`.
    pub fn word(self) -> &'static str {
        match self {
            Ip::New => "new",
            Ip::Used => "used",
            Ip::Idle => "idle",
            Ip::Shared => "shared",
        }
    }

    /// Does the volume have to be raised for the address's sake?
    pub fn is_cold(self) -> bool {
        matches!(self, Ip::New | Ip::Idle)
    }
}

impl Audience {
    pub const ALL: [Audience; 3] = [Audience::Active, Audience::Mixed, Audience::Outreach];

    /// The word of `--audience`.
    pub fn word(self) -> &'static str {
        match self {
            Audience::Active => "active",
            Audience::Mixed => "mixed",
            Audience::Outreach => "outreach",
        }
    }
}

impl Order {
    /// The slowest case: nothing is known but volume and day.
    pub fn new(target: u64, start: Date) -> Order {
        Order {
            target,
            start,
            platform: None,
            ip: Ip::New,
            ips: 1,
            domain: Domain::Unsaid,
            current: 0,
            audience: Audience::Mixed,
            shares: Vec::new(),
            ramp: None,
        }
    }
}
