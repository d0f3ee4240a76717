//! The field that ties a form to the session whose page it stands on.

use maud::{Markup, html};

/// The field's name.
pub(crate) const NAME: &str = "form_token";

/// The field.
pub(crate) fn field(token: &str) -> Markup {
    html! { input type="hidden" name=(NAME) value=(token); }
}
