//! Which class of other people's vocabularies each kind of event is: one line a kind, and no kind without a line.
//!
//! OCSF classes and activities are those of the schema that [`OCSF_VERSION`] names; FHIR codes are DICOM's (PS3.16,
//! CID 400 and 401), HL7's RESTful interactions and ISO 21089's life cycle, as the value sets of AuditEvent in FHIR R4
//! have them. docs/reference/export-mapping.md is made from [`of`].

use super::fhir::codes;
pub use super::fhir::codes::Code;
use crate::event::{Access, Admin, Assurance, Identity, Kind, Sharing, Transfer};

/// The version of the OCSF schema that the classes and activities are from.
pub const OCSF_VERSION: &str = "1.8.0";

/// What a kind is in each vocabulary.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// In the Open Cybersecurity Schema Framework.
    pub ocsf: Activity,
    /// As a FHIR AuditEvent.
    pub fhir: Fhir,
}

/// A class of OCSF.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Identity & Access Management: somebody proves who they are.
    Authentication,
    /// Identity & Access Management: something is managed.
    EntityManagement,
    /// Identity & Access Management: somebody gets or loses privileges.
    UserAccess,
    /// Application Activity: the product itself starts, stops or changes.
    ApplicationLifecycle,
    /// Application Activity: something is asked of the product.
    ApiActivity,
    /// Application Activity: files in the product's care.
    FileHosting,
    /// Network Activity: a connection.
    NetworkActivity,
    /// Findings: a control was checked.
    ComplianceFinding,
}

impl Class {
    /// Its number.
    #[must_use]
    pub const fn uid(self) -> u32 {
        match self {
            Self::ComplianceFinding => 2003,
            Self::Authentication => 3002,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::NetworkActivity => 4001,
            Self::ApplicationLifecycle => 6002,
            Self::ApiActivity => 6003,
            Self::FileHosting => 6006,
        }
    }

    /// Its caption.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ComplianceFinding => "Compliance Finding",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::UserAccess => "User Access Management",
            Self::NetworkActivity => "Network Activity",
            Self::ApplicationLifecycle => "Application Lifecycle",
            Self::ApiActivity => "API Activity",
            Self::FileHosting => "File Hosting Activity",
        }
    }

    /// Number and caption of its category.
    #[must_use]
    pub const fn category(self) -> (u32, &'static str) {
        match self.uid() / 1000 {
            2 => (2, "Findings"),
            3 => (3, "Identity & Access Management"),
            4 => (4, "Network Activity"),
            _ => (6, "Application Activity"),
        }
    }
}

/// An activity of a class of OCSF.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The class.
    pub class: Class,
    /// The activity's number in its class; 99 where the class has no such activity.
    pub id: u32,
    /// The activity's caption; our own words where the class has none.
    pub name: &'static str,
}

/// How an AuditEvent is built.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fhir {
    /// The BALP pattern for somebody who reads one thing.
    Read,
    /// The BALP pattern for somebody who asks for a list.
    Query,
    /// The BALP pattern for somebody who makes something.
    Create(Option<Code>),
    /// The BALP pattern for somebody who changes something.
    Update(Option<Code>),
    /// The BALP pattern for somebody who removes something.
    Delete(Option<Code>),
    /// The BALP pattern for data that leaves for another site or comes from one.
    Disclosure(Side),
    /// No pattern of BALP fits: type, subtype and action.
    Plain(Code, Option<Code>, char),
}

/// Which site of a disclosure this one is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Data leaves here.
    Source,
    /// Data arrives here.
    Recipient,
    /// The entry says in its detail `role`.
    AsRecorded,
}

const fn row(class: Class, id: u32, name: &'static str, fhir: Fhir) -> Mapping {
    Mapping { ocsf: Activity { class, id, name }, fhir }
}

/// What a kind is in each vocabulary.
#[must_use]
pub const fn of(kind: Kind) -> Mapping {
    match kind {
        Kind::Identity(kind) => identity(kind),
        Kind::Access(kind) => access(kind),
        Kind::Sharing(kind) => sharing(kind),
        Kind::Transfer(kind) => transfer(kind),
        Kind::Admin(kind) => admin(kind),
        Kind::Assurance(kind) => assurance(kind),
    }
}

