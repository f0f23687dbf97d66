//! What a row of the table says about a directive, and the macro that turns the rows into [`Config`] and
//! [`DIRECTIVES`] at once.
//!
//! A row declares name, alias, field, type, default, kind, flags, status and description. The struct, its
//! default, CONFIG GET, SET, REWRITE and the manual all derive from it.
//!
//! [`Config`]: super::Config
//! [`DIRECTIVES`]: super::DIRECTIVES

use super::Config;
use super::kind::Kind;
use super::special::Reason;
use super::value::Value;

/// Traits of a directive, as bits. Redis: server.h `*_CONFIG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// No trait at all.
    pub const NONE: Flags = Flags(0);
    /// Set at start only; CONFIG SET refuses it.
    pub const IMMUTABLE: Flags = Flags(1 << 0);
    /// A secret: kept out of logs, the slow log and MONITOR.
    pub const SENSITIVE: Flags = Flags(1 << 1);
    /// Printed by CONFIG GET only when named exactly.
    pub const HIDDEN: Flags = Flags(1 << 2);
    /// Takes several words.
    pub const MULTI: Flags = Flags(1 << 3);
    /// CONFIG SET needs `enable-protected-configs`.
    pub const PROTECTED: Flags = Flags(1 << 4);
    /// CONFIG SET is refused while data is being loaded.
    pub const DENY_LOADING: Flags = Flags(1 << 5);
    /// Counts as changed on every CONFIG SET, because a file behind the name may have changed.
    pub const VOLATILE: Flags = Flags(1 << 6);
    /// Worth printing in a crash report.
    pub const DEBUG: Flags = Flags(1 << 7);

    /// Both sets of traits.
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether every trait of `other` is present.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Whether a directive does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what its description says.
    Implemented,
    /// It is read, checked, kept and printed; the text says what Shoal does instead of acting on it.
    Accepted(&'static str),
}

/// One row of the table.
#[derive(Debug)]
pub struct Directive {
    /// Heading under which the manual lists it.
    pub section: &'static str,
    /// Name in files and commands, lower case.
    pub name: &'static str,
    /// Older names of the same setting.
    pub aliases: &'static [&'static str],
    /// How its value is written.
    pub kind: Kind,
    /// Its traits.
    pub flags: Flags,
    /// Whether it does something.
    pub status: Status,
    /// What it does, in one line.
    pub doc: &'static str,
    pub(super) load: fn(&Config) -> Value,
    pub(super) store: fn(&mut Config, Value) -> bool,
}

impl Directive {
    /// Finds a directive by name or alias, in any case. Returns the spelling that matched, in lower case.
    pub fn find(name: &[u8]) -> Option<(&'static Directive, &'static str)> {
        super::DIRECTIVES.iter().find_map(|directive| {
            let spelling = directive.spellings().find(|known| name.eq_ignore_ascii_case(known.as_bytes()))?;
            Some((directive, spelling))
        })
    }

    /// Its name, then its aliases.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The present value as CONFIG GET prints it.
    pub fn format(&self, config: &Config) -> Vec<u8> {
        self.kind.format(&(self.load)(config))
    }

    /// Sets it from the words that follow its name.
    pub(super) fn assign(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Reason> {
        let value = self.kind.parse(words, &(self.load)(config))?;
        if (self.store)(config, value) { Ok(()) } else { Err(Reason::Borrowed("argument out of range")) }
    }

    /// Whether the setting has the same value in both.
    pub fn same(&self, one: &Config, other: &Config) -> bool {
        (self.load)(one) == (self.load)(other)
    }

    /// Whether it has this trait.
    pub fn is(&self, flag: Flags) -> bool {
        self.flags.has(flag)
    }
}

/// Declares the configuration: see the module's first lines.
macro_rules! directives {
    ($( section $section:literal { $(
        $(#[doc = $doc:literal])+
        $name:literal $(| $alias:literal)? => $field:ident: $ty:ty = $default:expr, $kind:expr,
        [$($flag:ident),*], $status:expr;
    )* } )*) => {
        /// Every setting, typed. A snapshot: readers share it behind an `Arc`, CONFIG SET makes a new one.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config { $($(
            $(#[doc = $doc])+
            pub $field: $ty,
        )*)* }

        impl Default for Config {
            fn default() -> Self {
                Config { $($($field: $default,)*)* }
            }
        }

        /// The table: one row per directive, in the order in which CONFIG GET and the manual list them.
        pub static DIRECTIVES: &[Directive] = &[$($(
            Directive {
                section: $section,
                name: $name,
                aliases: &[$($alias)?],
                kind: $kind,
                flags: Flags::NONE $(.with(Flags::$flag))*,
                status: $status,
                doc: concat!($($doc),+),
                load: |config| Cell::load(&config.$field),
                store: |config, value| match Cell::store(value) {
                    Some(value) => {
                        config.$field = value;
                        true
                    }
                    None => false,
                },
            },
        )*)*];
    };
}

pub(super) use directives;
