//! Peers: what other sites have for a person, and whom the administrator accepts.
//!
//! Trust is a pinned key: an invitation carries a site's keys, signed by the very key it names, and is accepted only with
//! the fingerprint that the two administrators compared over another way. A peer decides for itself what a person of ours
//! may see there; we tell it who asks, signed, and show what it answers.

use data_encoding::BASE64URL_NOPAD;
use sealane_audit::event::{Access, Admin, Sharing};
use sealane_audit::{Kind, Object, Private};
use sealane_crypto::Fingerprint;
use sealane_crypto::envelope::Signed;
use sealane_database::peer_contact::{self, Contact};
use sealane_database::{invitation, peer};
use sealane_model::limits::{INVITATION_LIFETIME, MAX_PAGE};
use sealane_model::peer::SignedInvitation;
use sealane_model::problem::ProblemKind;
use sealane_model::{
    AssuranceMode, CollectionId, Component, Entry, Invitation, InvitationId, Peer, Permit, Problem, RemotePath,
    ShortName, SiteDescriptor, permit,
};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::{Details, Grant};
use sealane_transfer::lane::{Control, LaneError};
use sealane_transfer::message::{BrowseQuery, RemoteCollection};

use crate::act::{ask, conclude};
use crate::app::App;
use crate::browse::Shown;
use crate::caller::{Actor, Caller};
use crate::place::{Wanted, assertion};
use crate::view::{AcceptPeer, CollectionView, InvitationView, May, PeerContactView, PeerView};
use crate::{change, problem};

const PREFIX: &str = "sealane-invitation:";
const MAX_INVITATION: usize = 16 * 1024;

/// The peers of this site.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<PeerView>, Problem> {
    let grant = app.permit::<permit::SeeSite>(ask(actor, Action::ListPeers, Resource::site(), Admin::PeerList)).await?;
    let result = all(app).await;
    conclude(grant, result.map(|peers| peers.iter().map(view).collect()), Details::none()).await
}

/// Collections of a peer that it shows to the caller.
pub async fn collections(app: &App, caller: &Caller, name: &ShortName) -> Result<Vec<CollectionView>, Problem> {
    let actor = Actor::from(caller);
    let mut db = app.db().await?;
    let found = peer::find_by_name(&mut db, name).await.map_err(problem::database)?;
    drop(db);
    let Some(peer) = found else {
        app.record_miss(&actor, Sharing::CollectionList, "peer-unknown").await?;
        return Err(peer_unknown());
    };
    let grant = permit_at(app, &actor, &peer, Sharing::CollectionList, Object::default()).await?;
    let result = fetch_collections(app, &grant.permit, caller, &peer).await;
    let views = result.map(|found| found.iter().map(|one| collection_view(&peer, one)).collect());
    conclude(grant, views, Details::none()).await
}

/// One collection of a peer.
pub(crate) async fn collection(
    app: &App,
    caller: &Caller,
    peer: &Peer,
    wanted: &Wanted,
) -> Result<CollectionView, Problem> {
    let actor = Actor::from(caller);
    let grant = permit_at(app, &actor, peer, Sharing::CollectionShow, Object::default()).await?;
    let result = fetch_collections(app, &grant.permit, caller, peer).await;
    let view = result.and_then(|found| pick(&found, wanted).map(|one| collection_view(peer, one)));
    conclude(grant, view, Details::none()).await
}

/// A page of a directory of a peer's collection.
pub(crate) async fn browse(
    app: &App,
    caller: &Caller,
    peer: &Peer,
    wanted: &Wanted,
    path: &RemotePath,
    after: Option<Component>,
    limit: usize,
) -> Result<(Shown, bool), Problem> {
    let actor = Actor::from(caller);
    let object = Object { path: Some(Private::new(path.to_text())), ..Object::default() };
    let grant = permit_at(app, &actor, peer, Access::DirectoryList, object).await?;
    let result = fetch_page(app, &grant.permit, caller, peer, wanted, path, after, limit).await;
    let details =
        result.as_ref().map_or_else(|_| Details::none(), |(shown, _)| Details::none().files(count(&shown.entries)));
    conclude(grant, result, details).await
}

