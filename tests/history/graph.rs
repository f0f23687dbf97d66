//! The order that a history proves, as a graph; a cycle in it is an anomaly.
//!
//! ```text
//! ww  the writer of a version      → the writer of the next one
//! wr  the writer of a version      → whoever saw it
//! rw  whoever saw a version        → the writer of the next one
//! rt  whatever returned            → whatever was invoked afterwards
//! vt  versions of one key whose order only time tells (blind writes), see `order_by_time`
//! ```
//!
//! Time edges are many: each goes through a chain of helper nodes in time order, so that n transactions need
//! 3n edges instead of n².

use super::record::{Txn, Version};
use super::versions::{Key, Versions};
use std::collections::VecDeque;

/// Nodes below `txns` are transactions, the rest are links of time chains.
pub struct Graph {
    txns: usize,
    edges: Vec<Vec<(usize, &'static str)>>,
}

/// A run of versions of one key whose inner order replies have proved.
struct Segment {
    /// Its versions, oldest first.
    versions: Vec<Version>,
    /// When one of its transactions had first returned: by then the run had begun.
    begun: u64,
    /// When one of its transactions was last invoked: by then the run had not ended.
    lasting: u64,
}

/// Builds the graph.
pub fn build(txns: &[Txn], versions: &Versions) -> Graph {
    let mut graph = Graph { txns: txns.len(), edges: vec![Vec::new(); txns.len()] };
    graph.order_in_real_time(txns);
    for key in versions.keys.values() {
        graph.order_proved(key);
        graph.order_by_time(key, txns);
    }
    graph
}

impl Graph {
    fn edge(&mut self, from: usize, to: usize, kind: &'static str) {
        if from != to {
            self.edges[from].push((to, kind));
        }
    }

    fn helper(&mut self) -> usize {
        self.edges.push(Vec::new());
        self.edges.len() - 1
    }

    fn order_in_real_time(&mut self, txns: &[Txn]) {
        let mut by_return: Vec<usize> = (0..txns.len()).collect();
        by_return.sort_by_key(|&id| txns[id].returned);
        let mut chain = Vec::with_capacity(txns.len());
        for &id in &by_return {
            let link = self.helper();
            self.edge(id, link, "rt");
            if let Some(&before) = chain.last() {
                self.edge(before, link, "rt");
            }
            chain.push(link);
        }
        for (id, txn) in txns.iter().enumerate() {
            let done = by_return.partition_point(|&other| txns[other].returned < txn.invoked);
            if done > 0 {
                self.edge(chain[done - 1], id, "rt");
            }
        }
    }

    fn order_proved(&mut self, key: &Key) {
        for facts in key.values() {
            for &reader in &facts.readers {
                if let Some(writer) = facts.writer {
                    self.edge(writer, reader, "wr");
                }
            }
            let Some(next) = facts.next.and_then(|next| key[&next].writer) else { continue };
            if let Some(writer) = facts.writer {
                self.edge(writer, next, "ww");
            }
            for &reader in &facts.readers {
                self.edge(reader, next, "rw");
            }
        }
    }

    /// A blind write hides what it replaced. But one run of versions ends before another begins, so if any
    /// transaction of run A returned before some transaction of run B was invoked, then the whole of A came
    /// before the whole of B (the zones of Gibbons and Korach, "Testing shared memories").
    fn order_by_time(&mut self, key: &Key, txns: &[Txn]) {
        /// Runs that begin inside another's zone are linked one by one; more than this many cannot be
        /// concurrent, and a cycle shows long before.
        const INSIDE: usize = 128;
        let mut segments = segments(key, txns);
        segments.sort_by_key(|segment| segment.begun);
        let chain: Vec<usize> = segments.iter().map(|_| self.helper()).collect();
        for (at, segment) in segments.iter().enumerate() {
            if at > 0 {
                self.edge(chain[at - 1], chain[at], "vt");
            }
            if let Some(last) = segment.versions.last() {
                let facts = &key[last];
                for &id in facts.readers.iter().chain(&facts.writer) {
                    self.edge(id, chain[at], "vt");
                }
            }
        }
        for (at, segment) in segments.iter().enumerate() {
            let first = &key[&segment.versions[0]];
            // Nobody wrote version 0: whatever precedes it precedes those who saw it.
            let begins = first.writer.map_or_else(|| first.readers.clone(), |writer| vec![writer]);
            let before = segments.partition_point(|other| other.begun < segment.lasting);
            let earlier = at.min(before).checked_sub(1).map(|last| chain[last]);
            let inside = segments.iter().take(before).skip(at + 1).take(INSIDE);
            let inside = inside.filter_map(|other| other.versions.last()).map(|last| &key[last]);
            let inside: Vec<usize> =
                inside.flat_map(|facts| facts.readers.iter().chain(&facts.writer).copied()).collect();
            for from in inside.into_iter().chain(earlier) {
                begins.iter().for_each(|&to| self.edge(from, to, "vt"));
            }
        }
    }

