//! What an identity token must be before we believe a word of it (OpenID Connect Core 1.0 section 3.1.3.7).
//!
//! `openidconnect` checks signature, algorithm list, issuer, audience and nonce. What it leaves open is closed here:
//! `azp`, times with 60 seconds of skew, age, `nbf`, `auth_time` against what was asked, `acr` against what is demanded.
//! INVARIANT: `none` and shared-secret algorithms are never on the list.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier, IssuerUrl,
    JsonWebKeySet, Nonce, SignatureVerificationError,
};
use sealane_model::limits::CLOCK_SKEW;
use sealane_model::{Person, PersonId, Timestamp};
use sealane_policy::Assurance;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A token of the code flow is made in the moment that we ask for it.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);
const MAX_TOKEN_BYTES: usize = 64 * 1024;
const MAX_GROUPS: usize = 1_000;
const MAX_TEXT: usize = 255;

/// What must be found in the token.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) now: Timestamp,
    /// The person must have proved who they are within this time, for a step-up.
    pub(crate) fresh_within: Option<Duration>,
    pub(crate) acr_values: &'a [String],
    pub(crate) groups_claim: Option<&'a str>,
}

/// What a verified token says.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) person: Person,
    pub(crate) groups: Vec<String>,
    pub(crate) assurance: Assurance,
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("it cannot be read")]
    Malformed,
    #[error("it is signed with an algorithm that is not allowed, or not at all")]
    Algorithm,
    #[error("it is signed with a key that the identity provider does not publish")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it comes from another issuer")]
    Issuer,
    #[error("it is meant for another application")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is dated in the future: compare the clocks of both machines")]
    Future,
    #[error("it was made too long ago")]
    TooOld,
    #[error("it answers another sign-in")]
    Nonce,
    #[error("it does not say that the person has just proved who they are")]
    NotFresh,
    #[error("the person did not sign in as strongly as this site demands")]
    TooWeak,
    #[error("it names nobody")]
    Subject,
}

