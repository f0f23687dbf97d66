//! What rules need to know of commands: names, categories, which are subcommands of which. Immutable.

use ahash::AHashMap;

/// One command or subcommand.
#[derive(Clone, Debug, Default)]
pub struct CommandFacts {
    /// `get`, or `client|id` for a subcommand; lower case.
    pub full_name: String,
    /// Categories, as the bits of [`Catalog::categories`].
    pub categories: u32,
    /// Indices of its subcommands.
    pub subcommands: Vec<usize>,
    /// It is a subcommand.
    pub is_subcommand: bool,
}

/// All commands, by the index that their bit has in a selector.
#[derive(Debug)]
pub struct Catalog {
    commands: Vec<CommandFacts>,
    by_name: AHashMap<String, usize>,
    categories: &'static [(u32, &'static str)],
}

impl Catalog {
    /// The catalog of `commands` under the names that they have in the command table: renaming does not touch rules
    /// (acl.c `ACLLookupCommand`). `categories` holds bit and name of each category.
    pub fn new(commands: Vec<CommandFacts>, categories: &'static [(u32, &'static str)]) -> Catalog {
        let by_name = commands.iter().enumerate().map(|(id, facts)| (facts.full_name.clone(), id)).collect();
        Catalog { commands, by_name, categories }
    }

    /// Index of the command `name` or `name|subcommand`, in any case.
    pub fn find(&self, full_name: &[u8]) -> Option<usize> {
        let name = std::str::from_utf8(full_name).ok()?.to_ascii_lowercase();
        self.by_name.get(&name).copied()
    }

    /// A command by its index.
    pub fn get(&self, id: usize) -> Option<&CommandFacts> {
        self.commands.get(id)
    }

    /// All commands, by index.
    pub fn commands(&self) -> &[CommandFacts] {
        &self.commands
    }

    /// Number of commands.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Bit and name of each category, in Redis's order.
    pub fn categories(&self) -> &'static [(u32, &'static str)] {
        self.categories
    }

    /// The bit of a category, in any case, without `@`.
    pub fn category(&self, name: &[u8]) -> Option<u32> {
        let known = self.categories.iter().find(|(_, known)| name.eq_ignore_ascii_case(known.as_bytes()));
        known.map(|&(bit, _)| bit)
    }
}
