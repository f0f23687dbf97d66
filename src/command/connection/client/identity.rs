//! What a connection calls itself: CLIENT ID, GETNAME, SETNAME, SETINFO.

use crate::command::{Args, Ctx, Failure, Outcome, args};

/// Whether CLIENT LIST can print `text`: one word of printable ASCII (networking.c `validateClientAttr`).
fn is_printable(text: &[u8]) -> bool {
    text.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

/// Checks a connection name; the empty one takes the name away.
pub fn check_name(name: &[u8]) -> Outcome {
    if is_printable(name) {
        Ok(())
    } else {
        Err(Failure::text("ERR Client names cannot contain spaces, newlines or special characters."))
    }
}

pub(super) fn id(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.int(i64::try_from(ctx.session.id).unwrap_or(i64::MAX));
    Ok(())
}

pub(super) fn getname(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let labels = ctx.session.info.labels();
    if labels.name.is_empty() {
        ctx.out.null()
    } else {
        ctx.out.bulk(&labels.name)
    }
    Ok(())
}

pub(super) fn setname(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let name = args::word(argv, 2);
    check_name(name)?;
    ctx.session.info.set_labels(|labels| labels.name = name.to_vec());
    ctx.out.ok();
    Ok(())
}

// Redis: networking.c clientSetinfoCommand.
pub(super) fn setinfo(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let (attribute, value) = (args::word(argv, 2), args::word(argv, 3));
    let is_name = args::is(attribute, "lib-name");
    if !is_name && !args::is(attribute, "lib-ver") {
        return Err(Failure::Bytes([b"ERR Unrecognized option '", args::c_str(attribute), b"'"].concat()));
    }
    if !is_printable(value) {
        let line = [b"ERR ", attribute, b" cannot contain spaces, newlines or special characters."].concat();
        return Err(Failure::Bytes(line));
    }
    ctx.session.info.set_labels(|labels| {
        let place = if is_name { &mut labels.lib_name } else { &mut labels.lib_ver };
        *place = value.to_vec();
    });
    ctx.out.ok();
    Ok(())
}
