//! Transfers: submitted, shown, followed, cancelled.
//!
//! The engine moves the data (`sealane-transfer`); here is what a person asks of it. A task is its owner's, and an
//! administrator's to see: for anybody else there is none.

use std::collections::HashMap;
use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::unfold;
use sealane_audit::event::Transfer;
use sealane_database::{collection, peer, task, task_event};
use sealane_model::limits::MAX_LANES;
use sealane_model::page::Page;
use sealane_model::{
    CollectionId, Item, Peer, Permit, PersonId, Place, Problem, SiteId, Task, TaskEvent, TaskId, permit,
};
use sealane_policy::{Action, Resource};
use sealane_transfer::engine::{End, NewTransfer, TaskPulse};
use sealane_transfer::guard::{Details, Grant, Refusal};
use sealane_transfer::order::MAX_ITEMS;
use tokio::sync::watch::Receiver;

use crate::act::{ask, conclude, refused};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::place::{CollectionRef, Found, find};
use crate::view::{NewItem, NewTask, PlaceView, TaskView};
use crate::{peers, problem};

const MAX_TEXT: usize = 255;
const MAX_EVENTS: usize = 1_000;

/// A task as it changes: one view at once, one for each change, the last with its final state.
pub type TaskStream = Pin<Box<dyn Stream<Item = TaskView> + Send>>;

/// Submit a transfer. Deciding and recording is the engine's: it knows both ends.
pub async fn submit(app: &App, caller: &Caller, request: NewTask) -> Result<TaskView, Problem> {
    check(&request)?;
    let actor = Actor::from(caller);
    if let Some(id) = request.submission_id {
        check_submission(app, caller, id).await?;
    }
    let source = end(app, caller, &actor, &request.source).await?;
    let destination = end(app, caller, &actor, &request.destination).await?;
    let new = NewTransfer {
        owner: caller.person.clone(),
        subject: caller.subject.clone(),
        session: Some(caller.session),
        client: caller.client.clone(),
        label: request.label,
        source,
        destination,
        items: request.items.into_iter().map(item).collect(),
        purpose: request.purpose,
        lanes: request.lanes,
        submission_id: request.submission_id,
    };
    let (app, engine) = (app.clone(), app.transfers().clone());
    let task = app.to_its_end(async move { engine.submit(new).await }).await?;
    one_view(&app, task).await
}

/// The caller's tasks, the newest first.
pub async fn list(app: &App, caller: &Caller, query: &PageQuery) -> Result<Page<TaskView>, Problem> {
    let actor = Actor::from(caller);
    let question = ask(&actor, Action::ListTasks, Resource::site(), Transfer::TaskList);
    let grant = app.permit::<permit::SeeTask>(question).await?;
    let result = page(app, Some(&caller.person.id), query).await;
    conclude(grant, result, Details::none()).await
}

/// Everybody's tasks, for administrators.
pub async fn list_all(app: &App, caller: &Caller, query: &PageQuery) -> Result<Page<TaskView>, Problem> {
    let actor = Actor::from(caller);
    let question = ask(&actor, Action::ListAllTasks, Resource::site(), Transfer::TaskList);
    let grant = app.permit::<permit::SeeAllTasks>(question).await?;
    let result = page(app, None, query).await;
    conclude(grant, result, Details::none().detail("of-everybody", true)).await
}

/// One task.
pub async fn show(app: &App, caller: &Caller, id: TaskId) -> Result<TaskView, Problem> {
    let (grant, task) = see(app, caller, id, Transfer::TaskShow).await?;
    let result = one_view(app, task).await;
    conclude(grant, result, Details::none()).await
}

/// What happened to a task, after the event of that number.
pub async fn events(
    app: &App,
    caller: &Caller,
    id: TaskId,
    after: i64,
    limit: usize,
) -> Result<Vec<TaskEvent>, Problem> {
    let (grant, task) = see(app, caller, id, Transfer::TaskShow).await?;
    let result = read_events(app, &grant.permit, task.id, after, limit.clamp(1, MAX_EVENTS)).await;
    conclude(grant, result, Details::none()).await
}

/// Stop a task.
pub async fn cancel(app: &App, caller: &Caller, id: TaskId) -> Result<TaskView, Problem> {
    let actor = Actor::from(caller);
    let task = find_task(app, &actor, id, Transfer::TaskCancel).await?;
    let question =
        ask(&actor, Action::CancelTask, Resource::task(id.to_string(), task.owner.clone()), Transfer::TaskCancel);
    let grant: Grant<permit::CancelTask> =
        app.guard().permit(question).await.map_err(|refusal| hidden(app, &actor, &task, &refusal))?;
    let (app, engine, client) = (app.clone(), app.transfers().clone(), actor.client.clone());
    app.clone()
        .to_its_end(async move {
            let result = match engine.cancel(&grant.permit, id, client).await {
                Ok(task) => one_view(&app, task).await,
                Err(problem) => Err(problem),
            };
            conclude(grant, result, Details::none()).await
        })
        .await
}

