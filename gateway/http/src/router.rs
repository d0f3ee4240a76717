//! The router: every address, and the layers around all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::{Extensions, HeaderMap, Method, StatusCode};
use sealane_service::App;
use sealane_service::records;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;

use crate::caller::identify;
use crate::error::{carry, unexplained};
use crate::middleware::{headers, host, origin, panic, present, receive};
use crate::options::HttpOptions;
use crate::route::Access::{Caller, Public};
use crate::route::Recorded::Nothing;
use crate::route::{RouteInfo, Routes};
use crate::web::Web;
use crate::{api, assets, auth, health, openapi, ui, witness};

/// The faces of a site as one service. Its connections must carry the client's address (`ConnectInfo<SocketAddr>`).
pub fn router(app: App, options: HttpOptions) -> Router {
    let web = Web { app, options: Arc::new(options) };
    let (router, _, _) = assemble();
    router
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        // The last layer is the outermost.
        .layer(from_fn_with_state(web.clone(), origin::same_site))
        .layer(from_fn_with_state(web.clone(), host::ours))
        .layer(CatchPanicLayer::custom(panic::caught))
        .layer(from_fn_with_state(web.clone(), present::present))
        .layer(from_fn_with_state(web.clone(), headers::secure))
        .layer(from_fn_with_state(web.clone(), receive::receive))
        .with_state(web)
}

/// Every route of the router, as it was built.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    assemble().2
}

/// The OpenAPI 3.1 document of the native API.
#[must_use]
pub fn openapi_document() -> &'static str {
    openapi::text()
}

/// All routes, the document without its common parts, and the inventory.
pub(crate) fn assemble() -> (Router<Web>, OpenApi, Vec<RouteInfo>) {
    pages(api::add(Routes::new(openapi::foundation()))).finish()
}

fn pages(routes: Routes) -> Routes {
    routes
        .page(Public, Nothing("whether the process lives"), Method::GET, "/healthz", health::live)
        .page(Public, Nothing("whether the node can work"), Method::GET, "/readyz", health::ready)
        .page(
            Public,
            Nothing("pictures, styles and scripts, the same for everybody"),
            Method::GET,
            "/assets/{file}",
            assets::serve,
        )
        .page(
            Public,
            Nothing("nobody is known yet: how the sign-in ends is recorded"),
            Method::GET,
            "/auth/login",
            auth::begin,
        )
        .page(
            Public,
            Nothing("a head of a peer's log, with no person in it: what is cosigned is remembered, a fork is recorded"),
            Method::POST,
            "/witness/add-checkpoint",
            witness::add_checkpoint,
        )
        .page(Public, records![Identity::SignIn], Method::GET, "/auth/callback", auth::finish)
        .page(Caller, records![Identity::SignOut], Method::POST, "/auth/logout", auth::sign_out)
        .page(Public, records![Sharing::CollectionList, Transfer::TaskList], Method::GET, "/", ui::home::show)
        .page(
            Caller,
            records![Sharing::CollectionList, Admin::PeerList],
            Method::GET,
            "/collections",
            ui::collections::show,
        )
        .page(
            Caller,
            records![Sharing::CollectionShow, Access::DirectoryList],
            Method::GET,
            "/collections/{collection}/browse",
            ui::browse::show,
        )
        .page(
            Caller,
            records![Access::DirectoryCreate],
            Method::POST,
            "/collections/{collection}/directories",
            ui::browse::make_directory,
        )
        .page(
            Caller,
            records![Sharing::CollectionShow],
            Method::POST,
            "/collections/{collection}/rename/review",
            ui::rename::review,
        )
        .page(
            Caller,
            records![Access::EntryRename],
            Method::POST,
            "/collections/{collection}/rename",
            ui::rename::submit,
        )
        .page(
            Caller,
            records![Sharing::CollectionShow],
            Method::POST,
            "/collections/{collection}/delete/review",
            ui::delete::review,
        )
        .page(
            Caller,
            records![Access::EntryDelete],
            Method::POST,
            "/collections/{collection}/delete",
            ui::delete::submit,
        )
        .page(
            Caller,
            records![Sharing::CollectionShow, Sharing::RuleList],
            Method::GET,
            "/collections/{collection}/rules",
            ui::rules::show,
        )
        .page(
            Caller,
            records![Sharing::CollectionShow, Sharing::RuleCreate],
            Method::POST,
            "/collections/{collection}/rules",
            ui::rules::create,
        )
        .page(
            Caller,
            records![Sharing::RuleRemove, Sharing::CollectionShow],
            Method::POST,
            "/rules/{id}/revoke",
            ui::rules::revoke,
        )
        .page(Caller, Nothing("leads to the collections"), Method::GET, "/transfer", ui::transfer::start)
        .page(
            Caller,
            records![Sharing::CollectionShow, Sharing::CollectionList, Admin::PeerList],
            Method::POST,
            "/transfer/destination",
            ui::transfer::choose,
        )
        .page(Caller, records![Sharing::CollectionShow], Method::POST, "/transfer/review", ui::transfer::review)
        .page(
            Caller,
            records![Transfer::Submit, Transfer::Accept, Transfer::Release],
            Method::POST,
            "/transfer",
            ui::transfer::submit,
        )
        .page(Caller, records![Transfer::TaskList], Method::GET, "/tasks", ui::tasks::show)
        .page(Caller, records![Transfer::TaskShow], Method::GET, "/tasks/{id}", ui::task::show)
        .page(Caller, records![Transfer::TaskCancel], Method::POST, "/tasks/{id}/cancel", ui::task::stop)
        .page(Caller, records![Transfer::TaskShow], Method::GET, "/tasks/{id}/receipt", ui::receipt::show)
        .page(Caller, Nothing("a form, and what the code stands for"), Method::GET, "/device", ui::device::show)
        .page(Caller, records![Identity::DeviceApprove], Method::POST, "/device", ui::device::answer)
}

async fn not_found(State(web): State<Web>, headers: HeaderMap, facts: Extensions) -> Response {
    nowhere(&web, &headers, &facts, StatusCode::NOT_FOUND).await
}

async fn not_allowed(State(web): State<Web>, headers: HeaderMap, facts: Extensions) -> Response {
    nowhere(&web, &headers, &facts, StatusCode::METHOD_NOT_ALLOWED).await
}

/// No handler has this address. Somebody who is signed in keeps their navigation; who is not known is told the same.
async fn nowhere(web: &Web, headers: &HeaderMap, facts: &Extensions, status: StatusCode) -> Response {
    let mut response = carry(status, unexplained(status));
    if let Ok(Some(signed_in)) = identify(web, headers, facts).await {
        response.extensions_mut().insert(signed_in.viewer());
    }
    response
}
