//! The append-only file over a disk that fails and forgets: rewrites, switches, errors, power failures.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::base::prng::Prng;
use crate::persist::aof::read::Reader;
use crate::persist::aof::testing::Disk;
use crate::persist::aof::writer::Policy;

const DIR: &str = "aofdir";
const MANIFEST: &str = "aofdir/a.manifest";

fn set(value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    crate::resp::Out::new(&mut out, crate::resp::Proto::V2).bulks(&[&b"SET"[..], b"k", value.as_bytes()]);
    out
}

/// The values that the SETs of `bytes` give, in order; `bytes` must be whole.
fn values(bytes: &[u8]) -> Vec<u64> {
    let mut reader = Reader::new(bytes);
    let mut values = Vec::new();
    while let Some(command) = reader.next().unwrap() {
        if command.argv[0] == "SET" {
            values.push(std::str::from_utf8(&command.argv[2]).unwrap().parse().unwrap());
        }
    }
    values
}

struct World {
    disk: Disk,
    file: AppendOnly,
    now: Now,
    /// What clients wrote; also the marks.
    written: u64,
    /// A save that was asked for: how much had been written at its cut, once the cut was made.
    save: Option<Option<u64>>,
    wants: Vec<Want>,
    said: Vec<String>,
}

impl World {
    fn off(policy: Policy) -> World {
        let settings = Settings {
            rules: Rules { policy, ..Rules::default() },
            rdb_base: false,
            growth_percent: 100,
            min_size: 100,
            ..Settings::default()
        };
        World {
            disk: Disk::default(),
            file: AppendOnly::new(DIR, "a", Manifest::default(), settings),
            now: Now { mono_ms: 10_000, unix_s: 1_000 },
            written: 0,
            save: None,
            wants: Vec::new(),
            said: Vec::new(),
        }
    }

    fn on(policy: Policy) -> World {
        let mut world = World::off(policy);
        let manifest = "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\n";
        world.disk.put(MANIFEST, manifest.as_bytes());
        world.disk.put("aofdir/a.1.base.aof", b"");
        world.disk.put("aofdir/a.1.incr.aof", b"");
        world.file.manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        world.file.resume(0, 0, &mut world.disk).unwrap();
        world
    }

    fn write(&mut self) {
        self.written += 1;
        let command = set(&self.written.to_string());
        self.file.writer().feed(self.now, 0, &command);
        self.file.writer().mark(self.written);
        self.file.turn(self.now, &mut self.disk);
        self.gather();
    }

    fn gather(&mut self) {
        for want in self.file.take_wants() {
            match want {
                Want::Save { .. } => self.save = Some(None),
                Want::Cancel => self.save = None,
                Want::Started | Want::NotStarted => {}
            }
            self.wants.push(want);
        }
        for said in self.file.take_said() {
            match said {
                Said::Notice(text) | Said::Warning(text) => self.said.push(text),
                Said::Fatal(text) => panic!("{text}"),
                Said::Latency(..) => {}
            }
        }
    }

    fn complete(&mut self) -> bool {
        let Some(event) = self.disk.complete() else { return false };
        assert!(self.file.event(self.now, event, &mut self.disk).is_none());
        self.gather();
        true
    }

    fn complete_all(&mut self) {
        while self.complete() {}
    }

    fn rewrite(&mut self) {
        self.file.rewrite(self.now, &mut self.disk);
        self.gather();
    }

    fn cut(&mut self) {
        self.save = Some(Some(self.written));
        self.file.cut(self.now, &mut self.disk);
        self.gather();
    }

    /// The saver writes the base, durably, or fails.
    fn save(&mut self, succeeds: bool) {
        let at = self.save.take().unwrap().unwrap();
        let base = set(&at.to_string());
        self.disk.put(temp_base().to_str().unwrap(), &base);
        let bytes = succeeds.then_some(base.len() as u64);
        self.file.base_written(self.now, bytes, &mut self.disk);
        self.gather();
    }

    fn whole_rewrite(&mut self) {
        self.rewrite();
        self.complete_all();
        self.cut();
        self.save(true);
        self.complete_all();
    }

