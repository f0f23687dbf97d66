//! DEBUG PROTOCOL: a reply of every type of RESP, for tests of clients and of scripts.

use crate::command::args::is;
use crate::command::{Ctx, Failure};
use crate::resp::Proto;

/// Writes a reply of the type `kind` (debug.c `debugCommand`).
pub fn reply(ctx: &mut Ctx<'_>, kind: &[u8]) -> Result<(), Failure> {
    let v3 = ctx.out.proto() == Proto::V3;
    let out = &mut ctx.out;
    match () {
        () if is(kind, "string") => out.bulk(b"Hello World"),
        () if is(kind, "integer") => out.int(12345),
        () if is(kind, "double") => out.double_text("3.141"),
        () if is(kind, "null") => out.null(),
        () if is(kind, "array") => {
            out.array(3);
            (0..3).for_each(|i| out.int(i));
        }
        () if is(kind, "set") => {
            out.set(3);
            (0..3).for_each(|i| out.int(i));
        }
        () if is(kind, "map") => {
            out.map(3);
            for i in 0..3 {
                out.int(i);
                out.boolean(i == 1);
            }
        }
        () if is(kind, "attrib") => {
            if v3 {
                out.raw().extend_from_slice(b"|1\r\n");
                out.bulk(b"key-popularity");
                out.array(2);
                out.bulk(b"key:123");
                out.int(90);
            }
            // What the attribute belongs to.
            out.bulk(b"Some real reply following the attribute");
        }
        () if is(kind, "push") => {
            if !v3 {
                return Err(Failure::text("ERR RESP2 is not supported by this command"));
            }
            out.push(2);
            out.bulk(b"server-cpu-usage");
            out.int(42);
            out.bulk(b"Some real reply following the push reply");
        }
        () if is(kind, "verbatim") => out.verbatim("txt", b"This is a verbatim\nstring"),
        () if is(kind, "true") => out.boolean(true),
        () if is(kind, "false") => out.boolean(false),
        () if is(kind, "bignum") => out.big_number(b"1234567999999999999999999999999999999"),
        () => {
            return Err(Failure::text(
                "ERR Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}
