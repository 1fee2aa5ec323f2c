//! The conditions of a list of devices, and their words: whether few or many devices are found by them decides how.

use super::devices::{CopyTrouble, Device, DeviceFilter};
use super::dialect::{Searched, is_in_trigrams, push_indexed, push_search, push_words};
use super::trigrams::{self, Finds};
use super::visibility::Seen;
use super::{Conn, Engine, NEAR, Result, Sql, search_key};

/// Which devices words find: by their own names, and by those of people who own some.
#[derive(Default)]
pub(super) struct Named {
    words: Vec<String>,
    /// What SQLite's index of devices is asked for; nothing when none is called so.
    own: Wanted,
    /// The same of users.
    owners: Wanted,
    /// Whether all that they find is read and sorted at once.
    few: bool,
    /// Whether one of them finds so many that the first are soon met in the list's order.
    many: bool,
}

/// What an index of words is asked for.
#[derive(Default)]
enum Wanted {
    /// Nothing has the words.
    #[default]
    Nothing,
    /// SQLite: this.
    Indexed(String),
    /// PostgreSQL: the words.
    Words,
}

impl Wanted {
    async fn of(conn: &mut Conn, table: Searched, words: &[String]) -> Result<(Self, Finds)> {
        let long = words.iter().all(|word| is_in_trigrams(word));
        let (wanted, finds) = match conn.engine() {
            Engine::Sqlite => match trigrams::wanted(conn, table, words).await? {
                Some(wanted) => {
                    let finds = trigrams::finds(conn, table, &wanted).await?;
                    (Self::Indexed(wanted), finds)
                }
                None => (Self::Nothing, Finds::Nothing),
            },
            Engine::Postgres if long => (Self::Words, trigrams::finds_words(conn, table, words).await?),
            // Its index knows no shorter ones.
            Engine::Postgres => (Self::Words, Finds::Many),
        };
        Ok(if finds == Finds::Nothing { (Self::Nothing, finds) } else { (wanted, finds) })
    }

    fn is_something(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The condition that a row of the table is found.
    fn push(&self, query: &mut Sql, table: Searched, words: &[String]) {
        match self {
            Self::Nothing => {
                query.push("1 = 0");
            }
            Self::Indexed(wanted) => push_indexed(query, table, wanted),
            Self::Words => {
                query.push("1 = 1");
                push_words(query, table, words);
            }
        }
    }
}

impl Named {
    pub(super) async fn of(conn: &mut Conn, typed: Option<&str>) -> Result<Self> {
        let words = typed.map(search_key::words).unwrap_or_default();
        if words.is_empty() {
            return Ok(Self::default());
        }
        let (own, of_own) = Wanted::of(conn, Searched::Devices, &words).await?;
        let (owners, of_owners) = Wanted::of(conn, Searched::Users, &words).await?;
        let many = of_own.max(of_owners) == Finds::Many;
        let long = words.iter().all(|word| is_in_trigrams(word));
        Ok(Self { words, own, owners, few: long && !many, many })
    }

    /// Whether a page of them may be among the first of the list.
    pub(super) fn may_be_near(&self) -> bool {
        !self.words.is_empty() && !self.few
    }

    /// The filter, with the words by these indexes.
    pub(super) fn push_filter(&self, query: &mut Sql, conn: &Conn, seen: &Seen, filter: &DeviceFilter) {
        if self.words.is_empty() {
            return push_filter(query, conn, seen, filter);
        }
        push_state(query, filter);
        push_conditions(query, filter);
        match &self.owners {
            Wanted::Indexed(_) | Wanted::Nothing if self.many && conn.engine() == Engine::Sqlite => {
                self.push_picked(query);
            }
            Wanted::Nothing => {
                query.push(" AND ");
                self.own.push(query, Searched::Devices, &self.words);
            }
            owners => {
                // Each part of the union has an index of its own; together they are few.
                query.push(" AND devices.id IN (SELECT devices.id FROM devices WHERE ");
                self.own.push(query, Searched::Devices, &self.words);
                query.push(" UNION SELECT owned.id FROM devices owned WHERE owned.owner_id IN");
                query.push(" (SELECT users.id FROM users WHERE ");
                owners.push(query, Searched::Users, &self.words);
                query.push("))");
            }
        }
        seen.push(query, Some("devices.owner_id"), Some("devices.id"));
    }

    /// SQLite: picked out of the index of the order, whose rows are numbered as those of the index of words.
    fn push_picked(&self, query: &mut Sql) {
        query.push(" AND (1 = 0");
        if let Wanted::Indexed(own) = &self.own {
            query.push(" OR +devices.row_number IN (SELECT rowid FROM devices_search");
            query.push(" WHERE devices_search MATCH ").bind(own).push(")");
        }
        if let Wanted::Indexed(owners) = &self.owners {
            query.push(" OR +devices.owner_id IN (SELECT users.id FROM users WHERE ");
            push_indexed(query, Searched::Users, owners);
            query.push(")");
        }
        query.push(")");
    }

    /// Of the first, those that pass the filter, and are or whose owners are called so.
    pub(super) fn push_first(&self, query: &mut Sql, seen: &Seen, filter: &DeviceFilter) {
        push_conditions(query, filter);
        query.push(" AND (1 = 0");
        if self.own.is_something() {
            query.push(" OR (1 = 1");
            push_words(query, Searched::Devices, &self.words);
            query.push(")");
        }
        if self.owners.is_something() {
            query.push(" OR EXISTS (SELECT 1 FROM users WHERE users.id = devices.owner_id");
            push_words(query, Searched::Users, &self.words);
            // Said so that PostgreSQL looks up each owner, and doesn't begin with everybody who is called so.
            query.push(" LIMIT 1 OFFSET 0)");
        }
        query.push(")");
        seen.push(query, Some("devices.owner_id"), Some("devices.id"));
    }
}

/// What was found near, if it fills the page.
pub(super) fn whole(found: Vec<Device>, limit: u32) -> Option<Vec<Device>> {
    (found.len() >= usize::try_from(limit).unwrap_or(usize::MAX)).then_some(found)
}

/// So many of the first are looked through.
pub(super) const fn depth(engine: Engine) -> u32 {
    match engine {
        Engine::Sqlite => NEAR,
        Engine::Postgres => 3 * NEAR,
    }
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
