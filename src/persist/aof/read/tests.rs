//! The reader of commands: whole files, files cut anywhere, damaged ones.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::base::prng::Prng;

fn command(words: &[&str]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    out
}

/// A reader that gives one byte at a time, then `n`, as sockets and pipes do.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(out.len()).min(self.0.len());
        out[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fn read_all(bytes: &[u8], step: usize) -> (Vec<Command>, Option<Damage>, u64) {
    let mut reader = Reader::new(Drip(bytes, step));
    let mut commands = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(command)) => commands.push(command),
            Ok(None) => return (commands, None, reader.valid_up_to()),
            Err(damage) => return (commands, Some(damage), reader.valid_up_to()),
        }
    }
}

/// A file, and the ends of its units.
fn sample() -> (Vec<u8>, Vec<usize>) {
    let mut file = b"#TS:1700000000\r\n".to_vec();
    let mut ends = vec![0];
    let mut unit = |commands: &[&[&str]]| {
        commands.iter().for_each(|words| file.extend(command(words)));
        ends.push(file.len());
        if ends.len() == 4 {
            file.extend(b"#TS:1700000001\r\n");
        }
    };
    unit(&[&["SELECT", "0"]]);
    unit(&[&["SET", "key", "a\r\nb"]]);
    unit(&[&["MULTI"], &["SET", "*3", "$3"], &["DEL", "#x", ""], &["EXEC"]]);
    unit(&[&["RPUSH", "l", "1", "2", "3"]]);
    (file, ends)
}

#[test]
fn commands_come_with_their_offsets() {
    let (file, ends) = sample();
    for step in [1, 2, 7, 100_000] {
        let (commands, damage, valid) = read_all(&file, step);
        assert!(damage.is_none());
        assert_eq!(valid, file.len() as u64);
        assert_eq!(commands.len(), 7);
        assert_eq!(commands[0].offset, 16);
        assert_eq!(commands[1].offset, ends[1] as u64);
        assert_eq!(commands[1].argv, ["SET", "key", "a\r\nb"]);
        assert_eq!(commands[4].argv, ["DEL", "#x", ""]);
    }
}

#[test]
fn a_file_cut_anywhere_is_valid_up_to_its_last_whole_unit() {
    let (file, ends) = sample();
    for cut in 0..=file.len() {
        let (commands, damage, valid) = read_all(&file[..cut], 5);
        let expected = ends.iter().copied().filter(|end| *end <= cut).max().unwrap();
        assert_eq!(valid, expected as u64, "cut at {cut}");
        // What is valid is a sound file with the same first commands.
        let (again, none, _) = read_all(&file[..expected], 64);
        assert!(none.is_none(), "cut at {cut}");
        assert_eq!(commands[..again.len()], again[..]);
        // Only a cut between units, or behind a remark, goes unnoticed.
        let whole = cut == expected
            || file[expected..cut].ends_with(b"\r\n") && file[expected] == b'#' && {
                !file[expected..cut].contains(&b'*')
            };
        assert_eq!(damage.is_none(), whole, "cut at {cut}");
        assert!(damage.is_none_or(|damage| damage.is_cut() && damage.offset <= cut as u64));
    }
}

#[test]
fn an_open_multi_names_its_offset() {
    let set = command(&["SET", "k", "v"]);
    let file = [&set[..], &command(&["multi"]), &set].concat();
    let (commands, damage, valid) = read_all(&file, 1000);
    assert_eq!(commands.len(), 3);
    let damage = damage.unwrap();
    assert!(matches!(damage.kind, Flaw::OpenMulti));
    assert_eq!((damage.offset, valid), (set.len() as u64, set.len() as u64));
}

#[test]
fn what_no_server_writes_is_a_bad_format() {
    let set = command(&["SET", "k", "v"]);
    let bad: &[&[u8]] = &[
        b"!!!",
        b"*0\r\n",
        b"*-1\r\n",
        b"*x\r\n",
        b"*1\n",
        b"*1\r\n!1\r\nx\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$1\r\nxyz\r\n",
        b"*1\r\n$1\r\nx\n\n*1\r\n",
        b"*+1\r\n$1\r\nx\r\n",
        b"*99999999999999999999\r\n",
        b"*4294967296\r\n",
        b"*1\r\n$18446744073709551615\r\n",
        b"*00000000000000000000000000000000001\r\n",
        b"\r\n",
        b"PING\r\n",
    ];
    for tail in bad {
        let (commands, damage, valid) = read_all(&[&set[..], tail].concat(), 3);
        let damage = damage.unwrap();
        assert!(matches!(damage.kind, Flaw::Format), "{:?}: {damage}", String::from_utf8_lossy(tail));
        assert_eq!((commands.len(), damage.offset, valid), (1, set.len() as u64, set.len() as u64));
    }
    for (file, at) in [
        ([command(&["EXEC"]), vec![]].concat(), 0),
        ([command(&["MULTI"]), command(&["MULTI"])].concat(), command(&["MULTI"]).len()),
    ] {
        let damage = read_all(&file, 9).1.unwrap();
        assert!(matches!(damage.kind, Flaw::Nesting) && !damage.is_cut());
        assert_eq!(damage.offset, at as u64);
    }
}

#[test]
fn false_lengths_cost_no_memory() {
    for head in ["*2147483647\r\n$3\r\nSET\r\n", "*1\r\n$9223372036854775000\r\nabc"] {
        let mut reader = Reader::new(head.as_bytes());
        assert!(reader.next().unwrap_err().is_cut());
        assert!(reader.buffer.capacity() <= 4 * CHUNK);
    }
}

#[test]
fn errors_of_the_source_are_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(libc::EIO))
        }
    }
    let damage = Reader::new(Broken).next().unwrap_err();
    assert!(matches!(damage.kind, Flaw::Io(_)) && !damage.is_cut());
}

#[test]
fn mutated_files_never_panic_and_valid_prefixes_are_sound() {
    let (file, _) = sample();
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut random = Prng::new(seed);
    for _ in 0..3_000 {
        let mut bad = file.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bad.len() as u64) as usize;
            bad[at] = random.next_u64() as u8;
        }
        let (_, _, valid) = read_all(&bad, 50);
        let (_, damage, _) = read_all(&bad[..usize::try_from(valid).unwrap()], 50);
        assert!(damage.is_none());
    }
}
