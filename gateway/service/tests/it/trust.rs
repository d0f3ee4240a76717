//! Invitations: accepted with the right fingerprint, once, in time; and by administrators only.

use std::time::Duration;

use sealane_audit::Outcome;
use sealane_audit::event::Admin;
use sealane_model::problem::ProblemKind;
use sealane_model::{Class, Problem};
use sealane_service::view::{AcceptPeer, InvitationView, NewItem, NewTask, PeerView};
use sealane_service::{Actor, peers, transfers};

use crate::backend::Backend;
use crate::harness::{Site, name, path};

async fn accept(site: &Site, invitation: &InvitationView, fingerprint: &str) -> Result<PeerView, Problem> {
    let request = AcceptPeer {
        invitation: invitation.invitation.clone(),
        fingerprint: fingerprint.to_owned(),
        issuers: vec!["https://idp.university-b.example".to_owned()],
        ceiling: Class::Internal,
    };
    peers::accept(&site.app, &Actor::operator(), request).await
}

async fn two_sites(on: &Backend) -> (Site, Site, InvitationView) {
    let a = Site::start(on).await;
    let b = Site::start_as(on, "university-b", |_| {}).await;
    let invitation = peers::invite(&b.app, &Actor::operator()).await.unwrap();
    (a, b, invitation)
}

on_both!(a_site_is_accepted_with_the_fingerprint_that_was_compared);
async fn a_site_is_accepted_with_the_fingerprint_that_was_compared(on: &Backend) {
    let (a, b, invitation) = two_sites(on).await;
    let peer = accept(&a, &invitation, &invitation.fingerprint).await.unwrap();
    assert_eq!((peer.site, peer.name.as_str()), (b.app.identity().site, "university-b"));
    let ana = a.person("ana").await;
    assert_eq!(peers::list(&a.app, &Actor::from(&ana)).await.unwrap(), [peer]);
    assert_eq!(a.outcomes(Admin::PeerAccept), [(Outcome::Done, "ok".to_owned())]);
    peers::remove(&a.app, &Actor::operator(), &name("university-b")).await.unwrap();
    assert!(peers::list(&a.app, &Actor::from(&ana)).await.unwrap().is_empty());
}

on_both!(what_a_peer_may_do_is_recorded_as_it_was_and_is);
async fn what_a_peer_may_do_is_recorded_as_it_was_and_is(on: &Backend) {
    let (a, b, invitation) = two_sites(on).await;
    accept(&a, &invitation, &invitation.fingerprint).await.unwrap();
    let again = peers::invite(&b.app, &Actor::operator()).await.unwrap();
    let request = AcceptPeer {
        invitation: again.invitation,
        fingerprint: again.fingerprint,
        issuers: vec!["https://other.example".to_owned()],
        ceiling: Class::Phi,
    };
    peers::accept(&a.app, &Actor::operator(), request).await.unwrap();
    let made = a.entries(Admin::PeerAccept).last().unwrap().entry.change["ceiling"].clone();
    let change = a.entries(Admin::PeerChange).last().unwrap().entry.change.clone();
    assert_eq!(made.old, None);
    assert_eq!(change.keys().collect::<Vec<_>>(), ["ceiling", "issuers"]);
    assert_eq!((change["ceiling"].old.clone(), change["ceiling"].new.clone()), (made.new, Some("phi".into())));
    peers::remove(&a.app, &Actor::operator(), &name("university-b")).await.unwrap();
    let gone = a.entries(Admin::PeerRemove).last().unwrap().entry.change["ceiling"].clone();
    assert_eq!((gone.old, gone.new), (Some("phi".into()), None));
}

on_both!(another_fingerprint_is_another_site);
async fn another_fingerprint_is_another_site(on: &Backend) {
    let (a, b, invitation) = two_sites(on).await;
    let other = a.app.identity().descriptor().unwrap().fingerprint().to_string();
    assert_ne!(other, b.app.identity().descriptor().unwrap().fingerprint().to_string());
    assert_eq!(accept(&a, &invitation, &other).await.unwrap_err().code, "fingerprint-wrong");
    assert_eq!(accept(&a, &invitation, "abc").await.unwrap_err().code, "fingerprint-unreadable");
    assert_eq!(a.outcomes(Admin::PeerAccept).len(), 2);
}

