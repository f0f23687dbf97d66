//! The disk by itself: what a power loss may take and what it may not, order of answers, failures on demand.

use crate::base::prng::Prng;
use crate::io::sim::{Disk, DiskOp, SimDriver, Weather, World};
use crate::io::{Driver, Event, FileEvent, FileId, Files, Open, Wait};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

const LOG: &str = "dir/log";

fn machine(seed: u64, weather: Weather) -> (World, SimDriver) {
    let world = World::new(seed, 1, weather).unwrap();
    world.disk(|disk| disk.make_dir(Path::new("dir")));
    let driver = world.driver(0);
    (world, driver)
}

/// Turns until nothing is under way; gives the file events.
fn settle(world: &World, driver: &mut SimDriver) -> Vec<FileEvent> {
    let (mut all, mut events) = (Vec::new(), Vec::new());
    loop {
        driver.turn(Wait::Never, &mut events).unwrap();
        for event in events.drain(..) {
            let Event::File(event) = event else { panic!("only files here") };
            all.push(event);
        }
        match world.due_ns() {
            Some(due) => world.advance(due),
            None if world.is_due(0) => {}
            None => return all,
        }
    }
}

fn told(events: &[FileEvent]) -> Vec<String> {
    let code = |r: &io::Result<()>| r.as_ref().err().map_or(0, |e| e.raw_os_error().unwrap_or(-1));
    let one = |e: &FileEvent| match e {
        FileEvent::Written { bytes, result, .. } => format!("w{bytes}/{}", code(result)),
        FileEvent::Synced { result, .. } => format!("s/{}", code(result)),
    };
    events.iter().map(one).collect()
}

fn append(driver: &mut SimDriver, file: FileId, bytes: &[u8]) {
    driver.append(file, bytes.to_vec());
}

/// What `LOG` holds after a power loss, for many of them from the same moment.
fn after_crashes(world: &World) -> Vec<Option<Vec<u8>>> {
    (0..400).map(|_| world.crash().content(Path::new(LOG)).map(<[u8]>::to_vec)).collect()
}

#[test]
fn a_crash_keeps_what_was_synced_and_tears_the_rest_at_any_byte() {
    let (world, mut driver) = machine(1, Weather::calm());
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    driver.sync_dir(Path::new("dir")).unwrap();
    append(&mut driver, file, b"durable ");
    driver.sync(file, true);
    settle(&world, &mut driver);
    append(&mut driver, file, b"abc");
    append(&mut driver, file, b"def");
    settle(&world, &mut driver);
    let seen: BTreeSet<_> = after_crashes(&world).into_iter().map(Option::unwrap).collect();
    let whole = b"durable abcdef";
    let expected: BTreeSet<_> = (8..=whole.len()).map(|len| whole[..len].to_vec()).collect();
    assert_eq!(seen, expected);
    assert_eq!(world.shut_down().content(Path::new(LOG)).unwrap(), whole);
}

#[test]
fn a_name_is_durable_with_its_directory_and_not_with_its_file() {
    let (world, mut driver) = machine(2, Weather::calm());
    let file = driver.open_file(Path::new("dir/temp"), Open::Create).unwrap();
    append(&mut driver, file, b"new");
    driver.sync(file, false);
    settle(&world, &mut driver);
    driver.rename(Path::new("dir/temp"), Path::new(LOG)).unwrap();
    assert_eq!(world.disk(|d| d.names(Path::new("dir"))), ["log"]);
    let names: BTreeSet<_> = (0..100).map(|_| world.crash().names(Path::new("dir"))).collect();
    let expected = [vec![], vec!["log".to_string()], vec!["temp".to_string()]];
    assert_eq!(names, expected.into_iter().collect());
    driver.sync_dir(Path::new("dir")).unwrap();
    assert!(after_crashes(&world).iter().all(|content| content.as_deref() == Some(b"new")));
    // A rename over it, not synced: the old content or the new one, never neither.
    let other = driver.open_file(Path::new("./dir/temp"), Open::Create).unwrap();
    append(&mut driver, other, b"newer");
    driver.sync(other, false);
    settle(&world, &mut driver);
    driver.rename(Path::new("dir/temp"), Path::new("./dir/log")).unwrap();
    let seen: BTreeSet<_> = after_crashes(&world).into_iter().map(Option::unwrap).collect();
    assert_eq!(seen, [b"new".to_vec(), b"newer".to_vec()].into_iter().collect());
    driver.remove(Path::new(LOG)).unwrap();
    driver.sync_dir(Path::new("dir")).unwrap();
    assert!(after_crashes(&world).iter().all(Option::is_none));
}

