//! Events that are recorded together: all or none, side by side, each with its own openings.

use sealane_audit::{AppendError, Event, Filter, Private};

use crate::support::{Site, event, outcome};

fn group(from: u128, count: u128) -> Vec<Event> {
    (from..from + count)
        .map(|n| {
            let mut event = event(n);
            event.object.path = Some(Private::new(format!("/patients/{n}.dcm")));
            event
        })
        .collect()
}

#[test]
fn a_group_stands_side_by_side_and_every_entry_has_its_own_openings() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    let receipts = log.append_all_blocking(group(1, 90)).expect("append");
    assert!(receipts.iter().map(sealane_audit::Receipt::index).eq(1..91));
    assert!(receipts.iter().all(|receipt| receipt.checkpoint_size() == 91), "one group commit");
    assert!(log.append_all_blocking(Vec::new()).expect("nothing to do").is_empty());

    // Also an entry from the middle of the group reveals all that it commits to.
    let views = log.entries(50, 1, &Filter::all()).expect("read");
    let [view] = views.as_slice() else { panic!("one entry") };
    assert_eq!(view.revealed["object.path"].expose(), "/patients/50.dcm");
    assert_eq!(view.revealed["client"].expose(), "192.0.2.7");
    assert_eq!(view.revealed["actor.subject"].expose(), "ana@hospital-a.example");
    let all = log.entries(1, 90, &Filter::all()).expect("read");
    assert!(all.iter().all(|view| view.revealed.len() == 3));
    assert_eq!(all[0].entry.client, all[89].entry.client, "equal values are committed to once");

    let directory = log.directory().to_owned();
    drop(log);
    let report = site.verify(&directory);
    assert!(report.holds(), "{report}");
    let (_, recovery) = site.try_open("log").expect("open");
    assert_eq!((recovery.cut_bytes, recovery.open_intents.len()), (0, 91));
}

#[test]
fn of_a_group_that_cannot_be_written_nothing_is() {
    let site = Site::new();
    let log = site.open("log");
    let mut events = group(0, 3);
    events.push(event(3).detail("list", "x".repeat(70_000)));
    assert!(matches!(log.append_all_blocking(events), Err(AppendError::Refused(_))));
    let too_many = log.append_all_blocking(group(0, 1000));
    assert!(too_many.as_ref().is_err_and(|error| error.to_string().contains("smaller groups")), "{too_many:?}");
    assert_eq!(log.head().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_many_writers_do_not_mix() {
    let site = Site::new();
    let log = site.open("log");
    let writers: Vec<_> = (0..16_u128)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for n in 0..10 {
                    let from = writer * 10_000 + n * 100;
                    let receipts = log.append_all(group(from, 20)).await.expect("append");
                    let first = receipts[0].index();
                    assert!(receipts.iter().map(sealane_audit::Receipt::index).eq(first..first + 20));
                    log.append(outcome(from)).await.expect("append");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("writer");
    }
    let directory = log.directory().to_owned();
    log.close().await;
    let report = site.verify(&directory);
    assert!(report.holds(), "{report}");
    assert_eq!(report.entries, 16 * 10 * 21);
}
