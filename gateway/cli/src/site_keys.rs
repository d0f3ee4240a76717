//! A site's keys: made once by `sealane init`, loaded by every node.
//!
//! The site signs orders and invitations with one Ed25519 key and presents one P-256 certificate on its lanes. Each node
//! signs its own audit log with its own key. A missing site key at start is an error, never a new key: a site with new
//! keys is another site to its peers.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use sealane_audit::{Log, LogKeys, OpenError, Options, Recovery, RotationProof};
use sealane_crypto::{AeadKey, KeyStore, Random, Secret, SigningKey, TlsIdentity};
use sealane_model::{ShortName, SiteId};
use sealane_service::audit::IndexKey;

use crate::keystore::FileKeyStore;

const SITE_ID: &str = "site-id";
const SIGNING: &str = "site-signing";
const LANE_CERTIFICATE: &str = "lane-certificate";
const LANE_KEY: &str = "lane-private";
const WEB_CERTIFICATE: &str = "web-certificate";
const WEB_KEY: &str = "web-private";
const OPENINGS: &str = "audit-openings";
const DATABASE: &str = "database";

/// What a node needs to be its site.
#[derive(Debug)]
pub struct SiteKeys {
    /// The site.
    pub site: SiteId,
    /// Signs orders and invitations.
    pub signing: SigningKey,
    /// What lanes present.
    pub lane: TlsIdentity,
    /// What pages and API present where the institution gave no certificate.
    pub web: TlsIdentity,
}

impl SiteKeys {
    /// Make a new site's keys.
    ///
    /// # Errors
    /// When the folder holds a site already, or cannot be written.
    pub fn create(folder: &Path, site: SiteId, web_names: &[String], random: &dyn Random) -> anyhow::Result<Self> {
        let store = FileKeyStore::open(folder)?;
        if store.load(SITE_ID)?.is_some() {
            bail!("{} already holds the keys of a site; a site is initialised once", folder.display());
        }
        let signing = SigningKey::generate(random);
        let lane = TlsIdentity::generate("sealane-lane", &[format!("{site}.sealane")])?;
        let web = TlsIdentity::generate("sealane", web_names)?;
        store.store(SIGNING, &signing.to_pkcs8())?;
        store_tls(&store, LANE_CERTIFICATE, LANE_KEY, &lane)?;
        store_tls(&store, WEB_CERTIFICATE, WEB_KEY, &web)?;
        store.store(OPENINGS, &AeadKey::generate(random).to_bytes())?;
        store.store(DATABASE, &AeadKey::generate(random).to_bytes())?;
        // The id comes last: a site whose making was cut short has none, and is not taken for one.
        store.store(SITE_ID, &Secret::new(site.to_string().into_bytes()))?;
        Ok(Self { site, signing, lane, web })
    }

    /// Load a site's keys.
    ///
    /// # Errors
    /// When one is missing, damaged, or readable by others.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let store = FileKeyStore::open(folder)?;
        let id = required(&store, SITE_ID, folder)?;
        let site = std::str::from_utf8(id.expose())?.parse().context("the key file 'site-id' holds no site id")?;
        Ok(Self {
            site,
            signing: SigningKey::from_pkcs8(required(&store, SIGNING, folder)?.expose())?,
            lane: load_tls(&store, LANE_CERTIFICATE, LANE_KEY, folder)?,
            web: load_tls(&store, WEB_CERTIFICATE, WEB_KEY, folder)?,
        })
    }
}

/// The keys of one node's audit log; its signing key is made when the node first starts.
///
/// # Errors
/// When a key is missing, damaged, or readable by others.
pub fn audit_keys(folder: &Path, node: &ShortName, random: &dyn Random) -> anyhow::Result<LogKeys> {
    let store = FileKeyStore::open(folder)?;
    let name = log_name(node);
    let signing = match store.load(&name)? {
        Some(bytes) => SigningKey::from_pkcs8(bytes.expose())?,
        None => {
            let key = SigningKey::generate(random);
            store.store(&name, &key.to_pkcs8())?;
            key
        }
    };
    let openings = AeadKey::from_bytes(required(&store, OPENINGS, folder)?.expose())?;
    Ok(LogKeys { signing, openings })
}

/// The log of a node, opened with its key. Where a new key has taken over in the log and the change was cut off before the key's
/// file was in its place, that is finished first.
///
/// # Errors
/// Those of the keys and of the log.
pub fn open_log(
    folder: &Path,
    node: &ShortName,
    place: &LogPlace<'_>,
    random: &Arc<dyn Random>,
    options: Options,
) -> anyhow::Result<(Log, Recovery)> {
    let keys = audit_keys(folder, node, random.as_ref())?;
    let open = |keys: LogKeys| Log::open_with(place.directory, place.origin, keys, Arc::clone(random), options);
    match open(keys.clone()) {
        Err(error @ OpenError::OtherKey { .. }) => {
            let store = FileKeyStore::open(folder)?;
            let Some(signing) = successor(&store, node)? else { return Err(error.into()) };
            let opened = open(LogKeys { signing, ..keys })?;
            store.replace(&next_name(node), &log_name(node))?;
            Ok(opened)
        }
        opened => Ok(opened?),
    }
}

