//! Lists in pages: a cursor that says where the next page starts, and a bounded length.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use certporter_model::FieldErrors;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{SortKey, SortedPage};

/// Entries on a page when nothing is said.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most entries on a page.
pub const MAX_LIMIT: u32 = 200;

/// Which part of a list somebody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageQuery {
    /// Where to start, as the page before said in `next`; the start of the list when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// The cursor of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each entry as something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(f).collect(), next: self.next }
    }
}

/// A page's bounds, parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The last id of the page before.
    pub after: Option<Uuid>,
    /// Entries on the page.
    pub limit: u32,
}

impl PageQuery {
    /// Parses the bounds of a list in the order of ids.
    ///
    /// # Errors
    /// Names `cursor` or `limit` when it is not right.
    pub fn bounds(&self) -> Result<Bounds, FieldErrors> {
        let mut errors = FieldErrors::new();
        let after = match self.octets::<16>() {
            Ok(octets) => octets.map(Uuid::from_bytes),
            Err(wrong) => {
                errors = wrong;
                None
            }
        };
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            errors.add("limit", format!("limit is 1 to {MAX_LIMIT}"));
        }
        if errors.is_empty() { Ok(Bounds { after, limit }) } else { Err(errors) }
    }

    /// Parses the bounds of a list in the order of a sequence number.
    ///
    /// # Errors
    /// Names `cursor` or `limit` when it is not right.
    pub fn sequence(&self) -> Result<(Option<i64>, u32), FieldErrors> {
        let limit = Self { cursor: None, limit: self.limit }.bounds()?.limit;
        Ok((self.octets::<8>()?.map(i64::from_be_bytes), limit))
    }

    /// Parses the bounds of a list that two sequences make up together: the place in each, and how many.
    ///
    /// # Errors
    /// Names `cursor` or `limit` when it is not right.
    pub fn two_sequences(&self) -> Result<([Option<i64>; 2], u32), FieldErrors> {
        let limit = Self { cursor: None, limit: self.limit }.bounds()?.limit;
        let place = |octets: [u8; 16]| {
            let number = u128::from_be_bytes(octets);
            // Each half is one place.
            [number >> 64, number & u128::from(u64::MAX)].map(|half| i64::try_from(half).ok())
        };
        Ok((self.octets::<16>()?.map_or([None, None], place), limit))
    }

    /// Parses the bounds of a list in the order of a key and, among the same, of ids. `order` names the order as the
    /// query does, such as `-expiry`: a cursor of another order leads nowhere.
    ///
    /// # Errors
    /// Names `cursor` or `limit` when it is not right.
    pub fn sorted(&self, order: &str) -> Result<SortedBounds, FieldErrors> {
        let limit = Self { cursor: None, limit: self.limit }.bounds()?.limit;
        let after = match self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(place(cursor, order).ok_or_else(|| {
                FieldErrors::one("cursor", "cursor is what the page before gave as next, in the same order")
            })?),
        };
        Ok(SortedBounds { order: order.to_owned(), after, limit })
    }

    fn octets<const N: usize>(&self) -> Result<Option<[u8; N]>, FieldErrors> {
        let Some(cursor) = self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) else {
            return Ok(None);
        };
        URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|octets| <[u8; N]>::try_from(octets).ok())
            .map(Some)
            .ok_or_else(|| FieldErrors::one("cursor", "cursor is what the page before gave as next"))
    }
}

impl Bounds {
    /// The page to ask the store for, with the oldest first.
    #[must_use]
    pub fn store<I>(self, id: impl Fn(Uuid) -> I) -> crate::store::Page<I> {
        crate::store::Page { after: self.after.map(id), limit: self.fetch(), newest_first: false }
    }

    /// The page to ask the store for, with the newest first.
    #[must_use]
    pub fn newest<I>(self, id: impl Fn(Uuid) -> I) -> crate::store::Page<I> {
        crate::store::Page { newest_first: true, ..self.store(id) }
    }

    /// How many rows to ask the store for: one more than the page, to know whether another follows.
    #[must_use]
    pub fn fetch(self) -> u32 {
        self.limit + 1
    }

    /// The page of up to [`Bounds::fetch`] rows, of which `id` gives the id.
    pub fn page<T>(self, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| URL_SAFE_NO_PAD.encode(id(row).as_bytes()));
        Page { data: rows, next }
    }
}

/// The bounds of a page of a list that is sorted by a key, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedBounds {
    order: String,
    after: Option<(SortKey, Uuid)>,
    /// Entries on the page.
    pub limit: u32,
}

