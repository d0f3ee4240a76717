//! Device sign-in: how a command line gets a token (RFC 8628). Public: whoever asks has no credentials yet.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sealane_service::App;
use sealane_service::identity::device;
use sealane_service::view::{DeviceAsk, DevicePoll, DeviceStart};
use serde::{Deserialize, Serialize};

use crate::caller::From;
use crate::error::Failure;
use crate::extract::ApiJson;

/// Asking for the token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenAsk {
    device_code: String,
    #[serde(default)]
    grant_type: Option<String>,
}

/// Why there is no token yet.
#[derive(Serialize)]
struct DeviceError {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<u64>,
}

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Begin a device sign-in.
#[utoipa::path(
    post, path = "/api/v1/login/device", operation_id = "startDeviceLogin", tag = "identity",
    request_body = ref("#/components/schemas/DeviceAsk"),
    responses((status = 200, description = "The codes, and where to go.", body = ref("#/components/schemas/DeviceStart")))
)]
pub(crate) async fn start(
    State(app): State<App>,
    From(client): From,
    ApiJson(ask): ApiJson<DeviceAsk>,
) -> Result<Json<DeviceStart>, Failure> {
    Ok(Json(device::start(&app, ask, &client).await?))
}

/// Ask for the token of a device sign-in.
#[utoipa::path(
    post, path = "/api/v1/login/token", operation_id = "pollDeviceLogin", tag = "identity",
    request_body = ref("#/components/schemas/TokenAsk"),
    responses(
        (status = 200, description = "The token.", body = ref("#/components/schemas/DeviceToken")),
        (status = 400, description = "Not yet, or never.", body = ref("#/components/schemas/DeviceError"))
    )
)]
pub(crate) async fn token(
    State(app): State<App>,
    From(client): From,
    ApiJson(ask): ApiJson<TokenAsk>,
) -> Result<Response, Failure> {
    if ask.grant_type.is_some_and(|grant| grant != DEVICE_GRANT) {
        let next = format!("Leave grant_type out, or send {DEVICE_GRANT}.");
        return Err(Failure::bad_request(
            "grant-type",
            "This grant is not offered here",
            "Only device sign-in is.",
            &next,
        ));
    }
    Ok(match device::poll(&app, &ask.device_code, &client).await? {
        DevicePoll::Approved(token) => Json(token).into_response(),
        DevicePoll::SlowDown { interval } => refusal("slow_down", Some(interval)),
        other => refusal(other.error().unwrap_or("access_denied"), None),
    })
}

fn refusal(error: &'static str, interval: Option<u64>) -> Response {
    (StatusCode::BAD_REQUEST, Json(DeviceError { error, interval })).into_response()
}
