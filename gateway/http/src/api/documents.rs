//! The API's own document.

use axum::response::{IntoResponse, Response};
use http::header;

/// The OpenAPI document of this API.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", operation_id = "showDocument", tag = "documents",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = ref("https://spec.openapis.org/oas/3.1/schema/2022-10-07")))
)]
pub(crate) async fn openapi() -> Response {
    let json = (header::CONTENT_TYPE, "application/json");
    ([json], crate::openapi::text()).into_response()
}
