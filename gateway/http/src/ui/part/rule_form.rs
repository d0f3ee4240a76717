//! The form that adds an access rule: for whom, where, until when, for what purpose, and what they may do.
//!
//! The fields of a choice are shown by the style sheet when the choice is made; where it cannot, all are there and those
//! of the other choices count for nothing.

use maud::{Markup, html};
use sealane_model::{Class, Permission};

use crate::ui::layout::Frame;
use crate::ui::rule_draft::{RuleDraft, Who, Wrong};

/// Where the form goes, and what it knows of the collection.
pub(crate) struct Setting<'a> {
    /// The address that takes the form.
    pub(crate) action: &'a str,
    /// The class of the collection's data.
    pub(crate) class: Class,
    /// The first day that a rule can end on.
    pub(crate) today: &'a str,
}

/// The form with what was typed, and what is wrong beside each field.
pub(crate) fn rule_form(frame: &Frame, setting: &Setting<'_>, draft: &RuleDraft, wrong: &[Wrong]) -> Markup {
    html! {
        form.card.who-form method="post" action=(setting.action) {
            (frame.form_token())
            div.halves {
                div { (whom(setting, draft, wrong)) (bounds(setting, draft, wrong)) }
                div { (what(draft, wrong)) }
            }
            button type="submit" { "Add rule" }
        }
    }
}

fn whom(setting: &Setting<'_>, draft: &RuleDraft, wrong: &[Wrong]) -> Markup {
    let note = wrong_with("who", wrong);
    html! {
        div.field {
            label for="who" { "For whom" }
            select #who name="who" aria-invalid=[note.map(|_| "true")] aria-describedby=[note.map(|_| "who-wrong")] {
                @for who in Who::ALL {
                    option value=(who.word()) selected[draft.who == Some(who)] { (name(who)) }
                }
            }
            (wrong_note("who", note))
        }
        div.for-email {
            (text(&Field { id: "email", label: "E-mail address", optional: false, value: &draft.email, hint: "As their identity provider verifies it at sign-in." }, wrong))
        }
        div.for-person {
            (text(&Field { id: "issuer", label: "Issuer", optional: false, value: &draft.issuer, hint: "The address of their identity provider, such as https://login.university-b.example." }, wrong))
            (text(&Field { id: "subject", label: "Subject", optional: false, value: &draft.subject, hint: "The lasting name that the identity provider gives to this person." }, wrong))
        }
        div.for-group {
            (text(&Field { id: "group", label: "Group", optional: false, value: &draft.group, hint: "As the identity provider names it." }, wrong))
        }
        div.for-anonymous {
            p.note.warn {
                strong { "Public data only. " }
                "Anybody on the internet is let in, without a name. "
                @if setting.class == Class::Public { "No rule can be made more open than this." }
                @else { "This collection is not public, so such a rule is refused." }
            }
        }
    }
}

const fn name(who: Who) -> &'static str {
    match who {
        Who::Email => "An e-mail address",
        Who::Person => "A person, by issuer and subject",
        Who::Group => "A group",
        Who::Everyone => "Everyone signed in",
        Who::Anonymous => "Anybody, without signing in",
    }
}

fn what(draft: &RuleDraft, wrong: &[Wrong]) -> Markup {
    let note = wrong_with("permission-list", wrong);
    html! {
        fieldset aria-describedby=[note.map(|_| "permission-list-wrong")] {
            legend { "What they may do" }
            @for permission in Permission::ALL {
                label.choice {
                    input id={ "permission-" (permission) } type="checkbox" name="permission" value=(permission)
                        checked[draft.permissions.contains(&permission)];
                    span { (capital(permission)) " " span.soft { (meaning(permission)) } }
                }
            }
            (wrong_note("permission-list", note))
        }
        fieldset {
            legend { "Allow or forbid" }
            label.choice {
                input type="checkbox" name="deny" value="yes" checked[draft.deny];
                span { "Forbid instead of allow " span.soft { "It wins over every rule that allows." } }
            }
        }
    }
}

const fn capital(permission: Permission) -> &'static str {
    match permission {
        Permission::List => "List",
        Permission::Read => "Read",
        Permission::Write => "Write",
        Permission::Delete => "Delete",
        Permission::Share => "Share",
    }
}

const fn meaning(permission: Permission) -> &'static str {
    match permission {
        Permission::List => "See names, sizes and times.",
        Permission::Read => "Read content and send it elsewhere; gives List too.",
        Permission::Write => "Make and change files and directories. Alone, a drop box.",
        Permission::Delete => "Remove files and directories; with Write, rename them.",
        Permission::Share => "See, make and revoke access rules.",
    }
}

fn bounds(setting: &Setting<'_>, draft: &RuleDraft, wrong: &[Wrong]) -> Markup {
    let note = wrong_with("until", wrong);
    let described = if note.is_some() { "until-hint until-wrong" } else { "until-hint" };
    html! {
        (text(&Field { id: "path", label: "Path", optional: false, value: &draft.path, hint: "The rule holds for this and for everything beneath it; / is the whole collection." }, wrong))
        div.field {
            label for="until" { "Until " span.soft { "(optional)" } }
            input #until type="date" name="until" value=(draft.until) min=(setting.today)
                aria-invalid=[note.map(|_| "true")] aria-describedby=(described);
            small #until-hint { "The last day, in UTC. Without it the rule holds until it is revoked." }
            (wrong_note("until", note))
        }
        (text(&Field { id: "purpose", label: "Purpose", optional: true, value: &draft.purpose, hint: "The rule counts only for requests that declare exactly this purpose." }, wrong))
    }
}

/// One line of text to fill in.
struct Field<'a> {
    id: &'static str,
    label: &'static str,
    optional: bool,
    value: &'a str,
    hint: &'static str,
}

fn text(field: &Field<'_>, wrong: &[Wrong]) -> Markup {
    let id = field.id;
    let note = wrong_with(id, wrong);
    let described = if note.is_some() { format!("{id}-hint {id}-wrong") } else { format!("{id}-hint") };
    html! {
        div.field {
            label for=(id) { (field.label) @if field.optional { " " span.soft { "(optional)" } } }
            input id=(id) type="text" name=(id) value=(field.value) maxlength="1024" autocomplete="off" autocapitalize="none"
                spellcheck="false" aria-invalid=[note.map(|_| "true")] aria-describedby=(described);
            small id={ (id) "-hint" } { (field.hint) }
            (wrong_note(id, note))
        }
    }
}

fn wrong_with<'a>(field: &str, wrong: &'a [Wrong]) -> Option<&'a str> {
    wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.words.as_str())
}

fn wrong_note(field: &str, words: Option<&str>) -> Markup {
    html! { @if let Some(words) = words { p.wrong id={ (field) "-wrong" } { (words) } } }
}
