//! The one place that touches Lua's C interface: a state with its allocator, its stack as safe methods, and the bridge
//! from Lua to Rust functions.
//!
//! Lua reports errors by `longjmp`. What makes that sound here:
//!
//! 1. **Rust frames are never jumped over while they own something.** While Rust code of this crate runs (between two
//!    entries into the interpreter) nothing it calls can raise: the allocator never refuses then (`Shared::strict` is
//!    off), no method below may run a metamethod (only raw access), and no collected object has a finalizer (`newproxy`
//!    is not there, and no userdata is made). Memory beyond the bound is noticed when the Rust function returns.
//! 2. **Natives raise by returning.** A [`Native`] leaves the error object on the stack and returns [`Raised`];
//!    `trampoline`, which owns nothing, then calls `lua_error`.
//! 3. **Indices are checked.** A method panics on a stack index that is not there, and on an operation on a table that
//!    is given something else, instead of reading what lies beside.
//! 4. **Borrowed strings stay alive.** Bytes of a stack slot are borrowed from the `Stack`, so nothing can be pushed or
//!    popped meanwhile; bytes of an argument of a native live as long as its call, since `Stack` never removes what lies
//!    below its `floor`.
//!
//! A state belongs to the thread that made it (it is neither `Send` nor `Sync`).

use super::env::Env;
use super::host::Host;
use mlua_sys as sys;
use std::alloc::Layout;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use sys::lua_State;

/// Instructions between two looks at the clock (script_lua.c `luaCallFunction`).
const HOOK_EVERY: c_int = 100_000;

/// A function that Lua can call: arguments are slots 1 and up, results are what it leaves on top, their number is
/// returned.
pub type Native = fn(&mut Stack<'_>) -> Result<usize, Raised>;

/// The error object lies on top of the stack: whoever gets this hands it on.
#[derive(Debug)]
pub struct Raised;

/// Type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// No such slot.
    None,
    /// `nil`.
    Nil,
    /// A boolean.
    Boolean,
    /// A light userdata: `cjson.null`.
    Light,
    /// A number.
    Number,
    /// A string.
    String,
    /// A table.
    Table,
    /// A function.
    Function,
    /// A userdata; none is ever made.
    Userdata,
    /// A coroutine.
    Thread,
}

impl Kind {
    /// As `type()` names it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::None => "no value",
            Kind::Nil => "nil",
            Kind::Boolean => "boolean",
            Kind::Light | Kind::Userdata => "userdata",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Table => "table",
            Kind::Function => "function",
            Kind::Thread => "thread",
        }
    }
}

/// How a protected call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It returned.
    Well,
    /// It raised; the error object lies on top of the stack.
    Raised,
}

/// A value that stays in the registry until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ref(c_int);

/// Where a function was when it raised.
pub struct Place {
    /// The chunk, as it was named: `@user_script`.
    pub source: Vec<u8>,
    /// Line; -1 if unknown.
    pub line: i32,
}

/// What the state, its coroutines and its natives share. Lua holds a pointer to it as the allocator's argument.
struct Shared {
    used: Cell<usize>,
    limit: Cell<usize>,
    /// Whether an allocation beyond the limit is refused: only while the interpreter itself runs.
    strict: Cell<bool>,
    host: Cell<Option<*mut (dyn Host + 'static)>>,
    env: Env,
}

/// A Lua state.
pub struct Lua {
    state: *mut lua_State,
    shared: Box<Shared>,
}

/// SAFETY (of what it does): `ud` is the `Shared` of the state, which outlives it; Lua passes back blocks with the sizes
/// that they were asked for.
unsafe extern "C" fn allocate(ud: *mut c_void, block: *mut c_void, old: usize, new: usize) -> *mut c_void {
    const ALIGN: usize = 16;
    // SAFETY: see above; only shared references to it are ever made.
    let shared = unsafe { &*ud.cast::<Shared>() };
    let used = shared.used.get();
    if new == 0 {
        if !block.is_null() {
            shared.used.set(used.saturating_sub(old));
            // SAFETY: allocated below with this size and alignment.
            unsafe { std::alloc::dealloc(block.cast(), Layout::from_size_align_unchecked(old, ALIGN)) };
        }
        return std::ptr::null_mut();
    }
    let after = used.saturating_sub(if block.is_null() { 0 } else { old }).saturating_add(new);
    if after > shared.limit.get() && shared.strict.get() && new > old {
        return std::ptr::null_mut();
    }
    let Ok(layout) = Layout::from_size_align(new, ALIGN) else { return std::ptr::null_mut() };
    let fresh = if block.is_null() {
        // SAFETY: `new` is not zero.
        unsafe { std::alloc::alloc(layout) }
    } else {
        // SAFETY: the block has this size and alignment; `new` is not zero and fits a layout.
        unsafe { std::alloc::realloc(block.cast(), Layout::from_size_align_unchecked(old, ALIGN), new) }
    };
    if fresh.is_null() {
        // As everywhere else in the process.
        std::alloc::handle_alloc_error(layout);
    }
    shared.used.set(after);
    fresh.cast()
}

impl Lua {
    /// A state without libraries that may hold `limit` bytes.
    pub fn new(limit: usize) -> Lua {
        let shared = Box::new(Shared {
            used: Cell::new(0),
            limit: Cell::new(limit),
            strict: Cell::new(false),
            host: Cell::new(None),
            env: Env::default(),
        });
        // SAFETY: `shared` lies on the heap and is dropped after the state is closed.
        let state = unsafe { sys::lua_newstate(allocate, (&raw const *shared).cast_mut().cast()) };
        assert!(!state.is_null(), "the allocator does not refuse here");
        Lua { state, shared }
    }

