//! The native API: one file a resource, each handler parse, ask the service, answer.
//!
//! `docs/api/openapi.json` is generated from these handlers and compared by a test. Failures are problem details
//! (`middleware::present`); lists are keyset pages; what changes something may carry an `Idempotency-Key`.

mod collections;
mod content;
mod documents;
mod entries;
mod erasures;
mod holds;
mod login;
mod me;
mod peers;
mod rules;
mod stream;
mod tasks;
mod uploads;

use utoipa_axum::routes;

use crate::route::Access::{Caller, Public};
use crate::route::Routes;

/// Every route of the API.
pub(crate) fn add(routes: Routes) -> Routes {
    routes
        .api(Public, routes!(login::start))
        .api(Public, routes!(login::token))
        .api(Caller, routes!(me::show))
        .api(Caller, routes!(me::sign_out))
        .api(Caller, routes!(collections::list))
        .api(Caller, routes!(collections::show))
        .api(Caller, routes!(entries::list))
        .api(Caller, routes!(entries::stat, entries::remove))
        .api(Caller, routes!(entries::make_directory))
        .api(Caller, routes!(entries::rename))
        .api(Caller, routes!(content::read))
        .api(Caller, routes!(uploads::begin))
        .api(Caller, routes!(uploads::status, uploads::append, uploads::abandon))
        .api(Caller, routes!(uploads::commit))
        .api(Caller, routes!(rules::list, rules::create))
        .api(Caller, routes!(rules::revoke))
        .api(Caller, routes!(tasks::list, tasks::submit))
        .api(Caller, routes!(tasks::show))
        .api(Caller, routes!(tasks::events))
        .api(Caller, routes!(tasks::cancel))
        .api(Caller, routes!(tasks::receipt))
        .api(Caller, routes!(stream::follow))
        .api(Caller, routes!(peers::list))
        .api(Caller, routes!(peers::collections))
        .api(Caller, routes!(erasures::list, erasures::request))
        .api(Caller, routes!(erasures::approve))
        .api(Caller, routes!(erasures::withdraw))
        .api(Caller, routes!(holds::list, holds::place))
        .api(Caller, routes!(holds::release))
        .api(Caller, routes!(documents::openapi))
}
