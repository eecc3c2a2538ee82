//! What the app can be told to do.

/// Something the app can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    Open,
    Back,
    NextField,
    PreviousField,
    View(View),
    Next,
    Previous,
    Filter,
    CopyValue,
    CopyAll,
    CopyAs,
    /// The record as the DNS host wants it.
    Form,
    Pick(u8),
    /// The value of the record under the cursor.
    Edit,
    /// The proposal in place of what was typed.
    Restore,
    Redact,
    LocalTime,
    Again,
    Verify,
    /// Since the run before.
    Changes,
    Watch,
    /// Send the test of a lesson.
    Test,
    /// Publish a fix in the practice zone.
    Publish,
    Pause,
    /// Go to the list of symptoms.
    Troubles,
    /// Go to the list of watches.
    Watches,
    /// Send a test message.
    Send,
    /// Receive mail here.
    Listen,
    Bell,
    /// Name the folders to look into.
    Folders,
    /// End the session.
    Stop,
    Add,
    Stated,
    /// Leave a step out.
    Skip,
    More,
    SaveReport,
    PlainPage,
    Command,
    Help,
    Log,
    Yes,
    No,
    Quit,
    Interrupt,
    Redraw,
    Suspend,
    Diagnose,
    LineStart,
    LineEnd,
    KillLine,
    KillWord,
    KillToEnd,
    DeleteBack,
    DeleteNext,
    Undo,
}

impl Action {
    /// Its name in the settings: `copy_value`, `view_verdict`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars().filter(|c| *c != ')') {
            let begins = c.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_');
            name.extend((begins || c == '(').then_some('_'));
            name.extend((c != '(').then(|| c.to_ascii_lowercase()));
        }
        name
    }
}

/// The views of a diagnosis, in the order of their digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    Verdict,
    Findings,
    Spf,
    Dkim,
    /// Without a digit for a message; in the place of the hops for a domain, which has none.
    Dmarc,
    Hops,
    Headers,
    /// Without a digit.
    Requirements,
    /// Without a digit.
    Filters,
}
