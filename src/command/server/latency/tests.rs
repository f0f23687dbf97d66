//! LATENCY as clients see it.

use crate::command::testing::{Fixture, check, run};

#[test]
fn spikes_are_recorded_above_the_threshold_only() {
    let f = &mut Fixture::new();
    f.server.latency_event("expire-cycle", 50);
    check(f, "LATENCY LATEST", "*0|");
    run(f, &["CONFIG", "SET", "latency-monitor-threshold", "10"]);
    f.server.latency_event("expire-cycle", 9);
    f.server.latency_event("expire-cycle", 50);
    let reply = run(f, &["LATENCY", "LATEST"]);
    assert!(
        reply.starts_with("*1\r\n*4\r\n$12\r\nexpire-cycle\r\n:") && reply.ends_with(":50\r\n:50\r\n"),
        "{reply}"
    );
    let reply = run(f, &["LATENCY", "HISTORY", "expire-cycle"]);
    assert!(reply.starts_with("*1\r\n*2\r\n:") && reply.ends_with("\r\n:50\r\n"), "{reply}");
    assert!(run(f, &["LATENCY", "GRAPH", "expire-cycle"]).contains("expire-cycle - high 50 ms, low 50 ms"));
    check(f, "LATENCY RESET nothing", ":0|");
    check(f, "LATENCY RESET EXPIRE-cycle", ":1|");
    check(f, "LATENCY HISTORY expire-cycle", "*0|");
    check(f, "LATENCY GRAPH x", "-ERR No samples available for event 'x'|");
}

#[test]
fn a_histogram_of_what_was_never_called_is_empty() {
    check(&mut Fixture::new(), "LATENCY HISTOGRAM set nothing", "*0|");
}
