//! Resource limits at the start: enough descriptors for the clients, enough lockable memory for io_uring.

use std::io;

use crate::base::sys::limits::{Limit, Resource, get, set};
use crate::log;

/// Descriptors kept for files, listening sockets and logs. Redis: server.h CONFIG_MIN_RESERVED_FDS.
pub const RESERVED_FDS: u64 = 32;
/// How much a refused request for descriptors is lowered before the next try.
const STEP_FDS: u64 = 16;
/// Memory that glommio locks per executor.
pub const GLOMMIO_LOCKED_BYTES: u64 = 512 * 1024;

/// The limit on open files is too low for any client.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "Your current 'ulimit -n' of {current} is not enough for the server to start. Please increase your open file \
     limit to at least {needed}. Exiting."
)]
pub struct TooFewFiles {
    /// The limit in force.
    pub current: u64,
    /// The limit that `maxclients` needs.
    pub needed: u64,
}

/// What limits are read and set through: the process, or a test's.
trait OpenFiles {
    fn get(&self) -> io::Result<Limit>;
    fn set(&mut self, limit: Limit) -> io::Result<()>;
}

struct ThisProcess;

impl OpenFiles for ThisProcess {
    fn get(&self) -> io::Result<Limit> {
        get(Resource::OpenFiles)
    }

    fn set(&mut self, limit: Limit) -> io::Result<()> {
        set(Resource::OpenFiles, limit)
    }
}

/// Raises the limit on open files for `max_clients` clients and `reserved` other descriptors; returns how many clients
/// it allows.
///
/// Redis: server.c adjustOpenFilesLimit, and its log texts. `reserved` is at least [`RESERVED_FDS`]; a shard's rings
/// add to it.
pub fn adjust_open_files(max_clients: u32, reserved: u64) -> Result<u32, TooFewFiles> {
    adjust(&mut ThisProcess, max_clients, reserved.max(RESERVED_FDS))
}

fn adjust(files: &mut impl OpenFiles, max_clients: u32, reserved: u64) -> Result<u32, TooFewFiles> {
    let needed = u64::from(max_clients).saturating_add(reserved);
    let old = match files.get() {
        Ok(limit) => limit,
        Err(error) => {
            log!(
                Warning,
                "Unable to obtain the current NOFILE limit ({}), assuming 1024 and setting the max clients \
                 configuration accordingly.",
                super::os_text(&error)
            );
            return Ok(clients_within(1_024, reserved).min(max_clients));
        }
    };
    if old.soft >= needed {
        return Ok(max_clients);
    }
    let (reached, refusal) = raise(files, old, needed);
    if reached >= needed {
        log!(
            Notice,
            "Increased maximum number of open files to {needed} (it was originally set to {}).",
            old.soft
        );
        return Ok(max_clients);
    }
    if reached <= reserved {
        return Err(TooFewFiles { current: old.soft, needed });
    }
    let allowed = clients_within(reached, reserved);
    let refusal = refusal.map_or_else(String::new, |error| super::os_text(&error));
    log!(
        Warning,
        "You requested maxclients of {max_clients} requiring at least {needed} max file descriptors."
    );
    log!(Warning, "Server can't set maximum open files to {needed} because of OS error: {refusal}.");
    log!(
        Warning,
        "Current maximum open files is {reached}. maxclients has been reduced to {allowed} to compensate for low \
         ulimit. If you need higher maxclients increase 'ulimit -n'."
    );
    Ok(allowed)
}

fn clients_within(files: u64, reserved: u64) -> u32 {
    u32::try_from(files.saturating_sub(reserved)).unwrap_or(u32::MAX)
}

/// Asks for `needed`, then for less in steps; returns what was reached, never less than before, and the last refusal.
fn raise(files: &mut impl OpenFiles, old: Limit, needed: u64) -> (u64, Option<io::Error>) {
    let mut refusal = None;
    // The hard limit stays where it is if that is enough: lowering it could not be undone. Redis lowers it.
    let mut wanted = needed;
    while wanted > old.soft {
        match files.set(Limit { soft: wanted, hard: old.hard.max(wanted) }) {
            Ok(()) => return (wanted, refusal),
            Err(error) => refusal = Some(error),
        }
        // Above the hard limit every step is refused alike: go on at the hard limit.
        let next = wanted.saturating_sub(STEP_FDS);
        wanted = if next > old.hard { old.hard } else { next };
    }
    (old.soft, refusal)
}

