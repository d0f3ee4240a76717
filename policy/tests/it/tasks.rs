//! Tasks: one's own to see and cancel; administrators see, and no more.

use sealane_policy::{Action, Engine, PersonId, Request, Resource, Role, Subject};

use crate::world::{NOW, ana, ben, code, engine, fresh, visitor};

fn about_task(engine: &Engine, subject: Subject, action: Action) -> &'static str {
    let resource = Resource::task("task-1", ana());
    code(&engine.decide(&Request { subject, action, resource, purpose: None, now_s: NOW }))
}

#[test]
fn an_owner_sees_and_cancels_their_task_and_reads_its_audit_entries() {
    let engine = engine(vec![]);
    for action in [Action::ShowTask, Action::CancelTask, Action::ReadAudit] {
        assert_eq!(about_task(&engine, fresh(ana()), action), "permitted", "{action}");
        assert_eq!(about_task(&engine, visitor(ana(), None), action), "permitted", "{action}");
        assert_eq!(about_task(&engine, fresh(ben()), action), "task.not-yours", "{action}");
        assert_eq!(about_task(&engine, Subject::anonymous(), action), "sign-in.required", "{action}");
        assert_eq!(about_task(&engine, Subject::peer("university-b"), action), "sign-in.required", "{action}");
    }
}

#[test]
fn the_same_subject_at_another_issuer_is_somebody_else() {
    let impostor = PersonId::new("https://idp.evil.example", "ana");
    assert_eq!(about_task(&engine(vec![]), fresh(impostor), Action::CancelTask), "task.not-yours");
}

#[test]
fn administrators_see_every_task_but_cancel_only_their_own() {
    let engine = engine(vec![]);
    let administrator = Subject { roles: vec![Role::Administrator], ..fresh(ben()) };
    assert_eq!(about_task(&engine, administrator.clone(), Action::ShowTask), "permitted");
    assert_eq!(about_task(&engine, administrator.clone(), Action::CancelTask), "task.not-yours");
    assert_eq!(about_task(&engine, administrator, Action::ReadAudit), "task.not-yours");
}
