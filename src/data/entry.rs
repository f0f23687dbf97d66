//! One key with its value, expiry and access clock in one heap block.
//!
//! ```text
//!  0        4         6         8
//!  +--------+---------+---------+ - - - - - -+ - - - - -+ - - - - - - - - - -+-----------+- - - - - - - +
//!  | flags, | key_len | val_len | key length | expiry   | i64, or an Object  | key bytes | inline value |
//!  | clock  | u16     | u16     | u64        | i64 ms   | of 24 bytes        |           | bytes        |
//!  +--------+---------+---------+ - - - - - -+ - - - - -+ - - - - - - - - - -+-----------+- - - - - - - +
//!                                 if key_len   if         if form is Int,                 if form is
//!                                 == 65535     EXPIRE     if form is Object                Inline
//!
//!  flags: bits 0-2 kind | 3 MARK | 4-5 form | 6 EXPIRE | 7 RAW          clock: 24 bits, LRU clock or LFU counter
//! ```
//!
//! Invariants:
//! - The header alone tells the size of the block, so a pointer of eight bytes is enough to own one.
//! - Size and alignment are multiples of eight; fixed-size fields stand before the key and are therefore aligned. Every
//!   byte is initialised, but for the padding of an object, which only the object's own type reads.
//! - An object lies in the block by value: a small collection is two blocks, the entry's and its packed elements'.
//! - Inline values are at most [`INLINE_MAX`] bytes, so `val_len` always suffices; only a key can be too long for
//!   its field, and then the length stands in a word of its own.
//! - MARK means something for entries of a [`Table`](super::table::Table) only, which sets it: see its `keep.rs`.
//! - Key and expiry of an entry cannot be changed through a reference: the table counts on both. They change by
//!   moving the [`EntryBox`] through [`EntryBox::with_key`] and [`EntryBox::with_expire`].
//!
//! An entry belongs to the thread that owns its table. Point-in-time copies of a collection share its elements' entries,
//! which then are read on other threads: so what reads change (the access clock) is atomic, though never contended.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::{NonNull, slice_from_raw_parts_mut};
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering::Relaxed};

use super::object::Object;

mod alias;

pub(in crate::data) use alias::Alias;

/// Longest string kept inside the entry's own block. Chosen so that header, key and value of an ordinary entry stay
/// within 4 KiB: beyond that, copying the block on every APPEND costs more than a second allocation.
pub const INLINE_MAX: usize = 3840;

const HEADER: usize = 8;
const WORD: usize = 8;
/// Bytes of an object in its block.
const OBJECT: usize = size_of::<Object>();
const _: () = assert!(OBJECT == 24 && align_of::<Object>() == WORD);
/// `key_len` of an entry whose key length stands in a word of its own.
const WIDE_KEY: u16 = u16::MAX;

const KIND_MASK: u8 = 0b111;
const MARK: u8 = 1 << 3;
const FORM_SHIFT: u32 = 4;
const FORM_MASK: u8 = 0b11 << FORM_SHIFT;
const HAS_EXPIRE: u8 = 1 << 6;
const RAW: u8 = 1 << 7;
/// Highest value of the access clock field (24 bits; Redis: server.h LRU_BITS).
pub const LRU_MAX: u32 = (1 << 24) - 1;

/// The type of a value, as TYPE names it. The numbers are those of Redis's object types (server.h OBJ_STRING ...), of
/// which 5 is for modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A string, however it is encoded.
    String = 0,
    /// A list.
    List = 1,
    /// A set.
    Set = 2,
    /// A sorted set.
    ZSet = 3,
    /// A hash.
    Hash = 4,
    /// A stream.
    Stream = 6,
}

