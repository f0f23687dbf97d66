//! docs/commands.md, written from the registry: what there is, since when, and where it runs.

use crate::command::meta::Meta;
use crate::command::row::{Command, Handler, Merge, Route, Row, Spread};
use std::fmt::Write;

const HEAD: &str = "\
# Commands

Generated from the command table (`UPDATE_DOCS=1 cargo test --lib command::table` writes it anew). Names, words and
replies are those of Redis 7.2; *words* counts the command's name, `+` means at least so many. *Runs on* says which
shards take part:

| runs on | meaning |
|---|---|
| own | the shard of the connection; no keys are touched |
| key | the shard of its key, or of all its keys if they share one |
| keys, split | every shard gets the part with its own keys; all parts take effect as one |
| keys, together | if its keys lie on several shards these stand still while it runs over all of them |
| all | every shard; all parts take effect as one |
| all, together | all shards stand still while it runs over all of them |
| cursor | the shard that the cursor points into |
| script | all shards together, until it is known that the script touches only the keys that it declares; then their shard |
";

/// The text of docs/commands.md.
pub fn docs() -> String {
    let mut text = HEAD.to_owned();
    let mut groups: Vec<&str> = Vec::new();
    for command in super::commands() {
        if !groups.contains(&command.row.meta.group) {
            groups.push(command.row.meta.group);
        }
    }
    groups.sort_unstable();
    for group in groups {
        let _ = write!(
            text,
            "\n## {group}\n\n| command | words | since | runs on | what it does |\n|---|---|---|---|---|\n"
        );
        for command in super::commands().iter().filter(|command| command.row.meta.group == group) {
            line(&mut text, command);
            command.subcommands.iter().for_each(|sub| line(&mut text, sub));
        }
    }
    text
}

fn line(text: &mut String, command: &Command) {
    let Row { meta, .. } = command.row;
    let name = command.full_name.to_ascii_uppercase().replace('|', " ");
    let words =
        if meta.arity < 0 { format!("{}+", meta.arity.unsigned_abs()) } else { meta.arity.to_string() };
    let runs_on = runs_on(command.row);
    let summary = meta.summary.replace('|', "\\|");
    let note = deprecation(meta);
    let _ = writeln!(text, "| `{name}` | {words} | {} | {runs_on} | {summary}{note} |", meta.since);
}

fn deprecation(meta: &Meta) -> String {
    match (meta.deprecated_since, meta.replaced_by) {
        (Some(since), Some(instead)) => {
            format!(" Deprecated since {since}: use {}.", instead.replace('|', "\\|"))
        }
        _ => String::new(),
    }
}

fn runs_on(row: &Row) -> &'static str {
    match (row.handler, row.route) {
        (Handler::Container, _) => "",
        (_, Route::Home) => "own",
        (_, Route::Keys(_)) if super::keys::one_key(row).is_some() => "key",
        (_, Route::Keys(Spread::Split { .. })) => "keys, split",
        (_, Route::Keys(Spread::Whole)) => "keys, together",
        (_, Route::Far(_)) if row.meta.keys.is_empty() => "all, together",
        (_, Route::Far(_)) => "keys, together, or every shard",
        (_, Route::EveryBut(..))
        | (_, Route::Every(Merge::Ok | Merge::Sum | Merge::Interleave | Merge::Concat | Merge::Custom(_))) => {
            "all"
        }
        (_, Route::Cursor(_)) => "cursor",
        (_, Route::Script) => "script",
    }
}
