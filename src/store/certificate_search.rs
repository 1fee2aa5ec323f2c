//! Certificates found and sorted, among very many.
//!
//! A number, whole or its beginning, is looked up in its own index. Words are looked for in the index of trigrams,
//! except where that would be slow: words that are in very many certificates are found among the first of the list,
//! whatever its order; and SQLite's index gives the newest first without finding all of them.

use certporter_model::access::Visibility;
use certporter_model::ids::CertificateId;
use certporter_model::serial::SerialNumber;

use super::certificates::{Certificate, CertificateFilter, push_conditions, without_colons};
use super::dialect::{Searched, is_in_trigrams, phrase, push_search, push_words};
use super::search_key::words;
use super::visibility::Seen;
use super::{Conn, Engine, FromRow, Page, Result, SortKey, SortedPage, Sql, sql};

/// What certificates are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortedBy {
    /// When they were issued.
    Issue,
    /// When they expire.
    Expiry,
    /// Their subject, without regard to case and accents.
    Subject,
}

impl SortedBy {
    const fn column(self) -> &'static str {
        match self {
            Self::Issue => "certificates.id",
            Self::Expiry => "certificates.not_after",
            Self::Subject => "certificates.subject_key",
        }
    }

    /// The key by which a certificate has its place.
    #[must_use]
    pub fn key_of(self, certificate: &Certificate) -> SortKey {
        match self {
            // The id alone says it.
            Self::Issue => SortKey::Int(0),
            Self::Expiry => certificate.not_after.into(),
            Self::Subject => SortKey::Text(super::fold(&certificate.subject)),
        }
    }
}

