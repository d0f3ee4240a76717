//! Signing in and out in a browser: to the identity provider, back from it, and away.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::HeaderMap;
use sealane_service::identity::{Begin, CallbackQuery, StepUp, callback, login, session};
use serde::Deserialize;

use crate::caller::{From, SignedIn};
use crate::cookie;
use crate::error::Failure;
use crate::extract::ApiQuery;
use crate::form::Form;
use crate::ui::address::safe_return;
use crate::web::Web;

/// What a sign-in link says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginQuery {
    /// The provider's short name.
    provider: Option<String>,
    /// The page to come back to.
    return_to: Option<String>,
    /// Prove anew who you are: within so many seconds, 0 for now.
    max_age: Option<u64>,
}

/// Send the browser to the identity provider. `GET /auth/login`.
pub(crate) async fn begin(
    State(web): State<Web>,
    From(client): From,
    ApiQuery(query): ApiQuery<LoginQuery>,
) -> Result<Response, Failure> {
    let begin = Begin {
        provider: query.provider,
        return_to: Some(safe_return(query.return_to.as_deref()).to_owned()),
        step_up: query.max_age.map(|max_age_s| StepUp { max_age_s }),
    };
    let redirect = login::begin(&web.app, begin, &client).await?;
    let name = web.options.login_cookie();
    let binding = cookie::set(&web.options, &name, redirect.binding.expose(), redirect.expires_in_s)?;
    Ok((AppendHeaders([binding]), Redirect::to(redirect.location.as_str())).into_response())
}

/// Finish the sign-in. `GET /auth/callback`.
pub(crate) async fn finish(
    State(web): State<Web>,
    From(client): From,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<CallbackQuery>,
) -> Result<Response, Failure> {
    let bindings = cookie::values(&headers, &web.options.login_cookie());
    let sessions = cookie::values(&headers, &web.options.session_cookie());
    let [binding, previous] = [&bindings, &sessions].map(|values| values.first().map(String::as_str));
    let signed_in = callback::finish(&web.app, query, binding, previous, &client).await?;
    let lifetime = signed_in.expires_at.since(web.app.clock().now()).as_secs();
    let session = cookie::set(&web.options, &web.options.session_cookie(), signed_in.token.expose(), lifetime)?;
    let binding = cookie::forget(&web.options, &web.options.login_cookie())?;
    Ok((AppendHeaders([session, binding]), Redirect::to(safe_return(Some(&signed_in.return_to)))).into_response())
}

/// End the session. `POST /auth/logout`.
pub(crate) async fn sign_out(State(web): State<Web>, signed_in: SignedIn, _form: Form) -> Result<Response, Failure> {
    session::sign_out(&web.app, &signed_in.caller).await?;
    let session = cookie::forget(&web.options, &web.options.session_cookie())?;
    Ok((AppendHeaders([session]), Redirect::to("/")).into_response())
}
