//! What a page's forms hold, so that a test can send them as a browser would.

use scraper::{ElementRef, Html, Selector};

/// The fields of the form with this action, with what is already filled in: hidden fields, texts, what is checked.
pub(crate) fn fields(page: &str, action: &str) -> Vec<(String, String)> {
    let document = Html::parse_document(page);
    let forms = Selector::parse("form").unwrap();
    let form = document.select(&forms).find(|form| form.value().attr("action") == Some(action));
    let form = form.unwrap_or_else(|| panic!("no form for {action} in {page}"));
    let inputs = Selector::parse("input[name]").unwrap();
    form.select(&inputs).filter(is_sent).map(|input| (attribute(&input, "name"), attribute(&input, "value"))).collect()
}

fn is_sent(input: &ElementRef<'_>) -> bool {
    let ticked = matches!(input.value().attr("type"), Some("checkbox" | "radio"));
    !ticked || input.value().attr("checked").is_some()
}

fn attribute(input: &ElementRef<'_>, name: &str) -> String {
    input.value().attr(name).unwrap_or_default().to_owned()
}
