//! LZF compression of strings (Redis: lzf_c.c, with its settings HLOG 16 and VERY_FAST).
//!
//! ```text
//!  000nnnnn                      n + 1 bytes follow as they are
//!  nnnooooo oooooooo             n + 2 bytes from o + 1 bytes before, n below 7
//!  111ooooo nnnnnnnn oooooooo    n + 9 bytes from o + 1 bytes before
//! ```
//!
//! A table tells where three bytes were seen last. It has 65536 places, so clearing it for every string would cost many times
//! what compressing a short one does. Instead positions count on from string to string: what lies before the present string
//! was written for another and is not looked at. One table per thread.

use std::cell::RefCell;

const PLACES: usize = 1 << 16;
/// Farthest distance of a match.
const FAR: usize = 1 << 13;
/// Longest match.
const LONG: usize = (1 << 8) + (1 << 3);
/// Bytes that stand as they are behind one control byte.
const RUN: usize = 1 << 5;

#[derive(Default)]
struct Packer {
    /// By hash of three bytes: `base` of the string they were in, plus where. 0 and whatever is not above the present
    /// string's `base` means nothing; the first byte of a string is never referred to (as in Redis).
    seen: Vec<u32>,
    base: u32,
    out: Vec<u8>,
}

thread_local! {
    static PACKER: RefCell<Packer> = RefCell::default();
}

/// Calls `f` with `text` compressed. `None` if that would take more than `limit` bytes, or nearly as many.
pub(super) fn with_packed<R>(text: &[u8], limit: usize, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
    PACKER.with_borrow_mut(|packer| packer.pack(text, limit).then(|| f(&packer.out)))
}

/// The place of the three bytes at `at`.
#[inline]
fn place(text: &[u8], at: usize) -> usize {
    let three = u32::from(text[at]) << 16 | u32::from(text[at + 1]) << 8 | u32::from(text[at + 2]);
    (three >> 8).wrapping_sub(three.wrapping_mul(5)) as usize % PLACES
}

impl Packer {
    fn pack(&mut self, text: &[u8], limit: usize) -> bool {
        let Ok(len) = u32::try_from(text.len()) else { return false };
        if self.seen.is_empty() || self.base.checked_add(len).is_none() {
            self.seen = vec![0; PLACES];
            self.base = 0;
        }
        let done = self.pack_from_base(text, limit);
        // What this string left must mean nothing to the next.
        self.base += len;
        done
    }

    #[allow(clippy::cast_possible_truncation, reason = "positions were checked, the rest is cut to its bits")]
    fn pack_from_base(&mut self, text: &[u8], limit: usize) -> bool {
        let Packer { seen, base, out } = self;
        let (base, end) = (*base, text.len());
        out.clear();
        // The control byte of the first run.
        out.push(0);
        let (mut at, mut run) = (0, 0);
        while at + 2 < end {
            let earlier = std::mem::replace(&mut seen[place(text, at)], base + at as u32);
            let from = earlier.saturating_sub(base) as usize;
            let matches = from > 0 && at - from <= FAR && text[from..from + 3] == text[at..at + 3];
            if !matches {
                if out.len() >= limit {
                    return false;
                }
                literal(out, &mut run, text[at]);
                at += 1;
                continue;
            }
            if out.len() + 4 - usize::from(run == 0) >= limit {
                return false;
            }
            end_run(out, run);
            run = 0;
            let longest = (end - at - 2).min(LONG);
            let mut len = 3;
            while len < longest && text[from + len] == text[at + len] {
                len += 1;
            }
            let (beyond, back) = (len - 2, at - from - 1);
            if beyond < 7 {
                out.push((beyond << 5 | back >> 8) as u8);
            } else {
                out.extend_from_slice(&[(7 << 5 | back >> 8) as u8, (beyond - 7) as u8]);
            }
            out.extend_from_slice(&[back as u8, 0]);
            at += len;
            if at + 2 >= end {
                break;
            }
            for last in [at - 2, at - 1] {
                seen[place(text, last)] = base + last as u32;
            }
        }
        if out.len() + 3 > limit {
            return false;
        }
        text[at..].iter().for_each(|&byte| literal(out, &mut run, byte));
        end_run(out, run);
        true
    }
}

/// Appends a byte that stands as it is; a full run is ended and the next begun.
#[inline]
fn literal(out: &mut Vec<u8>, run: &mut usize, byte: u8) {
    out.push(byte);
    *run += 1;
    if *run == RUN {
        end_run(out, RUN);
        out.push(0);
        *run = 0;
    }
}

/// Fills in the control byte of the last `run` bytes, or takes it away if there are none.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "a run is 32 at most")]
fn end_run(out: &mut Vec<u8>, run: usize) {
    if run == 0 {
        out.pop();
        return;
    }
    let at = out.len() - run - 1;
    out[at] = (run - 1) as u8;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::prng::Prng;

    fn text(rng: &mut Prng) -> Vec<u8> {
        let (len, letters) = (rng.index(3000) + 1, rng.below(255) + 1);
        let mut text: Vec<u8> = Vec::with_capacity(len);
        while text.len() < len {
            if !text.is_empty() && rng.one_in(4) {
                let from = rng.index(text.len());
                let copy = text[from..].iter().copied().take(rng.index(700)).collect::<Vec<_>>();
                text.extend(copy);
            } else {
                text.push(rng.below(letters).to_le_bytes()[0]);
            }
        }
        text
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let mut packed_count = 0;
        for seed in 1..=10 {
            println!("seed {seed}");
            let rng = &mut Prng::new(seed);
            for _ in 0..500 {
                let text = text(rng);
                let limit = text.len().saturating_sub(4);
                with_packed(&text, limit, |packed| {
                    packed_count += 1;
                    assert!(packed.len() <= limit);
                    assert_eq!(::lzf::decompress(packed, text.len()).unwrap(), text);
                });
            }
        }
        assert!(packed_count > 1000, "{packed_count}");
    }

    /// What earlier strings left in the table must not show, not even when positions begin anew.
    #[test]
    fn strings_are_compressed_alike_whatever_came_before() {
        let rng = &mut Prng::new(1);
        let mut used = Packer::default();
        for n in 0..300 {
            let text = text(rng);
            if n == 150 {
                used.base = u32::MAX - 10;
            }
            let mut fresh = Packer::default();
            assert_eq!(used.pack(&text, text.len()), fresh.pack(&text, text.len()));
            assert_eq!(used.out, fresh.out);
        }
    }

    #[test]
    fn what_is_random_or_short_stays() {
        let mut random = [0; 500];
        Prng::new(1).fill(&mut random);
        assert_eq!(with_packed(&random, random.len() - 4, |_| ()), None);
        assert_eq!(with_packed(b"", 0, |_| ()), None);
        assert_eq!(with_packed(b"abc", 0, |_| ()), None);
    }
}