/// How many of the first rows are looked through before the index of words is asked.
const NEAR: u32 = 1_500;
/// How many certificates may have a number that begins so.
const NUMBERED: u32 = 200;

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
    let list = List { seen: Seen::by(conn, visibility).await?, filter, by, page };
    let Some(typed) = filter.search.as_deref() else {
        return list.all().all(conn).await;
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
        return list.all().all(conn).await;
    }
    let indexed = words.iter().any(|word| is_in_trigrams(word));
    if conn.engine() == Engine::Sqlite && indexed && by == SortedBy::Issue && page.descending {
        return list.streamed(&words).all(conn).await;
    }
    if indexed {
        let near = list.near(&words).all(conn).await?;
        if near.len() >= usize::try_from(page.limit).unwrap_or(usize::MAX) {
            return Ok(near);
        }
    }
    let mut query = list.all_but_end();
    push_matches(&mut query, conn.engine(), &words);
    list.push_end(&mut query);
    query.all(conn).await
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
    let list = List { seen: Seen::by(conn, visibility).await?, filter, by: SortedBy::Issue, page: &page };
    let mut query = Sql::new("SELECT certificates.id FROM certificates WHERE 1 = 1");
    push_conditions(&mut query, &list.seen, filter);
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
    seen: Seen,
    filter: &'l CertificateFilter,
    by: SortedBy,
    page: &'l SortedPage<CertificateId>,
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
        push_conditions(query, &self.seen, self.filter);
        match self.by {
            SortedBy::Issue => self.by_id().push_cursor(query, "certificates.id"),
            _ => self.page.push_cursor(query, self.by.column(), "certificates.id"),
        }
    }

    fn push_end(&self, query: &mut Sql) {
        match self.by {
            SortedBy::Issue => self.by_id().push_order(query, "certificates.id"),
            _ => self.page.push_order(query, self.by.column(), "certificates.id"),
        }
    }

    fn by_id(&self) -> Page<CertificateId> {
        let after = self.page.after.as_ref().map(|(_, id)| *id);
        Page { after, limit: self.page.limit, newest_first: self.page.descending }
    }

    /// SQLite: the index of words gives its rows in the order of their numbers, and stops with the page.
    fn streamed(&self, words: &[String]) -> Sql {
        let mut query = Sql::new("SELECT ");
        query.push(Certificate::columns());
        query.push(" FROM certificates_search CROSS JOIN certificates");
        query.push(" ON certificates.row_number = certificates_search.rowid");
        query.push(" WHERE certificates_search MATCH ").bind(&all_of(words));
        if let Some((_, after)) = &self.page.after {
            query.push(" AND certificates_search.rowid < (SELECT row_number FROM certificates WHERE id = ");
            query.bind(after).push(")");
        }
        push_words(&mut query, Searched::Certificates, &short(words));
        push_conditions(&mut query, &self.seen, self.filter);
        query.push(" ORDER BY certificates_search.rowid DESC LIMIT ").bind(&self.page.limit);
        query
    }

    /// Those among the first of the list that have the words.
    fn near(&self, words: &[String]) -> Sql {
        let mut query = Sql::select::<Certificate>();
        query.push(" WHERE certificates.id IN (SELECT certificates.id FROM certificates");
        self.push_where(&mut query);
        let first = SortedPage { limit: NEAR, ..self.page.clone() };
        List { seen: self.seen.clone(), page: &first, ..*self }.push_end(&mut query);
        query.push(")");
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

/// Those whose serial number or thumbprint is what was typed or begins so, if it looks like one: at least eight
/// hexadecimal digits, with or without colons and spaces, or a whole serial number in decimal digits.
async fn numbered(conn: &mut Conn, typed: &str) -> Result<Vec<CertificateId>> {
    let mut found = Vec::new();
    if let Some(serial) = decimal(typed) {
        found = sql!("SELECT id FROM certificates WHERE serial = $1 ORDER BY id LIMIT 200", serial)
            .scalars(conn)
            .await?;
    }
    if let (true, Some((from, to))) = (found.is_empty(), prefix(typed)) {
        let mut query = Sql::new("SELECT id FROM certificates WHERE ");
        for (index, column) in ["serial", "thumbprint", "sha1_thumbprint"].into_iter().enumerate() {
            query.push(if index == 0 { "(" } else { " OR (" });
            query.push(column).push(" >= ").bind(from.as_slice());
            if let Some(to) = &to {
                query.push(" AND ").push(column).push(" < ").bind(to.as_slice());
            }
            query.push(")");
        }
        query.push(" LIMIT ").bind(&NUMBERED);
        found = query.scalars(conn).await?;
    }
    Ok(found)
}

/// A serial number in decimal digits.
fn decimal(typed: &str) -> Option<SerialNumber> {
    let typed = typed.trim();
    if !(10..=49).contains(&typed.len()) {
        return None;
    }
    // Long multiplication in base 256, the lowest octet first.
    let mut octets: Vec<u8> = Vec::new();
    for digit in typed.chars() {
        let mut carry = digit.to_digit(10)?;
        for octet in &mut octets {
            let value = u32::from(*octet) * 10 + carry;
            *octet = u8::try_from(value & 0xff).ok()?;
            carry = value >> 8;
        }
        if carry > 0 {
            octets.push(u8::try_from(carry).ok()?);
        }
    }
    octets.reverse();
    SerialNumber::from_octets(&octets).ok()
}

/// The octets that begin with hexadecimal digits: from, and up to but without.
fn prefix(typed: &str) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let plain: String = typed.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let plain = plain.strip_prefix("0x").unwrap_or(&plain);
    let digits: Vec<u8> =
        plain.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    if !(8..=64).contains(&digits.len()) {
        return None;
    }
    let from: Vec<u8> =
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect();
    // Half an octet is counted up by sixteen.
    let mut step: u8 = if digits.len() % 2 == 1 { 16 } else { 1 };
    let mut to = from.clone();
    while let Some(last) = to.pop() {
        if let Some(next) = last.checked_add(step) {
            to.push(next);
            return Some((from, Some(to)));
        }
        step = 1;
    }
    Some((from, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_serial_number_is_the_same_number() {
        let serial = SerialNumber::parse("4f1d09b7c2a64e0f").unwrap();
        assert_eq!(decimal(" 5700723388170259983 "), Some(serial));
        assert_eq!(decimal("12345"), None);
        assert_eq!(decimal("12345678901a"), None);
    }

    #[test]
    fn digits_begin_a_range() {
        assert_eq!(
            prefix("0A:1B:2C:3D"),
            Some((vec![0x0a, 0x1b, 0x2c, 0x3d], Some(vec![0x0a, 0x1b, 0x2c, 0x3e])))
        );
        assert_eq!(
            prefix("0a1b2c3d4"),
            Some((vec![0x0a, 0x1b, 0x2c, 0x3d, 0x40], Some(vec![0x0a, 0x1b, 0x2c, 0x3d, 0x50])))
        );
        assert_eq!(prefix("abffffffff"), Some((vec![0xab, 0xff, 0xff, 0xff, 0xff], Some(vec![0xac]))));
        assert_eq!(prefix("abfffffff"), Some((vec![0xab, 0xff, 0xff, 0xff, 0xf0], Some(vec![0xac]))));
        assert_eq!(prefix("ffffffff"), Some((vec![0xff; 4], None)));
        assert_eq!(prefix("anna"), None);
        assert_eq!(prefix("abc"), None);
    }
}
