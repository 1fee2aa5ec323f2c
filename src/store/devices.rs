//! Devices.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::Source;
use certporter_model::device::DeviceState;
use certporter_model::hardware::{Fqdn, HardwareSerial, Imei, MacAddress, Meid};
use certporter_model::ids::{DeviceId, GroupId, UserId};
use certporter_model::platform::Platform;
use certporter_model::text::Name;

use super::dialect::{Searched, for_update, is_in_trigrams, push_indexed, push_search, push_words};
use super::visibility::Seen;
use super::{
    Conn, Engine, NEAR, Page, Result, SortKey, SortedPage, Sql, WriteTx, by_id, save, search_key, table_row,
    trigrams::{self, Finds},
};

table_row! {
    /// A device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Device in "devices" {
        /// Its id.
        pub id: DeviceId,
        /// Where it came from.
        pub source: Source,
        /// What the source calls it. Unique within the source.
        pub external_id: Option<String>,
        /// What people call it.
        pub name: Name,
        /// Its operating system.
        pub platform: Platform,
        /// The maker's serial number.
        pub serial_number: Option<HardwareSerial>,
        /// Its IMEI.
        pub imei: Option<Imei>,
        /// Its MEID.
        pub meid: Option<Meid>,
        /// Its Wi-Fi interface's address.
        pub wifi_mac: Option<MacAddress>,
        /// Its fully qualified domain name.
        pub fqdn: Option<Fqdn>,
        /// Where it is in its life.
        pub state: DeviceState,
        /// Since when it is in that state.
        pub state_changed_at: Timestamp,
        /// Whose it is now; nobody's if it is shared. Change it with [`super::device_owners::hand_over`].
        pub owner_id: Option<UserId>,
        /// When it was last in contact.
        pub last_contact_at: Option<Timestamp>,
        /// Counts changes; [`update`] refuses an older one.
        pub version: i64,
        /// Made then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Deleted then.
        pub deleted_at: Option<Timestamp>,
    }
    derived {
        search_key: |device| key_of(device),
    }
}

impl Device {
    /// One that was just registered by hand: nothing more is known of it, and it is nobody's.
    #[must_use]
    pub fn registered(id: DeviceId, name: Name, platform: Platform, now: Timestamp) -> Self {
        Self {
            id,
            source: Source::Local,
            external_id: None,
            name,
            platform,
            serial_number: None,
            imei: None,
            meid: None,
            wifi_mac: None,
            fqdn: None,
            state: DeviceState::Registered,
            state_changed_at: now,
            owner_id: None,
            last_contact_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }
}

/// What a device is found by: its name first, so that the keys sort by it.
fn key_of(device: &Device) -> String {
    search_key([
        Some(device.name.as_str()),
        device.serial_number.as_ref().map(HardwareSerial::as_str),
        device.imei.as_ref().map(Imei::as_str),
        device.wifi_mac.as_ref().map(MacAddress::as_str),
        device.fqdn.as_ref().map(Fqdn::as_str),
    ])
}

/// What devices are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceOrder {
    /// Their names, without regard to case and accents.
    Name,
    /// When they were last in contact; those that never were count as the earliest.
    LastContact,
}

impl DeviceOrder {
    /// The device's place in that order.
    #[must_use]
    pub fn key(self, device: &Device) -> SortKey {
        match self {
            Self::Name => SortKey::Text(key_of(device)),
            Self::LastContact => SortKey::Int(device.last_contact_at.map_or(0, Timestamp::as_millis)),
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Name => "devices.search_key",
            Self::LastContact => "coalesce(devices.last_contact_at, 0)",
        }
    }
}

/// Which devices.
#[derive(Debug, Clone, Default)]
pub struct DeviceFilter {
    /// Every word somewhere in the name or the hardware's numbers, or in the owner's names.
    pub search: Option<String>,
    /// In this state. Without it, all but the deleted.
    pub state: Option<DeviceState>,
    /// Of this person.
    pub owner: Option<UserId>,
    /// Of this platform.
    pub platform: Option<Platform>,
    /// Members of this group, directly.
    pub group: Option<GroupId>,
    /// With such a copy on it.
    pub copies: Option<CopyTrouble>,
}

/// A copy that needs a hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyTrouble {
    /// Offered before then, and nothing was heard of it since.
    Unconfirmed(Timestamp),
    /// The device could not install it.
    Failed,
}

/// A new device. With an owner, write the ownership too.
///
/// # Errors
/// A conflict with `devices__source__external_id`.
pub async fn insert(tx: &mut WriteTx, device: &Device) -> Result<()> {
    super::insert(tx, device).await
}

