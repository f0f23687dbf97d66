//! The checker checked: hand-made histories with each anomaly, which it must find, and sound ones, which it
//! must accept.

use super::groups::{self, Command, Operation, Outcome, Verdict};
use super::record::{Action, Step, Txn};
use super::{check_groups, check_txns};
use Action::{Append, Read, ReadList, Write};

/// A transaction: client, invoked, returned, steps.
fn txn(client: usize, invoked: u64, returned: u64, steps: &[(&str, Action)]) -> Txn {
    let steps = steps.iter().map(|(key, action)| Step { key: (*key).to_string(), action: action.clone() });
    Txn { client, invoked, returned, steps: steps.collect(), committed: true }
}

fn accepts(txns: &[Txn]) {
    let found = check_txns(txns);
    assert!(found.is_empty(), "a sound history is refused: {found:?}");
}

fn finds(txns: &[Txn], text: &str) {
    let found = check_txns(txns).join("\n");
    assert!(found.contains(text), "expected {text:?} in: {found:?}");
}

#[test]
fn sound_histories_are_accepted() {
    accepts(&[]);
    accepts(&[
        txn(0, 1, 2, &[("r", Write(1, None))]),
        txn(1, 3, 4, &[("r", Read(1))]),
        txn(0, 5, 6, &[("r", Write(2, Some(1)))]),
        txn(1, 7, 8, &[("r", Read(2)), ("x", Read(0))]),
    ]);
    accepts(&[
        txn(0, 1, 4, &[("l", Append(1, 0))]),
        txn(1, 2, 3, &[("l", Append(2, 1))]),
        txn(2, 5, 6, &[("l", ReadList(vec![1, 2]))]),
    ]);
}

#[test]
fn aborted_transactions_leave_no_trace() {
    let mut aborted = txn(1, 5, 6, &[("l", Append(9, 0)), ("r", Write(8, None))]);
    aborted.committed = false;
    accepts(&[
        txn(0, 1, 2, &[("l", Append(1, 0)), ("r", Write(2, None))]),
        aborted,
        txn(2, 7, 8, &[("l", ReadList(vec![1])), ("r", Read(2))]),
    ]);
}

#[test]
fn concurrent_operations_may_take_effect_in_either_order() {
    // A read that overlaps a write may miss it even when another overlapping read saw it earlier in the text.
    accepts(&[
        txn(0, 1, 10, &[("r", Write(1, None))]),
        txn(1, 2, 9, &[("r", Read(1))]),
        txn(2, 3, 8, &[("r", Read(0))]),
    ]);
    // Two blind writes at once, then reads that agree on the winner.
    accepts(&[
        txn(0, 1, 10, &[("r", Write(1, None))]),
        txn(1, 2, 9, &[("r", Write(2, None))]),
        txn(2, 11, 12, &[("r", Read(1))]),
    ]);
    // A write that overlaps a long-lived version of another writer.
    accepts(&[
        txn(0, 1, 2, &[("r", Write(1, None))]),
        txn(1, 3, 20, &[("r", Write(2, None))]),
        txn(2, 4, 5, &[("r", Read(1))]),
        txn(2, 6, 7, &[("r", Read(1))]),
        txn(2, 21, 22, &[("r", Read(2))]),
    ]);
}

#[test]
fn a_stale_read_is_found() {
    finds(
        &[
            txn(0, 1, 2, &[("r", Write(1, None))]),
            txn(0, 3, 4, &[("r", Write(2, Some(1)))]),
            txn(1, 5, 6, &[("r", Read(1))]),
        ],
        "cycle",
    );
}

#[test]
fn a_stale_read_after_a_blind_write_is_found() {
    finds(
        &[
            txn(0, 1, 2, &[("r", Write(1, None))]),
            txn(0, 3, 4, &[("r", Write(2, None))]),
            txn(1, 5, 6, &[("r", Read(1))]),
        ],
        "cycle",
    );
    finds(&[txn(0, 1, 2, &[("r", Write(1, None))]), txn(1, 3, 4, &[("r", Read(0))])], "cycle");
}

#[test]
fn reads_that_go_back_in_time_are_found() {
    finds(
        &[
            txn(0, 1, 20, &[("r", Write(1, None))]),
            txn(1, 2, 3, &[("r", Read(1))]),
            txn(1, 4, 5, &[("r", Read(0))]),
        ],
        "cycle",
    );
}

#[test]
fn two_clients_that_see_two_writes_in_different_orders_are_found() {
    finds(
        &[
            txn(0, 1, 20, &[("x", Write(1, Some(0)))]),
            txn(1, 1, 20, &[("y", Write(2, Some(0)))]),
            txn(2, 2, 10, &[("x", Read(1)), ("y", Read(0))]),
            txn(3, 2, 10, &[("x", Read(0)), ("y", Read(2))]),
        ],
        "cycle",
    );
}

#[test]
fn write_skew_is_found() {
    finds(
        &[
            txn(0, 1, 10, &[("x", Read(0)), ("y", Write(1, Some(0)))]),
            txn(1, 1, 10, &[("y", Read(0)), ("x", Write(2, Some(0)))]),
        ],
        "cycle",
    );
}