/// One entry of a peer's collection: looked up in the listing of its directory.
pub(crate) async fn stat(
    app: &App,
    caller: &Caller,
    peer: &Peer,
    wanted: &Wanted,
    path: &RemotePath,
) -> Result<Entry, Problem> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(problem::bad_request(
            "path",
            "The root of a peer's collection is described by the collection itself.",
        ));
    };
    let actor = Actor::from(caller);
    let object = Object { path: Some(Private::new(path.to_text())), ..Object::default() };
    let grant = permit_at(app, &actor, peer, Access::EntryStat, object).await?;
    let result = look_for(app, &grant.permit, caller, peer, wanted, &parent, name).await;
    conclude(grant, result, Details::none()).await
}

/// Make an invitation for another site's administrator.
pub async fn invite(app: &App, actor: &Actor) -> Result<InvitationView, Problem> {
    let question = ask(actor, Action::ManagePeers, Resource::site(), Admin::PeerInvite);
    let grant = app.permit::<permit::ManagePeers>(question).await?;
    let result = make_invitation(app, &grant.permit);
    conclude(grant, result, Details::none()).await
}

/// Accept a site: pin the keys that its invitation carries.
pub async fn accept(app: &App, actor: &Actor, request: AcceptPeer) -> Result<PeerView, Problem> {
    let wanted = invited(app, &request);
    let known = match &wanted {
        Some(peer) => peer::find(&mut *app.db().await?, peer.descriptor.site).await.map_err(problem::database)?,
        None => None,
    };
    // A site that is a peer already gets other keys, another ceiling or other people: the old ones are said too.
    let kind = if known.is_some() { Admin::PeerChange } else { Admin::PeerAccept };
    let question = ask(actor, Action::ManagePeers, Resource::site(), kind);
    let grant = app.permit::<permit::ManagePeers>(change::peer(question, known.as_ref(), wanted.as_ref())).await?;
    let result = pin(app, &grant.permit, &request).await;
    conclude(grant, result.map(|peer| view(&peer)), Details::none()).await
}

/// The peer as the request would have it, if its invitation can be read.
fn invited(app: &App, request: &AcceptPeer) -> Option<Peer> {
    let Invitation { descriptor, .. } = read_invitation(&request.invitation).ok()?;
    Some(Peer { descriptor, issuers: request.issuers.clone(), ceiling: request.ceiling, accepted_at: app.now() })
}

/// Say who a peer is to the outside, for accounts of what was disclosed to it. What is left out stays as it was.
pub async fn set_contact(
    app: &App,
    actor: &Actor,
    name: &ShortName,
    change: PeerContactView,
) -> Result<PeerContactView, Problem> {
    let mut question = ask(actor, Action::ManagePeers, Resource::site(), Admin::PeerChange);
    // What it says may name a person, so the record tells only what was given.
    let given = [("organisation", &change.organisation), ("address", &change.address), ("phone", &change.phone)];
    let given: Vec<&str> = given.into_iter().filter(|(_, value)| value.is_some()).map(|(field, _)| field).collect();
    question = question.detail("contact", given.join(" "));
    let grant = app.permit::<permit::ManagePeers>(question).await?;
    let result = change_contact(app, &grant.permit, name, change).await;
    conclude(grant, result, Details::none().detail("name", name.to_string())).await
}

