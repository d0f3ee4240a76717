//! What is known of each kind beside its name: who causes it, what it is about, in which phases it is written, and why it
//! is recorded at all (NIST SP 800-53 AU-2). From these follows what an entry of the kind must say (AU-3): `lacks`.
//!
//! The match is exhaustive: a kind without its facts does not compile.

use super::{Access, Admin, Assurance, Identity, Kind, Phase, Sharing, Transfer};

/// When the catalogue was last looked over as a whole: are these the right events, and still enough (AU-2 e)?
pub const REVIEWED: &str = "2026-11-28";

/// Who causes an event of a kind.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A person: the entry names them, and where they were.
    Person,
    /// Perhaps a person who is known, perhaps not yet: the entry says at least from where.
    Anybody,
    /// Another site: the entry names it.
    Peer,
    /// The site itself.
    Site,
}

/// What an event of a kind is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Nothing in particular.
    Site,
    /// A place in a collection: the entry says which, and of which class its data are.
    Place,
    /// A task: the entry names it.
    Task,
    /// A file of a task: its place, its task, how many bytes.
    File,
    /// Values that change: the entry says what they were and are.
    Change,
}

/// In which phases entries of a kind are written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Phases {
    /// An intent before the act, an outcome after it.
    Act,
    /// A fact.
    Fact,
    /// Either, and parts of an act as facts beside it.
    Both,
}

/// What is known of a kind.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who causes it.
    pub by: By,
    /// What it is about.
    pub about: About,
    /// In which phases it is written.
    pub phases: Phases,
    /// Why it is recorded: controls of NIST SP 800-53, sections of HIPAA (45 CFR 164).
    pub why: &'static str,
}

impl By {
    /// The word of the reference.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Anybody => "anybody",
            Self::Peer => "peer",
            Self::Site => "site",
        }
    }

    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Person => &["actor", "client"],
            Self::Anybody => &["client"],
            Self::Peer => &["peer"],
            Self::Site => &[],
        }
    }
}

impl About {
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Site => &[],
            Self::Place => &["object.collection", "object.class", "object.path"],
            Self::Task => &["object.task"],
            Self::File => &["object.collection", "object.class", "object.path", "object.task", "object.bytes"],
            Self::Change => &["change"],
        }
    }
}

impl Phases {
    /// The word of the reference.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Act => "intent, outcome",
            Self::Fact => "info",
            Self::Both => "intent, outcome, info",
        }
    }

    /// Whether an entry of the kind may be of this phase.
    #[must_use]
    pub const fn allow(self, phase: Phase) -> bool {
        match (self, phase) {
            (Self::Both, _) | (Self::Act, Phase::Intent | Phase::Outcome) | (Self::Fact, Phase::Info) => true,
            (Self::Act, Phase::Info) | (Self::Fact, Phase::Intent | Phase::Outcome) => false,
        }
    }
}

impl Facts {
    /// What an entry of the kind says beside what every entry says.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        let outcome: &[_] = if matches!(self.phases, Phases::Fact) { &[] } else { &["outcome"] };
        self.by.fields().iter().chain(self.about.fields()).chain(outcome).copied()
    }
}

impl Kind {
    /// What is known of it.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Self::Identity(kind) => identity(kind),
            Self::Access(kind) => access(kind),
            Self::Sharing(kind) => sharing(kind),
            Self::Transfer(kind) => transfer(kind),
            Self::Admin(kind) => admin(kind),
            Self::Assurance(kind) => assurance(kind),
        }
    }
}

const fn row(by: By, about: About, phases: Phases, why: &'static str) -> Facts {
    Facts { by, about, phases, why }
}

const fn identity(kind: Identity) -> Facts {
    use About::Site as Nothing;
    use By::{Anybody, Person, Site};
    use Phases::{Act, Fact};
    match kind {
        Identity::SignIn | Identity::StepUp => row(Anybody, Nothing, Act, "AC-7, IA-2; 164.308(a)(5)(ii)(C)"),
        Identity::SignOut => row(Person, Nothing, Act, "AC-12"),
        Identity::SessionExpire => row(Site, Nothing, Fact, "AC-12"),
        Identity::SessionRevoke => row(Person, Nothing, Act, "AC-2(13), AC-12"),
        Identity::DeviceApprove => row(Person, Nothing, Act, "IA-2, IA-11"),
        Identity::TokenIssue => row(Person, Nothing, Act, "IA-5"),
        Identity::TokenRevoke => row(Person, Nothing, Act, "IA-5"),
        Identity::ShowSelf => row(Person, Nothing, Act, "AU-12"),
    }
}

