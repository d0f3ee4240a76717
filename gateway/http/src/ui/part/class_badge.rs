//! The class of data, in words first: colour only repeats what the text says (WCAG 1.4.1).

use maud::{Markup, html};
use sealane_model::Class;

/// A badge such as `PHI`, with its meaning for those who do not know the letters.
pub(crate) fn class_badge(class: Class) -> Markup {
    let (short, meaning, tone) = words(class);
    html! { span.badge.(tone) title=(meaning) { span.hidden { "Class: " } (short) } }
}

fn words(class: Class) -> (&'static str, &'static str, &'static str) {
    match class {
        Class::Public => ("Public", "Open to anybody", "good"),
        Class::Internal => ("Internal", "For members of the institution", "plain"),
        Class::Pii => ("PII", "Personally identifiable information", "warn"),
        Class::Phi => ("PHI", "Protected health information", "bad"),
        Class::PhiLimited => ("PHI, limited", "Limited data set of protected health information", "warn"),
        Class::CuiBasic => ("CUI Basic", "Controlled unclassified information", "bad"),
        Class::CuiSpecified => ("CUI Specified", "Controlled unclassified information with rules of its own", "bad"),
    }
}
