//! Every page, held against the rules that all pages keep.

use scraper::{ElementRef, Html, Selector};
use sealane_model::{
    AssuranceMode, Class, EntryKind, FileTime, Permission, Problem, Progress, RemotePath, TaskEvent, TaskRole,
    TaskState, Timestamp,
};
use sealane_service::view::{
    AuditEntryView, CheckpointView, CollectionView, CosignatureView, DeviceView, EntryView, ExchangeView, Listing, May,
    Modified, NewItem, PlaceView, PrincipalView, ProviderView, RuleView, SitePartView, TaskRecordView, TaskView,
};

use super::collections::PeerGroup;
use super::device::Step;
use super::draft::{Chosen, Draft};
use super::layout::{Area, Frame, Page, Viewer};
use super::part::entry_table::Sort;
use super::part::outcome::Outcome;
use super::rename::NewName;
use super::rule_draft::{RuleDraft, Who};
use super::rules::{News, Shown};
use super::*;
use maud::html;

fn path(text: &str) -> RemotePath {
    RemotePath::parse_text(text).unwrap()
}

fn time() -> Timestamp {
    "2026-03-01T09:30:00Z".parse().unwrap()
}

fn frame(area: Area) -> Frame {
    let viewer = Viewer { name: "Ana <Ruiz>".to_owned(), form_token: "f0".repeat(32) };
    let site_title = "Hospital A".to_owned();
    Frame { site_title, viewer: Some(viewer), area, refresh_seconds: None, narrow: false }
}

fn stranger() -> Frame {
    Frame { viewer: None, narrow: true, ..frame(Area::Elsewhere) }
}

fn collection(remote: bool) -> CollectionView {
    CollectionView {
        id: "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60"
            .parse::<uuid::Uuid>()
            .map(sealane_model::CollectionId::from_uuid)
            .unwrap(),
        name: "imaging".parse().unwrap(),
        reference: if remote { "univ-b/imaging".to_owned() } else { "imaging".to_owned() },
        title: "Imaging <2026>".to_owned(),
        description: "Scans & reports".to_owned(),
        class: Class::Phi,
        mode: AssuranceMode::Transport,
        read_only: false,
        site: "hospital-a".parse().unwrap(),
        site_title: "Hospital A".to_owned(),
        remote,
        may: May { list: true, read: true, write: true, delete: false, share: false, step_up: false },
    }
}

fn entry(name: &str, kind: EntryKind, size: u64) -> EntryView {
    let modified = Modified(FileTime { seconds: 1_790_000_000 + i64::try_from(size).unwrap(), nanos: 5 });
    EntryView { name: name.to_owned(), path: path(&format!("/a/{name}")), kind, size, modified, mode: 0o640 }
}

fn listing() -> Listing {
    let items = vec![
        entry("dir with space", EntryKind::Directory, 0),
        entry("a\"b<i>.dcm", EntryKind::File, 1 << 20),
        entry("z.csv", EntryKind::File, 3),
        entry("link", EntryKind::Symlink, 0),
        entry("pipe", EntryKind::Special, 0),
    ];
    Listing { path: path("/a"), items, next: Some("z.csv".to_owned()) }
}

fn task(state: TaskState) -> TaskView {
    let place = |site: &str, here| PlaceView {
        site: site.to_owned(),
        here,
        collection: "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".to_owned(),
        name: Some("imaging".to_owned()),
    };
    let progress = Progress {
        files_total: 10,
        bytes_total: 1000,
        files_done: 4,
        bytes_done: 400,
        skipped: 1,
        lanes: 4,
        ..Progress::default()
    };
    TaskView {
        id: "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap(),
        label: None,
        role: TaskRole::Source,
        source: place("hospital-a", true),
        destination: place("univ-b", false),
        items: vec![NewItem { source: path("/a/<b>"), destination: path("/in/<b>"), recursive: true }],
        purpose: Some("study 7".to_owned()),
        lanes: 4,
        state,
        progress,
        nice_status: "moving".to_owned(),
        manifest: None,
        cipher: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
        submitted_at: time(),
        completed_at: None,
    }
}