    fn manifest(&self) -> String {
        String::from_utf8(self.disk.read(MANIFEST).unwrap_or_default().to_vec()).unwrap()
    }
}

/// What a server that starts now would load; every file must be there and whole.
fn load(disk: &Disk) -> u64 {
    let Some(manifest) = disk.read(MANIFEST) else { return 0 };
    let manifest = Manifest::parse(manifest).unwrap();
    let mut last = 0;
    for part in manifest.parts() {
        let path = format!("{DIR}/{}", part.shown());
        let bytes = disk.read(&path).unwrap_or_else(|| panic!("{path} is missing"));
        for value in values(bytes) {
            assert_eq!(value, if part.kind == super::super::manifest::Kind::Base { value } else { last + 1 });
            last = value;
        }
    }
    last
}

#[test]
fn a_rewrite_replaces_all_files() {
    let mut world = World::on(Policy::Everysec);
    world.write();
    world.complete_all();
    world.rewrite();
    world.complete_all();
    assert!(matches!(&world.wants[..], [Want::Started, Want::Save { rdb: false, .. }]), "{:?}", world.wants);
    assert_eq!(
        world.manifest(),
        "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n"
    );
    // Before the cut comes to the writer, units go to the old file.
    world.write();
    world.cut();
    world.write();
    world.complete_all();
    assert_eq!(values(world.disk.read("aofdir/a.1.incr.aof").unwrap()), [1, 2]);
    assert_eq!(values(world.disk.read("aofdir/a.2.incr.aof").unwrap()), [3]);
    assert_eq!(load(&world.disk), 3);
    world.now.unix_s += 5;
    world.save(true);
    world.complete_all();
    assert_eq!(world.manifest(), "file a.2.base.aof seq 2 type b\nfile a.2.incr.aof seq 2 type i\n");
    assert_eq!(world.disk.list(), ["aofdir/a.2.base.aof", "aofdir/a.2.incr.aof", MANIFEST]);
    assert_eq!(load(&world.disk), 3);
    let facts = world.file.facts();
    assert_eq!((facts.rewrites, facts.failures, facts.last_rewrite_s), (1, 0, 5));
    assert!(!facts.is_rewriting && !facts.last_rewrite_failed && facts.rewrite_since_s == -1);
    let bytes = (set("2").len() + world.disk.read("aofdir/a.2.incr.aof").unwrap().len()) as u64;
    assert_eq!((facts.current_size, facts.base_size), (bytes, bytes));
    assert_eq!(
        world.said,
        [
            "Creating AOF incr file a.2.incr.aof on background rewrite".to_owned(),
            "Background append only file rewriting started".into(),
            "Background AOF rewrite terminated with success".into(),
            format!(
                "Successfully renamed the temporary AOF base file {} into a.2.base.aof",
                temp_base().display()
            ),
            "Background AOF rewrite finished successfully".into(),
            "Removing the history file a.1.incr.aof in the background".into(),
            "Removing the history file a.1.base.aof in the background".into(),
        ]
    );
}

#[test]
fn a_base_that_is_written_before_the_cut_arrives_waits_for_it() {
    let mut world = World::on(Policy::Always);
    world.rewrite();
    world.complete_all();
    world.save = Some(Some(world.written));
    world.save(true);
    assert_eq!(world.disk.waiting(), 0);
    world.file.cut(world.now, &mut world.disk);
    world.complete_all();
    assert_eq!(world.manifest(), "file a.2.base.aof seq 2 type b\nfile a.2.incr.aof seq 2 type i\n");
}

