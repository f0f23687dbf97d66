//! The race for a blocked client: several shards that may serve it, its home that may end its wait, and whoever unblocks
//! it. On real threads, and with `--features model` under shuttle's scheduler.
//!
//! The world is the protocol of `shard::blocked` reduced to what the claim decides. Each key holds tokens; a shard that
//! added one takes the claim and, if it still finds a token, pops it for the client. A shard whose key was emptied by
//! somebody else finds none and puts the client back. Checked are:
//! - exactly one answer, be it a token or a reason;
//! - a token is gone only if the client got it (nothing is popped for a client whose end came first);
//! - no lost wake: a client that waits on at the end has no token lying under any of its keys.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[cfg(feature = "model")]
use shuttle::{
    sync::{Arc, Mutex, mpsc},
    thread,
};
#[cfg(not(feature = "model"))]
use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
};

#[derive(Debug, PartialEq, Eq)]
enum Mail {
    /// To a shard: look at your key.
    Look,
    /// A shard had this token for the client.
    Served(u32),
    /// A shard found nothing, and the wait had been ended.
    Nothing,
}

/// One shard's key.
struct Key {
    tokens: Mutex<Vec<u32>>,
    /// Some clients that do not block take what they find: the shard's next look then comes too late.
    thief: bool,
}

/// What a shard does when its key is ready; returns whether other shards must look again.
fn serve(claim: &Claim, key: &Key, home: &mpsc::Sender<Mail>) -> bool {
    if key.tokens.lock().unwrap().is_empty() || claim.take() != Take::Mine {
        return false;
    }
    // The command runs: on a real shard nothing comes between the look and this, but with XREADGROUP there may be an
    // entry that is not for this client.
    if key.thief {
        key.tokens.lock().unwrap().clear();
    }
    let token = key.tokens.lock().unwrap().pop();
    if let Some(token) = token {
        claim.served();
        home.send(Mail::Served(token)).unwrap();
        return false;
    }
    match claim.put_back() {
        Back::Waits => false,
        Back::Missed => true,
        Back::Ended(_) => {
            home.send(Mail::Nothing).unwrap();
            false
        }
    }
}

/// `shards` shards, of which every second has a thief; `ends` end the wait with these reasons.
fn race(shards: u32, ends: &'static [Reason]) {
    let claim = Arc::new(Claim::new());
    let keys: Arc<Vec<Key>> = Arc::new(
        (0..shards).map(|i| Key { tokens: Mutex::new(Vec::new()), thief: i % 2 == 1 }).collect::<Vec<_>>(),
    );
    let (home, inbox) = mpsc::channel();
    let (looks, mailboxes): (Vec<_>, Vec<_>) = (0..shards).map(|_| mpsc::channel()).unzip();
    let mut threads = Vec::new();
    for (i, mailbox) in mailboxes.into_iter().enumerate() {
        let (claim, keys, home, looks) = (claim.clone(), keys.clone(), home.clone(), looks.clone());
        threads.push(thread::spawn(move || {
            let tell = || {
                for (j, look) in looks.iter().enumerate().filter(|(j, _)| *j != i) {
                    let _ = (j, look.send(Mail::Look));
                }
            };
            keys[i].tokens.lock().unwrap().push(u32::try_from(i).unwrap());
            if serve(&claim, &keys[i], &home) {
                tell();
            }
            drop(looks);
            (i, mailbox)
        }));
    }
    let answers: Vec<_> = ends
        .iter()
        .map(|&reason| {
            let claim = claim.clone();
            thread::spawn(move || (reason, claim.end(reason)))
        })
        .collect();
    drop((home, looks));
    let mailboxes: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let ends: Vec<_> = answers.into_iter().map(|t| t.join().unwrap()).collect();
    let mut mail: Vec<Mail> = inbox.iter().collect();
    // Shards that were told to look do so now; without thieves they find what they have.
    let (late, late_inbox) = mpsc::channel();
    for (i, mailbox) in &mailboxes {
        if mailbox.try_iter().next().is_some() {
            serve(&claim, &keys[*i], &late);
        }
    }
    drop(late);
    mail.extend(late_inbox.iter());
    judge(&claim, &keys, &mail, &ends);
}

