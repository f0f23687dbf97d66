//! Short forms that the tables of this room are written with; all run at compile time.
//!
//! What Redis derives at start from the table is derived here: categories that follow from flags (server.c
//! `setImplicitACLCategories`) and `MOVABLE_KEYS` (server.c `populateCommandLegacyRangeSpec`).

use super::{Arg, Begin, Find, KeySpec, LegacyRange, Meta, cat, flag};

/// The argument may be left out.
pub(super) const OPTIONAL: &[&str] = &["optional"];
/// The argument may come several times.
pub(super) const MULTIPLE: &[&str] = &["multiple"];
/// Both of them.
pub(super) const OPTIONAL_MULTIPLE: &[&str] = &["optional", "multiple"];
/// It may be left out, and come several times, each time with its token.
pub(super) const OPTIONAL_MULTIPLE_TOKEN: &[&str] = &["optional", "multiple", "multiple_token"];

/// A command or subcommand of `arity` in `group`, there since version `since`.
pub(super) const fn command(
    name: &'static str,
    arity: i32,
    group: &'static str,
    since: &'static str,
) -> Meta {
    Meta {
        name,
        arity,
        flags: 0,
        categories: 0,
        keys: &[],
        summary: "",
        since,
        group,
        complexity: None,
        doc_flags: &[],
        deprecated_since: None,
        replaced_by: None,
        history: &[],
        tips: &[],
        args: &[],
    }
}

impl Meta {
    pub(super) const fn summary(mut self, text: &'static str) -> Meta {
        self.summary = text;
        self
    }

    /// Flags, and the categories that do not follow from them.
    pub(super) const fn flags(mut self, flags: u64, categories: u32) -> Meta {
        self.flags |= flags;
        self.categories = with_implied(flags, categories);
        self
    }

    pub(super) const fn keys(mut self, keys: &'static [KeySpec]) -> Meta {
        self.keys = keys;
        if LegacyRange::of(keys).movable {
            self.flags |= flag::MOVABLE_KEYS;
        }
        self
    }

    pub(super) const fn complexity(mut self, text: &'static str) -> Meta {
        self.complexity = Some(text);
        self
    }

    pub(super) const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Meta {
        self.doc_flags = &["deprecated"];
        self.deprecated_since = Some(since);
        self.replaced_by = Some(replaced_by);
        self
    }

    /// Internal to Redis, not for users.
    pub(super) const fn syscmd(mut self) -> Meta {
        self.doc_flags = &["syscmd"];
        self
    }

    pub(super) const fn history(mut self, history: &'static [(&'static str, &'static str)]) -> Meta {
        self.history = history;
        self
    }

    pub(super) const fn tips(mut self, tips: &'static [&'static str]) -> Meta {
        self.tips = tips;
        self
    }

    pub(super) const fn args(mut self, args: &'static [Arg]) -> Meta {
        self.args = args;
        self
    }
}

/// Categories with those that follow from flags (server.c `setImplicitACLCategories`).
const fn with_implied(flags: u64, categories: u32) -> u32 {
    let mut all = categories;
    if flags & flag::WRITE != 0 {
        all |= cat::WRITE;
    }
    if flags & flag::READONLY != 0 && all & cat::SCRIPTING == 0 {
        all |= cat::READ;
    }
    if flags & flag::ADMIN != 0 {
        all |= cat::ADMIN | cat::DANGEROUS;
    }
    if flags & flag::PUBSUB != 0 {
        all |= cat::PUBSUB;
    }
    if flags & flag::FAST != 0 {
        all |= cat::FAST;
    }
    if flags & flag::BLOCKING != 0 {
        all |= cat::BLOCKING;
    }
    if all & cat::FAST == 0 {
        all |= cat::SLOW;
    }
    all
}

/// A specification in full.
pub(super) const fn spec(flags: u32, begin: Begin, find: Find) -> KeySpec {
    KeySpec { flags, begin, find, notes: None }
}

/// One key at word `index`.
pub(super) const fn key(flags: u32, index: i32) -> KeySpec {
    range(flags, index, 0, 1)
}

/// Keys from word `index` to `last` (relative; negative: from the end), every `step`-th.
pub(super) const fn range(flags: u32, index: i32, last: i32, step: i32) -> KeySpec {
    spec(flags, Begin::Index(index), Find::Range { last, step, limit: 0 })
}

/// A number of keys at word `index` and the keys behind it.
pub(super) const fn counted(flags: u32, index: i32) -> KeySpec {
    spec(flags, Begin::Index(index), Find::KeyNum { num: 0, first: 1, step: 1 })
}

impl KeySpec {
    pub(super) const fn note(mut self, text: &'static str) -> KeySpec {
        self.notes = Some(text);
        self
    }
}

/// An argument of a type.
pub(super) const fn arg(name: &'static str, kind: &'static str) -> Arg {
    Arg {
        name,
        kind,
        display: None,
        key_spec: None,
        token: None,
        summary: None,
        since: None,
        deprecated_since: None,
        flags: &[],
        args: &[],
    }
}

/// A word by itself.
pub(super) const fn token(name: &'static str, word: &'static str) -> Arg {
    arg(name, "pure-token").token(word)
}

/// Any one of several arguments.
pub(super) const fn one_of(name: &'static str, args: &'static [Arg]) -> Arg {
    let mut this = arg(name, "oneof");
    this.args = args;
    this
}

/// Several arguments in a row.
pub(super) const fn block(name: &'static str, args: &'static [Arg]) -> Arg {
    let mut this = arg(name, "block");
    this.args = args;
    this
}

impl Arg {
    pub(super) const fn key(mut self, spec: u32) -> Arg {
        self.key_spec = Some(spec);
        self
    }

    pub(super) const fn display(mut self, word: &'static str) -> Arg {
        self.display = Some(word);
        self
    }

    pub(super) const fn token(mut self, word: &'static str) -> Arg {
        self.token = Some(word);
        self
    }

    pub(super) const fn since(mut self, version: &'static str) -> Arg {
        self.since = Some(version);
        self
    }

    pub(super) const fn deprecated(mut self, version: &'static str) -> Arg {
        self.deprecated_since = Some(version);
        self
    }

    pub(super) const fn is(mut self, flags: &'static [&'static str]) -> Arg {
        self.flags = flags;
        self
    }
}