#[test]
fn a_rename_before_the_sync_of_the_file_may_leave_any_part_of_it() {
    let (world, mut driver) = machine(3, Weather::calm());
    let file = driver.open_file(Path::new("dir/temp"), Open::Create).unwrap();
    append(&mut driver, file, b"ab");
    settle(&world, &mut driver);
    driver.rename(Path::new("dir/temp"), Path::new(LOG)).unwrap();
    driver.sync_dir(Path::new("dir")).unwrap();
    let seen: BTreeSet<_> = after_crashes(&world).into_iter().map(Option::unwrap).collect();
    assert_eq!(seen, [b"".to_vec(), b"a".to_vec(), b"ab".to_vec()].into_iter().collect());
}

#[test]
fn a_new_directory_takes_its_files_with_it() {
    let (world, mut driver) = machine(4, Weather::calm());
    driver.create_dir(Path::new("dir/sub")).unwrap();
    driver.open_file(Path::new("dir/sub/file"), Open::Append).unwrap();
    driver.sync_dir(Path::new("dir/sub")).unwrap();
    let is_there = |disk: Disk| disk.content(Path::new("dir/sub/file")).is_some();
    let seen: BTreeSet<_> = (0..100).map(|_| is_there(world.crash())).collect();
    assert_eq!(seen.len(), 2);
    driver.sync_dir(Path::new("dir")).unwrap();
    assert!((0..100).all(|_| is_there(world.crash())));
}

#[test]
fn a_cut_that_was_not_synced_may_not_have_happened() {
    let (world, mut driver) = machine(5, Weather::calm());
    world.disk(|disk| disk.put(Path::new(LOG), b"whole"));
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    driver.truncate(file, 2).unwrap();
    append(&mut driver, file, b"X");
    settle(&world, &mut driver);
    assert_eq!(driver.read_file(Path::new(LOG), 99).unwrap(), b"whX");
    let seen: BTreeSet<_> = after_crashes(&world).into_iter().map(Option::unwrap).collect();
    assert_eq!(seen, [b"wh".to_vec(), b"whX".to_vec(), b"whole".to_vec()].into_iter().collect());
}

#[test]
fn a_disk_gets_full_after_so_many_bytes() {
    let (world, mut driver) = machine(6, Weather::calm());
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    world.disk(|disk| disk.set_room(Some(7)));
    for part in [b"12345", b"67890", b"abcde"] {
        append(&mut driver, file, part);
        driver.sync(file, true);
    }
    let events = settle(&world, &mut driver);
    let (full, behind) = (libc::ENOSPC, libc::ECANCELED);
    let mut answers = told(&events);
    answers.sort_unstable();
    let mut expected = ["w5/0", "s/0"].map(String::from).to_vec();
    expected.extend([
        format!("w2/{full}"),
        format!("w0/{behind}"),
        format!("s/{behind}"),
        format!("s/{behind}"),
    ]);
    expected.sort_unstable();
    assert_eq!(answers, expected);
    assert_eq!(driver.file_len(Path::new(LOG)).unwrap(), 7);
    world.disk(|disk| disk.set_room(None));
    driver.truncate(file, 5).unwrap();
    append(&mut driver, file, b"67890");
    driver.sync(file, true);
    assert_eq!(told(&settle(&world, &mut driver)), ["w5/0", "s/0"]);
    driver.sync_dir(Path::new("dir")).unwrap();
    assert!(after_crashes(&world).iter().all(|content| content.as_deref() == Some(b"1234567890")));
}

