//! From registers to a number: Otmar Ertl's estimator (arXiv:1702.01284), with the constants and the order of operations
//! that Redis has, so that the same registers give the same number.

use super::REGISTERS;
use super::hash::RUN_BITS;

/// 0.5 / ln(2).
const ALPHA_INF: f64 = 0.721_347_520_444_481_7;
/// The largest value of a register that an element leads to is one more.
const Q: usize = RUN_BITS as usize;

/// How many registers have each value. What no element leads to (beyond 51, in a value from elsewhere) is counted and has
/// no part in the estimate.
pub(super) struct Histogram([usize; 64]);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram([0; 64])
    }
}

impl Histogram {
    #[inline]
    pub(super) fn add(&mut self, value: u8, count: usize) {
        if let Some(slot) = self.0.get_mut(usize::from(value)) {
            *slot += count;
        }
    }

    /// The number (hyperloglog.c `hllCount`).
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    pub(super) fn estimate(&self) -> u64 {
        let m = REGISTERS as f64;
        let mut z = m * tau((m - self.0[Q + 1] as f64) / m);
        for count in self.0[1..=Q].iter().rev() {
            z = (z + *count as f64) * 0.5;
        }
        z += m * sigma(self.0[0] as f64 / m);
        (ALPHA_INF * m * m / z).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if before == z {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if before == z {
            return z / 3.0;
        }
    }
}