    /// Bytes that it holds.
    pub fn used(&self) -> usize {
        self.shared.used.get()
    }

    /// Changes how many bytes it may hold.
    pub fn set_limit(&self, limit: usize) {
        self.shared.limit.set(limit);
    }

    /// The stack, for code outside any native.
    pub fn stack(&mut self) -> Stack<'_> {
        Stack { state: self.state, shared: &self.shared, floor: 0, of: PhantomData }
    }

    /// Collects all garbage.
    pub fn collect(&mut self) {
        // SAFETY: no finalizers, so nothing can be raised.
        unsafe { sys::lua_gc(self.state, sys::LUA_GCCOLLECT, 0) };
    }

    /// Opens Lua's own libraries base (with coroutine), table, string and math.
    pub fn open_libraries(&mut self) {
        let libraries: [(unsafe extern "C-unwind" fn(*mut lua_State) -> c_int, &CStr); 4] = [
            (sys::luaopen_base, c""),
            (sys::luaopen_table, c"table"),
            (sys::luaopen_string, c"string"),
            (sys::luaopen_math, c"math"),
        ];
        for (open, name) in libraries {
            // SAFETY: as Lua's own linit.c does; nothing can fail while memory is not limited.
            unsafe {
                sys::lua_pushcclosure(self.state, open, 0);
                sys::lua_pushlstring_(self.state, name.as_ptr(), name.count_bytes());
                sys::lua_call(self.state, 1, 0);
            }
        }
    }

    /// Runs `f` while natives can reach `host`, with the clock's hook on.
    pub fn with_host<R>(&mut self, host: &mut dyn Host, f: impl FnOnce(&mut Stack<'_>) -> R) -> R {
        struct Reset<'a>(&'a Shared);
        impl Drop for Reset<'_> {
            fn drop(&mut self) {
                self.0.host.set(None);
            }
        }
        // SAFETY: only the lifetime changes. The pointer is taken back before `host` ends, on every way out.
        let host: *mut (dyn Host + 'static) = unsafe {
            std::mem::transmute::<*mut (dyn Host + '_), *mut (dyn Host + 'static)>(std::ptr::from_mut(host))
        };
        self.shared.host.set(Some(host));
        let _reset = Reset(&self.shared);
        // SAFETY: the state is open. It also starts the count of instructions anew.
        unsafe { sys::lua_sethook(self.state, Some(count_hook), sys::LUA_MASKCOUNT, HOOK_EVERY) };
        f(&mut Stack { state: self.state, shared: &self.shared, floor: 0, of: PhantomData })
    }
}

impl Drop for Lua {
    fn drop(&mut self) {
        // SAFETY: opened by `new`, closed once; `shared` is dropped after it.
        unsafe { sys::lua_close(self.state) };
    }
}

/// SAFETY (of what it returns): `state` is a live state made by [`Lua::new`], or a coroutine of one.
unsafe fn shared_of<'a>(state: *mut lua_State) -> &'a Shared {
    let mut ud = std::ptr::null_mut();
    // SAFETY: the allocator's argument is the `Shared` of the state, and lives longer than any code that Lua runs.
    unsafe {
        sys::lua_getallocf(state, &raw mut ud);
        &*ud.cast::<Shared>()
    }
}

