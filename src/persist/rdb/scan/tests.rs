//! Files as real servers wrote them, and files that are damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::data::Limits;
use crate::persist::rdb::{Crc64, read_value};
use std::io::Cursor;

/// Reads at most so many bytes at a time.
struct Dripping<R>(R, usize);

impl<R: Read> Read for Dripping<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(self.1);
        self.0.read(&mut buf[..n])
    }
}

fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let mut sum = Crc64::default();
    sum.update(&body);
    body.extend_from_slice(&sum.value().to_le_bytes());
    body
}

fn small() -> Vec<u8> {
    let mut file = b"REDIS0011".to_vec();
    file.extend_from_slice(b"\xFA\x03ctx\xC0\x05");
    file.extend_from_slice(b"\xF5\x04code");
    file.extend_from_slice(b"\xFE\x03\xFB\x02\x01");
    file.extend_from_slice(b"\xFC\x01\0\0\0\0\0\0\0\xF9\x07\x00\x01k\x02hi");
    file.extend_from_slice(b"\xF8\x40\x64\x02\x01s\x02\x01a\xC1\x01\x02");
    file.push(0xFF);
    sealed(file)
}

#[test]
fn events_come_in_the_order_of_the_file_whatever_the_reads_are() {
    for step in [1, 2, 3, 7, 1 << 20] {
        let file = small();
        let mut scanner = Scanner::new(Dripping(Cursor::new(&file), step));
        let mut seen = Vec::new();
        loop {
            let event = scanner.next().unwrap();
            seen.push(format!("{event:?}"));
            if matches!(event, Event::End(_)) {
                break;
            }
        }
        assert_eq!(seen[0], "Version(11)");
        assert_eq!(seen[1], format!("{:?}", Event::Aux { name: b"ctx"[..].into(), value: b"5"[..].into() }));
        assert_eq!(seen[2], format!("{:?}", Event::Function(b"code"[..].into())));
        assert_eq!(seen[3], "Select(3)");
        assert_eq!(seen[4], "Resize { keys: 2, expires: 1 }");
        assert!(seen[5].contains("expire_ms: Some(1), idle_s: None, freq: Some(7)"), "{}", seen[5]);
        assert!(seen[6].contains("expire_ms: None, idle_s: Some(100), freq: None"), "{}", seen[6]);
        assert_eq!(seen[7], "End(Sound)");
        assert_eq!(scanner.offset(), file.len() as u64);
    }
}

#[test]
fn what_follows_the_file_is_handed_back() {
    let mut file = small();
    file.extend_from_slice(b"*1\r\n");
    let mut scanner = Scanner::new(Dripping(Cursor::new(&file), 5));
    while !matches!(scanner.next().unwrap(), Event::End(_)) {}
    let (mut rest, mut read) = scanner.into_rest();
    read.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"*1\r\n");
}

/// Scans to the end; what is decodable is decoded.
fn scan(file: &[u8]) -> Result<Checksum, Damage> {
    let mut scanner = Scanner::sized(Cursor::new(file), Some(file.len() as u64));
    loop {
        match scanner.next()? {
            Event::End(verdict) => return Ok(verdict),
            Event::Key(record) => {
                let mut value = Reader::new(record.value);
                let _ = read_value(&mut value, record.kind, &Limits::default());
            }
            _ => {}
        }
    }
}

#[test]
fn every_cut_is_an_early_end_and_every_flip_is_noticed() {
    let file = small();
    for cut in 0..file.len() {
        let damage = scan(&file[..cut]).unwrap_err();
        assert!(matches!(damage.flaw, Flaw::Eof), "{cut}: {damage}");
        assert!(damage.offset <= cut as u64);
    }
    for at in 9..file.len() {
        for bit in 0..8 {
            let mut bad = file.clone();
            bad[at] ^= 1 << bit;
            assert!(!matches!(scan(&bad), Ok(Checksum::Sound)), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn absurd_lengths_take_no_memory() {
    for len in [1u64 << 31, 1 << 40, 1 << 62, u64::MAX] {
        for kind in [0u8, 1, 4, 10, 15, 18] {
            let mut file = b"REDIS0011".to_vec();
            file.extend_from_slice(&[kind, 1, b'k', 0x81]);
            file.extend_from_slice(&len.to_be_bytes());
            file.extend_from_slice(&[0; 100]);
            assert!(Scanner::new(Cursor::new(&file)).next().is_ok());
            let mut scanner = Scanner::new(Cursor::new(&file));
            scanner.next().unwrap();
            assert!(scanner.next().is_err(), "kind {kind}, {len}");
            assert!(scanner.window.capacity() <= 1 << 20, "kind {kind}, {len}");
        }
    }
}

#[test]
fn versions_and_signatures_are_those_that_are_known() {
    for (start, text) in [
        ("REDIS0013", "Can't handle RDB format version 13"),
        ("REDIS0000", "Can't handle RDB format version 0"),
        ("VALKEY080", "Wrong signature trying to load DB from file"),
        ("REDIS00", "Unexpected EOF reading RDB file"),
    ] {
        let damage = Scanner::new(Cursor::new(start)).next().unwrap_err();
        assert_eq!(damage.flaw.to_string(), text);
    }
}

#[test]
fn modules_are_named() {
    // moduleTypeEncodeId("ReJSON-RL", 3)
    let id = b"ReJSON-RL".iter().fold(0u64, |id, letter| {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        id << 6 | letters.iter().position(|l| l == letter).unwrap() as u64
    });
    assert_eq!(module_name(id << 10 | 3), "ReJSON-RL");
}
