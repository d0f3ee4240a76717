//! Who has a role, according to the configuration: what differs from the last start is recorded, one entry a person.
//!
//! Roles are given where the site is configured, not through its faces. So that nobody gains or loses one unseen, the
//! last state is kept in the control database and compared at each start (NIST SP 800-53 AC-2(4), AU-2).

use std::collections::BTreeSet;

use sealane_audit::event::Admin;
use sealane_database::policy_history::{self, RoleHolder as Holder};
use sealane_database::setting;
use sealane_model::{Person, Principal, Problem, Timestamp};
use sealane_policy::Role;

use crate::app::{Administrator, App};
use crate::configure::{managed, operator_asks};
use crate::{change, problem};

/// Where the last state is kept.
const KEY: &str = "roles";

/// Record every role that was given or taken since the last start. Says whether any was.
pub(crate) async fn follow(app: &App) -> Result<bool, Problem> {
    let mut kept = last_state(app).await?;
    begin_history(app, &kept).await?;
    let named = named(app);
    let gone: Vec<Holder> = kept.difference(&named).cloned().collect();
    let new: Vec<Holder> = named.difference(&kept).cloned().collect();
    for holder in &gone {
        kept.remove(holder);
        record(app, holder, Admin::RoleRevoke, &kept).await?;
    }
    for holder in &new {
        kept.insert(holder.clone());
        record(app, holder, Admin::RoleGrant, &kept).await?;
    }
    Ok(!gone.is_empty() || !new.is_empty())
}

fn named(app: &App) -> BTreeSet<Holder> {
    let of = |role: Role, people: &[Administrator]| {
        let holder = |person: &Administrator| {
            let principal = match person {
                Administrator::Person(id) => Principal::Person(id.clone()),
                Administrator::Email(email) => Principal::Email(email.to_lowercase()),
            };
            Holder { role: role.as_str().to_owned(), principal }
        };
        people.iter().map(holder).collect::<Vec<_>>()
    };
    let settings = app.settings();
    of(Role::Administrator, &settings.administrators)
        .into_iter()
        .chain(of(Role::ComplianceOfficer, &settings.officers))
        .chain(of(Role::Auditor, &settings.auditors))
        .collect()
}

/// On a site that knows who has which role from before the history: as it was when the history begins.
async fn begin_history(app: &App, kept: &BTreeSet<Holder>) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let known = policy_history::roles_at(&mut db, app.now()).await.map_err(problem::database)?;
    if known.is_some() || kept.is_empty() {
        return Ok(());
    }
    policy_history::note_roles(&mut db, kept, app.now()).await.map_err(problem::database)
}

/// The roles of past moments.
pub(crate) struct PastRoles(BTreeSet<Holder>);

impl PastRoles {
    /// Those of a moment. None where the history begins later.
    pub(crate) async fn at(app: &App, at: Timestamp) -> Result<Option<Self>, Problem> {
        let mut db = app.db().await?;
        let holders = policy_history::roles_at(&mut db, at).await.map_err(problem::database)?;
        Ok(holders.map(Self))
    }

    /// Those that a person had, as sign-ins give them.
    pub(crate) fn of(&self, person: &Person) -> Vec<Role> {
        let is_theirs = |holder: &&Holder| match &holder.principal {
            Principal::Person(id) => *id == person.id,
            Principal::Email(email) => person.email.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(email)),
            _ => false,
        };
        let held: Vec<&str> = self.0.iter().filter(is_theirs).map(|holder| holder.role.as_str()).collect();
        Role::ALL.into_iter().filter(|role| *role == Role::Researcher || held.contains(&role.as_str())).collect()
    }
}

async fn last_state(app: &App) -> Result<BTreeSet<Holder>, Problem> {
    let mut db = app.db().await?;
    let Some(text) = setting::get(&mut db, KEY).await.map_err(problem::database)? else { return Ok(BTreeSet::new()) };
    serde_json::from_str(&text).map_err(|error| problem::internal("roles-unreadable", &error))
}

async fn record(app: &App, holder: &Holder, kind: Admin, state: &BTreeSet<Holder>) -> Result<(), Problem> {
    let role = Some(holder.role.as_str().into());
    let person = change::principal(&holder.principal);
    let question = operator_asks(kind);
    let question = match kind {
        Admin::RoleRevoke => question.changed("role", role, None).changed_private("principal", person, None),
        _ => question.changed("role", None, role).changed_private("principal", None, person),
    };
    let text = serde_json::to_string(state).map_err(|error| problem::internal("roles-unwritable", &error))?;
    let state = state.clone();
    let write = |app: App| async move {
        let mut tx = app.database().begin().await.map_err(problem::database)?;
        setting::put(&mut tx, KEY, &text).await.map_err(problem::database)?;
        policy_history::note_roles(&mut tx, &state, app.now()).await.map_err(problem::database)?;
        tx.commit().await.map_err(problem::database)
    };
    managed(app, question, write).await
}
