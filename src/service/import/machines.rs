//! Devices out of a file: known by their external ids, else their serial numbers, else their names.

use std::collections::{BTreeMap, HashMap};

use certporter_model::assignment::{HolderKind, Source};
use certporter_model::platform::Platform;
use certporter_model::{AttributeId, DeviceId, Timestamp, UserId};
use uuid::Uuid;

use super::super::attributes;
use super::super::devices::with;
use super::super::directory_draft::{DeviceDraft, ParsedDevice};
use super::super::portal::Portal;
use super::super::replan::Touched;
use super::found::{Cells, ImportCounts, RowError, Rows};
use super::parts::parts;
use super::table::Table;
use crate::store::custom_attributes::{self, CustomAttribute};
use crate::store::device_owners::{self, Ownership};
use crate::store::devices::{self, Device, KnownBy};
use crate::store::{Conn, StoreError, WriteTx, fold, users};

/// What a file would do to devices.
#[derive(Default)]
pub(super) struct Found {
    pub(super) errors: Vec<RowError>,
    new: Vec<ParsedDevice>,
    changed: Vec<Changed>,
    unchanged: u32,
}

struct Changed {
    before: Device,
    parsed: ParsedDevice,
}

/// What is known of those that the file names.
struct Known {
    by_external_id: HashMap<String, Vec<Device>>,
    by_serial_number: HashMap<String, Vec<Device>>,
    by_name: HashMap<String, Vec<Device>>,
    attributes: HashMap<Uuid, BTreeMap<String, String>>,
    people: HashMap<String, UserId>,
}

