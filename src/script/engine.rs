//! A thread's Lua states: one for scripts, one for functions, made when they are first needed.
//!
//! What all threads share (`cache`, `library`) are texts; each thread compiles what it runs and keeps it until the
//! cache is flushed or the library is replaced. A script is found by its text or by its name in one look-up, and a call
//! makes no closures: the compiled function, the error handler and the names `KEYS` and `ARGV` are kept.
//!
//! State that Lua keeps from one script to the next (settings of cjson, the generator of `math.random`, upvalues of a
//! library) is therefore a thread's. Redis, too, promises nothing of it: a script must set what it relies on.

use super::cache::{Cache, Script, Sha, sha_of};
use super::ffi::{Ended, Kind, Lua, Ref, Stack};
use super::host::{Host, LogLevel, Registered};
use super::library::{Libraries, Library};
use super::reply::{self, COUNTED};
use super::sandbox::{self, Globals, Purpose};
use crate::base::clock;
use crate::resp::{Out, Proto};
use ahash::AHashMap;
use std::cell::RefCell;
use std::sync::Arc;

/// Most bytes that one Lua state may hold: a script that wants more fails with "not enough memory". Beyond any script
/// that means well, and far from what would end the process.
pub const MEMORY_MAX: usize = 1 << 30;

/// Longest time that a library may take to load (functions.c `LOAD_TIMEOUT_MS`).
const LOAD_TIMEOUT_MS: u64 = 500;

thread_local! {
    static SCRIPTS: RefCell<Option<Scripts>> = const { RefCell::new(None) };
    static FUNCTIONS: RefCell<Option<Functions>> = const { RefCell::new(None) };
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Finished {
    /// The error that was replied has been counted when a command of the script made it.
    pub error_was_counted: bool,
}

/// One call of a script or function.
pub struct Call<'a> {
    /// `KEYS`, or the first argument of a function.
    pub keys: &'a [&'a [u8]],
    /// `ARGV`, or the second.
    pub arguments: &'a [&'a [u8]],
    /// The protocol of the client.
    pub proto: Proto,
    /// Most bytes that Lua may hold.
    pub memory_max: usize,
}

/// A Lua state with its globals.
struct Machine {
    lua: Lua,
    globals: Globals,
    keys_name: Ref,
    arguments_name: Ref,
}

/// A script as this thread knows it.
struct Known {
    script: Arc<Script>,
    compiled: Option<Ref>,
}

struct Scripts {
    generation: u64,
    machine: Machine,
    known: Vec<Known>,
    by_sha: AHashMap<Sha, usize>,
    by_body: AHashMap<Body, usize>,
}

/// A script's text as a key.
#[derive(PartialEq, Eq, Hash)]
struct Body(Box<[u8]>);

impl std::borrow::Borrow<[u8]> for Body {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

struct Functions {
    /// The snapshot that `loaded` was last compared with.
    snapshot: u64,
    machine: Machine,
    /// By library: its functions by name.
    loaded: AHashMap<u64, AHashMap<Vec<u8>, Ref>>,
}

impl Machine {
    fn new(purpose: Purpose) -> Machine {
        let mut lua = Lua::new(usize::MAX);
        let globals = sandbox::build(&mut lua, purpose);
        let mut stack = lua.stack();
        stack.push_bytes(b"KEYS");
        let keys_name = stack.keep();
        stack.push_bytes(b"ARGV");
        let arguments_name = stack.keep();
        lua.collect();
        Machine { lua, globals, keys_name, arguments_name }
    }

    /// Compiles `code`.
    ///
    /// # Errors
    /// Lua's message.
    fn compile(&mut self, code: &[u8], name: &std::ffi::CStr) -> Result<Ref, Vec<u8>> {
        let mut stack = self.lua.stack();
        if stack.load(code, name) {
            return Ok(stack.keep());
        }
        let message = stack.bytes(-1).unwrap_or_default().to_vec();
        stack.pop(1);
        Err(message)
    }