/// What an entry holds, by reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// A string that is the canonical decimal form of this number.
    Int(i64),
    /// A string kept in the entry's block.
    Bytes(&'a [u8]),
    /// Any other value: a large string or a collection.
    Object(&'a Object),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Inline = 0,
    Int = 1,
    Object = 2,
}

/// Where the fields of a block are, derived from its header.
#[derive(Clone, Copy)]
struct Shape {
    wide: bool,
    expire: bool,
    /// Bytes between expiry and key: a number, an object, or nothing.
    fixed: usize,
    key_len: usize,
    inline_len: usize,
}

/// Bytes between expiry and key, which the form tells.
#[inline]
fn fixed_len(flags: u8) -> usize {
    match (flags & FORM_MASK) >> FORM_SHIFT {
        0 => 0,
        1 => WORD,
        _ => OBJECT,
    }
}

impl Shape {
    // Offsets count from the end of the header, as `Entry::tail` does.
    #[inline]
    fn expire_at(self) -> usize {
        usize::from(self.wide) * WORD
    }

    #[inline]
    fn fixed_at(self) -> usize {
        self.expire_at() + usize::from(self.expire) * WORD
    }

    #[inline]
    fn key_at(self) -> usize {
        self.fixed_at() + self.fixed
    }

    #[inline]
    fn tail_len(self) -> usize {
        (self.key_at() + self.key_len + self.inline_len).next_multiple_of(WORD)
    }

    fn layout(self) -> Layout {
        match Layout::from_size_align(HEADER + self.tail_len(), WORD) {
            Ok(layout) => layout,
            Err(_) => panic!("an entry larger than the address space"),
        }
    }
}

/// What an entry says of itself but for its lengths.
#[derive(Clone, Copy)]
struct Meta {
    flags: u8,
    lru: u32,
}

#[repr(C, align(8))]
struct Header {
    flags: u8,
    clock_low: AtomicU8,
    clock_high: AtomicU16,
    key_len: u16,
    val_len: u16,
}

impl Header {
    fn meta(&self) -> Meta {
        Meta { flags: self.flags, lru: self.lru() }
    }

    #[inline]
    fn lru(&self) -> u32 {
        u32::from(self.clock_high.load(Relaxed)) << 8 | u32::from(self.clock_low.load(Relaxed))
    }

    #[inline]
    fn set_lru(&self, lru: u32) {
        let [low, mid, high, _] = lru.to_le_bytes();
        self.clock_low.store(low, Relaxed);
        self.clock_high.store(u16::from_le_bytes([mid, high]), Relaxed);
    }

    /// The shape of the block that it heads; `wide_len` reads the length of a key that stands behind it.
    #[inline]
    fn shape(&self, wide_len: impl FnOnce() -> usize) -> Shape {
        let wide = self.key_len == WIDE_KEY;
        Shape {
            wide,
            expire: self.flags & HAS_EXPIRE != 0,
            fixed: fixed_len(self.flags),
            key_len: if wide { wide_len() } else { usize::from(self.key_len) },
            inline_len: usize::from(self.val_len),
        }
    }
}

/// The contents of an [`EntryBox`]. Only ever behind a reference.
#[repr(C)]
pub struct Entry {
    header: Header,
    tail: [u8],
}

impl Entry {
    #[inline]
    fn form(&self) -> Form {
        match (self.header.flags & FORM_MASK) >> FORM_SHIFT {
            0 => Form::Inline,
            1 => Form::Int,
            _ => Form::Object,
        }
    }

    #[inline]
    fn shape(&self) -> Shape {
        self.header.shape(|| usize::from_ne_bytes(self.word_bytes(0)))
    }

    #[inline]
    fn word_bytes(&self, at: usize) -> [u8; WORD] {
        let mut word = [0; WORD];
        word.copy_from_slice(&self.tail[at..at + WORD]);
        word
    }

    /// The key.
    #[inline]
    #[must_use]
    pub fn key(&self) -> &[u8] {
        let shape = self.shape();
        &self.tail[shape.key_at()..][..shape.key_len]
    }

    /// When the key expires, in Unix milliseconds; `None` if never.
    #[inline]
    #[must_use]
    pub fn expire_ms(&self) -> Option<i64> {
        if !self.has_expire() {
            return None;
        }
        Some(i64::from_ne_bytes(self.word_bytes(self.shape().expire_at())))
    }

    /// Whether the key has an expiry.
    #[inline]
    #[must_use]
    pub fn has_expire(&self) -> bool {
        self.header.flags & HAS_EXPIRE != 0
    }

    /// The type of the value.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.header.flags & KIND_MASK {
            0 => Kind::String,
            1 => Kind::List,
            2 => Kind::Set,
            3 => Kind::ZSet,
            4 => Kind::Hash,
            _ => Kind::Stream,
        }
    }

    /// The value.
    #[inline]
    #[must_use]
    pub fn value(&self) -> ValueRef<'_> {
        let shape = self.shape();
        match self.form() {
            Form::Inline => ValueRef::Bytes(&self.tail[shape.key_at() + shape.key_len..][..shape.inline_len]),
            Form::Int => ValueRef::Int(i64::from_ne_bytes(self.word_bytes(shape.fixed_at()))),
            // SAFETY: form Object says that an object of this block's lies there; it lives as long as the block, and
            // `&self` keeps it from being changed.
            Form::Object => ValueRef::Object(unsafe { &*self.object_ptr(shape) }),
        }
    }

    /// Where the object lies; valid only if the form is Object.
    #[inline]
    fn object_ptr(&self, shape: Shape) -> *const Object {
        // Block and offset are multiples of eight, so it is aligned.
        self.tail[shape.fixed_at()..][..OBJECT].as_ptr().cast()
    }

    /// The number, if the value is a string kept as one.
    #[inline]
    #[must_use]
    pub fn int_value(&self) -> Option<i64> {
        match self.value() {
            ValueRef::Int(number) => Some(number),
            _ => None,
        }
    }

    /// Replaces the number of a string kept as one, in place. Returns `false` and changes nothing for other values.
    #[inline]
    pub fn set_int(&mut self, number: i64) -> bool {
        if self.form() != Form::Int {
            return false;
        }
        let at = self.shape().fixed_at();
        self.tail[at..at + WORD].copy_from_slice(&number.to_ne_bytes());
        true
    }

    /// The bytes of a string, for changes that keep its length. `None` for numbers and for other types.
    ///
    /// The caller decides whether the string counts as [raw](Entry::set_raw) afterwards.
    #[must_use]
    pub fn str_bytes_mut(&mut self) -> Option<&mut [u8]> {
        let shape = self.shape();
        match self.form() {
            Form::Inline => Some(&mut self.tail[shape.key_at() + shape.key_len..][..shape.inline_len]),
            Form::Int => None,
            Form::Object => match self.object_mut()? {
                Object::Str(bytes) => Some(bytes),
                _ => None,
            },
        }
    }

    /// The object, if the value is one.
    #[must_use]
    pub fn object_mut(&mut self) -> Option<&mut Object> {
        if self.form() != Form::Object {
            return None;
        }
        let at = self.shape().fixed_at();
        let object = self.tail[at..][..OBJECT].as_mut_ptr().cast();
        // SAFETY: as in `value`; `&mut self` makes the access exclusive.
        Some(unsafe { &mut *object })
    }

    /// Stores `value` in place of an inline string if the block has just that size and the new value needs no other
    /// form; the SET of a value as long as the last one then allocates nothing. Clears [raw](Entry::is_raw), keeps
    /// the expiry. Returns `false`, having changed nothing, if it does not fit.
    #[must_use]
    pub fn overwrite_string(&mut self, value: &[u8]) -> bool {
        if self.form() != Form::Inline || value.len() > INLINE_MAX || canonical_i64(value).is_some() {
            return false;
        }
        let old = self.shape();
        let new = Shape { inline_len: value.len(), ..old };
        let Ok(val_len) = u16::try_from(value.len()) else {
            return false;
        };
        if new.tail_len() != old.tail_len() {
            return false;
        }
        self.header.val_len = val_len;
        self.tail[new.key_at() + new.key_len..][..value.len()].copy_from_slice(value);
        self.set_raw(false);
        true
    }

    /// Length of a string in bytes, numbers as their decimal form; 0 for other types (STRLEN refuses those before).
    #[must_use]
    pub fn string_len(&self) -> usize {
        match self.value() {
            ValueRef::Int(number) => itoa::Buffer::new().format(number).len(),
            ValueRef::Bytes(bytes) => bytes.len(),
            ValueRef::Object(Object::Str(bytes)) => bytes.len(),
            ValueRef::Object(_) => 0,
        }
    }

    /// The bytes of a string; a number is written into `digits`. `None` for other types.
    #[inline]
    #[must_use]
    pub fn string_bytes<'a>(&'a self, digits: &'a mut itoa::Buffer) -> Option<&'a [u8]> {
        match self.value() {
            ValueRef::Int(number) => Some(digits.format(number).as_bytes()),
            ValueRef::Bytes(bytes) => Some(bytes),
            ValueRef::Object(Object::Str(bytes)) => Some(bytes),
            ValueRef::Object(_) => None,
        }
    }

    /// The 24-bit access field: LRU clock or LFU counter, as the eviction policy uses it.
    #[inline]
    #[must_use]
    pub fn lru(&self) -> u32 {
        self.header.lru()
    }

    /// Sets the access field to the low 24 bits of `lru`. Takes `&self`: reads touch it.
    #[inline]
    pub fn set_lru(&self, lru: u32) {
        self.header.set_lru(lru);
    }

    /// Whether the string was changed in place, so that OBJECT ENCODING says `raw` whatever its length.
    #[inline]
    #[must_use]
    pub fn is_raw(&self) -> bool {
        self.header.flags & RAW != 0
    }

    /// Sets or clears [`is_raw`](Entry::is_raw).
    #[inline]
    pub fn set_raw(&mut self, raw: bool) {
        let flags = self.header.flags;
        self.header.flags = if raw { flags | RAW } else { flags & !RAW };
    }

    /// The mark by which a table tells entries that a snapshot has saved from those it has not.
    #[inline]
    pub(in crate::data) fn mark(&self) -> bool {
        self.header.flags & MARK != 0
    }

    /// Sets [`mark`](Entry::mark).
    #[inline]
    pub(in crate::data) fn set_mark(&mut self, mark: bool) {
        let others = self.header.flags & !MARK;
        self.header.flags = if mark { others | MARK } else { others };
    }

    /// Bytes that the entry asked the allocator for: its block and what the value holds besides.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        let own = HEADER + self.tail.len();
        match self.value() {
            ValueRef::Object(object) => own + object.mem_bytes(),
            _ => own,
        }
    }

    /// Number of allocations that dropping the value gives back (see [`Object::free_effort`]).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self.value() {
            ValueRef::Object(object) => object.free_effort(),
            _ => 1,
        }
    }

    /// The entry as it is now, which later changes leave alone: what is large in it is shared, not copied.
    #[must_use]
    pub fn share(&mut self) -> EntryBox {
        let object = self.object_mut().map(Object::share);
        let payload = match (object, self.value()) {
            (Some(object), _) => Payload::Object(object),
            (None, ValueRef::Int(number)) => Payload::Int(number),
            (None, ValueRef::Bytes(bytes)) => Payload::Inline(bytes),
            (None, ValueRef::Object(_)) => unreachable!("an object that is none"),
        };
        EntryBox::build(self.header.meta(), self.key(), self.expire_ms(), payload)
    }

    /// A copy of the entry under another key (COPY), with the same expiry and access field.
    #[must_use]
    pub fn clone_with_key(&self, key: &[u8]) -> EntryBox {
        let payload = match self.value() {
            ValueRef::Bytes(bytes) => Payload::Inline(bytes),
            ValueRef::Int(number) => Payload::Int(number),
            ValueRef::Object(object) => Payload::Object(object.clone()),
        };
        EntryBox::build(self.header.meta(), key, self.expire_ms(), payload)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key().escape_ascii().to_string())
            .field("kind", &self.kind())
            .field("expire_ms", &self.expire_ms())
            .field("value", &self.value())
            .finish()
    }
}

