//! Fills a database with a believable fleet: people from several languages, nested groups, devices and their owners,
//! profiles and assignments, certificates and copies that say installed. The same seed and time give the same fleet
//! on either engine. For measuring and for trying things out; the certificates are whole and readable, but their keys and
//! signatures are nobody's.
//!
//! - `people`: what they are called; `organisation`: users, groups, devices; `templates`: profiles
//! - `authorities`: who is said to have issued and kept everything
//! - `holdings`: enrolments, requests, certificates, keys, copies, as the plan would have it: it finds nothing to do;
//!   `rows`: these, until they are written; `chunks`: drawing on every processor while others are written
mod authorities;
mod chunks;
mod holdings;
mod organisation;
mod people;
mod rows;
mod templates;

use certporter_model::Timestamp;
use certporter_model::access::{Caller, Forbidden, Permission, Scope};

use chunks::Chunks;
use holdings::Holdings;

use crate::random::SeededRandom;
use crate::store::{AuditEvent, Db, StoreError, Target};

/// How large a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// What everything is drawn from.
    pub seed: u64,
    /// The present: everything was made before it.
    pub at: Timestamp,
    /// So many devices; some of them shared, some not enrolled.
    pub devices: u32,
    /// So many people.
    pub users: u32,
    /// So many profiles, all assigned to everybody.
    pub profiles: u32,
}

impl Fleet {
    /// With four people for five devices, and three profiles.
    #[must_use]
    pub fn new(seed: u64, at: Timestamp, devices: u32) -> Self {
        Self { seed, at, devices, users: (devices / 5 * 4).max(1), profiles: 3 }
    }
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Made {
    /// Users.
    pub users: usize,
    /// Groups.
    pub groups: usize,
    /// Devices.
    pub devices: usize,
    /// Certificates.
    pub certificates: usize,
    /// Copies.
    pub copies: usize,
}

/// Why there is no fleet.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A generated value is none: a defect of the generator.
    #[error("the generator made a value that is none: {0}")]
    Value(#[from] certporter_model::ParseError),
    /// A generated profile is none: a defect of the generator.
    #[error("the generator made a profile that is none: {0}")]
    Profile(#[from] certporter_model::FieldErrors),
    /// A certificate can't be made: a defect of the generator, or a CA that ends too soon.
    #[error("the generator made a certificate that is none: {0}")]
    Certificate(#[from] crate::pki::PkiError),
    /// A thread that drew came to an end.
    #[error("the generator's threads were stopped")]
    Stopped,
    /// The portal itself may always do it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

/// Makes the fleet.
///
/// # Errors
/// When the database refuses, such as for names that exist already: use a database without a fleet.
pub async fn generate(db: &Db, fleet: &Fleet) -> Result<Made, GenerateError> {
    generate_with(db, fleet, &|_| {}).await
}

/// The same, telling from time to time how much there is.
///
/// # Errors
/// When the database refuses, such as for names that exist already: use a database without a fleet.
pub async fn generate_with(
    db: &Db,
    fleet: &Fleet,
    progress: &(dyn Fn(&Made) + Sync),
) -> Result<Made, GenerateError> {
    let random = SeededRandom::new(fleet.seed);
    let permit = Caller::system("generate").permitted(Permission::SystemWork, &Scope::Organisation)?;
    let event = |action| AuditEvent::new(fleet.at, action, Target::none("fleet"));

    let organisation = organisation::Organisation::draw(fleet, &random)?;
    let profiles = templates::draw(fleet, &random)?;
    let mut tx = db.write(&permit).await?;
    organisation.insert_people(&mut tx).await?;
    templates::insert(&mut tx, &profiles, organisation.everybody(), fleet, &random).await?;
    let authorities = authorities::Authorities::find_or_make(&mut tx, fleet, &random).await?;
    tx.commit(event("fleet.people").with("users", organisation.users.len())).await?;

    let mut made =
        Made { users: organisation.users.len(), groups: organisation.groups.len(), ..Made::default() };
    let mut chunks = Chunks::start(Holdings::new(*fleet, &random, organisation, profiles, authorities));
    while let Some((devices, rows)) = chunks.next().await? {
        let mut tx = db.write(&permit).await?;
        chunks.organisation().insert_devices(&mut tx, devices.clone()).await?;
        rows.insert(&mut tx).await?;
        tx.commit(event("fleet.devices").with("devices", devices.len())).await?;
        made.devices += devices.len();
        made.certificates += rows.certificates.len();
        made.copies += rows.copies.len();
        progress(&made);
    }
    Ok(made)
}
