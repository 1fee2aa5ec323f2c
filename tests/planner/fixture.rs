//! An organisation in a database: one person with a laptop, in a group that a profile is assigned to.

use std::sync::Arc;
use std::time::Duration;

use certporter::pipeline::planner::{Outcome, Preview, Whom, preview, replan};
use certporter::plan::Limits;
use certporter::random::{Random, SeededRandom, octets};
use certporter::store::assignments::Assignment;
use certporter::store::ca_generations::{Ca, CaGeneration};
use certporter::store::devices::Device;
use certporter::store::enrolments::EnrolmentRow;
use certporter::store::groups::Group;
use certporter::store::memberships::{Member, Membership};
use certporter::store::profiles::{ProfileHead, ProfileVersion};
use certporter::store::users::User;
use certporter::store::{
    AuditEvent, Target, WriteTx, assignments, ca_generations, devices, enrolments, groups, memberships,
    profiles, users,
};
use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::assignment::{AssignmentMode, Source};
use certporter_model::device::{DeviceState, EnrolmentState, UserState};
use certporter_model::platform::Platform;
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::text::Name;
use certporter_model::thumbprint::{PublicKeyHash, Thumbprint};
use certporter_model::*;

use crate::support::database::TestDatabase;

pub(crate) struct Fixture {
    pub(crate) db: TestDatabase,
    pub(crate) now: Timestamp,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) group: GroupId,
    pub(crate) profile: ProfileId,
    pub(crate) ca: CaGenerationId,
}

const PROFILE: &str = r#"{"name":"Wi-Fi","platforms":["linux"],"subject_type":"user","key_scope":"device",
    "subject":"CN={{UserName}}","key_algorithm":"ec-p256","key_usage":{"digital_signature":true},
    "extended_key_usages":["1.3.6.1.5.5.7.3.2"],"validity_days":365,"renewal_threshold_percent":20,
    "features":["wifi","vpn"],"escrow":"none"}"#;

