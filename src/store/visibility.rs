//! What of a list a caller may see, as a condition in SQL.

use std::collections::HashSet;

use certporter_model::access::Visibility;
use certporter_model::ids::{GroupId, UserId};

use uuid::Uuid;

use super::row::Load as _;
use super::{Conn, Engine, FromRow, Result, Row, Sql, groups};

/// A row that a search found, and whether the caller may see it.
#[derive(Debug, Clone, Copy)]
struct Found {
    id: Uuid,
    seen: bool,
}

impl FromRow for Found {
    const TABLE: &'static str = "found";
    fn columns() -> &'static str {
        "id, seen"
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let id = Uuid::load(row, "id").map_err(|error| error.in_column(Self::TABLE, "id"))?;
        let seen = bool::load(row, "seen").map_err(|error| error.in_column(Self::TABLE, "seen"))?;
        Ok(Self { id, seen })
    }
}

/// What a limited role may see of so many rows is asked row by row. Where a search finds more, the members of its groups
/// may be gathered instead: that takes as long as they are many, however few rows there are.
const ROW_BY_ROW: u32 = 250;

/// Where enough of the first may be seen that a page of them is among so many, those are asked row by row as well.
const MORE: u32 = 2_000;

/// What a search finds: its id, and the columns that say who may see it.
pub(crate) struct Kind {
    pub(crate) id: &'static str,
    pub(crate) user: Option<&'static str>,
    pub(crate) device: Option<&'static str>,
}

/// A visibility with its groups' own groups resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    All,
    Groups(Vec<GroupId>, Option<UserId>),
    Own(UserId),
}

impl Seen {
    /// Finds every group within the groups that the caller may see.
    pub(crate) async fn by(conn: &mut Conn, visibility: &Visibility) -> Result<Self> {
        Ok(match visibility {
            Visibility::All => Self::All,
            Visibility::Own(user) => Self::Own(*user),
            Visibility::Groups(groups, own) => {
                let within = match conn.known_within(groups) {
                    Some(known) => known,
                    None => groups::within(conn, groups).await?,
                };
                conn.note_within(groups, &within);
                Self::Groups(within, *own)
            }
        })
    }

    /// The ids of the first that a search finds and a limited role may see, in the search's order; none when they are
    /// found sooner by gathering the members of its groups. The search is what comes after the columns, for so many rows; the
    /// number of rows is its end.
    pub(crate) async fn first_of(
        &self,
        conn: &mut Conn,
        kind: &Kind,
        limit: u32,
        search: impl Fn(&mut Sql, u32),
    ) -> Result<Option<Vec<Uuid>>> {
        if !matches!(self, Self::Groups(..)) {
            return Ok(None);
        }
        let mut query = Sql::new("SELECT ");
        self.push_found(&mut query, kind);
        search(&mut query, ROW_BY_ROW);
        let found = query.all::<Found>(conn).await?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut seen: Vec<Uuid> = found.iter().filter(|it| it.seen).map(|it| it.id).take(wanted).collect();
        if found.len() < usize::try_from(ROW_BY_ROW).unwrap_or(usize::MAX) || seen.len() >= wanted {
            return Ok(Some(seen));
        }
        let dense = u32::try_from(seen.len()).unwrap_or(u32::MAX).saturating_mul(MORE / ROW_BY_ROW);
        if dense < limit.saturating_mul(2) {
            return Ok(None);
        }
        // In the order of the search, which stops with the last that is wanted. PostgreSQL's may be another each time.
        let again = conn.engine() == Engine::Postgres;
        if again {
            seen.clear();
        }
        let mut query = Sql::new("SELECT matches.id FROM (SELECT ");
        self.push_found(&mut query, kind);
        search(&mut query, MORE);
        if !again {
            query.push(" OFFSET ").bind(&ROW_BY_ROW);
        }
        let left = limit.saturating_sub(u32::try_from(seen.len()).unwrap_or(u32::MAX));
        query.push(") AS matches WHERE matches.seen LIMIT ").bind(&left);
        seen.extend(query.scalars::<Uuid>(conn).await?);
        // What has come between the two has moved the others on: what was seen last is seen again.
        let again = seen.iter().collect::<HashSet<_>>().len() < seen.len();
        Ok((!again && seen.len() >= wanted).then_some(seen))
    }

    fn push_found(&self, sql: &mut Sql, kind: &Kind) {
        sql.push(kind.id).push(" AS id, ");
        self.push_of_row(sql, kind.user, kind.device);
        // Of a row without a person it is unknown whether they are the caller: then it is not theirs.
        sql.push(" IS TRUE AS seen");
    }

    /// An expression that says of each row whether the caller may see it, for few rows: their own memberships are looked
    /// up, and not everybody in the groups.
    pub(crate) fn push_of_row(
        &self,
        sql: &mut Sql,
        user: Option<&'static str>,
        device: Option<&'static str>,
    ) {
        let Self::Groups(groups, own) = self else {
            sql.push("(1 = 1");
            self.push(sql, user, device);
            sql.push(")");
            return;
        };
        sql.push("(");
        push_in_any(sql, groups, user, device);
        if let Some(own) = own {
            push_own(sql, user, *own);
        }
        sql.push(")");
    }

    /// The condition ` AND (..)` on a row's user and device, given as columns that may be null.
    pub(crate) fn push(&self, sql: &mut Sql, user: Option<&'static str>, device: Option<&'static str>) {
        match self {
            Self::All => {}
            Self::Own(own) => {
                sql.push(" AND (1 = 0");
                push_own(sql, user, *own);
                sql.push(")");
            }
            Self::Groups(groups, own) => {
                sql.push(" AND (1 = 0");
                for (kind, column) in [("user", user), ("device", device)] {
                    if let Some(column) = column {
                        sql.push(" OR ").push(column);
                        sql.push(" IN (SELECT member_id FROM memberships WHERE valid_until IS NULL AND member_kind = ");
                        sql.bind(kind).push(" AND group_id IN (").bind_list(groups).push("))");
                    }
                }
                if let Some(own) = own {
                    push_own(sql, user, *own);
                }
                sql.push(")");
            }
        }
    }
}

/// An expression that says of each row whether its user or device is in one of the groups: their memberships are looked
/// up, and not everybody in the groups.
pub(super) fn push_in_any(
    sql: &mut Sql,
    groups: &[GroupId],
    user: Option<&'static str>,
    device: Option<&'static str>,
) {
    sql.push("(1 = 0");
    for (kind, column) in [("user", user), ("device", device)] {
        let Some(column) = column else { continue };
        sql.push(" OR EXISTS (SELECT 1 FROM memberships m WHERE m.valid_until IS NULL AND m.member_kind = ");
        sql.bind(kind).push(" AND m.member_id = ").push(column);
        // Said so that SQLite looks up the member, who is in few groups, and not each of the groups.
        sql.push(" AND NOT (m.group_id NOT IN (").bind_list(groups).push("))");
        // Said so that PostgreSQL looks up each member, and doesn't begin with everybody in the groups.
        sql.push(" LIMIT 1 OFFSET 0)");
    }
    sql.push(")");
}

fn push_own(sql: &mut Sql, user: Option<&'static str>, own: UserId) {
    if let Some(column) = user {
        sql.push(" OR ").push(column).push(" = ").bind(&own);
    }
}
