//! The audit log on its way to a log server: everything arrives, in order, whatever ends on the way.

mod receiver;
mod rsyslog;

use std::path::Path;
use std::time::Duration;

use sealane_audit::event::{Access, Assurance};
use sealane_audit::{Filter, Object, Outcome, OutcomeRecord, Phase};
use sealane_service::jobs::syslog::{self, ClientIdentity, Pace, SyslogSettings, Target};
use sealane_service::{App, alerts};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::receiver::{Ending, Receiver, index_of};
use crate::alerts::of_rule;
use crate::backend::Backend;
use crate::harness::Site;

/// Patience of a test: only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fast enough for a test; windows so small that there are many.
fn pace() -> Pace {
    Pace {
        entries: 100,
        window: Duration::from_millis(200),
        idle: Duration::from_millis(20),
        patience: Duration::from_secs(10),
        quiet: Duration::from_millis(50),
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(50),
    }
}

fn settings(port: u16, ca: &str, pace: Pace) -> SyslogSettings {
    let target = Target::new(&format!("localhost:{port}"), Some(ca.as_bytes()), None).unwrap();
    SyslogSettings { target, enterprise: 32_473, personal_values: false, pace }
}

/// The job at work. Its first entry, that entries leave the site, has the index that was the log's size before.
struct Job {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Job {
    fn start(app: &App, settings: SyslogSettings) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(syslog::run(app.clone(), settings, stop.clone()));
        Self { stop, task }
    }

    /// The node stops in good order.
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }

    /// The node is killed.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err());
    }
}

async fn record(app: &App, count: u64) {
    for n in 0..count {
        let guard = app.guard();
        let event = guard
            .event(Access::ContentRead, Phase::Info, guard.fresh_op())
            .object(Object { path: Some(format!("/patients/{n} <\u{1b}> \"]\n.dcm").into()), ..Object::default() })
            .outcome(OutcomeRecord::new(Outcome::Done, "ok", "<14>1 \"]"));
        guard.record(event).await.unwrap();
    }
}

fn size(app: &App) -> u64 {
    app.guard().log().head().0
}

/// The first message of each index stands in the log's order, none is missing, and each is the entry of the log.
fn expect_whole_log(app: &App, messages: &[String]) {
    let entries = app.guard().log().entries(0, usize::MAX, &Filter::all()).unwrap();
    let mut next = 0;
    for message in messages {
        let index = usize::try_from(index_of(message)).unwrap();
        assert!(index <= next, "entry {next} is missing before {index}");
        assert!(message.ends_with(&format!(" {}", entries[index].json)), "{message}");
        next = next.max(index + 1);
    }
    assert_eq!(next, entries.len(), "the end is missing");
}

async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let asked = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asked).await.is_ok(), "waited in vain for {what}");
}

on_both!(the_whole_log_arrives_and_after_a_stop_only_what_is_new);
async fn the_whole_log_arrives_and_after_a_stop_only_what_is_new(on: &Backend) {
    let site = Site::start(on).await;
    let receiver = Receiver::start(&[]).await;
    record(&site.app, 250).await;
    let export = size(&site.app);
    let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
    receiver.has_index(export).await;
    job.stop().await;
    let first = receiver.messages();
    expect_whole_log(&site.app, &first);
    assert_eq!(u64::try_from(first.len()).unwrap(), size(&site.app), "nothing twice");

    record(&site.app, 10).await;
    let export = size(&site.app);
    let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
    receiver.has_index(export).await;
    job.stop().await;
    let all = receiver.messages();
    expect_whole_log(&site.app, &all);
    assert_eq!(u64::try_from(all.len()).unwrap(), size(&site.app), "nothing twice");
}