/// The word of a block that is neither key nor inline value.
enum Payload<'a> {
    Inline(&'a [u8]),
    Int(i64),
    Object(Object),
}

/// Owner of one entry: a pointer of eight bytes.
#[repr(transparent)]
pub struct EntryBox {
    block: NonNull<Header>,
}

// SAFETY: the box owns its block and the object in it (which is `Send`); nothing else points to either.
unsafe impl Send for EntryBox {}
// SAFETY: through a shared reference an entry is only read, but for its atomic first word; its object is `Sync`.
unsafe impl Sync for EntryBox {}

const _: () = {
    const fn sendable<T: Send + Sync>() {}
    sendable::<Object>();
    assert!(size_of::<Option<EntryBox>>() == 8);
};

impl EntryBox {
    /// A string entry, kept as a number if `value` is the canonical decimal form of one (Redis: object.c
    /// tryObjectEncoding). `expire` is in Unix milliseconds.
    #[must_use]
    pub fn new_string(key: &[u8], value: &[u8], expire: Option<i64>) -> Self {
        match canonical_i64(value) {
            Some(number) => Self::new_int(key, number, expire),
            None => Self::new_bytes(key, value, 0, expire),
        }
    }

    /// A string entry holding the decimal form of `number`.
    #[must_use]
    pub fn new_int(key: &[u8], number: i64, expire: Option<i64>) -> Self {
        Self::build(Meta { flags: Kind::String as u8, lru: 0 }, key, expire, Payload::Int(number))
    }

