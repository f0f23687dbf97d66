//! The commands through the fixture, on one store and on several.
