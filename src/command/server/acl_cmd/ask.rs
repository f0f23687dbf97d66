//! What changes nothing: CAT, DRYRUN, GENPASS.

use super::too_many_words;
use crate::base::prng;
use crate::command::access::{catalog, permit};
use crate::command::{Args, Ctx, Failure, Outcome, args, table};

/// Most bits of a generated password.
const GENPASS_BITS_MAX: i64 = 4096;
/// Bits of one unless the caller says otherwise.
const GENPASS_BITS: i64 = 256;

pub(super) fn cat(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv {
        [_, _] => {
            let names = catalog().categories();
            ctx.out.array(names.len());
            names.iter().for_each(|(_, name)| ctx.out.bulk(name.as_bytes()));
        }
        [_, _, name] => {
            let Some(category) = catalog().category(name) else {
                let shown = args::c_str(name);
                let shown = shown.get(..128).unwrap_or(shown);
                return Err(Failure::Bytes([b"ERR Unknown category '", shown, b"'"].concat()));
            };
            let found: Vec<&str> = catalog()
                .commands()
                .iter()
                .filter(|facts| facts.categories & category != 0)
                .map(|facts| facts.full_name.as_str())
                .collect();
            ctx.out.bulks(&found);
        }
        _ => return Err(too_many_words(argv)),
    }
    Ok(())
}

pub(super) fn dryrun(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let (name, words) = (args::word(argv, 2), argv.get(3..).unwrap_or_default());
    let shown = |word| args::c_str(word);
    let Some(user) = ctx.server.acl.users().get(name).cloned() else {
        return Err(Failure::Bytes([b"ERR User '", shown(name), b"' not found"].concat()));
    };
    let Some(command) = table::registry().find(words) else {
        let name = shown(args::word(words, 0));
        return Err(Failure::Bytes([b"ERR Command '", name, b"' not found"].concat()));
    };
    if !table::arity_fits(command, words.len()) {
        return Err(Failure::Arity(command.full_name.clone()));
    }
    match permit(&user, command, words) {
        Ok(()) => ctx.out.ok(),
        Err(denied) => ctx.out.bulk(&denied.text(&user, command, words, true)),
    }
    Ok(())
}

pub(super) fn genpass(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let bits = match argv {
        [_, _] => GENPASS_BITS,
        [_, _, bits] => args::int(bits)?,
        _ => return Err(too_many_words(argv)),
    };
    if !(1..=GENPASS_BITS_MAX).contains(&bits) {
        return Err(Failure::text(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096",
        ));
    }
    let digits = usize::try_from(bits).unwrap_or_default().div_ceil(4);
    ctx.out.bulk(prng::random_hex(digits).as_bytes());
    Ok(())
}
