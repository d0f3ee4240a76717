//! The faces of a site, seen from outside.

mod document;
mod inventory;
