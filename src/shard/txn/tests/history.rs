//! Decides whether a history of list appends and reads is strictly serializable.
//!
//! Every operation reports, for each list it touched, what it found there. Since each append leaves its operation's id
//! in the list, the final lists give the order of all writes and the findings place every read between two of them.
//! From that follow all dependencies; together with real time they must form no cycle (the method of Adya's graphs, as
//! Elle applies it to list appends). Real time enters as a chain of ticks: an operation precedes the tick at which it
//! returned and follows the tick at which it was invoked, so the graph stays linear in size.

use std::collections::HashMap;

/// What an operation did to one list, and what it found there before.
#[derive(Clone, Debug)]
pub struct Touch {
    pub list: usize,
    pub append: bool,
    pub found: Vec<u32>,
}

/// One operation as its client saw it. Ticks are unique.
#[derive(Clone, Debug)]
pub struct Observed {
    pub id: u32,
    pub invoked: usize,
    pub returned: usize,
    pub touches: Vec<Touch>,
}

/// Checks `ops` against the lists' `finals`; the error tells what is wrong.
pub fn check(ops: &[Observed], finals: &[Vec<u32>]) -> Result<(), String> {
    let node: HashMap<u32, usize> = ops.iter().enumerate().map(|(node, op)| (op.id, node)).collect();
    let ticks = ops.iter().map(|op| op.returned + 1).max().unwrap_or(0);
    let mut graph = Graph::new(ops.len() + ticks);
    for tick in 1..ticks {
        graph.edge(ops.len() + tick - 1, ops.len() + tick);
    }
    for (at, op) in ops.iter().enumerate() {
        if op.invoked >= op.returned {
            return Err(format!("operation {} returned before it was invoked", op.id));
        }
        graph.edge(at, ops.len() + op.returned);
        graph.edge(ops.len() + op.invoked, at);
        for touch in &op.touches {
            let finally = &finals[touch.list];
            let version = touch.found.len();
            if finally.get(..version) != Some(&touch.found[..]) {
                return Err(format!("{op:?} found no prefix of the final {finally:?}"));
            }
            if touch.append && finally.get(version) != Some(&op.id) {
                return Err(format!("the append of {op:?} is not where it belongs in {finally:?}"));
            }
            if let Some(before) = touch.found.last() {
                graph.edge(node[before], at);
            }
            if let Some(after) = finally.get(version).filter(|&&after| after != op.id) {
                graph.edge(at, node[after]);
            }
        }
    }
    let appended: usize = ops.iter().flat_map(|op| &op.touches).filter(|touch| touch.append).count();
    if appended != finals.iter().map(Vec::len).sum::<usize>() {
        return Err(format!("{appended} appends were made, but the lists hold {finals:?}"));
    }
    match graph.cycle() {
        None => Ok(()),
        Some(cycle) => {
            let ops: Vec<_> = cycle.iter().filter_map(|&node| ops.get(node)).collect();
            Err(format!("cycle: no serial order fits {ops:#?}"))
        }
    }
}

struct Graph {
    next: Vec<Vec<usize>>,
}

impl Graph {
    fn new(nodes: usize) -> Self {
        Self { next: vec![Vec::new(); nodes] }
    }

    fn edge(&mut self, from: usize, to: usize) {
        self.next[from].push(to);
    }

    /// Peels off nodes without predecessors; if any node is left, walks back along predecessors into a cycle.
    fn cycle(&self) -> Option<Vec<usize>> {
        let mut before = vec![Vec::new(); self.next.len()];
        for (from, nexts) in self.next.iter().enumerate() {
            for &to in nexts {
                before[to].push(from);
            }
        }
        let mut degree: Vec<usize> = before.iter().map(Vec::len).collect();
        let mut free: Vec<usize> = (0..degree.len()).filter(|&node| degree[node] == 0).collect();
        while let Some(node) = free.pop() {
            for &to in &self.next[node] {
                degree[to] -= 1;
                if degree[to] == 0 {
                    free.push(to);
                }
            }
        }
        let mut at = (0..degree.len()).find(|&node| degree[node] > 0)?;
        let mut path = Vec::new();
        while !path.contains(&at) {
            path.push(at);
            at = before[at].iter().copied().find(|&node| degree[node] > 0)?;
        }
        let start = path.iter().position(|&node| node == at)?;
        let mut cycle = path.split_off(start);
        cycle.reverse();
        Some(cycle)
    }
}

#[test]
fn a_stale_read_after_a_reply_is_a_cycle() {
    let op = |id, invoked, returned, append, found: &[u32]| Observed {
        id,
        invoked,
        returned,
        touches: vec![Touch { list: 0, append, found: found.to_vec() }],
    };
    let finals = [vec![1]];
    assert_eq!(check(&[op(1, 0, 1, true, &[]), op(2, 2, 3, false, &[1])], &finals), Ok(()));
    assert_eq!(check(&[op(1, 0, 2, true, &[]), op(2, 1, 3, false, &[])], &finals), Ok(()));
    let stale = check(&[op(1, 0, 1, true, &[]), op(2, 2, 3, false, &[])], &finals);
    assert!(stale.unwrap_err().starts_with("cycle"));
}

#[test]
fn two_reads_that_disagree_on_the_order_of_two_writes_are_a_cycle() {
    let touch = |list, append, found: &[u32]| Touch { list, append, found: found.to_vec() };
    let op = |id, invoked, touches| Observed { id, invoked, returned: invoked + 4, touches };
    let ops = [
        op(1, 0, vec![touch(0, true, &[])]),
        op(2, 1, vec![touch(1, true, &[])]),
        op(3, 2, vec![touch(0, false, &[1]), touch(1, false, &[])]),
        op(4, 3, vec![touch(0, false, &[]), touch(1, false, &[2])]),
    ];
    let finals = [vec![1], vec![2]];
    assert!(check(&ops, &finals).unwrap_err().starts_with("cycle"));
    assert_eq!(check(&ops[..3], &finals), Ok(()));
}