fn events() -> Vec<TaskEvent> {
    let event = |sequence, is_error| TaskEvent {
        sequence,
        at: time(),
        code: "lane-lost".to_owned(),
        message: "A lane was lost & opened again.".to_owned(),
        is_error,
    };
    vec![event(1, false), event(2, true)]
}

fn receipt_view() -> TaskRecordView {
    let entry = AuditEntryView {
        index: 7,
        at: time(),
        kind: "transfer.submit".to_owned(),
        phase: "outcome".to_owned(),
        op: "op".to_owned(),
        outcome: Some("done".to_owned()),
        code: Some("ok".to_owned()),
        decision: None,
        peer: Some("univ-b".to_owned()),
        transport: None,
        bytes: None,
        files: None,
        leaf: "ab".repeat(32),
    };
    let checkpoint = CheckpointView { size: 9, root: "cd".repeat(32), note: "hospital-a\n9\n".to_owned() };
    let part = |site: &str, place| SitePartView {
        site: site.to_owned(),
        log: format!("sealane/{site}/node-1"),
        place,
        at: time(),
        size: 9,
        root: "cd".repeat(32),
        cosigned_by: vec![CosignatureView { name: "sealane/<b>/witness".to_owned(), at: time() }],
        unknown_cosignatures: 1,
    };
    let exchange = ExchangeView {
        state: "held".to_owned(),
        peer: "univ-b".to_owned(),
        cause: None,
        since: time(),
        source: Some(part("hospital-a", 7)),
        destination: Some(part("univ-b", 8)),
    };
    TaskRecordView {
        task: task(TaskState::Succeeded { at: time() }),
        entries: vec![entry],
        checkpoint,
        exchange: Some(exchange),
    }
}

fn rule_rows() -> Shown {
    let rule = |principal, deny, created_by: Option<&str>| RuleView {
        id: "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap(),
        path: path("/a/<b>"),
        principal,
        permissions: vec![Permission::List, Permission::Read],
        deny,
        expires_at: deny.then(time),
        purpose: deny.then(|| "study <i>7</i>".to_owned()),
        created_by: created_by.map(str::to_owned),
        created_at: time(),
    };
    let person = PrincipalView::Person { issuer: "https://idp.example".to_owned(), subject: "<b>ben</b>".to_owned() };
    let items = vec![
        rule(PrincipalView::Email { email: "ben@univ-b.example".to_owned() }, false, None),
        rule(person, true, Some("<i>ana</i>")),
        rule(PrincipalView::Group { group: "readers".to_owned() }, false, Some("ana")),
        rule(PrincipalView::Site { site: "univ-b".to_owned() }, false, Some("ana")),
        rule(PrincipalView::EveryoneSignedIn, true, Some("ana")),
        rule(PrincipalView::Anonymous, false, Some("ana")),
    ];
    Shown { rules: sealane_model::page::Page { items, next: Some("x".to_owned()) }, is_first: false }
}

fn new_names(typed: &str) -> Vec<NewName> {
    draft().chosen.into_iter().map(|chosen| NewName { chosen, typed: typed.to_owned() }).collect()
}

fn told() -> Vec<Outcome> {
    let problem =
        Problem::new(sealane_model::problem::ProblemKind::Denied, "no", "Policy says <no>", "Because.").next("Ask.");
    vec![
        Outcome { name: "<b>".to_owned(), result: Ok("is deleted.".to_owned()) },
        Outcome { name: "c".to_owned(), result: Err(problem) },
    ]
}

/// The page of rules, in one of its forms.
fn rules_page(shown: &Shown, draft: &RuleDraft, news: &News) -> Page {
    rules::rules(&frame(Area::Collections), &collection(false), shown, draft, news, time())
}

fn draft() -> Draft {
    Draft {
        source: "imaging".to_owned(),
        chosen: vec![
            Chosen { path: path("/a/<b>"), is_directory: true },
            Chosen { path: path("/c"), is_directory: false },
        ],
        destination: "univ-b/imaging".to_owned(),
        directory: "/in".to_owned(),
        label: Some("March".to_owned()),
        purpose: None,
    }
}

