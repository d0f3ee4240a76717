//! The audit log: search, reports, exports, and what one did oneself.
//!
//! Entries come as they are found, one JSON object a line (`application/x-ndjson`), without a limit on their number. The
//! last line is the end with its count; an answer without one broke off. Exports are files, and break off the connection
//! when they cannot be finished.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use http::header;
use sealane_model::Problem;
use sealane_service::App;
use sealane_service::audit::disclosure::{self, DisclosureQuestion};
use sealane_service::audit::export::{self, ExportForm};
use sealane_service::audit::{self, AuditQuestion, checkpoint};
use sealane_service::view::CheckpointView;
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery};

/// Lines that leave together.
const TOGETHER: usize = 128;

/// The parameters of a question, described once.
pub(crate) struct Question;

impl utoipa::IntoParams for Question {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all: Vec<Parameter> =
            AuditQuestion::TEXTS.iter().map(|(name, about)| parameter(name, about, Type::String)).collect();
        all.push(parameter("limit", "Entries at most; without it, all.", Type::Integer));
        all.push(parameter("newest_first", "The latest first.", Type::Boolean));
        all
    }
}

fn parameter(name: &str, about: &str, kind: Type) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind)).build();
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).schema(Some(schema));
    parameter.description(Some(about.trim())).build()
}

/// Search the audit log.
#[utoipa::path(
    get, path = "/api/v1/audit/entries", operation_id = "searchAudit", tag = "audit", params(Question),
    responses((status = 200, description = "Lines `{\"entry\": AuditRow}`, then `{\"end\": AuditEnd}`.", content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn search(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<AuditQuestion>,
) -> Result<Response, Failure> {
    Ok(lines(audit::search(&app, &signed_in.caller, &question).await?))
}

/// Who accessed a collection, or a path in it.
#[utoipa::path(
    get, path = "/api/v1/audit/reports/access", operation_id = "reportAccess", tag = "audit", params(Question),
    responses((status = 200, description = "As a search.", content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn access(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<AuditQuestion>,
) -> Result<Response, Failure> {
    Ok(lines(audit::accesses(&app, &signed_in.caller, &question).await?))
}

/// What a person did.
#[utoipa::path(
    get, path = "/api/v1/audit/reports/person", operation_id = "reportPerson", tag = "audit", params(Question),
    responses((status = 200, description = "As a search.", content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn person(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<AuditQuestion>,
) -> Result<Response, Failure> {
    Ok(lines(audit::person(&app, &signed_in.caller, &question).await?))
}

/// Account for disclosures of protected health information (45 CFR 164.528).
#[utoipa::path(
    get, path = "/api/v1/audit/reports/disclosures", operation_id = "reportDisclosures", tag = "audit",
    params(
        ("from" = Option<String>, Query, description = "From this time on; six years ago where absent."),
        ("to" = Option<String>, Query, description = "Until this time."),
        ("collection" = Option<String>, Query, description = "From this collection only."),
        ("peer" = Option<String>, Query, description = "To this peer only."),
        ("purpose" = Option<String>, Query, description = "With this declared purpose only."),
        ("form" = Option<String>, Query, description = "`each`, `summary` or `research`."),
        ("protocol" = Option<String>, Query, description = "Research: the protocol's name."),
        ("description" = Option<String>, Query, description = "Research: the protocol in plain words."),
        ("sponsor" = Option<String>, Query, description = "Research: name, address and telephone number of the sponsor.")
    ),
    responses((status = 200, description = "Lines `{\"disclosure\": Disclosure}`, then `{\"end\": DisclosureEnd}`.", content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn disclosures(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<DisclosureQuestion>,
) -> Result<Response, Failure> {
    Ok(lines(disclosure::disclosures(&app, &signed_in.caller, question).await?))
}

/// What the caller did themselves. Needs no role.
#[utoipa::path(
    get, path = "/api/v1/audit/me", operation_id = "searchOwnAudit", tag = "audit", params(Question),
    responses((status = 200, description = "As a search.", content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn own(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(question): ApiQuery<AuditQuestion>,
) -> Result<Response, Failure> {
    Ok(lines(audit::own(&app, &signed_in.caller, &question).await?))
}

/// Export the answering node's log: `jsonl` (a pack that proves itself), `jsonl-revealed` (with personal values), `csv`, `ocsf`, `fhir` or `fhir-bundle`.
#[utoipa::path(
    get, path = "/api/v1/audit/export/{format}", operation_id = "exportAudit", tag = "audit",
    params(("format" = String, Path, description = "`jsonl`, `jsonl-revealed`, `csv`, `ocsf`, `fhir` or `fhir-bundle`."), Question),
    responses((
        status = 200, description = "The file; a JSON object a line where the format has lines.",
        content(
            (String = "application/x-ndjson"), (String = "text/csv; charset=utf-8; header=present"),
            (String = "application/fhir+ndjson"), (String = "application/fhir+json")
        )
    ))
)]
pub(crate) async fn export(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(format): ApiPath<String>,
    ApiQuery(question): ApiQuery<AuditQuestion>,
) -> Result<Response, Failure> {
    let form: ExportForm = format.parse().map_err(|problem: Problem| Failure::from(problem))?;
    let pieces = export::export(&app, &signed_in.caller, &question, form).await?;
    let body = Body::from_stream(pieces.map(|piece| piece.map_err(|problem| std::io::Error::other(problem.code))));
    let attachment = format!("attachment; filename=\"{}\"", form.file_name());
    let headers = [(header::CONTENT_TYPE, form.media_type().to_owned()), (header::CONTENT_DISPOSITION, attachment)];
    Ok((headers, body).into_response())
}

/// Show the signed head of the answering node's log.
#[utoipa::path(
    get, path = "/api/v1/audit/checkpoint", operation_id = "showCheckpoint", tag = "audit",
    responses((status = 200, description = "The head.", body = ref("#/components/schemas/Checkpoint")))
)]
pub(crate) async fn head(State(app): State<App>, signed_in: SignedIn) -> Result<Json<CheckpointView>, Failure> {
    Ok(Json(checkpoint::show(&app, &signed_in.caller).await?))
}

/// One JSON object a line, as they come; what goes wrong on the way breaks the answer off.
fn lines<T: Serialize + Send + 'static>(items: impl Stream<Item = Result<T, Problem>> + Send + 'static) -> Response {
    let pieces = items.ready_chunks(TOGETHER).map(|some| {
        let mut piece = Vec::new();
        for item in some {
            let item = item.map_err(|problem| std::io::Error::other(problem.code))?;
            serde_json::to_writer(&mut piece, &item)?;
            piece.push(b'\n');
        }
        Ok::<_, std::io::Error>(piece)
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pieces)).into_response()
}
