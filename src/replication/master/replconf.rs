//! REPLCONF: what a replica says about itself, and its acknowledgements.

use super::{Action, Facts, LinkId, Replicas, State};
use crate::base::numbers::parse_i64;

/// Longest `ip-address`. Redis: connection.h `NET_HOST_STR_LEN`.
const HOST_BYTES_MAX: usize = 256;

/// An acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Acked {
    /// Bytes of the stream that were applied.
    pub offset: i64,
    /// Bytes of it that are on disk, if the replica has an append-only file.
    pub disk: Option<i64>,
}

/// What a REPLCONF came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It is to be answered by OK.
    Ok,
    /// An acknowledgement; it gets no reply.
    Ack(Acked),
    /// A master asks its replica for an acknowledgement now; no reply but that.
    GetAck,
    /// Nothing, and no reply: an acknowledgement that cannot be read.
    Silence,
    /// An error reply, without the dash.
    Wrong(String),
}

/// Runs `REPLCONF args…` (without the name) for a connection that said `facts` so far. What comes before an option that is
/// wrong has taken effect. Redis: replication.c `replconfCommand`.
pub fn replconf(facts: &mut Facts, args: &[&[u8]]) -> Heard {
    if !args.len().is_multiple_of(2) {
        return Heard::Wrong("ERR syntax error".into());
    }
    let mut pairs = args.chunks_exact(2);
    while let Some([option, value]) = pairs.next() {
        let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
        if is("ack") {
            return ack(value, pairs.next());
        }
        if is("getack") {
            return Heard::GetAck;
        }
        if let Err(wrong) = tell(facts, option, value) {
            return Heard::Wrong(wrong);
        }
    }
    Heard::Ok
}

fn ack(value: &[u8], next: Option<&[&[u8]]>) -> Heard {
    let Some(offset) = parse_i64(value) else { return Heard::Silence };
    let mut disk = None;
    if let Some([option, value]) = next
        && option.eq_ignore_ascii_case(b"fack")
    {
        let Some(offset) = parse_i64(value) else { return Heard::Silence };
        disk = Some(offset);
    }
    Heard::Ack(Acked { offset, disk })
}

fn tell(facts: &mut Facts, option: &[u8], value: &[u8]) -> Result<(), String> {
    let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
    const NO_INTEGER: &str = "ERR value is not an integer or out of range";
    if is("listening-port") {
        facts.listening_port = parse_i64(value).ok_or(NO_INTEGER)?;
    } else if is("ip-address") {
        if value.len() >= HOST_BYTES_MAX {
            return Err(format!(
                "ERR REPLCONF ip-address provided by replica instance is too long: {} bytes",
                value.len()
            ));
        }
        facts.ip = Some(String::from_utf8_lossy(value).into_owned());
    } else if is("capa") {
        facts.eof |= value.eq_ignore_ascii_case(b"eof");
        facts.psync2 |= value.eq_ignore_ascii_case(b"psync2");
    } else if is("version") {
        facts.version =
            Some(String::from_utf8_lossy(value.get(..value.len().min(64)).unwrap_or_default()).into_owned());
    } else if is("rdb-only") {
        facts.rdb_only = match parse_i64(value) {
            Some(0) => false,
            Some(1) => true,
            Some(_) => return Err("ERR value is out of range, value must between 0 and 1".into()),
            None => return Err(NO_INTEGER.into()),
        };
    } else if is("rdb-filter-only") {
        filter(facts, value)?;
    } else {
        return Err(format!("ERR Unrecognized REPLCONF option: {}", String::from_utf8_lossy(option)));
    }
    Ok(())
}

/// What alone is to be in the copy: `functions`, or nothing at all.
fn filter(facts: &mut Facts, value: &[u8]) -> Result<(), String> {
    let parts = crate::base::args::split_args(value);
    let parts = parts.ok_or("ERR Missing rdb-filter-only values")?;
    facts.without_data = true;
    facts.without_functions = true;
    for part in parts {
        if !part.eq_ignore_ascii_case(b"functions") {
            return Err(format!(
                "ERR Unsupported rdb-filter-only option: {}",
                String::from_utf8_lossy(&part)
            ));
        }
        facts.without_functions = false;
    }
    Ok(())
}

impl Replicas {
    /// Replica `id` acknowledges. The stream begins if it waited for that.
    pub fn acked(&mut self, id: LinkId, acked: Acked, now_s: i64) -> Vec<Action> {
        let Some(link) = self.link_mut(id) else { return Vec::new() };
        link.ack_offset = link.ack_offset.max(u64::try_from(acked.offset).unwrap_or(0));
        if let Some(disk) = acked.disk {
            link.disk_offset = link.disk_offset.max(u64::try_from(disk).unwrap_or(0));
        }
        link.ack_s = now_s;
        if link.state == State::Online && std::mem::take(&mut link.start_on_ack) {
            return vec![Action::Stream(id)];
        }
        Vec::new()
    }

    /// Replica `id` said nothing, but is alive (networking.c `processInlineBuffer`).
    pub fn lives(&mut self, id: LinkId, now_s: i64) {
        if let Some(link) = self.link_mut(id) {
            link.ack_s = now_s;
        }
    }
}
