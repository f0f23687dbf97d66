//! Random elements of a collection: what SRANDMEMBER, HRANDFIELD and ZRANDMEMBER share, and SPOP.

use super::Failure;
use super::args;
use crate::base::prng::Prng;

/// Most bytes that one reply of repeated random elements may take. Redis writes on until the client's output limit, which
/// is off by default; here the reply is refused before anything is built.
const REPLY_BYTES_MAX: u64 = 4 << 30;

/// How many elements are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many at most, each once, in any order.
    Distinct(usize),
    /// Just so many, in random order, the same more than once.
    Repeated(usize),
}

impl Count {
    /// Reads the count of `*RANDMEMBER` and HRANDFIELD: negative to allow repetitions. `low` is the lowest number that
    /// the command accepts.
    ///
    /// # Errors
    /// `NotInteger`, or the range as Redis words it (object.c `getRangeLongFromObjectOrReply`).
    pub fn parse(word: &[u8], low: i64, high: i64) -> Result<Count, Failure> {
        let count = args::int(word)?;
        if count < low || count > high {
            return Err(Failure::Text(
                format!("ERR value is out of range, value must between {low} and {high}").into(),
            ));
        }
        let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(if count < 0 { Count::Repeated(size) } else { Count::Distinct(size) })
    }

    /// Checks that repeated elements of `bytes_each` bytes make a reply that can be built.
    ///
    /// # Errors
    /// `ERR` with the limit if they do not.
    pub fn check_reply(self, bytes_each: usize) -> Result<(), Failure> {
        match self {
            Count::Repeated(n) if (n as u64).saturating_mul(bytes_each as u64 + 16) > REPLY_BYTES_MAX => {
                Err(Failure::text("ERR the reply would exceed 4 GB"))
            }
            _ => Ok(()),
        }
    }
}

/// `count` distinct indices below `len`, ascending, every choice as likely as any other (Redis: listpack.c
/// `lpNextRandom`, Knuth's selection sampling). All of them if `count` is not below `len`.
pub fn distinct(rng: &mut Prng, len: usize, count: usize) -> Vec<usize> {
    let mut wanted = count.min(len);
    let mut chosen = Vec::with_capacity(wanted);
    for index in 0..len {
        if wanted == 0 {
            break;
        }
        if rng.index(len - index) < wanted {
            chosen.push(index);
            wanted -= 1;
        }
    }
    chosen
}

/// As [`distinct`] for few indices out of many: costs O(count), not O(len).
pub fn distinct_few(rng: &mut Prng, len: usize, count: usize) -> Vec<usize> {
    // Floyd's algorithm: one draw per index.
    let count = count.min(len);
    let mut chosen = ahash::AHashSet::with_capacity(count);
    for upper in len - count..len {
        let drawn = rng.index(upper + 1);
        if !chosen.insert(drawn) {
            chosen.insert(upper);
        }
    }
    chosen.into_iter().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_bounded() {
        assert_eq!(Count::parse(b"-3", -5, 5).unwrap(), Count::Repeated(3));
        assert_eq!(Count::parse(b"3", -5, 5).unwrap(), Count::Distinct(3));
        let line = Count::parse(b"6", -5, 5).unwrap_err();
        assert_eq!(&*line.line(), b"ERR value is out of range, value must between -5 and 5");
        assert!(Count::Repeated(1 << 40).check_reply(1).is_err());
        assert!(Count::Distinct(1 << 40).check_reply(1).is_ok());
    }

    #[test]
    fn every_index_is_chosen_equally_often() {
        let mut rng = Prng::new(7);
        for draw in [distinct, distinct_few] {
            let mut hits = [0u32; 20];
            for _ in 0..20_000 {
                let mut chosen = draw(&mut rng, 20, 5);
                assert_eq!(chosen.len(), 5);
                chosen.sort_unstable();
                chosen.dedup();
                assert_eq!(chosen.len(), 5);
                chosen.iter().for_each(|&i| hits[i] += 1);
            }
            assert!(hits.iter().all(|&n| (4_700..5_300).contains(&n)), "{hits:?}");
            assert_eq!(draw(&mut rng, 3, 9).len(), 3);
        }
    }
}
