//! The function libraries that all shards share (functions.c): an immutable snapshot, replaced as a whole by every
//! change under a lock. A thread compiles the libraries that it needs from the snapshot (`engine`).

use super::cache::{Mark, fresh_number};
use super::flags::Flags;
use ahash::AHashMap;
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: Vec<u8>,
    /// What its author says of it.
    pub description: Option<Vec<u8>>,
    /// What it declares.
    pub flags: Flags,
    /// Where it may run.
    pub mark: Mark,
}

/// A library.
#[derive(Debug)]
pub struct Library {
    /// Unlike that of any other, also of one of the same name that it replaces.
    pub id: u64,
    /// Its name.
    pub name: Vec<u8>,
    /// Its text, shebang line included.
    pub code: Vec<u8>,
    /// Where the code begins: at the end of that line.
    pub code_start: usize,
    /// Its functions, in the order of registration.
    pub functions: Vec<Function>,
}

impl Library {
    /// A library that was loaded.
    pub fn new(name: Vec<u8>, code: Vec<u8>, code_start: usize, functions: Vec<Function>) -> Library {
        Library { id: fresh_number(), name, code, code_start, functions }
    }

    /// What is compiled.
    pub fn body(&self) -> &[u8] {
        self.code.get(self.code_start..).unwrap_or_default()
    }
}

/// All libraries at one time.
#[derive(Debug, Default)]
pub struct Libraries {
    /// Unlike that of any other snapshot.
    pub id: u64,
    by_name: AHashMap<Vec<u8>, Arc<Library>>,
    /// Function names in lower case (FCALL takes them in any): library and place in it.
    functions: AHashMap<Vec<u8>, (Arc<Library>, usize)>,
}

impl Libraries {
    /// The library of this name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Library>> {
        self.by_name.get(name)
    }

    /// The function that FCALL calls by this name.
    pub fn function(&self, name: &[u8]) -> Option<(&Arc<Library>, usize)> {
        let found = if name.iter().any(u8::is_ascii_uppercase) {
            self.functions.get(&name.to_ascii_lowercase())
        } else {
            self.functions.get(name)
        };
        found.map(|(library, at)| (library, *at))
    }

    /// All libraries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Library>> {
        self.by_name.values()
    }

    /// Number of libraries.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Number of functions.
    pub fn functions_len(&self) -> usize {
        self.functions.len()
    }

    /// The same, without this library.
    #[must_use]
    pub fn without(&self, name: &[u8]) -> Libraries {
        Libraries::of(self.iter().filter(|l| l.name != name).cloned())
    }

    /// The same and these; a library of the same name goes.
    ///
    /// # Errors
    /// A function of theirs has the name of one of another library.
    pub fn with(&self, added: &[Arc<Library>]) -> Result<Libraries, Vec<u8>> {
        let is_replaced = |l: &&Arc<Library>| added.iter().any(|a| a.name == l.name);
        let kept = Libraries::of(self.iter().filter(|l| !is_replaced(l)).cloned());
        for function in added.iter().flat_map(|l| &l.functions) {
            if kept.function(&function.name).is_some() {
                return Err([b"Function ", function.name.as_slice(), b" already exists"].concat());
            }
        }
        Ok(Libraries::of(kept.iter().chain(added).cloned()))
    }

    fn of(libraries: impl Iterator<Item = Arc<Library>>) -> Libraries {
        let mut result = Libraries { id: fresh_number(), ..Libraries::default() };
        for library in libraries {
            for (at, function) in library.functions.iter().enumerate() {
                result.functions.insert(function.name.to_ascii_lowercase(), (library.clone(), at));
            }
            result.by_name.insert(library.name.clone(), library);
        }
        result
    }

    /// Bytes that texts and names take.
    pub fn memory(&self) -> usize {
        let of_function = |f: &Function| {
            size_of::<Function>() + f.name.len() * 2 + f.description.as_ref().map_or(0, Vec::len)
        };
        let of_library = |l: &Arc<Library>| {
            size_of::<Library>()
                + l.name.len() * 2
                + l.code.len()
                + l.functions.iter().map(of_function).sum::<usize>()
        };
        self.iter().map(of_library).sum()
    }
}

/// The present snapshot, and the right to replace it.
#[derive(Default)]
pub struct Shelf {
    now: ArcSwap<Libraries>,
    changing: Mutex<()>,
}

impl Shelf {
    /// The libraries now.
    pub fn now(&self) -> Arc<Libraries> {
        self.now.load_full()
    }

    /// Runs `f` on the libraries now without counting a reference.
    pub fn with<R>(&self, f: impl FnOnce(&Arc<Libraries>) -> R) -> R {
        f(&self.now.load())
    }

    /// Keeps others from changing the libraries between a look at them and [`Shelf::replace`].
    pub fn lock(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a new set in place of the present one; under [`Shelf::lock`].
    pub fn replace(&self, libraries: Libraries) {
        self.now.store(Arc::new(libraries));
    }
}
