//! A collection's access rules, one a row.
//!
//! In a narrow window each row becomes a card. That takes from some browsers what they know of the table, so the roles of
//! its parts are written out (WAI-ARIA 1.2 section 5.4).

use maud::{Markup, html};
use sealane_model::{Permission, RuleId};
use sealane_service::view::RuleView;

use super::moment::moment;
use super::principal::principal;
use crate::ui::address;
use crate::ui::layout::Frame;

const CAPTION: &str = "Rules in force. A rule that forbids wins over every rule that allows.";

/// The table; the rule `made` is marked as new.
pub(crate) fn rule_table(frame: &Frame, collection: &str, rules: &[RuleView], made: Option<RuleId>) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Rules in force" {
            table.cards role="table" {
                caption { (CAPTION) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Who", "Access", "Path", "Until", "Purpose", "Made by"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                        th scope="col" role="columnheader" { span.hidden { "Revoke" } }
                    }
                }
                tbody role="rowgroup" { @for rule in rules { (row(frame, collection, rule, made == Some(rule.id))) } }
            }
        }
    }
}

fn row(frame: &Frame, collection: &str, rule: &RuleView, is_new: bool) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" {
                span { (principal(&rule.principal)) @if is_new { " " span.badge { "New" } } }
            }
            td role="cell" data-name="Access" { (permissions(rule.deny, &rule.permissions)) }
            td role="cell" data-name="Path" { code { (rule.path.to_text()) } }
            td role="cell" data-name="Until" {
                @match rule.expires_at { Some(end) => (moment(&end.to_string())), None => span.soft { "No end" } }
            }
            td role="cell" data-name="Purpose" {
                @match &rule.purpose { Some(purpose) => (purpose), None => span.soft { "Any" } }
            }
            td role="cell" data-name="Made by" {
                @match &rule.created_by { Some(person) => (person), None => span.soft { "Configuration" } }
            }
            td.does role="cell" { @if rule.created_by.is_some() { (revoke(frame, collection, rule)) } }
        }
    }
}

fn permissions(deny: bool, permissions: &[Permission]) -> Markup {
    let words: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
    html! {
        span {
            @if deny { span.badge.bad { "May not" } } @else { span.badge.good { "May" } }
            " " (words.join(", "))
        }
    }
}

fn revoke(frame: &Frame, collection: &str, rule: &RuleView) -> Markup {
    html! {
        form method="post" action=(address::revoke_rule(rule.id)) {
            (frame.form_token())
            input type="hidden" name="collection" value=(collection);
            button.danger type="submit" { "Revoke" span.hidden { " the rule for " (principal(&rule.principal)) } }
        }
    }
}
