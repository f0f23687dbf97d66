//! Sockets that drivers connect, hand over and send shared bytes on.

use crate::base::prng::Prng;
use crate::io::sim::{Peer, SimBuf, SimDriver, SimListener, SimSocket, Weather, World};
use crate::io::{Driver, Event, Sock, Wait};
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;

type Events = Vec<Event<SimBuf, SimSocket>>;

const DOOR: SimListener = SimListener(0);

fn address() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 6379))
}

/// Lets time pass until something happens, if nothing is due now.
fn pass(world: &World, shards: usize) {
    if !(0..shards).any(|shard| world.is_due(shard))
        && let Some(due) = world.due_ns()
    {
        world.advance(due);
    }
}

fn turn_until_any(world: &World, driver: &mut SimDriver) -> Events {
    let mut events = Vec::new();
    for _ in 0..1_000 {
        driver.turn(Wait::Never, &mut events).unwrap();
        if !events.is_empty() {
            return events;
        }
        pass(world, 1);
    }
    panic!("nothing happened");
}

#[test]
fn a_socket_is_handed_to_and_fro_in_any_weather_without_loss() {
    let mut handovers = 0;
    for seed in 0..300 {
        let weather = Weather::random(&mut Prng::new(seed));
        let world = World::new(seed, 2, Weather { accept_error_in: 0, ..weather }).unwrap();
        let mut drivers = [world.driver(0), world.driver(1)];
        drivers[0].listen(DOOR);
        let client = world.connect(DOOR);
        let sent: Vec<u8> = (0..300_u32).flat_map(u32::to_le_bytes).collect();
        let (mut got, mut at, mut given) = (Vec::new(), 0, 0);
        let mut ended = false;
        while !ended {
            if given < sent.len() {
                client.send(&sent[given..given + 4]);
                given += 4;
            } else {
                client.half_close();
            }
            let mut events = Vec::new();
            drivers[at].turn(Wait::Never, &mut events).unwrap();
            for event in events {
                match event {
                    Event::Accepted { socket, .. } => {
                        let sock = drivers[at].adopt(socket);
                        drivers[at].release(sock);
                    }
                    Event::Received { data, .. } => got.extend_from_slice(data.as_ref()),
                    Event::Released { socket, .. } => {
                        at = 1 - at;
                        handovers += 1;
                        let sock = drivers[at].adopt(socket);
                        drivers[at].send(sock, b"answer".to_vec());
                        drivers[at].release(sock);
                    }
                    Event::Ended { error, .. } => {
                        assert!(error.is_none());
                        ended = true;
                    }
                    Event::Sent { result, .. } => assert_eq!(result.unwrap(), 6),
                    _ => panic!("seed {seed}: nobody asked for this"),
                }
            }
            // A client that reads lets the sends end.
            client.receive();
            pass(&world, 2);
        }
        assert!(got == sent, "seed {seed}: bytes were lost, doubled or moved");
    }
    assert!(handovers > 3_000, "{handovers}");
}

#[test]
fn a_connect_is_answered_by_the_test_refused_or_never_answered() {
    let world = World::new(1, 1, Weather { delay_ns: 1_000, ..Weather::calm() }).unwrap();
    let mut driver = world.driver(0);
    let refused = driver.connect(address(), None, 0);
    let events = turn_until_any(&world, &mut driver);
    let is_refusal =
        |r: &io::Result<()>| r.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    assert!(
        matches!(&events[..], [Event::Connected { sock, result }] if *sock == refused && is_refusal(result))
    );
    driver.close(refused);

    world.set_peer(address(), Some(Peer::Test));
    let sock = driver.connect(address(), None, 0);
    let events = turn_until_any(&world, &mut driver);
    assert!(matches!(&events[..], [Event::Connected { result: Ok(()), .. }]));
    let peer = world.answer(address()).unwrap();
    peer.send(b"+PONG");
    let mut got = Vec::new();
    while got.len() < 5 {
        for event in turn_until_any(&world, &mut driver) {
            let Event::Received { data, .. } = event else { panic!("only bytes") };
            got.extend_from_slice(data.as_ref());
        }
    }
    assert_eq!(got, b"+PONG");
    driver.send_shared(sock, Bytes::from_static(b"PING"));
    let events = turn_until_any(&world, &mut driver);
    assert!(
        events.iter().any(|e| matches!(e, Event::SentShared { result: Ok(4), .. } | Event::Received { .. }))
    );
    assert_eq!(world.held_by_server(), 1);
    driver.close(sock);

    world.set_peer(address(), Some(Peer::Silent));
    let sock = driver.connect(address(), None, 0);
    let mut events = Vec::new();
    driver.turn(Wait::Never, &mut events).unwrap();
    assert!(world.due_ns().is_none() || !events.is_empty());
    driver.close(sock);
    assert_eq!(world.held_by_server(), 0);

    world.set_peer(address(), Some(Peer::Test));
    world.set_weather(Weather { connect_error_in: 1, ..Weather::calm() });
    driver.connect(address(), None, 0);
    let events = turn_until_any(&world, &mut driver);
    assert!(events.iter().any(|e| matches!(e, Event::Connected { result: Err(_), .. })));
    assert!(world.answer(address()).is_none());
}

