//! The caller themselves.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use sealane_service::identity::session;
use sealane_service::view::MeView;
use sealane_service::{App, me};

use crate::caller::SignedIn;
use crate::error::Failure;

/// Who am I?
#[utoipa::path(
    get, path = "/api/v1/me", operation_id = "showMe", tag = "identity",
    responses((status = 200, description = "The caller, as the site knows them.", body = ref("#/components/schemas/Me")))
)]
pub(crate) async fn show(State(app): State<App>, signed_in: SignedIn) -> Result<Json<MeView>, Failure> {
    Ok(Json(me::show(&app, &signed_in.caller).await?))
}

/// End the session whose token this is.
#[utoipa::path(
    post, path = "/api/v1/logout", operation_id = "signOut", tag = "identity",
    responses((status = 204, description = "The token is void."))
)]
pub(crate) async fn sign_out(State(app): State<App>, signed_in: SignedIn) -> Result<StatusCode, Failure> {
    session::sign_out(&app, &signed_in.caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
