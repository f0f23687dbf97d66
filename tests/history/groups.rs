//! Full linearizability check for small groups of keys under commands whose writes are not unique: DEL, RENAME,
//! COPY, MSETNX and the like.
//!
//! A group is three keys in different slots used by about a hundred operations and then left. Its state is
//! small, so a search over all orders that time allows decides (Wing and Gong, with Lowe's memory of visited
//! states): an operation may come next if nothing that is still open had returned before its invocation.

use std::collections::HashSet;

/// Keys of a group.
pub const KEYS: usize = 3;

/// What each key holds; 0 is absent.
pub type State = [u32; KEYS];

/// A command on keys of one group, given by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Get(usize),
    GetDel(usize),
    Set(usize, u32),
    SetNx(usize, u32),
    GetSet(usize, u32),
    Del(Vec<usize>),
    Exists(Vec<usize>),
    MGet(Vec<usize>),
    MSet(Vec<(usize, u32)>),
    MSetNx(Vec<(usize, u32)>),
    Rename(usize, usize),
    RenameNx(usize, usize),
    Copy(usize, usize, bool),
}

/// A reply, as far as it tells about the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// OK
    Done,
    /// An integer.
    Count(i64),
    /// One value per key read.
    Values(Vec<u32>),
    /// RENAME of a key that is absent.
    NoSuchKey,
}

/// One operation: a command, or the commands of one EXEC.
#[derive(Clone, Debug)]
pub struct Operation {
    pub client: usize,
    pub invoked: u64,
    pub returned: u64,
    pub commands: Vec<(Command, Outcome)>,
}

/// What the search found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An order that explains all replies exists.
    Linearizable,
    /// None exists.
    Anomaly,
    /// The search was given up.
    Undecided,
}

/// States visited before the search gives up.
const BUDGET: usize = 2_000_000;

/// The model: what a correct server answers and how the state changes.
pub fn apply(command: &Command, state: &mut State) -> Outcome {
    let present = |state: &State, keys: &[usize]| keys.iter().filter(|&&key| state[key] != 0).count() as i64;
    let assign = |state: &mut State, pairs: &[(usize, u32)]| {
        pairs.iter().for_each(|&(key, value)| state[key] = value);
    };
    match command {
        Command::Get(key) => Outcome::Values(vec![state[*key]]),
        Command::GetDel(key) => Outcome::Values(vec![std::mem::take(&mut state[*key])]),
        Command::Set(key, value) => {
            state[*key] = *value;
            Outcome::Done
        }
        Command::GetSet(key, value) => Outcome::Values(vec![std::mem::replace(&mut state[*key], *value)]),
        Command::SetNx(key, value) => apply(&Command::MSetNx(vec![(*key, *value)]), state),
        Command::Del(keys) => {
            // A key named twice is deleted once.
            Outcome::Count(keys.iter().filter(|&&key| std::mem::take(&mut state[key]) != 0).count() as i64)
        }
        Command::Exists(keys) => Outcome::Count(present(state, keys)),
        Command::MGet(keys) => Outcome::Values(keys.iter().map(|&key| state[key]).collect()),
        Command::MSet(pairs) => {
            assign(state, pairs);
            Outcome::Done
        }
        Command::MSetNx(pairs) => {
            if pairs.iter().any(|&(key, _)| state[key] != 0) {
                return Outcome::Count(0);
            }
            assign(state, pairs);
            Outcome::Count(1)
        }
        Command::Rename(from, _) | Command::RenameNx(from, _) if state[*from] == 0 => Outcome::NoSuchKey,
        Command::Rename(from, to) => {
            let value = std::mem::take(&mut state[*from]);
            state[*to] = value;
            Outcome::Done
        }
        Command::RenameNx(_, to) if state[*to] != 0 => Outcome::Count(0),
        Command::RenameNx(from, to) => {
            state[*to] = std::mem::take(&mut state[*from]);
            Outcome::Count(1)
        }
        Command::Copy(from, to, replace) => {
            if state[*from] == 0 || (state[*to] != 0 && !replace) {
                return Outcome::Count(0);
            }
            state[*to] = state[*from];
            Outcome::Count(1)
        }
    }
}

/// The state after an operation, if its replies are what the model gives.
fn follow(operation: &Operation, mut state: State) -> Option<State> {
    for (command, outcome) in &operation.commands {
        if apply(command, &mut state) != *outcome {
            return None;
        }
    }
    Some(state)
}

/// Searches an order for up to 128 operations that starts from absent keys.
pub fn check(operations: &[Operation]) -> Verdict {
    assert!(operations.len() <= 128, "a set of operations is kept in 128 bits");
    let mut sorted: Vec<&Operation> = operations.iter().collect();
    sorted.sort_by_key(|operation| operation.invoked);
    let all = (0..sorted.len()).fold(0_u128, |mask, at| mask | (1 << at));
    let mut visited: HashSet<(u128, State)> = HashSet::new();
    let mut open = vec![(0_u128, [0; KEYS])];
    while let Some((done, state)) = open.pop() {
        if done == all {
            return Verdict::Linearizable;
        }
        if visited.len() > BUDGET {
            return Verdict::Undecided;
        }
        let waiting = || (0..sorted.len()).filter(|at| done & (1 << at) == 0);
        let first_return = waiting().map(|at| sorted[at].returned).min().unwrap_or(u64::MAX);
        for at in waiting().take_while(|&at| sorted[at].invoked < first_return) {
            if let Some(next) = follow(sorted[at], state) {
                let node = (done | (1 << at), next);
                if visited.insert(node) {
                    open.push(node);
                }
            }
        }
    }
    Verdict::Anomaly
}

/// A group's operations in order of invocation, for people.
pub fn explain(operations: &[Operation]) -> String {
    let mut sorted: Vec<&Operation> = operations.iter().collect();
    sorted.sort_by_key(|operation| operation.invoked);
    let mut text = String::new();
    for op in sorted {
        text.push_str(&format!(
            "    [{}..{}] client {}: {:?}\n",
            op.invoked, op.returned, op.client, op.commands
        ));
    }
    text
}
