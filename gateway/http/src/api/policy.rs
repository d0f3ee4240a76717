//! Questions to policy: why, who, what, what was, and why then.

use axum::Json;
use axum::extract::State;
use sealane_service::policy_ask::{self, ExplainQuestion, SnapshotQuestion, WhatCanQuestion, WhoCanQuestion};
use sealane_service::view::{ExplainView, PolicyFile, WhatCanView, WhoCanView, WhyView};
use sealane_service::{App, DecisionId};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery, CollectionPath};

/// Why somebody may do something at a place, or may not: the whole derivation.
#[utoipa::path(
    get, path = "/api/v1/policy/explain", operation_id = "explainPolicy", tag = "policy",
    params(
        ("action" = String, Query, description = "The action, by its name in the permission matrix."),
        ("collection" = Option<String>, Query, description = "Name or id; without it, about the site itself."),
        ("path" = Option<String>, Query, description = "The path; the collection's root where absent."),
        ("who" = Option<String>, Query, description = "`person:ISSUER#SUBJECT`, `email:ADDRESS`, `group:NAME`, `site:ID`, `signed-in` or `anonymous`; whoever asks, where absent."),
        ("at" = Option<String>, Query, description = "As of which moment: a day (its end), an instant, or how long ago."),
        ("signed_in" = Option<String>, Query, description = "When they signed in: `now`, `unknown`, or so many minutes ago."),
        ("purpose" = Option<String>, Query, description = "The purpose that they declare.")
    ),
    responses((status = 200, description = "The answer with its derivation.", body = ref("#/components/schemas/Explain")))
)]
pub(crate) async fn explain(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<ExplainQuestion>,
) -> Result<Json<ExplainView>, Failure> {
    Ok(Json(policy_ask::explain(&app, &signed_in.caller, &question).await?))
}

/// Who can do something at a place, or anywhere in a collection.
#[utoipa::path(
    get, path = "/api/v1/collections/{collection}/who-can", operation_id = "whoCan", tag = "policy",
    params(
        ("collection" = String, Path, description = "Name or id."),
        ("action" = String, Query, description = "The action, by its name in the permission matrix."),
        ("path" = Option<String>, Query, description = "The path; each place at which the answer differs, where absent."),
        ("at" = Option<String>, Query, description = "As of which moment: a day (its end), an instant, or how long ago."),
        ("purpose" = Option<String>, Query, description = "For which purpose; any, told with it, where absent.")
    ),
    responses((status = 200, description = "Everybody who is named.", body = ref("#/components/schemas/WhoCan")))
)]
pub(crate) async fn who_can(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    ApiQuery(question): ApiQuery<WhoCanQuestion>,
) -> Result<Json<WhoCanView>, Failure> {
    Ok(Json(policy_ask::who_can(&app, &signed_in.caller, &collection, &question).await?))
}

/// What somebody can do, in all collections.
#[utoipa::path(
    get, path = "/api/v1/policy/what-can", operation_id = "whatCan", tag = "policy",
    params(
        ("who" = Option<String>, Query, description = "As for `explain`; whoever asks, where absent."),
        ("at" = Option<String>, Query, description = "As of which moment: a day (its end), an instant, or how long ago.")
    ),
    responses((status = 200, description = "Collections and places.", body = ref("#/components/schemas/WhatCan")))
)]
pub(crate) async fn what_can(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<WhatCanQuestion>,
) -> Result<Json<WhatCanView>, Failure> {
    Ok(Json(policy_ask::what_can(&app, &signed_in.caller, &question).await?))
}

/// Why a decision was made, and whether it is the same when it is made again from its record.
#[utoipa::path(
    get, path = "/api/v1/policy/decisions/{id}", operation_id = "whyDecision", tag = "policy",
    params(("id" = String, Path, description = "The decision, as refusals and audit entries name it.")),
    responses((status = 200, description = "The decision and its replay.", body = ref("#/components/schemas/Why")))
)]
pub(crate) async fn why(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<DecisionId>,
) -> Result<Json<WhyView>, Failure> {
    Ok(Json(policy_ask::why(&app, &signed_in.caller, id).await?))
}

/// All access rules of one moment, as a file to compare and to test with.
#[utoipa::path(
    get, path = "/api/v1/policy/snapshot", operation_id = "policySnapshot", tag = "policy",
    params(("at" = Option<String>, Query, description = "Of which moment: a day (its end), an instant, or how long ago.")),
    responses((status = 200, description = "The rules, hashed.", body = ref("#/components/schemas/PolicyFile")))
)]
pub(crate) async fn snapshot(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<SnapshotQuestion>,
) -> Result<Json<PolicyFile>, Failure> {
    Ok(Json(policy_ask::snapshot(&app, &signed_in.caller, &question).await?))
}
