//! CLIENT KILL, in the old form (an address) and the new one (filters).

use super::{Kind, kind};
use crate::acl::Users;
use crate::base::numbers;
use crate::command::{Args, Ctx, Failure, Note, Outcome, args};
use crate::observe::{ClientInfo, client_flag};
use std::sync::atomic::Ordering;

/// Which connections to end; every filter that is given must fit.
#[derive(Default)]
struct Filter<'a> {
    id: Option<u64>,
    kind: Option<Kind>,
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
    spare_caller: bool,
}

impl<'a> Filter<'a> {
    /// Reads filters. The last of a kind counts.
    fn read(words: Args<'a>, users: &Users) -> Result<Filter<'a>, Failure> {
        let mut filter = Filter { spare_caller: true, ..Filter::default() };
        let (pairs, rest) = words.as_chunks::<2>();
        for [option, value] in pairs {
            match () {
                () if args::is(option, "id") => {
                    let id =
                        numbers::parse_i64(value).filter(|id| *id >= 1).and_then(|id| u64::try_from(id).ok());
                    filter.id = Some(id.ok_or(Failure::text("ERR client-id should be greater than 0"))?);
                }
                () if args::is(option, "type") => filter.kind = Some(kind(value)?),
                () if args::is(option, "addr") => filter.addr = Some(value),
                () if args::is(option, "laddr") => filter.laddr = Some(value),
                () if args::is(option, "user") => {
                    filter.user = Some(value);
                    if users.get(value).is_none() {
                        return Err(Failure::Bytes(
                            [b"ERR No such user '", args::c_str(value), b"'"].concat(),
                        ));
                    }
                }
                () if args::is(option, "skipme") && args::is(value, "yes") => filter.spare_caller = true,
                () if args::is(option, "skipme") && args::is(value, "no") => filter.spare_caller = false,
                () => return Err(Failure::Syntax),
            }
        }
        if rest.is_empty() { Ok(filter) } else { Err(Failure::Syntax) }
    }

    fn fits(&self, client: &ClientInfo) -> bool {
        self.id.is_none_or(|id| id == client.id)
            && self.kind.is_none_or(|kind| kind == Kind::of(client))
            && self.addr.is_none_or(|addr| addr == client.addr.as_bytes())
            && self.laddr.is_none_or(|laddr| laddr == client.laddr.as_bytes())
            && self.user.is_none_or(|user| client.labels().user == user)
    }
}

/// CLIENT KILL.
pub(super) fn kill(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv {
        [_, _, addr] => {
            let filter = Filter { addr: Some(addr), ..Filter::default() };
            if end(ctx, &filter) == 0 {
                return Err(Failure::text("ERR No such client"));
            }
            ctx.out.ok();
        }
        [_, _, filters @ ..] => {
            let filter = Filter::read(filters, &ctx.server.acl.users())?;
            let killed = end(ctx, &filter);
            ctx.out.count(killed);
        }
        _ => return Err(Failure::Syntax),
    }
    Ok(())
}

/// Ends what fits. Returns how many.
fn end(ctx: &mut Ctx<'_>, filter: &Filter<'_>) -> usize {
    end_all(ctx, filter.spare_caller, |client| filter.fits(client))
}

/// Ends the connections that `fits` says yes to: the caller after its reply, others by a note to the shard that owns them. A
/// connection that is being ended already does not count again. Returns how many.
pub fn end_all(ctx: &mut Ctx<'_>, spare_caller: bool, fits: impl Fn(&ClientInfo) -> bool) -> usize {
    let mut killed = 0;
    for client in ctx.server.clients.snapshot() {
        if !fits(&client) {
            continue;
        }
        if client.id == ctx.session.id {
            if spare_caller {
                continue;
            }
            ctx.session.close_after_reply = true;
            ctx.session.info.set_flag(client_flag::CLOSE_AFTER_REPLY, true);
        } else if client.close.swap(true, Ordering::Relaxed) {
            continue;
        } else {
            // Gone for every later look at the registry, though its shard ends it a little later.
            ctx.server.clients.remove(client.id);
            ctx.server.post(client.shard, Note::Close(client.id));
        }
        killed += 1;
    }
    killed
}
