//! What the people's listener works with.

use crate::service::Portal;

/// Handed to pages and to the REST API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The portal's operations.
    pub portal: Portal,
    /// Folder of the stylesheet, scripts and icons.
    pub site: std::path::PathBuf,
}

/// Makes the pages' routes. The backend knows nothing else of them.
pub type Pages = fn(AppState) -> axum::Router;
