//! Directories and files of a collection: listing, one entry, making, renaming, removing.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_model::RemotePath;
use sealane_service::PageQuery;
use sealane_service::view::{EntryView, Listing, Removed};
use sealane_service::{App, browse};
use serde::Deserialize;

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiQuery, CollectionPath};
use crate::once::OnceJson;

/// Which directory, and which page of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(default = "RemotePath::root")]
    path: RemotePath,
    after: Option<String>,
    limit: Option<usize>,
}

/// Which entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryQuery {
    path: RemotePath,
}

/// What to remove.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveQuery {
    path: RemotePath,
    #[serde(default)]
    recursive: bool,
}

/// A directory to make.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeDirectory {
    path: RemotePath,
}

/// A new name for an entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    from: RemotePath,
    to: RemotePath,
}

/// List a directory, here or at a peer.
#[utoipa::path(
    get, path = "/api/v1/collections/{collection}/entries", operation_id = "listDirectory", tag = "entries",
    params(
        ("collection" = String, Path, description = "Name or id; `site~name` at a peer."),
        ("path" = Option<String>, Query, description = "The directory; the root where absent."),
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")
    ),
    responses((status = 200, description = "A page, by the bytes of the names.", body = ref("#/components/schemas/Listing")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Listing>, Failure> {
    let page = PageQuery { after: query.after, limit: query.limit };
    Ok(Json(browse::list(&app, &signed_in.caller, &collection, &query.path, &page).await?))
}

/// Show one entry.
#[utoipa::path(
    get, path = "/api/v1/collections/{collection}/entry", operation_id = "statEntry", tag = "entries",
    params(
        ("collection" = String, Path, description = "Name or id; `site~name` at a peer."),
        ("path" = String, Query, description = "The entry.")
    ),
    responses((status = 200, description = "The entry.", body = ref("#/components/schemas/Entry")))
)]
pub(crate) async fn stat(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    ApiQuery(query): ApiQuery<EntryQuery>,
) -> Result<Json<EntryView>, Failure> {
    Ok(Json(browse::stat(&app, &signed_in.caller, &collection, &query.path).await?))
}

/// Remove a file, or a directory and what is in it.
#[utoipa::path(
    delete, path = "/api/v1/collections/{collection}/entry", operation_id = "removeEntry", tag = "entries",
    params(
        ("collection" = String, Path, description = "Name or id."),
        ("path" = String, Query, description = "The entry."),
        ("recursive" = Option<bool>, Query, description = "Remove a directory with all that is in it.")
    ),
    responses((status = 200, description = "How much is gone.", body = ref("#/components/schemas/Removed")))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    ApiQuery(query): ApiQuery<RemoveQuery>,
) -> Result<Json<Removed>, Failure> {
    Ok(Json(browse::remove(&app, &signed_in.caller, &collection, &query.path, query.recursive).await?))
}

/// Make a directory.
#[utoipa::path(
    post, path = "/api/v1/collections/{collection}/directories", operation_id = "makeDirectory", tag = "entries",
    params(("collection" = String, Path, description = "Name or id.")),
    request_body = ref("#/components/schemas/MakeDirectory"),
    responses((status = 200, description = "The directory is there.", body = ref("#/components/schemas/Made")))
)]
pub(crate) async fn make_directory(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    OnceJson(once, wanted): OnceJson<MakeDirectory>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, browse::make_directory(&app, caller, &collection, &wanted.path)).await
}

/// Rename or move an entry within its collection.
#[utoipa::path(
    post, path = "/api/v1/collections/{collection}/rename", operation_id = "renameEntry", tag = "entries",
    params(("collection" = String, Path, description = "Name or id.")),
    request_body = ref("#/components/schemas/Rename"),
    responses((status = 200, description = "It has its new name.", body = ref("#/components/schemas/Renamed")))
)]
pub(crate) async fn rename(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    OnceJson(once, wanted): OnceJson<Rename>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    let act = browse::rename(&app, caller, &collection, &wanted.from, &wanted.to);
    once.run(&app, caller, StatusCode::OK, act).await
}
