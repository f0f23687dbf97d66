//! DEBUG PROTOCOL: a reply of each type, for tests of client libraries.

use crate::command::args::is;
use crate::command::{Ctx, Failure, Outcome};
use crate::resp::Proto;

/// DEBUG PROTOCOL type (debug.c `debugCommand`).
pub(super) fn protocol(ctx: &mut Ctx<'_>, name: &[u8]) -> Outcome {
    let out = &mut ctx.out;
    match () {
        () if is(name, "string") => out.bulk(b"Hello World"),
        () if is(name, "integer") => out.int(12345),
        () if is(name, "double") => out.double_text("3.141"),
        () if is(name, "bignum") => out.big_number(b"1234567999999999999999999999999999999"),
        () if is(name, "null") => out.null(),
        () if is(name, "array") => {
            out.array(3);
            (0..3).for_each(|n| out.int(n));
        }
        () if is(name, "set") => {
            out.set(3);
            (0..3).for_each(|n| out.int(n));
        }
        () if is(name, "map") => {
            out.map(3);
            (0..3).for_each(|n| {
                out.int(n);
                out.boolean(n == 1);
            });
        }
        () if is(name, "attrib") => {
            if out.proto() == Proto::V3 {
                out.attributes(1);
                out.bulk(b"key-popularity");
                out.array(2);
                out.bulk(b"key:123");
                out.int(90);
            }
            // An attribute is no reply: one follows.
            out.bulk(b"Some real reply following the attribute");
        }
        () if is(name, "push") => {
            if out.proto() != Proto::V3 {
                return Err(Failure::text("ERR RESP2 is not supported by this command"));
            }
            out.push(2);
            out.bulk(b"server-cpu-usage");
            out.int(42);
            // Nor is a push.
            out.bulk(b"Some real reply following the push reply");
        }
        () if is(name, "true") => out.boolean(true),
        () if is(name, "false") => out.boolean(false),
        () if is(name, "verbatim") => out.verbatim("txt", b"This is a verbatim\nstring"),
        () => {
            return Err(Failure::text(
                "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}