/// Follow a task until it ends.
pub async fn watch(app: &App, caller: &Caller, id: TaskId) -> Result<TaskStream, Problem> {
    let (grant, task) = see(app, caller, id, Transfer::TaskShow).await?;
    let pulses = app.transfers().watch(id);
    let first = one_view(app, task).await;
    let first = conclude(grant, first, Details::none().detail("followed", true)).await?;
    let following = Following { app: app.clone(), id, pulses, shown: first, next: Next::First };
    Ok(Box::pin(unfold(following, Following::step)))
}

struct Following {
    app: App,
    id: TaskId,
    pulses: Receiver<TaskPulse>,
    shown: TaskView,
    next: Next,
}

enum Next {
    First,
    Change,
    Nothing,
}

impl Following {
    async fn step(mut self) -> Option<(TaskView, Self)> {
        match self.next {
            Next::Nothing => return None,
            Next::First => {}
            Next::Change => {
                self.pulses.changed().await.ok()?;
                let pulse = self.pulses.borrow_and_update().clone();
                self.show(pulse).await;
            }
        }
        self.next = if self.shown.state.is_final() { Next::Nothing } else { Next::Change };
        Some((self.shown.clone(), self))
    }

    /// While it runs, a pulse says all; how it ended is in the database.
    async fn show(&mut self, pulse: TaskPulse) {
        if pulse.state.is_final()
            && let Ok(Some(task)) = read_task(&self.app, self.id).await
            && let Ok(view) = one_view(&self.app, task).await
        {
            self.shown = view;
            return;
        }
        self.shown.state = pulse.state;
        self.shown.progress = pulse.progress;
        self.shown.nice_status = pulse.nice_status;
    }
}

fn check(request: &NewTask) -> Result<(), Problem> {
    if request.items.is_empty() || request.items.len() > MAX_ITEMS {
        return Err(problem::bad_request(
            "task-items",
            format!("A transfer moves 1 to {MAX_ITEMS} files or directories."),
        )
        .next("Move a directory that holds them all, or submit several transfers."));
    }
    if request.lanes.is_some_and(|lanes| lanes == 0 || lanes > MAX_LANES) {
        return Err(problem::bad_request("task-lanes", format!("A transfer has 1 to {MAX_LANES} lanes.")));
    }
    let too_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > MAX_TEXT);
    if too_long(&request.label) || too_long(&request.purpose) {
        return Err(problem::bad_request(
            "task-text",
            format!("Label and purpose have at most {MAX_TEXT} bytes each."),
        ));
    }
    Ok(())
}

/// Somebody else's task must not be found out by submitting under its id.
async fn check_submission(app: &App, caller: &Caller, id: TaskId) -> Result<(), Problem> {
    match read_task(app, id).await? {
        Some(task) if task.owner != caller.person.id => Err(Problem::new(
            sealane_model::problem::ProblemKind::Conflict,
            "submission-id-taken",
            "The submission id cannot be used",
            "It is taken.",
        )
        .next("Use a fresh UUID for each submission.")),
        _ => Ok(()),
    }
}

async fn end(app: &App, caller: &Caller, actor: &Actor, text: &str) -> Result<End, Problem> {
    let reference: CollectionRef = text.parse()?;
    match find(app, actor, &reference, Transfer::Submit).await? {
        Found::Here(collection) => {
            if !app.may_know_of(actor, &collection) {
                app.record_miss(actor, Transfer::Submit, "collection-unknown").await?;
                return Err(problem::collection_unknown());
            }
            Ok(End::Here(collection))
        }
        Found::At(peer, wanted) => {
            let id = match wanted.id() {
                Some(id) => id,
                None => peers::collection(app, caller, &peer, &wanted).await?.id,
            };
            Ok(End::There(peer, id))
        }
    }
}

fn item(new: NewItem) -> Item {
    Item { source: new.source, destination: new.destination, recursive: new.recursive }
}

async fn read_task(app: &App, id: TaskId) -> Result<Option<Task>, Problem> {
    let mut db = app.db().await?;
    task::find(&mut db, id).await.map_err(problem::database)
}

async fn find_task(app: &App, actor: &Actor, id: TaskId, kind: Transfer) -> Result<Task, Problem> {
    match read_task(app, id).await? {
        Some(task) => Ok(task),
        None => {
            app.record_miss(actor, kind, "task-unknown").await?;
            Err(problem::task_unknown())
        }
    }
}

