//! What of a list a caller may see, as a condition in SQL.

use certporter_model::access::Visibility;
use certporter_model::ids::{GroupId, UserId};

use super::{Conn, Result, Sql, groups};

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

fn push_own(sql: &mut Sql, user: Option<&'static str>, own: UserId) {
    if let Some(column) = user {
        sql.push(" OR ").push(column).push(" = ").bind(&own);
    }
}
