//! MEMORY DOCTOR: figures of memory that look wrong, in words (object.c `getMemoryDoctorReport`, whose thresholds these
//! are).

use crate::command::server::info::Memory;
use crate::command::{Args, Ctx, Outcome};

/// Below this nothing can be told.
const LITTLE_BYTES: usize = 5 << 20;
const PEAK_PERCENT: f64 = 100.0 / 1.5;
const FRAGMENTATION: f64 = 1.4;
const FRAGMENTATION_BYTES: i64 = 10 << 20;
const CLIENT_BYTES: usize = 200 << 10;

pub(super) fn doctor(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let text = report(&Memory::take(ctx.server), ctx.server.clients.count());
    ctx.out.verbatim("txt", text.as_bytes());
    Ok(())
}

fn report(memory: &Memory, clients: usize) -> String {
    if memory.used < LITTLE_BYTES {
        return "This server is empty or uses very little memory: there is too little to judge by. Ask again when it holds data.\n".to_owned();
    }
    let mut found = Vec::new();
    if memory.peak_percent() < PEAK_PERCENT {
        found.push(
            "Peak memory: at some time more than one and a half times the present memory was in use. The allocator may keep \
             the pages for later use, so the resident size can stay high; that is harmless. MEMORY PURGE gives back what it can.",
        );
    }
    if memory.fragmentation() > FRAGMENTATION && memory.fragmentation_bytes() > FRAGMENTATION_BYTES {
        found.push(
            "High resident size: the process holds over 1.4 times the memory that its data and buffers need. A peak in the past \
             explains it (see there); otherwise keys of very different sizes come and go, which fragments the heap.",
        );
    }
    if memory.clients.checked_div(clients).is_some_and(|each| each > CLIENT_BYTES) {
        found.push(
            "Large client buffers: connections hold more than 200 KiB each on average. CLIENT LIST shows which (qbuf, obl): \
             clients that read slowly, send very long pipelines or ask for very large replies. The client-output-buffer-limit \
             directive bounds them.",
        );
    }
    if found.is_empty() {
        return "No memory issue was found.\n".to_owned();
    }
    let mut text = "Memory issues of this server:\n\n".to_owned();
    found.iter().for_each(|issue| text.push_str(&format!(" * {issue}\n\n")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_issue_is_named_when_its_threshold_is_crossed() {
        let mib = 1 << 20;
        let fine = Memory {
            used: 100 * mib,
            peak: 100 * mib,
            startup: mib,
            resident: 110 * mib,
            clients: 4096,
            tables: vec![],
            overhead: 2 * mib,
            keys: 1,
        };
        assert!(report(&Memory { used: mib, ..fine.clone() }, 1).contains("too little"));
        assert!(report(&fine, 1).contains("No memory issue"));
        assert!(report(&Memory { peak: 200 * mib, ..fine.clone() }, 1).contains("Peak memory"));
        assert!(report(&Memory { resident: 200 * mib, ..fine.clone() }, 1).contains("High resident"));
        assert!(report(&Memory { clients: mib, ..fine }, 2).contains("Large client"));
    }
}
