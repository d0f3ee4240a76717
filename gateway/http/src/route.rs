//! The list of routes, kept while the router is built, so that it cannot differ from it.
//!
//! A route enters the router only through [`Routes`], which demands to know who may call it and which events a call
//! records: without both it does not compile. A route for callers gets the check of credentials around it on the spot. A
//! public route must stand in [`PUBLIC_ROUTES`], and a call of each route must record what it declares: tests compare.

use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};

use crate::middleware::authenticate::require_caller;
use crate::web::Web;

pub use sealane_service::recorded::Recorded;

/// Every route that answers without credentials.
pub const PUBLIC_ROUTES: [(&str, &str); 9] = [
    ("GET", "/"),
    ("GET", "/assets/{file}"),
    ("GET", "/auth/callback"),
    ("GET", "/auth/login"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/v1/login/device"),
    ("POST", "/api/v1/login/token"),
    // Logs prove themselves by their signatures (C2SP tlog-witness); there is nobody to sign in.
    ("POST", "/witness/add-checkpoint"),
];

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone, signed in or not.
    Public,
    /// Only a signed-in caller; others get 401.
    Caller,
}

/// One method of one address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteInfo {
    /// The HTTP method.
    pub method: Method,
    /// The address, with parameters in braces.
    pub path: String,
    /// Who may call it.
    pub access: Access,
    /// Which events a call records.
    pub recorded: Recorded,
}

/// A router under construction, its inventory and its document.
pub(crate) struct Routes {
    router: OpenApiRouter<Web>,
    list: Vec<RouteInfo>,
}

impl Routes {
    /// No routes yet; `document` is what the documented ones are added to.
    pub(crate) fn new(document: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(document), list: Vec::new() }
    }

    /// Add one documented route.
    pub(crate) fn api(mut self, access: Access, recorded: Recorded, routes: UtoipaMethodRouter<Web>) -> Self {
        for (path, item) in &routes.1.paths {
            let methods = operations(item).into_iter().filter_map(|(method, operation)| operation.map(|_| method));
            self.list.extend(methods.map(|method| RouteInfo { method, path: path.clone(), access, recorded }));
        }
        self.router = self.router.routes(routes.map(|methods| guarded(access, methods)));
        self
    }

    /// Add a page: a route that is not part of the documented API.
    pub(crate) fn page<H, T>(
        mut self,
        access: Access,
        recorded: Recorded,
        method: Method,
        path: &str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        // GET is the only filter that the fallback can stand for: pages know GET and POST.
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        self.list.push(RouteInfo { method, path: path.to_owned(), access, recorded });
        self.router = self.router.route(path, guarded(access, on(filter, handler)));
        self
    }

    /// The router, the document and the inventory, ordered by address and method.
    pub(crate) fn finish(mut self) -> (axum::Router<Web>, OpenApi, Vec<RouteInfo>) {
        self.list.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
        let (router, document) = self.router.split_for_parts();
        (router, document, self.list)
    }
}

fn guarded(access: Access, methods: MethodRouter<Web>) -> MethodRouter<Web> {
    match access {
        Access::Public => methods,
        Access::Caller => methods.route_layer(from_fn(require_caller)),
    }
}

/// The operations of one address, by method.
pub(crate) fn operations(item: &PathItem) -> [(Method, Option<&Operation>); 5] {
    [
        (Method::GET, item.get.as_ref()),
        (Method::POST, item.post.as_ref()),
        (Method::PUT, item.put.as_ref()),
        (Method::PATCH, item.patch.as_ref()),
        (Method::DELETE, item.delete.as_ref()),
    ]
}
