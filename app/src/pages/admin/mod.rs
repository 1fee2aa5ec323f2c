//! The pages of those who run the portal: a folder is a task of the sidebar.
pub mod audit;
pub mod authorities;
pub mod certificates;
pub mod devices;
pub mod groups;
pub mod imports;
pub mod overview;
pub mod profiles;
pub mod reports;
pub mod requests;
pub mod search;
pub mod settings;
pub mod users;

#[cfg(test)]
mod samples;

use axum::Router;

use super::asked::PagesState;

/// Every route of theirs.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .merge(overview::routes())
        .merge(profiles::routes())
        .merge(groups::routes())
        .merge(devices::routes())
        .merge(users::routes())
        .merge(imports::routes())
        .merge(certificates::routes())
        .merge(requests::routes())
        .merge(authorities::routes())
        .merge(reports::routes())
        .merge(audit::routes())
        .merge(settings::routes())
        .merge(search::routes())
}