#[test]
fn failures_leave_the_old_files_and_are_limited() {
    let mut world = World::on(Policy::Everysec);
    for round in 1..=3 {
        world.rewrite();
        world.complete_all();
        world.cut();
        world.write();
        world.save(false);
        world.complete_all();
        assert_eq!(load(&world.disk), round);
        assert_eq!(world.file.facts().failures, round);
    }
    assert_eq!(world.manifest().lines().count(), 5);
    assert!(world.disk.read(temp_base().to_str().unwrap()).is_none());
    // Three in a row: now it waits a minute, then two.
    world.file.is_scheduled = true;
    let start = world.now.unix_s;
    for (after, due) in
        [(0, false), (59, false), (60, true), (61, false), (180, false), (181, true), (182, false)]
    {
        assert_eq!(world.file.is_rewrite_due(start + after), due, "{after}");
    }
    world.gather();
    assert!(
        world.said.contains(
            &"Background AOF rewrite has repeatedly failed and triggered the limit, will retry in 4 minutes"
                .into()
        )
    );
    // BGREWRITEAOF starts over.
    world.file.schedule();
    assert!(world.file.is_rewrite_due(start + 183));
    world.whole_rewrite();
    assert_eq!(world.manifest(), "file a.2.base.aof seq 2 type b\nfile a.5.incr.aof seq 5 type i\n");
}

#[test]
fn what_the_file_system_refuses_is_reported_and_undone() {
    for (name, errno, said) in [
        ("aofdir", libc::EROFS, "Can't open or create append-only dir aofdir: Read-only file system"),
        ("2.incr", libc::EMFILE, "Can't open the append-only file a.2.incr.aof: Too many open files"),
        (
            "temp-a.manifest",
            libc::ENOSPC,
            "Can't open the AOF manifest file temp-a.manifest: No space left on device",
        ),
    ] {
        let mut world = World::on(Policy::Everysec);
        let before = world.manifest();
        world.disk.fail_name = Some((name, errno));
        world.rewrite();
        world.complete_all();
        assert_eq!(world.wants, [Want::NotStarted]);
        assert_eq!(world.said, [said]);
        assert_eq!(world.manifest(), before);
        assert!(world.file.facts().last_rewrite_failed && !world.file.is_rewriting());
        world.write();
        world.complete_all();
        world.whole_rewrite();
        assert_eq!(load(&world.disk), 1);
    }
    for name in ["temp-rewriteaof", "temp-a.manifest"] {
        let mut world = World::on(Policy::Everysec);
        world.rewrite();
        world.complete_all();
        world.cut();
        world.write();
        world.disk.fail_name = Some((name, libc::EIO));
        world.save(true);
        world.complete_all();
        assert_eq!(world.file.facts().failures, 1);
        assert_eq!(load(&world.disk), 1);
        assert!(world.disk.read("aofdir/a.2.base.aof").is_none());
        world.whole_rewrite();
        assert_eq!(load(&world.disk), 1);
    }
    // The temporary manifest cannot be written.
    let mut world = World::on(Policy::Everysec);
    world.disk.fail_append = Some((3, libc::ENOSPC));
    world.rewrite();
    world.complete_all();
    assert_eq!(
        world.said,
        ["Error trying to write the temporary AOF manifest file temp-a.manifest: No space left on device"]
    );
    assert_eq!(world.wants, [Want::NotStarted]);
}

#[test]
fn switched_on_commands_are_logged_from_the_first_base_on() {
    let mut world = World::off(Policy::Everysec);
    world.write();
    world.file.enable(world.now, false, &mut world.disk);
    world.gather();
    assert_eq!(world.file.state(), State::Waiting);
    assert!(matches!(world.wants[..], [Want::Started, Want::Save { .. }]));
    world.cut();
    world.write();
    world.complete_all();
    assert_eq!(world.disk.list(), ["aofdir/temp-a.incr"]);
    assert_eq!(world.file.durable(), None);
    // The first attempt fails: what was logged is of no use.
    world.save(false);
    world.complete_all();
    assert!(world.disk.list().is_empty());
    assert_eq!(world.file.state(), State::Waiting);
    assert!(world.file.is_rewrite_due(world.now.unix_s));
    world.write();
    world.rewrite();
    world.complete_all();
    world.cut();
    world.write();
    world.save(true);
    world.now.mono_ms += 2_000;
    world.complete_all();
    world.file.turn(world.now, &mut world.disk);
    world.complete_all();
    assert_eq!(world.file.state(), State::On);
    assert_eq!(world.file.durable(), Some(4));
    assert_eq!(world.manifest(), "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\n");
    assert_eq!(load(&world.disk), 4);
    assert!(
        world.said.contains(
            &"Successfully renamed the temporary AOF incr file temp-a.incr into a.1.incr.aof".into()
        )
    );
}

