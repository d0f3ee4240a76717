//! Components: one function per thing that pages show.

pub(crate) mod class_badge;
pub(crate) mod collection_card;
pub(crate) mod crumbs;
pub(crate) mod entry_table;
pub(crate) mod event_list;
pub(crate) mod form_token;
pub(crate) mod moment;
pub(crate) mod outcome;
pub(crate) mod pager;
pub(crate) mod place;
pub(crate) mod principal;
pub(crate) mod progress;
pub(crate) mod rule_form;
pub(crate) mod rule_table;
pub(crate) mod state_badge;
pub(crate) mod task_table;
