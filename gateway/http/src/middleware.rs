//! What happens to every request before its handler and to every answer after it.
//!
//! From the outside in: [`receive`] gives the request its id and logs how it ended; [`headers`] sets what browsers must
//! enforce; [`present`] turns carried problems into documents or pages; [`panic`] makes a panic a failure like any other;
//! [`host`] and [`origin`] refuse requests that were meant for, or come from, another site; [`authenticate`] stands
//! around each route that is not public.

pub(crate) mod authenticate;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod panic;
pub(crate) mod present;
pub(crate) mod receive;
