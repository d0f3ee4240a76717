//! Device sign-in at our own site (RFC 8628): a command line shows a code, a person approves it in a browser.
//!
//! Promises: the device code has 256 random bits and is stored as a digest; the user code has 8 letters of 20 (section 6.1),
//! and whoever guesses wrong 5 times in 15 minutes from one address waits; asking faster than the interval slows it down
//! (section 3.5); a code serves once and for ten minutes. The person sees what asks before they approve. The token that the
//! command line gets is of a session of its own, with the assurance of the approving browser's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealane_audit::event::Identity;
use sealane_crypto::digest::Digest;
use sealane_crypto::random::{Random, random_bytes};
use sealane_database::device_login::{self, DeviceLogin, SessionFacts};
use sealane_database::{DbError, person};
use sealane_model::problem::ProblemKind;
use sealane_model::{Problem, Session, SessionKind, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller, Client};
use crate::identity::callback::begin_session;
use crate::identity::session::{bounded_end, subject_of, token_digest};
use crate::identity::token;
use crate::problem;
use crate::view::{DeviceAsk, DevicePoll, DeviceStart, DeviceToken, DeviceView};

const LIFETIME: Duration = Duration::from_secs(600);
const INTERVAL: Duration = Duration::from_secs(2);
const SLOWER_BY: Duration = Duration::from_secs(5);
/// Consonants without those that are mistaken for others (RFC 8628 section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;
const MAX_LABEL: usize = 80;
const MAX_WAITING: usize = 10_000;

/// How fast each command line asks, on this node.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<Digest, (Timestamp, Duration)>>);

impl Pace {
    /// Note a question; the interval to keep from now on, if it came too soon.
    fn too_soon(&self, device: Digest, now: Timestamp) -> Option<Duration> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MAX_WAITING {
            waiting.retain(|_, (last, _)| last.after(LIFETIME) > now);
        }
        let (last, interval) = waiting.get(&device).copied().unwrap_or((Timestamp::from_micros(i64::MIN), INTERVAL));
        let early = now.since(last) < interval;
        let interval = if early { interval + SLOWER_BY } else { interval };
        waiting.insert(device, (now, interval));
        early.then_some(interval)
    }

    fn forget(&self, device: &Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(device);
    }
}

/// A command line asks for a sign-in (section 3.1).
pub async fn start(app: &App, request: DeviceAsk, client: &Client) -> Result<DeviceStart, Problem> {
    let now = app.now();
    if !app.parts().beginnings.try_count(client.limit_key(), now) {
        return Err(problem::too_many("This address has asked for very many codes within a minute."));
    }
    let device_code = token::fresh("sld_", app.random());
    let label = request.client_label.as_deref().map_or_else(|| "a command line".to_owned(), plain_label);
    let mut db = app.db().await?;
    let login = loop {
        let login = DeviceLogin {
            device_digest: token::stored("device", &[device_code.expose()]),
            user_code: fresh_user_code(app.random()),
            client_label: label.clone(),
            created_at: now,
            expires_at: now.after(LIFETIME),
        };
        match device_login::insert(&mut db, &login).await {
            Ok(()) => break login,
            // One in 25 billion: somebody shows the same code at this moment.
            Err(DbError::Duplicate(_)) => {}
            Err(error) => return Err(problem::database(error)),
        }
    };
    let mut page = app.settings().public_url.clone();
    page.set_path("/device");
    let verification_uri = page.to_string();
    let shown = shown_code(&login.user_code);
    page.query_pairs_mut().append_pair("user_code", &shown);
    Ok(DeviceStart {
        device_code: device_code.expose().clone(),
        user_code: shown,
        verification_uri,
        verification_uri_complete: page.to_string(),
        expires_in: LIFETIME.as_secs(),
        interval: INTERVAL.as_secs(),
    })
}

