//! The objects of people: who asks, and how a command line signs in, field by field.

use crate::openapi::shape::Kind::{Count, Is, List, Maybe, Text, Time, Word};
use crate::openapi::shape::{Shape, may, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "Me",
        about: "The person who asks, as the site knows them.",
        fields: &[
            must("issuer", Text, "The identity provider that knows them."),
            must("subject", Text, "Their lasting name there."),
            must("display_name", Text, "What to call them."),
            must("email", Maybe(&Text), "E-mail address, only where the provider verified it."),
            must("groups", List(&Text), "Groups that the provider named."),
            must("roles", List(&Text), "Roles at this site."),
            must("assurance", Is("Assurance"), "How well, and when, the provider saw them."),
            must("session", Word(&["browser", "cli"]), "What holds the session's token."),
            must("expires_at", Time, "When the session ends at the latest."),
            must("site", Text, "The site's short name."),
            must("site_title", Text, "The site's name for people."),
        ],
    },
    Shape {
        name: "Assurance",
        about: "How well an identity provider saw a person.",
        fields: &[
            must("acr", Maybe(&Text), "The authentication context class."),
            must("amr", List(&Text), "The methods used."),
            must("auth_time", Maybe(&Time), "When they proved who they are."),
        ],
    },
    Shape {
        name: "DeviceAsk",
        about: "What a command line says of itself when it asks for a sign-in.",
        fields: &[may("client_label", Maybe(&Text), "A label that the person will recognise.")],
    },
    Shape {
        name: "DeviceStart",
        about: "What to show, and what to ask again with (RFC 8628 section 3.2).",
        fields: &[
            must("device_code", Text, "The secret to ask for the token with."),
            must("user_code", Text, "What the person types or compares: `XXXX-XXXX`."),
            must("verification_uri", Text, "Where the person goes."),
            must("verification_uri_complete", Text, "The same with the code filled in."),
            must("expires_in", Count, "Seconds until both codes end."),
            must("interval", Count, "Seconds to wait between two questions."),
        ],
    },
    Shape {
        name: "TokenAsk",
        about: "Asking for the token of a device sign-in (RFC 8628 section 3.4).",
        fields: &[
            may("grant_type", Text, "`urn:ietf:params:oauth:grant-type:device_code`."),
            must("device_code", Text, "The secret of the sign-in."),
        ],
    },
    Shape {
        name: "DeviceToken",
        about: "A token for the command line (RFC 6749 section 5.1).",
        fields: &[
            must("access_token", Text, "The bearer token, shown once."),
            must("token_type", Word(&["Bearer"]), "How to send it."),
            must("expires_in", Count, "Seconds until it ends at the latest."),
        ],
    },
    Shape {
        name: "DeviceError",
        about: "Why there is no token yet (RFC 8628 section 3.5).",
        fields: &[
            must(
                "error",
                Word(&["authorization_pending", "slow_down", "access_denied", "expired_token"]),
                "What stands in the way.",
            ),
            may("interval", Count, "Seconds to wait between two questions from now on."),
        ],
    },
];