const fn access(kind: Access) -> Facts {
    use About::Place;
    use By::Person;
    use Phases::{Act, Both};
    match kind {
        Access::DirectoryList | Access::EntryStat => row(Person, Place, Act, "AC-6(9), AU-12; 164.312(b)"),
        Access::ContentRead | Access::ContentWrite => row(Person, Place, Act, "AC-6(9), AU-12; 164.312(b)"),
        Access::DirectoryCreate => row(Person, Place, Both, "AU-12; 164.312(b)"),
        Access::EntryRename | Access::EntryDelete => row(Person, Place, Both, "AU-12, SI-7; 164.312(b), (c)(1)"),
    }
}

const fn sharing(kind: Sharing) -> Facts {
    use About::{Change, Place, Site as Nothing};
    use By::{Person, Site};
    use Phases::{Act, Both, Fact};
    match kind {
        Sharing::CollectionList => row(Person, Nothing, Act, "AU-12"),
        Sharing::CollectionShow => row(Person, Nothing, Act, "AU-12"),
        Sharing::CollectionCreate | Sharing::CollectionChange | Sharing::CollectionRemove => {
            row(Person, Change, Act, "AC-16, CM-5; 164.312(a)(1)")
        }
        Sharing::RuleList => row(Person, Place, Act, "AC-2, AU-12"),
        Sharing::RuleCreate | Sharing::RuleRemove => row(Person, Change, Both, "AC-2(4), AC-3; 164.308(a)(4)(ii)(C)"),
        Sharing::RuleChange => row(Person, Nothing, Both, "AC-2(4), AC-3; 164.308(a)(4)(ii)(C)"),
        Sharing::RuleExpire => row(Site, Change, Fact, "AC-2(3)"),
    }
}

const fn transfer(kind: Transfer) -> Facts {
    use About::{File, Place, Site as Nothing, Task};
    use By::{Peer, Person, Site};
    use Phases::{Act, Both, Fact};
    match kind {
        Transfer::Submit => row(Person, Place, Act, "AC-4, AU-10; 164.312(b)"),
        Transfer::DeleteSubmit => row(Person, Place, Act, "AU-12; 164.312(c)(1)"),
        Transfer::TaskList => row(Person, Nothing, Act, "AU-12"),
        Transfer::TaskShow | Transfer::TaskCancel => row(Person, Task, Act, "AU-12"),
        Transfer::TaskPause | Transfer::TaskResume => row(Site, Task, Fact, "AU-12"),
        Transfer::OrderIssue | Transfer::OrderReceive => row(Person, Place, Act, "AC-4, AC-20, CA-3; 164.528"),
        Transfer::Release | Transfer::Accept => row(Person, Task, Act, "AC-4, AU-10; 164.312(e)(1), 164.528"),
        Transfer::LaneOpen => row(Peer, Nothing, Act, "SC-7, SC-8, SC-23; 164.312(e)(1)"),
        Transfer::LaneClose => row(Peer, Task, Fact, "SC-7, SC-8"),
        Transfer::FileRelease | Transfer::FileCommit => {
            row(Person, File, Both, "AC-4, AU-10, SI-7; 164.312(b), 164.528")
        }
        Transfer::FilesCommit => row(Person, Place, Act, "AC-4, SI-7; 164.312(c)(1)"),
        Transfer::Finish => row(Person, Task, Fact, "AU-10, SI-7; 164.528"),
        Transfer::Receipt => row(Peer, Task, Fact, "AU-10; 164.528"),
    }
}

