//! The world by itself: order of bytes, ends of connections, windows, wakes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod disk;
mod links;

use super::*;
use crate::io::{Driver, Event, Sock, Wait};

const DOOR: SimListener = SimListener(0);

/// An echo server on one driver; returns what the client got and the world's trace.
fn echo(seed: u64, weather: Weather, bytes: &[u8]) -> (Vec<u8>, u64) {
    let world = World::new(seed, 1, weather).unwrap();
    let mut driver = world.driver(0);
    driver.listen(DOOR);
    let client = world.connect(DOOR);
    client.send(bytes);
    let (mut got, mut events, mut queue, mut busy) = (Vec::new(), Vec::new(), Vec::new(), false);
    let mut sock = None;
    while got.len() < bytes.len() {
        driver.turn(Wait::Never, &mut events).unwrap();
        for event in events.drain(..) {
            match event {
                Event::Accepted { socket, .. } => sock = Some(driver.adopt(socket)),
                Event::Received { data, .. } => queue.extend_from_slice(data.as_ref()),
                Event::Sent { result, .. } => busy = result.is_err(),
                Event::AcceptFailed { .. } => {}
                _ => panic!("nobody else did anything"),
            }
        }
        if let (Some(sock), false, false) = (sock, busy, queue.is_empty()) {
            busy = true;
            driver.send(sock, std::mem::take(&mut queue));
        }
        got.extend(client.receive());
        if !world.is_due(0)
            && let Some(due) = world.due_ns()
        {
            world.advance(due);
        }
    }
    (got, world.trace())
}

#[test]
fn bytes_arrive_whole_and_in_order_in_any_weather() {
    let sent: Vec<u8> = (0..600_u32).flat_map(u32::to_le_bytes).collect();
    for seed in 0..200 {
        let weather = Weather::random(&mut Prng::new(seed));
        assert_eq!(echo(seed, weather.clone(), &sent).0, sent, "seed {seed}, {weather:?}");
    }
}

#[test]
fn a_seed_repeats_a_run() {
    for seed in 0..20 {
        let weather = Weather::random(&mut Prng::new(seed));
        assert_eq!(echo(seed, weather.clone(), b"hello, hello").1, echo(seed, weather, b"hello, hello").1);
    }
}

/// A driver with one adopted connection.
fn connected(weather: Weather) -> (World, SimDriver, SimClient, Sock) {
    let world = World::new(1, 1, weather).unwrap();
    let mut driver = world.driver(0);
    driver.listen(DOOR);
    let client = world.connect(DOOR);
    let mut events = Vec::new();
    driver.turn(Wait::Never, &mut events).unwrap();
    let Some(Event::Accepted { socket, .. }) = events.pop() else { panic!("no connection") };
    let sock = driver.adopt(socket);
    (world, driver, client, sock)
}

#[test]
fn a_client_that_does_not_read_keeps_the_send_in_flight() {
    let (world, mut driver, client, sock) = connected(Weather { window_bytes: 10, ..Weather::calm() });
    driver.send(sock, vec![b'x'; 25]);
    let mut events = Vec::new();
    driver.turn(Wait::Never, &mut events).unwrap();
    assert!(events.is_empty() && !world.is_due(0) && world.due_ns().is_none());
    assert_eq!(client.receive().len(), 25);
    assert!(world.is_due(0));
    driver.turn(Wait::Never, &mut events).unwrap();
    assert!(matches!(events.as_slice(), [Event::Sent { result: Ok(25), .. }]));
}

#[test]
fn an_orderly_end_comes_after_the_bytes_and_a_reset_in_their_place() {
    let (_world, mut driver, client, _) = connected(Weather::calm());
    client.send(b"last");
    client.half_close();
    let mut events = Vec::new();
    while !events.iter().any(|e| matches!(e, Event::Ended { .. })) {
        driver.turn(Wait::Never, &mut events).unwrap();
    }
    assert!(matches!(events.last(), Some(Event::Ended { error: None, .. })));
    let bytes: Vec<u8> = events
        .iter()
        .flat_map(|e| if let Event::Received { data, .. } = e { data.as_ref().to_vec() } else { Vec::new() })
        .collect();
    assert_eq!(bytes, b"last");

    let (_world, mut driver, client, _) = connected(Weather::calm());
    client.send(b"lost");
    client.reset();
    events.clear();
    driver.turn(Wait::Never, &mut events).unwrap();
    assert!(matches!(events.as_slice(), [Event::Ended { error: Some(_), .. }]));
}

#[test]
fn closing_lets_sent_bytes_arrive_and_names_the_socket_no_more() {
    let (world, mut driver, client, sock) = connected(Weather::calm());
    driver.send(sock, b"bye".to_vec());
    driver.close(sock);
    assert_eq!(client.receive(), b"bye");
    assert!(client.is_over());
    client.send(b"too late");
    let mut events = Vec::new();
    driver.turn(Wait::Never, &mut events).unwrap();
    assert!(events.is_empty() && world.held_by_server() == 0);
}

#[test]
fn a_wake_from_a_driver_leaves_with_its_next_turn() {
    let world = World::new(1, 2, Weather::calm()).unwrap();
    let (mut a, _b) = (world.driver(0), world.driver(1));
    a.wake(1);
    assert!(!world.wake_is_coming(1), "nobody sleeps");
    world.wakes().announce_sleep(1);
    a.wake(1);
    assert!(world.wake_is_coming(1) && !world.is_due(1));
    a.turn(Wait::Never, &mut Vec::new()).unwrap();
    assert!(world.is_due(1));
}
