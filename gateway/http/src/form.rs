//! Forms: fields by name, repeated ones included, and the token that ties a form to the session it was made for.
//!
//! The token is checked before a handler sees any field, so a handler cannot forget it.

use axum::extract::{FromRequest, Request};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use url::form_urlencoded;

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::read_body;
use crate::ui::part::form_token;

/// The fields of a form that this session's page sent.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// A field's value; empty where it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    /// A field's value without surrounding space, if anything is in it.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        Some(self.text(name).trim()).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Every value of a repeated field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        let signed_in = request.extensions().get::<SignedIn>().cloned().ok_or_else(crate::caller::not_signed_in)?;
        let body = read_body(request, "application/x-www-form-urlencoded").await?;
        let form = Self(form_urlencoded::parse(&body).into_owned().collect());
        if signed_in.owns_form(form.text(form_token::NAME)) { Ok(form) } else { Err(stale()) }
    }
}

fn stale() -> Failure {
    let problem = Problem::new(
        ProblemKind::Denied,
        "form-stale",
        "This form is no longer good",
        "It was made for another session: you have signed in anew since, or it did not come from this site.",
    );
    Failure::from(problem.next("Go back, load the page again, and repeat what you did."))
}
