//! Tests of the configuration room, by subject.
#![allow(clippy::unwrap_used)]

mod command_line;
mod files;
mod get_set;
mod oracle;
mod rewriting;
mod syntax;
mod table;

use super::{Config, LoadError, Loaded, load};

/// Loads a text as if it came from standard input, with `get` and `set` as the only commands.
fn load_text(text: &str) -> Result<Loaded, LoadError> {
    load_bytes(text.as_bytes())
}

/// The same with bytes.
fn load_bytes(text: &[u8]) -> Result<Loaded, LoadError> {
    let invocation = super::Invocation { read_stdin: true, bare: true, ..Default::default() };
    load(&invocation, &mut &text[..], &|name| {
        name.eq_ignore_ascii_case(b"get") || name.eq_ignore_ascii_case(b"set")
    })
}

/// The settings that a text gives.
fn config_of(text: &str) -> Config {
    load_text(text).unwrap().config
}

/// The value that CONFIG GET prints for one name.
fn value_of(config: &Config, name: &str) -> String {
    let found = super::get(config, &[name.as_bytes()]);
    let [(_, value)] = found.as_slice() else { panic!("{name}: {found:?}") };
    String::from_utf8(value.clone()).unwrap()
}
