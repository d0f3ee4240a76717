//! Rules that watch the audit log.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_model::ShortName;
use sealane_model::page::Page;
use sealane_service::PageQuery;
use sealane_service::view::{AlertRuleView, ChangeAlertRule, NewAlertRule, TryAlertRule};
use sealane_service::{App, alert_rules};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery};
use crate::once::{Once, OnceJson};

/// List the rules that watch the audit log, by name.
#[utoipa::path(
    get, path = "/api/v1/audit/alert-rules", operation_id = "listAlertRules", tag = "audit",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")
    ),
    responses((status = 200, description = "A page.", body = ref("#/components/schemas/AlertRulePage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<AlertRuleView>>, Failure> {
    Ok(Json(alert_rules::list(&app, &signed_in.caller, &query).await?))
}

/// Save a rule that watches the audit log.
#[utoipa::path(
    post, path = "/api/v1/audit/alert-rules", operation_id = "saveAlertRule", tag = "audit",
    request_body = ref("#/components/schemas/NewAlertRule"),
    responses((status = 201, description = "It watches.", body = ref("#/components/schemas/AlertRule")))
)]
pub(crate) async fn save(
    State(app): State<App>,
    signed_in: SignedIn,
    OnceJson(once, wanted): OnceJson<NewAlertRule>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, alert_rules::save(&app, caller, wanted)).await
}

/// Show one rule.
#[utoipa::path(
    get, path = "/api/v1/audit/alert-rules/{name}", operation_id = "showAlertRule", tag = "audit",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, description = "The rule.", body = ref("#/components/schemas/AlertRule")))
)]
pub(crate) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(name): ApiPath<ShortName>,
) -> Result<Json<AlertRuleView>, Failure> {
    Ok(Json(alert_rules::show(&app, &signed_in.caller, &name).await?))
}

/// Change a rule; what is absent stays.
#[utoipa::path(
    post, path = "/api/v1/audit/alert-rules/{name}/change", operation_id = "changeAlertRule", tag = "audit",
    params(("name" = String, Path, description = "The rule.")),
    request_body = ref("#/components/schemas/ChangeAlertRule"),
    responses((status = 200, description = "The rule as it is now.", body = ref("#/components/schemas/AlertRule")))
)]
pub(crate) async fn change(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(name): ApiPath<ShortName>,
    OnceJson(once, wanted): OnceJson<ChangeAlertRule>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, alert_rules::change(&app, caller, &name, wanted)).await
}

/// Put a rule out of use for now.
#[utoipa::path(
    post, path = "/api/v1/audit/alert-rules/{name}/pause", operation_id = "pauseAlertRule", tag = "audit",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, description = "The rule as it is now.", body = ref("#/components/schemas/AlertRule")))
)]
pub(crate) async fn pause(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(name): ApiPath<ShortName>,
    once: Once,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, alert_rules::set_paused(&app, caller, &name, true)).await
}

/// Put a rule into use again.
#[utoipa::path(
    post, path = "/api/v1/audit/alert-rules/{name}/resume", operation_id = "resumeAlertRule", tag = "audit",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, description = "The rule as it is now.", body = ref("#/components/schemas/AlertRule")))
)]
pub(crate) async fn resume(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(name): ApiPath<ShortName>,
    once: Once,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, alert_rules::set_paused(&app, caller, &name, false)).await
}

/// Remove a rule; its alerts stay.
#[utoipa::path(
    delete, path = "/api/v1/audit/alert-rules/{name}", operation_id = "removeAlertRule", tag = "audit",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 204, description = "It is gone."))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(name): ApiPath<ShortName>,
) -> Result<StatusCode, Failure> {
    alert_rules::remove(&app, &signed_in.caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a rule would have found in the past days, without saving it.
#[utoipa::path(
    post, path = "/api/v1/audit/alert-rule-trial", operation_id = "tryAlertRule", tag = "audit",
    request_body = ref("#/components/schemas/TryAlertRule"),
    responses((status = 200, description = "What it would have found.", body = ref("#/components/schemas/AlertRuleTrial")))
)]
pub(crate) async fn try_out(
    State(app): State<App>,
    signed_in: SignedIn,
    OnceJson(once, wanted): OnceJson<TryAlertRule>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, alert_rules::try_out(&app, caller, wanted)).await
}