/// Runs the native whose address is the first upvalue.
unsafe extern "C-unwind" fn trampoline(state: *mut lua_State) -> c_int {
    // SAFETY: Lua calls this with a live state and the upvalue that `push_native` gave it. `lua_error` jumps out of
    // this frame when nothing in it is left to drop.
    unsafe {
        let shared = shared_of(state);
        let address = sys::lua_touserdata(state, sys::lua_upvalueindex(1));
        let native = std::mem::transmute::<*mut c_void, Native>(address);
        shared.strict.set(false);
        let floor = sys::lua_gettop(state);
        let mut stack = Stack { state, shared, floor, of: PhantomData };
        let result = native(&mut stack);
        let result = if result.is_ok() && shared.used.get() > shared.limit.get() {
            stack.push_bytes(b"not enough memory");
            Err(Raised)
        } else {
            result
        };
        shared.strict.set(true);
        match result {
            Ok(results) => c_int::try_from(results).unwrap_or(0),
            Err(Raised) => sys::lua_error(state),
        }
    }
}

/// The count hook: asks the host whether the script must end.
unsafe extern "C-unwind" fn count_hook(state: *mut lua_State, _: *mut sys::lua_Debug) {
    // SAFETY: as in `trampoline`.
    unsafe {
        let shared = shared_of(state);
        let Some(host) = shared.host.get() else { return };
        shared.strict.set(false);
        let verdict = (*host).interrupt();
        if let Some(message) = verdict {
            // From now on at every line, so that no pcall of the script outlives it.
            sys::lua_sethook(state, Some(count_hook), sys::LUA_MASKLINE | sys::LUA_MASKCOUNT, HOOK_EVERY);
            let mut stack = Stack { state, shared, floor: 0, of: PhantomData };
            stack.push_error_table(message.as_bytes());
        }
        shared.strict.set(true);
        if verdict.is_some() {
            sys::lua_error(state);
        }
    }
}

/// `pcall` as Redis has it (script_lua.c `luaRedisPcall`): the error of a table with an `err` is that string.
unsafe extern "C-unwind" fn protected(state: *mut lua_State) -> c_int {
    // SAFETY: as in `trampoline`; this frame owns nothing. Slots: what it pushes fits LUA_MINSTACK.
    unsafe {
        let arguments = sys::lua_gettop(state);
        if arguments == 0 {
            // lbaselib.c `luaB_pcall`: luaL_checkany.
            return sys::luaL_argerror(state, 1, c"value expected".as_ptr());
        }
        sys::lua_pushboolean(state, 1);
        sys::lua_insert(state, 1);
        if sys::lua_pcall(state, arguments - 1, sys::LUA_MULTRET, 0) != 0 {
            sys::lua_remove(state, 1);
            if sys::lua_type(state, -1) == sys::LUA_TTABLE {
                sys::lua_pushlstring_(state, c"err".as_ptr(), 3);
                sys::lua_rawget_(state, -2);
                if sys::lua_isstring(state, -1) != 0 {
                    sys::lua_replace(state, -2);
                } else {
                    sys::lua_settop(state, -2);
                }
            }
            sys::lua_pushboolean(state, 0);
            sys::lua_insert(state, 1);
        }
        sys::lua_gettop(state)
    }
}

/// Longest pattern that Lua's matcher is given: it recurses once per item of a pattern, and a shard's stack is finite.
const PATTERN_MAX: usize = 8 * 1024;

/// Calls the C function behind light userdata upvalue 1 if argument 2, a pattern, is not too long.
unsafe extern "C-unwind" fn matcher(state: *mut lua_State) -> c_int {
    // SAFETY: the upvalue is the address of a C function of Lua's string library, put there by `guard_patterns`; it
    // finds its own arguments where it expects them. This frame owns nothing.
    unsafe {
        if sys::lua_type(state, 2) == sys::LUA_TSTRING && sys::lua_objlen(state, 2) > PATTERN_MAX {
            return sys::luaL_error(state, c"pattern too complex".as_ptr());
        }
        let address = sys::lua_touserdata(state, sys::lua_upvalueindex(1));
        let original = std::mem::transmute::<*mut c_void, sys::lua_CFunction>(address);
        original(state)
    }
}

