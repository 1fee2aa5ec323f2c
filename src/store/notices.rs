//! Notices by e-mail: what they say, each letter and how far it is, and what was told already.

use certporter_model::Timestamp;
use certporter_model::identity::Email;
use certporter_model::ids::{NoticeId, UserId};
use certporter_model::notice::{NoticeKind, NoticeState};

use super::{
    Bookkeeping, Conn, Page, Result, Sql, WriteConn, WriteTx, by_id, insert_all as insert_rows, sql,
    table_row,
};

table_row! {
    /// What notices of a kind say, and whether there are any.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TemplateRow in "notice_templates" {
        /// Of which kind.
        pub kind: NoticeKind,
        /// Whether they are sent.
        pub enabled: bool,
        /// The subject, with variables.
        pub subject: String,
        /// The body, with variables.
        pub body: String,
        /// Nothing from before is told.
        pub enabled_at: Option<Timestamp>,
        /// What happened before that was looked at.
        pub collected_until: Option<Timestamp>,
        /// Counts the changes.
        pub version: i64,
        /// When it was changed last.
        pub updated_at: Timestamp,
    }
}

table_row! {
    /// A letter to one address.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Notice in "notices" {
        /// Its id.
        pub id: NoticeId,
        /// What it is about.
        pub kind: NoticeKind,
        /// The person whom it tells something, unless it goes to operators.
        pub user_id: Option<UserId>,
        /// The address; empty when the person has none.
        pub recipient: String,
        /// Its subject.
        pub subject: String,
        /// Its text.
        pub body: String,
        /// How many matters it tells.
        pub matters: u64,
        /// How far it is.
        pub state: NoticeState,
        /// How often it was tried.
        pub attempt: u32,
        /// When it is tried next, while it waits.
        pub not_before: Timestamp,
        /// Why it was not taken.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// Counts the changes.
        pub version: i64,
        /// When it was written.
        pub created_at: Timestamp,
        /// When it changed last.
        pub updated_at: Timestamp,
        /// When the server took it.
        pub sent_at: Option<Timestamp>,
    }
}

/// Every template that somebody has touched.
///
/// # Errors
/// When the database refuses.
pub async fn templates(conn: &mut Conn) -> Result<Vec<TemplateRow>> {
    let mut query = Sql::select::<TemplateRow>();
    query.push(" ORDER BY kind");
    query.all(conn).await
}

/// The template of a kind, if somebody has touched it.
///
/// # Errors
/// When the database refuses.
pub async fn template(conn: &mut Conn, kind: NoticeKind) -> Result<Option<TemplateRow>> {
    let mut query = Sql::select::<TemplateRow>();
    query.push(" WHERE kind = ").bind(&kind);
    query.optional(conn).await
}

/// Saves a template that had that version when it was read; 0 when there was none.
///
/// # Errors
/// [`StoreError::Stale`](super::StoreError::Stale) when it has another version by now.
pub async fn save_template(tx: &mut WriteTx, row: &TemplateRow, read: i64) -> Result<()> {
    let changed = if read == 0 {
        u64::from(super::insert_if_absent(tx, &TemplateRow { version: 1, ..row.clone() }).await?)
    } else {
        sql!(
            "UPDATE notice_templates SET enabled = $2, subject = $3, body = $4, enabled_at = $5,
                    collected_until = $6, updated_at = $7, version = version + 1 WHERE kind = $1 AND version = $8",
            row.kind,
            row.enabled,
            row.subject,
            row.body,
            row.enabled_at,
            row.collected_until,
            row.updated_at,
            read
        )
        .execute(tx)
        .await?
    };
    if changed == 0 { Err(super::StoreError::Stale { what: "text of the notice" }) } else { Ok(()) }
}

/// Notes that everything of a kind from before that moment was looked at.
///
/// # Errors
/// When the database refuses.
pub async fn collected(books: &mut Bookkeeping, kind: NoticeKind, until: Timestamp) -> Result<()> {
    sql!("UPDATE notice_templates SET collected_until = $2 WHERE kind = $1", kind, until)
        .execute(books)
        .await
        .map(|_| ())
}

/// New letters.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(conn: &mut WriteConn, notices: &[Notice]) -> Result<()> {
    insert_rows(conn, notices).await
}

/// Notes what became of a letter, whatever happened to it in the meantime: it was sent, or it was not.
///
/// # Errors
/// When the database refuses.
pub async fn settle(conn: &mut WriteConn, notice: &Notice) -> Result<()> {
    sql!(
        "UPDATE notices SET state = $2, attempt = $3, not_before = $4, cause = $5, remedy = $6, updated_at = $7,
                sent_at = $8, recipient = $9, version = version + 1 WHERE id = $1",
        notice.id,
        notice.state,
        notice.attempt,
        notice.not_before,
        notice.cause,
        notice.remedy,
        notice.updated_at,
        notice.sent_at,
        notice.recipient
    )
    .change(conn, "notice")
    .await
}

/// The letter of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: NoticeId) -> Result<Notice> {
    by_id(conn, &id, "notice").await
}

/// Which letters.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoticeFilter {
    /// In this state.
    pub state: Option<NoticeState>,
    /// Of this kind.
    pub kind: Option<NoticeKind>,
    /// To this person.
    pub user: Option<UserId>,
    /// Written then or later.
    pub since: Option<Timestamp>,
}

