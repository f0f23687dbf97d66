//! PFSELFTEST: registers keep what they are given, dense and sparse agree, and estimates are as good as they should be
//! (hyperloglog.c `pfselftestCommand`). As in Redis it takes some seconds of its shard's time.

use crate::base::prng::Prng;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::hll::{self, Encoding, Hll, Place, REGISTERS};

const CYCLES: usize = 1000;
const ELEMENTS: u64 = 10_000_000;
/// A register has 6 bits.
const VALUE_MAX: usize = 63;

/// PFSELFTEST
pub(super) fn pfselftest(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let sparse_max_bytes =
        usize::try_from(ctx.server.config.load().hll_sparse_max_bytes).unwrap_or(usize::MAX);
    let mut rng = Prng::new(ctx.keys.now_ms.cast_unsigned());
    registers_keep_values(&mut rng)?;
    estimates_are_near(rng.next_u64(), sparse_max_bytes, ELEMENTS)?;
    ctx.out.ok();
    Ok(())
}

/// Registers of random values, written in random order of raises.
fn registers_keep_values(rng: &mut Prng) -> Outcome {
    for _ in 0..CYCLES {
        let mut dense = hll::empty();
        hll::make_dense(&mut dense)?;
        let mut expected = [0_u8; REGISTERS];
        for (index, expected) in expected.iter_mut().enumerate() {
            *expected = u8::try_from(rng.index(VALUE_MAX + 1)).unwrap_or(0);
            hll::raise_dense(&mut dense, Place { index, run: *expected })?;
        }
        let mut found = [0; REGISTERS];
        Hll::parse(&dense)?.merge_into(&mut found)?;
        if let Some(at) = (0..REGISTERS).find(|at| found.get(*at) != expected.get(*at)) {
            let (should, is) = (expected.get(at).unwrap_or(&0), found.get(at).unwrap_or(&0));
            return Err(Failure::from(format!(
                "ERR TESTFAILED Register {at} should be {should} but is {is}"
            )));
        }
    }
    Ok(())
}

/// Adds unique elements to a dense and a sparse one and compares the estimates at each power of ten.
pub(super) fn estimates_are_near(seed: u64, sparse_max_bytes: usize, elements: u64) -> Outcome {
    let (mut dense, mut sparse) = (hll::empty(), hll::empty());
    hll::make_dense(&mut dense)?;
    let mut checkpoint = 1;
    for n in 1..=elements {
        let place = hll::place(&(n ^ seed).to_le_bytes());
        hll::raise_dense(&mut dense, place)?;
        hll::raise(&mut sparse, place, sparse_max_bytes)?;
        if n < checkpoint {
            continue;
        }
        check(n, &Hll::parse(&dense)?, &Hll::parse(&sparse)?, sparse_max_bytes)?;
        checkpoint *= 10;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of ten millions")]
fn check(elements: u64, dense: &Hll<'_>, sparse: &Hll<'_>, sparse_max_bytes: usize) -> Outcome {
    if elements < (sparse_max_bytes / 2) as u64 && sparse.encoding() != Encoding::Sparse {
        return Err(Failure::text("ERR TESTFAILED sparse encoding not used"));
    }
    let count = dense.count()?;
    if count != sparse.count()? {
        return Err(Failure::text("ERR TESTFAILED dense/sparse disagree"));
    }
    let standard_error = 1.04 / (REGISTERS as f64).sqrt();
    // With few elements a collision weighs more than the standard error says.
    let error_max = if elements == 10 { 1 } else { (standard_error * 6.0 * elements as f64).ceil() as u64 };
    let error = elements.abs_diff(count);
    if error > error_max {
        return Err(Failure::from(format!("ERR TESTFAILED Too big error. card:{elements} abserr:{error}")));
    }
    Ok(())
}
