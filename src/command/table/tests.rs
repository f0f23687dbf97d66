//! The registry over every command of the tables, with handlers or without.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::base::prng::Prng;
use crate::command::meta::all::ALL;
use crate::command::meta::key_flag::{ACCESS, OW, RO, RW, UPDATE};
use crate::command::row::Route;
use crate::command::{Ctx, Outcome};
use std::collections::HashMap;
use std::sync::LazyLock;

static ROWS: LazyLock<&'static [&'static [Row]]> = LazyLock::new(|| {
    fn nothing(_: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
        Ok(())
    }
    let row = |meta| Row::new(meta, Route::Home, nothing);
    let rows: Vec<Row> = ALL
        .iter()
        .map(|(meta, subs)| Row {
            subcommands: subs.iter().map(|sub| row(sub)).collect::<Vec<_>>().leak(),
            ..row(meta)
        })
        .collect();
    vec![&*rows.leak()].leak()
});

/// A registry of every command of the tables.
pub(crate) static EVERYTHING: LazyLock<Registry> = LazyLock::new(|| Registry::build(&ROWS, &[]).unwrap());

fn words(line: &str) -> Vec<&[u8]> {
    line.split(' ').map(str::as_bytes).collect()
}

fn name_of(found: Option<&'static Command>) -> Option<&'static str> {
    found.map(|command| command.full_name.as_str())
}

#[test]
fn names_are_found_in_any_case_and_nothing_else_is() {
    let naive: HashMap<String, &Command> =
        EVERYTHING.commands().iter().map(|c| (c.full_name.clone(), *c)).collect();
    let check = |name: &[u8]| {
        let folded = String::from_utf8_lossy(name).to_ascii_lowercase();
        let expect = naive.get(&folded).map(|c| c.full_name.as_str());
        assert_eq!(name_of(EVERYTHING.lookup(name)), expect, "{folded:?}");
    };
    check(b"");
    check(&[b'g'; 300]);
    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut random = Prng::new(seed);
    for name in naive.keys() {
        check(name.as_bytes());
        check(name.to_ascii_uppercase().as_bytes());
        check(&name.as_bytes()[1..]);
        check(format!("{name}\0").as_bytes());
        for _ in 0..20 {
            // One byte with one bit changed: a letter's case bit must not matter, any other must.
            let mut near = name.clone().into_bytes();
            let at = usize::try_from(random.below(near.len() as u64)).unwrap();
            near[at] ^= 1 << random.below(8);
            check(&near);
        }
    }
}

#[test]
fn ids_are_dense_and_containers_precede_their_subcommands() {
    for (id, command) in EVERYTHING.all().iter().enumerate() {
        assert_eq!(command.id, id);
        for sub in &command.subcommands {
            assert!(sub.id > id);
            assert_eq!(sub.parent.unwrap().meta.name, command.row.meta.name);
        }
    }
    assert_eq!(EVERYTHING.all().len(), ALL.iter().map(|(_, subs)| 1 + subs.len()).sum::<usize>());
}

#[test]
fn subcommands_are_found_by_two_words_or_by_full_name() {
    assert_eq!(name_of(EVERYTHING.find(&words("CONFIG GET x"))), Some("config|get"));
    assert_eq!(name_of(EVERYTHING.find(&words("config"))), Some("config"));
    assert_eq!(name_of(EVERYTHING.find(&words("config nope"))), None);
    assert_eq!(name_of(EVERYTHING.find(&words("get config"))), Some("get"));
    for (full_name, expect) in [
        ("CONFIG|get", Some("config|get")),
        ("config", Some("config")),
        ("config|", None),
        ("get|x", None),
        ("config|get|x", None),
        ("", None),
    ] {
        assert_eq!(name_of(EVERYTHING.find_by_full_name(full_name.as_bytes())), expect, "{full_name}");
    }
}

#[test]
fn refusals_name_the_command_in_full() {
    let line = |text: &str| {
        String::from_utf8(EVERYTHING.resolve(&words(text)).err().unwrap().line().to_vec()).unwrap()
    };
    assert_eq!(line("client id x"), "ERR wrong number of arguments for 'client|id' command");
    assert_eq!(line("client nope x"), "ERR unknown subcommand 'nope'. Try CLIENT HELP.");
    assert_eq!(line("nope a b"), "ERR unknown command 'nope', with args beginning with: 'a' 'b' ");
    assert_eq!(line("config"), "ERR wrong number of arguments for 'config' command");
    assert!(EVERYTHING.resolve(&[]).is_err());
}

#[test]
fn renamed_commands_answer_to_their_new_names_only() {
    let build = |renames: &[(&str, &str)]| Registry::build(&ROWS, renames);
    let registry = build(&[("FLUSHALL", ""), ("config", "Secret"), ("get", "old"), ("set", "get")]).unwrap();
    assert_eq!(name_of(registry.lookup(b"flushall")), None);
    assert_eq!(name_of(registry.lookup(b"config")), None);
    assert_eq!(name_of(registry.find(&words("SECRET get x"))), Some("config|get"));
    assert_eq!(name_of(registry.lookup(b"GET")), Some("set"));
    assert_eq!(name_of(registry.lookup(b"old")), Some("get"));
    assert_eq!(registry.commands().len(), EVERYTHING.commands().len() - 1);
    assert_eq!(registry.all().len(), EVERYTHING.all().len(), "statistics keep their places");
    assert_eq!(build(&[("nope", "x")]).err(), Some(RenameError::NoSuchCommand));
    assert_eq!(build(&[("get", "set")]).err(), Some(RenameError::NameTaken));
}

#[test]
fn keys_are_appended_or_nothing_is() {
    let keys = |line: &str| {
        let argv = words(line);
        let mut keys = vec![99];
        let told = keys_of(EVERYTHING.find(&argv).unwrap(), &argv, &mut keys);
        told.map(|()| keys[1..].to_vec()).inspect_err(|_| assert_eq!(keys, [99]))
    };
    assert_eq!(keys("mset a 1 b 2"), Ok(vec![1, 3]));
    assert_eq!(keys("rename a b"), Ok(vec![1, 2]));
    assert_eq!(keys("bitop and d a b"), Ok(vec![2, 3, 4]));
    assert_eq!(keys("zunionstore d 2 a b"), Ok(vec![1, 3, 4]));
    assert_eq!(keys("zunionstore d 3 a b"), Err(Malformed));
    assert_eq!(keys("zunionstore d 9223372036854775807 a b"), Err(Malformed));
    assert_eq!(keys("zunionstore d 0 a"), Err(Malformed));
    assert_eq!(keys("eval s 0 a"), Ok(vec![]));
    assert_eq!(keys("ping"), Ok(vec![]));
    assert_eq!(keys("xread count 1 streams a b 0 0"), Ok(vec![4, 5]));
    assert_eq!(keys("xread count 1 a 0"), Err(Malformed));
    assert_eq!(EVERYTHING.lookup(b"get").unwrap().one_key, Some(1));
    assert_eq!(EVERYTHING.find(&words("object encoding k")).unwrap().one_key, Some(2));
    assert_eq!(EVERYTHING.lookup(b"mget").unwrap().one_key, None);
    assert_eq!(EVERYTHING.lookup(b"spublish").unwrap().one_key, None, "a channel is no key");
}

#[test]
fn flags_of_keys_follow_the_words_where_redis_lets_them() {
    let flags = |line: &str| {
        let argv = words(line);
        let mut keys = Vec::new();
        keys_with_flags(EVERYTHING.find(&argv).unwrap(), &argv, &mut keys).unwrap();
        keys
    };
    assert_eq!(flags("set k v"), [(1, OW | UPDATE)]);
    assert_eq!(flags("set k v nx GET"), [(1, RW | ACCESS | UPDATE)]);
    assert_eq!(flags("bitfield k get u8 0"), [(1, RO | ACCESS)]);
    assert_eq!(flags("bitfield k overflow sat incrby u8 0 1"), [(1, RW | ACCESS | UPDATE)]);
    assert_eq!(flags("copy a b"), [(1, RO | ACCESS), (2, OW | UPDATE)]);
}

#[test]
fn docs_commands_md_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, docs()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == docs(), "docs/commands.md is stale: UPDATE_DOCS=1 cargo test --lib command::table");
}
