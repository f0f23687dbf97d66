//! Units, pieces, fragments and works over several stores, from one journal or some to the items of the merge.

use super::super::{Journal, gather, rings};
use super::{lines, poll};

/// Journals that are on, and the tap that hears of them.
fn journals<const N: usize>() -> ([Journal; N], super::super::Tap) {
    let (ports, tap) = rings(N);
    let mut ports = ports.into_iter();
    let journals = std::array::from_fn(|_| {
        let mut journal = Journal::default();
        journal.connect(ports.next().unwrap());
        journal.switch(true);
        journal
    });
    (journals, tap)
}

fn state(journal: &mut Journal, db: usize, line: &str) {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    journal.effect(db, &words);
}

/// A unit on database 0.
fn unit(journal: &mut Journal, effects: &[&str]) {
    effects.iter().for_each(|line| state(journal, 0, line));
    journal.end_unit();
}

#[test]
fn a_journal_that_is_off_says_nothing() {
    let ([mut journal], mut tap) = journals();
    journal.switch(false);
    unit(&mut journal, &["SET a 1"]);
    journal.begin_fragment();
    assert!(!journal.publish() && !journal.end_fragment(1, 1) && !journal.cut(1, 1));
    assert!(poll(&mut tap).is_empty());
    assert_eq!(tap.clock().issued(), 0);
}

#[test]
fn single_effects_on_one_database_are_one_piece() {
    let ([mut journal], mut tap) = journals();
    for line in ["SET a 1", "SET b 2", "DEL c"] {
        unit(&mut journal, &[line]);
    }
    state(&mut journal, 3, "SET d 3");
    journal.end_unit();
    unit(&mut journal, &["SET e 4"]);
    journal.end_unit();
    assert!(journal.publish());
    assert!(!journal.publish());
    assert_eq!(poll(&mut tap), ["0: SET a 1, SET b 2, DEL c", "3: SET d 3", "0: SET e 4"]);
    assert_eq!((tap.clock().issued(), tap.reached()), (1, 1));
}

#[test]
fn several_effects_of_a_command_are_one_unit() {
    let ([mut journal], mut tap) = journals();
    unit(&mut journal, &["SET a 1"]);
    unit(&mut journal, &["DEL b", "SET c 1"]);
    unit(&mut journal, &["SET d 1"]);
    state(&mut journal, 0, "DEL e");
    state(&mut journal, 5, "SET e 1");
    state(&mut journal, 5, "SET f 1");
    journal.end_unit();
    state(&mut journal, 5, "SET g 1");
    journal.end_unit();
    journal.publish();
    assert_eq!(
        poll(&mut tap),
        ["0: SET a 1", "[0: DEL b, SET c 1]", "0: SET d 1", "[0: DEL e | 5: SET e 1, SET f 1]", "5: SET g 1"]
    );
}

#[test]
fn keys_found_expired_by_the_way_are_units_by_themselves() {
    let ([mut journal], mut tap) = journals();
    state(&mut journal, 0, "DEL a");
    state(&mut journal, 0, "DEL b");
    state(&mut journal, 1, "DEL c");
    journal.end_units();
    journal.publish();
    assert_eq!(poll(&mut tap), ["0: DEL a, DEL b", "1: DEL c"]);
}

#[test]
fn the_unit_under_way_stays_behind() {
    let ([mut journal], mut tap) = journals();
    unit(&mut journal, &["SET a 1"]);
    state(&mut journal, 0, "SET b 1");
    assert!(journal.publish());
    assert_eq!(poll(&mut tap), ["0: SET a 1"]);
    assert!(!journal.publish());
    state(&mut journal, 0, "SET c 1");
    journal.end_unit();
    assert!(journal.publish());
    assert_eq!(poll(&mut tap), ["[0: SET b 1, SET c 1]"]);
}