async fn change_contact(
    app: &App,
    _permit: &Permit<permit::ManagePeers>,
    name: &ShortName,
    change: PeerContactView,
) -> Result<PeerContactView, Problem> {
    let mut db = app.db().await?;
    let found = peer::find_by_name(&mut db, name).await.map_err(problem::database)?;
    let site = found
        .ok_or_else(|| problem::not_found("peer-unknown", "peer").next("`sealane peer list` has the names."))?
        .descriptor
        .site;
    let known = peer_contact::find(&mut db, site).await.map_err(problem::database)?.unwrap_or_default();
    let contact = Contact {
        organisation: change.organisation.or(known.organisation),
        address: change.address.or(known.address),
        phone: change.phone.or(known.phone),
    };
    peer_contact::put(&mut db, site, &contact).await.map_err(problem::database)?;
    Ok(PeerContactView { organisation: contact.organisation, address: contact.address, phone: contact.phone })
}

/// Trust a site no longer.
pub async fn remove(app: &App, actor: &Actor, name: &ShortName) -> Result<(), Problem> {
    let known = peer::find_by_name(&mut *app.db().await?, name).await.map_err(problem::database)?;
    let question = ask(actor, Action::ManagePeers, Resource::site(), Admin::PeerRemove);
    let grant = app.permit::<permit::ManagePeers>(change::peer(question, known.as_ref(), None)).await?;
    let result = unpin(app, &grant.permit, name).await;
    conclude(grant, result, Details::none().detail("name", name.to_string())).await
}

async fn permit_at(
    app: &App,
    actor: &Actor,
    peer: &Peer,
    kind: impl Into<Kind>,
    object: Object,
) -> Result<Grant<permit::SeeSite>, Problem> {
    let mut question = ask(actor, Action::ListPeers, Resource::site(), kind);
    question.peer = Some(peer.descriptor.site.to_string());
    question.object = object;
    app.permit(question).await
}

async fn dial(app: &App, peer: &Peer) -> Result<Control, Problem> {
    app.parts().dialer.control(peer).await.map_err(|error| told(&error))
}

fn told(error: &LaneError) -> Problem {
    error.problem()
}

async fn fetch_collections(
    app: &App,
    _permit: &Permit<permit::SeeSite>,
    caller: &Caller,
    peer: &Peer,
) -> Result<Vec<RemoteCollection>, Problem> {
    let mut control = dial(app, peer).await?;
    let found = control.collections(&assertion(caller)).await.map_err(|error| told(&error))?;
    control.close().await;
    app.parts().remote_names.learn(&found);
    Ok(found)
}

#[expect(clippy::too_many_arguments, reason = "one page of one place for one person")]
async fn fetch_page(
    app: &App,
    permit: &Permit<permit::SeeSite>,
    caller: &Caller,
    peer: &Peer,
    wanted: &Wanted,
    path: &RemotePath,
    after: Option<Component>,
    limit: usize,
) -> Result<(Shown, bool), Problem> {
    let collection = resolve(app, permit, caller, peer, wanted).await?;
    let mut control = dial(app, peer).await?;
    let limit = u32::try_from(limit.min(MAX_PAGE)).unwrap_or(1);
    let query = BrowseQuery { collection, path: path.clone(), after, limit };
    let listing = control.browse(&assertion(caller), query).await.map_err(|error| told(&error))?;
    control.close().await;
    Ok((Shown { entries: listing.entries, refused: Vec::new() }, listing.more))
}

/// The id of a peer's collection, asked for only where the person gave a name.
async fn resolve(
    app: &App,
    permit: &Permit<permit::SeeSite>,
    caller: &Caller,
    peer: &Peer,
    wanted: &Wanted,
) -> Result<CollectionId, Problem> {
    match wanted.id() {
        Some(id) => Ok(id),
        None => pick(&fetch_collections(app, permit, caller, peer).await?, wanted).map(|one| one.id),
    }
}

