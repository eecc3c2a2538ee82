//! Folders: which of a mailbox are looked into, and what they are for.

use super::name;
use crate::evidence::said::FolderRole;
use crate::knowledge::mailbox;

/// A folder as the server lists it (RFC 3501 §7.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name as on the wire.
    pub wire: String,
    pub delimiter: Option<String>,
    /// What the server says it is for (RFC 6154 §2).
    pub marked: Option<Mark>,
    /// Nothing can be in it.
    pub no_select: bool,
}

/// Special uses that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Junk,
    /// Every message there is: finding one there tells nothing.
    All,
}

/// A folder that is looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub wire: String,
    /// For people.
    pub name: String,
    pub role: FolderRole,
    /// A view of everything, in which the message is once more.
    pub all: bool,
}

impl Folder {
    pub fn inbox() -> Folder {
        Folder { wire: "INBOX".into(), name: "INBOX".into(), role: FolderRole::Inbox, all: false }
    }

    fn of(listed: &Listed) -> Folder {
        Folder {
            wire: listed.wire.clone(),
            name: name::decoded(&listed.wire),
            role: match () {
                () if listed.wire.eq_ignore_ascii_case("INBOX") => FolderRole::Inbox,
                () if listed.marked == Some(Mark::Junk) => FolderRole::Junk,
                () if listed.marked.is_none() && mailbox::names_junk(&last(listed)) => FolderRole::Junk,
                () => FolderRole::Other,
            },
            all: listed.marked == Some(Mark::All),
        }
    }
}

/// The part of a name behind the last delimiter: `Spam` of `[Gmail]/Spam`, `Junk` of `INBOX.Junk`.
fn last(listed: &Listed) -> String {
    let name = name::decoded(&listed.wire);
    let end = listed.delimiter.as_deref().filter(|d| !d.is_empty()).and_then(|d| name.rsplit(d).next());
    end.unwrap_or(&name).to_owned()
}

/// The folders to look into: INBOX, those of junk, and what the user named; and the names that nothing has.
/// Where the server marks a folder as junk, names decide nothing.
pub fn choose(listed: &[Listed], named: &[String]) -> (Vec<Folder>, Vec<String>) {
    let open: Vec<(Folder, &Listed)> = listed.iter().filter(|l| !l.no_select).map(|l| (Folder::of(l), l)).collect();
    let marked = listed.iter().any(|l| l.marked == Some(Mark::Junk));
    let is_junk = |(folder, listed): &&(Folder, &Listed)| {
        folder.role == FolderRole::Junk && (!marked || listed.marked == Some(Mark::Junk))
    };
    // Every mailbox has one, listed or not (RFC 3501 §5.1).
    let mut chosen = vec![Folder::inbox()];
    chosen.extend(open.iter().filter(is_junk).map(|(folder, _)| folder.clone()));
    let mut missing = Vec::new();
    for name in named {
        let whole = open.iter().find(|(f, l)| f.name.eq_ignore_ascii_case(name) || l.wire == *name);
        let found = whole.or_else(|| open.iter().find(|(_, l)| last(l).eq_ignore_ascii_case(name)));
        match found {
            Some((folder, _)) if chosen.iter().any(|c| c.wire.eq_ignore_ascii_case(&folder.wire)) => {}
            Some((folder, _)) => chosen.push(folder.clone()),
            // The usual words for what is looked into anyway.
            None if name.eq_ignore_ascii_case("INBOX") => {}
            None if mailbox::names_junk(name) && chosen.iter().any(|c| c.role == FolderRole::Junk) => {}
            None => missing.push(name.clone()),
        }
    }
    (chosen, missing)
}

/// The names of the other folders, which could be looked into as well.
pub fn others(listed: &[Listed], chosen: &[Folder]) -> Vec<String> {
    let free = |l: &&Listed| !l.no_select && !chosen.iter().any(|c| c.wire.eq_ignore_ascii_case(&l.wire));
    listed.iter().filter(free).map(|l| name::decoded(&l.wire)).take(OTHERS).collect()
}

/// Names of folders that are kept: a mailbox may have thousands.
const OTHERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(wire: &str, marked: Option<Mark>) -> Listed {
        let delimiter = if wire.contains('.') { "." } else { "/" };
        Listed { wire: wire.into(), delimiter: Some(delimiter.into()), marked, no_select: wire == "[Gmail]" }
    }

    fn names(listed: &[Listed], named: &[&str]) -> (Vec<String>, Vec<String>) {
        let named: Vec<String> = named.iter().map(|n| (*n).to_owned()).collect();
        let (chosen, missing) = choose(listed, &named);
        (chosen.into_iter().map(|f| format!("{}:{}", f.name, f.role.word())).collect(), missing)
    }

    #[test]
    fn gmail() {
        let all = [
            listed("INBOX", None),
            listed("[Gmail]", None),
            listed("[Gmail]/All Mail", Some(Mark::All)),
            listed("[Gmail]/Spam", Some(Mark::Junk)),
            listed("Spam", None),
        ];
        let (chosen, missing) = names(&all, &[]);
        assert_eq!((chosen, missing.len()), (vec!["INBOX:inbox".into(), "[Gmail]/Spam:junk".into()], 0));
        assert_eq!(others(&all, &choose(&all, &[]).0), ["[Gmail]/All Mail", "Spam"]);
        let (chosen, _) = choose(&all, &["all mail".into()]);
        assert!(chosen[2].all && chosen[2].wire == "[Gmail]/All Mail");
        // The user's own label.
        assert_eq!(names(&all, &["Spam"]).0[2], "Spam:junk");
    }

    #[test]
    fn servers_without_marks_are_known_by_names() {
        let all = [listed("INBOX", None), listed("INBOX.Unerw&APw-nscht", None), listed("INBOX.Sent", None)];
        assert_eq!(names(&all, &[]).0, ["INBOX:inbox", "INBOX.Unerwünscht:junk"]);
        let (chosen, missing) = names(&all, &["junk", "inbox", "Sent", "Promotions"]);
        assert_eq!(chosen, ["INBOX:inbox", "INBOX.Unerwünscht:junk", "INBOX.Sent:other"]);
        assert_eq!(missing, ["Promotions"]);
    }

    #[test]
    fn a_mailbox_without_junk() {
        assert_eq!(names(&[], &["Junk"]), (vec!["INBOX:inbox".into()], vec!["Junk".into()]));
    }
}