/// One side of a link: what it has still to send, and what it got.
struct Side {
    driver: SimDriver,
    sock: Option<Sock>,
    rest: Vec<u8>,
    sending: bool,
    got: Vec<u8>,
    ended: Option<Option<io::ErrorKind>>,
}

impl Side {
    fn new(world: &World, shard: usize, rest: Vec<u8>) -> Side {
        Side { driver: world.driver(shard), sock: None, rest, sending: false, got: Vec::new(), ended: None }
    }

    fn turn(&mut self, rng: &mut Prng) {
        let mut events = Vec::new();
        self.driver.turn(Wait::Never, &mut events).unwrap();
        for event in events {
            match event {
                Event::Accepted { socket, .. } => self.sock = Some(self.driver.adopt(socket)),
                Event::Connected { sock, result } => {
                    result.unwrap();
                    self.sock = Some(sock);
                }
                Event::Received { data, .. } => self.got.extend_from_slice(data.as_ref()),
                Event::Ended { error, .. } => self.ended = Some(error.map(|e| e.kind())),
                Event::SentShared { .. } => self.sending = false,
                _ => {}
            }
        }
        if let (Some(sock), false, false) = (self.sock, self.sending, self.rest.is_empty()) {
            let part: Vec<u8> = self.rest.drain(..1 + rng.index(self.rest.len().min(500))).collect();
            self.driver.send_shared(sock, Bytes::from(part));
            self.sending = true;
        }
    }
}

#[test]
fn two_drivers_of_a_world_talk_and_part() {
    for seed in 0..200 {
        let mut rng = Prng::new(seed);
        let weather = Weather { accept_error_in: 0, ..Weather::random(&mut rng) };
        let world = World::new(seed, 2, weather).unwrap();
        world.set_peer(address(), Some(Peer::Listener(DOOR)));
        let bytes = |from: u32| (from..from + 500).flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
        let mut sides = [Side::new(&world, 0, bytes(0)), Side::new(&world, 1, bytes(10_000))];
        sides[0].driver.listen(DOOR);
        sides[1].driver.connect(address(), None, 0);
        let is_done = |s: &Side| s.got.len() == 2_000 && s.rest.is_empty() && !s.sending;
        let mut rounds = 0;
        while !sides.iter().all(is_done) {
            rounds += 1;
            assert!(
                rounds < 1_000_000,
                "seed {seed}: {} and {} bytes",
                sides[0].got.len(),
                sides[1].got.len()
            );
            sides.iter_mut().for_each(|side| side.turn(&mut rng));
            pass(&world, 2);
        }
        assert!(sides[0].got == bytes(10_000) && sides[1].got == bytes(0), "seed {seed}");
        let by_reset = rng.one_in(2);
        if by_reset {
            world.cut_links();
        } else if let Some(sock) = sides[0].sock {
            sides[0].driver.close(sock);
        }
        for _ in 0..1_000 {
            sides.iter_mut().for_each(|side| side.turn(&mut rng));
            pass(&world, 2);
        }
        let expected = by_reset.then_some(io::ErrorKind::ConnectionReset);
        assert_eq!(sides[1].ended, Some(expected), "seed {seed}");
    }
}
