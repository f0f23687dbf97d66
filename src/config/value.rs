//! Values between text and the typed [`Config`](super::Config): one untyped form that every row can produce
//! and accept, so that parsing, printing and rewriting are written once per kind, not once per directive.
//!
//! Invariant: a [`Value`] that a row's [`Kind`](super::kind::Kind) parsed fits the row's field, so
//! [`Cell::store`] succeeds. The table's tests hold every row to it.

use super::special::{ClassLimit, Primary, SavePoint};

/// A setting outside its typed field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `yes` or `no`.
    Bool(bool),
    /// Any whole number; wide enough for both i64 and u64 bounds. A negative count of memory is a percentage.
    Number(i128),
    /// Text that may be empty.
    Text(String),
    /// Text where empty means "not set".
    Optional(Option<String>),
    /// Bytes where empty means "not set".
    Secret(Option<Vec<u8>>),
    /// One word out of a list.
    Choice(u8),
    /// A set of flags.
    Bits(u32),
    /// Several words.
    Words(Vec<String>),
    /// Points of the `save` directive.
    Save(Vec<SavePoint>),
    /// Output buffer limits: normal, replica, pubsub.
    Limits([ClassLimit; 3]),
    /// The three OOM scores.
    Scores([i32; 3]),
    /// Percentiles between 0 and 100.
    Percentiles(Vec<f64>),
    /// The primary that this server follows.
    Primary(Option<Primary>),
}

/// A type that a field of the configuration can have.
pub trait Cell: Sized {
    /// The field's value in the common form.
    fn load(&self) -> Value;

    /// The field from the common form; `None` when the value is of another kind or does not fit.
    fn store(value: Value) -> Option<Self>;
}

/// Fields whose type is exactly what one variant carries.
macro_rules! plain_cells {
    ($($ty:ty => $variant:ident),* $(,)?) => { $(
        impl Cell for $ty {
            fn load(&self) -> Value {
                Value::$variant(self.clone())
            }

            fn store(value: Value) -> Option<Self> {
                if let Value::$variant(inner) = value { Some(inner) } else { None }
            }
        }
    )* };
}

plain_cells! {
    bool => Bool,
    String => Text,
    Option<String> => Optional,
    Option<Vec<u8>> => Secret,
    Vec<String> => Words,
    Vec<SavePoint> => Save,
    [ClassLimit; 3] => Limits,
    [i32; 3] => Scores,
    Vec<f64> => Percentiles,
    Option<Primary> => Primary,
}

/// Whole numbers of every width.
macro_rules! number_cells {
    ($($ty:ty),*) => { $(
        impl Cell for $ty {
            fn load(&self) -> Value {
                Value::Number(i128::from(*self))
            }

            fn store(value: Value) -> Option<Self> {
                if let Value::Number(number) = value { <$ty>::try_from(number).ok() } else { None }
            }
        }
    )* };
}

number_cells!(u16, u32, i32, u64, i64);
