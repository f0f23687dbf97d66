//! What everybody may see of replication. The log core decides and shows; others look.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | flags, `good` | the log core, before it answers whoever asked for the change | the gate of all shards, the stores' turns | relaxed |
//! | `view` | the log core, when something in it changed | INFO, ROLE, whoever asks for the stream | a new snapshot per change |

use crate::config::Config;
use crate::replication::History;
use crate::replication::master::{Counters, SlaveLine, Standing};
use crate::replication::replica::LinkReport;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Reply to commands that would show data that may be out of date (server.c `masterdownerr`).
pub const MASTERDOWN: &str =
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";

/// See the module's documentation.
pub struct Replication {
    is_replica: AtomicBool,
    is_linked: AtomicBool,
    fails_over: AtomicBool,
    needs_replicas: AtomicBool,
    good: AtomicUsize,
    view: ArcSwap<View>,
}

/// A moment of replication.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Ids, offset, backlog.
    pub history: History,
    /// Replicas, oldest first.
    pub replicas: Vec<SlaveLine>,
    /// The link to the master, on a replica.
    pub link: Option<LinkReport>,
    /// INFO's `master_failover_state`.
    pub failover: &'static str,
    /// What INFO counts.
    pub counters: Counters,
}

impl Replication {
    /// Of a server that may be a replica from its start.
    pub fn new(is_replica: bool) -> Replication {
        Replication {
            is_replica: AtomicBool::new(is_replica),
            is_linked: AtomicBool::new(false),
            fails_over: AtomicBool::new(false),
            needs_replicas: AtomicBool::new(false),
            good: AtomicUsize::new(0),
            view: ArcSwap::from_pointee(View { failover: "no-failover", ..View::default() }),
        }
    }

    /// Whether this server follows another.
    #[inline]
    pub fn is_replica(&self) -> bool {
        self.is_replica.load(Relaxed)
    }

    /// Whether a command may be refused for what replication is like.
    #[inline]
    pub fn is_special(&self) -> bool {
        self.is_replica.load(Relaxed) || self.needs_replicas.load(Relaxed)
    }

    /// Whether this server gives its stream to others.
    pub fn standing(&self) -> Standing {
        Standing {
            is_replica: self.is_replica(),
            is_linked: self.is_linked.load(Relaxed),
            fails_over: self.fails_over.load(Relaxed),
        }
    }

    /// Shows how this server stands.
    pub fn set_standing(&self, standing: Standing) {
        self.is_replica.store(standing.is_replica, Relaxed);
        self.is_linked.store(standing.is_linked, Relaxed);
        self.fails_over.store(standing.fails_over, Relaxed);
    }

    /// Shows how many replicas are in time, and whether any number is asked for.
    pub fn set_good(&self, good: usize, asked_for: bool) {
        self.good.store(good, Relaxed);
        self.needs_replicas.store(asked_for, Relaxed);
    }

    /// CONFIG SET has published new settings: they are in force before its reply, though the log core learns of them later.
    pub fn announce(&self, new: &Config) {
        if new.min_replicas_to_write > 0 && new.min_replicas_max_lag_s > 0 {
            self.needs_replicas.store(true, Relaxed);
        }
    }

    /// Replicas that are in time.
    pub fn good(&self) -> usize {
        self.good.load(Relaxed)
    }

    /// Why writes are refused, if they are (server.c `processCommand`: `checkGoodReplicasStatus`, then `repl_slave_ro`).
    pub fn write_refusal(&self, config: &Config) -> Option<&'static str> {
        let is_replica = self.is_replica();
        let needed =
            if config.min_replicas_max_lag_s == 0 { 0 } else { config.min_replicas_to_write as usize };
        if !is_replica && self.good() < needed {
            return Some("NOREPLICAS Not enough good replicas to write.");
        }
        (is_replica && config.replica_read_only)
            .then_some("READONLY You can't write against a read only replica.")
    }

    /// Whether what is here may be out of date and must not be shown (`replica-serve-stale-data no`).
    pub fn is_stale(&self, config: &Config) -> bool {
        let standing = self.standing();
        standing.is_replica && !standing.is_linked && !config.replica_serve_stale_data
    }

    /// The latest view.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Shows a new view.
    pub fn show(&self, view: View) {
        self.view.store(Arc::new(view));
    }
}
