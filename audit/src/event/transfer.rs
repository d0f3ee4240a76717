//! Transfer: tasks, the orders between sites, lanes and what became of the data.
//!
//! Part of the closed catalogue in `catalogue.rs`; names are stable once released.

use super::catalogue::kinds;

kinds! {
    /// Tasks, orders and lanes.
    Transfer {
        Submit = "transfer.submit", "A person submits a transfer.";
        DeleteSubmit = "transfer.delete-submit", "A person submits a delete of many items.";
        TaskList = "task.list", "Tasks are shown to a person.";
        TaskShow = "task.show", "One task, its items or its events are shown.";
        TaskCancel = "task.cancel", "A task is cancelled.";
        TaskPause = "task.pause", "A task is paused, by a person or by the site.";
        TaskResume = "task.resume", "A task goes on after a pause, a restart or a lost node.";
        OrderIssue = "order.issue", "A signed transfer order is made for a peer.";
        OrderReceive = "order.receive", "A peer's transfer order is checked and accepted or refused.";
        Release = "transfer.release", "This site, the source, lets data of a task leave.";
        Accept = "transfer.accept", "This site, the destination, takes data of a task in.";
        LaneOpen = "lane.open", "A lane between two sites opens, or is refused.";
        LaneClose = "lane.close", "A lane closes, with the bytes that it carried.";
        FileRelease = "file.release", "A file of a task, or a range of a large one, is let out of this site: recorded before its bytes leave.";
        FileCommit = "file.commit", "A file of a task has arrived, was verified and has its final name, or could not be taken along.";
        FilesCommit = "transfer.files-commit", "Verified files of a task get their final names.";
        Finish = "transfer.finish", "A task ends: the manifest digest, counts and bytes are in the object.";
        Receipt = "transfer.receipt", "The peer's proof of the same transfer is kept.";
    }
}
