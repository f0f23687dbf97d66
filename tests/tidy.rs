//! The habits that review would otherwise have to hold: file heads and sizes, the arrows between rooms, where
//! `unsafe` may stand, and what lies at the top of the repository.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Rooms by level: a room may use those of lower levels.
const LEVELS: &[&[&str]] = &[
    &["base", "io"],
    &["resp", "data"],
    &["keyspace", "journal", "config", "persist", "pubsub", "script", "acl", "replication"],
    &["command", "observe"],
    &["shard", "load", "log_core", "tools"],
    &["control"],
];

/// Uses between rooms of one level: user, used, why. Never both ways.
const SIDEWAYS: &[(&str, &str, &str)] = &[
    ("io", "base", "the driver reads clocks and random numbers"),
    ("keyspace", "journal", "a writing database states its effects"),
    ("keyspace", "persist", "a snapshot's records are those of an RDB file"),
    ("keyspace", "pubsub", "a command publishes through the store that it runs on"),
    ("persist", "config", "a manifest quotes names as a configuration file does"),
    ("command", "observe", "INFO, SLOWLOG and LATENCY show what was observed"),
    ("load", "shard", "what is loaded is handed to the shards as transactions"),
    ("log_core", "load", "a replica loads its master's dataset"),
    ("log_core", "shard", "it begins transactions over all shards"),
];

/// Where `unsafe` may stand: each place is small and says why it is sound.
const UNSAFE_ROOMS: &[&str] = &["src/base/", "src/data/", "src/io/", "src/shard/txn", "src/script/ffi.rs"];

/// What may lie at the top, dotfiles and the build's `target` aside.
const TOP_LEVEL: &[&str] =
    &["Cargo.toml", "Cargo.lock", "src", "benches", "tests", "tuning", "docs", "README.md", "LICENSE"];

const FILE_LINES_AIM: usize = 400;
const FILE_LINES_MAX: usize = 1_000;
const FUNCTION_LINES_MAX: usize = 70;

struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
    /// The same length and lines, with comments, strings and test modules blanked.
    code: String,
}

fn root() -> PathBuf {
    // Cargo names the directory at run time as well, which is right for a checkout that was moved.
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn collect(dir: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            let code = without_test_modules(&blank(&text));
            found.push(Source { path: relative, text, code });
        }
    }
}

fn sources(dir: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(dir), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no sources under {dir}");
    found
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "{} problem(s):\n{}", problems.len(), problems.join("\n"));
}

/// Comments, strings and character literals replaced by spaces; line ends kept.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = token_end(bytes, at);
        if let Some(end) = end {
            let end = end.min(bytes.len());
            out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            at = end;
        } else {
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the comment or literal that starts at `at`, if one does.
fn token_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let until = |needle: &[u8], from: usize| {
        rest[from..].windows(needle.len()).position(|w| w == needle).map_or(bytes.len(), |p| at + from + p)
    };
    match rest {
        [b'/', b'/', ..] => Some(until(b"\n", 0)),
        [b'/', b'*', ..] => Some(until(b"*/", 2) + 2),
        [b'"', ..] => Some(string_end(bytes, at)),
        [b'r', b'"' | b'#', ..] if at == 0 || !is_word(bytes[at - 1]) || bytes[at - 1] == b'b' => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            let close = [&b"\""[..], &vec![b'#'; hashes]].concat();
            (rest.get(1 + hashes) == Some(&b'"')).then(|| until(&close, 2 + hashes) + close.len())
        }
        [b'\'', b'\\', ..] => Some(until(b"'", 3) + 1),
        // A quote two characters on ends a character; otherwise it is a lifetime.
        [b'\'', _, b'\'', ..] => Some(at + 3),
        [b'\'', first, ..] if *first >= 0x80 => Some(until(b"'", 1) + 1),
        _ => None,
    }
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Offsets at which `word` stands by itself.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        (at == 0 || !is_word(bytes[at - 1])) && bytes.get(at + word.len()).is_none_or(|byte| !is_word(*byte))
    })
}

fn line_of(code: &str, at: usize) -> usize {
    code.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The offset behind the brace that closes the one at `open`.
fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Blanks what follows `#[cfg(test)]`: a module in place, or a declaration.
fn without_test_modules(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        // A field of a struct ends at its comma; in anything else a bracket comes before the first one.
        let item = at + "#[cfg(test)]".len();
        let field = code[item..]
            .find([',', '{', ';', '(', '}'])
            .filter(|found| code.as_bytes()[item + found] == b',');
        let end = field.or_else(|| code[item..].find(['{', ';']));
        let Some(end) = end.map(|found| item + found) else { continue };
        let end = if code.as_bytes()[end] == b'{' { block_end(code, end) } else { end + 1 };
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.ends_with("_tests.rs")
}

#[test]
fn every_file_opens_by_saying_what_it_holds() {
    let all = sources("src").into_iter().chain(sources("tests")).chain(sources_if_any("benches"));
    let silent: Vec<String> =
        all.filter(|source| !source.text.starts_with("//! ")).map(|source| source.path).collect();
    report(&silent);
}

fn sources_if_any(dir: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(dir), &mut found);
    found
}

#[test]
fn files_stay_readable_in_one_sitting() {
    let mut problems = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{}: {lines} lines, the ceiling is {FILE_LINES_MAX}", source.path));
        } else if lines > FILE_LINES_AIM {
            println!("warning: {}: {lines} lines, the aim is {FILE_LINES_AIM}", source.path);
        }
    }
    report(&problems);
}