/// New devices. With owners, write the ownerships too.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(tx: &mut WriteTx, devices: &[Device]) -> Result<()> {
    super::insert_all(tx, devices).await
}

/// Changes a device.
///
/// # Errors
/// As [`insert`]; stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, device: &Device) -> Result<()> {
    save(tx, device, "device").await
}

/// The device of that id, deleted ones included.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: DeviceId) -> Result<Device> {
    by_id(conn, &id, "device").await
}

/// The devices of those ids; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_ids(conn: &mut Conn, ids: &[DeviceId]) -> Result<Vec<Device>> {
    let mut query = Sql::select::<Device>();
    query.push(" WHERE id IN (").bind_list(ids).push(") ORDER BY id");
    query.all(conn).await
}

/// What a device is known by, beside its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// What some source calls it.
    ExternalId,
    /// The maker's serial number.
    SerialNumber,
    /// Its name, exactly.
    Name,
}

/// Living devices that are known by one of these values.
///
/// # Errors
/// When the database refuses.
pub async fn known_by(conn: &mut Conn, by: KnownBy, values: &[String]) -> Result<Vec<Device>> {
    let column = match by {
        KnownBy::ExternalId => "external_id",
        KnownBy::SerialNumber => "serial_number",
        KnownBy::Name => "name",
    };
    let mut found = Vec::new();
    for chunk in values.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<Device>();
        query.push(" WHERE deleted_at IS NULL AND ").push(column).push(" IS NOT NULL AND ").push(column);
        query.push(" IN (").bind_list(chunk).push(") ORDER BY id");
        found.extend(query.all::<Device>(conn).await?);
    }
    Ok(found)
}

/// The devices of these people, deleted ones included.
///
/// # Errors
/// When the database refuses.
pub async fn of_owners(conn: &mut Conn, owners: &[UserId]) -> Result<Vec<Device>> {
    let mut query = Sql::select::<Device>();
    query.push(" WHERE owner_id IN (").bind_list(owners).push(") ORDER BY id");
    query.all(conn).await
}

/// Devices that the caller may see: by themselves or by their owners.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &DeviceFilter,
    page: Page<DeviceId>,
) -> Result<Vec<Device>> {
    let seen = Seen::by(conn, visibility).await?;
    let named = Named::of(conn, filter.search.as_deref()).await?;
    if let Some(typed) = filter.search.as_deref().filter(|_| !named.few) {
        let mut near = near();
        push_state(&mut near, filter);
        page.push_cursor(&mut near, "devices.id");
        Page { limit: NEAR, ..page }.push_order(&mut near, "devices.id");
        push_named(&mut near, &seen, filter, typed);
        page.push_order(&mut near, "devices.id");
        if let Some(found) = whole(near.all(conn).await?, page.limit) {
            return Ok(found);
        }
    }
    let mut query = Sql::select::<Device>();
    named.push_filter(&mut query, conn, &seen, filter);
    page.push_cursor(&mut query, "devices.id");
    page.push_order(&mut query, "devices.id");
    query.all(conn).await
}

/// The same in another order than that of ids.
///
/// # Errors
/// When the database refuses.
pub async fn sorted(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &DeviceFilter,
    order: DeviceOrder,
    page: &SortedPage<DeviceId>,
) -> Result<Vec<Device>> {
    let seen = Seen::by(conn, visibility).await?;
    let named = Named::of(conn, filter.search.as_deref()).await?;
    if let Some(typed) = filter.search.as_deref().filter(|_| !named.few) {
        let mut near = near();
        push_state(&mut near, filter);
        page.push_cursor(&mut near, order.column(), "devices.id");
        SortedPage { limit: NEAR, ..page.clone() }.push_order(&mut near, order.column(), "devices.id");
        push_named(&mut near, &seen, filter, typed);
        page.push_order(&mut near, order.column(), "devices.id");
        if let Some(found) = whole(near.all(conn).await?, page.limit) {
            return Ok(found);
        }
    }
    let mut query = Sql::select::<Device>();
    named.push_filter(&mut query, conn, &seen, filter);
    page.push_cursor(&mut query, order.column(), "devices.id");
    page.push_order(&mut query, order.column(), "devices.id");
    query.all(conn).await
}

/// How many of them there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, visibility: &Visibility, filter: &DeviceFilter) -> Result<u64> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new("SELECT count(*) FROM devices");
    push_filter(&mut query, conn, &seen, filter);
    query.scalar(conn).await
}

/// What SQLite's indexes of words are asked for: devices by their own names, and people who own some.
#[derive(Default)]
struct Named {
    wanted: Option<(Option<String>, Option<String>)>,
    /// Whether all that they find is read and sorted at once.
    few: bool,
    /// Whether one of them finds so many that the first are soon met in the list's order.
    many: bool,
}

