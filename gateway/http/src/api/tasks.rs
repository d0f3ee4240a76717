//! Tasks: transfers, submitted, watched, canceled, receipted.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use sealane_model::limits::MAX_PAGE;
use sealane_model::page::Page;
use sealane_model::{TaskEvent, TaskId};
use sealane_service::PageQuery;
use sealane_service::view::{NewTask, TaskRecordView, TaskView};
use sealane_service::{App, receipts, transfers};
use serde::Deserialize;

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery};
use crate::once::{Once, OnceJson};

/// Which events of a task.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    after: Option<i64>,
    limit: Option<usize>,
}

/// Submit a transfer.
#[utoipa::path(
    post, path = "/api/v1/tasks", operation_id = "submitTask", tag = "tasks",
    request_body = ref("#/components/schemas/NewTask"),
    responses((status = 201, description = "It is accepted and runs.", body = ref("#/components/schemas/Task")))
)]
pub(crate) async fn submit(
    State(app): State<App>,
    signed_in: SignedIn,
    OnceJson(once, wanted): OnceJson<NewTask>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, transfers::submit(&app, caller, wanted)).await
}

/// List the caller's tasks.
#[utoipa::path(
    get, path = "/api/v1/tasks", operation_id = "listTasks", tag = "tasks",
    params(("after" = Option<String>, Query, description = "The `next` of the page before."), ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")),
    responses((status = 200, description = "A page, the latest first.", body = ref("#/components/schemas/TaskPage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<TaskView>>, Failure> {
    Ok(Json(transfers::list(&app, &signed_in.caller, &query).await?))
}

/// Show a task.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}", operation_id = "showTask", tag = "tasks",
    params(("id" = String, Path, description = "The task.")),
    responses((status = 200, description = "The task.", body = ref("#/components/schemas/Task")))
)]
pub(crate) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
) -> Result<Json<TaskView>, Failure> {
    Ok(Json(transfers::show(&app, &signed_in.caller, id).await?))
}

/// List what happened to a task.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/events", operation_id = "listTaskEvents", tag = "tasks",
    params(
        ("id" = String, Path, description = "The task."),
        ("after" = Option<String>, Query, description = "The `next` of the page before, or a sequence number."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 999.")
    ),
    responses((status = 200, description = "A page, the oldest first.", body = ref("#/components/schemas/TaskEventPage")))
)]
pub(crate) async fn events(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
    ApiQuery(query): ApiQuery<EventsQuery>,
) -> Result<Json<Page<TaskEvent>>, Failure> {
    let limit = query.limit.unwrap_or(100).clamp(1, MAX_PAGE - 1);
    // One row more than asked for says whether there is a next page.
    let rows = transfers::events(&app, &signed_in.caller, id, query.after.unwrap_or(0), limit + 1).await?;
    Ok(Json(Page::from_surplus(rows, limit, |event| event.sequence.to_string())))
}

/// Cancel a task. What has arrived whole stays; nothing half is left under a final name.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/cancel", operation_id = "cancelTask", tag = "tasks",
    params(("id" = String, Path, description = "The task.")),
    responses((status = 200, description = "It ends.", body = ref("#/components/schemas/Task")))
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
    once: Once,
) -> Result<Response, Failure> {
    once.run(&app, &signed_in.caller, StatusCode::OK, transfers::cancel(&app, &signed_in.caller, id)).await
}

/// Show what this site's audit log says of a task, and how far the exchange with the other site is.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/record", operation_id = "showTaskRecord", tag = "tasks",
    params(("id" = String, Path, description = "The task.")),
    responses((status = 200, description = "Its record.", body = ref("#/components/schemas/TaskRecord")))
)]
pub(crate) async fn record(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
) -> Result<Json<TaskRecordView>, Failure> {
    Ok(Json(receipts::record(&app, &signed_in.caller, id).await?))
}

/// Get a transfer's receipt: the document that both sites hold, for `sealane-verify receipt`.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/receipt", operation_id = "getReceipt", tag = "tasks",
    params(("id" = String, Path, description = "The task.")),
    responses((status = 200, description = "The receipt.", body = ref("#/components/schemas/Receipt")))
)]
pub(crate) async fn receipt(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
) -> Result<Response, Failure> {
    let document = receipts::document(&app, &signed_in.caller, id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}