impl SortedBounds {
    /// The page to ask the store for: one row more than the page, to know whether another follows.
    #[must_use]
    pub fn store<I>(&self, descending: bool, id: impl Fn(Uuid) -> I) -> SortedPage<I> {
        let after = self.after.clone().map(|(key, last)| (key, id(last)));
        SortedPage { after, limit: self.limit + 1, descending }
    }

    /// The page of up to `limit + 1` rows, of which `place` gives key and id.
    pub fn page<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> (SortKey, Uuid)) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| {
            let (key, id) = place(row);
            let place = match key {
                SortKey::Int(number) => serde_json::json!([self.order, number, id]),
                SortKey::Text(text) => serde_json::json!([self.order, text, id]),
            };
            URL_SAFE_NO_PAD.encode(place.to_string())
        });
        Page { data: rows, next }
    }
}

/// The key and id of a cursor, if it is one of this order.
fn place(cursor: &str, order: &str) -> Option<(SortKey, Uuid)> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Key {
        Int(i64),
        Text(String),
    }
    let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (of, key, id): (String, Key, Uuid) = serde_json::from_slice(&text).ok()?;
    let key = match key {
        Key::Int(number) => SortKey::Int(number),
        Key::Text(text) => SortKey::Text(text),
    };
    (of == order).then_some((key, id))
}

/// The cursor of a list that two sequences make up together, from the places below which it goes on; none where nothing
/// was read yet. See [`PageQuery::two_sequences`].
#[must_use]
pub fn two_places(places: [Option<i64>; 2]) -> String {
    let octets = places.map(|place| place.unwrap_or(i64::MAX).to_be_bytes());
    URL_SAFE_NO_PAD.encode(octets.concat())
}

/// The page of up to `limit + 1` rows of a list in the order of a sequence number.
pub fn sequence_page<T>(limit: u32, mut rows: Vec<T>, seq: impl Fn(&T) -> i64) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| URL_SAFE_NO_PAD.encode(seq(row).to_be_bytes()));
    Page { data: rows, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_the_next_page() {
        let bounds = PageQuery { cursor: None, limit: Some(2) }.bounds().unwrap();
        let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        let page = bounds.page(ids, |id| *id);
        assert_eq!(page.data.len(), 2);
        let next = PageQuery { cursor: page.next, limit: None }.bounds().unwrap();
        assert_eq!(next.after, Some(Uuid::from_u128(2)));
        assert!(bounds.page(vec![Uuid::from_u128(4)], |id| *id).next.is_none());
    }

    #[test]
    fn a_cursor_of_a_sorted_list_is_of_its_order_alone() {
        let bounds = PageQuery { cursor: None, limit: Some(1) }.sorted("subject").unwrap();
        let rows = vec![("Åsa \"q\"", 1), ("b", 2)];
        let place = |row: &(&str, u128)| (SortKey::Text(row.0.to_owned()), Uuid::from_u128(row.1));
        let next = bounds.page(rows, place).next;
        let query = PageQuery { cursor: next, limit: None };
        let store = query.sorted("subject").unwrap().store(false, |id| id);
        assert_eq!(store.after, Some((SortKey::Text("Åsa \"q\"".to_owned()), Uuid::from_u128(1))));
        assert_eq!(query.sorted("-subject").unwrap_err().as_slice()[0].field, "cursor");
        assert!(bounds.page(vec![("b", 2)], place).next.is_none());
    }

    #[test]
    fn a_cursor_of_two_sequences_keeps_both_places() {
        let query = |cursor| PageQuery { cursor, limit: None };
        assert_eq!(query(None).two_sequences().unwrap().0, [None, None]);
        let both = query(Some(two_places([Some(7), None]))).two_sequences().unwrap().0;
        assert_eq!(both, [Some(7), Some(i64::MAX)]);
        // What no page gave begins nowhere, and is no failure.
        assert!(query(Some("nonsense".into())).two_sequences().is_err());
    }

    #[test]
    fn wrong_bounds_are_named() {
        for (query, field) in [
            (PageQuery { cursor: Some("nonsense".into()), limit: None }, "cursor"),
            (PageQuery { cursor: None, limit: Some(0) }, "limit"),
            (PageQuery { cursor: None, limit: Some(201) }, "limit"),
        ] {
            assert_eq!(query.bounds().unwrap_err().as_slice()[0].field, field);
        }
    }
}