/// Listings are sorted by the bytes of names, so the search begins just before the name and ends as soon as it is passed.
async fn look_for(
    app: &App,
    permit: &Permit<permit::SeeSite>,
    caller: &Caller,
    peer: &Peer,
    wanted: &Wanted,
    parent: &RemotePath,
    name: &Component,
) -> Result<Entry, Problem> {
    let collection = Wanted::by_id(resolve(app, permit, caller, peer, wanted).await?);
    let mut after = just_before(name);
    loop {
        let (shown, more) = fetch_page(app, permit, caller, peer, &collection, parent, after, MAX_PAGE).await?;
        let passed = |entry: &Entry| entry.path.file_name().is_some_and(|other| other.as_bytes() > name.as_bytes());
        after = shown.entries.last().and_then(|entry| entry.path.file_name().cloned());
        let ended = !more || after.is_none() || shown.entries.last().is_some_and(passed);
        if let Some(entry) = shown.entries.into_iter().find(|entry| entry.path.file_name() == Some(name)) {
            return Ok(entry);
        }
        if ended {
            return Err(problem::not_found("not-found", "file or directory")
                .next("Check the path, for example by listing its directory."));
        }
    }
}

/// A name that sorts before the given one, with few names between.
fn just_before(name: &Component) -> Option<Component> {
    let (_, shorter) = name.as_bytes().split_last()?;
    Component::new(shorter).ok()
}

fn pick<'a>(found: &'a [RemoteCollection], wanted: &Wanted) -> Result<&'a RemoteCollection, Problem> {
    found.iter().find(|one| wanted.is(one.id, &one.name)).ok_or_else(problem::collection_unknown)
}

async fn all(app: &App) -> Result<Vec<Peer>, Problem> {
    let mut db = app.db().await?;
    peer::list(&mut db).await.map_err(problem::database)
}

fn make_invitation(app: &App, _permit: &Permit<permit::ManagePeers>) -> Result<InvitationView, Problem> {
    let identity = app.identity();
    let descriptor = identity.descriptor().map_err(|error| problem::internal("site-certificate", &error))?;
    let fingerprint = descriptor.fingerprint();
    let expires_at = app.now().after(INVITATION_LIFETIME);
    let invitation = Invitation { id: InvitationId::generate(app.clock(), app.random()), descriptor, expires_at };
    let signed = Signed::seal(&identity.signing, SiteDescriptor::CONTEXT, &invitation)
        .map_err(|error| problem::internal("invitation-sealing", &error))?;
    let signed = SignedInvitation { signing_key: identity.signing.verifying_key(), signed };
    let json = serde_json::to_string(&signed).map_err(|error| problem::internal("invitation-text", &error))?;
    Ok(InvitationView {
        invitation: format!("{PREFIX}{}", BASE64URL_NOPAD.encode(json.as_bytes())),
        fingerprint: fingerprint.to_string(),
        fingerprint_short: fingerprint.short(),
        expires_at,
    })
}

/// Read an invitation: signed by the key that it names. Whose key that is, the fingerprint says.
fn read_invitation(text: &str) -> Result<Invitation, Problem> {
    let unreadable = || {
        refused(
            "invitation-unreadable",
            "The text is not an invitation, or not all of it.",
            "Ask for it again and paste the whole line.",
        )
    };
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(MAX_INVITATION).collect();
    let encoded = text.strip_prefix(PREFIX).ok_or_else(unreadable)?;
    let json = BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| unreadable())?;
    let signed: SignedInvitation = serde_json::from_slice(&json).map_err(|_| unreadable())?;
    let invitation = signed.signed.open(&signed.signing_key, SiteDescriptor::CONTEXT).map_err(|_| {
        refused(
            "invitation-signature",
            "The invitation was changed after it was signed.",
            "Ask for a new one over a way that does not change it.",
        )
    })?;
    if invitation.descriptor.signing_key == signed.signing_key {
        Ok(invitation)
    } else {
        Err(refused(
            "invitation-signature",
            "The invitation is signed with another key than it names.",
            "Do not use it; ask its sender.",
        ))
    }
}

