//! A set of shards: 256 bits, no allocation, iterated in ascending order (the order in which inboxes are locked).

/// How many shards there can be, and how many ids a [`Waker`](super::Waker) can be asked to wake.
pub const MAX_SHARDS: usize = 256;

const WORD_BITS: usize = 64;

/// The participants of a transaction.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ShardSet {
    words: [u64; MAX_SHARDS / WORD_BITS],
}

impl ShardSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { words: [0; MAX_SHARDS / WORD_BITS] }
    }

    /// All shards from 0 up to, not including, `shards`.
    ///
    /// # Panics
    /// If `shards` exceeds [`MAX_SHARDS`].
    pub fn all(shards: usize) -> Self {
        (0..shards).collect()
    }

    /// Adds `shard`; says whether it was absent.
    ///
    /// # Panics
    /// If `shard` is not below [`MAX_SHARDS`]. Shard ids come from routing, never from a client.
    pub fn insert(&mut self, shard: usize) -> bool {
        assert!(shard < MAX_SHARDS, "shard {shard} is beyond the limit of {MAX_SHARDS}");
        let (word, bit) = (&mut self.words[shard / WORD_BITS], 1u64 << (shard % WORD_BITS));
        let absent = *word & bit == 0;
        *word |= bit;
        absent
    }

    /// Takes `shard` out; says whether it was present.
    pub fn remove(&mut self, shard: usize) -> bool {
        let present = self.contains(shard);
        if present {
            self.words[shard / WORD_BITS] &= !(1u64 << (shard % WORD_BITS));
        }
        present
    }

    /// Whether `shard` is a member.
    pub fn contains(&self, shard: usize) -> bool {
        self.words.get(shard / WORD_BITS).is_some_and(|word| word >> (shard % WORD_BITS) & 1 == 1)
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The highest member.
    pub fn last(&self) -> Option<usize> {
        let word = self.words.iter().rposition(|&word| word != 0)?;
        Some(word * WORD_BITS + WORD_BITS - 1 - self.words[word].leading_zeros() as usize)
    }

    /// How many members are below `shard`: its place among the members, if it is one.
    pub fn rank(&self, shard: usize) -> Option<usize> {
        if !self.contains(shard) {
            return None;
        }
        let whole: usize =
            self.words[..shard / WORD_BITS].iter().map(|word| word.count_ones() as usize).sum();
        let below = self.words[shard / WORD_BITS] & ((1u64 << (shard % WORD_BITS)) - 1);
        Some(whole + below.count_ones() as usize)
    }

    /// Adds every member of `other`.
    pub fn extend(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(other.words) {
            *word |= more;
        }
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let words = self.words;
        words.into_iter().enumerate().flat_map(|(index, word)| {
            std::iter::successors(Some(word), |&rest| Some(rest & rest.wrapping_sub(1)))
                .take_while(|&rest| rest != 0)
                .map(move |rest| index * WORD_BITS + rest.trailing_zeros() as usize)
        })
    }
}

impl FromIterator<usize> for ShardSet {
    fn from_iter<I: IntoIterator<Item = usize>>(shards: I) -> Self {
        let mut set = Self::new();
        for shard in shards {
            set.insert(shard);
        }
        set
    }
}

impl std::fmt::Debug for ShardSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
