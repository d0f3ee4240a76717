//! Sharing: collections and the access rules on them.
//!
//! Part of the closed catalogue in `catalogue.rs`; names are stable once released.

use super::catalogue::kinds;

kinds! {
    /// Collections and their access rules.
    Sharing {
        CollectionList = "collection.list", "Collections that a person may see are shown.";
        CollectionShow = "collection.show", "One collection's description is shown.";
        CollectionCreate = "collection.create", "A collection is made.";
        CollectionChange = "collection.change", "A collection's class, name or settings change.";
        CollectionRemove = "collection.remove", "A collection is withdrawn.";
        RuleList = "rule.list", "Access rules of a collection are shown.";
        RuleCreate = "rule.create", "An access rule is added.";
        RuleChange = "rule.change", "An access rule is changed: the old and the new values stand side by side.";
        RuleRemove = "rule.remove", "An access rule is removed.";
        RuleExpire = "rule.expire", "An access rule reaches its end and stops applying.";
    }
}
