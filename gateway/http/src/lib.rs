//! The HTTP faces of a site: native API, pages, live events, and the router that mediates every route.
//!
//! Promises: a route has a caller or stands in [`PUBLIC_ROUTES`]; every failure is a problem document (RFC 9457) or a page
//! that says what to do next; nothing a browser could be tricked into counts as the person's wish; no script is needed for
//! any core task. What may be done, and the record of it, is `sealane-service`'s; handlers parse, ask it, and answer.

mod api;
mod assets;
mod auth;
mod caller;
mod cookie;
mod error;
mod extract;
mod form;
mod health;
mod middleware;
mod once;
mod openapi;
mod options;
mod route;
mod router;
mod ui;
mod web;
mod witness;

pub use middleware::present::{PROBLEM_JSON, ProblemDetails};
pub use options::{HttpOptions, OriginError};
pub use route::{Access, PUBLIC_ROUTES, Recorded, RouteInfo};
pub use router::{openapi_document, router, routes};
