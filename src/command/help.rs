//! The replies of `... HELP` subcommands (networking.c `addReplyHelp`).

use crate::resp::Out;

/// Writes the help of `command` (its name in capitals): a head, the `lines` of its subcommands, and HELP itself.
pub fn reply(out: &mut Out<'_>, command: &str, lines: &[&str]) {
    out.array(lines.len() + 3);
    out.simple(&format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| out.simple(line));
    out.simple("HELP");
    out.simple("    Print this help.");
}
