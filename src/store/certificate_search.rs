//! Certificates found and sorted, among very many.
//!
//! A number, whole or its beginning, is looked up in its own index. A filter that leaves few is gone through whole, and
//! what is not in order by an index, or in very many certificates, is found among the first of the list. Words are looked
//! for in the index of trigrams: SQLite's gives them in the order of their issue without finding all of them; in another its
//! matches are sorted when they are few, and picked out of the index of that order when they are many. Words too short
//! for a trigram are looked for by all trigrams that begin with them, long ones by their rarest.

use std::collections::HashMap;

use certporter_model::access::Visibility;
use certporter_model::ids::CertificateId;
use uuid::Uuid;

use super::certificate_amounts::{SORTED, Small};
use super::certificate_filter::{CertificateFilter, Indexes, push_conditions_by};
use super::certificate_numbers::numbered;
pub use super::certificate_order::SortedBy;
use super::certificates::{Certificate, without_colons};
use super::dialect::{Searched, is_in_trigrams, like, phrase, push_search, push_words};
use super::near::near;
use super::search_key::words;
use super::trigrams::{self, Sampled};
use super::visibility::{Kind, Seen};
use super::{Conn, Engine, FromRow, NEAR, Page, Result, SortedPage, Sql, sql};

const CERTIFICATES: Kind = Kind {
    id: "certificates.id",
    user: Some("certificates.user_id"),
    device: Some("certificates.device_id"),
};

/// So many matches of words are read and sorted at once.
const FEW: u32 = 1_000;

/// The index of the time of issue by itself, which tells what a span needs.
const ISSUED_ALONE: (&str, Option<&str>) = ("certificates.created_at", None);

/// A page of the certificates that the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn find(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &CertificateFilter,
    by: SortedBy,
    page: &SortedPage<CertificateId>,
) -> Result<Vec<Certificate>> {
    let seen = Seen::by(conn, visibility).await?;
    let unread = by == SortedBy::Expiry && matches!(seen, Seen::All) && filter.is_of_a_span_alone();
    let engine = conn.engine();
    let small = &Small::of(conn, filter, unread).await?;
    let mut list = List { engine, seen, filter, by, page, is_rare: false, small };
    // Only SQLite is told which index to leave alone: elsewhere a sign before an id is an error.
    if let (Some(_), Some(state), Engine::Sqlite) = (filter.profile, filter.state, engine) {
        let alone = CertificateFilter { state: Some(state), ..CertificateFilter::default() };
        let small = &Small::of(conn, &alone, false).await?;
        let all = List { engine, seen: Seen::All, filter: &alone, by, page, is_rare: false, small };
        list.is_rare = all.is_of_fewer(conn, SORTED).await?;
    }
    let Some(typed) = filter.search.as_deref() else {
        return list.filtered(conn).await;
    };
    let numbered = numbered(conn, typed).await?;
    if !numbered.is_empty() {
        let mut query = list.all_but_end();
        query.push(" AND certificates.id IN (").bind_list(&numbered).push(")");
        list.push_end(&mut query);
        return query.all(conn).await;
    }
    let words = words(&without_colons(typed));
    if words.is_empty() {
        return list.filtered(conn).await;
    }
    if filter.leaves_out() && list.is_of_fewer(conn, FEW).await? {
        return list.among_few(&words).all(conn).await;
    }
    let short = words.iter().any(|word| !is_in_trigrams(word));
    let streams = conn.engine() == Engine::Sqlite && by == SortedBy::Issue;
    if streams && !short {
        let (wanted, in_part) = trigrams::rarest(conn, &words).await?;
        return list.first(conn, |list, query| list.push_streamed(query, &wanted, &in_part)).await;
    }
    let sampled = match conn.engine() {
        Engine::Postgres => Some(trigrams::sampled(conn, &words).await?),
        Engine::Sqlite => None,
    };
    // Of the newest it is known whether a page of them may be near.
    let of_newest = by == SortedBy::Issue && page.descending && page.after.is_none();
    let depth = match &sampled {
        Some(sampled) => sampled.depth(page.limit).or((!of_newest).then_some(NEAR)),
        None => Some(NEAR),
    };
    if let Some(depth) = depth {
        let near = list.near(&words, depth).all(conn).await?;
        if near.len() >= usize::try_from(page.limit).unwrap_or(usize::MAX) {
            return Ok(near);
        }
    }
    if let Some(sampled) = sampled {
        return list.first(conn, |list, query| list.push_sampled(query, &sampled)).await;
    }
    let Some(wanted) = trigrams::wanted(conn, Searched::Certificates, &words).await? else {
        return Ok(Vec::new());
    };
    if streams {
        return list.first(conn, |list, query| list.push_streamed(query, &wanted, &[])).await;
    }
    let few = sql!(
        "SELECT count(*) FROM (SELECT rowid FROM certificates_search WHERE certificates_search MATCH $1 LIMIT $2)",
        wanted,
        FEW
    );
    let few = few.scalar::<i64>(conn).await? < i64::from(FEW);
    list.picked(&wanted, few).all(conn).await
}