on_both!(a_log_server_that_is_away_is_an_alarm_until_it_takes_entries_again);
async fn a_log_server_that_is_away_is_an_alarm_until_it_takes_entries_again(on: &Backend) {
    let site = Site::start(on).await;
    let receiver = Receiver::start(&[]).await;
    let stands = async |wanted: bool| {
        let looking = async {
            loop {
                alerts::look(&site.app).await.unwrap();
                let found = of_rule(&site.app, "syslog-away").await;
                if found.first().is_some_and(|alert| alert.cleared_at.is_none()) == wanted {
                    return found.len();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("the alarm")
    };
    assert_eq!(stands(false).await, 0);
    // Nobody listens at port 1.
    let job = Job::start(&site.app, settings(1, &receiver.ca, pace()));
    assert_eq!(stands(true).await, 1);
    job.kill().await;
    let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
    assert_eq!(stands(false).await, 1);
    job.stop().await;
}

on_both!(what_a_receiver_had_not_read_when_it_ended_is_sent_again);
async fn what_a_receiver_had_not_read_when_it_ended_is_sent_again(on: &Backend) {
    // Each of the receiver's ways to end without having read everything, twice, then a good one.
    for ending in [Ending::UnreadWithGoodbye, Ending::UnreadWithoutGoodbye, Ending::NoGoodbye, Ending::Early] {
        let site = Site::start(on).await;
        let receiver = Receiver::start(&[ending, ending]).await;
        record(&site.app, 300).await;
        let export = size(&site.app);
        let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
        receiver.has_index(export).await;
        job.stop().await;
        assert!(receiver.connections() >= 3, "{ending:?}");
        expect_whole_log(&site.app, &receiver.kept());
    }
}

on_both!(a_killed_node_sends_its_last_window_again_and_nothing_is_missing);
async fn a_killed_node_sends_its_last_window_again_and_nothing_is_missing(on: &Backend) {
    let site = Site::start(on).await;
    let receiver = Receiver::start(&[]).await;
    record(&site.app, 500).await;
    for kill_at in [50, 220, 410] {
        let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
        receiver.has_index(kill_at).await;
        job.kill().await;
    }
    let export = size(&site.app);
    let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
    receiver.has_index(export).await;
    job.stop().await;
    expect_whole_log(&site.app, &receiver.messages());
}

on_both!(a_receiver_of_another_authority_gets_nothing);
async fn a_receiver_of_another_authority_gets_nothing(on: &Backend) {
    let site = Site::start(on).await;
    let (receiver, other) = (Receiver::start(&[]).await, Receiver::start(&[]).await);
    record(&site.app, 5).await;
    let job = Job::start(&site.app, settings(receiver.port, &other.ca, pace()));
    receiver.was_tried(2).await;
    job.stop().await;
    assert!(receiver.messages().is_empty());
}

on_both!(a_receiver_that_asks_for_a_certificate_gets_the_sites);
async fn a_receiver_that_asks_for_a_certificate_gets_the_sites(on: &Backend) {
    let site = Site::start(on).await;
    let receiver = Receiver::that_asks_for_a_certificate().await;
    record(&site.app, 5).await;
    let nameless = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
    receiver.was_tried(2).await;
    nameless.stop().await;
    assert!(receiver.messages().is_empty());

    let identity = ClientIdentity {
        certificate: receiver.client_certificate.clone().into_bytes(),
        key: sealane_crypto::Secret::new(receiver.client_key.clone().into_bytes()),
    };
    let target =
        Target::new(&format!("localhost:{}", receiver.port), Some(receiver.ca.as_bytes()), Some(identity)).unwrap();
    let export = size(&site.app);
    let known = Job::start(&site.app, SyslogSettings { target, ..settings(receiver.port, &receiver.ca, pace()) });
    receiver.has_index(export).await;
    known.stop().await;
    expect_whole_log(&site.app, &receiver.messages());
}

on_both!(that_entries_leave_the_site_is_an_entry_without_personal_data);
async fn that_entries_leave_the_site_is_an_entry_without_personal_data(on: &Backend) {
    let site = Site::start(on).await;
    let receiver = Receiver::start(&[]).await;
    record(&site.app, 3).await;
    let export = size(&site.app);
    let job = Job::start(&site.app, settings(receiver.port, &receiver.ca, pace()));
    receiver.has_index(export).await;
    job.stop().await;
    let exports = site.entries(Assurance::AuditExport);
    let [export] = exports.as_slice() else { panic!("one export: {exports:?}") };
    assert_eq!(export.entry.detail["format"], "syslog");
    assert_eq!(export.entry.detail["destination"], format!("localhost:{}", receiver.port));
    assert!(receiver.messages().iter().all(|message| !message.contains(".dcm")), "a path in clear");
}

/// Where a file of a test goes.
fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
