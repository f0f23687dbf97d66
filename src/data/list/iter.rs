//! A walk over the elements of a list, from any of them towards either end.

use super::node::Node;
use super::{End, List, QuickList, SharedNode};
use crate::data::listpack;
use crate::data::{Item, Listpack};
use std::collections::vec_deque;

/// The elements of a list from one of them on, towards the tail or towards the head.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    walk: Walk<'a>,
    /// The nodes not yet come to.
    rest: Option<vec_deque::Iter<'a, SharedNode>>,
    towards: End,
}

/// The rest of one node.
#[derive(Clone, Debug)]
enum Walk<'a> {
    Forward(listpack::Iter<'a>),
    /// The pack, and the position of the next element.
    Backward(&'a Listpack, Option<usize>),
    Plain(Option<&'a [u8]>),
}

impl<'a> Walk<'a> {
    /// Over a pack from the element `offset` on; `None` starts at its far end.
    fn of_pack(pack: &'a Listpack, offset: Option<usize>, towards: End) -> Walk<'a> {
        let start = offset.map(|offset| i64::try_from(offset).ok().and_then(|at| pack.seek(at)));
        match (towards, start) {
            (End::Tail, None) => Walk::Forward(pack.iter()),
            (End::Tail, Some(Some(at))) => Walk::Forward(pack.iter_from(at)),
            (End::Head, None) => Walk::Backward(pack, pack.last()),
            (End::Head, Some(Some(at))) => Walk::Backward(pack, Some(at)),
            (_, Some(None)) => Walk::Plain(None),
        }
    }

    fn of_node(node: &'a Node, offset: Option<usize>, towards: End) -> Walk<'a> {
        match node {
            Node::Packed { pack, .. } => Walk::of_pack(pack, offset, towards),
            Node::Plain(text) => Walk::Plain(Some(text)),
        }
    }

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        match self {
            Walk::Forward(iter) => iter.next().map(|(_, item)| item),
            Walk::Backward(pack, next) => {
                let at = (*next)?;
                *next = pack.prev(at);
                Some(pack.get(at))
            }
            Walk::Plain(text) => text.take().map(Item::Bytes),
        }
    }
}

impl<'a> Iter<'a> {
    /// From element `index` on; nothing if there is no such element.
    pub(super) fn new(list: &'a List, index: usize, towards: End) -> Iter<'a> {
        match list {
            List::Packed(pack) => {
                Iter { walk: Walk::of_pack(pack, Some(index), towards), rest: None, towards }
            }
            List::Quick(quick) => Iter::of_quick(quick, index, towards),
        }
    }

    fn of_quick(quick: &'a QuickList, index: usize, towards: End) -> Iter<'a> {
        let Some((i, offset)) = quick.locate(index) else {
            return Iter { walk: Walk::Plain(None), rest: None, towards };
        };
        let walk = match quick.nodes.get(i) {
            Some(node) => Walk::of_node(node, Some(offset), towards),
            None => Walk::Plain(None),
        };
        let rest = match towards {
            End::Tail => quick.nodes.range(i + 1..),
            End::Head => quick.nodes.range(..i),
        };
        Iter { walk, rest: Some(rest), towards }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some(item) = self.walk.next() {
                return Some(item);
            }
            let rest = self.rest.as_mut()?;
            let node = match self.towards {
                End::Tail => rest.next(),
                End::Head => rest.next_back(),
            }?;
            self.walk = Walk::of_node(node, None, self.towards);
        }
    }
}