#[test]
fn half_a_multi_key_write_is_found() {
    finds(
        &[
            txn(0, 1, 10, &[("x", Write(1, Some(0))), ("y", Write(2, Some(0)))]),
            txn(1, 2, 9, &[("x", Read(1)), ("y", Read(0))]),
        ],
        "cycle",
    );
    // The same with blind writes over older ones.
    finds(
        &[
            txn(0, 1, 2, &[("x", Write(1, None)), ("y", Write(2, None))]),
            txn(0, 3, 10, &[("x", Write(3, None)), ("y", Write(4, None))]),
            txn(1, 4, 9, &[("x", Read(3)), ("y", Read(2))]),
        ],
        "cycle",
    );
}

#[test]
fn a_lost_update_is_found() {
    finds(
        &[
            txn(0, 1, 10, &[("r", Read(0)), ("r", Write(1, None))]),
            txn(1, 1, 10, &[("r", Read(0)), ("r", Write(2, None))]),
        ],
        "lost update",
    );
    finds(
        &[txn(0, 1, 10, &[("c", Write(1, Some(0)))]), txn(1, 1, 10, &[("c", Write(1, Some(0)))])],
        "written twice",
    );
}

#[test]
fn lost_and_duplicate_appends_are_found() {
    finds(&[txn(0, 1, 10, &[("l", Append(1, 0))]), txn(1, 1, 10, &[("l", Append(2, 0))])], "lost append");
    finds(&[txn(0, 1, 10, &[("l", Append(1, 1))])], "nothing at 0");
    finds(
        &[
            txn(0, 1, 2, &[("l", Append(1, 0))]),
            txn(0, 3, 4, &[("l", Append(2, 1))]),
            txn(1, 5, 6, &[("l", ReadList(vec![1]))]),
        ],
        "cycle",
    );
    finds(
        &[txn(0, 1, 2, &[("l", Append(1, 0))]), txn(1, 3, 4, &[("l", ReadList(vec![1, 1]))])],
        "at place 1",
    );
}

#[test]
fn dirty_and_impossible_reads_are_found() {
    let mut aborted = txn(0, 1, 2, &[("r", Write(1, None))]);
    aborted.committed = false;
    finds(&[aborted, txn(1, 3, 4, &[("r", Read(1))])], "aborted write");
    finds(&[txn(1, 3, 4, &[("r", Read(7))])], "nobody wrote");
    finds(
        &[txn(0, 1, 10, &[("r", Write(1, None)), ("r", Write(2, Some(1)))]), txn(1, 2, 9, &[("r", Read(1))])],
        "intermediate version",
    );
    finds(
        &[txn(0, 1, 10, &[("r", Write(1, None))]), txn(1, 2, 9, &[("r", Read(0)), ("r", Read(1))])],
        "within a transaction",
    );
}

fn operation(invoked: u64, returned: u64, commands: &[(Command, Outcome)]) -> Operation {
    Operation { client: 0, invoked, returned, commands: commands.to_vec() }
}

#[test]
fn groups_are_searched_for_an_order() {
    let won = |invoked, returned, value| {
        let command = Command::MSetNx(vec![(0, value), (1, value)]);
        operation(invoked, returned, &[(command, Outcome::Count(1))])
    };
    let renamed = operation(5, 6, &[(Command::Rename(0, 2), Outcome::Done)]);
    let read =
        |values: &[u32]| operation(7, 8, &[(Command::MGet(vec![0, 1, 2]), Outcome::Values(values.to_vec()))]);
    let sound = [won(1, 2, 7), renamed.clone(), read(&[0, 7, 7])];
    assert_eq!(groups::check(&sound), Verdict::Linearizable);
    // Two winners, a value in two places after RENAME, a vanished value.
    assert_eq!(groups::check(&[won(1, 4, 7), won(2, 3, 8)]), Verdict::Anomaly);
    assert_eq!(groups::check(&[won(1, 2, 7), renamed.clone(), read(&[7, 7, 7])]), Verdict::Anomaly);
    assert_eq!(groups::check(&[won(1, 2, 7), renamed, read(&[0, 7, 0])]), Verdict::Anomaly);
    // Overlapping: a read may fall before or after, never between the halves.
    let between = operation(1, 4, &[(Command::MGet(vec![0, 1]), Outcome::Values(vec![7, 0]))]);
    assert_eq!(groups::check(&[won(1, 4, 7), between]), Verdict::Anomaly);
    assert_eq!(check_groups(&std::iter::once((0, sound.to_vec())).collect()).anomalies.len(), 0);
}

#[test]
fn a_hundred_thousand_operations_are_checked_in_seconds() {
    let start = std::time::Instant::now();
    let mut txns = Vec::new();
    let mut last = [0; 4];
    for n in 1..=100_000_u64 {
        let at = (n % 4) as usize;
        let key = ["a", "b", "c", "d"][at];
        let previous = if n % 3 == 0 { None } else { Some(last[at]) };
        txns.push(txn(0, n * 10, n * 10 + 25, &[(key, Write(n, previous))]));
        last[at] = n;
    }
    accepts(&txns);
    assert!(start.elapsed().as_secs() < 20, "checking took {:?}", start.elapsed());
}