impl Known {
    async fn of(conn: &mut Conn, rows: &[Cells<'_>]) -> Result<Self, StoreError> {
        let values = |column| {
            rows.iter().map(move |row| row.text(column).to_owned()).filter(|text| !text.is_empty()).collect()
        };
        let (external, serials, names): (Vec<String>, Vec<String>, Vec<String>) =
            (values("external_id"), values("serial_number"), values("name"));
        let by_external_id = devices::known_by(conn, KnownBy::ExternalId, &external).await?;
        let by_serial_number = devices::known_by(conn, KnownBy::SerialNumber, &serials).await?;
        let by_name = devices::known_by(conn, KnownBy::Name, &names).await?;
        let mut known = HashMap::new();
        let all = by_external_id.iter().chain(&by_serial_number).chain(&by_name);
        let mut ids: Vec<Uuid> = all.map(|device| device.id.as_uuid()).collect();
        ids.sort();
        ids.dedup();
        for chunk in ids.chunks(500) {
            known.extend(attributes::of(conn, HolderKind::Device, chunk).await?);
        }
        let owners: Vec<String> = rows.iter().map(|row| fold(row.text("owner"))).collect();
        Ok(Self {
            by_external_id: grouped(by_external_id, |device| device.external_id.clone()),
            by_serial_number: grouped(by_serial_number, |it| {
                it.serial_number.as_ref().map(ToString::to_string)
            }),
            by_name: grouped(by_name, |device| Some(device.name.to_string())),
            attributes: known,
            people: people(conn, &owners).await?,
        })
    }

    /// The device that a row is about, if there is one yet.
    fn device(&self, row: Cells<'_>) -> Result<Option<&Device>, (&'static str, String)> {
        let by = [
            ("external_id", &self.by_external_id),
            ("serial_number", &self.by_serial_number),
            ("name", &self.by_name),
        ];
        // One that is given a number of its own is not another one of the same name.
        let numbered = !row.text("external_id").is_empty() || !row.text("serial_number").is_empty();
        for (column, known) in by {
            if column == "name" && numbered {
                break;
            }
            match known.get(row.text(column)).map(Vec::as_slice) {
                Some([device]) => return Ok(Some(device)),
                Some([_, ..]) => {
                    let message = "several devices have it: give the serial number or external id too";
                    return Err((column, message.to_owned()));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

fn grouped(devices: Vec<Device>, key: impl Fn(&Device) -> Option<String>) -> HashMap<String, Vec<Device>> {
    let mut grouped: HashMap<String, Vec<Device>> = HashMap::new();
    for device in devices {
        if let Some(key) = key(&device) {
            grouped.entry(key).or_default().push(device);
        }
    }
    grouped
}

/// Users by user name or UPN, both folded.
pub(super) async fn people(conn: &mut Conn, keys: &[String]) -> Result<HashMap<String, UserId>, StoreError> {
    let mut keys: Vec<String> = keys.iter().filter(|key| !key.is_empty()).cloned().collect();
    keys.sort();
    keys.dedup();
    let mut found = HashMap::new();
    for user in users::by_upns(conn, &keys).await? {
        if let Some(upn) = &user.upn {
            found.insert(fold(upn.as_str()), user.id);
        }
    }
    for user in users::by_user_names(conn, &keys).await? {
        found.insert(fold(user.user_name.as_str()), user.id);
    }
    Ok(found)
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
        let before = match known.device(row) {
            Ok(before) => before,
            Err((column, message)) => return rows.wrong(line, column, message),
        };
        if before.is_some_and(|device| device.source == Source::Directory) {
            return rows.wrong(line, "name", "this device is kept in step with a directory: change it there");
        }
        let Some(draft) = draft_of(row, before, known, rows) else { return };
        let parsed = match draft.parse() {
            Ok(parsed) => parsed,
            Err(errors) => return rows.wrong_fields(line, &errors),
        };
        let id = before.map(|device| device.id.to_string());
        let of_row = [
            ("name", id.map(|id| format!("id {id}"))),
            ("external_id", parsed.external_id.clone()),
            ("serial_number", parsed.serial_number.as_ref().map(ToString::to_string)),
        ];
        let of_name = (parsed.external_id.is_none() && parsed.serial_number.is_none())
            .then(|| ("name", parsed.name.to_string()));
        let keys = of_row.into_iter().filter_map(|(column, value)| Some((column, value?))).chain(of_name);
        for (column, value) in keys {
            if let Some(first) = seen.insert((column, value), line) {
                return rows.wrong(line, column, format!("the device is in line {first} too"));
            }
        }
        match before {
            None => self.new.push(parsed),
            Some(device) if is_same(device, &parsed, known) => self.unchanged += 1,
            Some(device) => self.changed.push(Changed { before: device.clone(), parsed }),
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

    /// Whether anything can follow from it: a new device is not enrolled yet.
    pub(super) fn touches(&self) -> bool {
        !self.changed.is_empty()
    }

    /// In parts: the devices of one owner, before and after, are together.
    pub(super) fn parts(self) -> Vec<Self> {
        let changed = parts(self.changed, |row| {
            row.before.owner_id.into_iter().chain(row.parsed.owner).collect::<Vec<UserId>>()
        });
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
        let (mut machines, mut ownerships, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for parsed in self.new {
            let id = DeviceId::new(now, portal.octets());
            for (name, value) in parsed.attributes.iter().filter(|(_, value)| !value.is_empty()) {
                values.push(CustomAttribute {
                    id: AttributeId::new(now, portal.octets()),
                    owner_kind: HolderKind::Device,
                    owner_id: id.as_uuid(),
                    name: name.clone(),
                    value: value.clone(),
                    updated_at: now,
                });
            }
            ownerships.extend(parsed.owner.map(|user_id| Ownership {
                device_id: id,
                user_id,
                valid_from: now,
                valid_until: None,
            }));
            machines.push(new_device(id, parsed, now));
        }
        devices::insert_all(tx, &machines).await?;
        device_owners::insert_all(tx, &ownerships).await?;
        custom_attributes::insert_all(tx, &values).await?;
        // A new device is not enrolled yet: nothing can follow from it.
        let mut touched = Touched::default();
        for Changed { before, parsed } in self.changed {
            let id = before.id;
            let (old, owner, attributes) = (before.owner_id, parsed.owner, parsed.attributes.clone());
            devices::update(tx, &with(&Device { updated_at: now, ..before }, parsed)).await?;
            attributes::set(portal, tx, HolderKind::Device, id.as_uuid(), &attributes, now).await?;
            if owner != old {
                device_owners::hand_over(tx, id, owner, now).await?;
                touched.users.extend(old);
                touched.users.extend(owner);
            }
            touched.devices.push(id);
        }
        Ok(touched)
    }
}

/// What is known of a device with what the row says; none when the platform or owner is none.
fn draft_of(
    row: Cells<'_>,
    before: Option<&Device>,
    known: &Known,
    rows: &mut Rows<'_>,
) -> Option<DeviceDraft> {
    let line = row.line();
    let platform = row.text("platform").to_lowercase().parse::<Platform>();
    let platform = platform.map_err(|error| rows.wrong(line, "platform", error)).ok();
    let owner = match row.get("owner") {
        None => Some(before.and_then(|device| device.owner_id)),
        Some("") => Some(None),
        Some(text) => {
            let found = known.people.get(&fold(text)).copied();
            if found.is_none() {
                rows.wrong(line, "owner", "there is no user of this name: import users first");
            }
            found.map(Some)
        }
    };
    let mut draft = DeviceDraft {
        name: row.text("name").to_owned(),
        platform: platform?,
        owner: owner?,
        serial_number: before.and_then(|it| it.serial_number.as_ref().map(ToString::to_string)),
        imei: before.and_then(|it| it.imei.as_ref().map(ToString::to_string)),
        meid: before.and_then(|it| it.meid.as_ref().map(ToString::to_string)),
        wifi_mac: before.and_then(|it| it.wifi_mac.as_ref().map(ToString::to_string)),
        fqdn: before.and_then(|it| it.fqdn.as_ref().map(ToString::to_string)),
        external_id: before.and_then(|it| it.external_id.clone()),
        attributes: before
            .and_then(|device| known.attributes.get(&device.id.as_uuid()).cloned())
            .unwrap_or_default(),
    };
    row.put("serial_number", &mut draft.serial_number);
    row.put("imei", &mut draft.imei);
    row.put("meid", &mut draft.meid);
    row.put("wifi_mac", &mut draft.wifi_mac);
    row.put("fqdn", &mut draft.fqdn);
    row.put("external_id", &mut draft.external_id);
    row.put_attributes(&mut draft.attributes);
    Some(draft)
}

fn new_device(id: DeviceId, parsed: ParsedDevice, now: Timestamp) -> Device {
    let registered = Device::registered(id, parsed.name.clone(), parsed.platform, now);
    let blank = Device { source: Source::Import, owner_id: parsed.owner, ..registered };
    with(&blank, parsed)
}

fn is_same(device: &Device, parsed: &ParsedDevice, known: &Known) -> bool {
    let attributes = known.attributes.get(&device.id.as_uuid()).cloned().unwrap_or_default();
    attributes == parsed.attributes
        && device.owner_id == parsed.owner
        && with(device, parsed.clone()) == *device
}
