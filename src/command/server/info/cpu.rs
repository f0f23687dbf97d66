//! INFO cpu. The "main thread" is the shard that runs the command.

use super::{Facts, Lines};
use crate::base::sys::usage::{Whose, cpu_time};

pub(super) fn write(_: &Facts<'_>, lines: &mut Lines) {
    for (whose, suffix) in
        [(Whose::Process, ""), (Whose::Children, "_children"), (Whose::Thread, "_main_thread")]
    {
        let time = cpu_time(whose);
        let mut put = |name: &str, micros: u64| {
            let value = format_args!("{}.{:06}", micros / 1_000_000, micros % 1_000_000).to_string();
            lines.put(&format!("used_cpu_{name}{suffix}"), value);
        };
        put("sys", time.system_us);
        put("user", time.user_us);
    }
}
