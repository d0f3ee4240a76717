//! The configuration comes into force by name, once.

use sealane_audit::event::Sharing;
use sealane_model::{AssuranceMode, Class, Permission, Principal};
use sealane_service::configure::{self, Applied, ConfiguredCollection};
use sealane_service::{PageQuery, collections};

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
    let detail = &changes.last().unwrap().entry.detail;
    assert_eq!((detail["class-before"].as_str(), detail["class"].as_str()), (Some("internal"), Some("phi")));
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