    /// The shortest cycle found, as nodes with the kind of the edge that leaves each.
    pub fn shortest_cycle(&self) -> Option<Vec<(usize, &'static str)>> {
        const TRIED: usize = 200;
        let component = self.components();
        let mut size = vec![0_usize; self.edges.len()];
        component.iter().for_each(|&c| size[c] += 1);
        let members = (0..self.txns).filter(|&id| size[component[id]] > 1);
        members.take(TRIED).filter_map(|id| self.cycle_through(id, &component)).min_by_key(Vec::len)
    }

    /// Breadth first from a node back to itself within its component.
    fn cycle_through(&self, start: usize, component: &[usize]) -> Option<Vec<(usize, &'static str)>> {
        let mut came: Vec<Option<(usize, &'static str)>> = vec![None; self.edges.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &(to, kind) in &self.edges[node] {
                if component[to] != component[start] || came[to].is_some() {
                    continue;
                }
                came[to] = Some((node, kind));
                if to != start {
                    queue.push_back(to);
                    continue;
                }
                let mut path = Vec::new();
                let mut at = start;
                loop {
                    let (from, kind) = came[at]?;
                    path.push((from, kind));
                    at = from;
                    if at == start {
                        path.reverse();
                        return Some(path);
                    }
                }
            }
        }
        None
    }

    /// Strongly connected components (Tarjan, without recursion): the component's number of every node.
    fn components(&self) -> Vec<usize> {
        const NONE: usize = usize::MAX;
        let n = self.edges.len();
        let (mut index, mut low) = (vec![NONE; n], vec![0; n]);
        let (mut component, mut stack) = (vec![NONE; n], Vec::new());
        let (mut next_index, mut next_component) = (0, 0);
        for root in 0..n {
            if index[root] != NONE {
                continue;
            }
            let mut work = vec![(root, 0)];
            while let Some(&(node, edge)) = work.last() {
                if edge == 0 && index[node] == NONE {
                    (index[node], low[node]) = (next_index, next_index);
                    next_index += 1;
                    stack.push(node);
                }
                if let Some(&(to, _)) = self.edges[node].get(edge) {
                    if let Some(top) = work.last_mut() {
                        top.1 += 1;
                    }
                    if index[to] == NONE {
                        work.push((to, 0));
                    } else if component[to] == NONE {
                        low[node] = low[node].min(index[to]);
                    }
                    continue;
                }
                work.pop();
                if let Some(&(parent, _)) = work.last() {
                    low[parent] = low[parent].min(low[node]);
                }
                if low[node] == index[node] {
                    while let Some(member) = stack.pop() {
                        component[member] = next_component;
                        if member == node {
                            break;
                        }
                    }
                    next_component += 1;
                }
            }
        }
        component
    }

    /// A cycle in words: the helper nodes of time chains left out.
    pub fn explain(&self, cycle: &[(usize, &'static str)], txns: &[Txn]) -> String {
        let mut text = String::from("cycle:");
        for (at, (node, kind)) in cycle.iter().enumerate() {
            if *node < self.txns {
                text.push_str(&format!("\n    {}\n      {}", txns[*node], meaning(kind)));
            } else if *kind != cycle[(at + cycle.len() - 1) % cycle.len()].1 {
                text.push_str(&format!(" and {}", meaning(kind)));
            }
        }
        text.push_str(" the first again");
        text
    }
}

fn meaning(kind: &str) -> &'static str {
    match kind {
        "ww" => "was overwritten by",
        "wr" => "was seen by",
        "rw" => "saw a version replaced by",
        "rt" => "returned before the start of",
        _ => "touched a version that time puts before",
    }
}

/// The proved runs of versions of a key, with their zones. The run of version 0 begins before everything.
fn segments(key: &Key, txns: &[Txn]) -> Vec<Segment> {
    let mut all = Vec::new();
    for (&start, facts) in key {
        if facts.previous.is_some() || (start != 0 && facts.writer.is_none()) {
            continue;
        }
        let begun = if start == 0 { 0 } else { u64::MAX };
        let mut segment = Segment { versions: Vec::new(), begun, lasting: 0 };
        let mut version = Some(start);
        while let Some(at) = version {
            // A ring of versions is possible only in a broken history; its cycle shows in `order_proved`.
            if segment.versions.len() > key.len() {
                break;
            }
            segment.versions.push(at);
            for &id in key[&at].readers.iter().chain(&key[&at].writer) {
                segment.begun = segment.begun.min(txns[id].returned);
                segment.lasting = segment.lasting.max(txns[id].invoked);
            }
            version = key[&at].next;
        }
        all.push(segment);
    }
    all
}
