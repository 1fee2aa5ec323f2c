//! Users out of a file: known by their user names.

use std::collections::{BTreeMap, HashMap};

use certporter_model::assignment::{HolderKind, Source};
use certporter_model::device::UserState;
use certporter_model::{AttributeId, Timestamp, UserId};
use uuid::Uuid;

use super::super::directory_draft::{ParsedUser, UserDraft};
use super::super::portal::Portal;
use super::super::replan::Touched;
use super::super::{attributes, users::with};
use super::found::{Cells, ImportCounts, RowError, Rows};
use super::parts::parts;
use super::table::Table;
use crate::store::custom_attributes::{self, CustomAttribute};
use crate::store::users::{self, User};
use crate::store::{Conn, StoreError, WriteTx, fold};

/// What a file would do to users.
#[derive(Default)]
pub(super) struct Found {
    pub(super) errors: Vec<RowError>,
    new: Vec<ParsedUser>,
    changed: Vec<Changed>,
    unchanged: u32,
}

struct Changed {
    before: User,
    parsed: ParsedUser,
}

/// What is known of those whom the file names.
struct Known {
    by_name: HashMap<String, User>,
    attributes: HashMap<Uuid, BTreeMap<String, String>>,
    by_upn: HashMap<String, User>,
    by_external_id: HashMap<(Source, String), User>,
}

impl Known {
    async fn of(conn: &mut Conn, rows: &[Cells<'_>]) -> Result<Self, StoreError> {
        let folded =
            |column| rows.iter().map(move |row| fold(row.text(column))).filter(|key| !key.is_empty());
        let names: Vec<String> = folded("user_name").collect();
        let upns: Vec<String> = folded("upn").collect();
        let external: Vec<String> =
            rows.iter().map(|row| row.text("external_id").to_owned()).filter(|id| !id.is_empty()).collect();
        let found = users::by_user_names(conn, &names).await?;
        let ids: Vec<Uuid> = found.iter().map(|user| user.id.as_uuid()).collect();
        let mut known = HashMap::new();
        for chunk in ids.chunks(500) {
            known.extend(attributes::of(conn, HolderKind::User, chunk).await?);
        }
        let by_upn = users::by_upns(conn, &upns).await?.into_iter();
        let by_upn = by_upn.filter_map(|user| Some((fold(user.upn.as_ref()?.as_str()), user.clone())));
        let by_external_id = users::by_external_ids(conn, &external).await?.into_iter();
        let by_external_id =
            by_external_id.filter_map(|user| Some(((user.source, user.external_id.clone()?), user)));
        Ok(Self {
            by_name: found.into_iter().map(|user| (fold(user.user_name.as_str()), user)).collect(),
            attributes: known,
            by_upn: by_upn.collect(),
            by_external_id: by_external_id.collect(),
        })
    }
}

impl Found {
    /// Compares the file with what is known. Reads only.
    pub(super) async fn of(conn: &mut Conn, table: &Table) -> Result<Self, StoreError> {
        let mut rows = Rows::new(table);
        let whole = rows.whole();
        let known = Known::of(conn, &whole).await?;
        let mut found = Self::default();
        let mut seen = HashMap::new();
        for row in whole {
            found.add(row, &known, &mut rows, &mut seen);
        }
        found.errors = rows.into_errors();
        Ok(found)
    }

