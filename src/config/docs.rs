//! The manual page of all directives, `docs/configuration.md`, written from the table.
//!
//! A test compares the committed page with [`docs`]; with `UPDATE_DOCS=1` it writes the page instead.

use std::fmt::Write;

use super::directive::{Directive, Flags, Status};
use super::kind::{Kind, Unit};
use super::load::FILE_DIRECTIVES;
use super::units::format_memory;
use super::value::Value;
use super::{Config, DIRECTIVES};

/// What stands above the tables.
const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from src/config/table.rs; `UPDATE_DOCS=1 cargo test --lib config::` writes it anew. -->

Shoal reads Redis's configuration files. Every directive of Redis 7.2 is known: it either works, or it is
checked, kept and printed while one line in the log says what happens instead. An unknown directive stops the
start, as in Redis.

## Where settings come from

```
shoal [/path/to/redis.conf] [--directive value ...] [-]
```

The file is read first, then standard input when `-` is the first or last argument, then the options. The last
line counts. An option is a line of the file: `--port 6380` is `port 6380`, `--save 60 1 300 10` sets two save
points, `--save \"\"` sets none. While the server runs, `CONFIG SET` changes settings and `CONFIG REWRITE` writes them
back to the file; comments and order stay.

## Syntax

- A line is a directive and its arguments. Names are not case-sensitive. `#` begins a comment line.
- An argument with blanks stands in quotes. Between double quotes `\\n`, `\\r`, `\\t`, `\\a`, `\\b` and `\\xHH` are escapes;
  between single quotes only `\\'` is one.
- Memory: `1k` is 1000 bytes, `1kb` 1024; likewise `m`, `mb`, `g`, `gb`, in any case. `b` or nothing means bytes.
- `include path` reads another file in place; wildcards that match nothing are no error. A path that is not
  absolute starts at `dir`.

Notes in the tables: *fixed* – set at start only; *secret* – kept out of logs; *hidden* – printed when named
exactly; *protected* – `CONFIG SET` needs `enable-protected-configs`; *not while loading* – `CONFIG SET` is refused
while data is loaded; **no effect** – what happens instead.
";

/// The whole page.
pub fn docs() -> String {
    let mut page = INTRODUCTION.to_owned();
    let defaults = Config::default();
    let mut section = "";
    for directive in DIRECTIVES {
        if directive.section != section {
            section = directive.section;
            heading(&mut page, section);
        }
        row(&mut page, directive, &defaults);
    }
    file_directives(&mut page);
    page
}

/// Begins a table.
fn heading(page: &mut String, section: &str) {
    let _ =
        write!(page, "\n## {section}\n\n| directive | value | default | what it does |\n|---|---|---|---|\n");
}

/// One directive as a row of its table.
fn row(page: &mut String, directive: &Directive, defaults: &Config) {
    let names: Vec<String> = directive.spellings().map(|name| format!("`{name}`")).collect();
    let mut text = directive.doc.trim().to_owned();
    for (flag, note) in [
        (Flags::IMMUTABLE, "fixed"),
        (Flags::SENSITIVE, "secret"),
        (Flags::HIDDEN, "hidden"),
        (Flags::PROTECTED, "protected"),
        (Flags::DENY_LOADING, "not while loading"),
    ] {
        if directive.is(flag) {
            let _ = write!(text, " *{note}*");
        }
    }
    if let Status::Accepted(instead) = directive.status {
        let _ = write!(text, " **No effect:** {instead}.");
    }
    let columns = [names.join(", "), value_words(&directive.kind), default_words(directive, defaults), text];
    let _ = writeln!(page, "| {} |", columns.map(|column| column.replace('|', "\\|")).join(" | "));
}

/// The directives that only files hold.
fn file_directives(page: &mut String) {
    heading(page, "In files only");
    for directive in &FILE_DIRECTIVES {
        let instead = match directive.status {
            Status::Implemented => String::new(),
            Status::Accepted(instead) => format!(" **No effect:** {instead}."),
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | | {}{instead} |",
            directive.name, directive.arguments, directive.doc
        );
    }
}

/// What may be given, in words.
fn value_words(kind: &Kind) -> String {
    let one_of = |names: Vec<&str>| format!("`{}`", names.join("`, `"));
    match kind {
        Kind::Bool => "`yes`, `no`".to_owned(),
        Kind::Number { unit: Unit::MemoryOrPercent, .. } => "memory, or 0% to 100%".to_owned(),
        Kind::Number { min, max, unit: Unit::Memory } => {
            format!("memory{}", bounds(*min, *max, format_memory))
        }
        Kind::Number { min, max, unit: Unit::Octal } => format!("octal, {min:o} to {max:o}"),
        Kind::Number { min, max, unit: Unit::Integer } => {
            format!("number{}", bounds(*min, *max, |number| number.to_string()))
        }
        Kind::Text(_) | Kind::Optional(_) => "text".to_owned(),
        Kind::Secret => "bytes".to_owned(),
        Kind::Choice(names) => one_of(names.iter().map(|(name, _)| *name).collect()),
        Kind::Flags(names) => format!("any of {}", one_of(names.iter().map(|(name, _)| *name).collect())),
        Kind::Dir => "folder".to_owned(),
        Kind::Save => "[seconds changes] ...".to_owned(),
        Kind::Limits => "[class hard soft seconds] ...".to_owned(),
        Kind::Scores => "three numbers, -2000 to 2000".to_owned(),
        Kind::Events => "letters out of `Ag$lshzxeKEtmdn`".to_owned(),
        Kind::Bind => "up to 16 addresses".to_owned(),
        Kind::Primary => "host port, or `no one`".to_owned(),
        Kind::Percentiles => "numbers, 0 to 100".to_owned(),
    }
}

/// Bounds in words; the bounds of the machine's integers are left out.
fn bounds(min: i128, max: i128, print: impl Fn(i128) -> String) -> String {
    let has_min = min > i128::from(i32::MIN);
    let has_max = max < i128::from(i32::MAX);
    match (has_min, has_max) {
        (true, true) => format!(", {} to {}", print(min), print(max)),
        (true, false) => format!(", at least {}", print(min)),
        (false, true) => format!(", at most {}", print(max)),
        (false, false) => String::new(),
    }
}

/// The default as a file would give it.
fn default_words(directive: &Directive, defaults: &Config) -> String {
    let value = (directive.load)(defaults);
    let text = match (&directive.kind, &value) {
        (Kind::Dir, _) => return "where it was started".to_owned(),
        (Kind::Number { unit: Unit::Memory | Unit::MemoryOrPercent, .. }, Value::Number(number)) => {
            format_memory(*number)
        }
        _ => String::from_utf8_lossy(&directive.format(defaults)).into_owned(),
    };
    if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") }
}