    /// A string entry kept as its bytes even where they write a number, and not reported as `raw`: what INCRBYFLOAT
    /// leaves (Redis: object.c `createStringObjectFromLongDouble`).
    #[must_use]
    pub fn new_text(key: &[u8], value: &[u8], expire: Option<i64>) -> Self {
        Self::new_bytes(key, value, 0, expire)
    }

    /// An element of a collection that has a name and no value: a member of a set.
    #[must_use]
    pub fn new_member(name: &[u8]) -> Self {
        Self::new_bytes(name, &[], 0, None)
    }

    /// A string entry that was changed in place: never kept as a number, reported as `raw`.
    #[must_use]
    pub fn new_raw(key: &[u8], value: &[u8], expire: Option<i64>) -> Self {
        Self::new_bytes(key, value, RAW, expire)
    }

    /// An entry of type `kind` whose value is `object`.
    #[must_use]
    pub fn new_object(key: &[u8], kind: Kind, object: Object, expire: Option<i64>) -> Self {
        Self::build(Meta { flags: kind as u8, lru: 0 }, key, expire, Payload::Object(object))
    }

    fn new_bytes(key: &[u8], value: &[u8], flags: u8, expire: Option<i64>) -> Self {
        let meta = Meta { flags: Kind::String as u8 | flags, lru: 0 };
        if value.len() <= INLINE_MAX {
            return Self::build(meta, key, expire, Payload::Inline(value));
        }
        Self::build(meta, key, expire, Payload::Object(Object::Str(value.to_vec())))
    }