/// The ids of at most `limit` certificates that the caller may see, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn ids(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &CertificateFilter,
    limit: u32,
) -> Result<Vec<CertificateId>> {
    let page = SortedPage { after: None, limit, descending: true };
    let seen = Seen::by(conn, visibility).await?;
    let (engine, small) = (conn.engine(), &Small::of(conn, filter, false).await?);
    let list = List { engine, seen, filter, by: SortedBy::Issue, page: &page, is_rare: false, small };
    let mut query = Sql::new("SELECT certificates.id FROM certificates WHERE 1 = 1");
    list.push_conditions(&mut query);
    if let Some(typed) = filter.search.as_deref() {
        let numbered = numbered(conn, typed).await?;
        if numbered.is_empty() {
            push_matches(&mut query, conn.engine(), &words(&without_colons(typed)));
        } else {
            query.push(" AND certificates.id IN (").bind_list(&numbered).push(")");
        }
    }
    list.push_end(&mut query);
    query.scalars(conn).await
}

struct List<'l> {
    engine: Engine,
    seen: Seen,
    filter: &'l CertificateFilter,
    by: SortedBy,
    page: &'l SortedPage<CertificateId>,
    /// Whether fewer certificates are in the filter's state than its profile may have.
    is_rare: bool,
    small: &'l Small,
}

