//! An entry of COMMAND INFO (server.c `addReplyCommandInfo`), and the names of flags and categories.

use crate::command::Command;
use crate::command::meta::{Begin, CATEGORIES, Find, KeySpec, LegacyRange, flag, key_flag};
use crate::resp::Out;

/// Command flags that are shown, in the order of server.c `addReplyFlagsForCommand`; the others are hidden there too.
const FLAGS: &[(u64, &str)] = &[
    (flag::WRITE, "write"),
    (flag::READONLY, "readonly"),
    (flag::DENYOOM, "denyoom"),
    (flag::MODULE, "module"),
    (flag::ADMIN, "admin"),
    (flag::PUBSUB, "pubsub"),
    (flag::NOSCRIPT, "noscript"),
    (flag::BLOCKING, "blocking"),
    (flag::LOADING, "loading"),
    (flag::STALE, "stale"),
    (flag::SKIP_MONITOR, "skip_monitor"),
    (flag::SKIP_SLOWLOG, "skip_slowlog"),
    (flag::ASKING, "asking"),
    (flag::FAST, "fast"),
    (flag::NO_AUTH, "no_auth"),
    (flag::NO_MANDATORY_KEYS, "no_mandatory_keys"),
    (flag::NO_ASYNC_LOADING, "no_async_loading"),
    (flag::NO_MULTI, "no_multi"),
    (flag::MOVABLE_KEYS, "movablekeys"),
    (flag::ALLOW_BUSY, "allow_busy"),
];

/// Key flags in the order of server.c `addReplyFlagsForKeyArgs`.
const KEY_FLAGS: &[(u32, &str)] = &[
    (key_flag::RO, "RO"),
    (key_flag::RW, "RW"),
    (key_flag::OW, "OW"),
    (key_flag::RM, "RM"),
    (key_flag::ACCESS, "access"),
    (key_flag::UPDATE, "update"),
    (key_flag::INSERT, "insert"),
    (key_flag::DELETE, "delete"),
    (key_flag::NOT_KEY, "not_key"),
    (key_flag::INCOMPLETE, "incomplete"),
    (key_flag::VARIABLE_FLAGS, "variable_flags"),
];

/// The category of this name, in any case, without `@`.
pub(super) fn category(name: &[u8]) -> Option<u32> {
    CATEGORIES.iter().find(|(_, known)| name.eq_ignore_ascii_case(known.as_bytes())).map(|&(bit, _)| bit)
}

/// The entry of one command, subcommands inside.
pub(super) fn write(out: &mut Out<'_>, command: &Command) {
    let meta = command.row.meta;
    out.array(10);
    out.bulk(command.full_name.as_bytes());
    out.int(i64::from(meta.arity));
    statuses(out, "", FLAGS.iter().filter(|(bit, _)| meta.has(*bit)).map(|&(_, name)| name));
    let range = LegacyRange::of(meta.keys);
    for number in [range.first, range.last, range.step] {
        out.int(i64::from(number));
    }
    let categories = CATEGORIES.iter().filter(|(bit, _)| meta.categories & bit != 0);
    statuses(out, "@", categories.map(|&(_, name)| name));
    out.set(meta.tips.len());
    meta.tips.iter().for_each(|tip| out.bulk(tip.as_bytes()));
    out.set(meta.keys.len());
    meta.keys.iter().for_each(|spec| key_spec(out, spec));
    // Redis: addReplyCommandSubCommands writes an empty set, but an array if there are any.
    match command.subcommands.len() {
        0 => out.set(0),
        n => out.array(n),
    }
    command.subcommands.iter().for_each(|sub| write(out, sub));
}

/// The set of a key's flags.
pub(super) fn key_flags(out: &mut Out<'_>, flags: u32) {
    statuses(out, "", KEY_FLAGS.iter().filter(|(bit, _)| flags & bit != 0).map(|&(_, name)| name));
}

/// A set of simple strings.
pub(super) fn statuses<'n>(out: &mut Out<'_>, prefix: &str, names: impl Iterator<Item = &'n str> + Clone) {
    out.set(names.clone().count());
    names.for_each(|name| out.simple(&format!("{prefix}{name}")));
}

// Redis: server.c addReplyCommandKeySpecs.
fn key_spec(out: &mut Out<'_>, spec: &KeySpec) {
    out.map(3 + usize::from(spec.notes.is_some()));
    if let Some(notes) = spec.notes {
        out.bulk(b"notes");
        out.bulk(notes.as_bytes());
    }
    out.bulk(b"flags");
    key_flags(out, spec.flags);

    out.bulk(b"begin_search");
    match spec.begin {
        Begin::Index(at) => part(out, "index", &[("index", at)]),
        Begin::Keyword(word, from) => {
            head(out, "keyword", 2);
            out.bulk(b"keyword");
            out.bulk(word.as_bytes());
            number(out, "startfrom", from);
        }
        Begin::Unknown => part(out, "unknown", &[]),
    }

    out.bulk(b"find_keys");
    match spec.find {
        Find::Range { last, step, limit } => {
            part(out, "range", &[("lastkey", last), ("keystep", step), ("limit", limit)]);
        }
        Find::KeyNum { num, first, step } => {
            part(out, "keynum", &[("keynumidx", num), ("firstkey", first), ("keystep", step)]);
        }
        Find::Unknown => part(out, "unknown", &[]),
    }
}

fn part(out: &mut Out<'_>, kind: &str, numbers: &[(&str, i32)]) {
    head(out, kind, numbers.len());
    numbers.iter().for_each(|&(name, n)| number(out, name, n));
}

/// The kind, and the head of the map of `pairs` that describes it.
fn head(out: &mut Out<'_>, kind: &str, pairs: usize) {
    out.map(2);
    out.bulk(b"type");
    out.bulk(kind.as_bytes());
    out.bulk(b"spec");
    out.map(pairs);
}

fn number(out: &mut Out<'_>, name: &str, n: i32) {
    out.bulk(name.as_bytes());
    out.int(i64::from(n));
}
