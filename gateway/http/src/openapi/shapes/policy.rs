//! The objects of questions to policy, field by field.

use super::{CLASS, PERMISSION};
use crate::openapi::shape::Kind::{Count, Digest, Flag, Free, Is, List, Maybe, Path, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

const EFFECT: &[&str] = &["permit", "deny", "step-up"];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "Explain",
        about: "Why somebody may do something, or may not.",
        fields: &[
            must("who", Text, "Whom it is about; `you` for whoever asks."),
            must("action", Text, "The action."),
            must("collection", Maybe(&Text), "The collection; null where it is about the site itself."),
            must("path", Maybe(&Path), "The path in it."),
            must("at", Time, "The time of asking."),
            must("notes", List(&Text), "What was assumed."),
            must("explanation", Is("Explanation"), "The answer and its derivation."),
        ],
    },
    Shape {
        name: "Explanation",
        about: "An answer with the whole derivation.",
        fields: &[
            must("answer", Is("PolicyAnswer"), "The answer."),
            must("snapshot", Digest, "The hash of all rules that it was made with."),
            must("mandatory", Maybe(&Is("MandatoryLayer")), "What the class of the data asks for."),
            must("grants", List(&Is("GrantStep")), "The access rules at the place and above it, from the root down."),
            must("grants_left_out", Count, "How many access rules there are that are not shown."),
            must("decider", Maybe(&Is("DeciderLayer")), "The rows that casbin decides over, and what it says."),
        ],
    },
    Shape {
        name: "PolicyAnswer",
        about: "What policy says.",
        fields: &[
            must("effect", Word(EFFECT), "Yes, no, or yes after a fresh sign-in."),
            must("code", Text, "A stable word for programs, such as `rule.missing`."),
            must("text", Text, "A sentence for people."),
            must("unmet", List(&Is("Unmet")), "Everything that was missing."),
            must("rule", Maybe(&Text), "The rows and access rules that decided."),
        ],
    },
    Shape {
        name: "Unmet",
        about: "One thing that was missing.",
        fields: &[
            must("have", Text, "What there is."),
            must("need", Text, "What it would take."),
            must("remedy", Text, "How to get it."),
        ],
    },
    Shape {
        name: "MandatoryLayer",
        about: "The row of the class, which no access rule overrides.",
        fields: &[
            must("table", Text, "The table."),
            must("line", Count, "Its line."),
            must("class", Word(CLASS), "The class."),
            must("actions", Text, "The group of actions."),
            must("because", Text, "Why the row is so."),
            must("cells", List(&Is("MandatoryCell")), "Its cells."),
        ],
    },
    Shape {
        name: "MandatoryCell",
        about: "One cell of the row of the class.",
        fields: &[
            must("column", Text, "The column of the table."),
            must("value", Text, "What stands there."),
            must("unmet", Maybe(&Is("Unmet")), "What it found missing; null where it is met."),
        ],
    },
    Shape {
        name: "GrantStep",
        about: "One access rule that was considered.",
        fields: &[
            must("rule", Uuid, "The rule."),
            must("path", Path, "Where it stands."),
            must("who", Text, "For whom it is."),
            must("permissions", List(&Word(PERMISSION)), "What it gives or refuses."),
            must("deny", Flag, "Whether it refuses."),
            must("expires_s", Maybe(&Count), "When it ends, in seconds since 1970 UTC."),
            must("purpose", Maybe(&Text), "The purpose that must be declared."),
            must("does", Word(&["gives", "refuses", "nothing"]), "What it does here."),
            must("why", Text, "Why."),
        ],
    },
    Shape {
        name: "DeciderLayer",
        about: "The rows that casbin decides over.",
        fields: &[
            must("table", Text, "The table."),
            must("bucket", Text, "Which rows of it."),
            must("rows", List(&Is("RowStep")), "The rows."),
            must(
                "casbin",
                Maybe(&Flag),
                "What casbin says over them; null where it did not answer, which counts as no.",
            ),
        ],
    },
    Shape {
        name: "RowStep",
        about: "One row.",
        fields: &[
            must("id", Text, "Its id."),
            must("line", Count, "Its line in the table."),
            must("when", Text, "The fact that it speaks about."),
            must("truth", Word(&["yes", "no", "unknown"]), "Whether the fact is so."),
            must("effect", Word(&["allow", "deny"]), "What the row does where it applies."),
            must("applies", Flag, "Whether it applies: an unknown fact counts where it denies, not where it allows."),
            must("because", Text, "Why the row is so."),
        ],
    },
    Shape {
        name: "WhoCan",
        about: "Who can do something.",
        fields: &[
            must("action", Text, "The action."),
            must("collection", Text, "The collection."),
            must("at", Time, "The time of asking."),
            must("snapshot", Digest, "The hash of the rules that were asked."),
            must("notes", List(&Text), "What was assumed."),
            must("places", List(&Is("PlaceReach")), "Each place at which the answer differs."),
            must("more", Flag, "Whether there are more places than an answer shows."),
        ],
    },
    Shape {
        name: "PlaceReach",
        about: "Who can, at one place and beneath it.",
        fields: &[
            must("path", Path, "The place."),
            must("who", List(&Is("Standing")), "Everybody who is named, in order."),
        ],
    },
    Shape {
        name: "Standing",
        about: "How somebody stands.",
        fields: &[
            must("who", Text, "`group:readers`, `person:ISSUER#SUBJECT`, `role:auditor`, `owner`."),
            must("can", Word(&["yes", "partly", "no"]), "Whether they can."),
            must("rule", Maybe(&Text), "The rows and access rules that say so."),
            must("purpose", Maybe(&Text), "The purpose that they must declare."),
            must("why_not", Maybe(&Text), "Why not, where they cannot."),
            must("conditions", List(&Text), "What must be so besides, and is not known before they sign in."),
        ],
    },
    Shape {
        name: "WhatCan",
        about: "What somebody can do.",
        fields: &[
            must("who", Text, "Whom it is about; `you` for whoever asks."),
            must("at", Time, "The time of asking."),
            must("notes", List(&Text), "What was assumed."),
            must("collections", List(&Is("CollectionPowers")), "Each collection in which they can do something."),
        ],
    },
    Shape {
        name: "CollectionPowers",
        about: "What somebody can do in one collection.",
        fields: &[
            must("collection", Text, "The collection."),
            must("class", Word(CLASS), "The class of its data at the time of asking."),
            must("places", List(&Is("PlacePowers")), "Each place at which the answer differs."),
        ],
    },
    Shape {
        name: "PlacePowers",
        about: "What somebody may do at one place and beneath it.",
        fields: &[
            must("path", Path, "The place."),
            must("can", List(&Word(PERMISSION)), "What they may do."),
            must("after_sign_in", List(&Word(PERMISSION)), "What they may do once they have signed in again."),
            must("for_purposes", List(&Is("PurposePowers")), "What rules give them for a purpose, beyond that."),
        ],
    },
    Shape {
        name: "PurposePowers",
        about: "What somebody may do for one purpose.",
        fields: &[
            must("purpose", Text, "The purpose that they must declare."),
            must("can", List(&Word(PERMISSION)), "What they may do then."),
        ],
    },
    Shape {
        name: "Why",
        about: "Why a past decision was made.",
        fields: &[
            must("decision", Uuid, "Its id."),
            must("log", Text, "The log that has its entry."),
            must("index", Count, "The place of the entry."),
            must("at", Time, "When it was made."),
            must("kind", Text, "What was asked for, as the log names it."),
            must("effect", Word(EFFECT), "What the record says."),
            must("reason", Text, "The code of the reason."),
            must("rule", Maybe(&Text), "The rows and access rules that decided."),
            must("snapshot", Digest, "The hash of the rules that were in force."),
            must("replay", Word(&["agrees", "differs", "impossible"]), "Whether it is the same when it is made again."),
            must("replay_says", Text, "The same in words; where it is impossible, exactly why."),
            must("explanation", Maybe(&Is("Explanation")), "Its derivation under the rules of then."),
        ],
    },
    Shape {
        name: "PolicyFile",
        about: "All access rules of one moment.",
        fields: &[
            must("format", Text, "`sealane-policy-snapshot/1`."),
            must("site", Text, "The site's short name."),
            must("at", Time, "The moment."),
            must("epoch", Count, "Which state of the rules it is."),
            must("hash", Digest, "The hash of all rules, as decisions name it."),
            must("collections", List(&Is("PolicyCollection")), "The collections with their classes."),
            must("rules", List(&Is("PolicyRule")), "The access rules, in their canonical order."),
        ],
    },
    Shape {
        name: "PolicyCollection",
        about: "A collection of a snapshot.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("name", Text, "Its name."),
            must("class", Word(CLASS), "The class of its data."),
        ],
    },
    Shape {
        name: "PolicyRule",
        about: "An access rule of a snapshot.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("collection", Uuid, "Its collection."),
            must("path", Path, "Beneath which path it holds."),
            must("principal", Free, "For whom: a kind and its value."),
            must("permissions", List(&Word(PERMISSION)), "What it gives or refuses."),
            must("deny", Flag, "Whether it refuses."),
            may("expires_s", Maybe(&Count), "When it ends, in seconds since 1970 UTC."),
            may("purpose", Maybe(&Text), "The purpose that must be declared."),
        ],
    },
];
