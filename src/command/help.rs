//! Replies of the HELP subcommands.

use super::{Ctx, Outcome};

/// Replies the help of container `name` (upper case), headed and ended as networking.c `addReplyHelp` does.
pub fn reply(ctx: &mut Ctx<'_>, name: &str, lines: &[&str]) -> Outcome {
    ctx.out.array(lines.len() + 3);
    ctx.out.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| ctx.out.simple(line));
    ctx.out.simple("HELP");
    ctx.out.simple("    Prints this help.");
    Ok(())
}
