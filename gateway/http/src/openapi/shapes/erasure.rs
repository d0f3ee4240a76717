//! The objects of erasures and of legal holds, field by field.

use super::NEXT;
use crate::openapi::shape::Kind::{Count, Flag, Is, List, Maybe, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "About",
        about: "Whose personal values are meant; which other field is there follows from `kind`.",
        fields: &[
            must("kind", Word(&["person", "collection"]), "Which kind."),
            may("issuer", Text, "Of a person: the identity provider."),
            may("subject", Text, "Of a person: their subject there."),
            may("collection", Text, "Of a collection: its id; in requests also its name."),
        ],
    },
    Shape {
        name: "NewErasure",
        about: "An erasure from the audit log to ask for.",
        fields: &[
            must("about", Is("About"), "Whose values."),
            must("basis", Text, "On what ground, also for values that are younger than the retention."),
        ],
    },
    Shape {
        name: "ErasurePart",
        about: "What one of the site's audit logs has to do for an erasure.",
        fields: &[
            must("log", Text, "The log's name."),
            must("done_at", Maybe(&Time), "When it was done."),
            must("values", Maybe(&Count), "How many values were erased."),
        ],
    },
    Shape {
        name: "Erasure",
        about: "An erasure of the personal values of a person or collection from the audit log.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("state", Word(&["waiting", "expired", "approved", "held", "done"]), "Where it stands."),
            must("about", Maybe(&Is("About")), "Whose values; null once done."),
            must("basis", Maybe(&Text), "On what ground; null once done, the audit log keeps it."),
            must("requested_by", Text, "Who asked."),
            must("requested_at", Time, "When."),
            must("expires_at", Time, "Until when it can be approved."),
            must("approved_by", Maybe(&Text), "Who agreed."),
            must("approved_at", Maybe(&Time), "When."),
            must("parts", List(&Is("ErasurePart")), "What each log has done."),
        ],
    },
    Shape {
        name: "ErasurePage",
        about: "A page of erasures, the newest first.",
        fields: &[must("items", List(&Is("Erasure")), "The erasures."), NEXT],
    },
    Shape {
        name: "NewHold",
        about: "A legal hold to place.",
        fields: &[must("about", Is("About"), "On whose values."), must("reason", Text, "Why.")],
    },
    Shape {
        name: "Hold",
        about: "A legal hold: nothing of that person or collection is erased while it stands.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("about", Maybe(&Is("About")), "On whose values."),
            must("reason", Maybe(&Text), "Why."),
            must("placed_by", Text, "Who placed it."),
            must("placed_at", Time, "When."),
            must("release_asked_by", Maybe(&Text), "Who asked for its release."),
            must("release_asked_at", Maybe(&Time), "When."),
            must("released", Flag, "Whether it has ended."),
        ],
    },
    Shape {
        name: "HoldPage",
        about: "A page of legal holds, the newest first.",
        fields: &[must("items", List(&Is("Hold")), "The holds."), NEXT],
    },
];
