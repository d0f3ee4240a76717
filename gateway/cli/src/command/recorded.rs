//! Which events each command leaves in a site's audit log, or why it leaves none: compared with the command tree by a test,
//! so that no command comes without an answer to "where is that recorded?" (NIST SP 800-53 AU-2).
//!
//! Commands for people talk to a site, and its routes do the recording; commands for administrators ask the site's own
//! services. What works on this machine alone, and touches nobody's data, is `Nothing`.

use sealane_service::recorded::Recorded::{self, Nothing};
use sealane_service::records;

/// Every command without subcommands, by its words, with what it records.
pub const COMMANDS: &[(&str, Recorded)] = &[
    ("demo", records![Admin::SiteStart, Admin::SiteStop]),
    ("login", records![Identity::SignIn, Identity::StepUp, Identity::DeviceApprove, Identity::TokenIssue]),
    ("logout", records![Identity::SignOut]),
    ("whoami", records![Identity::ShowSelf]),
    ("collection list", records![Sharing::CollectionList]),
    ("collection show", records![Sharing::CollectionShow]),
    ("rule list", records![Sharing::RuleList]),
    ("rule add", records![Sharing::RuleCreate]),
    ("rule revoke", records![Sharing::RuleRemove]),
    ("ls", records![Access::DirectoryList]),
    ("stat", records![Access::EntryStat]),
    ("mkdir", records![Access::DirectoryCreate]),
    ("rename", records![Access::EntryRename]),
    ("rm", records![Access::EntryDelete]),
    ("get", records![Access::EntryStat, Access::ContentRead]),
    ("put", records![Access::EntryStat, Access::ContentWrite]),
    ("transfer", records![Access::EntryStat, Transfer::Submit, Transfer::TaskShow]),
    ("task list", records![Transfer::TaskList]),
    ("task show", records![Transfer::TaskShow]),
    ("task wait", records![Transfer::TaskShow]),
    ("task cancel", records![Transfer::TaskCancel]),
    ("task events", records![Transfer::TaskShow]),
    ("init", Nothing("makes keys and an empty database; the log begins with the first start")),
    ("serve", records![Admin::SiteStart, Admin::SiteStop, Admin::RoleGrant, Admin::RoleRevoke]),
    ("peer invite", records![Admin::PeerInvite]),
    ("peer accept", records![Admin::PeerAccept, Admin::PeerChange]),
    ("peer list", records![Admin::PeerList]),
    ("peer remove", records![Admin::PeerRemove]),
    ("config check", Nothing("reads the configuration file of this machine")),
    ("audit erase", records![Assurance::EraseRequest]),
    ("audit erase approve", records![Assurance::EraseApprove]),
    ("audit erase withdraw", records![Assurance::EraseWithdraw]),
    ("audit erase list", records![Assurance::EraseList]),
    ("audit hold place", records![Assurance::HoldPlace]),
    ("audit hold release", records![Assurance::HoldRelease]),
    ("audit hold list", records![Assurance::HoldList]),
    ("audit reconcile", Nothing("compares two exported logs on this machine")),
    ("audit witness show", records![Admin::SettingsShow]),
    ("audit witness status", records![Admin::SettingsShow]),
    ("audit witness evidence", records![Admin::SettingsShow]),
    ("audit reindex", records![Assurance::AuditReindex]),
    ("db status", Nothing("compares the layout of the control database with the program's, and reads no row")),
    ("controls list", Nothing("the catalogue of controls, the same for everybody")),
    ("controls show", Nothing("the catalogue of controls, the same for everybody")),
    ("completions", Nothing("words for a shell")),
];
