//! The objects of access rules, field by field.

use super::{NEXT, PERMISSION};
use crate::openapi::shape::Kind::{Flag, Is, List, Maybe, Path, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "Principal",
        about: "For whom a rule is; which other field is there follows from `kind`.",
        fields: &[
            must("kind", Word(&["person", "email", "group", "site", "everyone-signed-in", "anonymous"]), "Which kind."),
            may("issuer", Text, "Of a person: the identity provider."),
            may("subject", Text, "Of a person: their subject there."),
            may("email", Text, "Of an e-mail address: the address."),
            may("group", Text, "Of a group: its name."),
            may("site", Text, "Of a site: its id."),
        ],
    },
    Shape {
        name: "NewRule",
        about: "An access rule to make.",
        fields: &[
            may("path", Maybe(&Path), "Beneath which path it holds; the whole collection where absent."),
            must("principal", Is("Principal"), "For whom."),
            must("permissions", List(&Word(PERMISSION)), "What they may do, or with `deny` may not."),
            may("deny", Flag, "Whether the rule forbids. A rule that forbids wins over every rule that allows."),
            may("expires_at", Maybe(&Time), "Until when; for good where absent."),
            may("purpose", Maybe(&Text), "The purpose that a request must declare."),
        ],
    },
    Shape {
        name: "Rule",
        about: "An access rule that holds.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("path", Path, "Beneath which path it holds."),
            must("principal", Is("Principal"), "For whom."),
            must("permissions", List(&Word(PERMISSION)), "What they may or may not do."),
            must("deny", Flag, "Whether it forbids."),
            must("expires_at", Maybe(&Time), "Until when."),
            must("purpose", Maybe(&Text), "The purpose that a request must declare."),
            must("created_by", Maybe(&Text), "Who made it; null for rules from the configuration file."),
            must("created_at", Time, "When it was made."),
        ],
    },
    Shape {
        name: "RulePage",
        about: "A page of access rules.",
        fields: &[must("items", List(&Is("Rule")), "The rules."), NEXT],
    },
];