#[test]
fn fragments_wait_for_each_other_and_come_out_as_one() {
    let ([mut a, mut b], mut tap) = journals();
    unit(&mut a, &["SET before 1"]);
    a.begin_fragment();
    state(&mut a, 0, "SET x 1");
    assert!(a.end_fragment(7, 2));
    unit(&mut a, &["SET after 1"]);
    a.publish();
    assert_eq!(poll(&mut tap), ["0: SET before 1"]);
    assert!(!tap.has_work());
    assert_eq!(tap.reached(), 1, "the fragment did not come out");
    b.begin_fragment();
    state(&mut b, 0, "SET y 1");
    b.end_fragment(7, 2);
    assert!(tap.has_work());
    assert_eq!(poll(&mut tap), ["[0: SET x 1 | 0: SET y 1]", "0: SET after 1"]);
    assert_eq!(tap.reached(), tap.clock().issued());
}

#[test]
fn fragments_with_one_effect_altogether_are_no_transaction() {
    let ([mut a, mut b], mut tap) = journals();
    for txn in 1..=2 {
        b.begin_fragment();
        if txn == 1 {
            state(&mut b, 2, "DEL k");
        }
        b.end_fragment(txn, 2);
        a.begin_fragment();
        a.end_fragment(txn, 2);
    }
    assert_eq!(poll(&mut tap), ["2: DEL k"]);
    assert_eq!(tap.reached(), 4);
}

#[test]
fn a_cut_is_at_one_place() {
    let ([mut a, mut b], mut tap) = journals();
    unit(&mut a, &["SET a 1"]);
    a.cut(9, 2);
    unit(&mut a, &["SET a 2"]);
    a.publish();
    unit(&mut b, &["SET b 1"]);
    b.publish();
    assert_eq!(poll(&mut tap), ["0: SET a 1", "0: SET b 1"]);
    unit(&mut b, &["SET b 2"]);
    b.cut(9, 2);
    assert_eq!(poll(&mut tap), ["0: SET b 2", "cut 9", "0: SET a 2"]);
}

#[test]
fn what_a_work_over_several_stores_did_is_one_unit_in_its_order() {
    let ([mut a, mut b], mut tap) = journals();
    unit(&mut a, &["SET a 1"]);
    a.publish();
    a.begin_work();
    b.begin_work();
    state(&mut b, 0, "SET x 1");
    state(&mut a, 0, "SET y 1");
    state(&mut a, 1, "SET z 1");
    state(&mut b, 0, "DEL x");
    gather(1, &mut [&mut a, &mut b]);
    assert!(!a.publish() && b.publish());
    assert_eq!(poll(&mut tap), ["0: SET a 1", "[0: SET x 1, SET y 1 | 1: SET z 1 | 0: DEL x]"]);
    a.begin_work();
    b.begin_work();
    state(&mut a, 0, "RENAME x y");
    gather(1, &mut [&mut a, &mut b]);
    assert!(!a.publish() && b.publish());
    assert_eq!(poll(&mut tap), ["0: RENAME x y"]);
    unit(&mut a, &["SET p 1"]);
    unit(&mut a, &["SET q 1"]);
    a.publish();
    assert_eq!(poll(&mut tap), ["0: SET p 1, SET q 1"], "numbering has ended");
}

#[test]
fn messages_are_stated_only_while_replicas_want_them() {
    let ([mut journal], mut tap) = journals();
    journal.message(0, &[b"PUBLISH", b"c", b"1"]);
    tap.clock().want_messages(true);
    journal.message(0, &[b"PUBLISH", b"c", b"2"]);
    journal.end_unit();
    unit(&mut journal, &["SET a 1"]);
    journal.publish();
    assert_eq!(
        poll(&mut tap),
        ["0: PUBLISH c 2", "0: SET a 1"],
        "not one piece: the file keeps only one of them"
    );
}

#[test]
fn taken_effects_know_their_units() {
    let mut journal = Journal::default();
    journal.switch(true);
    unit(&mut journal, &["SET a 1"]);
    unit(&mut journal, &["SET b 1"]);
    unit(&mut journal, &["SET c 1", "SET d 1"]);
    state(&mut journal, 0, "SET e 1");
    let taken = journal.take();
    assert_eq!(lines(&taken.bytes), ["SET a 1", "SET b 1", "SET c 1", "SET d 1", "SET e 1"]);
    assert_eq!(taken.runs.iter().map(|run| run.unit).collect::<Vec<_>>(), [0, 1, 2, 2, 3]);
    assert!(journal.is_on() && journal.take().runs.is_empty());
}
