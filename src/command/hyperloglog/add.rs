//! PFADD.

use super::{hll_of, put_back, take};
use crate::command::args::word;
use crate::command::{Args, Ctx, Keys, Outcome};
use crate::data::HKey;
use crate::data::hll::{self, Corrupted, Encoding};
use crate::keyspace::Class;

/// PFADD key [element [element ...]]
pub(super) fn pfadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, elements) = (HKey::new(word(args, 1)), args.get(2..).unwrap_or_default());
    let encoding = ctx.keys.write(&key).map(|entry| hll_of(entry).map(|hll| hll.encoding())).transpose()?;
    let raised = match encoding {
        Some(Encoding::Dense) => raise_in_place(&mut ctx.keys, &key, elements)?,
        Some(Encoding::Sparse) => raise_all(&mut ctx.keys, &key, elements)?,
        None => {
            // As Redis, which has counted nothing of it yet.
            let mut fresh = hll::empty();
            hll::invalidate(&mut fresh);
            put_back(&mut ctx.keys, &key, fresh);
            1 + raise_all(&mut ctx.keys, &key, elements)?
        }
    };
    if raised > 0 {
        ctx.keys.effect(&key, args);
        ctx.keys.changed_many(&key, raised, Class::String, "pfadd");
    }
    ctx.out.int(i64::from(raised > 0));
    Ok(())
}

/// Raises the registers of `elements`; how many of them were lower.
fn raise_all(keys: &mut Keys<'_>, key: &HKey<'_>, elements: Args<'_>) -> Result<usize, Corrupted> {
    let max_bytes = keys.store(key).limits.hll_sparse_bytes;
    let Ok(Some(mut bytes)) = take(keys, key) else { return Ok(0) };
    let raise = |element: &&[u8]| hll::raise(&mut bytes, hll::place(element), max_bytes).map(usize::from);
    let raised = elements.iter().map(raise).sum();
    if raised != Ok(0) {
        hll::invalidate(&mut bytes);
    }
    // Also where it turned out to be broken, for it was taken out.
    put_back(keys, key, bytes);
    raised
}

/// The same for a dense one, which stays where it is.
fn raise_in_place(keys: &mut Keys<'_>, key: &HKey<'_>, elements: Args<'_>) -> Result<usize, Corrupted> {
    let raise = |bytes: &mut [u8]| {
        let mut raised = 0;
        for element in elements {
            raised += usize::from(hll::raise_dense(bytes, hll::place(element))?);
        }
        if raised > 0 {
            hll::invalidate(bytes);
        }
        Ok(raised)
    };
    keys.edit_string(key, 0, raise).unwrap_or(Ok(0))
}