async fn pin(app: &App, _permit: &Permit<permit::ManagePeers>, request: &AcceptPeer) -> Result<Peer, Problem> {
    let now = app.now();
    let Invitation { id, descriptor, expires_at } = read_invitation(&request.invitation)?;
    let compared: Fingerprint = request.fingerprint.parse().map_err(|_| {
        problem::bad_request("fingerprint-unreadable", "The fingerprint must have 64 hexadecimal digits.")
            .next("Copy it as the other administrator's command printed it.")
    })?;
    if compared != descriptor.fingerprint() {
        return Err(refused(
            "fingerprint-wrong",
            "The invitation carries other keys than those of the fingerprint that you gave.",
            "Compare it with the other administrator by telephone; if it still differs, somebody has changed the invitation.",
        ));
    }
    if expires_at <= now {
        return Err(refused(
            "invitation-expired",
            &format!("The invitation was good until {expires_at}; it is now {now}."),
            "Ask for a new one; compare both machines' clocks if it is new.",
        ));
    }
    if descriptor.site == app.identity().site || descriptor.name == app.identity().name {
        return Err(refused(
            "invitation-own",
            "The invitation is this site's own, or its name is.",
            "Give it to the other site's administrator.",
        ));
    }
    let peer = Peer { descriptor, issuers: request.issuers.clone(), ceiling: request.ceiling, accepted_at: now };
    let mut tx = app.database().begin().await.map_err(problem::database)?;
    if !invitation::mark_used(&mut tx, id, now).await.map_err(problem::database)? {
        return Err(refused("invitation-used", "The invitation was accepted before.", "Ask for a new one."));
    }
    peer::upsert(&mut tx, &peer).await.map_err(problem::database)?;
    tx.commit().await.map_err(problem::database)?;
    Ok(peer)
}

async fn unpin(app: &App, _permit: &Permit<permit::ManagePeers>, name: &ShortName) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let peer = peer::find_by_name(&mut db, name).await.map_err(problem::database)?.ok_or_else(peer_unknown)?;
    peer::remove(&mut db, peer.descriptor.site).await.map(drop).map_err(problem::database)
}

fn refused(code: &str, detail: &str, next: &str) -> Problem {
    Problem::new(ProblemKind::BadRequest, code, "The invitation was not accepted", detail).next(next)
}

fn peer_unknown() -> Problem {
    problem::not_found("peer-unknown", "peer").next("`sealane peer list` shows the peers of this site.")
}

fn count(entries: &[Entry]) -> u64 {
    u64::try_from(entries.len()).unwrap_or(u64::MAX)
}

fn view(peer: &Peer) -> PeerView {
    PeerView {
        site: peer.descriptor.site,
        name: peer.descriptor.name.clone(),
        title: peer.descriptor.title.clone(),
        url: peer.descriptor.url.clone(),
        fingerprint: peer.descriptor.fingerprint().to_string(),
        issuers: peer.issuers.clone(),
        ceiling: peer.ceiling,
        accepted_at: peer.accepted_at,
    }
}

fn collection_view(peer: &Peer, collection: &RemoteCollection) -> CollectionView {
    CollectionView {
        id: collection.id,
        name: collection.name.clone(),
        reference: format!("{}/{}", peer.descriptor.name, collection.name),
        title: collection.title.clone(),
        description: String::new(),
        class: collection.class,
        mode: AssuranceMode::Transport,
        read_only: false,
        site: peer.descriptor.name.clone(),
        site_title: peer.descriptor.title.clone(),
        remote: true,
        may: May { list: true, read: collection.may_read, write: collection.may_write, ..May::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_before_sorts_before() {
        for name in ["a", "ab", "\u{ff}z"] {
            let name = Component::new(name.as_bytes()).unwrap();
            let before = just_before(&name);
            assert!(before.is_none_or(|before| before.as_bytes() < name.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_invitation_is_refused_in_words() {
        for text in ["", "hello", "sealane-invitation:", "sealane-invitation:!!!", "sealane-invitation:e30"] {
            assert_eq!(read_invitation(text).unwrap_err().code, "invitation-unreadable", "{text}");
        }
    }
}
