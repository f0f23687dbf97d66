//! The part of a blocking command that concerns the keys of one shard.
//!
//! A command that waits for keys of several shards is served by the first of them that gets something, with these words.
//! `BLPOP a b c 0` becomes `BLPOP b 0` on the shard that owns `b` alone.

use crate::command::{Args, Command, table};

/// The words of `command` with only the keys that `owns` says yes to, in their order, and what belongs to each: the id of
/// a stream, the count in front of counted keys.
pub fn narrow(command: &Command, argv: Args<'_>, owns: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    if table::keys_of(command, argv, &mut keys).is_err() {
        return argv.iter().map(|word| word.to_vec()).collect();
    }
    let foreign = |at: &usize| argv.get(*at).is_some_and(|key| !owns(key));
    let mut dropped: Vec<usize> = keys.iter().copied().filter(foreign).collect();
    let left = keys.len() - dropped.len();
    let mut words: Vec<Vec<u8>> = argv.iter().map(|word| word.to_vec()).collect();
    match command.full_name.as_str() {
        // STREAMS key key … id id …
        "xread" | "xreadgroup" => {
            let ids: Vec<usize> = dropped.iter().map(|at| at + keys.len()).collect();
            dropped.extend(ids);
        }
        // timeout numkeys key key …
        "blmpop" | "bzmpop" => {
            if let Some(count) = words.get_mut(2) {
                *count = left.to_string().into_bytes();
            }
        }
        _ => {}
    }
    // Ascending: ids stand behind all keys.
    let mut at = 0;
    words.retain(|_| {
        at += 1;
        dropped.binary_search(&(at - 1)).is_err()
    });
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, own: &str, expected: &str) {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let command = table::lookup(argv[0]).expect("a command");
        let words = narrow(command, &argv, |key| own.split(' ').any(|k| k.as_bytes() == key));
        let words: Vec<String> = words.into_iter().map(|w| String::from_utf8(w).expect("text")).collect();
        assert_eq!(words.join(" "), expected, "{line}");
    }

    #[test]
    fn foreign_keys_go_with_what_belongs_to_them() {
        for name in ["BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX"] {
            if table::is_known(name.as_bytes()) {
                check(&format!("{name} a b c 0"), "a c", &format!("{name} a c 0"));
            }
        }
        if table::is_known(b"BLMPOP") {
            check("BLMPOP 0 3 a b c LEFT COUNT 2", "c b", "BLMPOP 0 2 b c LEFT COUNT 2");
        }
        if table::is_known(b"XREAD") {
            check("XREAD BLOCK 0 STREAMS a b 1-0 2-0", "b", "XREAD BLOCK 0 STREAMS b 2-0");
        }
    }
}