const fn admin(kind: Admin) -> Facts {
    use About::{Change, Site as Nothing};
    use By::{Person, Site};
    use Phases::{Act, Fact};
    match kind {
        Admin::SiteCreate => row(Site, Nothing, Fact, "CM-2, CM-3"),
        Admin::SiteStart | Admin::SiteStop => row(Person, Nothing, Fact, "AU-12, SI-4"),
        Admin::ConfigChange | Admin::DatabaseMigrate => row(Site, Nothing, Fact, "CM-3, CM-5"),
        Admin::PeerList => row(Person, Nothing, Act, "AU-12"),
        Admin::PeerInvite => row(Person, Nothing, Act, "CA-3, SC-12"),
        Admin::PeerAccept | Admin::PeerChange | Admin::PeerRemove => row(Person, Change, Act, "CA-3, AC-20, SC-12"),
        Admin::StorageCreate | Admin::StorageChange | Admin::StorageRemove => row(Person, Change, Act, "CM-3, CM-5"),
        Admin::RoleGrant | Admin::RoleRevoke => row(Person, Change, Act, "AC-2(4), AC-6(7); 164.308(a)(3)"),
        Admin::KeyCreate | Admin::KeyRotate => row(Site, Nothing, Fact, "SC-12"),
        Admin::SettingsShow => row(Person, Nothing, Act, "AU-12"),
    }
}

const fn assurance(kind: Assurance) -> Facts {
    use About::Site as Nothing;
    use By::{Peer, Person, Site};
    use Phases::{Act, Both, Fact};
    match kind {
        Assurance::LogRecover | Assurance::LogResume => row(Site, Nothing, Fact, "AU-5, AU-9"),
        Assurance::AuditRead | Assurance::AuditExport => {
            row(Person, Nothing, Act, "AU-6, AU-9(4); 164.308(a)(1)(ii)(D)")
        }
        Assurance::AuditReindex => row(Person, Nothing, Act, "AU-7, AU-9"),
        Assurance::AuditVerify => row(Site, Nothing, Both, "AU-9(3), AU-10"),
        Assurance::Erase => row(Site, Nothing, Act, "AU-11, PM-22, SI-12"),
        Assurance::EraseRequest | Assurance::EraseApprove | Assurance::EraseWithdraw | Assurance::EraseList => {
            row(Person, Nothing, Act, "AC-3(2), AU-11, PM-22, SI-12")
        }
        Assurance::HoldPlace | Assurance::HoldRelease | Assurance::HoldList => {
            row(Person, Nothing, Act, "AU-11, SI-12; 164.316(b)(2)")
        }
        Assurance::LogKeyPin => row(Peer, Nothing, Fact, "AU-9(3), AU-10, SC-12"),
        Assurance::LogKeyRotate => row(Site, Nothing, Fact, "AU-9(3), AU-10, SC-12"),
        Assurance::WitnessFork | Assurance::CheckpointCosign => row(Site, Nothing, Fact, "AU-9(2), AU-9(3), AU-10"),
        Assurance::CheckpointTimestamp => row(Site, Nothing, Both, "AU-8, AU-9(3), AU-10"),
        Assurance::WitnessExposed => row(Site, Nothing, Fact, "AU-5, AU-9(2)"),
        Assurance::AlertRaise | Assurance::AlertClear => row(Site, Nothing, Fact, "AU-5, AU-6(1), SI-4(5)"),
        Assurance::AlertList | Assurance::AlertRuleList => row(Person, Nothing, Act, "AU-6, AU-12"),
        Assurance::AlertAcknowledge | Assurance::AlertSignOff => {
            row(Person, Nothing, Act, "AU-6, IR-5; 164.308(a)(1)(ii)(D), 164.308(a)(6)(ii)")
        }
        Assurance::AlertRuleCreate | Assurance::AlertRuleChange | Assurance::AlertRuleRemove => {
            row(Person, Nothing, Act, "AU-6(1), CM-5, SI-4")
        }
        Assurance::ReviewShow | Assurance::ReviewSignOff => {
            row(Person, Nothing, Act, "AU-6, AU-6(3); 164.308(a)(1)(ii)(D)")
        }
        Assurance::PolicyPublish => row(Site, Nothing, Fact, "AC-3, CM-3"),
        Assurance::PolicyAsk => row(Person, Nothing, Act, "AC-3, AC-6(7), AU-6"),
        Assurance::ReportRun => row(Person, Nothing, Act, "AU-6, AU-7"),
        Assurance::CheckRun => row(Site, Nothing, Fact, "CA-2, CA-7"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_why_it_is_recorded() {
        for kind in Kind::ALL {
            let facts = kind.facts();
            assert!(facts.why.split(", ").all(|control| control.len() >= 4), "{kind}: {}", facts.why);
            assert!(Phase::ALL.iter().any(|phase| facts.phases.allow(*phase)));
        }
    }
}
