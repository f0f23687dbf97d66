//! A shard over the simulated driver that writes a snapshot.

use super::*;
use crate::base::prng::Prng;
use crate::command::server_state::Process;
use crate::command::{Server, table};
use crate::config::Config;
use crate::data::HKey;
use crate::io::Wait;
use crate::io::sim::{SimDriver, Weather, World};
use crate::keyspace::snapshot::{Block, Cut, End, RdbRecords, Sink, UseMarks};
use crate::keyspace::{Expire, ToDrop};
use crate::shard::txn::{Hub, Waker};
use crate::shard::{Ground, Parts, build_mesh};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

struct HubWaker(World);

impl Waker for HubWaker {
    fn wake(&self, id: usize) {
        self.0.wake(id);
    }
}

fn shard() -> (Shard<SimDriver>, Receiver<ToDrop>) {
    let world = World::new(1, 1, Weather::calm()).unwrap();
    let (freeing, freed) = channel();
    let waking = world.clone();
    let process = Process {
        config_file: None,
        executable: PathBuf::from("shoal"),
        wake: Box::new(move |shard| waking.wake(shard)),
        shutdown: Box::new(|_| {}),
        abort_shutdown: Box::new(|| false),
    };
    let server = Arc::new(Server::new(Config::default(), 1, table::all().len(), 0, process));
    let (hub, mut vacancies) = Hub::<Ground>::new(1, Box::new(HubWaker(world.clone())));
    let parts = Parts {
        id: 0,
        server,
        driver: world.driver(0),
        vacancy: vacancies.pop().unwrap(),
        hub,
        mesh: build_mesh(1).pop().unwrap(),
        wakes: world.wakes(),
        seed: Prng::new(1).next_u64(),
        freeing,
        journal: crate::journal::rings(1).0.pop().unwrap(),
        handovers: Arc::default(),
    };
    (Shard::new(parts), freed)
}

#[derive(Default)]
struct Received {
    keys: u64,
    room: usize,
    ends: Vec<End>,
}

#[derive(Clone, Default)]
struct Tray(Arc<Mutex<Received>>);

impl Sink for Tray {
    fn block(&mut self, block: Block) {
        let mut received = self.0.lock().unwrap();
        received.keys += block.keys;
        received.room -= 1;
    }

    fn has_room(&self) -> bool {
        self.0.lock().unwrap().room > 0
    }

    fn end(&mut self, end: End) {
        self.0.lock().unwrap().ends.push(end);
    }
}

fn rounds(shard: &mut Shard<SimDriver>, count: usize) -> Wait {
    for _ in 0..count {
        let wait = shard.rest();
        assert!(shard.step(wait).unwrap());
    }
    shard.rest()
}

#[test]
fn a_shard_writes_while_there_is_room_and_sleeps_while_there_is_none() {
    let (mut shard, _freed) = shard();
    assert!(matches!(rounds(&mut shard, 3), Wait::AtMost(_)), "an idle shard sleeps");
    let tray = Tray::default();
    let store = &mut shard.seat.state().unwrap().store;
    const KEYS: u64 = 20_000;
    for n in 0..KEYS {
        store.set_string(3, &HKey::new(format!("key:{n}").as_bytes()), &[b'v'; 100], Expire::Clear);
    }
    let policy = store.policy;
    let encode = Arc::new(RdbRecords { compress: false, marks: UseMarks::None, now_ms: 0, policy });
    store.begin_snapshot(Cut { id: 1, encode, sink: Box::new(tray.clone()) });
    for room in 1.. {
        assert!(matches!(rounds(&mut shard, 3), Wait::AtMost(_)), "a shard without room sleeps");
        assert_eq!(tray.0.lock().unwrap().room, 0);
        tray.0.lock().unwrap().room = room;
        assert_eq!(shard.rest(), Wait::Never, "a shard with room does not");
        let full_or_over = |tray: &Tray| {
            let received = tray.0.lock().unwrap();
            received.room == 0 || !received.ends.is_empty()
        };
        while !full_or_over(&tray) {
            let wait = shard.rest();
            assert_eq!(wait, Wait::Never);
            shard.step(wait).unwrap();
        }
        if !tray.0.lock().unwrap().ends.is_empty() {
            break;
        }
    }
    assert_eq!(tray.0.lock().unwrap().ends, [End::Complete]);
    assert_eq!(tray.0.lock().unwrap().keys, KEYS);
    assert!(matches!(rounds(&mut shard, 3), Wait::AtMost(_)));
}
