//! A part of a large value that several values hold until one of them changes it: the ground of point-in-time copies.
//!
//! ```text
//!  original  [ body ▸ | owners ▸ ]          never shared: owners is None, and nothing is counted
//!                │         └──► count 2
//!                ▼         ┌──►
//!             memory of T  │                both bodies are the same bytes and lead to the same memory
//!                ▲         │
//!  copy      [ body ▸ | owners ▸ ]
//! ```
//!
//! [`Shared::share`] makes a second handle of the same body; [`Shared::own`] gives a body for changing it, which is
//! duplicated first if another handle has it too. Reading costs nothing, since a body lies in its handle by value; before a
//! change `owners` is tested, which is in memory that the change reads anyway.
//!
//! Invariants:
//! - Handles with a common count have bitwise equal bodies, which nobody changes. `owners` is `None` only in a handle
//!   that has its body alone.
//! - Whoever gives up the last handle of a count drops the body; nobody else does.
//! - The body itself holds no `Box`, whose address the compiler may take for unique wherever it is moved. (What its
//!   pointers lead to may.)
//!
//! Handles of one body may live on different threads (a copy is written or freed elsewhere), hence the atomic count.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::Arc;

/// A handle of a `T`. See the file's documentation.
pub(in crate::data) struct Shared<T> {
    body: ManuallyDrop<T>,
    owners: Option<Arc<()>>,
    /// Sent and read across threads as an [`Arc`] is: only if `T` can be, too.
    like: PhantomData<Arc<T>>,
}

impl<T> Shared<T> {
    /// The only handle of `body`.
    #[inline]
    pub(in crate::data) fn new(body: T) -> Self {
        Self { body: ManuallyDrop::new(body), owners: None, like: PhantomData }
    }

    /// A second handle of the same body.
    pub(in crate::data) fn share(&mut self) -> Self {
        let owners = Some(Arc::clone(self.owners.get_or_insert_default()));
        // SAFETY: the copy is only read as long as the count, which it has part in, says that there are two; see `own`
        // and `drop`. It is never dropped by itself.
        let body = unsafe { std::ptr::read(&raw const self.body) };
        Self { body, owners, like: PhantomData }
    }

    /// Whether another handle has the body too.
    #[cfg(test)]
    pub(in crate::data) fn is_shared(&self) -> bool {
        self.owners.as_ref().is_some_and(|owners| Arc::strong_count(owners) > 1)
    }
}

impl<T: Clone> Shared<T> {
    /// The body, to change it: a duplicate if another handle has it too.
    #[inline]
    pub(in crate::data) fn own(&mut self) -> &mut T {
        if self.owners.is_some() {
            self.part();
        }
        &mut self.body
    }

    /// The body, taken out.
    #[inline]
    pub(in crate::data) fn into_inner(mut self) -> T {
        if self.owners.is_some() {
            self.part();
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the handle has its body alone, and goes without its destructor; `owners` is `None` and needs none.
        unsafe { ManuallyDrop::take(&mut this.body) }
    }

    /// Makes this the only handle of its body.
    #[cold]
    #[inline(never)]
    fn part(&mut self) {
        // `get_mut` synchronises with the other handles' last use of the body.
        if self.owners.as_mut().is_some_and(|owners| Arc::get_mut(owners).is_some()) {
            self.owners = None;
            return;
        }
        let duplicate = ManuallyDrop::new(T::clone(&self.body));
        let body = std::mem::replace(&mut self.body, duplicate);
        release(self.owners.take(), body);
    }
}

/// Gives up a handle that had part in `owners`; the last one drops the body.
fn release<T>(owners: Option<Arc<()>>, body: ManuallyDrop<T>) {
    // Of all who give up a count exactly one gets it back, after all others are done with the body.
    if owners.is_none_or(|owners| Arc::into_inner(owners).is_some()) {
        drop(ManuallyDrop::into_inner(body));
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the handle is gone after this, so the body that is taken out is not seen in it again.
        let body = unsafe { ManuallyDrop::new(ManuallyDrop::take(&mut self.body)) };
        release(self.owners.take(), body);
    }
}

impl<T: Clone> Clone for Shared<T> {
    /// A duplicate of the body, shared with nobody.
    fn clone(&self) -> Self {
        Self::new(T::clone(self))
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Shared<T> {
    #[inline]
    fn from(body: T) -> Self {
        Self::new(body)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Counts how many of it live.
    struct Counted(Arc<()>, Vec<u32>);

    impl Clone for Counted {
        fn clone(&self) -> Self {
            Counted(Arc::clone(&self.0), self.1.clone())
        }
    }

    #[test]
    fn a_handle_is_a_word_larger_than_its_body() {
        assert_eq!(size_of::<Shared<Vec<u8>>>(), size_of::<Vec<u8>>() + 8);
        assert_eq!(size_of::<Option<Shared<Vec<u8>>>>(), size_of::<Vec<u8>>() + 8);
    }

    #[test]
    fn a_change_is_seen_in_one_handle_only() {
        let live = Arc::new(());
        let mut first = Shared::new(Counted(Arc::clone(&live), vec![1]));
        let mut second = first.share();
        let third = second.share();
        assert_eq!(Arc::strong_count(&live), 2);
        first.own().1.push(2);
        assert!(!first.is_shared() && second.is_shared());
        second.own().1.push(3);
        assert_eq!((&first.1, &second.1, &third.1), (&vec![1, 2], &vec![1, 3], &vec![1]));
        assert_eq!(Arc::strong_count(&live), 4);
        // The last one need not duplicate.
        let address = third.1.as_ptr();
        assert_eq!(third.into_inner().1.as_ptr(), address);
        drop((first, second));
        assert_eq!(Arc::strong_count(&live), 1);
    }

    #[test]
    fn handles_may_go_on_many_threads_at_once() {
        let live = Arc::new(());
        for round in 0..if cfg!(miri) { 5 } else { 500 } {
            let mut first = Shared::new(Counted(Arc::clone(&live), vec![round]));
            let others: Vec<_> = (0..3).map(|_| first.share()).collect();
            let threads = others.into_iter().enumerate().map(|(n, mut other)| {
                std::thread::spawn(move || {
                    if n > 0 {
                        other.own().1.push(7);
                    }
                    assert_eq!(other.1.first(), Some(&round));
                })
            });
            let threads: Vec<_> = threads.collect();
            first.own().1.clear();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(first.1.is_empty());
            drop(first);
            assert_eq!(Arc::strong_count(&live), 1, "in round {round}");
        }
    }
}
