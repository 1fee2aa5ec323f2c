//! Two people of two groups, a helpdesk for each, a profile whose keys are retained and one whose keys are not.

use certporter::service::accounts::{self, AccountDraft, PasswordDraft};
use certporter::service::action::ActionDraft;
use certporter::service::directory_draft::GrantDraft;
use certporter::service::self_service::devices::{self, NewDevice};
use certporter::service::sign_in_codes::{self, SignInCodeView};
use certporter::service::{Portal, ServiceError, sign_in};
use certporter_model::access::{Caller, Role};
use certporter_model::{AccountId, DeviceId, GroupId, UserId};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::rest::program::Program;
use crate::rest::works::{Enrolled, Works};
use crate::support::database::TestDatabase;

/// The password of everybody here.
pub(super) const PASSWORD: &str = "correct horse battery";

/// The scene.
pub(super) struct Scene {
    pub(super) program: Program,
    pub(super) works: Works,
    administrator: Caller,
    pub(super) maria: UserId,
    pub(super) omar: UserId,
    staff: GroupId,
}

pub(super) fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// A key that all of a person's devices share, kept for old mail.
fn smime() -> Value {
    json!({
        "name": "S/MIME", "platforms": ["linux"], "subject_type": "user", "key_scope": "user",
        "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256", "subject_alternative_names": [],
        "key_usage": {"key_agreement": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.4"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["email"], "escrow": "retained",
        "user_may_reissue": true,
    })
}

/// A key of each device's own.
fn vpn() -> Value {
    json!({
        "name": "VPN", "platforms": ["linux"], "subject_type": "user", "key_scope": "device",
        "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256", "subject_alternative_names": [],
        "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["vpn"], "escrow": "none",
        "user_may_reissue": false,
    })
}

impl Scene {
    pub(super) async fn new(database: TestDatabase) -> Self {
        let program = Program::new(database).await;
        let works = Works::of(&program).await;
        let administrator = program.administrator().await;
        let mut people = Vec::new();
        for name in ["maria", "omar"] {
            let user = program.post("/users", &json!({"user_name": name, "display_name": name})).await.ok();
            let group = program.post("/groups", &json!({"name": format!("group of {name}")})).await.ok();
            let members = format!("/groups/{}/members", text(&group["id"]));
            program.post(&members, &json!({"kind": "user", "id": user["id"]})).await.ok();
            people.push((text(&user["id"]).to_owned(), text(&group["id"]).to_owned()));
        }
        for profile in [smime(), vpn()] {
            let profile = program.post("/profiles", &profile).await.ok();
            let path = format!("/profiles/{}/assignments", text(&profile["id"]));
            for (_, group) in &people {
                program.post(&path, &json!({"group_id": group, "mode": "include"})).await.ok();
            }
        }
        Self {
            maria: people[0].0.parse().unwrap(),
            staff: people[0].1.parse().unwrap(),
            omar: people[1].0.parse().unwrap(),
            program,
            works,
            administrator,
        }
    }

    pub(super) fn portal(&self) -> &Portal {
        &self.program.portal
    }

    async fn account(&self, name: &str, user: Option<UserId>, grants: Vec<GrantDraft>) -> AccountId {
        let draft =
            AccountDraft { name: name.into(), display_name: None, user_id: user, grants, disabled: false };
        let made = accounts::create(self.portal(), &self.administrator, &draft).await.unwrap();
        let password = PasswordDraft { password: PASSWORD.to_owned() };
        accounts::set_password(self.portal(), &self.administrator, made.id, password).await.unwrap();
        made.id
    }

    async fn signed_in(&self, id: AccountId) -> Caller {
        sign_in::caller_of(self.portal(), id).await.unwrap().unwrap()
    }

    /// A member of staff who may do everything that a helpdesk may, for everybody.
    pub(super) async fn helper(&self, name: &str) -> Caller {
        let id = self.account(name, None, vec![GrantDraft { role: Role::Helpdesk, groups: None }]).await;
        self.signed_in(id).await
    }

    /// One who is limited to Maria's group.
    pub(super) async fn limited(&self) -> Caller {
        let grant = GrantDraft { role: Role::Helpdesk, groups: Some(vec![self.staff]) };
        let id = self.account("limited", None, vec![grant]).await;
        self.signed_in(id).await
    }

    /// A person's own account, with the role user.
    pub(super) async fn person(&self, name: &str, user: UserId) -> Caller {
        let grant = GrantDraft { role: Role::User, groups: None };
        let id = self.account(name, Some(user), vec![grant]).await;
        self.signed_in(id).await
    }

    /// A code for Maria.
    pub(super) async fn code_by(&self, staff: &Caller) -> SignInCodeView {
        sign_in_codes::issue(self.portal(), staff, self.maria, &ActionDraft::default()).await.unwrap()
    }

    /// Whoever signs in as Maria with that code.
    pub(super) async fn with_code(&self, code: &str) -> Result<Caller, ServiceError> {
        let anonymous = Caller::anonymous().at("192.0.2.9");
        let signed = sign_in_codes::sign_in(self.portal(), &anonymous, "Maria", secret(code)).await?;
        Ok(sign_in_codes::caller_of(self.portal(), signed.code).await?.expect("the session has just begun"))
    }

    /// A device that the caller adds and sets up themselves.
    pub(super) async fn own_device(&self, caller: &Caller, name: &str) -> (DeviceId, Enrolled) {
        let draft = NewDevice { name: name.to_owned(), platform: "linux".to_owned() };
        let (id, made) = devices::add(self.portal(), caller, &draft).await.unwrap();
        (id, self.works.enrol_with(&made.code).await)
    }

    /// A device of Maria's that staff registers and sets up.
    pub(super) async fn staff_s_device(&self, staff: &Caller, name: &str) -> (DeviceId, Enrolled) {
        let body = json!({"name": name, "platform": "linux", "owner": self.maria});
        let id: DeviceId = text(&self.program.post("/devices", &body).await.ok()["id"]).parse().unwrap();
        let draft = certporter::service::devices::CodeDraft::default();
        let made = certporter::service::devices::issue_code(self.portal(), staff, id, &draft).await.unwrap();
        (id, self.works.enrol_with(&made.code).await)
    }

    /// The names of the profiles of which a device holds a copy, after it has done what it is told.
    pub(super) async fn holds(&self, id: DeviceId, device: &mut Enrolled) -> Vec<String> {
        self.works.sync(&self.program, device).await;
        let view = self.program.get(&format!("/devices/{id}")).await.ok();
        let copies = view["copies"].as_array().unwrap().iter().filter(|copy| copy["state"] == "installed");
        let mut names: Vec<String> = copies.map(|copy| text(&copy["profile"]["name"]).to_owned()).collect();
        names.sort();
        names
    }
}
