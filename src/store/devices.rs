//! Devices.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::Source;
use certporter_model::device::DeviceState;
use certporter_model::hardware::{Fqdn, HardwareSerial, Imei, MacAddress, Meid};
use certporter_model::ids::{DeviceId, GroupId, UserId};
use certporter_model::platform::Platform;
use certporter_model::text::Name;

use super::device_search::{Named, depth, push_filter, push_state, whole};
use super::dialect::for_update;
use super::near::near;
use super::visibility::Seen;
use super::{Conn, Page, Result, SortKey, SortedPage, Sql, WriteTx, by_id, save, search_key, table_row};

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
    if named.may_be_near() {
        let engine = conn.engine();
        let mut near = near::<Device>(engine, |query| {
            push_state(query, filter);
            page.push_cursor(query, "devices.id");
            Page { limit: depth(engine), ..page }.push_order(query, "devices.id");
        });
        named.push_first(&mut near, &seen, filter);
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
    if named.may_be_near() {
        let engine = conn.engine();
        let mut near = near::<Device>(engine, |query| {
            push_state(query, filter);
            page.push_cursor(query, order.column(), "devices.id");
            let first = SortedPage { limit: depth(engine), ..page.clone() };
            first.push_order(query, order.column(), "devices.id");
        });
        named.push_first(&mut near, &seen, filter);
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

/// Locks the rows until the transaction ends: whoever plans for these devices goes first or waits. Sorted by id, so
/// that two planners can't wait for each other.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut WriteTx, ids: &[DeviceId]) -> Result<()> {
    let mut query = Sql::new("SELECT id FROM devices WHERE id IN (").in_order(tx.engine());
    query.bind_list(ids).push(") ORDER BY id").push(for_update(tx.engine()));
    query.scalars::<DeviceId>(tx).await.map(|_| ())
}