/// What asks, for the person to recognise before they approve.
pub async fn look_up(app: &App, caller: &Caller, user_code: &str) -> Result<DeviceView, Problem> {
    let login = find(app, caller, user_code).await?;
    Ok(DeviceView {
        user_code: shown_code(&login.user_code),
        client_label: Some(login.client_label),
        created_at: login.created_at,
        expires_at: login.expires_at,
    })
}

/// The person says yes, in a browser: a command line cannot make itself a successor and live on for ever.
pub async fn approve(app: &App, caller: &Caller, user_code: &str) -> Result<(), Problem> {
    if caller.kind != SessionKind::Browser {
        return Err(Problem::new(
            ProblemKind::Denied,
            "browser-only",
            "This is done in a browser",
            "A command line cannot approve another one.",
        )
        .next("Open the page that the waiting command line shows."));
    }
    let login = find(app, caller, user_code).await?;
    let facts = SessionFacts {
        person: caller.person.id.clone(),
        groups: caller.subject.groups.clone(),
        assurance: caller.subject.assurance.clone(),
    };
    answer(app, caller, &login, Some(facts)).await
}

/// The person says no.
pub async fn deny(app: &App, caller: &Caller, user_code: &str) -> Result<(), Problem> {
    let login = find(app, caller, user_code).await?;
    answer(app, caller, &login, None).await
}

/// The command line asks how it stands (section 3.4).
pub async fn poll(app: &App, device_code: &str, client: &Client) -> Result<DevicePoll, Problem> {
    let now = app.now();
    let device = token::stored("device", &[device_code]);
    if let Some(interval) = app.parts().pace.too_soon(device, now) {
        return Ok(DevicePoll::SlowDown { interval: interval.as_secs() });
    }
    let mut db = app.db().await?;
    let found = device_login::take_approved(&mut db, &device, now).await.map_err(problem::database)?;
    drop(db);
    if found != device_login::DevicePoll::Pending {
        app.parts().pace.forget(&device);
    }
    match found {
        device_login::DevicePoll::Pending => Ok(DevicePoll::Pending),
        device_login::DevicePoll::Expired => Ok(DevicePoll::Expired),
        device_login::DevicePoll::Denied => Ok(DevicePoll::Denied),
        device_login::DevicePoll::Approved(facts) => open(app, facts, client).await.map(DevicePoll::Approved),
    }
}

async fn find(app: &App, caller: &Caller, user_code: &str) -> Result<DeviceLogin, Problem> {
    let now = app.now();
    let key = caller.client.as_deref().unwrap_or("no address");
    if app.parts().wrong_codes.is_spent(key, now) {
        return Err(problem::too_many("Five wrong codes were typed from this address within a quarter of an hour."));
    }
    let mut db = app.db().await?;
    let found =
        device_login::find_by_user_code(&mut db, &typed_code(user_code), now).await.map_err(problem::database)?;
    found.ok_or_else(|| {
        app.parts().wrong_codes.count(key, now);
        problem::not_found("code-unknown", "code")
            .next("Compare it with the one in the terminal; a code is good for ten minutes and once.")
    })
}

async fn answer(app: &App, caller: &Caller, login: &DeviceLogin, facts: Option<SessionFacts>) -> Result<(), Problem> {
    let actor = Actor::from(caller);
    let grant =
        app.permit::<permit::Session>(ask(&actor, Action::SignIn, Resource::site(), Identity::DeviceApprove)).await?;
    let details = Details::none().detail("approved", facts.is_some());
    let result = write_answer(app, login, facts).await;
    conclude(grant, result, details).await
}

async fn write_answer(app: &App, login: &DeviceLogin, facts: Option<SessionFacts>) -> Result<(), Problem> {
    let now = app.now();
    let mut db = app.db().await?;
    let answered = match &facts {
        Some(facts) => device_login::approve(&mut db, &login.user_code, facts, now).await,
        None => device_login::deny(&mut db, &login.user_code, now).await,
    };
    if answered.map_err(problem::database)? {
        return Ok(());
    }
    Err(problem::not_found("code-unknown", "code")
        .next("Somebody else has just answered it. Ask for a new code in the terminal."))
}

