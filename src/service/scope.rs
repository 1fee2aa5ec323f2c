//! Whom an operation is about: a person or device with every group that they are in.

use certporter_model::access::Scope;
use certporter_model::{DeviceId, UserId};

use crate::store::memberships::{self, Member};
use crate::store::{Conn, Result, devices};

/// What is a user's.
pub(super) async fn of_user(conn: &mut Conn, user: UserId) -> Result<Scope> {
    Ok(Scope::Person { user: Some(user), groups: memberships::groups_of(conn, &[Member::from(user)]).await? })
}

/// What is a device's, and so its owner's.
pub(super) async fn of_device(conn: &mut Conn, device: DeviceId, owner: Option<UserId>) -> Result<Scope> {
    let mut members = vec![Member::from(device)];
    members.extend(owner.map(Member::from));
    Ok(Scope::Person { user: owner, groups: memberships::groups_of(conn, &members).await? })
}

/// What is a holder's: a user's, or a device's.
pub(super) async fn of_holder(
    conn: &mut Conn,
    user: Option<UserId>,
    device: Option<DeviceId>,
) -> Result<Scope> {
    match (user, device) {
        (_, Some(device)) => {
            let owner = match user {
                Some(user) => Some(user),
                None => devices::get(conn, device).await?.owner_id,
            };
            of_device(conn, device, owner).await
        }
        (Some(user), None) => of_user(conn, user).await,
        // Nobody's: only those see it who see everything.
        (None, None) => Ok(Scope::Person { user: None, groups: Vec::new() }),
    }
}
