//! The OpenAPI 3.1 document: generated from the handlers, completed with what is the same for all of them.
//!
//! Handlers say what is theirs: parameters, body, the good answer. Said here, once: what failures look like, which
//! operations need credentials and which take an `Idempotency-Key`, and every object (`shapes`).

mod shape;
mod shapes;

use std::sync::LazyLock;

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Info, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, ResponseBuilder,
    ServerBuilder,
};

use crate::middleware::present::PROBLEM_JSON;
use crate::route::{Access, RouteInfo};
use crate::router;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let (_, document, list) = router::assemble();
    let document = complete(document, &list);
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
});

/// The document as text: what `GET /api/v1/openapi.json` answers and `docs/api/openapi.json` holds.
pub(crate) fn text() -> &'static str {
    &TEXT
}

/// The document without paths.
pub(crate) fn foundation() -> OpenApi {
    let mut info = Info::new("Sealane", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "The native API of a Sealane site. Times are RFC 3339, paths are in the reversible escaped form, sizes are bytes. \
         Lists are keyset pages: hand `next` back as `after`. Every failure is a problem document (RFC 9457) with a stable \
         `code`, a `next_step` and a `reference` to quote."
            .to_owned(),
    );
    let schemas = shapes::all().map(|shape| (shape.name, shape.schema()));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-sealane"))))
        .build();
    let server = ServerBuilder::new().url("/").build();
    OpenApiBuilder::new().info(info).servers(Some([server])).components(Some(components)).build()
}

/// Add what is the same for all operations.
fn complete(mut document: OpenApi, list: &[RouteInfo]) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let is_public = |method: &str| {
            let mut routes = list.iter().filter(|route| route.path == *path && route.method.as_str() == method);
            routes.any(|route| route.access == Access::Public)
        };
        let posts_are_public = is_public("POST");
        if let Some(post) = &mut item.post {
            idempotency_key(post, posts_are_public);
        }
        for (method, operation) in operations(item) {
            finish(operation, is_public(method));
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", item.get.as_mut()),
        ("POST", item.post.as_mut()),
        ("PUT", item.put.as_mut()),
        ("PATCH", item.patch.as_mut()),
        ("DELETE", item.delete.as_mut()),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
}

fn finish(operation: &mut Operation, is_public: bool) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let failure = ResponseBuilder::new().description("It could not be done.").content(PROBLEM_JSON, content).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(failure));
    let none: [&str; 0] = [];
    operation.security = Some(if is_public {
        vec![SecurityRequirement::default()]
    } else {
        vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("cookie", none)]
    });
}

/// Every POST of a caller may be repeated safely under a key of the caller's choice.
fn idempotency_key(post: &mut Operation, is_public: bool) {
    // Ending a session needs no key: the second time nobody is signed in.
    if is_public || post.operation_id.as_deref() == Some("signOut") {
        return;
    }
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).max_length(Some(255)).build();
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A text of the caller's choice: the same request with the same key does nothing again and gets the same answer.",
        ))
        .schema(Some(text))
        .build();
    post.parameters.get_or_insert_default().push(RefOr::T(parameter));
}
