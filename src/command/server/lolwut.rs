//! LOLWUT: a shoal of fish, drawn anew each time.
//!
//! `LOLWUT [VERSION n] [columns] [rows] [fish]`. Redis draws something else for each of its versions and ends every
//! drawing with the version; the version that is asked for changes nothing here.

use crate::base::prng::Prng;
use crate::command::{Args, Ctx, Outcome, View, args};
use crate::config::REDIS_VERSION;

/// Fish that swim right; left is the mirror image.
const FISH: &[&str] = &["><>", "><(('>", "><{{{*>", "=>", "><(((o>", ">-=>"];
/// Columns, rows and fish unless the caller says otherwise, and the most of each.
const DEFAULTS: [i64; 3] = [66, 12, 14];
const MOST: [i64; 3] = [500, 100, 1000];

pub(super) fn lolwut(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let words = match argv.get(1..).unwrap_or_default() {
        [option, version, rest @ ..] if args::is(option, "version") => {
            args::int(version)?;
            rest
        }
        words => words,
    };
    let mut sizes = DEFAULTS;
    for ((size, most), word) in sizes.iter_mut().zip(MOST).zip(words) {
        *size = args::int(word)?.clamp(1, most);
    }
    let seed = match &mut ctx.keys.view {
        View::One(store) => store.rng.next_u64(),
        View::Many(_) => ctx.session.id,
    };
    let [columns, rows, fish] = sizes.map(|size| usize::try_from(size).unwrap_or(1));
    let mut text = draw(&mut Prng::new(seed), columns, rows, fish);
    text.push_str(&format!("\nMany shards, one server. Redis ver. {REDIS_VERSION}\n"));
    ctx.out.verbatim("txt", text.as_bytes());
    Ok(())
}

/// Water of `columns` by `rows` with fish, all of which swim the same way: a shoal.
fn draw(rng: &mut Prng, columns: usize, rows: usize, fish: usize) -> String {
    let mut water = vec![vec![b' '; columns]; rows];
    let leftwards = rng.one_in(2);
    for _ in 0..fish {
        let Some(one) = FISH.get(rng.index(FISH.len())) else { continue };
        let body: Vec<u8> =
            if leftwards { one.bytes().rev().map(mirrored).collect() } else { one.bytes().collect() };
        let Some(row) = water.get_mut(rng.index(rows)) else { continue };
        let Some(room) = columns.checked_sub(body.len()) else { continue };
        let at = rng.index(room + 1);
        // A fish that would cover another one swims elsewhere.
        if let Some(place) = row.get_mut(at..at + body.len())
            && place.iter().all(|&cell| cell == b' ')
        {
            place.copy_from_slice(&body);
        }
    }
    let mut text = String::new();
    for row in water {
        text.push_str(String::from_utf8_lossy(&row).trim_end());
        text.push('\n');
    }
    text
}

fn mirrored(byte: u8) -> u8 {
    match byte {
        b'>' => b'<',
        b'<' => b'>',
        b'(' => b')',
        b'{' => b'}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_has_the_asked_size_and_is_the_same_for_the_same_seed() {
        let drawing = draw(&mut Prng::new(7), 30, 5, 9);
        assert_eq!(drawing, draw(&mut Prng::new(7), 30, 5, 9));
        assert_eq!(drawing.lines().count(), 5);
        assert!(drawing.lines().all(|line| line.len() <= 30));
        assert!(drawing.contains(['>', '<']), "{drawing}");
        draw(&mut Prng::new(1), 1, 1, 3);
    }
}
