//! A provider's published keys (RFC 7517), kept for an hour and asked for again when a token names one that we do not know.
//!
//! That a token can make us ask is a lever for whoever sends garbage, so it works at most once a minute for each provider.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use sealane_model::Timestamp;
use tokio::sync::Mutex;
use url::Url;

use crate::outbound::{Outbound, OutboundError};

const KEEP: Duration = Duration::from_secs(3600);
const COOL_DOWN: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct State {
    keys: Option<Arc<CoreJsonWebKeySet>>,
    asked_at: Option<Timestamp>,
}

/// The keys of one provider.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<State>);

impl Keys {
    /// The keys as last known.
    pub(crate) async fn current(
        &self,
        http: &Outbound,
        address: &Url,
        now: Timestamp,
    ) -> Result<Arc<CoreJsonWebKeySet>, OutboundError> {
        let mut state = self.0.lock().await;
        let recent = state.asked_at.is_some_and(|at| now.since(at) < KEEP);
        if let Some(keys) = state.keys.as_ref().filter(|_| recent) {
            return Ok(Arc::clone(keys));
        }
        let before = state.keys.clone();
        match ask(&mut state, http, address, now).await {
            Ok(keys) => Ok(keys),
            // A provider that is away for a moment does not lock everybody out.
            Err(error) => before.ok_or(error),
        }
    }

    /// The keys after a token named one that is not among `seen`; `None` where it is too early to ask again.
    pub(crate) async fn after_unknown(
        &self,
        seen: &Arc<CoreJsonWebKeySet>,
        http: &Outbound,
        address: &Url,
        now: Timestamp,
    ) -> Result<Option<Arc<CoreJsonWebKeySet>>, OutboundError> {
        let mut state = self.0.lock().await;
        // Somebody else asked while this one waited for the lock.
        if let Some(newer) = state.keys.as_ref().filter(|keys| !Arc::ptr_eq(keys, seen)) {
            return Ok(Some(Arc::clone(newer)));
        }
        if state.asked_at.is_some_and(|at| now.since(at) < COOL_DOWN) {
            return Ok(None);
        }
        ask(&mut state, http, address, now).await.map(Some)
    }
}

async fn ask(
    state: &mut State,
    http: &Outbound,
    address: &Url,
    now: Timestamp,
) -> Result<Arc<CoreJsonWebKeySet>, OutboundError> {
    state.asked_at = Some(now);
    let keys = Arc::new(http.get_json::<CoreJsonWebKeySet>(address).await?);
    state.keys = Some(Arc::clone(&keys));
    Ok(keys)
}
