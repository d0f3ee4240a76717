//! Alerts, live: server-sent events (HTML Living Standard, section 9.2).
//!
//! `alert` has each alert as it is raised, with its id as the event's id, so that a client that comes back with
//! `Last-Event-ID` misses none; of the last minute it may get some twice. A stream ends after ten minutes in any case: the
//! client comes back, and its session is looked at again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName};
use sealane_service::App;
use sealane_service::alerts::{self, Feed};
use serde::Deserialize;

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiQuery;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const LIFETIME: Duration = Duration::from_secs(600);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Between two looks.
const PACE: Duration = Duration::from_millis(500);

/// What a client may ask of the stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StreamQuery {
    /// Ends after so many alerts.
    limit: Option<usize>,
}

/// Follow alerts as server-sent events: `alert`.
#[utoipa::path(
    get, path = "/api/v1/audit/alerts/stream", operation_id = "followAlerts", tag = "audit",
    params(
        ("limit" = Option<u16>, Query, description = "The stream ends after so many alerts."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last alert that was seen; without it, those from now on.")
    ),
    responses((status = 200, description = "Alerts as they are raised.", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn follow(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let seen = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let feed = alerts::follow(&app, &signed_in.caller, seen).await?;
    let live = Live { feed, queue: VecDeque::new(), begun: false };
    let events = stream::unfold(live, Live::next).take(query.limit.unwrap_or(usize::MAX));
    let events = events.take_until(Box::pin(tokio::time::sleep(LIFETIME)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// A stream under way.
struct Live {
    feed: Feed,
    queue: VecDeque<Event>,
    begun: bool,
}

impl Live {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some((Ok(event), self));
            }
            if std::mem::replace(&mut self.begun, true) {
                tokio::time::sleep(PACE).await;
            }
            // A fault here leaves nothing out: the next look finds it.
            for alert in self.feed.newer().await.unwrap_or_default() {
                let event = Event::default().event("alert").id(alert.id.to_string()).json_data(&alert);
                self.queue.extend(event.ok());
            }
        }
    }
}