fn groups() -> Vec<PeerGroup> {
    let unreachable = Err("The other site cannot be reached: try again later".to_owned());
    vec![
        PeerGroup { title: "Institute A".to_owned(), collections: Ok(vec![collection(false)]) },
        PeerGroup { title: "University B".to_owned(), collections: Ok(vec![collection(true)]) },
        PeerGroup { title: "Institute C".to_owned(), collections: unreachable },
        PeerGroup { title: "Clinic D".to_owned(), collections: Ok(Vec::new()) },
    ]
}

/// Every page in every form that it takes.
fn pages() -> Vec<(&'static str, Page)> {
    let providers = [ProviderView { name: "idp".to_owned(), title: "Hospital A staff".to_owned() }];
    let device = DeviceView {
        user_code: "BCDF-GHJK".to_owned(),
        client_label: Some("sealane on <host>".to_owned()),
        created_at: time(),
        expires_at: time(),
    };
    let failed = TaskState::Failed { at: time(), code: "denied".to_owned(), message: "Policy says no.".to_owned() };
    let (home, lists, tasks) = (frame(Area::Home), frame(Area::Collections), frame(Area::Tasks));
    let running = Frame { refresh_seconds: Some(5), ..tasks.clone() };
    let empty = Listing { items: Vec::new(), next: None, ..listing() };
    let mut shared = collection(false);
    shared.may.share = true;
    let mut erasable = collection(false);
    erasable.may.delete = true;
    let no_rules = Shown { rules: sealane_model::page::Page { items: Vec::new(), next: None }, is_first: true };
    let fresh_rule = RuleDraft::beneath(&path("/a"));
    let bad_rule = RuleDraft {
        who: Some(Who::Person),
        subject: "<i>x".to_owned(),
        until: "soon".to_owned(),
        path: "<b>".to_owned(),
        ..RuleDraft::default()
    };
    let wrong = bad_rule.rule(Class::Phi, time()).unwrap_err();
    let refused =
        Problem::new(sealane_model::problem::ProblemKind::BadRequest, "rule-refused", "No", "<b>").next("<i>");
    let submission = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f61".parse().unwrap();
    vec![
        ("sign-in", sign_in::sign_in(&stranger(), &providers, "/device?user_code=x")),
        ("sign-in without providers", sign_in::sign_in(&stranger(), &[], "/")),
        ("home", home::home(&home, &[collection(false)], &[task(TaskState::Active)])),
        ("home, empty", home::home(&home, &[], &[])),
        (
            "collections",
            collections::collections(
                &lists,
                &[collection(false)],
                Some("/collections"),
                Some("/collections?after=x"),
                &groups(),
            ),
        ),
        ("browse", browse::browse(&lists, &collection(false), &listing(), None, Sort::Name)),
        ("browse, second page", browse::browse(&lists, &collection(true), &listing(), Some("k"), Sort::Size)),
        ("browse, empty", browse::browse(&lists, &collection(false), &empty, None, Sort::Name)),
        ("browse, sharing", browse::browse(&lists, &shared, &listing(), None, Sort::Name)),
        ("collections, sharing", collections::collections(&lists, &[shared.clone()], None, None, &[])),
        ("browse, deleting", browse::browse(&lists, &erasable, &listing(), None, Sort::Name)),
        ("delete", delete::delete(&lists, &erasable, &draft().chosen)),
        ("rename", rename::rename(&lists, &erasable, &new_names("c d"))),
        ("rename, wrong", rename::rename(&lists, &erasable, &new_names("<b>/"))),
        ("outcomes", part::outcome::outcomes(&lists, "Deleted", "/collections", told()).unwrap()),
        ("rules", rules_page(&rule_rows(), &fresh_rule, &News::Made(rule_rows().rules.items[0].id))),
        ("rules, none", rules_page(&no_rules, &fresh_rule, &News::Revoked)),
        ("rules, wrong", rules_page(&rule_rows(), &bad_rule, &News::Wrong(wrong))),
        ("rules, refused", rules_page(&rule_rows(), &fresh_rule, &News::Refused(refused))),
        ("destination", transfer::destination(&lists, &collection(false), &draft(), &groups())),
        ("review", transfer::overview(&lists, &collection(false), &collection(true), &draft(), submission)),
        ("tasks", tasks::tasks(&tasks, &[task(TaskState::Active), task(failed.clone())], None, Some("/tasks?after=x"))),
        ("tasks, empty", tasks::tasks(&tasks, &[], None, None)),
        ("task", task::task(&running, &task(TaskState::Active), &events())),
        ("task, failed", task::task(&tasks, &task(failed), &events())),
        ("receipt", receipt::receipt(&tasks, &receipt_view())),
        ("device", device::device(&stranger(), &Step::Ask { note: Some("No such code".to_owned()) })),
        ("device, confirm", device::device(&Frame { narrow: true, ..home.clone() }, &Step::Confirm(device))),
        ("device, approved", device::device(&home, &Step::Approved)),
        ("device, refused", device::device(&home, &Step::Refused)),
        ("problem", problem::explain(&stranger(), &details(), &html! { p { "x" } })),
    ]
}

