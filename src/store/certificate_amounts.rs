//! Which parts of a filter leave few certificates: lists go by it where no index has the filter in their order.

use certporter_model::Timestamp;
use certporter_model::ids::GroupId;

use super::certificate_filter::{CertificateFilter, InGroup, first_made_at};
use super::{Conn, Engine, Result, Sql, fleet, groups};

/// So many that a filter leaves are read and sorted at once; where there are more, the list is gone through.
pub(super) const SORTED: u32 = 2_000;
/// The same of those issued in a span of time: they lie beside each other.
const SORTED_SPAN: u32 = 10_000;
/// The same where nothing else is asked, and the index of the time of issue says when they expire.
const SORTED_UNREAD: u32 = 200_000;

/// Which parts of a filter leave so few that they are listed: as many members or devices as are sorted at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Small {
    /// The group; with those within it where it is large.
    group: Option<(bool, Vec<GroupId>)>,
    pub(super) platform: bool,
    /// Those issued in a span of time, if it is asked for.
    pub(super) span: bool,
    /// Whether the index of the time of issue has everything that these are found and sorted by.
    pub(super) unread: bool,
}

impl Small {
    /// `unread`: the index of the time of issue has all that is asked for.
    pub(super) async fn of(conn: &mut Conn, filter: &CertificateFilter, unread: bool) -> Result<Self> {
        let group = match filter.group {
            Some(group) if fleet::is_small_group(conn, group, SORTED).await? => Some((true, Vec::new())),
            Some(group) => Some((false, groups::within(conn, &[group]).await?)),
            None => None,
        };
        let platform = match filter.platform {
            Some(platform) => fleet::is_small_platform(conn, platform, SORTED).await?,
            None => false,
        };
        let most = if unread { SORTED_UNREAD } else { SORTED_SPAN };
        let span = match conn.engine() {
            _ if !filter.is_of_a_span() => true,
            Engine::Sqlite => is_small_span(conn, filter, most).await?,
            // Of others it knows about how many there are.
            Engine::Postgres => !unread || is_short_span(conn, filter).await?,
        };
        Ok(Self { group, platform, span, unread: unread && span })
    }

    /// Whether the group is so small that what its members hold is listed.
    pub(super) fn group(&self) -> bool {
        self.group.as_ref().is_some_and(|(small, _)| *small)
    }

    /// How certificates of the group are found.
    pub(super) fn in_group(&self) -> InGroup<'_> {
        match &self.group {
            Some((true, _)) => InGroup::Listed,
            Some((false, within)) => InGroup::RowByRow(within),
            None => InGroup::Gathered,
        }
    }
}

/// Whether fewer than so many were issued then.
async fn is_small_span(conn: &mut Conn, filter: &CertificateFilter, most: u32) -> Result<bool> {
    let mut query = Sql::new("SELECT count(*) FROM (SELECT 1 FROM certificates WHERE 1 = 1");
    if let Some(from) = filter.issued_from {
        query.push(" AND id >= ").bind(&first_made_at(from));
    }
    if let Some(before) = filter.issued_before {
        query.push(" AND id < ").bind(&first_made_at(before));
    }
    query.push(" LIMIT ").bind(&most).push(") AS bounded");
    Ok(query.scalar::<i64>(conn).await? < i64::from(most))
}

/// Whether the span is at most a third of the time in which certificates were issued: then it is sooner sorted than met in
/// the order of expiry, where those issued last are the last to come.
async fn is_short_span(conn: &mut Conn, filter: &CertificateFilter) -> Result<bool> {
    let ends = "SELECT max(created_at) FROM certificates UNION ALL SELECT min(created_at) FROM certificates";
    let ends: Vec<Option<Timestamp>> = Sql::new(ends).scalars(conn).await?;
    let [Some(last), Some(first)] = ends[..] else { return Ok(true) };
    let from = filter.issued_from.map_or(first, |from| from.max(first));
    let before = filter.issued_before.map_or(last, |before| before.min(last));
    let millis = |from: Timestamp, until: Timestamp| until.as_millis() - from.as_millis();
    Ok(3 * millis(from, before) <= millis(first, last))
}