const fn identity(kind: Identity) -> Mapping {
    use Class::{ApiActivity, Authentication};
    const LOGIN: Fhir = Fhir::Plain(codes::USER_AUTHENTICATION, Some(codes::LOGIN), 'E');
    const LOGOUT: Fhir = Fhir::Plain(codes::USER_AUTHENTICATION, Some(codes::LOGOUT), 'E');
    const TOKEN: Fhir = Fhir::Plain(codes::USER_AUTHENTICATION, Some(codes::USER_ATTRIBUTES_CHANGED), 'E');
    match kind {
        Identity::SignIn => row(Authentication, 1, "Logon", LOGIN),
        Identity::SignOut => row(Authentication, 2, "Logoff", LOGOUT),
        Identity::StepUp => row(Authentication, 1, "Logon", LOGIN),
        Identity::SessionExpire => row(Authentication, 2, "Logoff", LOGOUT),
        Identity::SessionRevoke => row(Authentication, 2, "Logoff", LOGOUT),
        Identity::DeviceApprove => row(Authentication, 99, "Device Approve", TOKEN),
        Identity::TokenIssue => row(Authentication, 99, "Token Issue", TOKEN),
        Identity::TokenRevoke => row(Authentication, 99, "Token Revoke", TOKEN),
        Identity::ShowSelf => row(ApiActivity, 2, "Read", Fhir::Read),
    }
}

const fn access(kind: Access) -> Mapping {
    use Class::FileHosting;
    match kind {
        Access::DirectoryList => row(FileHosting, 14, "Open", Fhir::Query),
        Access::EntryStat => row(FileHosting, 9, "Preview", Fhir::Read),
        Access::ContentRead => row(FileHosting, 2, "Download", Fhir::Read),
        Access::ContentWrite => row(FileHosting, 1, "Upload", Fhir::Create(None)),
        Access::DirectoryCreate => row(FileHosting, 99, "Create Folder", Fhir::Create(None)),
        Access::EntryRename => row(FileHosting, 5, "Rename", Fhir::Update(None)),
        Access::EntryDelete => row(FileHosting, 4, "Delete", Fhir::Delete(None)),
    }
}

const fn sharing(kind: Sharing) -> Mapping {
    use Class::{EntityManagement, FileHosting};
    const RIGHTS: Option<Code> = Some(codes::OBJECT_ATTRIBUTES_CHANGED);
    match kind {
        Sharing::CollectionList => row(EntityManagement, 2, "Read", Fhir::Query),
        Sharing::CollectionShow => row(EntityManagement, 2, "Read", Fhir::Read),
        Sharing::CollectionCreate => row(EntityManagement, 1, "Create", Fhir::Create(None)),
        Sharing::CollectionChange => row(EntityManagement, 3, "Update", Fhir::Update(None)),
        Sharing::CollectionRemove => row(EntityManagement, 4, "Delete", Fhir::Delete(None)),
        Sharing::RuleList => row(EntityManagement, 2, "Read", Fhir::Query),
        Sharing::RuleCreate => row(FileHosting, 12, "Share", Fhir::Create(RIGHTS)),
        Sharing::RuleChange => row(EntityManagement, 3, "Update", Fhir::Update(RIGHTS)),
        Sharing::RuleRemove => row(FileHosting, 13, "Unshare", Fhir::Delete(RIGHTS)),
        Sharing::RuleExpire => row(FileHosting, 13, "Unshare", Fhir::Plain(codes::SECURITY_ALERT, RIGHTS, 'D')),
    }
}