/// Replaces the key of a node's log, which nobody may have open. The old key is removed: it signs nothing any more.
///
/// # Errors
/// Those of the keys and of the log; then the old key stays, and the command can be run again.
pub fn rotate_log_key(
    folder: &Path,
    node: &ShortName,
    place: &LogPlace<'_>,
    random: &Arc<dyn Random>,
    options: Options,
) -> anyhow::Result<RotationProof> {
    // Finishes one that was cut off; then this is the next.
    drop(open_log(folder, node, place, random, options)?);
    let keys = audit_keys(folder, node, random.as_ref())?;
    let store = FileKeyStore::open(folder)?;
    let next = match successor(&store, node)? {
        Some(key) => key,
        None => {
            let key = SigningKey::generate(random.as_ref());
            store.store(&next_name(node), &key.to_pkcs8())?;
            key
        }
    };
    let proof = Log::rotate_key(place.directory, place.origin, &keys, &next, random, options)?;
    store.replace(&next_name(node), &log_name(node))?;
    Ok(proof)
}

/// Where a log lies and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct LogPlace<'a> {
    /// Its directory.
    pub directory: &'a Path,
    /// Its name.
    pub origin: &'a str,
}

fn successor(store: &FileKeyStore, node: &ShortName) -> anyhow::Result<Option<SigningKey>> {
    Ok(store.load(&next_name(node))?.map(|bytes| SigningKey::from_pkcs8(bytes.expose())).transpose()?)
}

fn log_name(node: &ShortName) -> String {
    format!("audit-{node}")
}

fn next_name(node: &ShortName) -> String {
    format!("audit-{node}.next")
}

/// Makes the tokens of the audit log's search index: the same at every node, for all share the openings key.
///
/// # Errors
/// When the key is missing, damaged, or readable by others.
pub fn index_key(folder: &Path) -> anyhow::Result<IndexKey> {
    let store = FileKeyStore::open(folder)?;
    Ok(IndexKey::derived_from(&required(&store, OPENINGS, folder)?))
}

/// The key of the control database's sealed cells. Where the database is not sealed yet, because the site is older than
/// sealed cells, it is made; where it is, a missing key is an error: a new one would open nothing.
///
/// # Errors
/// When the key is missing, damaged, or readable by others.
pub fn database_key(folder: &Path, sealed: bool, random: &dyn Random) -> anyhow::Result<AeadKey> {
    let store = FileKeyStore::open(folder)?;
    if let Some(bytes) = store.load(DATABASE)? {
        return AeadKey::from_bytes(bytes.expose())
            .with_context(|| format!("the key file {} is damaged", folder.join("database.key").display()));
    }
    if sealed {
        bail!(
            "the control database is sealed and its key is missing: there is no {}\n  next: put the file back from the backup \
             of the site's keys (mode 0600), or copy it from another node of this site; without it nobody can read the \
             people, paths and labels in this database",
            folder.join("database.key").display()
        );
    }
    let key = AeadKey::generate(random);
    store.store(DATABASE, &key.to_bytes())?;
    Ok(key)
}

fn required(store: &FileKeyStore, name: &str, folder: &Path) -> anyhow::Result<Secret<Vec<u8>>> {
    store.load(name)?.with_context(|| {
        format!(
            "there is no key '{name}' in {}\n  next: run `sealane init`, or name the folder of the site's keys in [site] keys",
            folder.display()
        )
    })
}

fn store_tls(store: &FileKeyStore, certificate: &str, key: &str, identity: &TlsIdentity) -> anyhow::Result<()> {
    store.store(certificate, &Secret::new(identity.certificate_der.clone()))?;
    store.store(key, &identity.private_key_pkcs8)?;
    Ok(())
}

fn load_tls(store: &FileKeyStore, certificate: &str, key: &str, folder: &Path) -> anyhow::Result<TlsIdentity> {
    Ok(TlsIdentity {
        certificate_der: required(store, certificate, folder)?.expose().clone(),
        private_key_pkcs8: required(store, key, folder)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealane_crypto::SystemRandom;
    use sealane_model::SystemClock;

    #[test]
    fn a_site_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let random = SystemRandom::new().unwrap();
        let site = SiteId::generate(&SystemClock, &random);
        let made = SiteKeys::create(&keys, site, &["localhost".into()], &random).unwrap();
        let found = SiteKeys::load(&keys).unwrap();
        assert_eq!(found.site, site);
        assert_eq!(found.signing.verifying_key(), made.signing.verifying_key());
        assert_eq!(found.lane.certificate_der, made.lane.certificate_der);
        assert!(SiteKeys::create(&keys, site, &[], &random).is_err(), "never a second time");
    }

    #[test]
    fn the_key_of_a_sealed_database_is_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let random = SystemRandom::new().unwrap();
        let bytes = |key: AeadKey| key.to_bytes().expose().clone();
        let refused = database_key(&keys, true, &random).unwrap_err().to_string();
        assert!(refused.contains("database.key") && refused.contains("backup"), "{refused}");
        let made = bytes(database_key(&keys, false, &random).unwrap());
        assert_eq!(bytes(database_key(&keys, true, &random).unwrap()), made);
        assert_eq!(bytes(database_key(&keys, false, &random).unwrap()), made);
        let with_site = folder.path().join("site");
        SiteKeys::create(&with_site, SiteId::generate(&SystemClock, &random), &[], &random).unwrap();
        assert!(database_key(&with_site, true, &random).is_ok(), "a new site has one from its first day");
    }

    #[test]
    fn a_missing_key_is_never_replaced_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let message = SiteKeys::load(&folder.path().join("keys")).unwrap_err().to_string();
        assert!(message.contains("sealane init"), "{message}");
    }
}
