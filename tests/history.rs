//! Strict serializability under concurrency: clients race, and what they saw must be explained by one order of
//! all commands and EXEC blocks that agrees with real time.
//!
//! Two checks share the traffic. Over registers, append lists and counters, replies prove the order of versions,
//! and a dependency graph over the whole run must have no cycle (the method of Elle: Kingsbury and Alvaro).
//! Over small groups of keys under DEL, RENAME, COPY and MSETNX, a search decides whether any order explains the
//! replies. Environment: `HISTORY_SECONDS` (5), `HISTORY_SHARDS` (4), `SEED`, `SHOAL_BIN`.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "history/anomalies.rs"]
mod anomalies;
#[path = "history/graph.rs"]
mod graph;
#[path = "history/groups.rs"]
mod groups;
#[path = "history/record.rs"]
mod record;
mod support;
#[path = "history/versions.rs"]
mod versions;
#[path = "history/workload.rs"]
mod workload;

use groups::{Operation, Verdict};
use record::Txn;
use std::collections::BTreeMap;
use std::time::Duration;
use support::{Server, env_number, seed};

/// All anomalies of a history of registers, lists and counters, in readable form.
fn check_txns(txns: &[Txn]) -> Vec<String> {
    let versions = versions::collect(txns);
    let graph = graph::build(txns, &versions);
    let mut anomalies = versions.anomalies;
    if let Some(cycle) = graph.shortest_cycle() {
        anomalies.push(graph.explain(&cycle, txns));
    }
    anomalies
}

/// The outcome of the searches.
struct Groups {
    anomalies: Vec<String>,
    undecided: usize,
}

fn check_groups(groups: &BTreeMap<u64, Vec<Operation>>) -> Groups {
    let mut found = Groups { anomalies: Vec::new(), undecided: 0 };
    for (group, operations) in groups {
        match groups::check(operations) {
            Verdict::Linearizable => {}
            Verdict::Undecided => found.undecided += 1,
            Verdict::Anomaly => {
                let all = groups::explain(operations);
                found.anomalies.push(format!("no order explains group {group}:\n{all}"));
            }
        }
    }
    found
}

#[test]
fn concurrent_clients_see_one_order_of_everything() {
    let seed = seed();
    let seconds = env_number("HISTORY_SECONDS", 5);
    let shards = env_number("HISTORY_SHARDS", 4) as u32;
    println!("history: SEED={seed} HISTORY_SECONDS={seconds} HISTORY_SHARDS={shards}");
    let server = Server::tested(shards, &[]);
    let history = workload::run(&server, seed, Duration::from_secs(seconds));
    let started = std::time::Instant::now();
    let mut anomalies = check_txns(&history.txns);
    let groups = check_groups(&history.groups);
    anomalies.extend(groups.anomalies);
    let steps: usize = history.txns.iter().map(|txn| txn.steps.len()).sum();
    let grouped: usize = history.groups.values().map(Vec::len).sum();
    println!(
        "history: {} transactions with {steps} key operations ({} aborted by WATCH), {grouped} operations in {} \
         groups ({} undecided), checked in {:.1?}",
        history.txns.len(),
        history.aborts,
        history.groups.len(),
        groups.undecided,
        started.elapsed()
    );
    let shown = anomalies.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(anomalies.is_empty(), "SEED={seed}: {} anomalies, the first:\n{shown}", anomalies.len());
    assert!(groups.undecided * 20 <= history.groups.len(), "too many groups could not be decided");
    assert!(history.txns.len() > 100, "hardly anything was sent");
}