#[test]
fn it_can_be_switched_off_in_every_phase() {
    for steps in 0..12 {
        let mut world = World::on(Policy::Always);
        world.write();
        world.complete_all();
        world.rewrite();
        let mut left = steps;
        while left > 0 {
            left -= 1;
            if !world.complete() {
                match world.save {
                    Some(None) => world.cut(),
                    Some(Some(_)) => {
                        world.write();
                        world.save(true);
                    }
                    None => break,
                }
            }
        }
        let written = world.written;
        world.file.disable(&mut world.disk);
        world.gather();
        world.write();
        world.complete_all();
        assert_eq!(world.file.state(), State::Off);
        assert_eq!(load(&world.disk), written, "after {steps} steps");
        world.file.turn(world.now, &mut world.disk);
        world.complete_all();
        assert!(world.file.writer().is_idle());
        assert_eq!(world.file.writer().progress().released, world.written, "nobody waits");
        // And on again.
        world.save = None;
        world.file.enable(world.now, false, &mut world.disk);
        world.gather();
        world.complete_all();
        if world.save.is_none() {
            assert!(world.file.is_rewrite_due(world.now.unix_s));
            world.rewrite();
            world.complete_all();
        }
        world.cut();
        world.write();
        world.save(true);
        world.complete_all();
        assert_eq!(world.file.state(), State::On);
        assert_eq!(load(&world.disk), world.written, "after {steps} steps");
    }
}

#[test]
fn growth_begins_a_rewrite() {
    let mut world = World::on(Policy::No);
    world.file.base_size = 200;
    while !world.file.is_rewrite_due(world.now.unix_s) {
        assert!(world.file.facts().current_size < 400);
        world.write();
        world.complete_all();
    }
    assert!(world.file.facts().current_size >= 400);
    world.gather();
    assert!(world.said.last().unwrap().starts_with("Starting automatic rewriting of AOF on 1"));
    let mut settings = world.file.settings;
    settings.growth_percent = 0;
    world.file.set(settings);
    assert!(!world.file.is_rewrite_due(world.now.unix_s));
}

#[test]
fn a_rewrite_without_an_append_only_file_only_writes_a_base() {
    let mut world = World::off(Policy::Everysec);
    world.written = 5;
    world.whole_rewrite();
    assert_eq!(world.manifest(), "file a.1.base.aof seq 1 type b\n");
    assert_eq!(load(&world.disk), 5);
}

/// The power fails at every point of random histories with rewrites, failures, switching off and on: what was promised is
/// loaded, and there is always something to load.
#[test]
fn the_power_may_fail_at_any_time() {
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut random = Prng::new(seed);
    for round in 0..150 {
        let policy = [Policy::Always, Policy::Everysec][round % 2];
        let mut world = World::on(policy);
        for _ in 0..80 {
            match random.below(12) {
                0..=2 => world.write(),
                3..=7 => drop(world.complete()),
                8 if world.save == Some(None) => world.cut(),
                9 if matches!(world.save, Some(Some(_))) => {
                    let succeeds = !random.one_in(4);
                    world.save(succeeds);
                }
                10 if random.one_in(3) && !world.file.is_rewriting() => world.rewrite(),
                11 => world.now.mono_ms += random.below(900),
                _ => {}
            }
            let progress = world.file.writer().progress();
            let promised = if policy == Policy::Always { progress.released } else { progress.synced };
            let mut after = world.disk.clone();
            after.power_failure();
            let found = load(&after);
            assert!((promised..=world.written).contains(&found), "{found} of {promised}..={}", world.written);
            // A kill loses nothing that was appended.
            assert!((promised..=world.written).contains(&load(&world.disk)));
        }
    }
}
