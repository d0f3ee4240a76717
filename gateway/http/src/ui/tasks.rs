//! A person's transfers, the latest first.

use axum::extract::State;
use maud::html;
use sealane_service::PageQuery;
use sealane_service::transfers;
use sealane_service::view::TaskView;

use super::address;
use super::layout::{Area, Frame, Page, page};
use super::part::pager::pager;
use super::part::task_table::task_table;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiQuery;
use crate::web::Web;

/// Transfers on one page.
pub(crate) const TASKS: usize = 50;

/// The page.
pub(crate) fn tasks(frame: &Frame, tasks: &[TaskView], first: Option<&str>, next: Option<&str>) -> Page {
    let main = html! {
        h1 { "Transfers" }
        @if tasks.is_empty() {
            p.note {
                "Nothing here yet. Open a " a href="/collections" { "collection" } " and tick what you want to send."
            }
        } @else {
            (task_table("Your transfers, the latest first", tasks))
        }
        (pager("transfers", first, next))
    };
    page(frame, "Transfers", &main)
}

/// Show the caller's transfers. `GET /tasks`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Page, Failure> {
    let query = PageQuery { limit: Some(TASKS), ..query };
    let found = transfers::list(&web.app, &signed_in.caller, &query).await?;
    let next = found.next.as_deref().map(|next| address::list_page("/tasks", next));
    let first = query.after.is_some().then_some("/tasks");
    Ok(tasks(&Frame::of(&web, &signed_in, Area::Tasks), &found.items, first, next.as_deref()))
}
