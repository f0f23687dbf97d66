//! AUTH and HELLO: passwords and the protocol version.
//!
//! Users and passwords are those of `acl`; `requirepass` is the password of the user `default`.

use super::client::identity;
use crate::acl::{Context, DEFAULT_USER, Reason};
use crate::base::numbers;
use crate::command::access::{Culprit, Denied};
use crate::command::{Args, Ctx, Failure, Outcome, args};
use crate::config::REDIS_VERSION;
use crate::resp::Proto;

const WRONGPASS: Failure = Failure::text("WRONGPASS invalid username-password pair or user is disabled.");
const NO_PASSWORD: Failure = Failure::text(
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
);
const NOT_YET: Failure = Failure::text(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
);

/// AUTH (acl.c `authCommand`).
pub fn auth(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv {
        [_, _] if ctx.server.acl.users().default_user().needs_no_password() => return Err(NO_PASSWORD),
        [_, password] => authenticate(ctx, argv, DEFAULT_USER, password)?,
        [_, user, password] => authenticate(ctx, argv, user, password)?,
        _ => return Err(Failure::Syntax),
    }
    ctx.out.ok();
    Ok(())
}

/// Lets the client in, if user and password fit; logs it if not (acl.c `checkPasswordBasedAuth`).
fn authenticate(ctx: &mut Ctx<'_>, argv: Args<'_>, name: &[u8], password: &[u8]) -> Outcome {
    let user = ctx.server.acl.users().get(name).cloned();
    if let Some(user) = user.filter(|user| user.admits(password)) {
        ctx.session.log_in(&ctx.server.acl, user);
        return Ok(());
    }
    let in_multi = ctx.session.executing.is_some() || ctx.session.multi.is_some();
    let context = if in_multi { Context::Multi } else { Context::Toplevel };
    let (session, command, now_ms) = (&*ctx.session, ctx.command, ctx.keys.now_ms);
    let culprit = Culprit { session, user: name, command, argv, now_ms };
    ctx.server.log_denied(Denied { reason: Reason::Auth, at: 0 }, context, &culprit);
    Err(WRONGPASS)
}

/// What the words of a HELLO ask for.
struct Hello<'a> {
    proto: Option<Proto>,
    credentials: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

/// Reads the words of a HELLO (networking.c `helloCommand`).
fn read_hello<'a>(argv: Args<'a>) -> Result<Hello<'a>, Failure> {
    let mut hello = Hello { proto: None, credentials: None, name: None };
    let Some(version) = argv.get(1) else { return Ok(hello) };
    hello.proto = Some(match numbers::parse_i64(version) {
        Some(2) => Proto::V2,
        Some(3) => Proto::V3,
        Some(_) => return Err(Failure::text("NOPROTO unsupported protocol version")),
        None => return Err(Failure::text("ERR Protocol version is not an integer or out of range")),
    });
    let mut rest = argv.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            [] => return Ok(hello),
            [option, user, password, tail @ ..] if args::is(option, "auth") => {
                hello.credentials = Some((user, password));
                tail
            }
            [option, name, tail @ ..] if args::is(option, "setname") => {
                identity::check_name(name)?;
                hello.name = Some(name);
                tail
            }
            [option, ..] => {
                return Err(Failure::Bytes(
                    [b"ERR Syntax error in HELLO option '", args::c_str(option), b"'"].concat(),
                ));
            }
        };
    }
}

/// HELLO (networking.c `helloCommand`).
pub fn hello(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let hello = read_hello(argv)?;
    if let Some((user, password)) = hello.credentials {
        authenticate(ctx, argv, user, password)?;
    }
    if !ctx.session.authenticated {
        return Err(NOT_YET);
    }
    if let Some(name) = hello.name {
        ctx.session.info.set_labels(|labels| labels.name = name.to_vec());
    }
    if let Some(proto) = hello.proto {
        ctx.session.proto = proto;
        ctx.out.set_proto(proto);
    }
    let version = if ctx.session.proto == Proto::V3 { 3 } else { 2 };
    let out = &mut ctx.out;
    out.map(7);
    out.bulk(b"server");
    out.bulk(b"redis");
    out.bulk(b"version");
    out.bulk(REDIS_VERSION.as_bytes());
    out.bulk(b"proto");
    out.int(version);
    out.bulk(b"id");
    out.int(i64::try_from(ctx.session.id).unwrap_or(i64::MAX));
    out.bulk(b"mode");
    out.bulk(b"standalone");
    out.bulk(b"role");
    out.bulk(b"master");
    out.bulk(b"modules");
    out.array(0);
    Ok(())
}