    /// Runs a compiled function; writes its reply, or its error, to `out`.
    fn run(
        &mut self,
        function: Ref,
        purpose: Purpose,
        host: &mut dyn Host,
        call: &Call<'_>,
        name: &[u8],
        out: &mut Vec<u8>,
    ) -> Finished {
        let Machine { lua, globals, keys_name, arguments_name } = self;
        lua.set_limit(call.memory_max);
        let (finished, ended) = lua.with_host(host, |s| {
            // A script can replace the globals of its thread (setfenv 0): not for the next one.
            s.push_ref(globals.visible);
            s.set_globals();
            s.push_ref(globals.error_handler);
            s.push_ref(function);
            let arguments = if purpose == Purpose::Scripts {
                s.push_ref(globals.real);
                for (name, words) in [(*keys_name, call.keys), (*arguments_name, call.arguments)] {
                    s.push_ref(name);
                    list(s, words);
                    s.raw_set(3);
                }
                s.pop(1);
                0
            } else {
                list(s, call.keys);
                list(s, call.arguments);
                2
            };
            let ended = s.call(arguments, 1, Some(1));
            let mut out = Out::new(out, call.proto);
            let finished = match ended {
                Ended::Well => {
                    let error_was_counted = was_counted(s);
                    let proto = s.host(|host, _| host.resp()).unwrap_or_default();
                    reply::from_lua(s, &mut out, proto);
                    Finished { error_was_counted }
                }
                Ended::Raised => error(s, name, &mut out),
            };
            s.truncate(0);
            (finished, ended)
        });
        if ended == Ended::Raised && self.lua.used() > call.memory_max / 2 {
            self.lua.collect();
        }
        finished
    }
}

/// Pushes words as an array.
fn list(s: &mut Stack<'_>, words: &[&[u8]]) {
    s.new_table(words.len(), 0);
    for (word, i) in words.iter().zip(1..) {
        s.push_bytes(word);
        s.raw_set_element(-2, i);
    }
}

/// Whether the value on top is an error that was counted when it was made.
fn was_counted(s: &mut Stack<'_>) -> bool {
    if s.kind(-1) != Kind::Table {
        return false;
    }
    s.raw_field(-1, COUNTED);
    let yes = s.truth(-1);
    s.pop(1);
    yes
}

/// Writes the error on top (script_lua.c `luaCallFunction`).
fn error(s: &mut Stack<'_>, name: &[u8], out: &mut Out<'_>) -> Finished {
    if s.kind(-1) != Kind::Table {
        let message = s.text(-1).unwrap_or(b"execution failure");
        let message = message.get(..message.len().min(100)).unwrap_or_default();
        out.error(&[b"ERR Error running script ", name, b", ", message].concat());
        return Finished::default();
    }
    let error_was_counted = was_counted(s);
    let mut field = |field: &str| {
        s.raw_field(-1, field);
        let text = s.text(-1).map(<[u8]>::to_vec);
        s.pop(1);
        text
    };
    let mut line = field("err").unwrap_or_else(|| b"ERR unknown error".to_vec());
    if let (Some(at), Some(source)) = (field("line"), field("source")) {
        line = [&line, b" script: ".as_slice(), name, b", on ", &source, b":", &at, b"."].concat();
    }
    out.error(&line);
    Finished { error_was_counted }
}

impl Scripts {
    fn new(generation: u64) -> Scripts {
        Scripts {
            generation,
            machine: Machine::new(Purpose::Scripts),
            known: Vec::new(),
            by_sha: AHashMap::new(),
            by_body: AHashMap::new(),
        }
    }

    fn learn(&mut self, script: Arc<Script>, compiled: Option<Ref>) -> usize {
        let at = self.known.len();
        self.by_sha.insert(script.sha, at);
        self.known.push(Known { script, compiled });
        at
    }

    fn find_sha(&mut self, cache: &Cache, sha: &Sha) -> Option<usize> {
        match self.by_sha.get(sha) {
            Some(at) => Some(*at),
            None => cache.get(sha).map(|script| self.learn(script, None)),
        }
    }

    /// The script of this text, if the cache has it.
    fn find_body(&mut self, cache: &Cache, body: &[u8]) -> Option<usize> {
        if let Some(at) = self.by_body.get(body) {
            return Some(*at);
        }
        let at = self.find_sha(cache, &sha_of(body))?;
        self.by_body.insert(Body(body.into()), at);
        Some(at)
    }

    /// Compiles a text that the cache does not have and adds it.
    fn create(&mut self, cache: &Cache, body: &[u8]) -> Result<usize, Vec<u8>> {
        let script = Cache::parse(body)?;
        let compiled = self.compile(&script)?;
        Ok(self.learn(cache.add(script), Some(compiled)))
    }