#[test]
fn a_failed_sync_leaves_its_bytes_in_doubt_for_good() {
    let (world, mut driver) = machine(7, Weather::calm());
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    driver.sync_dir(Path::new("dir")).unwrap();
    append(&mut driver, file, b"lost");
    settle(&world, &mut driver);
    world.disk(|disk| disk.fail_next(DiskOp::Sync, libc::EIO));
    driver.sync(file, true);
    assert_eq!(told(&settle(&world, &mut driver)), [format!("s/{}", libc::EIO)]);
    append(&mut driver, file, b"kept");
    settle(&world, &mut driver);
    assert_eq!(driver.read_file(Path::new(LOG), 99).unwrap(), b"lostkept");
    let mut last = BTreeSet::new();
    for _ in 0..50 {
        last.insert(world.shut_down().content(Path::new(LOG)).unwrap().to_vec());
    }
    // Each append is one change, or several if it was cut short: never are bytes moved.
    assert!(last.len() > 1 && last.iter().all(|c| c.len() == 8 && c.ends_with(b"kept")));
    driver.sync(file, true);
    assert_eq!(told(&settle(&world, &mut driver)), ["s/0"]);
    assert!(after_crashes(&world).iter().flatten().all(|c| c.ends_with(b"kept")));
}

#[test]
fn each_operation_fails_once_if_told_to() {
    let (world, mut driver) = machine(8, Weather::calm());
    let (dir, log) = (Path::new("dir"), Path::new(LOG));
    let all =
        [DiskOp::Open, DiskOp::Rename, DiskOp::Remove, DiskOp::CreateDir, DiskOp::SyncDir, DiskOp::Truncate];
    world.disk(|disk| all.into_iter().for_each(|op| disk.fail_next(op, libc::EIO)));
    let is_eio = |e: io::Error| e.raw_os_error() == Some(libc::EIO);
    assert!(driver.open_file(log, Open::Append).is_err_and(is_eio));
    let file = driver.open_file(log, Open::Append).unwrap();
    assert!(driver.rename(log, Path::new("dir/x")).is_err_and(is_eio));
    assert!(driver.remove(log).is_err_and(is_eio));
    assert!(driver.create_dir(Path::new("dir/d")).is_err_and(is_eio));
    assert!(driver.sync_dir(dir).is_err_and(is_eio));
    assert!(driver.truncate(file, 0).is_err_and(is_eio));
    assert_eq!(driver.list_dir(dir).unwrap(), ["log"]);
    driver.rename(log, Path::new("dir/x")).unwrap();
    driver.create_dir(Path::new("dir/d")).unwrap();
    driver.sync_dir(dir).unwrap();
    driver.remove(Path::new("dir/x")).unwrap();
    assert_eq!(driver.list_dir(dir).unwrap(), ["d"]);
    assert_eq!(driver.remove(log).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(
        driver.open_file(Path::new("no/log"), Open::Append).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    assert_eq!(driver.open_file(log, Open::Read).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn an_interrupted_write_is_no_failure() {
    let (world, mut driver) = machine(9, Weather::calm());
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    world.disk(|disk| {
        disk.fail_next(DiskOp::Write, libc::EINTR);
        disk.fail_next(DiskOp::Sync, libc::EINTR);
    });
    append(&mut driver, file, b"whole");
    driver.sync(file, true);
    assert_eq!(told(&settle(&world, &mut driver)), ["w5/0", "s/0"]);
    assert_eq!(driver.file_len(Path::new(LOG)).unwrap(), 5);
}

/// What a writer knows of its file.
#[derive(Default)]
struct Writer {
    /// All that reached the file, by its own account.
    content: Vec<u8>,
    asked: Vec<Vec<u8>>,
    answered: usize,
    /// For each sync asked for: how many appends came before.
    syncs: Vec<usize>,
    syncs_answered: usize,
    /// Length of the file after each append that is over.
    lengths: Vec<usize>,
    durable: usize,
    /// Something failed: what is behind must be cancelled, up to what was asked for then.
    cancelled_to: usize,
}

impl Writer {
    fn learn(&mut self, event: FileEvent) {
        match event {
            FileEvent::Written { bytes, buffer, result, .. } => {
                assert_eq!(buffer, self.asked[self.answered], "appends are answered in their order");
                let cancelled = result.as_ref().is_err_and(|e| e.raw_os_error() == Some(libc::ECANCELED));
                assert_eq!(cancelled, self.answered < self.cancelled_to);
                assert!(if result.is_ok() { bytes == buffer.len() } else { bytes < buffer.len().max(1) });
                assert!(!cancelled || bytes == 0);
                self.answered += 1;
                if result.is_err() && !cancelled {
                    self.cancelled_to = self.asked.len();
                }
                self.content.extend_from_slice(&buffer[..bytes]);
                self.lengths.push(self.content.len());
            }
            FileEvent::Synced { result, .. } => {
                let covers = self.syncs[self.syncs_answered];
                self.syncs_answered += 1;
                assert!(covers <= self.answered, "a sync is answered after its appends");
                if result.is_ok() && covers > 0 {
                    self.durable = self.durable.max(self.lengths[covers - 1]);
                }
            }
        }
    }
}

/// Random appends, syncs and failed writes in random weather, and a power loss at a random moment.
fn write_and_crash(seed: u64) {
    let mut rng = Prng::new(seed);
    let (world, mut driver) = machine(seed, Weather::random(&mut rng));
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    driver.sync_dir(Path::new("dir")).unwrap();
    let (mut writer, mut events) = (Writer::default(), Vec::new());
    for step in 0..rng.below(200) {
        match rng.below(8) {
            0..=2 => {
                let part = vec![u8::try_from(step % 251).unwrap_or(0); rng.index(50)];
                append(&mut driver, file, &part);
                writer.asked.push(part);
            }
            3 => {
                driver.sync(file, rng.one_in(2));
                writer.syncs.push(writer.asked.len());
            }
            4 if rng.one_in(8) => world.disk(|disk| disk.fail_next(DiskOp::Write, libc::EIO)),
            4 | 5 => {
                driver.turn(Wait::Never, &mut events).unwrap();
                for event in events.drain(..) {
                    let Event::File(event) = event else { panic!("only files here") };
                    writer.learn(event);
                }
            }
            _ => {
                if let Some(due) = world.due_ns() {
                    world.advance(due);
                }
            }
        }
    }
    let crashed = world.crash();
    let left = crashed.content(Path::new(LOG)).unwrap();
    assert!(left.len() >= writer.durable, "{} durable bytes, {} left", writer.durable, left.len());
    let common = left.len().min(writer.content.len());
    assert_eq!(left[..common], writer.content[..common]);
    settle(&world, &mut driver).into_iter().for_each(|event| writer.learn(event));
    assert_eq!((writer.answered, writer.syncs_answered), (writer.asked.len(), writer.syncs.len()));
    assert_eq!(driver.read_file(Path::new(LOG), u64::MAX).unwrap(), writer.content);
}

#[test]
fn what_was_said_to_be_durable_survives_any_crash() {
    for seed in 0..2_000 {
        // A failure names its seed.
        struct Seed(u64);
        impl Drop for Seed {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    eprintln!("seed {}", self.0);
                }
            }
        }
        let seed = Seed(seed);
        write_and_crash(seed.0);
    }
}

#[test]
fn a_world_goes_on_with_the_disk_of_another() {
    let (world, mut driver) = machine(10, Weather::calm());
    let file = driver.open_file(Path::new(LOG), Open::Append).unwrap();
    append(&mut driver, file, b"once");
    driver.sync(file, true);
    driver.close_file(file);
    assert_eq!(told(&settle(&world, &mut driver)), ["w4/0", "s/0"]);
    driver.sync_dir(Path::new("dir")).unwrap();
    let next = World::new(11, 1, Weather::calm()).unwrap().with_disk(world.crash());
    let mut driver = next.driver(0);
    let file = driver.open_file(Path::new(LOG), Open::Read).unwrap();
    let mut bytes = [0; 9];
    assert_eq!((driver.read_at(file, 1, &mut bytes).unwrap(), &bytes[..3]), (3, &b"nce"[..]));
    append(&mut driver, file, b"no");
    assert_eq!(told(&settle(&next, &mut driver)), [format!("w0/{}", libc::EBADF)]);
    assert_eq!(driver.truncate(FileId(5), 0).unwrap_err().raw_os_error(), Some(libc::EBADF));
}