impl TokenError {
    /// A stable word for the audit log and for programs.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "token-malformed",
            Self::Algorithm => "token-algorithm",
            Self::UnknownKey => "token-unknown-key",
            Self::Signature => "token-signature",
            Self::Issuer => "token-issuer",
            Self::Audience => "token-audience",
            Self::Expired => "token-expired",
            Self::Future => "token-future",
            Self::TooOld => "token-too-old",
            Self::Nonce => "token-nonce",
            Self::NotFresh => "token-not-fresh",
            Self::TooWeak => "token-too-weak",
            Self::Subject => "token-subject",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Others {}

type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<Others, CoreGenderClaim>;

const ALLOWED: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Verify a token against a provider's published keys and against what this sign-in expects.
pub(crate) fn verify(text: &str, keys: &CoreJsonWebKeySet, expected: &Expected<'_>) -> Result<Verified, TokenError> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let token: Token = text.parse().map_err(|_| TokenError::Malformed)?;
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(|_| TokenError::Issuer)?;
    let leeway = chrono_time(Timestamp::from_micros(expected.now.as_micros().saturating_sub(skew_micros())));
    let verifier = IdTokenVerifier::new_public_client(
        ClientId::new(expected.client_id.to_owned()),
        issuer,
        JsonWebKeySet::new(keys.keys().clone()),
    )
    .set_allowed_algs(ALLOWED)
    .set_time_fn(move || leeway);
    let claims = token.claims(&verifier, &Nonce::new(expected.nonce.to_owned())).map_err(|error| reason(&error))?;
    check_party(claims, expected)?;
    check_times(claims, expected)?;
    check_strength(claims, expected)?;
    collect(claims, expected)
}

/// OpenID Connect Core 1.0 section 3.1.3.7 points 4 and 5. Other audiences were refused already.
fn check_party(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    match claims.authorized_party() {
        Some(party) if party.as_str() != expected.client_id => Err(TokenError::Audience),
        _ => Ok(()),
    }
}

fn check_times(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    let latest = expected.now.after(CLOCK_SKEW);
    let issued = Timestamp::from_seconds(claims.issue_time().timestamp());
    let not_before = claims.additional_claims().all.get("nbf").map(|value| value.as_f64().ok_or(TokenError::Malformed));
    if issued > latest {
        return Err(TokenError::Future);
    }
    if expected.now.since(issued) > MAX_AGE + CLOCK_SKEW {
        return Err(TokenError::TooOld);
    }
    if let Some(not_before) = not_before {
        #[expect(clippy::cast_precision_loss, reason = "seconds of this era are exact in 53 bits")]
        if not_before? > latest.as_seconds() as f64 {
            return Err(TokenError::Future);
        }
    }
    let proved = claims.auth_time().map(|time| Timestamp::from_seconds(time.timestamp()));
    match (proved, expected.fresh_within) {
        (Some(proved), _) if proved > latest => Err(TokenError::Future),
        (Some(proved), Some(within)) if expected.now.since(proved) > within + CLOCK_SKEW => Err(TokenError::NotFresh),
        (None, Some(_)) => Err(TokenError::NotFresh),
        _ => Ok(()),
    }
}

fn check_strength(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    let met = |acr: &str| expected.acr_values.iter().any(|wanted| wanted == acr);
    let enough = expected.acr_values.is_empty() || claims.auth_context_ref().is_some_and(|acr| met(acr.as_str()));
    if enough { Ok(()) } else { Err(TokenError::TooWeak) }
}

fn collect(claims: &Claims, expected: &Expected<'_>) -> Result<Verified, TokenError> {
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > MAX_TEXT {
        return Err(TokenError::Subject);
    }
    let verified_email = claims.email().filter(|_| claims.email_verified() == Some(true));
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
    let person = Person {
        id: PersonId { issuer: expected.issuer.to_owned(), subject: subject.to_owned() },
        email: verified_email.and_then(|email| short(email.as_str())).map(|email| email.to_lowercase()),
        name: name.and_then(short).map(ToOwned::to_owned),
    };
    let assurance = Assurance {
        acr: claims.auth_context_ref().and_then(|acr| short(acr.as_str())).map(ToOwned::to_owned),
        amr: claims
            .auth_method_refs()
            .map(|all| all.iter().take(16).map(|one| one.as_str().to_owned()).collect())
            .unwrap_or_default(),
        auth_time_s: claims.auth_time().map(|time| time.timestamp()),
    };
    Ok(Verified { person, groups: groups(claims, expected.groups_claim), assurance })
}

fn groups(claims: &Claims, claim: Option<&str>) -> Vec<String> {
    let value = claim.and_then(|claim| claims.additional_claims().all.get(claim));
    let texts: Vec<&str> = match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts
        .into_iter()
        .filter(|text| !text.is_empty())
        .filter_map(short)
        .take(MAX_GROUPS)
        .map(ToOwned::to_owned)
        .collect()
}

fn short(text: &str) -> Option<&str> {
    (text.len() <= MAX_TEXT).then_some(text)
}

fn skew_micros() -> i64 {
    i64::try_from(CLOCK_SKEW.as_micros()).unwrap_or(i64::MAX)
}

fn chrono_time(time: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.as_micros()).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn reason(error: &ClaimsVerificationError) -> TokenError {
    match error {
        ClaimsVerificationError::Expired(_) => TokenError::Expired,
        ClaimsVerificationError::InvalidAudience(_) => TokenError::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => TokenError::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => TokenError::Nonce,
        ClaimsVerificationError::InvalidSubject(_) => TokenError::Subject,
        ClaimsVerificationError::InvalidAuthTime(_) => TokenError::NotFresh,
        ClaimsVerificationError::InvalidAuthContext(_) => TokenError::TooWeak,
        ClaimsVerificationError::SignatureVerification(cause) => match cause {
            SignatureVerificationError::NoMatchingKey => TokenError::UnknownKey,
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_)
            | SignatureVerificationError::NoSignature => TokenError::Algorithm,
            _ => TokenError::Signature,
        },
        _ => TokenError::Malformed,
    }
}