    fn add(
        &mut self,
        row: Cells<'_>,
        known: &Known,
        rows: &mut Rows<'_>,
        seen: &mut HashMap<(&'static str, String), u32>,
    ) {
        let line = row.line();
        let key = fold(row.text("user_name"));
        let before = known.by_name.get(&key);
        if before.is_some_and(|user| user.source == Source::Directory) {
            rows.wrong(line, "user_name", "this user is kept in step with a directory: change it there");
            return;
        }
        let mut draft = before.map(|user| draft_of(user, known)).unwrap_or_default();
        draft.user_name = row.text("user_name").to_owned();
        row.put("display_name", &mut draft.display_name);
        row.put("email", &mut draft.email);
        row.put("upn", &mut draft.upn);
        row.put("on_prem_dn", &mut draft.on_prem_dn);
        row.put("sam_account_name", &mut draft.sam_account_name);
        row.put("sid", &mut draft.sid);
        row.put("external_id", &mut draft.external_id);
        row.put_attributes(&mut draft.attributes);
        let parsed = match draft.parse() {
            Ok(parsed) => parsed,
            Err(errors) => return rows.wrong_fields(line, &errors),
        };
        let source = before.map_or(Source::Import, |user| user.source);
        let upn = parsed.upn.as_ref().map(|upn| fold(upn.as_str()));
        let other = |user: Option<&User>| {
            user.filter(|user| before.is_none_or(|before| before.id != user.id))
                .map(|user| user.user_name.to_string())
        };
        let taken = [
            ("user_name", Some(key), None),
            ("upn", upn.clone(), upn.and_then(|upn| other(known.by_upn.get(&upn)))),
            (
                "external_id",
                parsed.external_id.clone(),
                parsed.external_id.clone().and_then(|id| other(known.by_external_id.get(&(source, id)))),
            ),
        ];
        for (column, value, by) in taken {
            let Some(value) = value else { continue };
            if let Some(by) = by {
                return rows.wrong(line, column, format!("is in use already, by {by}"));
            }
            if let Some(first) = seen.insert((column, value), line) {
                return rows.wrong(line, column, format!("is in line {first} too"));
            }
        }
        match before {
            None => self.new.push(parsed),
            Some(user) if is_same(user, &parsed, known) => self.unchanged += 1,
            Some(user) => self.changed.push(Changed { before: user.clone(), parsed }),
        }
    }

    pub(super) fn counts(&self) -> ImportCounts {
        let count = |length| u32::try_from(length).unwrap_or(u32::MAX);
        ImportCounts {
            created: count(self.new.len()),
            updated: count(self.changed.len()),
            removed: 0,
            unchanged: self.unchanged,
        }
    }

    /// Whether anything can follow from it: a new user is in no group and has no device yet.
    pub(super) fn touches(&self) -> bool {
        !self.changed.is_empty()
    }

    /// In parts: what is done to one user is nothing to another.
    pub(super) fn parts(self) -> Vec<Self> {
        let changed = parts(self.changed, |_| Vec::<()>::new());
        let new = parts(self.new, |_| Vec::<()>::new());
        let changed = changed.into_iter().map(|changed| Self { changed, ..Self::default() });
        changed.chain(new.into_iter().map(|new| Self { new, ..Self::default() })).collect()
    }

    /// Writes it.
    pub(super) async fn apply(
        self,
        portal: &Portal,
        tx: &mut WriteTx,
        now: Timestamp,
    ) -> Result<Touched, StoreError> {
        let (mut people, mut values) = (Vec::new(), Vec::new());
        for parsed in self.new {
            let id = UserId::new(now, portal.octets());
            for (name, value) in parsed.attributes.iter().filter(|(_, value)| !value.is_empty()) {
                values.push(CustomAttribute {
                    id: AttributeId::new(now, portal.octets()),
                    owner_kind: HolderKind::User,
                    owner_id: id.as_uuid(),
                    name: name.clone(),
                    value: value.clone(),
                    updated_at: now,
                });
            }
            people.push(new_user(id, parsed, now));
        }
        users::insert_all(tx, &people).await?;
        custom_attributes::insert_all(tx, &values).await?;
        // A new user is in no group and has no device yet: nothing can follow from it.
        let mut touched = Touched::default();
        for Changed { before, parsed } in self.changed {
            let id = before.id;
            let attributes = parsed.attributes.clone();
            users::update(tx, &with(&User { updated_at: now, ..before }, parsed)).await?;
            attributes::set(portal, tx, HolderKind::User, id.as_uuid(), &attributes, now).await?;
            touched.users.push(id);
        }
        Ok(touched)
    }
}

fn new_user(id: UserId, parsed: ParsedUser, now: Timestamp) -> User {
    let blank = User {
        id,
        source: Source::Import,
        external_id: None,
        user_name: parsed.user_name.clone(),
        upn: None,
        email: None,
        display_name: parsed.display_name.clone(),
        on_prem_dn: None,
        sam_account_name: None,
        sid: None,
        state: UserState::Enabled,
        blocked_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
        erased_at: None,
    };
    with(&blank, parsed)
}

/// What is known of a user, as somebody would write it.
fn draft_of(user: &User, known: &Known) -> UserDraft {
    UserDraft {
        user_name: user.user_name.to_string(),
        display_name: Some(user.display_name.to_string()),
        upn: user.upn.as_ref().map(ToString::to_string),
        email: user.email.as_ref().map(ToString::to_string),
        on_prem_dn: user.on_prem_dn.clone(),
        sam_account_name: user.sam_account_name.clone(),
        sid: user.sid.as_ref().map(ToString::to_string),
        external_id: user.external_id.clone(),
        attributes: known.attributes.get(&user.id.as_uuid()).cloned().unwrap_or_default(),
    }
}

fn is_same(user: &User, parsed: &ParsedUser, known: &Known) -> bool {
    let attributes = known.attributes.get(&user.id.as_uuid()).cloned().unwrap_or_default();
    attributes == parsed.attributes && with(user, parsed.clone()) == *user
}
