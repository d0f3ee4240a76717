//! The native API: one file a resource, each handler parse, ask the service, answer.
//!
//! `docs/api/openapi.json` is generated from these handlers and compared by a test. Failures are problem details
//! (`middleware::present`); lists are keyset pages; what changes something may carry an `Idempotency-Key`.

mod alert_rules;
mod alert_stream;
mod alerts;
mod audit;
mod collections;
mod content;
mod documents;
mod entries;
mod erasures;
mod holds;
mod login;
mod me;
mod peers;
mod policy;
mod reviews;
mod rules;
mod stream;
mod tasks;
mod uploads;

use sealane_service::records;
use utoipa_axum::routes;

use crate::route::Access::{Caller, Public};
use crate::route::Recorded::Nothing;
use crate::route::Routes;

/// Every route of the API.
pub(crate) fn add(routes: Routes) -> Routes {
    routes
        .api(Public, Nothing("nobody is known yet: the approval and the token are recorded"), routes!(login::start))
        .api(Public, records![Identity::TokenIssue], routes!(login::token))
        .api(Caller, records![Identity::ShowSelf], routes!(me::show))
        .api(Caller, records![Identity::SignOut], routes!(me::sign_out))
        .api(Caller, records![Sharing::CollectionList], routes!(collections::list))
        .api(Caller, records![Sharing::CollectionShow], routes!(collections::show))
        .api(Caller, records![Access::DirectoryList], routes!(entries::list))
        .api(Caller, records![Access::EntryStat], routes!(entries::stat))
        .api(Caller, records![Access::EntryDelete], routes!(entries::remove))
        .api(Caller, records![Access::DirectoryCreate], routes!(entries::make_directory))
        .api(Caller, records![Access::EntryRename], routes!(entries::rename))
        .api(Caller, records![Access::ContentRead], routes!(content::read))
        .api(Caller, records![Access::ContentWrite], routes!(uploads::begin))
        .api(Caller, records![Access::EntryStat], routes!(uploads::status))
        .api(Caller, records![Access::ContentWrite], routes!(uploads::append))
        .api(Caller, records![Access::ContentWrite], routes!(uploads::abandon))
        .api(Caller, records![Access::ContentWrite], routes!(uploads::commit))
        .api(Caller, records![Sharing::RuleList], routes!(rules::list))
        .api(Caller, records![Sharing::RuleCreate], routes!(rules::create))
        .api(Caller, records![Sharing::RuleRemove], routes!(rules::revoke))
        .api(Caller, records![Transfer::TaskList], routes!(tasks::list))
        .api(Caller, records![Transfer::Submit, Transfer::Accept, Transfer::Release], routes!(tasks::submit))
        .api(Caller, records![Transfer::TaskShow], routes!(tasks::show))
        .api(Caller, records![Transfer::TaskShow], routes!(tasks::events))
        .api(Caller, records![Transfer::TaskCancel], routes!(tasks::cancel))
        .api(Caller, records![Transfer::TaskShow], routes!(tasks::record))
        .api(Caller, records![Transfer::TaskShow], routes!(tasks::receipt))
        .api(Caller, records![Transfer::TaskShow], routes!(stream::follow))
        .api(Caller, records![Admin::PeerList], routes!(peers::list))
        .api(Caller, records![Sharing::CollectionList], routes!(peers::collections))
        .api(Caller, records![Assurance::PolicyAsk], routes!(policy::explain))
        .api(Caller, records![Assurance::PolicyAsk], routes!(policy::who_can))
        .api(Caller, records![Assurance::PolicyAsk], routes!(policy::what_can))
        .api(Caller, records![Assurance::PolicyAsk], routes!(policy::why))
        .api(Caller, records![Assurance::PolicyAsk], routes!(policy::snapshot))
        .api(Caller, records![Assurance::EraseList], routes!(erasures::list))
        .api(Caller, records![Assurance::EraseRequest], routes!(erasures::request))
        .api(Caller, records![Assurance::EraseApprove], routes!(erasures::approve))
        .api(Caller, records![Assurance::EraseWithdraw], routes!(erasures::withdraw))
        .api(Caller, records![Assurance::HoldList], routes!(holds::list))
        .api(Caller, records![Assurance::HoldPlace], routes!(holds::place))
        .api(Caller, records![Assurance::HoldRelease], routes!(holds::release))
        .api(Caller, records![Assurance::AuditRead], routes!(audit::search))
        .api(Caller, records![Assurance::AuditRead], routes!(audit::own))
        .api(Caller, records![Assurance::ReportRun], routes!(audit::access))
        .api(Caller, records![Assurance::ReportRun], routes!(audit::person))
        .api(Caller, records![Assurance::ReportRun], routes!(audit::disclosures))
        .api(Caller, records![Assurance::AuditExport], routes!(audit::export))
        .api(Caller, records![Assurance::AuditRead], routes!(audit::head))
        .api(Caller, records![Assurance::AlertRuleList], routes!(alert_rules::list))
        .api(Caller, records![Assurance::AlertRuleCreate], routes!(alert_rules::save))
        .api(Caller, records![Assurance::AlertRuleList], routes!(alert_rules::show))
        .api(Caller, records![Assurance::AlertRuleChange], routes!(alert_rules::change))
        .api(Caller, records![Assurance::AlertRuleChange], routes!(alert_rules::pause))
        .api(Caller, records![Assurance::AlertRuleChange], routes!(alert_rules::resume))
        .api(Caller, records![Assurance::AlertRuleRemove], routes!(alert_rules::remove))
        .api(Caller, records![Assurance::AuditRead], routes!(alert_rules::try_out))
        .api(Caller, records![Assurance::AlertList], routes!(alerts::list))
        .api(Caller, records![Assurance::AlertList], routes!(alert_stream::follow))
        .api(Caller, records![Assurance::AlertList], routes!(alerts::show))
        .api(Caller, records![Assurance::AlertAcknowledge], routes!(alerts::acknowledge))
        .api(Caller, records![Assurance::AlertSignOff], routes!(alerts::close))
        .api(Caller, records![Assurance::AlertList], routes!(reviews::status))
        .api(Caller, records![Assurance::ReviewShow], routes!(reviews::show))
        .api(Caller, records![Assurance::ReviewSignOff], routes!(reviews::sign_off))
        .api(Caller, Nothing("the description of the API, the same for everybody"), routes!(documents::openapi))
}
