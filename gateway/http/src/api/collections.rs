//! Collections that the caller may see.

use axum::Json;
use axum::extract::State;
use sealane_model::page::Page;
use sealane_service::PageQuery;
use sealane_service::view::CollectionView;
use sealane_service::{App, collections};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiQuery, CollectionPath};

/// List this site's collections that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/collections", operation_id = "listCollections", tag = "collections",
    params(("after" = Option<String>, Query, description = "The `next` of the page before."), ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")),
    responses((status = 200, description = "A page, by name.", body = ref("#/components/schemas/CollectionPage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<CollectionView>>, Failure> {
    Ok(Json(collections::list(&app, &signed_in.caller, &query).await?))
}

/// Show one collection, here or at a peer.
#[utoipa::path(
    get, path = "/api/v1/collections/{collection}", operation_id = "showCollection", tag = "collections",
    params(("collection" = String, Path, description = "Name or id; `site~name` at a peer.")),
    responses((status = 200, description = "The collection.", body = ref("#/components/schemas/Collection")))
)]
pub(crate) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
) -> Result<Json<CollectionView>, Failure> {
    Ok(Json(collections::show(&app, &signed_in.caller, &collection).await?))
}