fn details() -> crate::middleware::present::ProblemDetails {
    let problem =
        Problem::new(sealane_model::problem::ProblemKind::Denied, "no", "Policy says <no>", "Because.").next("Ask.");
    let reference = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap();
    crate::middleware::present::ProblemDetails::new(&problem, http::StatusCode::FORBIDDEN, reference)
}

fn select<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    document.select(&Selector::parse(selector).unwrap()).collect()
}

fn words(element: &ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

fn each(check: impl Fn(&str, &Html)) {
    for (name, page) in pages() {
        check(name, &Html::parse_document(page.text()));
    }
}

#[test]
fn every_page_has_one_first_heading_a_title_a_language_and_landmarks() {
    each(|name, page| {
        for selector in ["h1", "main#main", "header", "footer", "html[lang=en]", "title", "a.skip[href='#main']"] {
            assert_eq!(select(page, selector).len(), 1, "{name}: {selector}");
        }
        let levels: Vec<_> =
            select(page, "h1, h2, h3").iter().map(|heading| heading.value().name().to_owned()).collect();
        assert_eq!(levels[0], "h1", "{name}");
    });
}

#[test]
fn nothing_in_a_page_needs_a_looser_policy() {
    each(|name, page| {
        assert!(select(page, "[style], style, iframe, object, embed, base").is_empty(), "{name}");
        for script in select(page, "script") {
            assert!(script.value().attr("src").is_some_and(|src| src.starts_with("/assets/")), "{name}");
            assert_eq!(words(&script), "", "{name}: inline script");
        }
        for element in select(page, "*") {
            assert!(element.value().attrs().all(|(key, _)| !key.starts_with("on")), "{name}: event handler");
            for (key, value) in
                element.value().attrs().filter(|(key, _)| matches!(*key, "href" | "src" | "action" | "formaction"))
            {
                assert!(
                    value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'),
                    "{name}: {key}={value}"
                );
            }
        }
    });
}

#[test]
fn every_field_has_a_label_and_every_control_has_words() {
    each(|name, page| {
        let fors: Vec<_> = select(page, "label[for]").iter().filter_map(|label| label.value().attr("for")).collect();
        for field in select(page, "input:not([type=hidden]), textarea, select") {
            let id = field.value().attr("id");
            let wrapped =
                field.ancestors().filter_map(ElementRef::wrap).find(|element| element.value().name() == "label");
            let labelled =
                id.is_some_and(|id| fors.contains(&id)) || wrapped.is_some_and(|label| !words(&label).is_empty());
            assert!(labelled, "{name}: {}", field.html());
        }
        for control in select(page, "a, button, summary, th, legend, caption, label") {
            let image = control.select(&Selector::parse("img[alt]").unwrap()).next().is_some();
            assert!(!words(&control).is_empty() || image, "{name}: {}", control.html());
        }
        for image in select(page, "img") {
            assert!(image.value().attr("alt").is_some(), "{name}");
        }
    });
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    each(|name, page| {
        let mut ids: Vec<_> = select(page, "[id]").iter().filter_map(|element| element.value().attr("id")).collect();
        for attribute in ["aria-labelledby", "aria-describedby", "for"] {
            for element in select(page, &format!("[{attribute}]")) {
                for id in element.value().attr(attribute).unwrap().split_whitespace() {
                    assert!(ids.contains(&id), "{name}: {attribute}={id}");
                }
            }
        }
        for link in select(page, "a[href^='#']") {
            let id = link.value().attr("href").unwrap().trim_start_matches('#');
            assert!(ids.contains(&id), "{name}: #{id}");
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}: an id twice");
    });
}

#[test]
fn no_two_regions_of_a_page_have_one_name() {
    for (name, page) in pages() {
        let document = Html::parse_document(page.text());
        let mut labels: Vec<String> = Vec::new();
        for section in select(&document, "section[aria-labelledby]") {
            let heading = format!("#{}", section.value().attr("aria-labelledby").unwrap());
            labels.push(words(&select(&document, &heading)[0]));
        }
        labels.extend(
            select(&document, "[role=region], nav")
                .iter()
                .filter_map(|part| part.value().attr("aria-label").map(str::to_owned)),
        );
        let count = labels.len();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), count, "{name}: {labels:?}");
    }
}

