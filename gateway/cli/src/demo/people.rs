//! The people of the demo. They exist nowhere else.

/// Somebody who can be clicked on the demo's sign-in page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPerson {
    /// Their lasting name at the demo identity provider.
    pub subject: &'static str,
    /// Their name.
    pub name: &'static str,
    /// Their e-mail address, verified.
    pub email: &'static str,
    /// What they do.
    pub role: &'static str,
}

/// Researcher at Hospital A: the one who wants to send data.
pub const ANA: DemoPerson = DemoPerson {
    subject: "ana",
    name: "Ana Ortega",
    email: "ana@hospital-a.example",
    role: "Researcher at Hospital A",
};

/// Manager of University B's intake collection: the one who lets data in.
pub const BEN: DemoPerson = DemoPerson {
    subject: "ben",
    name: "Ben Okafor",
    email: "ben@university-b.example",
    role: "Manager of the intake collection at University B",
};

/// Compliance officer at Hospital A.
pub const CARLA: DemoPerson = DemoPerson {
    subject: "carla",
    name: "Carla Weiss",
    email: "carla@hospital-a.example",
    role: "Compliance officer at Hospital A",
};

/// Administrator of both sites.
pub const ADA: DemoPerson = DemoPerson {
    subject: "ada",
    name: "Ada Lindqvist",
    email: "ada@sealane.example",
    role: "Administrator of both sites",
};

/// Everybody.
pub const EVERYBODY: [DemoPerson; 4] = [ANA, BEN, CARLA, ADA];

/// The person of a subject.
#[must_use]
pub fn find(subject: &str) -> Option<DemoPerson> {
    EVERYBODY.into_iter().find(|person| person.subject == subject)
}
