//! The conditions of a list of devices, and their words: whether few or many devices are found by them decides how.

use super::devices::{CopyTrouble, Device, DeviceFilter};
use super::dialect::{Searched, is_in_trigrams, push_indexed, push_search, push_words};
use super::trigrams::{self, Finds};
use super::visibility::Seen;
use super::{Conn, Engine, Result, Sql, search_key};

/// What SQLite's indexes of words are asked for: devices by their own names, and people who own some.
#[derive(Default)]
pub(super) struct Named {
    wanted: Option<(Option<String>, Option<String>)>,
    /// Whether all that they find is read and sorted at once.
    pub(super) few: bool,
    /// Whether one of them finds so many that the first are soon met in the list's order.
    many: bool,
}

impl Named {
    pub(super) async fn of(conn: &mut Conn, typed: Option<&str>) -> Result<Self> {
        let (Some(typed), Engine::Sqlite) = (typed, conn.engine()) else { return Ok(Self::default()) };
        let words = search_key::words(typed);
        if words.is_empty() {
            return Ok(Self::default());
        }
        let long = words.iter().all(|word| is_in_trigrams(word));
        let mut own = trigrams::wanted(conn, Searched::Devices, &words).await?;
        let mut owners = trigrams::wanted(conn, Searched::Users, &words).await?;
        let mut many = false;
        for (table, wanted) in [(Searched::Devices, &mut own), (Searched::Users, &mut owners)] {
            let finds = match wanted {
                Some(wanted) => trigrams::finds(conn, table, wanted).await?,
                None => Finds::Nothing,
            };
            many |= finds == Finds::Many;
            if finds == Finds::Nothing {
                *wanted = None;
            }
        }
        Ok(Self { wanted: Some((own, owners)), few: long && !many, many })
    }

    /// The filter, with the words by these indexes.
    pub(super) fn push_filter(&self, query: &mut Sql, conn: &Conn, seen: &Seen, filter: &DeviceFilter) {
        let Some((own, owners)) = &self.wanted else { return push_filter(query, conn, seen, filter) };
        push_state(query, filter);
        push_conditions(query, filter);
        if self.many {
            // Picked out of the index of the order, whose rows are numbered as those of the index of words.
            query.push(" AND (1 = 0");
            if let Some(own) = own {
                query.push(" OR +devices.row_number IN (SELECT rowid FROM devices_search");
                query.push(" WHERE devices_search MATCH ").bind(own).push(")");
            }
            if let Some(owners) = owners {
                query.push(" OR +devices.owner_id IN (SELECT users.id FROM users WHERE ");
                push_indexed(query, Searched::Users, owners);
                query.push(")");
            }
            query.push(")");
            return seen.push(query, Some("devices.owner_id"), Some("devices.id"));
        }
        // Each part of the union has an index of its own; together they are few.
        query.push(" AND devices.id IN (SELECT devices.id FROM devices WHERE ");
        push_wanted(query, Searched::Devices, own.as_deref());
        query.push(" UNION SELECT owned.id FROM devices owned WHERE owned.owner_id IN");
        query.push(" (SELECT users.id FROM users WHERE ");
        push_wanted(query, Searched::Users, owners.as_deref());
        query.push("))");
        seen.push(query, Some("devices.owner_id"), Some("devices.id"));
    }
}

/// Nothing is found by what no trigram begins with.
fn push_wanted(query: &mut Sql, table: Searched, wanted: Option<&str>) {
    match wanted {
        Some(wanted) => push_indexed(query, table, wanted),
        None => {
            query.push("1 = 0");
        }
    }
}

/// What very many are called is found among the first of the list, whatever its order.
pub(super) fn near() -> Sql {
    let mut query = Sql::select::<Device>();
    query.push(" WHERE devices.id IN (SELECT devices.id FROM devices");
    query
}

/// What was found near, if it fills the page.
pub(super) fn whole(found: Vec<Device>, limit: u32) -> Option<Vec<Device>> {
    (found.len() >= usize::try_from(limit).unwrap_or(usize::MAX)).then_some(found)
}

/// Those of the first that pass the filter, and are or whose owners are called so.
pub(super) fn push_named(query: &mut Sql, seen: &Seen, filter: &DeviceFilter, typed: &str) {
    let words = search_key::words(typed);
    query.push(")");
    push_conditions(query, filter);
    query.push(" AND ((1 = 1");
    push_words(query, Searched::Devices, &words);
    query.push(") OR EXISTS (SELECT 1 FROM users WHERE users.id = devices.owner_id");
    push_words(query, Searched::Users, &words);
    query.push("))");
    seen.push(query, Some("devices.owner_id"), Some("devices.id"));
}

pub(super) fn push_state(query: &mut Sql, filter: &DeviceFilter) {
    match &filter.state {
        Some(state) => query.push(" WHERE devices.state = ").bind(state),
        None => query.push(" WHERE devices.deleted_at IS NULL"),
    };
}

fn push_conditions(query: &mut Sql, filter: &DeviceFilter) {
    if let Some(owner) = &filter.owner {
        query.push(" AND devices.owner_id = ").bind(owner);
    }
    if let Some(platform) = &filter.platform {
        query.push(" AND devices.platform = ").bind(platform);
    }
    if let Some(group) = &filter.group {
        query.push(" AND devices.id IN (SELECT member_id FROM memberships WHERE valid_until IS NULL");
        query.push(" AND member_kind = 'device' AND group_id = ").bind(group).push(")");
    }
    match &filter.copies {
        Some(CopyTrouble::Unconfirmed(before)) => {
            query.push(" AND devices.id IN (SELECT device_id FROM copies WHERE state = 'offered'");
            query.push(" AND offered_at < ").bind(before).push(")");
        }
        Some(CopyTrouble::Failed) => {
            query.push(" AND devices.id IN (SELECT device_id FROM copies WHERE state = 'failed')");
        }
        None => {}
    }
}

pub(super) fn push_filter(query: &mut Sql, conn: &Conn, seen: &Seen, filter: &DeviceFilter) {
    push_state(query, filter);
    push_conditions(query, filter);
    if let Some(words) = &filter.search {
        // Each part of the union has an index of its own; together they are few.
        query.push(" AND devices.id IN (SELECT devices.id FROM devices WHERE 1 = 1");
        push_search(query, conn.engine(), Searched::Devices, words);
        query.push(" UNION SELECT owned.id FROM devices owned WHERE owned.owner_id IN");
        query.push(" (SELECT users.id FROM users WHERE 1 = 1");
        push_search(query, conn.engine(), Searched::Users, words);
        query.push("))");
    }
    seen.push(query, Some("devices.owner_id"), Some("devices.id"));
}