    fn compile(&mut self, script: &Script) -> Result<Ref, Vec<u8>> {
        self.machine
            .compile(script.code(), c"@user_script")
            .map_err(|why| [b"Error compiling script (new function): ", why.as_slice()].concat())
    }
}

/// How a script is named.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// By its text.
    Body(&'a [u8]),
    /// By its SHA-1, in any case.
    Sha(&'a [u8]),
}

/// Runs `f` on this thread's scripts, made anew if the cache was flushed. `None` while a script runs on this thread.
fn with_scripts<R>(cache: &Cache, f: impl FnOnce(&mut Scripts) -> R) -> Option<R> {
    SCRIPTS.with(|cell| {
        let mut slot = cell.try_borrow_mut().ok()?;
        let generation = cache.generation();
        if slot.as_ref().is_some_and(|s| s.generation != generation) {
            *slot = None;
        }
        Some(f(slot.get_or_insert_with(|| Scripts::new(generation))))
    })
}

/// The script that is meant, if the cache has it.
pub fn find(cache: &Cache, named: Named<'_>) -> Option<Arc<Script>> {
    with_scripts(cache, |scripts| {
        let at = match named {
            Named::Body(body) => scripts.find_body(cache, body)?,
            Named::Sha(word) => scripts.find_sha(cache, &super::cache::sha_word(word)?)?,
        };
        scripts.known.get(at).map(|known| known.script.clone())
    })
    .flatten()
}

/// Finds the script of a text, or compiles it and adds it to the cache.
///
/// # Errors
/// Why it does not compile.
pub fn load(cache: &Cache, body: &[u8]) -> Result<Arc<Script>, Vec<u8>> {
    let loaded = with_scripts(cache, |scripts| {
        let at = match scripts.find_body(cache, body) {
            Some(at) => at,
            None => scripts.create(cache, body)?,
        };
        Ok(scripts.known.get(at).map(|known| known.script.clone()))
    });
    match loaded {
        Some(Ok(Some(script))) => Ok(script),
        Some(Err(why)) => Err(why),
        _ => Err(b"A script is running".to_vec()),
    }
}

/// Runs a script that [`find`] or [`load`] gave on this thread.
pub fn run(
    cache: &Cache,
    script: &Arc<Script>,
    host: &mut dyn Host,
    call: &Call<'_>,
    out: &mut Vec<u8>,
) -> Finished {
    with_scripts(cache, |scripts| {
        let at = match scripts.by_sha.get(&script.sha) {
            Some(at) => *at,
            // The cache was flushed since.
            None => scripts.learn(script.clone(), None),
        };
        let compiled = match scripts.known.get(at).and_then(|known| known.compiled) {
            Some(compiled) => Ok(compiled),
            None => scripts.compile(script),
        };
        match compiled {
            Ok(compiled) => {
                if let Some(known) = scripts.known.get_mut(at) {
                    known.compiled = Some(compiled);
                }
                scripts.machine.run(compiled, Purpose::Scripts, host, call, &script.sha, out)
            }
            Err(why) => {
                Out::new(out, call.proto).error(&[b"ERR ", why.as_slice()].concat());
                Finished::default()
            }
        }
    })
    .unwrap_or_default()
}

/// Bytes that this thread's states hold: of scripts, of functions.
pub fn memory() -> (usize, usize) {
    let scripts = SCRIPTS
        .with(|cell| cell.try_borrow().map_or(0, |slot| slot.as_ref().map_or(0, |s| s.machine.lua.used())));
    let functions = FUNCTIONS
        .with(|cell| cell.try_borrow().map_or(0, |slot| slot.as_ref().map_or(0, |f| f.machine.lua.used())));
    (scripts, functions)
}

/// What is around a library while it is loaded: it can register functions and nothing else.
struct Loading {
    functions: Vec<Registered>,
    deadline: Option<u64>,
    log: Option<fn(LogLevel, &[u8])>,
}

impl Host for Loading {
    fn call(&mut self, _: &[&[u8]], _: &mut Vec<u8>) -> Result<(), Vec<u8>> {
        Err(b"This Redis command is not allowed from script".to_vec())
    }

    fn set_resp(&mut self, _: Proto) {}

    fn resp(&self) -> Proto {
        Proto::V2
    }

    fn permits(&mut self, _: &[&[u8]]) -> Option<bool> {
        None
    }

    fn log(&mut self, level: LogLevel, text: &[u8]) {
        if let Some(log) = self.log {
            log(level, text);
        }
    }

    fn interrupt(&mut self) -> Option<&'static str> {
        let late = |deadline: u64| clock::ticks_to_ns(clock::ticks()) > deadline;
        self.deadline.is_some_and(late).then_some("FUNCTION LOAD timeout")
    }

    fn register(&mut self, function: Registered) -> Result<(), String> {
        if !super::flags::is_name(&function.name) {
            return Err("Library names can only contain letters, numbers, or underscores(_) and must be at least one character long".to_owned());
        }
        if self.functions.iter().any(|f| f.name == function.name) {
            return Err("Function already exists in the library".to_owned());
        }
        self.functions.push(function);
        Ok(())
    }
}

impl Functions {
    fn new() -> Functions {
        Functions { snapshot: 0, machine: Machine::new(Purpose::Functions), loaded: AHashMap::new() }
    }