pub(crate) fn permit() -> Permit {
    Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

impl Fixture {
    pub(crate) async fn new(db: TestDatabase) -> Self {
        let now = Timestamp::from_millis(1_763_803_800_000);
        let random = Arc::new(SeededRandom::new(5));
        let mut fixture = Self {
            user: UserId::new(now, octets(random.as_ref())),
            device: DeviceId::new(now, octets(random.as_ref())),
            group: GroupId::new(now, octets(random.as_ref())),
            profile: ProfileId::new(now, octets(random.as_ref())),
            ca: CaGenerationId::new(now, octets(random.as_ref())),
            db,
            now,
            random,
        };
        let mut tx = fixture.write().await;
        fixture.add_ca(&mut tx).await;
        fixture.add_profile(&mut tx).await;
        let (user, device) = (fixture.user, fixture.device);
        fixture.add_person(&mut tx, user, "maria", &[device]).await;
        fixture.commit(tx).await;
        fixture.later();
        fixture
    }

    pub(crate) fn later(&mut self) {
        self.now = self.now.plus(Duration::from_secs(1));
    }

    pub(crate) fn octets<const N: usize>(&self) -> [u8; N] {
        octets(self.random.as_ref())
    }

    pub(crate) async fn write(&self) -> WriteTx {
        self.db.write(&permit()).await.unwrap()
    }

    pub(crate) async fn commit(&self, tx: WriteTx) {
        tx.commit(AuditEvent::new(self.now, "test.change", Target::none("test"))).await.unwrap();
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    pub(crate) async fn replan(&self, tx: &mut WriteTx, whom: &Whom) -> Outcome {
        replan(tx, whom, Limits::default(), self.now, self.random()).await.unwrap()
    }

    pub(crate) async fn preview(&self, tx: &mut WriteTx, whom: &Whom) -> Preview {
        preview(tx, whom, Limits::default(), self.now).await.unwrap()
    }

    async fn add_ca(&self, tx: &mut WriteTx) {
        let ca = Ca {
            id: CaId::new(self.now, self.octets()),
            name: "builtin".into(),
            kind: "builtin".into(),
            capabilities: r#"{"hold":true}"#.into(),
            sealed_config: None,
            created_at: self.now,
        };
        ca_generations::insert_ca(tx, &ca).await.unwrap();
        let generation = CaGeneration {
            id: self.ca,
            ca_id: ca.id,
            generation: 1,
            purpose: "issuing".into(),
            parent_id: None,
            certificate_der: vec![0],
            thumbprint: Thumbprint::from_octets(self.octets()),
            public_key_hash: PublicKeyHash::from_octets(self.octets()),
            sealed_key: None,
            not_before: self.now,
            not_after: Timestamp::MAX,
            state: "active".into(),
            created_at: self.now,
        };
        ca_generations::insert_generation(tx, &generation).await.unwrap();
    }

    async fn add_profile(&self, tx: &mut WriteTx) {
        let draft: ProfileDraft = serde_json::from_str(PROFILE).unwrap();
        let head = ProfileHead {
            id: self.profile,
            name: name("Wi-Fi"),
            current_version: 1,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        let version = ProfileVersion {
            profile_id: self.profile,
            version: 1,
            body: Profile::parse(draft).unwrap(),
            on_edit: "now".into(),
            on_attribute_change: "now".into(),
            created_by: "test".into(),
            created_at: self.now,
        };
        profiles::insert(tx, &head, &version).await.unwrap();
        let group = Group {
            id: self.group,
            source: Source::Local,
            external_id: None,
            name: name("Staff"),
            description: String::new(),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        groups::insert(tx, &group).await.unwrap();
        let assignment = Assignment {
            id: AssignmentId::new(self.now, self.octets()),
            profile_id: self.profile,
            group_id: self.group,
            mode: AssignmentMode::Include,
            valid_from: self.now,
            valid_until: None,
        };
        assignments::insert(tx, &assignment).await.unwrap();
    }

    /// A member of the group with enrolled devices.
    pub(crate) async fn add_person(&self, tx: &mut WriteTx, id: UserId, called: &str, owned: &[DeviceId]) {
        let user = User {
            id,
            source: Source::Local,
            external_id: None,
            user_name: name(called),
            upn: None,
            email: None,
            display_name: name(called),
            on_prem_dn: None,
            sam_account_name: None,
            sid: None,
            state: UserState::Enabled,
            blocked_at: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
            erased_at: None,
        };
        users::insert(tx, &user).await.unwrap();
        let member = Member::from(id);
        let membership = Membership {
            id: MembershipId::new(self.now, self.octets()),
            group_id: self.group,
            member_kind: member.kind,
            member_id: member.id,
            source: Source::Local,
            valid_from: self.now,
            valid_until: None,
        };
        memberships::insert(tx, &membership).await.unwrap();
        for device in owned {
            self.add_device(tx, *device, id).await;
        }
    }

    async fn add_device(&self, tx: &mut WriteTx, id: DeviceId, owner: UserId) {
        let device = Device {
            id,
            source: Source::Local,
            external_id: None,
            name: name("laptop"),
            platform: Platform::Linux,
            serial_number: None,
            imei: None,
            meid: None,
            wifi_mac: None,
            fqdn: None,
            state: DeviceState::Enrolled,
            state_changed_at: self.now,
            owner_id: Some(owner),
            last_contact_at: Some(self.now),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        devices::insert(tx, &device).await.unwrap();
        let enrolment = EnrolmentRow {
            id: EnrolmentId::new(self.now, self.octets()),
            device_id: id,
            state: EnrolmentState::Active,
            public_key_hash: PublicKeyHash::from_octets(self.octets()),
            staff_issued_code: false,
            confirmed_at: None,
            started_at: self.now,
            ended_at: None,
        };
        enrolments::insert(tx, &enrolment).await.unwrap();
    }

    /// A device in another state, nothing planned yet.
    pub(crate) async fn device_becomes(&self, tx: &mut WriteTx, state: DeviceState) {
        let mut device = devices::get(tx, self.device).await.unwrap();
        device.state = device.state.to(state).unwrap();
        devices::update(tx, &device).await.unwrap();
    }
}
