//! The writer under each policy: what is on the disk when, and what happens when the disk refuses.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::base::prng::Prng;
use crate::io::Open;
use crate::persist::aof::read::Reader;
use crate::persist::aof::testing::Disk;
use std::path::Path;

fn at(mono_ms: u64) -> Now {
    Now { mono_ms, unix_s: 1_700_000_000 + i64::try_from(mono_ms / 1000).unwrap() }
}

fn command(words: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    crate::resp::Out::new(&mut out, crate::resp::Proto::V2).bulks(&words);
    out
}

struct World {
    disk: Disk,
    writer: Writer,
    now: Now,
    marks: u64,
}

impl World {
    fn new(policy: Policy) -> World {
        let mut world = World {
            disk: Disk::default(),
            writer: Writer::new(Rules { policy, ..Rules::default() }),
            now: at(10_000),
            marks: 0,
        };
        world.open("a");
        world
    }

    fn open(&mut self, name: &str) {
        let file = self.disk.open_file(Path::new(name), Open::Create).unwrap();
        self.writer.switch(file, 0);
    }

    /// Feeds one SET and a mark, and returns the mark.
    fn set(&mut self, value: &str) -> u64 {
        self.writer.feed(self.now, 0, &command(&["SET", "k", value]));
        self.mark()
    }

    fn mark(&mut self) -> u64 {
        self.marks += 1;
        self.writer.mark(self.marks);
        self.writer.turn(self.now, &mut self.disk);
        self.marks
    }

    fn complete(&mut self) {
        let event = self.disk.complete().expect("something is under way");
        assert!(self.writer.event(self.now, event, &mut self.disk).is_none());
    }

