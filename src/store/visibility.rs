//! What of a list a caller may see, as a condition in SQL.

use certporter_model::access::Visibility;
use certporter_model::ids::{GroupId, UserId};

use uuid::Uuid;

use super::row::Load as _;
use super::{Conn, FromRow, Result, Row, Sql, groups};

/// A row that a search found, and whether the caller may see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
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
/// are gathered instead: that takes as long as they are many, however few rows there are.
pub(crate) const ROW_BY_ROW: u32 = 500;

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
            Visibility::Groups(groups, own) => Self::Groups(groups::within(conn, groups).await?, *own),
        })
    }

    /// Whether it is asked by the members of groups.
    pub(crate) const fn is_by_groups(&self) -> bool {
        matches!(self, Self::Groups(..))
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
        sql.push("(1 = 0");
        for (kind, column) in [("user", user), ("device", device)] {
            let Some(column) = column else { continue };
            sql.push(
                " OR EXISTS (SELECT 1 FROM memberships m WHERE m.valid_until IS NULL AND m.member_kind = ",
            );
            sql.bind(kind).push(" AND m.member_id = ").push(column);
            // Said so that SQLite looks up the member, who is in few groups, and not each of the groups.
            sql.push(" AND NOT (m.group_id NOT IN (").bind_list(groups).push(")))");
        }
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

/// The first of what was found that the caller may see: none when the search may find more and these are too few.
pub(crate) fn first_seen(found: &[Found], limit: u32) -> Option<Vec<Uuid>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let whole = found.len() < usize::try_from(ROW_BY_ROW).unwrap_or(usize::MAX);
    let seen: Vec<Uuid> = found.iter().filter(|it| it.seen).map(|it| it.id).take(limit).collect();
    (whole || seen.len() >= limit).then_some(seen)
}

fn push_own(sql: &mut Sql, user: Option<&'static str>, own: UserId) {
    if let Some(column) = user {
        sql.push(" OR ").push(column).push(" = ").bind(&own);
    }
}
