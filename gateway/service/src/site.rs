//! What anybody may know of this site: enough to sign in. Public, so neither decided nor recorded.

use crate::app::App;
use crate::view::{ProviderView, SiteView};

/// The site and its identity providers.
#[must_use]
pub fn show(app: &App) -> SiteView {
    let identity = app.identity();
    let providers = &app.parts().providers;
    SiteView {
        site: identity.site,
        name: identity.name.clone(),
        title: identity.title.clone(),
        url: identity.url.clone(),
        providers: providers
            .iter()
            .map(|provider| ProviderView { name: provider.config.name.clone(), title: provider.config.title.clone() })
            .collect(),
    }
}
