//! `math.random` and `math.randomseed`: the same numbers for the same seed on every machine.
//!
//! Redis: rand.c `redisLrand48`, script_lua.c `redis_math_random`.

use super::ffi::{Raised, Stack};

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;
const LOW: u64 = 0x330E;
const MAX: i32 = i32::MAX;

/// The linear congruential generator of `lrand48`, 48 bits.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Random {
        Random(0x1234_ABCD_0000 | LOW)
    }
}

impl Random {
    /// The generator that `math.randomseed(seed)` leaves.
    pub fn seeded(seed: i32) -> Random {
        Random((u64::from(seed.cast_unsigned()) << 16) | LOW)
    }

    /// The next of 0 to 2^31 - 1.
    pub fn next(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        i32::try_from(self.0 >> 17).unwrap_or(0)
    }
}

/// Argument `i` as a C `int` (`luaL_checkint`).
pub fn check_int(stack: &mut Stack<'_>, i: i32) -> Result<i32, Raised> {
    match stack.number(i) {
        #[expect(clippy::cast_possible_truncation, reason = "what C does: to 64 bits, then its lower half")]
        Some(n) => Ok(n as i64 as i32),
        None => Err(stack.bad_type(i, "number")),
    }
}

/// `math.random([m [, n]])`.
pub fn random(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let mut generator = stack.env().random.get();
    let r = f64::from(generator.next() % MAX) / f64::from(MAX);
    stack.env().random.set(generator);
    match stack.top() {
        0 => stack.push_number(r),
        1 => {
            let upper = check_int(stack, 1)?;
            if upper < 1 {
                return Err(stack.bad_argument(1, "interval is empty"));
            }
            stack.push_number((r * f64::from(upper)).floor() + 1.0);
        }
        2 => {
            let (lower, upper) = (check_int(stack, 1)?, check_int(stack, 2)?);
            if lower > upper {
                return Err(stack.bad_argument(2, "interval is empty"));
            }
            // `u-l+1` is computed in a C int.
            let span = upper.wrapping_sub(lower).wrapping_add(1);
            stack.push_number((r * f64::from(span)).floor() + f64::from(lower));
        }
        _ => return Err(stack.raise(b"wrong number of arguments")),
    }
    Ok(1)
}

/// `math.randomseed(seed)`.
pub fn randomseed(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let seed = check_int(stack, 1)?;
    stack.env().random.set(Random::seeded(seed));
    Ok(0)
}
