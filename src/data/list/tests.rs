//! Tests of `list`: random histories against a deque of byte strings, and the rules of the two forms.

use super::*;
use crate::base::prng::Prng;
use std::collections::VecDeque;

type Twin = VecDeque<Vec<u8>>;

fn limits(list_node_size: i32, list_plain_bytes: usize) -> Limits {
    Limits { list_node_size, list_plain_bytes, ..Limits::default() }
}

fn texts(list: &List) -> Vec<Vec<u8>> {
    list.iter().map(|item| item.to_vec()).collect()
}

/// The head of the file of `quick` and `node`, in code.
fn check_invariants(list: &List) {
    let List::Quick(quick) = list else { return };
    for node in &quick.nodes {
        if let Node::Packed { pack, count } = &**node {
            assert_eq!(pack.len(), *count as usize);
            assert_ne!(*count, 0, "an empty node");
        }
    }
    assert_eq!(quick.len, quick.nodes.iter().map(|node| node.count()).sum::<usize>());
}

fn text(rng: &mut Prng) -> Vec<u8> {
    match rng.index(4) {
        0 => rng.index(30).to_string().into_bytes(),
        1 => vec![b'x'; rng.index(40)],
        _ => vec![b'a' + u8::try_from(rng.index(5)).unwrap_or(0); 1 + rng.index(3)],
    }
}

/// One random change of both.
fn step(rng: &mut Prng, list: &mut List, twin: &mut Twin, limits: &Limits) {
    let end = if rng.index(2) == 0 { End::Head } else { End::Tail };
    let at = rng.index(twin.len() + 2);
    match rng.index(10) {
        0..=3 => {
            let new: Vec<Vec<u8>> = (0..1 + rng.index(4)).map(|_| text(rng)).collect();
            list.push(end, &new.iter().map(Vec::as_slice).collect::<Vec<_>>(), limits);
            for text in new {
                match end {
                    End::Head => twin.push_front(text),
                    End::Tail => twin.push_back(text),
                }
            }
        }
        4..=5 => {
            let expected = if end == End::Head { twin.pop_front() } else { twin.pop_back() };
            assert_eq!(list.pop(end, limits, |item| item.to_vec()), expected);
        }
        6 => {
            let new = text(rng);
            assert_eq!(list.set(at, &new, limits), at < twin.len());
            if let Some(old) = twin.get_mut(at) {
                *old = new;
            }
        }
        7 => {
            let (pivot, new) = (twin.get(at).cloned().unwrap_or_else(|| text(rng)), text(rng));
            let place = twin.iter().position(|t| *t == pivot);
            assert_eq!(list.insert(end, &pivot, &new, limits), place.is_some());
            if let Some(place) = place {
                twin.insert(place + usize::from(end == End::Tail), new);
            }
        }
        8 => {
            let n = rng.index(twin.len() / 4 + 3);
            list.remove_range(at, n, limits);
            twin.drain(at.min(twin.len())..(at + n).min(twin.len()));
        }
        _ => {
            let (gone, max) = (text(rng), 1 + rng.index(4));
            let mut places: Vec<usize> = (0..twin.len()).filter(|i| twin[*i] == gone).collect();
            if end == End::Tail {
                places.reverse();
            }
            places.truncate(max);
            assert_eq!(list.remove_equal(&gone, max, end, limits), places.len());
            places.sort_unstable();
            for place in places.into_iter().rev() {
                twin.remove(place);
            }
        }
    }
}

