//! For whom an access rule is.

use maud::{Markup, html};
use sealane_service::view::PrincipalView;

/// The person, group or crowd.
pub(crate) fn principal(principal: &PrincipalView) -> Markup {
    html! {
        @match principal {
            PrincipalView::Email { email } => (email),
            PrincipalView::Person { issuer, subject } => { (subject) " " span.soft { "at " (issuer) } },
            PrincipalView::Group { group } => { "Group " (group) },
            PrincipalView::Site { site } => { "People of site " (site) },
            PrincipalView::EveryoneSignedIn => "Everyone signed in",
            PrincipalView::Anonymous => "Anybody, without signing in",
        }
    }
}
