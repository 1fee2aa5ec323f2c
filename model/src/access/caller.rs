//! Somebody who wants something, and the gate that they pass or not.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::role::{Permission, Role};
use crate::ids::{AccountId, ApiTokenId, ConnectorId, DeviceId, GroupId, SignInCodeId, UserId};

/// Whom an operation is about. The service finds it out before it asks the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The organisation as a whole: nobody limited may do it.
    Organisation,
    /// A person, or what is theirs.
    Person {
        /// Whose it is; nobody's for a shared device.
        user: Option<UserId>,
        /// Every group that the person or the device is in, nested ones included.
        groups: Vec<GroupId>,
    },
    /// The caller's own account.
    Own,
}

/// A role and how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The groups it is limited to; `None` is everybody. Only the helpdesk's is ever limited.
    pub groups: Option<Vec<GroupId>>,
}

/// The one-time code from staff that opened a session, and how far the session is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffCode {
    /// The code.
    pub id: SignInCodeId,
    /// The account that issued it; none for a program without one.
    pub issuer: Option<AccountId>,
    /// Whether the person has confirmed since that it is they, or a second member of staff has.
    pub confirmed: bool,
}

/// Somebody who wants something, authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    actor: Actor,
    grants: Vec<Grant>,
    user: Option<UserId>,
    address: Option<String>,
    code: Option<StaffCode>,
}

/// Refused: who lacks which permission. Answers 403, or 404 where even the existence is not theirs to know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{actor} may not do this: it takes the permission {permission}")]
pub struct Forbidden {
    /// Who asked.
    pub actor: String,
    /// What it takes.
    pub permission: Permission,
}

/// What of a list a caller may see: every list, search and count takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Everything.
    All,
    /// People and devices in these groups, nested ones included; and the caller's own.
    Groups(Vec<GroupId>, Option<UserId>),
    /// The caller's own.
    Own(UserId),
}

impl Caller {
    /// Somebody signed in, with the account's grants and the user that it is linked to.
    #[must_use]
    pub fn account(id: AccountId, name: String, grants: Vec<Grant>, user: Option<UserId>) -> Self {
        Self { actor: Actor::Account { id, name }, grants, user, address: None, code: None }
    }

    /// A person with a one-time code from staff: has the role user and nothing else, whatever account they may have.
    #[must_use]
    pub fn person(user: UserId, name: String, code: StaffCode) -> Self {
        Self {
            actor: Actor::Person { id: user, name },
            grants: vec![Grant { role: Role::User, groups: None }],
            user: Some(user),
            address: None,
            code: Some(code),
        }
    }

    /// The same, as far as they act for themselves: with the role user, which whoever is linked to a user has for
    /// what is theirs. Nobody for an account without one, for programs and for the portal itself.
    #[must_use]
    pub fn for_themselves(&self) -> Option<Self> {
        self.user?;
        Some(Self { grants: vec![Grant { role: Role::User, groups: None }], ..self.clone() })
    }

    /// A program with a token. The grants are those of the token that its maker still has.
    #[must_use]
    pub fn token(id: ApiTokenId, name: String, account: Option<AccountId>, grants: Vec<Grant>) -> Self {
        Self { actor: Actor::Token { id, name, account }, grants, user: None, address: None, code: None }
    }

    /// A device with its management certificate.
    #[must_use]
    pub fn device(id: DeviceId) -> Self {
        Self { actor: Actor::Device { id }, grants: Vec::new(), user: None, address: None, code: None }
    }

    /// A connector.
    #[must_use]
    pub fn connector(id: ConnectorId, name: String) -> Self {
        Self {
            actor: Actor::Connector { id, name },
            grants: Vec::new(),
            user: None,
            address: None,
            code: None,
        }
    }

    /// A part of the portal itself.
    #[must_use]
    pub fn system(name: &'static str) -> Self {
        Self {
            actor: Actor::System { name: name.to_owned() },
            grants: Vec::new(),
            user: None,
            address: None,
            code: None,
        }
    }