#[test]
fn every_form_that_changes_something_carries_the_form_token() {
    each(|name, page| {
        for form in select(page, "form[method=post]") {
            let token = form.select(&Selector::parse("input[type=hidden][name=form_token]").unwrap()).next();
            assert!(token.is_some_and(|token| token.value().attr("value") == Some(&"f0".repeat(32))), "{name}");
        }
    });
}

#[test]
fn tables_say_what_they_hold_and_whose_their_headings_are() {
    each(|name, page| {
        for table in select(page, "table") {
            assert!(table.select(&Selector::parse("caption").unwrap()).next().is_some(), "{name}");
            for heading in table.select(&Selector::parse("th").unwrap()) {
                assert!(matches!(heading.value().attr("scope"), Some("col" | "row")), "{name}");
            }
        }
    });
}

#[test]
fn a_running_task_is_seen_without_scripts_and_an_ended_one_stays_still() {
    for (name, refreshes) in [("task", true), ("task, failed", false)] {
        let page = pages().into_iter().find(|(known, _)| *known == name).unwrap().1;
        assert_eq!(page.text().contains("http-equiv=\"refresh\""), refreshes, "{name}");
        assert_eq!(page.text().contains("data-stream"), refreshes, "{name}");
        assert!(page.text().contains("<output role=\"status\">"), "{name}");
    }
}

#[test]
fn what_people_and_storage_call_things_is_never_markup() {
    each(|name, page| {
        assert!(select(page, "i, ruiz, b, no").is_empty(), "{name}");
    });
}

#[test]
fn what_cannot_be_moved_cannot_be_ticked() {
    let page = browse::browse(&frame(Area::Collections), &collection(false), &listing(), None, Sort::Name);
    let document = Html::parse_document(page.text());
    let values: Vec<_> =
        select(&document, "input[name=item]").iter().filter_map(|tick| tick.value().attr("value")).collect();
    assert_eq!(values, ["d/a/dir with space", "f/a/a\"b<i>.dcm", "f/a/z.csv"]);
}

#[test]
fn only_collections_that_can_be_written_are_destinations() {
    let mut closed = collection(false);
    closed.may.write = false;
    let mut frozen = collection(true);
    frozen.read_only = true;
    let group = PeerGroup { title: "Hospital A".to_owned(), collections: Ok(vec![closed, frozen]) };
    let page = transfer::destination(&frame(Area::Collections), &collection(false), &draft(), &[group]);
    assert!(select(&Html::parse_document(page.text()), "input[type=radio]").is_empty());
}

