//! Reading entries back.

use sealane_audit::event::{Access, Assurance};
use sealane_audit::{Event, Filter, Phase, Private};

use crate::support::{AT, Site, event, op, outcome};

#[test]
fn the_site_sees_the_personal_values_that_the_log_does_not_show() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0).private("label", "MRN 12345".into())).expect("append");
    let views = log.entries(0, 10, &Filter::all()).expect("read");
    let [view] = views.as_slice() else { panic!("one entry") };
    let seen: Vec<_> = view.revealed.iter().map(|(field, value)| (field.as_str(), value.expose())).collect();
    assert_eq!(
        seen,
        [
            ("actor.subject", "ana@hospital-a.example"),
            ("client", "192.0.2.7"),
            ("object.path", "/patients/Maria Lopez.dcm"),
            ("private.label", "MRN 12345"),
        ]
    );
    assert!(!view.json.contains("12345"));
    assert_eq!(view.entry.at_ns, AT);
}

#[test]
fn a_filter_finds_its_entries_wherever_they_stand() {
    let site = Site::new();
    let log = site.open("log");
    // Enough for several segments and many marks.
    for n in 0..600 {
        log.append_blocking(event(n)).expect("append");
    }
    log.append_blocking(outcome(7)).expect("append");
    log.append_blocking(Event::new(Assurance::AuditRead, Phase::Info, op(9999), AT)).expect("append");
    let indices = |from, limit, filter: &Filter| -> Vec<u64> {
        log.entries(from, limit, filter).expect("read").iter().map(|view| view.entry.index).collect()
    };
    assert_eq!(indices(0, 10, &Filter::op(op(7))), [7, 600]);
    assert_eq!(indices(0, 10, &Filter::task("task-599")), [599]);
    assert_eq!(indices(0, 10, &Filter::kind(Assurance::AuditRead)), [601]);
    assert_eq!(indices(598, 2, &Filter::kind(Access::ContentRead)), [598, 599]);
    assert_eq!(indices(8, 10, &Filter { phase: Some(Phase::Outcome), ..Filter::default() }), [600]);
    assert_eq!(indices(602, 10, &Filter::all()), [0_u64; 0]);
    assert_eq!(indices(0, 1000, &Filter::all()).len(), 602);
}

#[test]
fn everything_reads_the_same_after_a_restart() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..400 {
        log.append_blocking(event(n)).expect("append");
    }
    let before = log.entries(0, 1000, &Filter::all()).expect("read");
    drop(log);
    let log = site.open("log");
    assert_eq!(log.entries(0, 1000, &Filter::all()).expect("read"), before);
    let last = log.entries(399, 1, &Filter::all()).expect("read");
    assert_eq!(last[0].revealed.get("client"), Some(&Private::new("192.0.2.7")));
}