fn judge(claim: &Claim, keys: &[Key], mail: &[Mail], ends: &[(Reason, End)]) {
    let won = ends.iter().filter(|(_, end)| *end == End::Won).count();
    let noted: Vec<Reason> = ends.iter().filter(|(_, e)| *e == End::Noted(true)).map(|(r, _)| *r).collect();
    let served: Vec<u32> =
        mail.iter().filter_map(|m| if let Mail::Served(t) = m { Some(*t) } else { None }).collect();
    let nothing = mail.iter().filter(|m| **m == Mail::Nothing).count();
    assert!(won + served.len() + nothing <= 1, "two answers: {won} {served:?} {nothing}");
    assert!(noted.len() <= 1, "two first reasons: {noted:?}");
    if nothing == 1 {
        assert_eq!(claim.reason(), noted.first().copied(), "the first reason counts");
    }
    if !ends.is_empty() {
        assert_eq!(won + served.len() + nothing, 1, "no answer: {ends:?}");
    }
    for (i, key) in keys.iter().enumerate().filter(|(_, key)| !key.thief) {
        let popped = key.tokens.lock().unwrap().is_empty();
        let got = served.contains(&u32::try_from(i).unwrap());
        assert_eq!(popped, got, "token {i} popped: {popped}, delivered: {got}");
    }
    assert_eq!(claim.is_done(), won + served.len() + nothing == 1);
    if !claim.is_done() {
        let left = keys.iter().any(|k| !k.thief && !k.tokens.lock().unwrap().is_empty());
        assert!(!left, "the client sleeps over a token");
    }
}

const TIMEOUT_AND_KILL: &[Reason] = &[Reason::Timeout, Reason::Gone];

#[cfg(not(feature = "model"))]
#[test]
fn one_answer_under_real_threads() {
    for _ in 0..2_000 {
        race(3, TIMEOUT_AND_KILL);
        race(4, &[]);
    }
}

#[cfg(feature = "model")]
mod model {
    use super::*;

    /// `MODEL_ITERATIONS`, or few enough for every test run.
    fn iterations() -> usize {
        std::env::var("MODEL_ITERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
    }

    #[test]
    fn claim_with_ends_under_random_schedules() {
        shuttle::check_random(|| race(2, TIMEOUT_AND_KILL), iterations());
        shuttle::check_random(|| race(3, &[Reason::Error]), iterations());
    }

    #[test]
    fn claim_without_ends_under_random_schedules() {
        shuttle::check_random(|| race(3, &[]), iterations());
    }

    #[test]
    fn claim_under_prioritised_schedules() {
        shuttle::check_pct(|| race(3, TIMEOUT_AND_KILL), iterations(), 4);
        shuttle::check_pct(|| race(4, &[]), iterations(), 4);
    }

    /// The word must keep that a shard found the client busy: without it the client sleeps over a token.
    #[test]
    fn a_forgotten_miss_is_caught() {
        let forgetful = || {
            let claim = Arc::new(Claim::new());
            let lost = Arc::new(Mutex::new(false));
            let busy = {
                let claim = claim.clone();
                thread::spawn(move || if claim.take() == Take::Mine { claim.put_back() } else { Back::Waits })
            };
            let other = {
                let (claim, lost) = (claim.clone(), lost.clone());
                thread::spawn(move || *lost.lock().unwrap() = claim.take() == Take::Busy)
            };
            let back = busy.join().unwrap();
            other.join().unwrap();
            // Deliberately blind to `Missed`.
            assert!(!*lost.lock().unwrap() || back == Back::Waits, "the miss was seen");
        };
        assert!(std::panic::catch_unwind(|| shuttle::check_random(forgetful, 10_000)).is_err());
    }
}

#[cfg(not(feature = "model"))]
mod steps {
    use super::*;

    #[test]
    fn a_client_that_is_put_back_can_be_claimed_again() {
        let claim = Claim::new();
        assert_eq!((claim.take(), claim.take()), (Take::Mine, Take::Busy));
        assert_eq!(claim.put_back(), Back::Missed);
        assert_eq!((claim.take(), claim.put_back()), (Take::Mine, Back::Waits));
        assert!(!claim.is_done());
        assert_eq!(claim.take(), Take::Mine);
        claim.served();
        assert!(claim.is_done() && claim.reason().is_none());
        assert_eq!((claim.take(), claim.end(Reason::Timeout)), (Take::Done, End::Over));
    }

    #[test]
    fn the_first_reason_counts() {
        let claim = Claim::new();
        assert_eq!(claim.take(), Take::Mine);
        assert_eq!(claim.end(Reason::Error), End::Noted(true));
        assert_eq!(claim.end(Reason::Gone), End::Noted(false));
        assert_eq!(claim.put_back(), Back::Ended(Reason::Error));
        assert_eq!((claim.reason(), claim.take()), (Some(Reason::Error), Take::Done));
        let claim = Claim::new();
        assert_eq!((claim.end(Reason::Forced), claim.end(Reason::Gone)), (End::Won, End::Over));
        assert_eq!((claim.reason(), claim.take()), (Some(Reason::Forced), Take::Done));
    }
}
