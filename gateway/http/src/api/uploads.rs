//! Uploads: a file sent in pieces, resumable after any interruption.
//!
//! Begin, send from the offset that is durable, commit. A piece may take as long as it takes, but must not stand still.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, StatusCode};
use sealane_model::UploadId;
use sealane_service::view::{NewUpload, UploadView};
use sealane_service::{App, uploads};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, CollectionPath};
use crate::once::{Once, OnceJson};

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// How long a piece may stand still.
const IDLE: Duration = Duration::from_secs(60);

/// Begin an upload.
#[utoipa::path(
    post, path = "/api/v1/collections/{collection}/uploads", operation_id = "beginUpload", tag = "content",
    params(("collection" = String, Path, description = "Name or id.")),
    request_body = ref("#/components/schemas/NewUpload"),
    responses((status = 201, description = "Send the content now.", body = ref("#/components/schemas/Upload")))
)]
pub(crate) async fn begin(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    OnceJson(once, wanted): OnceJson<NewUpload>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, uploads::begin(&app, caller, &collection, wanted)).await
}

/// How much of an upload is durable.
#[utoipa::path(
    get, path = "/api/v1/uploads/{id}", operation_id = "showUpload", tag = "content",
    params(("id" = String, Path, description = "The upload.")),
    responses((status = 200, description = "The upload.", body = ref("#/components/schemas/Upload")))
)]
pub(crate) async fn status(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<UploadId>,
) -> Result<Json<UploadView>, Failure> {
    Ok(Json(uploads::status(&app, &signed_in.caller, id).await?))
}

/// Send a piece of an upload, from the offset that is durable.
#[utoipa::path(
    patch, path = "/api/v1/uploads/{id}", operation_id = "appendUpload", tag = "content",
    params(
        ("id" = String, Path, description = "The upload."),
        ("Upload-Offset" = u64, Header, description = "The first byte of the piece: `received` of the upload.")
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "How much is durable now.", body = ref("#/components/schemas/Upload")))
)]
pub(crate) async fn append(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UploadView>, Failure> {
    let offset = offset(&headers)?;
    let pieces = Box::pin(moving(body.into_data_stream()));
    Ok(Json(uploads::append(&app, &signed_in.caller, id, offset, pieces).await?))
}

/// Give an upload up.
#[utoipa::path(
    delete, path = "/api/v1/uploads/{id}", operation_id = "abandonUpload", tag = "content",
    params(("id" = String, Path, description = "The upload.")),
    responses((status = 204, description = "What had come is gone."))
)]
pub(crate) async fn abandon(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<UploadId>,
) -> Result<StatusCode, Failure> {
    uploads::abandon(&app, &signed_in.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Check an upload and give the file its name.
#[utoipa::path(
    post, path = "/api/v1/uploads/{id}/commit", operation_id = "commitUpload", tag = "content",
    params(("id" = String, Path, description = "The upload.")),
    responses((status = 200, description = "The file is there, verified.", body = ref("#/components/schemas/Stored")))
)]
pub(crate) async fn commit(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<UploadId>,
    once: Once,
) -> Result<Response, Failure> {
    once.run(&app, &signed_in.caller, StatusCode::OK, uploads::commit(&app, &signed_in.caller, id)).await
}

fn offset(headers: &HeaderMap) -> Result<u64, Failure> {
    let text = headers.get(OFFSET).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failure::bad_request(
            "upload-offset",
            "The piece does not say where it belongs",
            "The header Upload-Offset is missing or is not a number.",
            "Send Upload-Offset: the `received` of the upload.",
        )
    })
}

/// Why the rest of a piece does not come.
#[derive(Debug, thiserror::Error)]
enum Stalled {
    #[error("the connection broke: {0}")]
    Broken(axum::Error),
    #[error("nothing came for {} seconds", IDLE.as_secs())]
    Idle,
}

/// The pieces of a body for as long as they keep coming.
fn moving(body: BodyDataStream) -> impl Stream<Item = Result<Vec<u8>, Stalled>> {
    stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match tokio::time::timeout(IDLE, body.next()).await {
            Ok(Some(Ok(bytes))) => Some((Ok(Vec::from(bytes)), Some(body))),
            Ok(Some(Err(error))) => Some((Err(Stalled::Broken(error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(Stalled::Idle), None)),
        }
    })
}