on_both!(an_invitation_serves_once_and_for_a_week);
async fn an_invitation_serves_once_and_for_a_week(on: &Backend) {
    let (a, b, invitation) = two_sites(on).await;
    accept(&a, &invitation, &invitation.fingerprint).await.unwrap();
    assert_eq!(accept(&a, &invitation, &invitation.fingerprint).await.unwrap_err().code, "invitation-used");
    let late = peers::invite(&b.app, &Actor::operator()).await.unwrap();
    a.pass(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(accept(&a, &late, &late.fingerprint).await.unwrap_err().code, "invitation-expired");
}

on_both!(a_changed_invitation_is_refused);
async fn a_changed_invitation_is_refused(on: &Backend) {
    let (a, _b, mut invitation) = two_sites(on).await;
    let fingerprint = invitation.fingerprint.clone();
    invitation.invitation.truncate(invitation.invitation.len() - 8);
    assert_eq!(accept(&a, &invitation, &fingerprint).await.unwrap_err().code, "invitation-unreadable");
}

on_both!(a_site_does_not_accept_itself);
async fn a_site_does_not_accept_itself(on: &Backend) {
    let a = Site::start(on).await;
    let own = peers::invite(&a.app, &Actor::operator()).await.unwrap();
    assert_eq!(accept(&a, &own, &own.fingerprint).await.unwrap_err().code, "invitation-own");
}

on_both!(only_administrators_manage_peers);
async fn only_administrators_manage_peers(on: &Backend) {
    let (a, _b, invitation) = two_sites(on).await;
    let ana = Actor::from(&a.person("ana").await);
    assert_eq!(peers::invite(&a.app, &ana).await.unwrap_err().kind, ProblemKind::Denied);
    let request = AcceptPeer {
        invitation: invitation.invitation.clone(),
        fingerprint: invitation.fingerprint.clone(),
        issuers: Vec::new(),
        ceiling: Class::Public,
    };
    assert_eq!(peers::accept(&a.app, &ana, request).await.unwrap_err().kind, ProblemKind::Denied);
    let admin = Actor::from(&a.person("admin").await);
    peers::invite(&a.app, &admin).await.unwrap();
}

on_both!(a_peer_that_does_not_know_us_tells_us_nothing);
async fn a_peer_that_does_not_know_us_tells_us_nothing(on: &Backend) {
    let (a, _b, invitation) = two_sites(on).await;
    accept(&a, &invitation, &invitation.fingerprint).await.unwrap();
    let ana = a.person("ana").await;
    assert!(peers::collections(&a.app, &ana, &name("university-b")).await.is_err());
    assert_eq!(peers::collections(&a.app, &ana, &name("nobody")).await.unwrap_err().code, "peer-unknown");
}

on_both!(a_transfer_between_collections_that_do_not_exist_for_a_person_is_none);
async fn a_transfer_between_collections_that_do_not_exist_for_a_person_is_none(on: &Backend) {
    let a = Site::start(on).await;
    let ben = a.person("ben").await;
    let task = |source: &str| NewTask {
        label: None,
        source: source.to_owned(),
        destination: "imaging".to_owned(),
        items: vec![NewItem { source: path("/a"), destination: path("/b"), recursive: false }],
        purpose: None,
        lanes: None,
        submission_id: None,
    };
    let hidden = transfers::submit(&a.app, &ben, task("imaging")).await.unwrap_err();
    assert_eq!(hidden, transfers::submit(&a.app, &ben, task("no-such-thing")).await.unwrap_err());
    let empty = NewTask { items: Vec::new(), ..task("imaging") };
    assert_eq!(transfers::submit(&a.app, &ben, empty).await.unwrap_err().code, "task-items");
}
