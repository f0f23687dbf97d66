//! An entry of COMMAND DOCS (server.c `addReplyCommandDocs`).
//!
//! Fields that a command lacks are left out; a map's length is known only after counting them, hence the lists of pairs.

use super::info::statuses;
use crate::command::Command;
use crate::command::meta::Arg;
use crate::resp::Out;

/// The map that describes one command.
pub(super) fn write(out: &mut Out<'_>, command: &Command) {
    let meta = command.row.meta;
    let texts = [
        ("summary", Some(meta.summary)),
        ("since", Some(meta.since)),
        ("group", Some(meta.group)),
        ("complexity", meta.complexity),
    ];
    let replaced = [("deprecated_since", meta.deprecated_since), ("replaced_by", meta.replaced_by)];
    let lists = [
        !meta.doc_flags.is_empty(),
        !meta.history.is_empty(),
        !meta.args.is_empty(),
        !command.subcommands.is_empty(),
    ];
    out.map(present(&texts) + present(&replaced) + lists.iter().filter(|&&there| there).count());

    pairs(out, &texts);
    if !meta.doc_flags.is_empty() {
        out.bulk(b"doc_flags");
        statuses(out, "", meta.doc_flags.iter().copied());
    }
    pairs(out, &replaced);
    if !meta.history.is_empty() {
        out.bulk(b"history");
        out.set(meta.history.len());
        for (since, change) in meta.history {
            out.bulks(&[since, change]);
        }
    }
    if !meta.args.is_empty() {
        out.bulk(b"arguments");
        arguments(out, meta.args);
    }
    if !command.subcommands.is_empty() {
        out.bulk(b"subcommands");
        out.map(command.subcommands.len());
        for sub in &command.subcommands {
            out.bulk(sub.full_name.as_bytes());
            write(out, sub);
        }
    }
}

// Redis: server.c addReplyCommandArgList. Compound arguments have no text to display, all others do.
fn arguments(out: &mut Out<'_>, args: &[Arg]) {
    out.array(args.len());
    for arg in args {
        let compound = matches!(arg.kind, "oneof" | "block");
        let display = (!compound).then(|| arg.display.unwrap_or(arg.name));
        let head = [("name", Some(arg.name)), ("type", Some(arg.kind)), ("display_text", display)];
        let texts = [
            ("token", arg.token),
            ("summary", arg.summary),
            ("since", arg.since),
            ("deprecated_since", arg.deprecated_since),
        ];
        let lists = [arg.key_spec.is_some(), !arg.flags.is_empty(), compound];
        out.map(present(&head) + present(&texts) + lists.iter().filter(|&&there| there).count());

        pairs(out, &head);
        if let Some(index) = arg.key_spec {
            out.bulk(b"key_spec_index");
            out.int(i64::from(index));
        }
        pairs(out, &texts);
        if !arg.flags.is_empty() {
            out.bulk(b"flags");
            statuses(out, "", arg.flags.iter().copied());
        }
        if compound {
            out.bulk(b"arguments");
            arguments(out, arg.args);
        }
    }
}

fn present(pairs: &[(&str, Option<&str>)]) -> usize {
    pairs.iter().filter(|(_, value)| value.is_some()).count()
}

fn pairs(out: &mut Out<'_>, pairs: &[(&str, Option<&str>)]) {
    for (name, value) in pairs {
        if let Some(value) = value {
            out.bulk(name.as_bytes());
            out.bulk(value.as_bytes());
        }
    }
}
