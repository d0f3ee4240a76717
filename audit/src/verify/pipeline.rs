//! Reads, looks and takes at the same time: one thread reads slabs, as many as there are processors look at
//! them, and the caller's takes what was seen, in order.
//!
//! Slab n goes to worker n modulo their number, so order needs no sorting; channels hold few slabs, so memory is
//! bounded. A log of one slab needs no threads.

use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::look::{Looked, look};
use super::slab::{Slab, Slabs};

/// Slabs that wait for one worker, and that wait behind it.
const WAITING: usize = 2;

/// Hands every slab to `take`, in order, until it breaks off or the last one was taken.
pub(super) fn run(
    mut slabs: Slabs,
    mut take: impl FnMut(Slab, Looked) -> io::Result<ControlFlow<()>>,
) -> io::Result<()> {
    let first = slabs.next()?;
    let looked = look(&first, usize::MAX);
    let last = first.end.is_some();
    if take(first, looked)?.is_break() || last {
        return Ok(());
    }
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let (mut to_workers, mut from_workers) = (Vec::new(), Vec::new());
        for _ in 0..workers {
            let (slabs, inbox) = sync_channel(WAITING);
            let (outbox, looks) = sync_channel(WAITING);
            scope.spawn(move || work(&inbox, &outbox));
            to_workers.push(slabs);
            from_workers.push(looks);
        }
        scope.spawn(move || read(slabs, &to_workers));
        // The receivers go when this ends, and with them, one after another, workers and reader.
        for looks in from_workers.iter().cycle() {
            let Ok(seen) = looks.recv() else { return Err(io::Error::other("a thread of the verifier ended early")) };
            let (slab, looked) = seen?;
            let last = slab.end.is_some();
            if take(slab, looked)?.is_break() || last {
                break;
            }
        }
        drop(from_workers);
        Ok(())
    })
}

fn read(mut slabs: Slabs, to_workers: &[SyncSender<io::Result<Slab>>]) {
    for worker in to_workers.iter().cycle() {
        let slab = slabs.next();
        let last = slab.as_ref().map_or(true, |slab| slab.end.is_some());
        // Nobody listens any more when the walk has broken off.
        if worker.send(slab).is_err() || last {
            return;
        }
    }
}

fn work(inbox: &Receiver<io::Result<Slab>>, outbox: &SyncSender<io::Result<(Slab, Looked)>>) {
    for slab in inbox {
        let seen = slab.map(|slab| {
            let looked = look(&slab, usize::MAX);
            (slab, looked)
        });
        if outbox.send(seen).is_err() {
            return;
        }
    }
}
