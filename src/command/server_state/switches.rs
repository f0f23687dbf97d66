//! What DEBUG switches for tests. Nothing of it is configuration, and all of it is off at the start.
//!
//! | switch | who writes | who reads | when |
//! |---|---|---|---|
//! | `cron_paused` | DEBUG PAUSE-CRON | shards, control core | relaxed, before periodic work |
//! | `scripts_unbound` | DEBUG SET-DISABLE-DENY-SCRIPTS | scripts | relaxed, for each command of a script |
//! | `sums_unchecked` | DEBUG SET-SKIP-CHECKSUM-VALIDATION | RESTORE | relaxed, for each payload |

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The switches.
#[derive(Default, Debug)]
pub struct Switches {
    cron_paused: AtomicBool,
    scripts_unbound: AtomicBool,
    sums_unchecked: AtomicBool,
}

impl Switches {
    /// Whether periodic work is suspended: the crons of the shards, the control core's looks at samples and signals.
    pub fn is_cron_paused(&self) -> bool {
        self.cron_paused.load(Relaxed)
    }

    /// Suspends periodic work, or goes on with it.
    pub fn pause_cron(&self, paused: bool) {
        self.cron_paused.store(paused, Relaxed);
    }

    /// Whether scripts may call commands that are closed to them (flag `noscript`; server.c
    /// `script_disable_deny_script`).
    pub fn are_scripts_unbound(&self) -> bool {
        self.scripts_unbound.load(Relaxed)
    }

    /// Opens all commands to scripts, or closes those with the flag `noscript` again.
    pub fn unbind_scripts(&self, unbound: bool) {
        self.scripts_unbound.store(unbound, Relaxed);
    }

    /// Whether RESTORE takes payloads whose sum is wrong (server.h `skip_checksum_validation`).
    pub fn are_sums_unchecked(&self) -> bool {
        self.sums_unchecked.load(Relaxed)
    }

    /// Takes payloads as they are, or checks their sums again.
    pub fn uncheck_sums(&self, unchecked: bool) {
        self.sums_unchecked.store(unchecked, Relaxed);
    }
}