/// Letters, in the order of their ids.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, filter: &NoticeFilter, page: Page<NoticeId>) -> Result<Vec<Notice>> {
    let mut query = Sql::select::<Notice>();
    query.push(" WHERE 1 = 1");
    if let Some(state) = &filter.state {
        query.push(" AND state = ").bind(state);
    }
    if let Some(kind) = &filter.kind {
        query.push(" AND kind = ").bind(kind);
    }
    if let Some(user) = &filter.user {
        query.push(" AND user_id = ").bind(user);
    }
    if let Some(since) = filter.since {
        query.push(" AND id >= ").bind(&NoticeId::new(since, [0; 10]));
    }
    page.push_cursor(&mut query, "id");
    page.push_order(&mut query, "id");
    query.all(conn).await
}

/// Letters whose time has come, those that wait longest first.
///
/// # Errors
/// When the database refuses.
pub async fn due(conn: &mut Conn, now: Timestamp, most: u32) -> Result<Vec<Notice>> {
    let mut query = Sql::select::<Notice>();
    query.push(" WHERE state = 'waiting' AND not_before <= ").bind(&now);
    query.push(" ORDER BY not_before, id LIMIT ").bind(&most);
    query.all(conn).await
}

/// When the next letter is due, if one waits.
///
/// # Errors
/// When the database refuses.
pub async fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>> {
    sql!("SELECT min(not_before) FROM notices WHERE state = 'waiting'")
        .optional_scalar::<Option<Timestamp>>(conn)
        .await
        .map(Option::flatten)
}

/// Notes why letters that wait were not taken: the server is away for all of them alike.
///
/// # Errors
/// When the database refuses.
pub async fn held_up(books: &mut Bookkeeping, cause: &str, remedy: &str, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE notices SET cause = $1, remedy = $2, updated_at = $3, attempt = attempt + 1, version = version + 1
         WHERE state = 'waiting' AND not_before <= $3",
        cause,
        remedy,
        now
    )
    .execute(books)
    .await
}

/// Lets every letter that waits be tried at once.
///
/// # Errors
/// When the database refuses.
pub async fn hasten(conn: &mut WriteConn, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE notices SET not_before = $1, version = version + 1 WHERE state = 'waiting' AND not_before > $1",
        now
    )
    .execute(conn)
    .await
}

/// Letters that wait although they were tried, and those that failed since that moment; up to `most` each.
///
/// # Errors
/// When the database refuses.
pub async fn troubled(conn: &mut Conn, since: Timestamp, most: u32) -> Result<(u64, u64, Option<String>)> {
    let waiting = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM notices WHERE state = 'waiting' AND cause IS NOT NULL LIMIT $1) AS bounded",
        most
    )
    .scalar(conn)
    .await?;
    let from = NoticeId::new(since, [0; 10]);
    let failed = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM notices WHERE state = 'failed' AND id >= $1 LIMIT $2) AS bounded",
        from,
        most
    )
    .scalar(conn)
    .await?;
    let cause = sql!(
        "SELECT cause FROM notices WHERE state = 'waiting' AND cause IS NOT NULL ORDER BY not_before, id LIMIT 1"
    )
    .optional_scalar::<Option<String>>(conn)
    .await?
    .flatten();
    Ok((waiting, failed, cause))
}

/// Notes what is told by these letters. Answers whether each is told for the first time.
///
/// # Errors
/// When the database refuses.
pub async fn tell(conn: &mut WriteConn, kind: NoticeKind, matters: &[String], now: Timestamp) -> Result<()> {
    for chunk in matters.chunks(super::IN_A_LIST) {
        let mut query = Sql::new("INSERT INTO notice_matters (kind, matter, told_at) VALUES ");
        for (index, matter) in chunk.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(&kind).push(", ").bind(matter).push(", ").bind(&now).push(")");
        }
        query.push(" ON CONFLICT (kind, matter) DO UPDATE SET told_at = excluded.told_at");
        query.execute(conn).await?;
    }
    Ok(())
}

/// Those of these matters that were told already.
///
/// # Errors
/// When the database refuses.
pub async fn told(conn: &mut Conn, kind: NoticeKind, matters: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for chunk in matters.chunks(super::IN_A_LIST) {
        let mut query = Sql::new("SELECT matter FROM notice_matters WHERE kind = ");
        query.bind(&kind).push(" AND matter IN (").bind_list(chunk).push(")");
        found.extend(query.scalars::<String>(conn).await?);
    }
    Ok(found)
}

/// When the last letter of a kind was written.
///
/// # Errors
/// When the database refuses.
pub async fn last(conn: &mut Conn, kind: NoticeKind) -> Result<Option<Timestamp>> {
    sql!("SELECT created_at FROM notices WHERE kind = $1 ORDER BY id DESC LIMIT 1", kind)
        .optional_scalar(conn)
        .await
}

/// Forgets letters that were sent or failed before that moment, and matters told before the other.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(books: &mut Bookkeeping, letters: Timestamp, matters: Timestamp) -> Result<u64> {
    let until = NoticeId::new(letters, [0; 10]);
    sql!("DELETE FROM notice_matters WHERE told_at < $1", matters).execute(books).await?;
    sql!("DELETE FROM notices WHERE state <> 'waiting' AND id < $1", until).execute(books).await
}

/// An address as it stands in a row.
#[must_use]
pub fn recipient(email: Option<&Email>) -> String {
    email.map(|email| email.as_str().to_owned()).unwrap_or_default()
}
