//! Group cluster on a server that is no node of one: every command says so (Redis: cluster.c `clusterCommand`).
//!
//! Cluster mode itself is not built yet; `cluster-enabled yes` is accepted with a line in the log, and the server runs
//! alone, so the answer is the truth whatever the directive says.

use super::meta::cluster as meta;
use super::{Args, Ctx, Failure, Outcome, Route, Row};

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::ASKING, Route::Home, disabled),
    Row::container(&meta::CLUSTER, CLUSTER),
    Row::new(&meta::READONLY, Route::Home, disabled),
    Row::new(&meta::READWRITE, Route::Home, disabled),
];

const CLUSTER: &[Row] = &[
    Row::new(&meta::CLUSTER_ADDSLOTS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_ADDSLOTSRANGE, Route::Home, disabled),
    Row::new(&meta::CLUSTER_BUMPEPOCH, Route::Home, disabled),
    Row::new(&meta::CLUSTER_COUNT_FAILURE_REPORTS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_COUNTKEYSINSLOT, Route::Home, disabled),
    Row::new(&meta::CLUSTER_DELSLOTS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_DELSLOTSRANGE, Route::Home, disabled),
    Row::new(&meta::CLUSTER_FAILOVER, Route::Home, disabled),
    Row::new(&meta::CLUSTER_FLUSHSLOTS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_FORGET, Route::Home, disabled),
    Row::new(&meta::CLUSTER_GETKEYSINSLOT, Route::Home, disabled),
    Row::new(&meta::CLUSTER_HELP, Route::Home, disabled),
    Row::new(&meta::CLUSTER_INFO, Route::Home, disabled),
    Row::new(&meta::CLUSTER_KEYSLOT, Route::Home, disabled),
    Row::new(&meta::CLUSTER_LINKS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_MEET, Route::Home, disabled),
    Row::new(&meta::CLUSTER_MYID, Route::Home, disabled),
    Row::new(&meta::CLUSTER_MYSHARDID, Route::Home, disabled),
    Row::new(&meta::CLUSTER_NODES, Route::Home, disabled),
    Row::new(&meta::CLUSTER_REPLICAS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_REPLICATE, Route::Home, disabled),
    Row::new(&meta::CLUSTER_RESET, Route::Home, disabled),
    Row::new(&meta::CLUSTER_SAVECONFIG, Route::Home, disabled),
    Row::new(&meta::CLUSTER_SET_CONFIG_EPOCH, Route::Home, disabled),
    Row::new(&meta::CLUSTER_SETSLOT, Route::Home, disabled),
    Row::new(&meta::CLUSTER_SHARDS, Route::Home, disabled),
    Row::new(&meta::CLUSTER_SLAVES, Route::Home, disabled),
    Row::new(&meta::CLUSTER_SLOTS, Route::Home, disabled),
];

fn disabled(_: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    Err(Failure::text("ERR This instance has cluster support disabled"))
}
