//! Every object of the native API, field by field: a file for each part of it.

mod audit;
mod collection;
mod erasure;
mod person;
mod policy;
mod receipt;
mod review;
mod rule;
mod site;
mod task;

use super::shape::Kind::{Maybe, Text};
use super::shape::{Field, Shape, must};

const CLASS: &[&str] = &["public", "internal", "pii", "phi", "phi-limited", "cui-basic", "cui-specified"];
const PERMISSION: &[&str] = &["list", "read", "write", "delete", "share"];
const NEXT: Field = must("next", Maybe(&Text), "Hand this back as `after` to get the next page; null on the last one.");

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Shape> {
    let parts = [
        audit::SHAPES,
        collection::SHAPES,
        erasure::SHAPES,
        person::SHAPES,
        policy::SHAPES,
        receipt::SHAPES,
        review::SHAPES,
        rule::SHAPES,
        site::SHAPES,
        task::SHAPES,
    ];
    parts.into_iter().flatten()
}
