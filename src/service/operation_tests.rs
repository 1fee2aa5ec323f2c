//! The gate answers as its policy says.

use certporter_model::access::Grant;
use certporter_model::{AccountId, GroupId, Timestamp, UserId};

use super::*;

fn helpdesk(groups: Option<Vec<GroupId>>) -> Caller {
    let id = AccountId::new(Timestamp::from_millis(1), [1; 10]);
    Caller::account(id, "desk".into(), vec![Grant { role: Role::Helpdesk, groups }], None)
}

#[test]
fn what_one_may_not_see_is_not_there() {
    let group = |n| GroupId::new(Timestamp::from_millis(1), [n; 10]);
    let caller = helpdesk(Some(vec![group(1)]));
    let user = Some(UserId::new(Timestamp::from_millis(1), [2; 10]));
    let theirs = Scope::Person { user, groups: vec![group(1)] };
    let others = Scope::Person { user, groups: vec![group(2)] };
    assert!(Operation::DevicesBlock.on(&caller, &theirs, "device").is_ok());
    assert!(matches!(
        Operation::DevicesBlock.on(&caller, &others, "device"),
        Err(ServiceError::NotFound { what: "device" })
    ));
    // Deleting is beyond the role: forbidden whether or not the device exists.
    assert!(matches!(Operation::DevicesDelete.thinkable(&caller), Err(ServiceError::Forbidden(_))));
    assert!(matches!(
        Operation::DevicesDelete.on(&caller, &others, "device"),
        Err(ServiceError::Forbidden(_))
    ));
}

#[test]
fn nobody_is_asked_to_sign_in() {
    assert!(matches!(
        Operation::AuditList.thinkable(&Caller::anonymous()),
        Err(ServiceError::Unauthenticated)
    ));
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = Operation::ALL.iter().map(|o| o.name()).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before);
}