    fn complete_all(&mut self) {
        while self.disk.waiting() > 0 {
            self.complete();
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now = at(self.now.mono_ms + ms);
        self.writer.turn(self.now, &mut self.disk);
    }

    fn said(&mut self) -> Vec<String> {
        let said = self.writer.take_said().into_iter();
        said.filter_map(|said| match said {
            Said::Latency(..) => None,
            Said::Notice(text) => Some(format!("* {text}")),
            Said::Warning(text) => Some(format!("# {text}")),
            Said::Fatal(text) => Some(format!("! {text}")),
        })
        .collect()
    }

    /// Values of the SETs in a file, which must be sound.
    fn values(&self, name: &str) -> Vec<String> {
        let mut reader = Reader::new(self.disk.read(name).unwrap());
        let mut values = Vec::new();
        while let Some(command) = reader.next().unwrap() {
            if command.argv[0] == "SET" {
                values.push(String::from_utf8(command.argv[2].to_vec()).unwrap());
            }
        }
        values
    }
}

#[test]
fn always_releases_only_what_is_synced_and_batches_meanwhile() {
    let mut world = World::new(Policy::Always);
    let first = world.set("1");
    assert_eq!(world.disk.waiting(), 2, "append and sync go together");
    let second = world.set("2");
    let third = world.set("3");
    assert_eq!(world.disk.waiting(), 2, "the next batch gathers");
    world.complete();
    assert_eq!(world.writer.progress().released, 0);
    world.complete();
    assert_eq!(world.writer.progress(), Progress { released: first, synced: first });
    assert_eq!(world.disk.waiting(), 2);
    world.complete();
    assert!(world.writer.progress().released < second);
    world.complete();
    assert_eq!(world.writer.progress(), Progress { released: third, synced: third });
    assert_eq!(world.disk.done.iter().filter(|done| done.starts_with("append")).count(), 2);
    assert_eq!(world.values("a"), ["1", "2", "3"]);
    // Nothing new to write: a mark is released at once.
    let idle = world.mark();
    assert_eq!(world.writer.progress().released, idle);
}

#[test]
fn everysec_syncs_once_a_second() {
    let mut world = World::new(Policy::Everysec);
    world.set("1");
    world.complete_all();
    let syncs = |world: &World| world.disk.done.iter().filter(|done| done.starts_with("sync ")).count();
    assert_eq!(syncs(&world), 1, "the last sync is long ago");
    for _ in 0..9 {
        world.pass(100);
        world.set("x");
        world.complete_all();
    }
    assert_eq!(syncs(&world), 1);
    let last = world.marks;
    assert!(world.writer.progress().synced < last);
    world.pass(100);
    world.complete_all();
    assert_eq!(syncs(&world), 2);
    assert_eq!(world.writer.progress().synced, last);
    world.pass(5_000);
    assert_eq!(world.disk.waiting(), 0, "nothing new to sync");
}

#[test]
fn no_leaves_syncs_to_the_kernel() {
    let mut world = World::new(Policy::No);
    let mark = world.set("1");
    world.complete_all();
    world.pass(100_000);
    assert_eq!(world.disk.waiting(), 0);
    assert_eq!(world.writer.progress(), Progress { released: mark, synced: 0 });
}

#[test]
fn an_append_waits_two_seconds_for_a_slow_sync() {
    let mut world = World::new(Policy::Everysec);
    world.set("1");
    world.complete();
    assert_eq!(world.disk.waiting(), 1, "the sync runs");
    world.set("2");
    for _ in 0..19 {
        world.pass(100);
        assert_eq!(world.disk.waiting(), 1);
    }
    assert_eq!(world.writer.delayed_syncs(), 0);
    world.pass(100);
    assert_eq!(world.disk.waiting(), 2);
    assert_eq!(world.writer.delayed_syncs(), 1);
    assert!(
        world.said()[0].starts_with("* Asynchronous AOF fsync is taking too long (disk is busy?). Writing")
    );
}

#[test]
fn a_short_write_is_cut_off_refused_and_tried_again() {
    let mut world = World::new(Policy::Everysec);
    world.set("1");
    world.complete_all();
    let whole = world.disk.read("a").unwrap().len();
    world.disk.fail_append = Some((7, libc::ENOSPC));
    world.set("2");
    world.set("3");
    world.complete();
    assert_eq!(world.disk.read("a").unwrap().len(), whole);
    assert_eq!(world.writer.error(), Some(libc::ENOSPC));
    let len = command(&["SET", "k", "2"]).len();
    assert_eq!(
        world.said(),
        [format!("# Short write while writing to the AOF file: (nwritten=7, expected={len})")]
    );
    world.disk.fail_append = Some((0, libc::EIO));
    world.pass(999);
    assert_eq!(world.disk.waiting(), 0, "not before a second is over");
    world.pass(1);
    world.complete();
    assert_eq!(world.writer.error(), Some(libc::EIO));
    assert!(world.said().is_empty(), "complaints are rare");
    world.pass(1_000);
    world.complete_all();
    assert_eq!(world.writer.error(), None);
    assert_eq!(world.said(), ["* AOF write error looks solved, Redis can write again."]);
    assert_eq!(world.values("a"), ["1", "2", "3"]);
    world.pass(60_000);
    world.disk.fail_append = Some((0, libc::EIO));
    world.set("4");
    world.complete();
    assert_eq!(world.said(), ["# Error writing to the AOF file: Input/output error"]);
}

#[test]
fn what_cannot_be_cut_off_is_gone_on_with() {
    let mut world = World::new(Policy::Everysec);
    (world.disk.fail_append, world.disk.fail_truncate) = (Some((7, libc::ENOSPC)), true);
    world.set("1");
    world.complete();
    assert!(
        world.said()[1].starts_with("# Could not remove short write from the append-only file.  Redis may")
    );
    world.pass(1_000);
    world.complete_all();
    assert_eq!(world.values("a"), ["1"]);
}

#[test]
fn failures_are_fatal_under_always() {
    let mut world = World::new(Policy::Always);
    world.disk.fail_append = Some((0, libc::EIO));
    let mark = world.set("1");
    world.complete_all();
    assert_eq!(
        world.said(),
        [
            "# Error writing to the AOF file: Input/output error",
            "! Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."
        ]
    );
    assert!(world.writer.progress().released < mark);

    let mut world = World::new(Policy::Always);
    world.disk.fail_sync = Some(libc::EIO);
    let mark = world.set("1");
    world.complete_all();
    assert!(world.said()[0].starts_with(
        "! Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting..."
    ));
    assert!(world.writer.progress().released < mark);
}

#[test]
fn a_failed_sync_refuses_writes_until_one_succeeds() {
    let mut world = World::new(Policy::Everysec);
    world.disk.fail_sync = Some(libc::EIO);
    world.set("1");
    world.complete_all();
    assert_eq!(world.writer.error(), Some(libc::EIO));
    assert_eq!(world.said(), ["# Fail to fsync the AOF file: Input/output error"]);
    world.pass(1_000);
    world.complete_all();
    assert_eq!(world.writer.error(), None);
    assert_eq!(world.writer.progress().synced, world.marks);
}

#[test]
fn syncs_are_spared_while_a_snapshot_is_written_if_wanted() {
    let mut world = World::new(Policy::Always);
    world.writer.set_rules(Rules {
        policy: Policy::Always,
        is_saving: true,
        spare_disk: true,
        ..Rules::default()
    });
    let mark = world.set("1");
    assert_eq!(world.disk.waiting(), 1);
    world.complete();
    assert_eq!(world.writer.progress(), Progress { released: mark, synced: 0 });
    world.writer.set_rules(Rules { policy: Policy::Always, spare_disk: true, ..Rules::default() });
    world.pass(100);
    world.complete_all();
    assert_eq!(world.writer.progress().synced, mark);
}

#[test]
fn a_new_file_waits_until_the_old_one_is_durable() {
    let mut world = World::new(Policy::Everysec);
    world.set("1");
    world.complete_all();
    world.set("2");
    world.open("b");
    world.set("3");
    world.set("4");
    assert_eq!(world.disk.waiting(), 1, "the old file's append");
    world.complete();
    assert_eq!(world.disk.done.last().unwrap(), &format!("append 0 {}", command(&["SET", "k", "2"]).len()));
    assert!(world.disk.read("b").unwrap().is_empty());
    world.complete();
    assert_eq!(world.disk.done.last().unwrap(), "sync 0");
    assert_eq!(world.disk.closed, [FileId(0)]);
    world.complete_all();
    assert_eq!(
        (world.values("a"), world.values("b")),
        (vec!["1".into(), "2".into()], vec!["3".into(), "4".into()])
    );
    assert!(world.disk.read("b").unwrap().starts_with(b"*2\r\n$6\r\nSELECT\r\n"), "the new file selects");
    assert_eq!(world.writer.last_size(), world.disk.read("b").unwrap().len() as u64);
}

#[test]
fn finishing_writes_syncs_and_closes() {
    let mut world = World::new(Policy::No);
    let mark = world.set("1");
    world.writer.finish();
    world.writer.feed(world.now, 0, b"late");
    world.complete_all();
    world.pass(0);
    world.complete_all();
    assert!(world.writer.is_idle());
    assert_eq!(world.disk.closed, [FileId(0)]);
    assert_eq!(world.writer.progress().synced, mark);
    assert_eq!(world.values("a"), ["1"]);
    // Without a file nobody waits.
    let later = world.mark();
    assert_eq!(world.writer.progress().released, later);
}

#[test]
fn timestamps_are_noted_when_wanted() {
    let mut world = World::new(Policy::No);
    world.writer.set_rules(Rules { policy: Policy::No, timestamps: true, ..Rules::default() });
    world.set("1");
    world.set("2");
    world.pass(1_000);
    world
        .writer
        .feed_unit(world.now, [(0, &command(&["SET", "k", "3"])[..]), (1, &command(&["SET", "k", "4"]))]);
    world.mark();
    world.complete_all();
    let text = String::from_utf8(world.disk.read("a").unwrap().to_vec()).unwrap();
    assert!(text.starts_with("#TS:1700000010\r\n*2\r\n$6\r\nSELECT"));
    assert_eq!(text.matches("#TS:").count(), 2);
    assert!(text.contains("#TS:1700000011\r\n*1\r\n$5\r\nMULTI\r\n"));
    assert_eq!(world.values("a"), ["1", "2", "3", "4"]);
}

/// Random loads, policies, delays, failures and rewrites, then a power failure: what was released is there, nothing is
/// torn, and files before the last are whole.
#[test]
fn what_was_released_survives_a_power_failure() {
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut random = Prng::new(seed);
    for round in 0..400 {
        let policy = [Policy::Always, Policy::Everysec, Policy::No][round % 3];
        let mut world = World::new(policy);
        world.disk.sync_dir(Path::new("")).unwrap();
        let mut names = vec!["a".to_owned()];
        let mut marked = Vec::new();
        for step in 0..random.below(60) {
            match random.below(10) {
                0..=3 => {
                    let value = format!("{step}");
                    let mark = world.set(&value);
                    marked.push((mark, value));
                }
                4..=6 if world.disk.waiting() > 0 => world.complete(),
                7 => world.pass(random.below(1500)),
                8 if policy != Policy::Always && random.one_in(2) => {
                    world.disk.fail_append = Some((random.index(30), libc::ENOSPC));
                }
                9 if names.len() < 5 => {
                    let name = format!("{}", names.len());
                    world.open(&name);
                    world.disk.sync_dir(Path::new("")).unwrap();
                    names.push(name);
                }
                _ => {}
            }
        }
        let progress = world.writer.progress();
        let promised = if policy == Policy::Always { progress.released } else { progress.synced };
        world.disk.power_failure();
        let found: Vec<String> = names.iter().flat_map(|name| world.values(name)).collect();
        let all: Vec<&String> = marked.iter().map(|(_, value)| value).collect();
        assert!(
            all.len() >= found.len() && all.iter().zip(&found).all(|(a, b)| *a == b),
            "{found:?} of {all:?}"
        );
        let promised = marked.iter().filter(|(mark, _)| *mark <= promised).count();
        assert!(found.len() >= promised, "{policy:?}: {} of {promised} promised are there", found.len());
    }
}