impl List<'_> {
    fn all(&self) -> Sql {
        let mut query = self.all_but_end();
        self.push_end(&mut query);
        query
    }

    fn all_but_end(&self) -> Sql {
        let mut query = Sql::select::<Certificate>();
        self.push_where(&mut query);
        query
    }

    /// Filter and cursor.
    fn push_where(&self, query: &mut Sql) {
        query.push(" WHERE 1 = 1");
        push_conditions_by(query, &self.seen, self.filter, &self.indexes());
        self.push_cursor(query);
    }

    fn indexes(&self) -> Indexes<'_> {
        let mut indexes = self.every_index();
        if self.by != SortedBy::Expiry {
            indexes.expiry = "+certificates.not_after";
        }
        if self.by != SortedBy::Issue && !self.small.span && self.engine == Engine::Sqlite {
            // So many are not sorted for a page: the index of the order is gone through.
            indexes.issued = ("+certificates.created_at", Some("+certificates.id"));
        }
        if self.is_rare {
            indexes.profile = "+certificates.profile_id";
        }
        indexes
    }

    fn every_index(&self) -> Indexes<'_> {
        let (group, small_platform) = (self.small.in_group(), self.small.platform);
        Indexes { group, small_platform, ..Indexes::of(self.engine) }
    }

    /// The filter without words.
    fn push_conditions(&self, query: &mut Sql) {
        push_conditions_by(query, &self.seen, self.filter, &self.every_index());
    }

    fn push_cursor(&self, query: &mut Sql) {
        match self.by {
            SortedBy::Issue => self.by_id().push_cursor(query, "certificates.id"),
            _ => self.page.push_cursor(query, self.by.column(), "certificates.id"),
        }
    }

    fn push_end(&self, query: &mut Sql) {
        self.push_end_by(query, self.by.column());
    }

    fn push_end_by(&self, query: &mut Sql, column: &'static str) {
        match self.by {
            SortedBy::Issue => self.by_id().push_order(query, column),
            _ => self.page.push_order(query, column, "certificates.id"),
        }
    }

    fn by_id(&self) -> Page<CertificateId> {
        let after = self.page.after.as_ref().map(|(_, id)| *id);
        Page { after, limit: self.page.limit, newest_first: self.page.descending }
    }

    /// Without words. Where no index has the filter in this order, what it leaves is sorted when it is not much; else
    /// the list is gone through.
    async fn filtered(&self, conn: &mut Conn) -> Result<Vec<Certificate>> {
        let listed = self.small.group() || self.small.platform;
        let spanned = self.by != SortedBy::Issue && self.small.span && self.filter.is_of_a_span();
        let few = (spanned && (self.small.unread || self.engine == Engine::Sqlite))
            || (spanned || listed || !self.filter.is_in_order(self.by))
                && self.is_of_fewer(conn, SORTED).await?;
        let query = if few { self.among_few(&[]) } else { self.all() };
        query.all(conn).await
    }

    /// Whether the filter leaves fewer than so many, wherever the page begins.
    async fn is_of_fewer(&self, conn: &mut Conn, most: u32) -> Result<bool> {
        let mut query = Sql::new("SELECT count(*) FROM (SELECT 1 FROM certificates WHERE 1 = 1");
        let mut indexes = self.every_index();
        if self.engine == Engine::Postgres {
            indexes.issued = ISSUED_ALONE;
        }
        push_conditions_by(&mut query, &self.seen, self.filter, &indexes);
        query.push(" LIMIT ").bind(&most).push(") AS bounded");
        Ok(query.scalar::<i64>(conn).await? < i64::from(most))
    }

    /// Those with the words, of the few that the filter leaves.
    fn among_few(&self, words: &[String]) -> Sql {
        let order = self.by.without_index(self.engine);
        // The page alone is read whole.
        let mut query = Sql::select::<Certificate>();
        query.push(" WHERE certificates.id IN (SELECT certificates.id FROM certificates WHERE 1 = 1");
        // Without words and with no index of the order, SQLite reads them as it finds them.
        let unread = self.small.unread && words.is_empty();
        let apart = !words.is_empty() || self.engine == Engine::Postgres && !unread;
        if apart {
            query.push(" AND certificates.id IN (SELECT certificates.id FROM certificates WHERE 1 = 1");
        }
        let mut indexes = self.every_index();
        // The index of the time of issue, which has what they are sorted by.
        match self.engine {
            Engine::Sqlite => indexes.issued.1 = Some("+certificates.id"),
            Engine::Postgres if unread => indexes.issued = ISSUED_ALONE,
            Engine::Postgres => {}
        }
        push_conditions_by(&mut query, &self.seen, self.filter, &indexes);
        if apart {
            query.push(")");
        }
        push_words(&mut query, Searched::Certificates, words);
        self.push_cursor(&mut query);
        self.push_end_by(&mut query, order);
        query.push(")");
        self.push_end_by(&mut query, order);
        query
    }

    /// The page that a search finds, given as what comes after the columns. What a limited role may see of few matches is
    /// asked one by one.
    async fn first(&self, conn: &mut Conn, search: impl Fn(&List<'_>, &mut Sql)) -> Result<Vec<Certificate>> {
        let found = self.seen.first_of(conn, &CERTIFICATES, self.page.limit, |query, limit| {
            let page = SortedPage { limit, ..self.page.clone() };
            search(&List { seen: Seen::All, page: &page, ..*self }, query);
        });
        if let Some(ids) = found.await? {
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let mut query = Sql::select::<Certificate>();
            query.push(" WHERE certificates.id IN (").bind_list(&ids).push(")");
            let mut page = query.all::<Certificate>(conn).await?;
            // As they were found: the next page begins after the last of them.
            let places: HashMap<Uuid, usize> = ids.into_iter().zip(0..).collect();
            page.sort_by_key(|it| places.get(&it.id.as_uuid()).copied());
            return Ok(page);
        }
        let mut query = Sql::new("SELECT ");
        query.push(Certificate::columns());
        search(self, &mut query);
        query.all(conn).await
    }

    /// PostgreSQL: everything that the index of words finds, sorted. Words that it is asked for in part only are looked
    /// for in what it finds, by a key that it doesn't know.
    fn push_sampled(&self, query: &mut Sql, sampled: &Sampled) {
        query.push(" FROM certificates");
        self.push_where(query);
        // A part of its own, so that no order tempts the planner to look through everything instead.
        query.push(" AND certificates.id = ANY (ARRAY(SELECT certificates.id FROM certificates WHERE 1 = 1");
        push_words(query, Searched::Certificates, &sampled.wanted);
        for word in &sampled.in_part {
            query.push(" AND (certificates.search_key || ' ' || certificates.names_key || '') LIKE ");
            query.bind(&like(word)).push(" ESCAPE '\\'");
        }
        query.push("))");
        self.push_end(query);
    }

    /// SQLite: the index of words gives its rows in the order of their numbers, and stops with the page. Words that it is
    /// asked for in part only are looked for in what it gives.
    fn push_streamed(&self, query: &mut Sql, wanted: &str, in_part: &[String]) {
        query.push(" FROM certificates_search CROSS JOIN certificates");
        query.push(" ON certificates.row_number = certificates_search.rowid");
        query.push(" WHERE certificates_search MATCH ").bind(wanted);
        let (before, order) = if self.page.descending { (" < ", " DESC") } else { (" > ", "") };
        if let Some((_, after)) = &self.page.after {
            query.push(" AND certificates_search.rowid").push(before);
            query.push("(SELECT row_number FROM certificates WHERE id = ").bind(after).push(")");
        }
        self.push_conditions(query);
        push_words(query, Searched::Certificates, in_part);
        query.push(" ORDER BY certificates_search.rowid").push(order);
        query.push(" LIMIT ").bind(&self.page.limit);
    }

    /// SQLite: few matches are read and sorted; many are met soon enough in the index of the order, and only then read.
    fn picked(&self, wanted: &str, few: bool) -> Sql {
        let matches = |query: &mut Sql| {
            query.push(" AND certificates.row_number IN (SELECT rowid FROM certificates_search");
            query.push(" WHERE certificates_search MATCH ").bind(wanted).push(")");
        };
        // Either way the page alone is read whole.
        let mut query = Sql::select::<Certificate>();
        query.push(" WHERE certificates.id IN (SELECT certificates.id FROM certificates");
        if !few {
            query.push(match self.by {
                SortedBy::Issue => " INDEXED BY sqlite_autoindex_certificates_1",
                SortedBy::Expiry => " INDEXED BY certificates_by_expiry",
                SortedBy::Subject => " INDEXED BY certificates_by_subject",
            });
        }
        self.push_where(&mut query);
        matches(&mut query);
        self.push_end(&mut query);
        query.push(")");
        self.push_end(&mut query);
        query
    }

    /// Those among so many of the first of the list that pass the filter and have the words.
    fn near(&self, words: &[String], depth: u32) -> Sql {
        let page = SortedPage { limit: depth, ..self.page.clone() };
        let first = List { seen: Seen::All, page: &page, ..*self };
        let mut query = near::<Certificate>(self.engine, |query| {
            query.push(" WHERE 1 = 1");
            first.push_cursor(query);
            first.push_end(query);
        });
        self.push_conditions(&mut query);
        push_words(&mut query, Searched::Certificates, words);
        self.push_end(&mut query);
        query
    }
}

/// ` AND ..`: all of the words are in the certificate, by the index.
fn push_matches(query: &mut Sql, engine: Engine, words: &[String]) {
    let indexed = words.iter().any(|word| is_in_trigrams(word));
    match engine {
        Engine::Sqlite if indexed => {
            query.push(" AND certificates.row_number IN (SELECT rowid FROM certificates_search");
            query.push(" WHERE certificates_search MATCH ").bind(&all_of(words)).push(")");
            push_words(query, Searched::Certificates, &short(words));
        }
        Engine::Sqlite => push_words(query, Searched::Certificates, words),
        Engine::Postgres => {
            // A part of its own, so that no order tempts the planner to look through everything instead.
            query.push(
                " AND certificates.id = ANY (ARRAY(SELECT certificates.id FROM certificates WHERE 1 = 1",
            );
            push_search(query, engine, Searched::Certificates, &words.join(" "));
            query.push("))");
        }
    }
}

fn all_of(words: &[String]) -> String {
    let long = words.iter().filter(|word| is_in_trigrams(word));
    long.map(|word| phrase(word)).collect::<Vec<_>>().join(" ")
}

fn short(words: &[String]) -> Vec<String> {
    words.iter().filter(|word| !is_in_trigrams(word)).cloned().collect()
}
