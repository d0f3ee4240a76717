//! Running the site: roles, and nothing but roles.

use sealane_policy::{Action, Engine, Request, Resource, Role, Subject};

use crate::world::{NOW, ana, code, engine, fresh, visitor};

fn at_site(engine: &Engine, subject: Subject, action: Action) -> &'static str {
    code(&engine.decide(&Request { subject, action, resource: Resource::site(), purpose: None, now_s: NOW }))
}

fn with_role(role: Role) -> Subject {
    Subject { roles: vec![role], ..fresh(ana()) }
}

#[test]
fn peers_are_managed_by_administrators_only() {
    let engine = engine(vec![]);
    for role in Role::ALL {
        let expected = if role == Role::Administrator { "permitted" } else { "role.missing" };
        assert_eq!(at_site(&engine, with_role(role), Action::ManagePeers), expected, "{role}");
    }
    assert_eq!(at_site(&engine, Subject::anonymous(), Action::ManagePeers), "sign-in.required");
}

#[test]
fn whoever_runs_the_site_does_not_review_it() {
    let engine = engine(vec![]);
    assert_eq!(at_site(&engine, with_role(Role::Administrator), Action::ReadAudit), "role.missing");
    assert_eq!(at_site(&engine, with_role(Role::ComplianceOfficer), Action::ReadAudit), "permitted");
    assert_eq!(at_site(&engine, with_role(Role::SecurityOfficer), Action::ReadAudit), "permitted");
}

#[test]
fn a_peer_cannot_give_roles() {
    let claimed = Subject { roles: Role::ALL.to_vec(), ..visitor(ana(), None) };
    for action in [Action::ManagePeers, Action::ManageCollections, Action::ListAllTasks, Action::ReadAudit] {
        assert_eq!(at_site(&engine(vec![]), claimed.clone(), action), "role.missing", "{action}");
    }
}

#[test]
fn lanes_are_opened_by_peers_and_by_nobody_else() {
    let engine = engine(vec![]);
    assert_eq!(at_site(&engine, Subject::peer("university-b"), Action::OpenLane), "permitted");
    assert_eq!(at_site(&engine, fresh(ana()), Action::OpenLane), "role.missing");
    assert_eq!(at_site(&engine, Subject::anonymous(), Action::OpenLane), "sign-in.required");
}

#[test]
fn the_missing_role_is_named_with_the_way_to_get_it() {
    let request = Request {
        subject: fresh(ana()),
        action: Action::ReadAudit,
        resource: Resource::site(),
        purpose: None,
        now_s: NOW,
    };
    let decision = engine(vec![]).decide(&request);
    assert_eq!(decision.unmet()[0].need, "the role 'security-officer' or 'compliance-officer' or 'auditor'");
    assert!(decision.unmet()[0].remedy.contains("administrator of this site"));
}

#[test]
fn an_action_on_the_wrong_kind_of_thing_is_refused_as_such() {
    for action in Action::ALL {
        let site = at_site(&engine(vec![]), fresh(ana()), *action);
        let about_collections =
            action.in_words().contains("this place") || action.in_words().contains("this directory");
        if about_collections {
            assert_eq!(site, "request.mismatch", "{action}");
        }
    }
}
