//! The guard over the terminal: what it changes it puts back, once, on every way out.

use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::style::force_color_output;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Is the screen ours? Whoever swaps this to false restores.
static OURS: AtomicBool = AtomicBool::new(false);

/// Do keys come raw? Apart from [`OURS`]: beside the plain page they do, on a screen that is not ours.
static RAW: AtomicBool = AtomicBool::new(false);

/// Held while a frame is written, so that a signal restores after it and not inside it.
static WRITING: Mutex<()> = Mutex::new(());

/// Saves and restores the window title (XTWINOPS 22, 23).
const PUSH_TITLE: &str = "\x1b[22;0t";
const POP_TITLE: &str = "\x1b[23;0t";

/// The terminal while the app has it.
pub struct Screen {
    pub terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// The title of the window, as it was last set.
    title: String,
}

impl Screen {
    /// Takes the terminal over.
    pub fn enter() -> io::Result<Screen> {
        // colours are the theme's business; crossterm would drop reverse video under NO_COLOR
        force_color_output(true);
        restore_on_panic();
        let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout()));
        let terminal = Terminal::new(backend)?;
        take()?;
        Ok(Screen { terminal, title: TITLE.to_owned() })
    }

    /// Gives the terminal back for a while: plain page, suspend.
    pub fn leave(&mut self) {
        restore();
    }

    /// Keys are read one by one, unseen, though the screen is not ours: any of them ends the plain page.
    pub fn await_key(&self) -> io::Result<()> {
        raw()
    }

    /// Takes it back; the next frame is drawn whole.
    pub fn back(&mut self) -> io::Result<()> {
        take()?;
        self.title = TITLE.to_owned();
        self.repaint()
    }

    /// Clears, and forgets what was drawn. Never `Terminal::clear()`: that asks the terminal
    /// for the cursor and waits for an answer the event thread may swallow.
    pub fn repaint(&mut self) -> io::Result<()> {
        let _writing = writing();
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal.swap_buffers();
        Ok(())
    }

    /// One frame, unless a signal has taken the screen away.
    pub fn draw(&mut self, app: &mut super::app::App) -> io::Result<()> {
        let _writing = writing();
        if OURS.load(Ordering::SeqCst) {
            self.terminal.draw(|frame| super::view::draw(app, frame))?;
            let title = title(app);
            if title != self.title {
                execute!(io::stdout(), SetTitle(&title))?;
                self.title = title;
            }
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

const TITLE: &str = "postdoc";

/// A watch that goes on, or is over, shows in the title of the window: one may work elsewhere meanwhile.
fn title(app: &super::app::App) -> String {
    let mark = app.watches.mark();
    [mark.trim_end_matches(" · "), TITLE].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn raw() -> io::Result<()> {
    enable_raw_mode()?;
    RAW.store(true, Ordering::SeqCst);
    Ok(())
}

fn take() -> io::Result<()> {
    raw()?;
    OURS.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    write!(out, "{PUSH_TITLE}")?;
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, SetTitle(TITLE), Clear(ClearType::All))
}

/// Puts everything back. Idempotent; from any thread; never fails.
pub fn restore() {
    // a frame in progress ends in microseconds; a hung terminal must not stop a signal
    let waiting = Instant::now();
    let _writing = loop {
        match WRITING.try_lock() {
            Ok(guard) => break Some(guard),
            Err(_) if waiting.elapsed() > Duration::from_millis(200) => break None,
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    if OURS.swap(false, Ordering::SeqCst)
        && undo(&mut io::stdout()).is_err()
        && let Ok(mut tty) = std::fs::OpenOptions::new().write(true).open("/dev/tty")
    {
        let _ = undo(&mut tty);
    }
    if RAW.swap(false, Ordering::SeqCst) {
        let _ = disable_raw_mode();
    }
}

fn undo(out: &mut impl Write) -> io::Result<()> {
    queue!(out, DisableFocusChange, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)?;
    write!(out, "{POP_TITLE}")?;
    out.flush()
}

/// The message of a panic belongs on the normal screen.
fn restore_on_panic() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
    });
}

/// SIGTERM, SIGHUP and SIGINT restore, tidy up and end the program with 128 + n.
#[cfg(unix)]
pub fn restore_on_signals() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    let mut signals = {
        let _inside = runtime.enter();
        kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let [term, hup, int] = &mut signals[..] else { return };
        let number = runtime.block_on(async {
            tokio::select! {
                _ = term.recv() => 15,
                _ = hup.recv() => 1,
                _ = int.recv() => 2,
            }
        });
        restore();
        crate::world::temporary::remove_all();
        std::process::exit(128 + number);
    })?;
    Ok(())
}

#[cfg(not(unix))]
pub fn restore_on_signals() -> io::Result<()> {
    Ok(())
}

/// Stops the process as Ctrl+Z does in cooked mode; returns when it is continued.
#[cfg(unix)]
pub fn stop() {
    let me = std::process::id().to_string();
    // no libc call here: unsafe is denied, and kill(1) is everywhere a shell with jobs is
    let _ = std::process::Command::new("kill").args(["-TSTP", &me]).status();
}

#[cfg(not(unix))]
pub fn stop() {}

#[cfg(test)]
mod tests {
    use super::title;
    use crate::tui::app::App;
    use crate::tui::{testing, theme, watches};

    #[test]
    fn a_watch_shows_in_the_title_of_the_window() {
        let look = theme::Look { theme: theme::Choice::Auto, ascii: false, motion: true };
        let mut app = App::new(look, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(title(&app), "postdoc");
        let order = testing::watched().order;
        watches::begin(&mut app, watches::wanted(order.name, order.kind, order.expect, vec![]));
        assert_eq!(title(&app), "1 watch · postdoc");
        app.screens.pop();
        let ticket = app.watches.list[0].ticket;
        watches::heard(&mut app, ticket, Ok(Box::new(testing::agreed())));
        assert_eq!(title(&app), "1 watch over · postdoc");
    }
}
