//! Alerts: what rules and the site itself noticed in the audit log.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_model::AlertId;
use sealane_model::page::Page;
use sealane_service::view::{AlertQuery, AlertShown, AlertView, CloseAlert};
use sealane_service::{App, alerts};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery};
use crate::once::{Once, OnceJson};

/// List alerts, the newest first.
#[utoipa::path(
    get, path = "/api/v1/audit/alerts", operation_id = "listAlerts", tag = "audit",
    params(
        ("state" = Option<String>, Query, description = "`open`, `acknowledged` or `closed`."),
        ("severity" = Option<String>, Query, description = "`note`, `warning` or `urgent`."),
        ("concerns" = Option<String>, Query, description = "The role whose alerts are wanted."),
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")
    ),
    responses((status = 200, description = "A page.", body = ref("#/components/schemas/AlertPage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<AlertQuery>,
) -> Result<Json<Page<AlertView>>, Failure> {
    Ok(Json(alerts::list(&app, &signed_in.caller, &query).await?))
}

/// Show one alert with its entries.
#[utoipa::path(
    get, path = "/api/v1/audit/alerts/{id}", operation_id = "showAlert", tag = "audit",
    params(("id" = String, Path, description = "The alert.")),
    responses((status = 200, description = "The alert.", body = ref("#/components/schemas/AlertShown")))
)]
pub(crate) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<AlertId>,
) -> Result<Json<AlertShown>, Failure> {
    Ok(Json(alerts::show(&app, &signed_in.caller, id).await?))
}

/// Look into an alert.
#[utoipa::path(
    post, path = "/api/v1/audit/alerts/{id}/acknowledge", operation_id = "acknowledgeAlert", tag = "audit",
    params(("id" = String, Path, description = "The alert.")),
    responses((status = 200, description = "The alert as it stands now.", body = ref("#/components/schemas/Alert")))
)]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<AlertId>,
    once: Once,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, alerts::acknowledge(&app, caller, id)).await
}

/// Sign what an alert was, and close it. Refused to whoever it is about.
#[utoipa::path(
    post, path = "/api/v1/audit/alerts/{id}/close", operation_id = "closeAlert", tag = "audit",
    params(("id" = String, Path, description = "The alert.")),
    request_body = ref("#/components/schemas/CloseAlert"),
    responses((status = 200, description = "The alert as it stands now.", body = ref("#/components/schemas/Alert")))
)]
pub(crate) async fn close(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<AlertId>,
    OnceJson(once, signed): OnceJson<CloseAlert>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, alerts::close(&app, caller, id, signed)).await
}