    /// Allocates and fills a block. `meta` gives kind, RAW and access field; the other bits are derived.
    fn build(meta: Meta, key: &[u8], expire: Option<i64>, payload: Payload<'_>) -> Self {
        let (form, inline): (Form, &[u8]) = match payload {
            Payload::Inline(bytes) => (Form::Inline, bytes),
            Payload::Int(_) => (Form::Int, &[]),
            Payload::Object(_) => (Form::Object, &[]),
        };
        let flags = meta.flags & !(FORM_MASK | HAS_EXPIRE) | (form as u8) << FORM_SHIFT;
        let narrow = u16::try_from(key.len()).ok().filter(|&len| len != WIDE_KEY);
        let shape = Shape {
            wide: narrow.is_none(),
            expire: expire.is_some(),
            fixed: fixed_len(flags),
            key_len: key.len(),
            inline_len: inline.len(),
        };
        let Ok(val_len) = u16::try_from(inline.len()) else {
            unreachable!("inline values are at most INLINE_MAX bytes");
        };
        let expire_flag = if expire.is_some() { HAS_EXPIRE } else { 0 };
        let [low, mid, high, _] = meta.lru.to_le_bytes();
        let header = Header {
            flags: flags | expire_flag,
            clock_low: AtomicU8::new(low),
            clock_high: AtomicU16::new(u16::from_le_bytes([mid, high])),
            key_len: narrow.unwrap_or(WIDE_KEY),
            val_len,
        };
        let layout = shape.layout();
        // SAFETY: the layout has a size of at least the header's eight bytes.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout);
        };
        // SAFETY: all offsets are within the layout just allocated and the fixed-size fields are aligned (`Shape`).
        // The last word is zeroed first so that padding after the value is initialised; where there is no tail it
        // is the header, which is written afterwards. Sources are live slices that cannot overlap a new block.
        unsafe {
            block.add(layout.size() - WORD).cast::<u64>().write(0);
            block.cast::<Header>().write(header);
            let tail = block.add(HEADER);
            if shape.wide {
                tail.cast::<usize>().write(key.len());
            }
            if let Some(ms) = expire {
                tail.add(shape.expire_at()).cast::<i64>().write(ms);
            }
            match payload {
                Payload::Inline(_) => {}
                Payload::Int(number) => tail.add(shape.fixed_at()).cast::<i64>().write(number),
                Payload::Object(object) => tail.add(shape.fixed_at()).cast::<Object>().write(object),
            }
            let key_at = tail.add(shape.key_at());
            key_at.copy_from_nonoverlapping(NonNull::from(key).cast(), key.len());
            key_at.add(key.len()).copy_from_nonoverlapping(NonNull::from(inline).cast(), inline.len());
        }
        Self { block: block.cast() }
    }

    #[inline]
    fn entry_ptr(&self) -> *mut Entry {
        // SAFETY: the block starts with an initialised header, and a wide key's length follows it.
        let tail_len =
            unsafe { self.block.as_ref().shape(|| self.block.add(1).cast::<usize>().read()).tail_len() };
        slice_from_raw_parts_mut(self.block.as_ptr().cast::<u8>(), tail_len) as *mut Entry
    }

    /// Address of the block, to prefetch it.
    #[inline]
    pub(crate) fn address(&self) -> *const u8 {
        self.block.as_ptr().cast_const().cast()
    }

    /// A block with the same meta bits under another key (`None`: the same) or expiry, into which the payload moves.
    fn rebuilt(self, key: Option<&[u8]>, expire: Option<i64>) -> Self {
        let payload = match self.value() {
            ValueRef::Bytes(bytes) => Payload::Inline(bytes),
            ValueRef::Int(number) => Payload::Int(number),
            // SAFETY: the object is read once and changes owner: below, this block goes without its destructor.
            ValueRef::Object(object) => Payload::Object(unsafe { std::ptr::read(object) }),
        };
        let key = key.unwrap_or_else(|| self.key());
        let moved = Self::build(self.header.meta(), key, expire, payload);
        let (layout, block) = (self.shape().layout(), self.block);
        std::mem::forget(self);
        // SAFETY: the block came from `alloc` with this layout (the header tells the same shape as at `build`, or
        // one of equal size), and `self` is gone without running its destructor.
        unsafe { dealloc(block.as_ptr().cast(), layout) };
        moved
    }

    /// Replaces the entry by what `f` makes of it.
    pub fn update(&mut self, f: impl FnOnce(Self) -> Self) {
        /// Ends the process if `f` unwinds, because the entry it was given is gone.
        struct Abort;
        impl Drop for Abort {
            fn drop(&mut self) {
                std::process::abort();
            }
        }
        let guard = Abort;
        // SAFETY: the entry is read once and the place is written before anyone sees it; if `f` unwinds in between,
        // the guard ends the process.
        unsafe {
            let entry = std::ptr::read(self);
            std::ptr::write(self, f(entry));
        }
        std::mem::forget(guard);
    }

    /// The entry with another expiry. Copies the block only if an expiry appears or goes away.
    #[must_use]
    pub fn with_expire(mut self, expire: Option<i64>) -> Self {
        match expire {
            None if !self.has_expire() => self,
            Some(ms) if self.has_expire() => {
                let at = self.shape().expire_at();
                self.tail[at..at + WORD].copy_from_slice(&ms.to_ne_bytes());
                self
            }
            _ => self.rebuilt(None, expire),
        }
    }

    /// The entry under another key (RENAME); value, expiry and access field stay.
    #[must_use]
    pub fn with_key(self, key: &[u8]) -> Self {
        let expire = self.expire_ms();
        self.rebuilt(Some(key), expire)
    }
}