/// Whoever may see a task, and the task.
pub(crate) async fn see(
    app: &App,
    caller: &Caller,
    id: TaskId,
    kind: Transfer,
) -> Result<(Grant<permit::SeeTask>, Task), Problem> {
    let actor = Actor::from(caller);
    let task = find_task(app, &actor, id, kind).await?;
    let question = ask(&actor, Action::ShowTask, Resource::task(id.to_string(), task.owner.clone()), kind);
    match app.guard().permit(question).await {
        Ok(grant) => Ok((grant, task)),
        Err(refusal) => Err(hidden(app, &actor, &task, &refusal)),
    }
}

/// Whoever may not see a task is told that there is none.
fn hidden(app: &App, actor: &Actor, task: &Task, refusal: &Refusal) -> Problem {
    let request = sealane_policy::Request {
        subject: actor.subject.clone(),
        action: Action::ShowTask,
        resource: Resource::task(task.id.to_string(), task.owner.clone()),
        purpose: None,
        now_s: app.now().as_seconds(),
    };
    let may_see = app.guard().engine().decide(&request).is_permit();
    match refusal {
        Refusal::Denied(_) if !may_see => problem::task_unknown(),
        _ => refused(refusal),
    }
}

async fn page(app: &App, owner: Option<&PersonId>, query: &PageQuery) -> Result<Page<TaskView>, Problem> {
    let after = match &query.after {
        Some(text) => Some(text.parse::<TaskId>().map_err(|error| problem::bad_request("cursor", error.to_string()))?),
        None => None,
    };
    let limit = query.rows();
    let mut db = app.db().await?;
    let rows = task::list(&mut db, owner, after, limit + 1).await.map_err(problem::database)?;
    drop(db);
    let page = Page::from_surplus(rows, limit, |task| task.id.to_string());
    let names = Names::of(app, &page.items).await?;
    Ok(Page { items: page.items.into_iter().map(|task| names.view(app, task)).collect(), next: page.next })
}

async fn read_events(
    app: &App,
    _permit: &Permit<permit::SeeTask>,
    id: TaskId,
    after: i64,
    limit: usize,
) -> Result<Vec<TaskEvent>, Problem> {
    let mut db = app.db().await?;
    task_event::list(&mut db, id, after, limit).await.map_err(problem::database)
}

pub(crate) async fn one_view(app: &App, task: Task) -> Result<TaskView, Problem> {
    let names = Names::of(app, std::slice::from_ref(&task)).await?;
    Ok(names.view(app, task))
}

/// What the sites and collections of some tasks are called.
struct Names {
    peers: Vec<Peer>,
    collections: HashMap<CollectionId, String>,
}

impl Names {
    async fn of(app: &App, tasks: &[Task]) -> Result<Self, Problem> {
        let here = app.identity().site;
        let mut db = app.db().await?;
        let peers = peer::list(&mut db).await.map_err(problem::database)?;
        let mut collections = HashMap::new();
        for place in tasks.iter().flat_map(|task| [&task.source, &task.destination]) {
            if place.site != here {
                if let Some(name) = app.parts().remote_names.of(place.collection) {
                    collections.insert(place.collection, name.to_string());
                }
            } else if !collections.contains_key(&place.collection)
                && let Some(found) = collection::find(&mut db, place.collection).await.map_err(problem::database)?
            {
                collections.insert(found.id, found.name.to_string());
            }
        }
        Ok(Self { peers, collections })
    }

    fn place(&self, app: &App, place: &Place) -> PlaceView {
        PlaceView {
            site: self.site(app, place.site),
            here: place.site == app.identity().site,
            collection: place.collection.to_string(),
            name: self.collections.get(&place.collection).cloned(),
        }
    }

    fn site(&self, app: &App, site: SiteId) -> String {
        if site == app.identity().site {
            return app.identity().name.to_string();
        }
        let peer = self.peers.iter().find(|peer| peer.descriptor.site == site);
        peer.map_or_else(|| site.to_string(), |peer| peer.descriptor.name.to_string())
    }

    fn view(&self, app: &App, task: Task) -> TaskView {
        TaskView {
            id: task.id,
            source: self.place(app, &task.source),
            destination: self.place(app, &task.destination),
            label: task.label,
            role: task.role,
            items: task
                .items
                .into_iter()
                .map(|one| NewItem { source: one.source, destination: one.destination, recursive: one.recursive })
                .collect(),
            purpose: task.purpose,
            lanes: task.lanes,
            state: task.state,
            progress: task.progress,
            nice_status: task.nice_status,
            manifest: task.manifest,
            cipher: task.cipher,
            submitted_at: task.submitted_at,
            completed_at: task.completed_at,
        }
    }
}
