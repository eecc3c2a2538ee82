//! That something goes on, said now and then.

use super::Talk;
use std::sync::mpsc;
use std::time::Duration;

/// Between two words of it.
const EVERY: Duration = Duration::from_secs(10);

/// Does `work`, and says so; what takes longer is said to go on.
pub fn telling<T>(work: impl FnOnce() -> T) -> T {
    Talk.say("Checking.");
    let (done, over) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(mpsc::RecvTimeoutError::Timeout) = over.recv_timeout(EVERY) {
                Talk.say("Still checking.");
            }
        });
        let result = work();
        drop(done);
        result
    })
}