/// A stack: of the state itself, or of the running native.
pub struct Stack<'a> {
    state: *mut lua_State,
    shared: &'a Shared,
    /// Slots that stay as they are: the arguments.
    floor: c_int,
    of: PhantomData<&'a mut Lua>,
}

impl<'a> Stack<'a> {
    /// What natives of this state keep between calls.
    pub fn env(&self) -> &'a Env {
        &self.shared.env
    }

    /// Whether it holds more than it may: a native that builds much asks now and then.
    pub fn is_over_limit(&self) -> bool {
        self.shared.used.get() > self.shared.limit.get()
    }

    /// Most bytes that it may hold.
    pub fn limit(&self) -> usize {
        self.shared.limit.get()
    }

    /// Calls into the running script's host; `None` outside a run.
    pub fn host<R>(&mut self, f: impl FnOnce(&mut dyn Host, &Stack<'_>) -> R) -> Option<R> {
        let host = self.shared.host.take()?;
        // SAFETY: `with_host` keeps it valid, and taking it out keeps a second reference from being made meanwhile.
        let result = f(unsafe { &mut *host }, self);
        self.shared.host.set(Some(host));
        Some(result)
    }

    /// Slots in use.
    #[inline]
    pub fn top(&self) -> i32 {
        // SAFETY: reads the state.
        unsafe { sys::lua_gettop(self.state) }
    }

    /// A slot counted from the bottom. Panics if there is none.
    #[inline]
    fn at(&self, index: i32) -> c_int {
        let top = self.top();
        let at = if index < 0 { top + 1 + index } else { index };
        assert!(at >= 1 && at <= top, "no such slot");
        at
    }

    #[inline]
    fn table_at(&self, index: i32) -> c_int {
        let at = self.at(index);
        // SAFETY: the slot is there.
        assert!(unsafe { sys::lua_type(self.state, at) } == sys::LUA_TTABLE, "not a table");
        at
    }

    /// Room for `slots` more. `false`: the stack would be longer than Lua allows.
    #[inline]
    pub fn reserve(&mut self, slots: i32) -> bool {
        // Whatever its arguments took of what Lua allows, a function has LUA_MINSTACK slots of its own.
        // SAFETY: memory is not refused here, and a stack too long is reported, not raised.
        let granted = unsafe { sys::lua_checkstack(self.state, slots) != 0 };
        granted || self.top().saturating_add(slots) <= self.floor + sys::LUA_MINSTACK
    }

    #[inline]
    fn room(&mut self) {
        assert!(self.reserve(1), "a caller that nests asks `reserve` first");
    }

    /// Drops slots above `top`.
    pub fn truncate(&mut self, top: i32) {
        assert!(top >= self.floor && top <= self.top());
        // SAFETY: only drops.
        unsafe { sys::lua_settop(self.state, top) };
    }

    /// Drops the `n` uppermost slots.
    #[inline]
    pub fn pop(&mut self, n: i32) {
        self.truncate(self.top() - n);
    }

    /// The type of a slot; `Kind::None` where there is none.
    #[inline]
    pub fn kind(&self, index: i32) -> Kind {
        let top = self.top();
        let at = if index < 0 { top + 1 + index } else { index };
        if at < 1 || at > top {
            return Kind::None;
        }
        // SAFETY: the slot is there.
        match unsafe { sys::lua_type(self.state, at) } {
            sys::LUA_TNIL => Kind::Nil,
            sys::LUA_TBOOLEAN => Kind::Boolean,
            sys::LUA_TLIGHTUSERDATA => Kind::Light,
            sys::LUA_TNUMBER => Kind::Number,
            sys::LUA_TSTRING => Kind::String,
            sys::LUA_TTABLE => Kind::Table,
            sys::LUA_TFUNCTION => Kind::Function,
            sys::LUA_TTHREAD => Kind::Thread,
            _ => Kind::Userdata,
        }
    }

    /// Whether a slot is neither `nil` nor `false`.
    pub fn truth(&self, index: i32) -> bool {
        !matches!(self.kind(index), Kind::None | Kind::Nil)
            // SAFETY: the slot is there.
            && unsafe { sys::lua_toboolean(self.state, self.at(index)) != 0 }
    }

    /// The number in a slot, or that a string there reads as.
    #[inline]
    pub fn number(&self, index: i32) -> Option<f64> {
        if !matches!(self.kind(index), Kind::Number | Kind::String) {
            return None;
        }
        let at = self.at(index);
        // SAFETY: the slot is there; neither call changes it.
        unsafe { (sys::lua_isnumber(self.state, at) != 0).then(|| sys::lua_tonumber(self.state, at)) }
    }

    /// Whether a slot holds `cjson.null`.
    pub fn is_light_null(&self, index: i32) -> bool {
        // SAFETY: the slot is there.
        self.kind(index) == Kind::Light
            && unsafe { sys::lua_touserdata(self.state, self.at(index)).is_null() }
    }

    /// The bytes of a slot that holds a string.
    #[inline]
    pub fn bytes(&self, index: i32) -> Option<&[u8]> {
        if self.kind(index) != Kind::String {
            return None;
        }
        // SAFETY: a string is not moved while it is referenced, and nothing is popped while `self` is borrowed.
        Some(unsafe { self.raw_bytes(self.at(index)) })
    }

    /// SAFETY (to call): the slot holds a string that stays referenced as long as the result is used.
    #[inline]
    unsafe fn raw_bytes<'b>(&self, at: c_int) -> &'b [u8] {
        let mut len = 0;
        // SAFETY: for a string it converts nothing; pointer and length are those of the string.
        unsafe {
            let start = sys::lua_tolstring(self.state, at, &raw mut len);
            std::slice::from_raw_parts(start.cast(), len)
        }
    }

    /// The bytes of argument `i`, a number as Lua prints it; they live as long as the call.
    #[inline]
    pub fn argument(&mut self, i: i32) -> Option<&'a [u8]> {
        if i > self.floor || !matches!(self.kind(i), Kind::String | Kind::Number) {
            return None;
        }
        // SAFETY: the slot is an argument, so it stays. A number becomes a string in place.
        Some(unsafe { self.raw_bytes(i) })
    }

    /// The bytes of a slot, a number converted in place.
    pub fn text(&mut self, index: i32) -> Option<&[u8]> {
        if !matches!(self.kind(index), Kind::String | Kind::Number) {
            return None;
        }
        let at = self.at(index);
        // SAFETY: as in `bytes`; what is in place is never a key that is being traversed (callers copy those).
        Some(unsafe { self.raw_bytes(at) })
    }

    /// An address that tells objects apart.
    pub fn address(&self, index: i32) -> usize {
        // SAFETY: the slot is there.
        unsafe { sys::lua_topointer(self.state, self.at(index)).addr() }
    }

    /// Length of a string, or border of a table.
    pub fn len(&self, index: i32) -> usize {
        // SAFETY: the slot is there; raw, so no metamethod runs.
        unsafe { sys::lua_objlen(self.state, self.at(index)) }
    }

    /// Pushes `nil`.
    #[inline]
    pub fn push_nil(&mut self) {
        self.room();
        // SAFETY: there is room.
        unsafe { sys::lua_pushnil(self.state) };
    }

    /// Pushes a boolean.
    #[inline]
    pub fn push_bool(&mut self, yes: bool) {
        self.room();
        // SAFETY: there is room.
        unsafe { sys::lua_pushboolean(self.state, c_int::from(yes)) };
    }

    /// Pushes a number.
    #[inline]
    pub fn push_number(&mut self, n: f64) {
        self.room();
        // SAFETY: there is room.
        unsafe { sys::lua_pushnumber(self.state, n) };
    }

    /// Pushes an integer; beyond 2^53 it is rounded.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "Lua 5.1 has only doubles, and Redis casts too")]
    pub fn push_int(&mut self, n: i64) {
        self.push_number(n as f64);
    }

    /// Pushes a string.
    #[inline]
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.room();
        // SAFETY: there is room, and the bytes are copied.
        unsafe { sys::lua_pushlstring_(self.state, bytes.as_ptr().cast::<c_char>(), bytes.len()) };
    }

    /// Pushes `cjson.null`.
    pub fn push_light_null(&mut self) {
        self.room();
        // SAFETY: there is room; the pointer is never followed.
        unsafe { sys::lua_pushlightuserdata(self.state, std::ptr::null_mut()) };
    }

    /// Pushes a copy of a slot.
    #[inline]
    pub fn push_copy(&mut self, index: i32) {
        let at = self.at(index);
        self.room();
        // SAFETY: the slot is there, and room is.
        unsafe { sys::lua_pushvalue(self.state, at) };
    }

    /// Pushes a function that calls `native`.
    pub fn push_native(&mut self, native: Native) {
        self.room();
        self.room();
        // SAFETY: there is room; the address is that of a function, which `trampoline` takes it back to.
        unsafe {
            sys::lua_pushlightuserdata(self.state, native as *mut c_void);
            sys::lua_pushcclosure(self.state, trampoline, 1);
        }
    }

    /// Pushes `pcall`.
    pub fn push_pcall(&mut self) {
        self.room();
        // SAFETY: there is room.
        unsafe { sys::lua_pushcclosure(self.state, protected, 0) };
    }

    /// Replaces the C function on top, one that takes a pattern as its second argument, by one that looks at the
    /// pattern's length first.
    pub fn guard_patterns(&mut self) {
        self.room();
        // SAFETY: the slot is there.
        let Some(original) = (unsafe { sys::lua_tocfunction(self.state, self.at(-1)) }) else { return };
        // SAFETY: the address is that of the C function, which `matcher` takes it back to.
        unsafe {
            sys::lua_pushlightuserdata(self.state, original as *mut c_void);
            sys::lua_pushcclosure(self.state, matcher, 1);
            sys::lua_remove(self.state, -2);
        }
    }

    /// Pushes the table of globals.
    pub fn push_globals(&mut self) {
        self.room();
        // SAFETY: a pseudo index that always exists.
        unsafe { sys::lua_pushvalue(self.state, sys::LUA_GLOBALSINDEX) };
    }

    /// Makes the table on top the globals of the state.
    pub fn set_globals(&mut self) {
        self.table_at(-1);
        // SAFETY: the slot is a table.
        unsafe { sys::lua_replace(self.state, sys::LUA_GLOBALSINDEX) };
    }

    /// Pushes a new table with room for so many elements and fields.
    #[inline]
    pub fn new_table(&mut self, elements: usize, fields: usize) {
        // A hint, so a bound of it costs nothing but growing later.
        let hint = |n: usize| c_int::try_from(n.min(64 * 1024)).unwrap_or(0);
        self.room();
        // SAFETY: there is room; sizes this small cannot overflow.
        unsafe { sys::lua_createtable(self.state, hint(elements), hint(fields)) };
    }

    /// Replaces the key on top by the value that the table at `index` has for it.
    #[inline]
    pub fn raw_get(&mut self, index: i32) {
        let at = self.table_at(index);
        // SAFETY: a table, and a key on top.
        unsafe { sys::lua_rawget_(self.state, at) };
    }

    /// Pushes field `name` of the table at `index`.
    #[inline]
    pub fn raw_field(&mut self, index: i32, name: &str) {
        let at = self.table_at(index);
        self.push_bytes(name.as_bytes());
        self.raw_get(at);
    }

    /// Pushes element `i` of the table at `index`.
    #[inline]
    pub fn raw_element(&mut self, index: i32, i: i32) {
        let at = self.table_at(index);
        self.room();
        // SAFETY: a table, and there is room.
        unsafe { sys::lua_rawgeti_(self.state, at, i) };
    }

    /// Takes value and, below it, key from the top and stores them in the table at `index`. `false`: the key is `nil` or
    /// not a number, nothing was stored.
    #[inline]
    pub fn raw_set(&mut self, index: i32) -> bool {
        let at = self.table_at(index);
        let fits = match self.kind(-2) {
            Kind::Nil | Kind::None => false,
            Kind::Number => !self.number(-2).is_some_and(f64::is_nan),
            _ => true,
        };
        if fits {
            // SAFETY: a table; key and value on top; the key is one that Lua takes.
            unsafe { sys::lua_rawset(self.state, at) };
        } else {
            self.pop(2);
        }
        fits
    }

    /// Takes the value from the top and stores it as field `name` of the table at `index`.
    pub fn raw_set_field(&mut self, index: i32, name: &str) {
        let at = self.table_at(index);
        self.push_bytes(name.as_bytes());
        self.room();
        // SAFETY: two values are on top.
        unsafe { sys::lua_insert(self.state, -2) };
        self.raw_set(at);
    }

    /// Takes the value from the top and stores it as element `i` of the table at `index`.
    #[inline]
    pub fn raw_set_element(&mut self, index: i32, i: i32) {
        let at = self.table_at(index);
        // SAFETY: a table, and a value on top.
        unsafe { sys::lua_rawseti_(self.state, at, i) };
    }

    /// Goes on with a traversal: replaces the key on top by the next key and its value; at the end only drops the key.
    /// The key must be one that the last call left, or `nil` to begin. `None`: it is no key of the table, which was
    /// changed meanwhile; it is dropped too.
    pub fn next(&mut self, index: i32) -> bool {
        let at = self.table_at(index);
        self.room();
        // SAFETY: a table, a key on top, and room for one more. Keys come from the traversal itself (or were looked up
        // by the caller), so Lua finds them and does not raise.
        unsafe { sys::lua_next(self.state, at) != 0 }
    }

    /// Moves the value on top below the slot `index`, which moves up.
    pub fn insert(&mut self, index: i32) {
        let at = self.at(index);
        assert!(at > self.floor);
        // SAFETY: the slot is there.
        unsafe { sys::lua_insert(self.state, at) };
    }

    /// Drops a slot; those above move down.
    pub fn remove(&mut self, index: i32) {
        let at = self.at(index);
        assert!(at > self.floor);
        // SAFETY: the slot is there.
        unsafe { sys::lua_remove(self.state, at) };
    }

    /// Pushes the metatable of a slot, if it has one.
    #[inline]
    pub fn push_metatable(&mut self, index: i32) -> bool {
        let at = self.at(index);
        self.room();
        // SAFETY: the slot is there, and room is.
        unsafe { sys::lua_getmetatable(self.state, at) != 0 }
    }

    /// Takes a table, or `nil`, from the top as the metatable of a slot.
    pub fn set_metatable(&mut self, index: i32) {
        let at = self.at(index);
        assert!(matches!(self.kind(-1), Kind::Table | Kind::Nil));
        // SAFETY: a table or nil on top.
        unsafe { sys::lua_setmetatable(self.state, at) };
    }

    /// Keeps the value on top, which is dropped from the stack.
    pub fn keep(&mut self) -> Ref {
        self.at(-1);
        self.room();
        // SAFETY: a value on top; the registry is a table.
        Ref(unsafe { sys::luaL_ref(self.state, sys::LUA_REGISTRYINDEX) })
    }

    /// Pushes a kept value.
    #[inline]
    pub fn push_ref(&mut self, kept: Ref) {
        self.room();
        // SAFETY: there is room.
        unsafe { sys::lua_rawgeti_(self.state, sys::LUA_REGISTRYINDEX, kept.0) };
    }

    /// Keeps a value no longer.
    pub fn release(&mut self, kept: Ref) {
        self.room();
        // SAFETY: gives back what `keep` gave.
        unsafe { sys::luaL_unref(self.state, sys::LUA_REGISTRYINDEX, kept.0) };
    }

    /// Compiles source text and pushes the function, or the message why it does not compile. Precompiled chunks are
    /// never accepted: such bytes are read as the text that they are not.
    pub fn load(&mut self, source: &[u8], name: &CStr) -> bool {
        // A chunk is taken for a precompiled one by its first byte; behind a space it is a wrong word.
        let spaced;
        let source = if source.first() == Some(&sys::LUA_SIGNATURE[0]) {
            spaced = [b" ", source].concat();
            &spaced
        } else {
            source
        };
        // The parser does not keep the chunk's name alive by itself (CVE-2025-49844): this slot does.
        self.push_bytes(name.to_bytes());
        self.room();
        let was = self.shared.strict.get();
        self.shared.strict.set(true);
        // SAFETY: runs protected; the buffer outlives the call.
        let status =
            unsafe { sys::luaL_loadbuffer(self.state, source.as_ptr().cast(), source.len(), name.as_ptr()) };
        self.shared.strict.set(was);
        // SAFETY: name and result are the two uppermost slots.
        unsafe { sys::lua_remove(self.state, -2) };
        status == 0
    }

    /// Calls the function below its `arguments` on top; leaves `results` values, or the error object as `handler` made
    /// it. The handler is the slot of a function.
    #[inline]
    pub fn call(&mut self, arguments: i32, results: i32, handler: Option<i32>) -> Ended {
        let handler = handler.map_or(0, |h| self.at(h));
        assert!(self.top() - arguments > self.floor && results >= 0);
        assert!(self.reserve(results.max(1)));
        let was = self.shared.strict.replace(true);
        // SAFETY: the function and its arguments are on the stack; errors are caught.
        let status = unsafe { sys::lua_pcall(self.state, arguments, results, handler) };
        self.shared.strict.set(was);
        if status == 0 { Ended::Well } else { Ended::Raised }
    }

    /// Where the function `level` calls up is (0: the running one). `None`: there is none.
    fn debug(&self, level: c_int, what: &CStr) -> Option<sys::lua_Debug> {
        // SAFETY: a struct of integers and pointers that Lua fills; all zero is a value of it.
        let mut activation: sys::lua_Debug = unsafe { std::mem::zeroed() };
        // SAFETY: `activation` is what both expect.
        unsafe {
            (sys::lua_getstack(self.state, level, &raw mut activation) != 0
                && sys::lua_getinfo(self.state, what.as_ptr(), &raw mut activation) != 0)
                .then_some(activation)
        }
    }

    /// Where an error was raised, seen from its handler: in the function that raised or, if that is not written in Lua,
    /// in its caller.
    pub fn place_of_error(&self) -> Option<Place> {
        let c_text = |text: *const c_char| {
            if text.is_null() {
                return Vec::new();
            }
            // SAFETY: Lua fills in strings that live as long as the function.
            unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
        };
        let mut info = self.debug(1, c"nSl");
        if info.as_ref().is_some_and(|i| c_text(i.what) == b"C") {
            info = self.debug(2, c"nSl");
        }
        info.map(|i| Place { source: c_text(i.source), line: i.currentline })
    }

    /// Raises a message with the place of the native's caller before it, as `luaL_error` does.
    pub fn raise(&mut self, message: &[u8]) -> Raised {
        assert!(self.reserve(2));
        // SAFETY: pushes one string; there is room.
        unsafe { sys::luaL_where(self.state, 1) };
        let text = [self.bytes(-1).unwrap_or_default(), message].concat();
        self.push_bytes(&text);
        Raised
    }

    /// Raises what `luaL_argerror` raises for argument `i`.
    pub fn bad_argument(&mut self, i: i32, why: &str) -> Raised {
        let mut i = i;
        let mut name = Vec::from(&b"?"[..]);
        if let Some(info) = self.debug(0, c"n") {
            // SAFETY: both are strings of Lua's, or null.
            unsafe {
                if !info.name.is_null() {
                    name = CStr::from_ptr(info.name).to_bytes().to_vec();
                }
                if !info.namewhat.is_null() && CStr::from_ptr(info.namewhat).to_bytes() == b"method" {
                    i -= 1;
                }
            }
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        let message = if i == 0 {
            format!("calling '{name}' on bad self ({why})")
        } else {
            format!("bad argument #{i} to '{name}' ({why})")
        };
        self.raise(message.as_bytes())
    }

    /// Raises what `luaL_typerror` raises for argument `i`.
    pub fn bad_type(&mut self, i: i32, expected: &str) -> Raised {
        let got = self.kind(i).name();
        self.bad_argument(i, &format!("{expected} expected, got {got}"))
    }

    /// Pushes `{err = "ERR " .. message}`, or the message itself if it carries a code behind a dash
    /// (script_lua.c `luaPushErrorBuff`).
    pub fn push_error_table(&mut self, message: &[u8]) {
        let line = match message.strip_prefix(b"-") {
            Some(rest) if rest.contains(&b' ') => rest.to_vec(),
            Some(rest) => [b"ERR ", rest].concat(),
            None => [b"ERR ", message].concat(),
        };
        let (code, text) = line.split_at(line.iter().position(|&b| b == b' ').map_or(0, |at| at + 1));
        let text = text.trim_ascii_end_crlf();
        self.new_table(0, 3);
        self.push_bytes(&[code, text].concat());
        self.raw_set_field(-2, "err");
    }

    /// Raises an error table, see [`Stack::push_error_table`].
    pub fn raise_table(&mut self, message: &[u8]) -> Raised {
        self.push_error_table(message);
        Raised
    }
}

/// What sds.c `sdstrim(msg, "\r\n")` leaves.
trait TrimCrlf {
    fn trim_ascii_end_crlf(&self) -> &[u8];
}

impl TrimCrlf for [u8] {
    fn trim_ascii_end_crlf(&self) -> &[u8] {
        let is_end = |b: &u8| matches!(b, b'\r' | b'\n');
        let start = self.iter().position(|b| !is_end(b)).unwrap_or(self.len());
        let end = self.iter().rposition(|b| !is_end(b)).map_or(start, |at| at + 1);
        self.get(start..end).unwrap_or_default()
    }
}