/// A random history with limits of its own.
fn history(rng: &mut Prng) {
    let sizes = [1, 2, 3, 7, 40, -1, -2];
    let limits = limits(sizes[rng.index(sizes.len())], [8, 20, 1 << 30][rng.index(3)]);
    let (mut list, mut twin) = (List::new(), Twin::new());
    for _ in 0..250 {
        step(rng, &mut list, &mut twin, &limits);
        check_invariants(&list);
        assert_eq!((list.len(), list.is_empty()), (twin.len(), twin.is_empty()));
        let at = rng.index(twin.len() + 1);
        assert_eq!(list.get(at).map(|item| item.to_vec()), twin.get(at).cloned());
        let ahead: Vec<_> = list.iter_from(at, End::Tail).map(|item| item.to_vec()).collect();
        assert!(ahead.iter().eq(twin.iter().skip(at)), "{limits:?}");
        let back: Vec<_> = list.iter_from(at, End::Head).map(|item| item.to_vec()).collect();
        let behind = if at < twin.len() { at + 1 } else { 0 };
        assert!(back.iter().eq(twin.iter().take(behind).rev()), "{limits:?}");
    }
    assert_eq!(texts(&list.clone()), Vec::from(twin));
}

/// Prints its seeds; `SHOAL_SEED` adds one.
#[test]
fn a_list_is_the_deque_that_it_stands_for() {
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|seed| seed.parse().ok());
    let fixed = if cfg!(miri) { 1..=2 } else { 1..=150 };
    for seed in fixed.chain(extra) {
        println!("seed {seed}");
        history(&mut Prng::new(seed));
    }
}

#[test]
fn a_list_becomes_quick_beyond_a_node_and_packed_again_at_half_of_it() {
    let limits = limits(4, 1 << 30);
    let mut list = List::new();
    list.push(End::Tail, &[b"a", b"b", b"c", b"d"], &limits);
    assert_eq!(list.encoding(), "listpack");
    list.push(End::Tail, &[b"e"], &limits);
    assert_eq!((list.encoding(), list.node_count()), ("quicklist", 2));
    for expected in ["quicklist", "quicklist", "listpack"] {
        list.pop(End::Tail, &limits, |_| ());
        assert_eq!(list.encoding(), expected, "{}", list.len());
    }
    assert_eq!(texts(&list), [b"a", b"b"]);
}

#[test]
fn sizes_count_where_the_limit_is_a_class() {
    let limits = limits(-1, 1 << 30);
    let mut list = List::new();
    // 4096 bytes are 7 of frame, 2 + 2045 + 2 of one element and 2 + 2036 + 2 of another.
    list.push(End::Head, &[&[b'x'; 2045]], &limits);
    list.push(End::Head, &[&[b'x'; 2036]], &limits);
    assert_eq!(list.encoding(), "listpack");
    list.push(End::Tail, &[b"y"], &limits);
    assert_eq!((list.encoding(), list.node_count()), ("quicklist", 2));
    list.remove_range(0, 1, &limits);
    assert_eq!(list.encoding(), "quicklist");
    list.remove_range(0, 1, &limits);
    assert_eq!(list.encoding(), "listpack");
}

#[test]
fn large_elements_have_nodes_of_their_own() {
    let limits = limits(3, 10);
    let large = [b'L'; 10];
    let mut list = List::new();
    list.push(End::Tail, &[b"a", b"b", b"c", b"d"], &limits);
    list.insert(End::Tail, b"b", &large, &limits);
    assert_eq!(list.node_count(), 4);
    assert!(list.set(0, &large, &limits) && list.set(2, b"small", &limits));
    check_invariants(&list);
    assert_eq!(texts(&list), [&large[..], b"b", b"small", b"c", b"d"]);
    assert_eq!(list.remove_equal(&large, 5, End::Tail, &limits), 1);
    assert_eq!(list.len(), 4);
}

#[test]
fn a_long_list_gives_its_room_back() {
    let limits = limits(1, 1 << 30);
    let mut list = List::new();
    for n in 0..5_000 {
        list.push(End::Tail, &[n.to_string().as_bytes()], &limits);
    }
    let full = list.mem_bytes();
    assert!((5_000 * 24..5_000 * 56).contains(&full), "{full}");
    list.remove_range(10, 4_980, &limits);
    assert!(list.mem_bytes() < full / 50, "{}", list.mem_bytes());
    assert_eq!((list.len(), list.node_count()), (20, 20));
}