async fn open(app: &App, facts: SessionFacts, client: &Client) -> Result<DeviceToken, Problem> {
    let now = app.now();
    let mut db = app.db().await?;
    let known = person::find(&mut db, &facts.person).await.map_err(problem::database)?;
    drop(db);
    let person = known.ok_or_else(|| problem::not_found("person-unknown", "person"))?;
    let subject = subject_of(app, &person, &facts.groups, &facts.assurance);
    let actor = Actor::person_signing_in(subject, client);
    let grant =
        app.permit::<permit::Session>(ask(&actor, Action::SignIn, Resource::site(), Identity::TokenIssue)).await?;
    let token = token::fresh("slc_", app.random());
    let session = Session {
        digest: token_digest(token.expose()),
        person,
        groups: facts.groups,
        kind: SessionKind::Cli,
        assurance: facts.assurance,
        created_at: now,
        expires_at: bounded_end(app.settings(), now, now),
    };
    let result = begin_session(app, &grant.permit, &session, None).await;
    conclude(grant, result, Details::none()).await?;
    Ok(DeviceToken {
        access_token: token.expose().clone(),
        token_type: "Bearer".to_owned(),
        expires_in: app.settings().session_lifetime.as_secs(),
    })
}

/// Eight letters without bias: a byte beyond the last multiple of 20 is thrown away.
fn fresh_user_code(random: &dyn Random) -> String {
    let mut code = String::with_capacity(LETTERS);
    while code.len() < LETTERS {
        for byte in random_bytes::<16>(random).into_iter().filter(|byte| *byte < 240) {
            let letter = ALPHABET.get(usize::from(byte % 20)).copied().unwrap_or(b'B');
            if code.len() < LETTERS {
                code.push(char::from(letter));
            }
        }
    }
    code
}

/// `BCDFGHJK` as people read it: `BCDF-GHJK`.
fn shown_code(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let halves: Vec<String> = letters.chunks(LETTERS / 2).map(|half| half.iter().collect()).collect();
    halves.join("-")
}

/// What a person typed, without what does not matter (section 6.1).
fn typed_code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).take(LETTERS + 1).map(|c| c.to_ascii_uppercase()).collect()
}

/// A label that a stranger chose, so that it can be shown: no control or direction characters, not long.
fn plain_label(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(MAX_LABEL).collect()
}

#[cfg(test)]
mod tests {
    use sealane_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn a_user_code_is_eight_letters_of_the_alphabet() {
        let random = SystemRandom::new().unwrap();
        for _ in 0..100 {
            let code = fresh_user_code(&random);
            assert_eq!(code.len(), 8);
            assert!(code.bytes().all(|letter| ALPHABET.contains(&letter)));
        }
    }

    #[test]
    fn a_code_is_understood_however_it_is_typed() {
        assert_eq!(shown_code("BCDFGHJK"), "BCDF-GHJK");
        for typed in ["BCDF-GHJK", "bcdf ghjk", " bcdfghjk\n"] {
            assert_eq!(typed_code(typed), "BCDFGHJK");
        }
    }

    #[test]
    fn asking_too_fast_makes_the_interval_longer() {
        let pace = Pace::default();
        let device = token::stored("device", &["x"]);
        let start = Timestamp::from_seconds(1_000);
        assert_eq!(pace.too_soon(device, start), None);
        assert_eq!(pace.too_soon(device, start.after(Duration::from_secs(1))), Some(Duration::from_secs(7)));
        assert_eq!(pace.too_soon(device, start.after(Duration::from_secs(7))), Some(Duration::from_secs(12)));
        assert_eq!(pace.too_soon(device, start.after(Duration::from_secs(60))), None);
    }

    #[test]
    fn a_label_cannot_pretend_to_be_something_else() {
        assert_eq!(plain_label("cli\u{202e}evil\r\n<b>"), "clievil<b>");
    }
}
