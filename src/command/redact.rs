//! Words that the slow log and MONITOR must not show: passwords (server.c `redactClientCommandArgument`).

use super::{Args, Command, args};
use crate::config;

const REDACTED: &[u8] = b"(redacted)";

/// The words of a command with secrets replaced.
pub fn redacted<'a>(command: &Command, argv: Args<'a>) -> Vec<&'a [u8]> {
    let mut words = argv.to_vec();
    let hide = |words: &mut Vec<&'a [u8]>, index: usize| {
        if let Some(word) = words.get_mut(index) {
            *word = REDACTED;
        }
    };
    match command.full_name.as_str() {
        "acl|setuser" => (2..argv.len()).for_each(|index| hide(&mut words, index)),
        "auth" => (1..argv.len()).for_each(|index| hide(&mut words, index)),
        "hello" => {
            let option = argv.iter().skip(2).position(|word| args::is(word, "auth")).map(|at| at + 2);
            if let Some(at) = option {
                hide(&mut words, at + 1);
                hide(&mut words, at + 2);
            }
        }
        "config|set" => {
            for name in (2..argv.len()).step_by(2) {
                if config::is_sensitive(args::word(argv, name)) {
                    hide(&mut words, name + 1);
                }
            }
        }
        _ => {}
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table;

    #[track_caller]
    fn check(line: &str, shown: &str) {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let command = table::registry().find(&argv);
        let words = command.map(|command| redacted(command, &argv)).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&words.join(&b' ')), shown);
    }

    #[test]
    fn passwords_are_hidden_and_nothing_else() {
        check("AUTH secret", "AUTH (redacted)");
        check("auth user secret", "auth (redacted) (redacted)");
        check("HELLO 3 SETNAME me AUTH u p", "HELLO 3 SETNAME me AUTH (redacted) (redacted)");
        check("HELLO 3", "HELLO 3");
        check("CONFIG SET hz 10 requirepass x", "CONFIG SET hz 10 requirepass (redacted)");
        check("ACL SETUSER u on >secret", "ACL SETUSER (redacted) (redacted) (redacted)");
        check("ACL GETUSER u", "ACL GETUSER u");
        check("CONFIG GET requirepass", "CONFIG GET requirepass");
        check("SET auth secret", "SET auth secret");
    }
}
