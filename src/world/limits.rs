//! What the system lets one process have.

/// Descriptors worth asking for: enough for every question in flight, and within what every system grants.
#[cfg(unix)]
const WANTED: u64 = 8192;

/// Raises the soft limit of open descriptors towards the hard one; says how many may be open. Each question in
/// flight holds a socket, and 1,024 (the usual soft limit) are soon gone.
#[cfg(unix)]
pub fn descriptors() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.unwrap_or(WANTED).min(WANTED);
    let soft = match limit.current {
        Some(soft) if soft < raised => {
            let wanted = Rlimit { current: Some(raised), maximum: limit.maximum };
            if setrlimit(Resource::Nofile, wanted).is_ok() { raised } else { soft }
        }
        soft => soft.unwrap_or(WANTED),
    };
    usize::try_from(soft).unwrap_or(usize::MAX)
}

/// Sockets are not counted in descriptors here.
#[cfg(not(unix))]
pub fn descriptors() -> usize {
    8192
}

/// From now on no crash leaves this process's memory on a disk. Where that cannot be had, nothing is lost by trying.
#[cfg(unix)]
pub fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}

/// There are no limits of this kind here.
#[cfg(not(unix))]
pub fn no_core_dumps() {}