    /// Forgets libraries that are not in the snapshot any more.
    fn renew(&mut self, libraries: &Libraries) {
        if self.snapshot == libraries.id {
            return;
        }
        self.snapshot = libraries.id;
        let alive: Vec<u64> = libraries.iter().map(|l| l.id).collect();
        let mut stack = self.machine.lua.stack();
        self.loaded.retain(|id, functions| {
            let keep = alive.contains(id);
            if !keep {
                functions.values().for_each(|function| stack.release(*function));
            }
            keep
        });
        self.machine.lua.collect();
    }

    /// Runs a library's code, which registers its functions.
    fn load(&mut self, code: &[u8], loading: &mut Loading) -> Result<(), Vec<u8>> {
        let chunk = self
            .machine
            .compile(code, c"@user_function")
            .map_err(|why| [b"Error compiling function: ", why.as_slice()].concat())?;
        let Machine { lua, globals, .. } = &mut self.machine;
        lua.set_limit(MEMORY_MAX);
        let result = lua.with_host(loading, |s| {
            s.push_ref(globals.visible);
            s.set_globals();
            show(s, globals, globals.loading);
            s.push_ref(chunk);
            let ended = s.call(0, 0, None);
            let result = match ended {
                Ended::Well => Ok(()),
                Ended::Raised => Err(load_error(s)),
            };
            show(s, globals, globals.real);
            s.truncate(0);
            s.release(chunk);
            result
        });
        if result.is_err() {
            let mut stack = lua.stack();
            loading.functions.drain(..).for_each(|f| stack.release(f.callback));
        }
        result
    }
}

/// Makes `table` what is seen behind the globals.
fn show(s: &mut Stack<'_>, globals: &Globals, table: Ref) {
    s.push_ref(globals.guard);
    s.push_ref(table);
    s.raw_set_field(-2, "__index");
    s.pop(1);
}

/// The error on top, as FUNCTION LOAD tells it.
fn load_error(s: &mut Stack<'_>) -> Vec<u8> {
    let message = if s.kind(-1) == Kind::Table {
        s.raw_field(-1, "err");
        s.text(-1).unwrap_or_default().to_vec()
    } else {
        [b"ERR ", s.text(-1).unwrap_or_default()].concat()
    };
    [b"Error registering functions: ", message.as_slice()].concat()
}

fn with_functions<R>(f: impl FnOnce(&mut Functions) -> R) -> Option<R> {
    FUNCTIONS.with(|cell| {
        let mut slot = cell.try_borrow_mut().ok()?;
        Some(f(slot.get_or_insert_with(Functions::new)))
    })
}

/// Loads a library's code for the first time; the functions that it registered are the result. `log` takes what it logs.
///
/// # Errors
/// Why it cannot be loaded.
pub fn load_library(
    code: &[u8],
    timeout: bool,
    log: fn(LogLevel, &[u8]),
) -> Result<Vec<Registered>, Vec<u8>> {
    let now = clock::ticks_to_ns(clock::ticks());
    let deadline = timeout.then(|| now + LOAD_TIMEOUT_MS * clock::NS_PER_MS);
    let mut loading = Loading { functions: Vec::new(), deadline, log: Some(log) };
    let loaded = with_functions(|functions| {
        functions.load(code, &mut loading)?;
        // What this thread needs of it is loaded again when it is called: the library has no id yet.
        let mut stack = functions.machine.lua.stack();
        loading.functions.iter().for_each(|f| stack.release(f.callback));
        Ok(())
    });
    match loaded {
        Some(result) => result.map(|()| loading.functions),
        None => Err(b"A function is running".to_vec()),
    }
}

/// Runs function `at` of `library` on this thread.
pub fn run_function(
    libraries: &Libraries,
    library: &Library,
    at: usize,
    host: &mut dyn Host,
    call: &Call<'_>,
    out: &mut Vec<u8>,
) -> Finished {
    with_functions(|functions| {
        functions.renew(libraries);
        let name = library.functions.get(at).map(|f| f.name.as_slice()).unwrap_or_default();
        if !functions.loaded.contains_key(&library.id) {
            let mut loading = Loading { functions: Vec::new(), deadline: None, log: None };
            if let Err(why) = functions.load(library.body(), &mut loading) {
                Out::new(out, call.proto).error(&[b"ERR ", why.as_slice()].concat());
                return Finished::default();
            }
            let by_name = loading.functions.into_iter().map(|f| (f.name, f.callback)).collect();
            functions.loaded.insert(library.id, by_name);
        }
        match functions.loaded.get(&library.id).and_then(|functions| functions.get(name)) {
            Some(function) => {
                let function = *function;
                functions.machine.run(function, Purpose::Functions, host, call, name, out)
            }
            None => {
                // It registers another set of functions on each load.
                Out::new(out, call.proto).error(b"ERR Function not found");
                Finished::default()
            }
        }
    })
    .unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests;