/// Name, line and length of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let after = &code[at + 2..];
        let name: String = after.trim_start().bytes().take_while(|b| is_word(*b)).map(char::from).collect();
        let mut nested = 0_i32;
        let open = after.bytes().position(|byte| {
            match byte {
                b'(' | b'[' => nested += 1,
                b')' | b']' => nested -= 1,
                _ => {}
            }
            nested == 0 && (byte == b'{' || byte == b';')
        });
        let Some(open) = open.map(|open| at + 2 + open) else { continue };
        if name.is_empty() || code.as_bytes()[open] == b';' {
            continue;
        }
        let (first, last) = (line_of(code, at), line_of(code, block_end(code, open) - 1));
        found.push((name, first, last - first + 1));
    }
    found
}

#[test]
fn functions_fit_on_a_screen() {
    let mut problems = Vec::new();
    for source in sources("src").iter().filter(|source| !is_test(&source.path)) {
        for (name, line, lines) in functions(&source.code) {
            if lines > FUNCTION_LINES_MAX {
                problems.push(format!("{}:{line}: fn {name} has {lines} lines", source.path));
            }
        }
    }
    report(&problems);
}

fn level(room: &str) -> Option<usize> {
    LEVELS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that code names behind `crate::`, with the line; grouped uses (`crate::{a, b::c}`) included.
fn rooms_used(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, text) in code.match_indices("crate::") {
        let start = at + text.len();
        let mut names = vec![start];
        if code[start..].starts_with('{') {
            let end = block_end(code, start);
            let mut depth = 0;
            for (offset, byte) in code[start..end].bytes().enumerate() {
                match byte {
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                if depth == 1 && (byte == b',' || byte == b'{') {
                    names.push(start + offset + 1);
                }
            }
        }
        for name_at in names {
            let rest = code[name_at..].trim_start();
            let name: String = rest.bytes().take_while(|b| is_word(*b)).map(char::from).collect();
            if level(&name).is_some() {
                found.push((name, line_of(code, at)));
            }
        }
    }
    found
}

#[test]
fn rooms_use_only_what_lies_below() {
    let mut problems = Vec::new();
    for source in sources("src").iter().filter(|source| !is_test(&source.path)) {
        let room = source.path.trim_start_matches("src/").split('/').next().unwrap().trim_end_matches(".rs");
        let Some(own) = level(room) else { continue };
        for (used, line) in rooms_used(&source.code) {
            let other = level(&used).unwrap();
            let declared = SIDEWAYS.iter().any(|(user, to, _)| *user == room && *to == used);
            if used != room && (other > own || (other == own && !declared)) {
                problems.push(format!("{}:{line}: {room} (L{own}) uses {used} (L{other})", source.path));
            }
        }
    }
    report(&problems);
}

#[test]
fn every_room_has_a_level_and_sideways_arrows_point_one_way() {
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && level(&name).is_none() {
            problems.push(format!("src/{name} has no level in this test"));
        }
    }
    for (user, used, why) in SIDEWAYS {
        if level(user) != level(used) || why.is_empty() {
            problems.push(format!("{user} to {used} is not sideways, or lacks its reason"));
        }
        if SIDEWAYS.iter().any(|(a, b, _)| a == used && b == user) {
            problems.push(format!("{user} and {used} use each other"));
        }
    }
    report(&problems);
}

#[test]
fn unsafe_stays_where_it_is_justified() {
    let mut problems = Vec::new();
    for source in sources("src") {
        if UNSAFE_ROOMS.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for at in words(&source.code, "unsafe") {
            problems.push(format!("{}:{}: unsafe", source.path, line_of(&source.code, at)));
        }
    }
    report(&problems);
}

#[test]
fn nothing_is_left_for_later() {
    let macros = ["todo", "unimplemented", "dbg"];
    // Written in two parts, since this file is looked at as well.
    let marks = [concat!("FIX", "ME"), concat!("X", "XX"), concat!("TO", "DO")];
    let mut problems = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        for name in macros {
            for at in words(&source.code, name) {
                if source.code.as_bytes().get(at + name.len()) == Some(&b'!') {
                    problems.push(format!("{}:{}: {name}!", source.path, line_of(&source.code, at)));
                }
            }
        }
        for mark in marks {
            for at in words(&source.text, mark) {
                problems.push(format!("{}:{}: {mark}", source.path, line_of(&source.text, at)));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_top_of_the_repository_holds_only_what_is_agreed() {
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "target" && !TOP_LEVEL.contains(&name.as_str()) {
            problems.push(name);
        }
    }
    report(&problems);
}

#[test]
fn the_reader_of_code_is_not_fooled_by_literals() {
    let text =
        "fn a<'x>(s: &'x str) { let b = '{'; let c = \"}\\\"}\"; /* } */ let d = r#\"}\"#; } // }\nfn e() {}";
    let code = blank(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(functions(&code), vec![("a".into(), 1, 1), ("e".into(), 2, 1)]);
    let uses = rooms_used("use crate::{base::x, data::{y, z}};\nlet a = crate::shard::b;");
    assert_eq!(uses, vec![("base".into(), 1), ("data".into(), 1), ("shard".into(), 2)]);
    let tests = without_test_modules("fn a() {}\n#[cfg(test)]\nmod t { fn b() { unsafe {} } }\nfn c() {}");
    assert_eq!(functions(&tests).len(), 2);
    let field = without_test_modules("fn a() { B { #[cfg(test)] c: D::E, } }\nfn f() {}");
    assert_eq!(functions(&field), vec![("a".into(), 1, 1), ("f".into(), 2, 1)]);
}