    /// Somebody unknown: may sign in or enrol, and nothing else.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { actor: Actor::Anonymous, grants: Vec::new(), user: None, address: None, code: None }
    }

    /// The same caller, with the network address it came from.
    #[must_use]
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Who it is.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Its roles and how far they reach.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The user it is linked to.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The network address it came from.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// The code from staff that opened the session.
    #[must_use]
    pub fn staff_code(&self) -> Option<StaffCode> {
        self.code
    }

    /// Whether a key that was kept in escrow may be given to them: not in a session that a code from staff opened,
    /// until it is confirmed. For what is theirs; whether it is, the gate says.
    #[must_use]
    pub fn may_have_retained_keys(&self) -> bool {
        self.user.is_some() && self.code.is_none_or(|code| code.confirmed)
    }

    /// Whether it has the role, however far.
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    /// Passes the gate, or not.
    ///
    /// # Errors
    /// When none of the caller's grants has the permission within that scope.
    pub fn permitted(&self, permission: Permission, scope: &Scope) -> Result<Permit, Forbidden> {
        let yes = match &self.actor {
            Actor::System { .. } => {
                matches!(permission, Permission::SystemWork)
            }
            Actor::Connector { .. } => matches!(permission, Permission::SystemWork),
            Actor::Device { .. } => matches!(permission, Permission::DeviceProtocol),
            Actor::Anonymous => matches!(
                (permission, scope),
                (Permission::OwnAccount, Scope::Own) | (Permission::DeviceProtocol, _)
            ),
            Actor::Account { .. } | Actor::Person { .. } | Actor::Token { .. } => {
                self.grants.iter().any(|grant| self.reaches(grant, permission, scope))
            }
        };
        if yes {
            Ok(Permit { actor: self.actor.clone(), permission, address: self.address.clone() })
        } else {
            Err(Forbidden { actor: self.actor.to_string(), permission })
        }
    }

    fn reaches(&self, grant: &Grant, permission: Permission, scope: &Scope) -> bool {
        if !grant.role.has(permission) {
            return false;
        }
        match (scope, grant.role, &grant.groups) {
            (Scope::Own, _, _) => true,
            (Scope::Person { user, .. }, Role::User, _) => self.user.is_some() && *user == self.user,
            (Scope::Organisation, Role::User, _) => false,
            (_, _, None) => true,
            (Scope::Person { groups, .. }, _, Some(within)) => groups.iter().any(|g| within.contains(g)),
            (Scope::Organisation, _, Some(_)) => false,
        }
    }

    /// What of a list it may see under a permission to read.
    ///
    /// # Errors
    /// When it has the permission nowhere.
    pub fn visibility(&self, permission: Permission) -> Result<Visibility, Forbidden> {
        if matches!(self.actor, Actor::System { .. }) {
            return Ok(Visibility::All);
        }
        let refused = || Forbidden { actor: self.actor.to_string(), permission };
        let mut within: Vec<GroupId> = Vec::new();
        let mut limited = false;
        for grant in self.grants.iter().filter(|g| g.role.has(permission) && g.role != Role::User) {
            match &grant.groups {
                None => return Ok(Visibility::All),
                Some(groups) => {
                    limited = true;
                    within.extend(groups);
                }
            }
        }
        let own =
            self.user.filter(|_| self.grants.iter().any(|g| g.role == Role::User && g.role.has(permission)));
        if limited {
            within.sort();
            within.dedup();
            return Ok(Visibility::Groups(within, own));
        }
        own.map(Visibility::Own).ok_or_else(refused)
    }
}

/// Leave to do one kind of thing: what a write transaction is opened with. Only the gate makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    actor: Actor,
    permission: Permission,
    address: Option<String>,
}