impl Deref for EntryBox {
    type Target = Entry;

    #[inline]
    fn deref(&self) -> &Entry {
        // SAFETY: the pointer spans exactly the block, which is initialised and lives as long as the box.
        unsafe { &*self.entry_ptr() }
    }
}

impl DerefMut for EntryBox {
    #[inline]
    fn deref_mut(&mut self) -> &mut Entry {
        // SAFETY: as in `deref`; `&mut self` makes the access exclusive.
        unsafe { &mut *self.entry_ptr() }
    }
}

impl Drop for EntryBox {
    fn drop(&mut self) {
        let layout = self.shape().layout();
        if let Some(object) = self.object_mut() {
            // SAFETY: the object is live and lies in this block, which goes next: nobody sees it again.
            unsafe { std::ptr::drop_in_place(object) };
        }
        // SAFETY: the box owns its block, which came from `alloc` with this layout; it is not used afterwards.
        unsafe { dealloc(self.block.as_ptr().cast(), layout) };
    }
}

impl std::fmt::Debug for EntryBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// The number that `text` is the canonical decimal form of: what printing it gives back byte for byte.
///
/// Redis: util.c string2ll, as object.c tryObjectEncoding uses it for strings of up to 20 bytes.
#[inline]
#[must_use]
pub fn canonical_i64(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    if text == b"0" {
        return Some(0);
    }
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    let mut magnitude: u64 = 0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

#[cfg(test)]
#[path = "entry/tests.rs"]
mod tests;
