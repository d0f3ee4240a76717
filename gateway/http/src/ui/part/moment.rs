//! Instants: to the second in UTC for people, exact for programs.

use maud::{Markup, html};

/// A time from its RFC 3339 text.
pub(crate) fn moment(exact: &str) -> Markup {
    html! { time datetime=(exact) { (readable(exact)) } }
}

/// `2026-03-01 09:30:00 UTC` from `2026-03-01T09:30:00.123Z`.
pub(crate) fn readable(exact: &str) -> String {
    let whole = exact.split(['.', 'Z']).next().unwrap_or(exact);
    format!("{} UTC", whole.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_left_to_programs() {
        assert_eq!(readable("2026-03-01T09:30:00.5Z"), "2026-03-01 09:30:00 UTC");
        assert_eq!(readable("2026-03-01T09:30:00Z"), "2026-03-01 09:30:00 UTC");
    }
}