const fn transfer(kind: Transfer) -> Mapping {
    use Class::{ApiActivity, EntityManagement, FileHosting, NetworkActivity};
    match kind {
        Transfer::Submit => row(ApiActivity, 1, "Create", Fhir::Create(None)),
        Transfer::DeleteSubmit => row(ApiActivity, 4, "Delete", Fhir::Create(None)),
        Transfer::TaskList => row(ApiActivity, 2, "Read", Fhir::Query),
        Transfer::TaskShow => row(ApiActivity, 2, "Read", Fhir::Read),
        Transfer::TaskCancel => row(EntityManagement, 11, "Deactivate", Fhir::Update(None)),
        Transfer::TaskPause => row(EntityManagement, 12, "Suspend", Fhir::Update(None)),
        Transfer::TaskResume => row(EntityManagement, 13, "Resume", Fhir::Update(None)),
        Transfer::OrderIssue => row(ApiActivity, 1, "Create", Fhir::Plain(codes::TRANSMIT, None, 'C')),
        Transfer::OrderReceive => row(ApiActivity, 1, "Create", Fhir::Plain(codes::RECEIVE, None, 'C')),
        Transfer::Release => row(FileHosting, 2, "Download", Fhir::Disclosure(Side::Source)),
        Transfer::Accept => row(FileHosting, 1, "Upload", Fhir::Disclosure(Side::Recipient)),
        Transfer::LaneOpen => {
            row(NetworkActivity, 1, "Open", Fhir::Plain(codes::NETWORK_ENTRY, Some(codes::ATTACH), 'E'))
        }
        Transfer::LaneClose => {
            row(NetworkActivity, 2, "Close", Fhir::Plain(codes::NETWORK_ENTRY, Some(codes::DETACH), 'E'))
        }
        Transfer::FileRelease => row(FileHosting, 2, "Download", Fhir::Disclosure(Side::Source)),
        Transfer::FileCommit => row(FileHosting, 1, "Upload", Fhir::Disclosure(Side::Recipient)),
        Transfer::FilesCommit => row(FileHosting, 1, "Upload", Fhir::Disclosure(Side::Recipient)),
        Transfer::Finish => row(FileHosting, 6, "Copy", Fhir::Disclosure(Side::AsRecorded)),
        Transfer::Receipt => row(EntityManagement, 1, "Create", Fhir::Plain(codes::VERIFY, None, 'C')),
    }
}

const fn admin(kind: Admin) -> Mapping {
    use Class::{ApplicationLifecycle, EntityManagement, UserAccess};
    const NETWORK: Option<Code> = Some(codes::NETWORK_CONFIGURATION);
    const SECURITY: Option<Code> = Some(codes::SECURITY_CONFIGURATION);
    const SOFTWARE: Fhir = Fhir::Plain(codes::APPLICATION_ACTIVITY, Some(codes::SOFTWARE_CONFIGURATION), 'U');
    const ROLES: Fhir = Fhir::Plain(codes::SECURITY_ALERT, Some(codes::SECURITY_ROLES_CHANGED), 'U');
    match kind {
        Admin::SiteCreate => row(ApplicationLifecycle, 1, "Install", SOFTWARE),
        Admin::SiteStart => {
            let start = Fhir::Plain(codes::APPLICATION_ACTIVITY, Some(codes::APPLICATION_START), 'E');
            row(ApplicationLifecycle, 3, "Start", start)
        }
        Admin::SiteStop => {
            let stop = Fhir::Plain(codes::APPLICATION_ACTIVITY, Some(codes::APPLICATION_STOP), 'E');
            row(ApplicationLifecycle, 4, "Stop", stop)
        }
        Admin::ConfigChange => {
            row(ApplicationLifecycle, 8, "Update", Fhir::Plain(codes::SECURITY_ALERT, SECURITY, 'U'))
        }
        Admin::DatabaseMigrate => row(ApplicationLifecycle, 8, "Update", SOFTWARE),
        Admin::PeerList => row(EntityManagement, 2, "Read", Fhir::Query),
        Admin::PeerInvite => row(EntityManagement, 1, "Create", Fhir::Create(NETWORK)),
        Admin::PeerAccept => row(EntityManagement, 6, "Enroll", Fhir::Create(NETWORK)),
        Admin::PeerChange => row(EntityManagement, 3, "Update", Fhir::Update(NETWORK)),
        Admin::PeerRemove => row(EntityManagement, 7, "Unenroll", Fhir::Delete(NETWORK)),
        Admin::StorageCreate => row(EntityManagement, 1, "Create", Fhir::Create(SECURITY)),
        Admin::StorageChange => row(EntityManagement, 3, "Update", Fhir::Update(SECURITY)),
        Admin::StorageRemove => row(EntityManagement, 4, "Delete", Fhir::Delete(SECURITY)),
        Admin::RoleGrant => row(UserAccess, 1, "Assign Privileges", ROLES),
        Admin::RoleRevoke => row(UserAccess, 2, "Revoke Privileges", ROLES),
        Admin::KeyCreate => row(EntityManagement, 1, "Create", Fhir::Plain(codes::SECURITY_ALERT, SECURITY, 'C')),
        Admin::KeyRotate => row(EntityManagement, 3, "Update", Fhir::Plain(codes::SECURITY_ALERT, SECURITY, 'U')),
        Admin::SettingsShow => row(EntityManagement, 2, "Read", Fhir::Read),
    }
}

