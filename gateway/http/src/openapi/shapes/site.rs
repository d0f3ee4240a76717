//! The objects of the site itself: problems and peers, field by field.

use super::{CLASS, NEXT};
use crate::openapi::shape::Kind::{Count, Is, List, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "Problem",
        about: "Why something could not be done, and what to do next (RFC 9457).",
        fields: &[
            must("type", Text, "`urn:sealane:problem:` and the code."),
            must("title", Text, "What happened, in a few words."),
            must("status", Count, "The HTTP status."),
            must("detail", Text, "Why."),
            must("code", Text, "A stable word that programs can match, such as `collection-unknown`."),
            may("next_step", Text, "What to do next."),
            may("decision", Text, "The id of the policy decision that said no."),
            must("reference", Uuid, "The request's id: quote it when asking for help."),
        ],
    },
    Shape {
        name: "Peer",
        about: "A site that this site's administrator has accepted.",
        fields: &[
            must("site", Uuid, "Its id."),
            must("name", Text, "Its short name."),
            must("title", Text, "Its name for people."),
            must("url", Text, "Where its pages are."),
            must("fingerprint", Text, "What both administrators compared."),
            must("issuers", List(&Text), "Identity providers for whose people it may speak."),
            must("ceiling", Word(CLASS), "The highest class of data that may go to it."),
            must("accepted_at", Time, "When it was accepted."),
        ],
    },
    Shape {
        name: "PeerPage",
        about: "A page of peers.",
        fields: &[must("items", List(&Is("Peer")), "The peers."), NEXT],
    },
];
