//! The configuration comes into force by name, once.

use sealane_audit::Phase;
use sealane_audit::event::{Admin, Sharing};
use sealane_crypto::digest::sha256;
use sealane_model::{AssuranceMode, Class, Permission, Principal};
use sealane_service::configure::{self, Applied, ConfiguredCollection, ConfiguredRule};
use sealane_service::{PageQuery, collections, life};

use crate::backend::Backend;
use crate::harness::{Site, name};

on_both!(starting_twice_changes_nothing);
async fn starting_twice_changes_nothing(on: &Backend) {
    let site = Site::start(on).await;
    let again = configure::apply(&site.app, &site.configured()).await.unwrap();
    assert_eq!(again, Applied::default());
}

on_both!(rules_of_the_file_are_exactly_those_of_the_file);
async fn rules_of_the_file_are_exactly_those_of_the_file(on: &Backend) {
    let site = Site::start(on).await;
    let ben = site.person("ben").await;
    let for_all = site.rule("imaging", "/", Principal::EveryoneSignedIn, &[Permission::List]);
    site.with_rules(vec![for_all]).await;
    assert_eq!(collections::list(&site.app, &ben, &PageQuery::default()).await.unwrap().items.len(), 1);
    assert!(configure::apply(&site.app, &site.configured()).await.unwrap().rules);
    assert!(collections::list(&site.app, &ben, &PageQuery::default()).await.unwrap().items.is_empty());
}

on_both!(a_changed_class_is_recorded_with_both_classes);
async fn a_changed_class_is_recorded_with_both_classes(on: &Backend) {
    let site = Site::start(on).await;
    let mut configured = site.configured();
    configured.storage_gateways[0].classes.push(Class::Phi);
    configured.collections[0].class = Class::Phi;
    let applied = configure::apply(&site.app, &configured).await.unwrap();
    assert_eq!(applied.collections, ["imaging"]);
    let changes = site.entries(Sharing::CollectionChange);
    let change = &changes.last().unwrap().entry.change;
    assert_eq!(change.keys().collect::<Vec<_>>(), ["class"], "what stays the same is not said");
    assert_eq!(
        (change["class"].old.as_ref(), change["class"].new.as_ref()),
        (Some(&"internal".into()), Some(&"phi".into()))
    );
    let classes = site.entries(Admin::StorageChange).last().unwrap().entry.change["classes"].clone();
    assert_eq!(classes.new, classes.old.map(|old| format!("{} phi", old.as_str().unwrap()).into()));
}

on_both!(each_rule_of_the_file_is_recorded_with_what_it_was_and_is);
async fn each_rule_of_the_file_is_recorded_with_what_it_was_and_is(on: &Backend) {
    let site = Site::start(on).await;
    // One name in the file: one rule, whatever it gives.
    let everyone = |permissions: &[Permission]| ConfiguredRule {
        name: "everyone".to_owned(),
        ..site.rule("imaging", "/", Principal::EveryoneSignedIn, permissions)
    };
    site.with_rules(vec![everyone(&[Permission::List])]).await;
    let made = site.entries(Sharing::RuleCreate);
    let made = made.last().unwrap();
    assert_eq!(
        (made.entry.change["permissions"].old.clone(), made.entry.change["permissions"].new.clone()),
        (None, Some("list".into()))
    );
    assert!(made.revealed["private.principal.new"].expose().contains("everyone-signed-in"));
    let before = site.entries(Sharing::RuleChange).len();
    site.with_rules(vec![everyone(&[Permission::List, Permission::Read])]).await;
    let changed = site.entries(Sharing::RuleChange);
    assert_eq!(changed.len(), before + 3, "one of the rule, beside the intent and the outcome of all");
    let change = changed.iter().find_map(|view| view.entry.change.get("permissions")).unwrap();
    assert_eq!((change.old.clone(), change.new.clone()), (Some("list".into()), Some("list read".into())));
    configure::apply(&site.app, &site.configured()).await.unwrap();
    let removed = site.entries(Sharing::RuleRemove);
    let removed = removed.last().unwrap();
    assert_eq!(removed.entry.change["permissions"].new, None);
    assert_eq!(removed.revealed["private.path.old"].expose(), "/");
}

on_both!(a_role_that_is_given_is_recorded_once_with_its_person);
async fn a_role_that_is_given_is_recorded_once_with_its_person(on: &Backend) {
    let site = Site::start(on).await;
    let given = site.entries(Admin::RoleGrant);
    let intents: Vec<_> = given.iter().filter(|view| view.entry.phase == Phase::Intent).collect();
    assert!(!intents.is_empty(), "the site has an administrator");
    for view in &intents {
        assert!(view.revealed.contains_key("private.principal.new"));
        assert!(view.entry.change["role"].new.is_some());
    }
    let again = configure::apply(&site.app, &site.configured()).await.unwrap();
    assert!(!again.roles);
    assert_eq!(site.entries(Admin::RoleGrant).len(), given.len());
}

on_both!(a_class_that_the_storage_may_not_hold_is_refused);
async fn a_class_that_the_storage_may_not_hold_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let mut configured = site.configured();
    configured.collections[0].class = Class::CuiBasic;
    let problem = configure::apply(&site.app, &configured).await.unwrap_err();
    assert_eq!(problem.code, "misconfigured");
    assert!(problem.detail.contains("imaging") && problem.detail.contains("cui-basic"), "{}", problem.detail);
}

on_both!(what_refers_to_nothing_is_refused_by_name);
async fn what_refers_to_nothing_is_refused_by_name(on: &Backend) {
    let site = Site::start(on).await;
    let mut configured = site.configured();
    configured.collections.push(ConfiguredCollection {
        name: name("lost"),
        title: "Lost".to_owned(),
        description: String::new(),
        storage_gateway: "nowhere".to_owned(),
        class: Class::Internal,
        mode: AssuranceMode::Transport,
        read_only: false,
    });
    assert!(configure::apply(&site.app, &configured).await.unwrap_err().detail.contains("nowhere"));
    let mut configured = site.configured();
    configured.rules.push(site.rule("lost", "/", Principal::EveryoneSignedIn, &[Permission::List]));
    assert!(configure::apply(&site.app, &configured).await.unwrap_err().detail.contains("lost"));
}

on_both!(what_differs_from_the_start_before_is_told_once);
async fn what_differs_from_the_start_before_is_told_once(on: &Backend) {
    let site = Site::start(on).await;
    let (one, other) = (sha256(b"one configuration"), sha256(b"another"));
    for digest in [&one, &one, &other, &other] {
        life::changed(&site.app, digest).await.unwrap();
    }
    let changes = site.entries(Admin::ConfigChange);
    let told: Vec<_> = changes.iter().map(|view| view.entry.change["configuration"].clone()).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].old.as_ref(), told[0].new.as_ref()), (None, Some(&one.to_string().into())));
    assert_eq!(
        (told[1].old.as_ref(), told[1].new.as_ref()),
        (Some(&one.to_string().into()), Some(&other.to_string().into()))
    );
    let [layout] = site.entries(Admin::DatabaseMigrate).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let newest = site.app.database().status().await.unwrap().last().unwrap().version;
    assert_eq!(layout.entry.change["layout"].new, Some(newest.to_string().into()));
}
