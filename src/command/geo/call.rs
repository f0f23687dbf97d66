//! The words of a search, in Redis's order of complaints (geo.c `georadiusGeneric`).

use super::look::place_of;
use super::{Args, Failure, place, unit_m};
use crate::base::numbers::parse_f64;
use crate::command::args::{c_str, int, is, word};
use crate::data::ZSet;
use crate::data::geo::{Area, Place, Shape};

/// Which command it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// GEORADIUS: place, radius and unit come first.
    Radius,
    /// GEORADIUSBYMEMBER: member, radius and unit come first.
    RadiusByMember,
    /// GEOSEARCH: everything is an option.
    Search,
    /// GEOSEARCHSTORE: so it is, and the destination comes first.
    SearchStore,
}

impl Form {
    fn searches(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    /// The word that is the sorted set.
    pub fn source(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }
}

/// The order of the result.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// As found.
    #[default]
    None,
    /// Nearest first.
    Nearest,
    /// Farthest first.
    Farthest,
}

/// A search.
#[derive(Default)]
pub struct Call<'a> {
    middle: Option<Place>,
    /// FROMMEMBER was given, though there may be no such set.
    from_member: bool,
    shape: Option<(Shape, f64)>,
    /// Replies distances.
    pub with_distance: bool,
    /// Replies scores.
    pub with_hash: bool,
    /// Replies places.
    pub with_place: bool,
    /// So many at most.
    pub count: Option<usize>,
    /// ANY: the first that are found will do.
    pub any: bool,
    /// ASC or DESC.
    pub sort: Sort,
    /// Where the result goes.
    pub dest: Option<&'a [u8]>,
    /// Distances are stored, not places.
    pub store_distance: bool,
}

const NO_MEMBER: Failure = Failure::text("ERR could not decode requested zset member");

/// A length that is not negative.
fn length(word: &[u8], no_number: &'static str, negative: &'static str) -> Result<f64, Failure> {
    let length = parse_f64(word).ok_or(Failure::text(no_number))?;
    if length < 0.0 { Err(Failure::text(negative)) } else { Ok(length) }
}

/// `radius unit`.
fn circle(radius: &[u8], unit: &[u8]) -> Result<(Shape, f64), Failure> {
    let radius = length(radius, "ERR need numeric radius", "ERR radius cannot be negative")?;
    Ok((Shape::Circle { radius }, unit_m(unit)?))
}

/// `width height unit`.
fn rectangle(width: &[u8], height: &[u8], unit: &[u8]) -> Result<(Shape, f64), Failure> {
    let width = parse_f64(width).ok_or(Failure::text("ERR need numeric width"))?;
    let height = parse_f64(height).ok_or(Failure::text("ERR need numeric height"))?;
    if width < 0.0 || height < 0.0 {
        return Err(Failure::text("ERR height or width cannot be negative"));
    }
    Ok((Shape::Box { width, height }, unit_m(unit)?))
}