const fn assurance(kind: Assurance) -> Mapping {
    use Class::{ApiActivity, ApplicationLifecycle, ComplianceFinding, EntityManagement};
    const RECORDING: Fhir = Fhir::Plain(codes::APPLICATION_ACTIVITY, Some(codes::RECORDING_STARTED), 'E');
    const LOG_USED: Fhir = Fhir::Plain(codes::AUDIT_LOG_USED, None, 'R');
    const SECURITY: Fhir = Fhir::Plain(codes::SECURITY_ALERT, Some(codes::SECURITY_CONFIGURATION), 'E');
    match kind {
        Assurance::LogRecover => row(ApplicationLifecycle, 5, "Restart", RECORDING),
        Assurance::LogResume => row(ApplicationLifecycle, 6, "Enable", RECORDING),
        Assurance::AuditRead => row(ApiActivity, 2, "Read", LOG_USED),
        Assurance::AuditExport => row(ApiActivity, 2, "Read", LOG_USED),
        Assurance::AuditReindex => row(EntityManagement, 3, "Update", Fhir::Plain(codes::AUDIT_LOG_USED, None, 'U')),
        Assurance::AuditVerify => row(ApiActivity, 2, "Read", LOG_USED),
        Assurance::EraseRequest => row(ApiActivity, 1, "Create", Fhir::Create(None)),
        Assurance::EraseApprove => row(ApiActivity, 3, "Update", Fhir::Update(None)),
        Assurance::EraseWithdraw => row(ApiActivity, 4, "Delete", Fhir::Delete(None)),
        Assurance::EraseList => row(ApiActivity, 2, "Read", Fhir::Query),
        Assurance::LogKeyPin => row(EntityManagement, 6, "Enroll", SECURITY),
        Assurance::LogKeyRotate => row(EntityManagement, 3, "Update", SECURITY),
        Assurance::CheckpointCosign => row(EntityManagement, 3, "Update", Fhir::Plain(codes::VERIFY, None, 'E')),
        Assurance::CheckpointTimestamp => row(EntityManagement, 3, "Update", Fhir::Plain(codes::VERIFY, None, 'E')),
        Assurance::WitnessExposed | Assurance::WitnessFork => row(EntityManagement, 3, "Update", SECURITY),
        Assurance::Erase => row(EntityManagement, 4, "Delete", Fhir::Plain(codes::AUDIT_LOG_USED, None, 'D')),
        Assurance::HoldPlace => row(EntityManagement, 1, "Create", Fhir::Create(None)),
        Assurance::HoldRelease => row(EntityManagement, 4, "Delete", Fhir::Delete(None)),
        Assurance::HoldList => row(EntityManagement, 2, "Read", Fhir::Query),
        Assurance::AlertRaise => row(EntityManagement, 1, "Create", SECURITY),
        Assurance::AlertClear => row(EntityManagement, 3, "Update", SECURITY),
        Assurance::AlertList | Assurance::AlertRuleList => row(ApiActivity, 2, "Read", Fhir::Query),
        Assurance::AlertAcknowledge | Assurance::AlertSignOff => row(ApiActivity, 3, "Update", Fhir::Update(None)),
        Assurance::AlertRuleCreate => row(EntityManagement, 1, "Create", Fhir::Create(None)),
        Assurance::AlertRuleChange => row(EntityManagement, 3, "Update", Fhir::Update(None)),
        Assurance::AlertRuleRemove => row(EntityManagement, 4, "Delete", Fhir::Delete(None)),
        Assurance::ReviewShow => row(ApiActivity, 2, "Read", LOG_USED),
        Assurance::ReviewSignOff => row(ApiActivity, 1, "Create", Fhir::Create(None)),
        Assurance::PolicyPublish => {
            let published = Fhir::Plain(codes::SECURITY_ALERT, Some(codes::SECURITY_CONFIGURATION), 'U');
            row(EntityManagement, 10, "Activate", published)
        }
        Assurance::PolicyAsk => row(ApiActivity, 2, "Read", Fhir::Query),
        Assurance::ReportRun => row(ApiActivity, 2, "Read", LOG_USED),
        Assurance::CheckRun => row(ComplianceFinding, 1, "Create", Fhir::Plain(codes::VERIFY, None, 'E')),
    }
}
