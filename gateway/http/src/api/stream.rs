//! A task, live: server-sent events (HTML Living Standard, section 9.2).
//!
//! `progress` has the task as it stands, twice a second at most; `event` has each thing that happened, with its sequence
//! number as the event's id, so that a client that comes back with `Last-Event-ID` misses none; `end` is the last. A
//! stream ends after ten minutes in any case: the client comes back, and its session is looked at again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName};
use sealane_model::TaskId;
use sealane_service::transfers::{self, TaskStream};
use sealane_service::view::TaskView;
use sealane_service::{App, Caller};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiPath;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const LIFETIME: Duration = Duration::from_secs(600);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Between two looks: what changes meanwhile is seen at the next, as one.
const PACE: Duration = Duration::from_millis(500);
const EVENTS: usize = 1_000;

/// Follow a task as server-sent events: `progress`, `event`, `end`.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/stream", operation_id = "followTask", tag = "tasks",
    params(
        ("id" = String, Path, description = "The task."),
        ("Last-Event-ID" = Option<i64>, Header, description = "The sequence number of the last event that was seen.")
    ),
    responses((status = 200, description = "The task and its events, until it ends.", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn follow(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let seen = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let tasks = transfers::watch(&app, &signed_in.caller, id).await?;
    let live =
        Live { app, caller: signed_in.caller, id, tasks, seen: seen.unwrap_or(0), phase: None, queue: VecDeque::new() };
    let events = stream::unfold(live, Live::next).take_until(Box::pin(tokio::time::sleep(LIFETIME)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// A stream under way.
struct Live {
    app: App,
    caller: Caller,
    id: TaskId,
    tasks: TaskStream,
    /// The last event that was sent.
    seen: i64,
    /// State and status when events were last looked for: they come with a change of these.
    phase: Option<(&'static str, String)>,
    queue: VecDeque<Event>,
}

impl Live {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.queue.is_empty() {
            if self.phase.is_some() {
                tokio::time::sleep(PACE).await;
            }
            let task = self.tasks.next().await?;
            self.take(&task).await;
        }
        self.queue.pop_front().map(|event| (Ok(event), self))
    }

    async fn take(&mut self, task: &TaskView) {
        let phase = (task.state.word(), task.nice_status.clone());
        if self.phase.as_ref() != Some(&phase) {
            self.phase = Some(phase);
            self.take_events().await;
        }
        self.queue.extend(event("progress", task));
        if task.state.is_final() {
            self.queue.push_back(Event::default().event("end").data("{}"));
        }
    }

    /// What happened since the last look. A fault here stops nothing: the next change, or the task's page, tells it.
    async fn take_events(&mut self) {
        let found = transfers::events(&self.app, &self.caller, self.id, self.seen, EVENTS).await;
        for happened in found.unwrap_or_default() {
            self.seen = happened.sequence;
            self.queue.extend(event("event", &happened).map(|event| event.id(happened.sequence.to_string())));
        }
    }
}

fn event(name: &str, data: &impl serde::Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