impl<'a> Call<'a> {
    /// Reads the words; `zset` is the source, which some of them are about. `may_store`: STORE and STOREDIST are options.
    ///
    /// # Errors
    /// What Redis says of the first word that does not fit.
    pub fn parse(
        args: Args<'a>,
        form: Form,
        may_store: bool,
        zset: Option<&ZSet>,
    ) -> Result<Call<'a>, Failure> {
        let mut call = Call::default();
        let first = match form {
            Form::Radius => {
                call.middle = Some(place(word(args, 2), word(args, 3))?);
                call.shape = Some(circle(word(args, 4), word(args, 5))?);
                6
            }
            Form::RadiusByMember => {
                // Without a set only the options are looked at.
                if let Some(zset) = zset {
                    call.middle = Some(place_of(zset, word(args, 2)).ok_or(NO_MEMBER)?);
                    call.shape = Some(circle(word(args, 3), word(args, 4))?);
                }
                5
            }
            Form::Search => 2,
            Form::SearchStore => {
                call.dest = Some(word(args, 1));
                3
            }
        };
        let mut words = args.get(first..).unwrap_or_default();
        while let Some((option, rest)) = words.split_first() {
            words = match call.plain_option(option, rest, form, may_store)? {
                Some(behind) => behind,
                None => call.search_option(option, rest, form, zset)?,
            };
        }
        call.check(args, form)?;
        Ok(call)
    }

    /// An option of all forms. Returns the words behind it; `None` if it is none.
    fn plain_option(
        &mut self,
        option: &'a [u8],
        rest: Args<'a>,
        form: Form,
        may_store: bool,
    ) -> Result<Option<Args<'a>>, Failure> {
        match rest.split_first() {
            Some((count, behind)) if is(option, "COUNT") => {
                let count = usize::try_from(int(count)?).ok().filter(|count| *count > 0);
                self.count = Some(count.ok_or(Failure::text("ERR COUNT must be > 0"))?);
                return Ok(Some(behind));
            }
            Some((dest, behind)) if may_store && (is(option, "STORE") || is(option, "STOREDIST")) => {
                self.dest = Some(dest);
                self.store_distance = is(option, "STOREDIST");
                return Ok(Some(behind));
            }
            _ => {}
        }
        match () {
            () if is(option, "WITHDIST") => self.with_distance = true,
            () if is(option, "WITHHASH") => self.with_hash = true,
            () if is(option, "WITHCOORD") => self.with_place = true,
            () if is(option, "ANY") => self.any = true,
            () if is(option, "ASC") => self.sort = Sort::Nearest,
            () if is(option, "DESC") => self.sort = Sort::Farthest,
            () if form == Form::SearchStore && is(option, "STOREDIST") => self.store_distance = true,
            () => return Ok(None),
        }
        Ok(Some(rest))
    }

    /// An option of GEOSEARCH alone. Returns the words behind it.
    fn search_option(
        &mut self,
        option: &'a [u8],
        rest: Args<'a>,
        form: Form,
        zset: Option<&ZSet>,
    ) -> Result<Args<'a>, Failure> {
        let by_radius = matches!(self.shape, Some((Shape::Circle { .. }, _)));
        let by_box = matches!(self.shape, Some((Shape::Box { .. }, _)));
        let from_place = self.middle.is_some() && !self.from_member;
        match *rest {
            _ if !form.searches() => Err(Failure::Syntax),
            [member, ref behind @ ..] if is(option, "FROMMEMBER") && !from_place => {
                self.from_member = true;
                if let Some(zset) = zset {
                    self.middle = Some(place_of(zset, member).ok_or(NO_MEMBER)?);
                }
                Ok(behind)
            }
            [longitude, latitude, ref behind @ ..] if is(option, "FROMLONLAT") && !self.from_member => {
                self.middle = Some(place(longitude, latitude)?);
                Ok(behind)
            }
            [radius, unit, ref behind @ ..] if is(option, "BYRADIUS") && !by_box => {
                self.shape = Some(circle(radius, unit)?);
                Ok(behind)
            }
            [width, height, unit, ref behind @ ..] if is(option, "BYBOX") && !by_radius => {
                self.shape = Some(rectangle(width, height, unit)?);
                Ok(behind)
            }
            _ => Err(Failure::Syntax),
        }
    }

    fn check(&self, args: Args<'_>, form: Form) -> Result<(), Failure> {
        let named = |line: &str| Failure::Bytes([line.as_bytes(), c_str(word(args, 0))].concat());
        if self.dest.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            let what = if form == Form::SearchStore { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            return Err(format!(
                "ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )
            .into());
        }
        if form.searches() && !self.from_member && self.middle.is_none() {
            return Err(named("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for "));
        }
        if form.searches() && self.shape.is_none() {
            return Err(named("ERR exactly one of BYRADIUS and BYBOX can be specified for "));
        }
        if self.any && self.count.is_none() {
            return Err(Failure::text("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }

    /// The area to search; `None` only without a source.
    pub fn area(&self) -> Option<Area> {
        let (shape, unit_m) = self.shape?;
        Some(Area { middle: self.middle?, shape, unit_m })
    }
}