#[test]
fn rows_are_put_in_the_order_that_was_asked_for() {
    let mut items = listing().items;
    Sort::from_word(Some("size")).arrange(&mut items);
    assert_eq!(items[0].size, 1 << 20);
    Sort::from_word(Some("nonsense")).arrange(&mut items);
    assert_eq!(items[0].size, 1 << 20, "an unknown order changes nothing");
}

#[test]
fn a_rule_from_the_configuration_has_no_button_that_could_not_work() {
    let page = rules_page(&rule_rows(), &RuleDraft::beneath(&RemotePath::root()), &News::None);
    let document = Html::parse_document(page.text());
    assert_eq!(select(&document, "tbody tr").len(), 6);
    assert_eq!(select(&document, "form[action$='/revoke']").len(), 5);
}

#[test]
fn what_was_typed_stays_in_the_form_and_what_is_wrong_stands_beside_it() {
    let draft = RuleDraft {
        who: Some(Who::Group),
        permissions: vec![Permission::Write],
        deny: true,
        until: "2020-01-01".to_owned(),
        purpose: "study 7".to_owned(),
        ..RuleDraft::beneath(&path("/a"))
    };
    let wrong = draft.rule(Class::Phi, time()).unwrap_err();
    let page = rules_page(&rule_rows(), &draft, &News::Wrong(wrong));
    let document = Html::parse_document(page.text());
    for kept in [
        "option[value=group][selected]",
        "input[value=write][checked]",
        "input[name=deny][checked]",
        "input[name=path][value='/a']",
        "input[name=purpose][value='study 7']",
        "input[name=until][value='2020-01-01'][aria-invalid=true][aria-describedby~=until-wrong]",
        "input[name=group][aria-invalid=true][aria-describedby~=group-wrong]",
        "[role=alert] a[href='#group']",
        "[role=alert] a[href='#until']",
    ] {
        assert_eq!(select(&document, kept).len(), 1, "{kept}");
    }
    assert_eq!(select(&document, "[checked]").len(), 2);
}

#[test]
fn only_those_who_may_share_are_led_to_the_rules() {
    for (share, remote) in [(true, false), (false, false), (true, true)] {
        let mut known = collection(remote);
        known.may.share = share;
        let frame = frame(Area::Collections);
        let browse = browse::browse(&frame, &known, &listing(), None, Sort::Name);
        let list = collections::collections(&frame, &[known.clone()], None, None, &[]);
        for page in [browse, list] {
            let document = Html::parse_document(page.text());
            let links = select(&document, "a[href*='/rules']").len();
            assert_eq!(links, usize::from(share && !remote), "share: {share}, remote: {remote}");
        }
    }
}

#[test]
fn what_is_offered_for_ticked_entries_is_what_the_person_may_do() {
    let may = |read, write, delete| May { read, write, delete, ..collection(false).may };
    let cases = [
        (may(true, true, true), vec!["Transfer what is ticked", "Rename", "Delete"]),
        (may(true, false, true), vec!["Transfer what is ticked", "Delete"]),
        (may(true, true, false), vec!["Transfer what is ticked"]),
        (may(false, true, true), vec!["Rename", "Delete"]),
        (may(false, true, false), vec![]),
    ];
    for (may, offered) in cases {
        for remote in [false, true] {
            let known = CollectionView { may, ..collection(remote) };
            let page = browse::browse(&frame(Area::Collections), &known, &listing(), None, Sort::Name);
            let document = Html::parse_document(page.text());
            let buttons: Vec<_> = select(&document, "form[data-choose] button").iter().map(words).collect();
            let expected: Vec<_> =
                offered.iter().filter(|name| !remote || name.starts_with("Transfer")).copied().collect();
            assert_eq!(buttons, expected, "{may:?}, remote: {remote}");
            let ticks = select(&document, "input[name=item]").len();
            assert_eq!(ticks > 0, !expected.is_empty(), "{may:?}, remote: {remote}");
        }
    }
}
