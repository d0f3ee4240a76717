//! The catalogue from outside: complete, honest, and with evidence that exists.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogue;
mod evidence;
