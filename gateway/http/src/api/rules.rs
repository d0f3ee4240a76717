//! Access rules of a collection.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_model::RuleId;
use sealane_model::page::Page;
use sealane_service::PageQuery;
use sealane_service::view::{NewRule, RuleView};
use sealane_service::{App, access_rules};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery, CollectionPath};
use crate::once::OnceJson;

/// List a collection's access rules.
#[utoipa::path(
    get, path = "/api/v1/collections/{collection}/rules", operation_id = "listRules", tag = "rules",
    params(
        ("collection" = String, Path, description = "Name or id."),
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")
    ),
    responses((status = 200, description = "A page.", body = ref("#/components/schemas/RulePage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<RuleView>>, Failure> {
    Ok(Json(access_rules::list(&app, &signed_in.caller, &collection, &query).await?))
}

/// Make an access rule. It holds at once.
#[utoipa::path(
    post, path = "/api/v1/collections/{collection}/rules", operation_id = "createRule", tag = "rules",
    params(("collection" = String, Path, description = "Name or id.")),
    request_body = ref("#/components/schemas/NewRule"),
    responses((status = 201, description = "The rule holds.", body = ref("#/components/schemas/Rule")))
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    OnceJson(once, wanted): OnceJson<NewRule>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, access_rules::create(&app, caller, &collection, wanted)).await
}

/// Revoke an access rule. What rests on it stops.
#[utoipa::path(
    delete, path = "/api/v1/rules/{id}", operation_id = "revokeRule", tag = "rules",
    params(("id" = String, Path, description = "The rule.")),
    responses((status = 204, description = "The rule is gone."))
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<RuleId>,
) -> Result<StatusCode, Failure> {
    access_rules::revoke(&app, &signed_in.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
