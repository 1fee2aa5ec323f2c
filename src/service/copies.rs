//! Copies as they are shown: with the names of what they belong to.

use std::collections::HashMap;

use super::devices::CopyView;
use super::names::Names;
use super::reference::CertificateReference;
use crate::store::copies::Copy;
use crate::store::{Conn, Result, certificates};

/// Those that the device may have first, then those that are gone; each by when it was made.
pub(super) async fn shown(conn: &mut Conn, mut rows: Vec<Copy>) -> Result<Vec<CopyView>> {
    rows.sort_by_key(|row| (!row.state.may_be_on_device(), row.id));
    let mut ids: Vec<_> = rows.iter().map(|row| row.certificate_id).collect();
    ids.sort();
    ids.dedup();
    let mut known = HashMap::new();
    if !ids.is_empty() {
        for row in certificates::by_ids(conn, &ids).await? {
            known.insert(
                row.id,
                CertificateReference { id: row.id, serial: row.serial, not_after: row.not_after },
            );
        }
    }
    let devices = rows.iter().map(|row| row.device_id);
    let profiles = rows.iter().map(|row| row.profile_id);
    let names = Names::of(conn, [], devices.collect::<Vec<_>>(), profiles.collect::<Vec<_>>()).await?;
    let view = |row: Copy| {
        Some(CopyView {
            id: row.id,
            device: names.the_device(row.device_id),
            profile: names.profile(row.profile_id),
            certificate: known.get(&row.certificate_id).cloned()?,
            feature: row.feature,
            state: row.state,
            offered_at: row.offered_at,
            installed_at: row.installed_at,
            removed_at: row.removed_at,
            cause: row.cause,
            remedy: row.remedy,
            updated_at: row.updated_at,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}