impl Permit {
    /// Who got it.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// For what.
    #[must_use]
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// From which network address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn group(n: u8) -> GroupId {
        GroupId::new(Timestamp::from_millis(1), [n; 10])
    }

    fn somebody(grants: Vec<Grant>, user: Option<UserId>) -> Caller {
        Caller::account(AccountId::new(Timestamp::from_millis(1), [1; 10]), "somebody".into(), grants, user)
    }

    #[test]
    fn a_limited_helpdesk_reaches_its_groups_only() {
        let caller = somebody(vec![Grant { role: Role::Helpdesk, groups: Some(vec![group(1)]) }], None);
        let person = |groups| Scope::Person { user: None, groups };
        assert!(caller.permitted(Permission::DeviceBlock, &person(vec![group(1), group(2)])).is_ok());
        assert!(caller.permitted(Permission::DeviceBlock, &person(vec![group(2)])).is_err());
        assert!(caller.permitted(Permission::DeviceBlock, &Scope::Organisation).is_err());
        assert_eq!(caller.visibility(Permission::DeviceRead), Ok(Visibility::Groups(vec![group(1)], None)));
    }

    #[test]
    fn a_user_reaches_what_is_theirs() {
        let me = UserId::new(Timestamp::from_millis(1), [1; 10]);
        let other = UserId::new(Timestamp::from_millis(1), [2; 10]);
        let caller = somebody(vec![Grant { role: Role::User, groups: None }], Some(me));
        let of = |user| Scope::Person { user, groups: vec![group(1)] };
        assert!(caller.permitted(Permission::DeviceLost, &of(Some(me))).is_ok());
        assert!(caller.permitted(Permission::DeviceLost, &of(Some(other))).is_err());
        assert!(caller.permitted(Permission::DeviceLost, &of(None)).is_err());
        assert_eq!(caller.visibility(Permission::DeviceRead), Ok(Visibility::Own(me)));
        assert!(caller.visibility(Permission::AuditRead).is_err());
    }

    #[test]
    fn whoever_comes_with_a_code_is_a_user_and_nothing_else() {
        let me = UserId::new(Timestamp::from_millis(1), [1; 10]);
        let id = SignInCodeId::new(Timestamp::from_millis(1), [3; 10]);
        let code = StaffCode { id, issuer: None, confirmed: false };
        let caller = Caller::person(me, "Me".into(), code);
        let mine = Scope::Person { user: Some(me), groups: vec![group(1)] };
        assert!(caller.permitted(Permission::DeviceLost, &mine).is_ok());
        assert!(caller.permitted(Permission::DirectoryRead, &mine).is_err());
        assert!(!caller.may_have_retained_keys());
        let confirmed = Caller::person(me, "Me".into(), StaffCode { confirmed: true, ..code });
        assert!(confirmed.may_have_retained_keys());
    }

    #[test]
    fn whoever_acts_for_themselves_has_no_other_role() {
        let me = UserId::new(Timestamp::from_millis(1), [1; 10]);
        let administrator = || vec![Grant { role: Role::Administrator, groups: None }];
        let caller = somebody(administrator(), Some(me)).for_themselves().unwrap();
        let of = |user| Scope::Person { user: Some(user), groups: vec![] };
        let other = UserId::new(Timestamp::from_millis(1), [2; 10]);
        assert!(caller.permitted(Permission::DeviceRetire, &of(me)).is_ok());
        assert!(caller.permitted(Permission::DeviceRetire, &of(other)).is_err());
        assert_eq!(somebody(administrator(), None).for_themselves(), None);
    }

    #[test]
    fn nobody_but_the_portal_does_the_portal_s_work() {
        let all = Role::ALL.iter().map(|&role| Grant { role, groups: None }).collect();
        assert!(somebody(all, None).permitted(Permission::SystemWork, &Scope::Organisation).is_err());
        assert!(Caller::system("sweep").permitted(Permission::SystemWork, &Scope::Organisation).is_ok());
        assert!(Caller::anonymous().permitted(Permission::DirectoryRead, &Scope::Own).is_err());
    }
}
