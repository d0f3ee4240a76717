//! What every handler shares: the site's use cases and the settings of its faces.

use std::sync::Arc;

use axum::extract::FromRef;
use sealane_service::view::SiteView;
use sealane_service::{App, site};

use crate::options::HttpOptions;

/// The router's state.
#[derive(Clone)]
pub(crate) struct Web {
    /// The use cases.
    pub(crate) app: App,
    /// The settings.
    pub(crate) options: Arc<HttpOptions>,
}

impl Web {
    /// What anybody may know of the site.
    pub(crate) fn site(&self) -> SiteView {
        site::show(&self.app)
    }
}

impl FromRef<Web> for App {
    fn from_ref(web: &Web) -> Self {
        web.app.clone()
    }
}
