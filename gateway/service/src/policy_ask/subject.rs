//! As whom a question is asked.

use sealane_database::{person, session};
use sealane_model::{Class, Person, Problem, Timestamp};
use sealane_policy::{Assurance, Principal, Subject};

use super::Right;
use super::rules::Rules;
use crate::app::App;
use crate::identity::session::subject_of;
use crate::problem;

/// When the person is taken to have signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignedIn {
    /// At the time of asking.
    Now,
    /// So many minutes before.
    Ago(u32),
    /// Nobody knows when.
    Unknown,
}

impl SignedIn {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        match text {
            "now" => Ok(Self::Now),
            "unknown" => Ok(Self::Unknown),
            minutes => minutes.parse().map(Self::Ago).map_err(|_| {
                problem::bad_request(
                    "signed-in",
                    "When somebody signed in is `now`, `unknown`, or so many minutes ago.",
                )
            }),
        }
    }

    pub(super) fn assurance(self, at: Timestamp) -> Assurance {
        let at_s = at.as_seconds();
        let auth_time_s = match self {
            Self::Now => Some(at_s),
            Self::Ago(minutes) => Some(at_s.saturating_sub(i64::from(minutes).saturating_mul(60))),
            Self::Unknown => None,
        };
        Assurance { auth_time_s, ..Assurance::default() }
    }

    fn note(self) -> String {
        match self {
            Self::Now => "as if they had just signed in".to_owned(),
            Self::Ago(minutes) => format!("as if they had signed in {minutes} min ago"),
            Self::Unknown => "as if nobody knew when they signed in".to_owned(),
        }
    }
}

/// The person or principal that is asked about, with what the asker may know of them.
pub(super) async fn somebody(
    app: &App,
    principal: &Principal,
    right: Right,
    signed_in: SignedIn,
    class: Class,
    rules: &mut Rules,
) -> Result<Subject, Problem> {
    let (at, mut notes) = (rules.at, Vec::new());
    let known = match (principal, right) {
        (Principal::Person(id), Right::Any) => {
            let mut db = app.db().await?;
            person::find(&mut db, id).await.map_err(problem::database)?
        }
        (Principal::Email(email), Right::Any) => {
            let mut db = app.db().await?;
            let mut found = person::find_by_email(&mut db, email).await.map_err(problem::database)?;
            if found.len() > 1 {
                notes
                    .push("several people have this address; this is about the first by issuer and subject".to_owned());
            }
            (!found.is_empty()).then(|| found.swap_remove(0))
        }
        _ => None,
    };
    let assurance = signed_in.assurance(at);
    if *principal != Principal::Anonymous {
        notes.push(signed_in.note());
    }
    let Some(known) = known else {
        if matches!(principal, Principal::Person(_) | Principal::Email(_)) {
            notes.push("their groups and roles are not taken into account".to_owned());
        }
        let mut subject = Subject::standing_for(principal, class, at.as_seconds());
        if subject.person.is_some() {
            subject.assurance = assurance;
        }
        if matches!(principal, Principal::Site(_)) {
            notes.push(format!("as if the peer were accepted up to {class}"));
        }
        rules.note(notes);
        return Ok(subject);
    };
    let groups = groups_of(app, &known).await?;
    notes.push("with the groups of their last sign-in".to_owned());
    rules.note(notes);
    let mut subject = subject_of(app, &known, &groups, &assurance);
    subject.roles = rules.roles_of(app, &known);
    Ok(subject)
}

async fn groups_of(app: &App, person: &Person) -> Result<Vec<String>, Problem> {
    let mut db = app.db().await?;
    let mut groups = session::groups(&mut db, app.now()).await.map_err(problem::database)?;
    Ok(groups.remove(&person.id).unwrap_or_default())
}

/// Everybody whom the site knows, as if each had just signed in.
pub(super) async fn everybody(app: &App, rules: &Rules) -> Result<Vec<Subject>, Problem> {
    let mut db = app.db().await?;
    let people = person::all(&mut db).await.map_err(problem::database)?;
    let mut groups = session::groups(&mut db, app.now()).await.map_err(problem::database)?;
    drop(db);
    let assurance = SignedIn::Now.assurance(rules.at);
    let subject = |person: &Person| {
        let groups = groups.remove(&person.id).unwrap_or_default();
        let mut subject = subject_of(app, person, &groups, &assurance);
        subject.roles = rules.roles_of(app, person);
        subject
    };
    Ok(people.iter().map(subject).collect())
}
