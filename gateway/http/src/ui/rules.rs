//! Access rules of a collection, for those who may share it: which there are, a form for another, a button to take one away.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use maud::{Markup, html};
use sealane_model::page::Page as Rows;
use sealane_model::problem::ProblemKind;
use sealane_model::{Problem, RemotePath, RuleId, Timestamp};
use sealane_service::view::{CollectionView, RuleView};
use sealane_service::{CollectionRef, PageQuery, access_rules, collections};
use serde::Deserialize;

use super::address;
use super::layout::{Area, Frame, Page, page};
use super::part::class_badge::class_badge;
use super::part::crumbs::crumbs_to;
use super::part::pager::pager;
use super::part::rule_form::{Setting, rule_form};
use super::part::rule_table::rule_table;
use super::rule_draft::{RuleDraft, Wrong};
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery, CollectionPath};
use crate::form::Form;
use crate::web::Web;

/// What happened just before the page is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing.
    None,
    /// This rule was made.
    Made(RuleId),
    /// A rule was revoked.
    Revoked,
    /// These fields need another look.
    Wrong(Vec<Wrong>),
    /// The rule was refused as a whole.
    Refused(Problem),
}

/// Which rules the page shows.
pub(crate) struct Shown {
    /// The rules.
    pub(crate) rules: Rows<RuleView>,
    /// Whether they are the first of the collection.
    pub(crate) is_first: bool,
}

/// The page.
pub(crate) fn rules(
    frame: &Frame,
    collection: &CollectionView,
    shown: &Shown,
    draft: &RuleDraft,
    news: &News,
    now: Timestamp,
) -> Page {
    let reference = collection.url_reference();
    let list = address::rules(&reference);
    let next = shown.rules.next.as_deref().map(|next| address::list_page(&list, next));
    let first = (!shown.is_first).then_some(list.as_str());
    let made = if let News::Made(id) = news { Some(*id) } else { None };
    let wrong = if let News::Wrong(wrong) = news { wrong.as_slice() } else { &[] };
    let now = now.to_string();
    let today = now.split('T').next().unwrap_or_default();
    let main = html! {
        (crumbs_to(collection, "Access rules"))
        h1 { "Access rules" }
        p.row { (class_badge(collection.class)) span.soft { (collection.title) " · " code { (collection.reference) } } }
        (said(news))
        @if shown.rules.items.is_empty() {
            p.note { "No rule yet: nobody is let in. Add the first one below." }
        } @else {
            (rule_table(frame, &reference, &shown.rules.items, made))
        }
        (pager("access rules", first, next.as_deref()))
        section aria-labelledby="add-heading" {
            h2 #add-heading { "Add a rule" }
            (rule_form(frame, &Setting { action: &list, class: collection.class, today }, draft, wrong))
        }
    };
    page(frame, "Access rules", &main)
}

fn said(news: &News) -> Markup {
    html! {
        @match news {
            News::None => {},
            News::Made(_) => div.note role="status" { p { "The rule is made and holds from now on." } },
            News::Revoked => div.note role="status" { p { "The rule is revoked. What rested on it has stopped." } },
            News::Wrong(wrong) => div.note.bad role="alert" {
                p { strong { "No rule was made. " } "Correct this, then add it again:" }
                ul { @for wrong in wrong { li { a.step href={ "#" (wrong.field) } { (wrong.words) } } } }
            },
            News::Refused(problem) => div.note.bad role="alert" {
                p { strong { "No rule was made. " } (problem.detail) }
                @if let Some(next) = &problem.next_step { p { strong { "What to do next: " } (next) } }
            },
        }
    }
}

/// From which rule on, what a new rule is for, and what happened before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesQuery {
    after: Option<String>,
    #[serde(default = "RemotePath::root")]
    path: RemotePath,
    made: Option<RuleId>,
    #[serde(default)]
    revoked: bool,
}

/// Show a collection's rules. `GET /collections/{collection}/rules`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    ApiQuery(query): ApiQuery<RulesQuery>,
) -> Result<Page, Failure> {
    let news = match query.made {
        Some(id) => News::Made(id),
        None if query.revoked => News::Revoked,
        None => News::None,
    };
    let collection = collections::show(&web.app, &signed_in.caller, &reference).await?;
    let shown = shown(&web, &signed_in, &reference, query.after).await?;
    let frame = Frame::of(&web, &signed_in, Area::Collections);
    Ok(rules(&frame, &collection, &shown, &RuleDraft::beneath(&query.path), &news, web.app.clock().now()))
}

async fn shown(
    web: &Web,
    signed_in: &SignedIn,
    reference: &CollectionRef,
    after: Option<String>,
) -> Result<Shown, Failure> {
    let is_first = after.is_none();
    let query = PageQuery { after, limit: None };
    Ok(Shown { rules: access_rules::list(&web.app, &signed_in.caller, reference, &query).await?, is_first })
}

/// Make a rule; what cannot be one comes back as it was typed. `POST /collections/{collection}/rules`.
pub(crate) async fn create(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    form: Form,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    let now = web.app.clock().now();
    let draft = RuleDraft::from_form(&form);
    let collection = collections::show(&web.app, caller, &reference).await?;
    let news = match draft.rule(collection.class, now) {
        Err(wrong) => News::Wrong(wrong),
        Ok(rule) => match access_rules::create(&web.app, caller, &reference, rule).await {
            Ok(made) => {
                return Ok(Redirect::to(&address::rule_made(&collection.url_reference(), made.id)).into_response());
            }
            Err(problem) if problem.kind == ProblemKind::BadRequest => News::Refused(problem),
            Err(problem) => return Err(problem.into()),
        },
    };
    let shown = shown(&web, &signed_in, &reference, None).await?;
    let page = rules(&Frame::of(&web, &signed_in, Area::Collections), &collection, &shown, &draft, &news, now);
    Ok((StatusCode::BAD_REQUEST, page).into_response())
}

/// Take a rule away. `POST /rules/{id}/revoke`.
pub(crate) async fn revoke(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<RuleId>,
    form: Form,
) -> Result<Redirect, Failure> {
    let reference: CollectionRef = form.text("collection").parse().map_err(Problem::from)?;
    access_rules::revoke(&web.app, &signed_in.caller, id).await?;
    // Whoever took their own share away is shown what they still may see.
    let left = collections::show(&web.app, &signed_in.caller, &reference).await;
    Ok(Redirect::to(&match left {
        Ok(collection) if collection.may.share => address::rule_revoked(&collection.url_reference()),
        _ => "/collections".to_owned(),
    }))
}
