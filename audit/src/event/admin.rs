//! Admin: what administrators do to the site, and the site's own start and stop.
//!
//! Part of the closed catalogue in `catalogue.rs`; names are stable once released.

use super::catalogue::kinds;

kinds! {
    /// The site, its peers, storage, roles and keys.
    Admin {
        SiteCreate = "site.create", "The site is set up for the first time.";
        SiteStart = "site.start", "A node of the site starts.";
        SiteStop = "site.stop", "A node of the site stops in good order.";
        ConfigChange = "config.change", "The configuration in force differs from the one before.";
        DatabaseMigrate = "database.migrate", "The control database gets a newer layout.";
        PeerList = "peer.list", "Peers are shown.";
        PeerInvite = "peer.invite", "An invitation for a peer is made.";
        PeerAccept = "peer.accept", "A peer is accepted and its keys are pinned.";
        PeerChange = "peer.change", "What a peer may do changes: the old and the new values stand side by side.";
        PeerRemove = "peer.remove", "A peer is removed.";
        StorageCreate = "storage.create", "A storage gateway is connected.";
        StorageChange = "storage.change", "A storage gateway's settings change.";
        StorageRemove = "storage.remove", "A storage gateway is disconnected.";
        RoleGrant = "role.grant", "A person or group gets a role.";
        RoleRevoke = "role.revoke", "A person or group loses a role.";
        KeyCreate = "key.create", "A key of the site is made.";
        KeyRotate = "key.rotate", "A key of the site is replaced.";
        SettingsShow = "settings.show", "Settings or the state of the site are shown to an administrator.";
    }
}
