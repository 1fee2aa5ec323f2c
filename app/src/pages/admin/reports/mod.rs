//! `/reports`: how the certificates of the fleet are, and who held what on a day.
//!
//! - [`health`]: the fleet counted; [`held`]: who held what, in one table for each kind of row
pub mod health;
pub mod held;
mod held_rows;
#[cfg(test)]
mod samples;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/reports`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/reports", get(health::get))
        .route("/reports/health.csv", get(health::export))
        .route("/reports/held", get(held::get))
        .route("/reports/held.csv", get(held::export))
}
