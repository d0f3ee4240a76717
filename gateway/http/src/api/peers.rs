//! Peers, and the collections that each of them lets the caller see.

use axum::Json;
use axum::extract::State;
use sealane_model::ShortName;
use sealane_model::page::Page;
use sealane_service::view::{CollectionView, PeerView};
use sealane_service::{Actor, App, peers};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiPath;

/// List the sites that this site's administrator has accepted.
#[utoipa::path(
    get, path = "/api/v1/peers", operation_id = "listPeers", tag = "peers",
    responses((status = 200, description = "All of them.", body = ref("#/components/schemas/PeerPage")))
)]
pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Page<PeerView>>, Failure> {
    let items = peers::list(&app, &Actor::from(&signed_in.caller)).await?;
    Ok(Json(Page { items, next: None }))
}

/// List a peer's collections that the caller may see there.
#[utoipa::path(
    get, path = "/api/v1/peers/{name}/collections", operation_id = "listPeerCollections", tag = "peers",
    params(("name" = String, Path, description = "The peer's short name.")),
    responses((status = 200, description = "All of them.", body = ref("#/components/schemas/CollectionPage")))
)]
pub(crate) async fn collections(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(name): ApiPath<ShortName>,
) -> Result<Json<Page<CollectionView>>, Failure> {
    let items = peers::collections(&app, &signed_in.caller, &name).await?;
    Ok(Json(Page { items, next: None }))
}
