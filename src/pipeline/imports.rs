//! Imports of long files: a job of the portal's, which does a part of one. What that is, their own room knows.

use std::sync::Arc;

use certporter_model::ImportId;
use futures::future::BoxFuture;

use super::Pipeline;
use super::error::StepError;
use super::queue::Outcome;

/// Goes on with imports.
pub trait Importer: Send + Sync {
    /// Does a part of what was asked for: an import may be gone on with any number of times, on any machine.
    fn go_on(self: Arc<Self>, import: ImportId) -> BoxFuture<'static, Result<Outcome, StepError>>;
}

impl Pipeline {
    /// Says who goes on with imports. Without it such jobs wait.
    pub fn set_importer(&self, importer: Arc<dyn Importer>) {
        // Only the first counts: there is one portal.
        let _ = self.importer.set(importer);
    }

    pub(super) async fn import(&self, import: ImportId) -> Result<Outcome, StepError> {
        match self.importer.get() {
            Some(importer) => Arc::clone(importer).go_on(import).await,
            None => Err(StepError::Temporary {
                cause: "this process does not import files".into(),
                remedy: "Start a portal: it goes on with the import.".into(),
            }),
        }
    }
}
