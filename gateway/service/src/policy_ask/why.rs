//! Why a past decision was made: from its audit entry, judged again under the rules of then, and compared byte by byte.

use sealane_audit::event::PREMISES;
use sealane_audit::{Absence, DecisionId, EntryView};
use sealane_model::{Permit, PersonId, Problem, RemotePath, Timestamp, permit};
use sealane_policy::replay::{About, FORM, Premises, Recorded, RecordedThing, Replay};
use sealane_policy::{Assurance, Showing, Snapshot};
use sealane_transfer::guard::Details;

use super::rules::rebuild;
use super::{Asked, Right};
use crate::act::conclude;
use crate::app::App;
use crate::audit::decided::{self, Decided};
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::view::policy::{ReplayResult, WhyView};

/// Access rules that the explanation shows at most.
const SHOWN: usize = 200;

/// Why a decision was made. One's own, or with the right to ask about anybody, any.
pub async fn why(app: &App, caller: &Caller, decision: DecisionId) -> Result<WhyView, Problem> {
    let actor = Actor::from(caller);
    let asked = Asked { name: "why", who: None, collection: None, path: None, at: None };
    // Officers ask by their right; everybody else about themselves.
    let right = match Right::of(app, &actor, false, true) {
        Right::Any => Right::Any,
        Right::Own | Right::Collection => Right::Own,
    };
    let recorded = asked.by(&actor, right).detail("decision", decision.to_string());
    if right == Right::Own {
        let grant = app.permit::<permit::AskOwnPolicy>(recorded).await?;
        let told = tell(app, &grant.permit, decision, Some(&caller.person.id)).await;
        conclude(grant, told, Details::none()).await
    } else {
        let grant = app.permit::<permit::AskPolicy>(recorded).await?;
        let told = tell(app, &grant.permit, decision, None).await;
        conclude(grant, told, Details::none()).await
    }
}

async fn tell<A>(app: &App, _permit: &Permit<A>, id: DecisionId, of: Option<&PersonId>) -> Result<WhyView, Problem> {
    let view = match decided::find(app, id, of).await? {
        Decided::Here(view) => view,
        Decided::At(log) => {
            return Err(problem::not_found("decision-elsewhere", "decision in this node's log")
                .next(format!("Its entry is in the log {log}: ask the node that keeps it.")));
        }
        Decided::Nowhere => {
            return Err(problem::not_found("decision-unknown", "decision")
                .next("Check the id, as refusals show it; decisions about others are for officers and auditors."));
        }
    };
    let Some(decision) = view.entry.decision.clone() else {
        return Err(problem::internal("decision-gone", &"the entry has no decision"));
    };
    let mut told = WhyView {
        decision: id.to_string(),
        log: app.guard().log().origin().to_owned(),
        index: view.entry.index,
        at: Timestamp::from_micros(view.entry.at_ns.div_euclid(1_000)),
        kind: view.entry.kind.name().to_owned(),
        effect: decision.effect,
        reason: decision.reason,
        rule: decision.rule,
        snapshot: decision.snapshot.to_string(),
        replay: ReplayResult::Impossible,
        replay_says: String::new(),
        explanation: None,
    };
    let record = match record(&view) {
        Ok(record) => record,
        Err(why) => return Ok(WhyView { replay_says: why, ..told }),
    };
    let snapshot = match rebuild(app, &decision.snapshot).await? {
        Ok(snapshot) => snapshot,
        Err(why) => return Ok(WhyView { replay_says: why, ..told }),
    };
    let Some(replay) = again(app, id, record, &snapshot) else {
        let why = "the record is not whole: it names a task, and not who submitted it".to_owned();
        return Ok(WhyView { replay_says: why, ..told });
    };
    let showing = if of.is_some() { Showing::OwnRules } else { Showing::AllRules(SHOWN) };
    told.explanation = Some(app.guard().engine().explain_replay(&replay, &snapshot, showing));
    (told.replay, told.replay_says) = if replay.agrees {
        (ReplayResult::Agrees, "made again under the rules of then, it is the same in every byte".to_owned())
    } else {
        let now = format!("{} ({})", replay.decision.effect(), replay.decision.reason().code);
        (
            ReplayResult::Differs,
            format!("made again under the rules of then, it would be {now}, and differs from its record"),
        )
    };
    Ok(told)
}

fn again(app: &App, id: DecisionId, record: (Recorded, Premises), snapshot: &Snapshot) -> Option<Replay> {
    let (recorded, premises) = record;
    app.guard().engine().replay(id, recorded, &premises, snapshot)
}

/// What the entry says of the question, or why it does not say enough.
fn record(view: &EntryView) -> Result<(Recorded, Premises), String> {
    let field = format!("private.{PREMISES}");
    let entry = &view.entry;
    let needs = ["actor.subject", "object.path", "private.purpose", field.as_str()];
    if let Some((name, absence)) = needs.iter().find_map(|name| Some((name, view.absent.get(*name)?))) {
        return Err(match absence {
            Absence::Erased => format!("a personal value of its entry has been erased: {name}"),
            Absence::Damaged => format!("a personal value of its entry is damaged: {name}"),
        });
    }
    let shown = |name: &str| view.revealed.get(name).map(|value| value.expose().to_owned());
    let premises = shown(&field).ok_or(
        "the entry does not say what the decision rested on: it is from before that was kept, or it was too long",
    )?;
    let premises: Premises = serde_json::from_str(&premises)
        .map_err(|_| "what the decision rested on is of another form than this version reads")?;
    if premises.v != FORM {
        return Err(format!("what the decision rested on is of form {}, and this version reads {FORM}", premises.v));
    }
    let whole = |what: &str| format!("the entry is not whole: it has no {what}");
    let person = match &entry.actor {
        Some(actor) => Some(PersonId::new(&actor.issuer, shown("actor.subject").ok_or_else(|| whole("person"))?)),
        None => None,
    };
    let assurance = entry.actor.as_ref().map_or_else(Assurance::default, |actor| Assurance {
        acr: actor.acr.clone(),
        amr: actor.amr.clone(),
        auth_time_s: actor.auth_time_s,
    });
    let action =
        entry.detail.get("action").and_then(|name| name.as_str()?.parse().ok()).ok_or_else(|| whole("action"))?;
    let path = shown("object.path").map(|path| RemotePath::parse_text(&path)).transpose();
    let path = path.map_err(|_| whole("path that can be read"))?;
    let object = &entry.object;
    let thing = match (premises.about, &object.collection, &object.class, path, &object.task) {
        (About::Place, Some(collection), Some(class), Some(path), _) => RecordedThing::Place(
            collection.parse().map_err(|_| whole("collection that can be read"))?,
            class.parse().map_err(|_| whole("class that can be read"))?,
            path,
        ),
        (About::Task, _, _, _, Some(task)) => RecordedThing::Task(task.clone()),
        (About::Site, ..) => RecordedThing::Site,
        _ => return Err(whole("thing that it was about")),
    };
    let purpose = shown("private.purpose");
    Ok((Recorded { person, assurance, action, thing, purpose }, premises))
}