impl Named {
    async fn of(conn: &mut Conn, typed: Option<&str>) -> Result<Self> {
        let (Some(typed), Engine::Sqlite) = (typed, conn.engine()) else { return Ok(Self::default()) };
        let words = search_key::words(typed);
        if words.is_empty() {
            return Ok(Self::default());
        }
        let long = words.iter().all(|word| is_in_trigrams(word));
        let mut own = trigrams::wanted(conn, Searched::Devices, &words).await?;
        let mut owners = trigrams::wanted(conn, Searched::Users, &words).await?;
        let mut many = false;
        for (table, wanted) in [(Searched::Devices, &mut own), (Searched::Users, &mut owners)] {
            let finds = match wanted {
                Some(wanted) => trigrams::finds(conn, table, wanted).await?,
                None => Finds::Nothing,
            };
            many |= finds == Finds::Many;
            if finds == Finds::Nothing {
                *wanted = None;
            }
        }
        Ok(Self { wanted: Some((own, owners)), few: long && !many, many })
    }

    /// The filter, with the words by these indexes.
    fn push_filter(&self, query: &mut Sql, conn: &Conn, seen: &Seen, filter: &DeviceFilter) {
        let Some((own, owners)) = &self.wanted else { return push_filter(query, conn, seen, filter) };
        push_state(query, filter);
        push_conditions(query, filter);
        if self.many {
            // Picked out of the index of the order, whose rows are numbered as those of the index of words.
            query.push(" AND (1 = 0");
            if let Some(own) = own {
                query.push(" OR +devices.row_number IN (SELECT rowid FROM devices_search");
                query.push(" WHERE devices_search MATCH ").bind(own).push(")");
            }
            if let Some(owners) = owners {
                query.push(" OR +devices.owner_id IN (SELECT users.id FROM users WHERE ");
                push_indexed(query, Searched::Users, owners);
                query.push(")");
            }
            query.push(")");
            return seen.push(query, Some("devices.owner_id"), Some("devices.id"));
        }
        // Each part of the union has an index of its own; together they are few.
        query.push(" AND devices.id IN (SELECT devices.id FROM devices WHERE ");
        push_wanted(query, Searched::Devices, own.as_deref());
        query.push(" UNION SELECT owned.id FROM devices owned WHERE owned.owner_id IN");
        query.push(" (SELECT users.id FROM users WHERE ");
        push_wanted(query, Searched::Users, owners.as_deref());
        query.push("))");
        seen.push(query, Some("devices.owner_id"), Some("devices.id"));
    }
}

/// Nothing is found by what no trigram begins with.
fn push_wanted(query: &mut Sql, table: Searched, wanted: Option<&str>) {
    match wanted {
        Some(wanted) => push_indexed(query, table, wanted),
        None => {
            query.push("1 = 0");
        }
    }
}

/// What very many are called is found among the first of the list, whatever its order.
fn near() -> Sql {
    let mut query = Sql::select::<Device>();
    query.push(" WHERE devices.id IN (SELECT devices.id FROM devices");
    query
}

/// What was found near, if it fills the page.
fn whole(found: Vec<Device>, limit: u32) -> Option<Vec<Device>> {
    (found.len() >= usize::try_from(limit).unwrap_or(usize::MAX)).then_some(found)
}

/// Those of the first that pass the filter, and are or whose owners are called so.
fn push_named(query: &mut Sql, seen: &Seen, filter: &DeviceFilter, typed: &str) {
    let words = search_key::words(typed);
    query.push(")");
    push_conditions(query, filter);
    query.push(" AND ((1 = 1");
    push_words(query, Searched::Devices, &words);
    query.push(") OR EXISTS (SELECT 1 FROM users WHERE users.id = devices.owner_id");
    push_words(query, Searched::Users, &words);
    query.push("))");
    seen.push(query, Some("devices.owner_id"), Some("devices.id"));
}

fn push_state(query: &mut Sql, filter: &DeviceFilter) {
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

fn push_filter(query: &mut Sql, conn: &Conn, seen: &Seen, filter: &DeviceFilter) {
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

/// Locks the rows until the transaction ends: whoever plans for these devices goes first or waits. Sorted by id, so
/// that two planners can't wait for each other.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut WriteTx, ids: &[DeviceId]) -> Result<()> {
    let mut query = Sql::new("SELECT id FROM devices WHERE id IN (");
    query.bind_list(ids).push(") ORDER BY id").push(for_update(tx.engine()));
    query.scalars::<DeviceId>(tx).await.map(|_| ())
}
