//! Storing a collection that a command made: S*STORE, Z*STORE, GEOSEARCHSTORE, SORT STORE.

use super::{Args, Keys};
use crate::data::{Collection, EntryBox, HKey};
use crate::keyspace::Class;

/// Elements that one effect states at most: a reader of the journal takes no more than 1,048,576 words in a command.
const ELEMENTS_PER_EFFECT: usize = 1024;

/// What is told of a result that is stored.
pub struct Told {
    /// Class of the event.
    pub class: Class,
    /// The event.
    pub event: &'static str,
    /// How many changes the dataset counts.
    pub changes: usize,
}

/// A collection as the command that builds it from nothing.
pub struct Recipe {
    /// The command: its words behind the key are elements.
    pub verb: &'static [u8],
    /// Words per element.
    pub width: usize,
    /// The words of all elements.
    pub words: Vec<Vec<u8>>,
}

impl Keys<'_> {
    /// Stores a result in place of whatever is at `dest`, or removes that if nothing is in the result.
    ///
    /// In one store the command itself, `args`, is the effect, for one journal then holds all that it depends on; with
    /// sources in other journals the result has to be told, as `recipe` says.
    pub fn store_result<T: Collection>(
        &mut self,
        dest: &HKey<'_>,
        args: Args<'_>,
        result: T,
        told: &Told,
        recipe: impl FnOnce(&T) -> Recipe,
    ) {
        let together = self.is_one_store();
        if together {
            // Sources that were found expired must be gone before the effect, not after the command.
            self.store(dest).remove_lapsed();
        }
        let lazy = self.store(dest).policy.lazy_server_del;
        if result.is_spent() {
            if let Some(old) = self.remove(dest) {
                self.store(dest).free(old, lazy);
                self.effect(dest, &[b"DEL", dest.bytes]);
                self.changed(dest, Class::Generic, "del");
            }
            return;
        }
        if together {
            self.effect(dest, args);
        } else if self.journaled(dest) {
            self.state_result(dest, &recipe(&result));
        }
        let entry = EntryBox::new_object(dest.bytes, T::KIND, result.into(), None);
        if let Some(old) = self.put(dest, entry) {
            self.store(dest).free(old, lazy);
        }
        self.changed_many(dest, told.changes, told.class, told.event);
    }

    fn state_result(&mut self, dest: &HKey<'_>, recipe: &Recipe) {
        self.effect(dest, &[b"DEL", dest.bytes]);
        for words in recipe.words.chunks(ELEMENTS_PER_EFFECT * recipe.width) {
            let head: [&[u8]; 2] = [recipe.verb, dest.bytes];
            let argv: Vec<&[u8]> = head.into_iter().chain(words.iter().map(Vec::as_slice)).collect();
            self.effect(dest, &argv);
        }
    }
}
