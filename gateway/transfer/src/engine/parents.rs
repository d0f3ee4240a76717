//! The directories above an item's destination, where they are missing.
//!
//! **Promises.** A directory is made only where policy lets the person make it, decided and recorded for that very path. One
//! that is there already is not asked about again; one that policy refuses is left alone: if it is there all is well, else
//! the files beneath it say `not-found`.

use std::sync::Arc;

use sealane_audit::event::Access;
use sealane_connectors::StorageError;
use sealane_model::{Permit, RemotePath, permit};
use sealane_policy::{Action, Request, Resource};

use super::run::TaskRun;
use super::stop::{Stop, Trouble};
use crate::guard::{Ask, Details, Grant};

impl TaskRun {
    /// Makes what is missing above an item's destination.
    pub(super) async fn make_parents(&self, item: u32) -> Result<(), Trouble> {
        let target = self.target(item, &RemotePath::root())?;
        let mut missing = Vec::new();
        let mut next = target.parent();
        while let Some(directory) = next.filter(|directory| !directory.is_root()) {
            match self.make_parent(&directory).await? {
                Made::Yes => break,
                Made::ParentMissing => {
                    next = directory.parent();
                    missing.push(directory);
                }
            }
        }
        while let Some(directory) = missing.pop() {
            self.make_parent(&directory).await?;
        }
        Ok(())
    }

    async fn make_parent(&self, directory: &RemotePath) -> Result<Made, Trouble> {
        let resource = Resource::collection(self.collection.id, self.collection.class, directory.clone(), None);
        if !self.would_permit(&resource) {
            return Ok(Made::Yes);
        }
        let mut ask = Ask::new(self.subject.clone(), Action::CreateDirectory, resource, Access::DirectoryCreate);
        ask.object.task = Some(self.task.id.to_string());
        ask.client.clone_from(&self.client);
        ask.purpose.clone_from(&self.task.purpose);
        let grant: Grant<permit::Write> = self.engine.parts().guard.permit(ask).await.map_err(Stop::from)?;
        let made = self.make_with(&grant.permit, directory).await?;
        let recorded = match &made {
            Ok(_) => grant.succeeded(Details::none()).await,
            Err(error) => grant.failed(&error.problem(), Details::none()).await,
        };
        recorded.map_err(|_| Stop::Unready("the audit log cannot be written".to_owned()))?;
        match made {
            Ok(_) => Ok(Made::Yes),
            Err(StorageError::NotFound) => Ok(Made::ParentMissing),
            Err(error) => Err(Stop::of_storage(&error).into()),
        }
    }

    /// A question that leads to no act, so nothing of it is recorded.
    fn would_permit(&self, resource: &Resource) -> bool {
        let request = Request {
            subject: self.subject.clone(),
            action: Action::CreateDirectory,
            resource: resource.clone(),
            purpose: self.task.purpose.clone(),
            now_s: self.engine.parts().clock.now().as_seconds(),
        };
        self.engine.parts().guard.engine().decide(&request).is_permit()
    }

    async fn make_with(
        &self,
        permit: &Permit<permit::Write>,
        directory: &RemotePath,
    ) -> Result<Result<bool, StorageError>, Trouble> {
        let Some(permit) = permit.narrow(directory) else { return Ok(Err(StorageError::NotPermitted)) };
        let (connector, directory) = (Arc::clone(&self.connector), directory.clone());
        Ok(self.writing.spawn_blocking(move || connector.make_directory(&permit, &directory)).await?)
    }
}

enum Made {
    Yes,
    ParentMissing,
}