/// Makes sure that `executors` glommio executors can lock their memory, raising the limit where this process may.
///
/// glommio goes by the limit alone, also for processes that the kernel does not hold to it (CAP_IPC_LOCK).
///
/// # Errors
/// The limit is too low and stays so; the text names the cause and the cure.
pub fn ensure_locked_memory(executors: u64) -> Result<(), String> {
    // What cannot be read is tried.
    let Ok(limit) = get(Resource::LockedMemory) else { return Ok(()) };
    let needed = executors.saturating_mul(GLOMMIO_LOCKED_BYTES);
    if limit.soft < needed {
        // A refusal shows in the check that follows.
        let _ = set(Resource::LockedMemory, Limit { soft: needed, hard: limit.hard.max(needed) });
    }
    check_locked(get(Resource::LockedMemory).unwrap_or(limit), executors)
}

fn check_locked(limit: Limit, executors: u64) -> Result<(), String> {
    let needed = executors.saturating_mul(GLOMMIO_LOCKED_BYTES);
    if limit.soft >= needed {
        return Ok(());
    }
    Err(format!(
        "The limit on locked memory is {} KiB, and io_uring needs {} KiB. Raise it with 'ulimit -l {}', \
         LimitMEMLOCK={}K in the systemd unit, or --ulimit memlock={} for a container.",
        limit.soft / 1_024,
        needed / 1_024,
        needed / 1_024,
        needed / 1_024,
        needed
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process whose kernel refuses more than `ceiling`.
    struct Fake {
        limit: Limit,
        ceiling: u64,
    }

    impl OpenFiles for Fake {
        fn get(&self) -> io::Result<Limit> {
            Ok(self.limit)
        }

        fn set(&mut self, limit: Limit) -> io::Result<()> {
            if limit.soft > self.ceiling || limit.hard > self.limit.hard {
                return Err(io::Error::from_raw_os_error(libc::EPERM));
            }
            self.limit = limit;
            Ok(())
        }
    }

    fn fake(soft: u64, hard: u64) -> Fake {
        Fake { limit: Limit { soft, hard }, ceiling: hard }
    }

    #[test]
    fn a_sufficient_limit_is_left_alone() {
        let mut files = fake(20_000, 30_000);
        assert_eq!(adjust(&mut files, 10_000, 32), Ok(10_000));
        assert_eq!(files.limit, Limit { soft: 20_000, hard: 30_000 });
    }

    #[test]
    fn the_limit_is_raised_to_what_is_needed() {
        let mut files = fake(1_024, 1 << 20);
        assert_eq!(adjust(&mut files, 10_000, 32), Ok(10_000));
        assert_eq!(files.limit, Limit { soft: 10_032, hard: 1 << 20 });
    }

    #[test]
    fn fewer_clients_are_served_where_the_kernel_refuses() {
        let mut files = fake(1_024, 4_096);
        assert_eq!(adjust(&mut files, 10_000, 32), Ok(4_064));
        assert_eq!(files.limit.soft, 4_096);
        assert_eq!(adjust(&mut fake(1_024, 1_024), u32::MAX, 32), Ok(992));
    }

    #[test]
    fn no_start_without_a_descriptor_to_spare() {
        let error = adjust(&mut fake(32, 32), 10_000, 32);
        assert_eq!(error, Err(TooFewFiles { current: 32, needed: 10_032 }));
    }

    #[test]
    fn the_locked_memory_message_names_cause_and_cure() {
        assert_eq!(check_locked(Limit { soft: 512 * 1_024, hard: 512 * 1_024 }, 1), Ok(()));
        let text = check_locked(Limit { soft: 65_536, hard: 65_536 }, 1).err().unwrap_or_default();
        assert!(
            text.contains("64 KiB") && text.contains("ulimit -l 512") && text.contains("LimitMEMLOCK"),
            "{text}"
        );
    }
}
