//! Samples of the pages of users, groups and imports.

use certporter::service::assignments::GroupAssignmentView;
use certporter::service::groups::{GroupChoice, GroupView};
use certporter::service::import::{
    ImportCounts, ImportKind, ImportState, ImportSummary, ImportView, RowError,
};
use certporter::service::members::{MemberView, MembershipView};
use certporter::service::reach::{Outcome, ProfileReach, ReachReason};
use certporter::service::reference::{DeviceReference, GroupReference, ProfileReference};
use certporter::service::revocation_progress::RevocationProgress;
use certporter::service::users::UserView;
use certporter_model::assignment::{AssignmentMode, MemberKind, Source};
use certporter_model::device::UserState;
use certporter_model::{AssignmentId, FieldErrors, GroupId, ImportId, MembershipId, ProfileId, UserId};
use http::StatusCode;

use super::{HOSTILE, ago, device_id, events, now, text};
use crate::pages::admin::groups::{
    assignments, detail as group, form as group_form, list as groups, members,
};
use crate::pages::admin::imports::{detail as import, list as imports, new as new_import};
use crate::pages::admin::users::changed::Changed;
use crate::pages::admin::users::{action, detail as user, form as user_form, list as users};
use crate::render::Renderer;
use crate::ui::consequences::Shown;
use crate::ui::field::Typed;

fn user_id() -> UserId {
    UserId::new(now(), [9; 10])
}

fn group_id() -> GroupId {
    GroupId::new(now(), [10; 10])
}

fn profile() -> ProfileReference {
    ProfileReference { id: ProfileId::new(now(), [11; 10]), name: HOSTILE.to_owned() }
}

fn group_reference() -> GroupReference {
    GroupReference { id: group_id(), name: HOSTILE.to_owned() }
}

fn user_view() -> UserView {
    UserView {
        id: user_id(),
        user_name: HOSTILE.to_owned(),
        display_name: HOSTILE.to_owned(),
        upn: Some(HOSTILE.to_owned()),
        email: Some(HOSTILE.to_owned()),
        on_prem_dn: Some(HOSTILE.to_owned()),
        sam_account_name: None,
        sid: None,
        source: Source::Import,
        external_id: Some(HOSTILE.to_owned()),
        state: UserState::Blocked,
        attributes: [("room".to_owned(), HOSTILE.to_owned())].into(),
        created_at: ago(900_000),
        updated_at: ago(60),
        version: 3,
    }
}

fn group_view(description: &str) -> GroupView {
    GroupView {
        id: group_id(),
        name: HOSTILE.to_owned(),
        description: description.to_owned(),
        source: Source::Local,
        external_id: None,
        created_at: ago(900_000),
        updated_at: ago(60),
        members: 1001,
        version: 2,
    }
}

fn reach() -> Vec<ProfileReach> {
    let reason = ReachReason {
        text: format!("Excluded by group {HOSTILE}, through the user's group {HOSTILE}."),
        groups: vec![group_reference(), group_reference()],
    };
    let device = DeviceReference { id: device_id(), name: HOSTILE.to_owned() };
    let of =
        |outcome, device| ProfileReach { profile: profile(), device, outcome, reasons: vec![reason.clone()] };
    vec![
        of(Outcome::Gets, Some(device)),
        of(Outcome::Held, None),
        of(Outcome::Waits, None),
        of(Outcome::None, None),
    ]
}

fn membership() -> MembershipView {
    MembershipView {
        id: MembershipId::new(now(), [12; 10]),
        group: group_reference(),
        source: Source::Directory,
        valid_from: ago(7_000),
    }
}

fn shown_user() -> user::User {
    user::User {
        user: user_view(),
        saved: "edit".to_owned(),
        devices: Vec::new(),
        certificates: Some(Vec::new()),
        groups: vec![membership()],
        reach: reach(),
        progress: RevocationProgress {
            since: Some(ago(60)),
            asked: 3,
            at_ca: 3,
            in_crl: 2,
            removed: 1,
            finished: 1,
        },
        events: events(),
        actions: action::Action::of(UserState::Blocked).to_vec(),
        may_edit: true,
        may_diagnose: true,
    }
}

fn changed() -> Changed {
    let differs = (HOSTILE.to_owned(), HOSTILE.to_owned(), String::new());
    Changed { by: Some((HOSTILE.to_owned(), ago(30))), version: 4, differences: vec![differs] }
}

fn shown_group() -> group::Group {
    group::Group {
        group: group_view(HOSTILE),
        asking: group::Asking { add: HOSTILE.to_owned(), after: String::new(), saved: "true".to_owned() },
        members: Some(vec![MemberView {
            id: MembershipId::new(now(), [13; 10]),
            kind: MemberKind::User,
            member_id: user_id().as_uuid(),
            name: HOSTILE.to_owned(),
            source: Source::Import,
            valid_from: ago(9_000),
        }]),
        next: Some("cursor&=".to_owned()),
        around: vec![membership(), membership()],
        assignments: vec![GroupAssignmentView {
            id: AssignmentId::new(now(), [14; 10]),
            profile: profile(),
            mode: AssignmentMode::Exclude,
            valid_from: ago(8_000),
        }],
        assignable: vec![(ProfileId::new(now(), [15; 10]), HOSTILE.to_owned())],
        found: Some(vec![members::Candidate {
            kind: MemberKind::Device,
            id: device_id().to_string(),
            name: HOSTILE.to_owned(),
            beside: HOSTILE.to_owned(),
        }]),
        may_edit: true,
    }
}

fn import_view(state: ImportState, wrong: u32) -> ImportView {
    let row = RowError { line: 3, column: "email".to_owned(), message: HOSTILE.to_owned() };
    ImportView {
        import: ImportSummary {
            id: ImportId::new(now(), [16; 10]),
            kind: ImportKind::Users,
            file_name: HOSTILE.to_owned(),
            state,
            rows: 40,
            wrong,
            counts: ImportCounts { created: 30, updated: 1, removed: 0, unchanged: 9 },
            made_by: HOSTILE.to_owned(),
            created_at: ago(50),
            finished_at: None,
            version: 1,
        },
        errors: if wrong > 0 { vec![row] } else { Vec::new() },
        consequences: certporter::service::consequences::Consequences::default(),
        approved: false,
        changed: true,
        to_do: 31,
        done: 7,
        open_parts: 0,
    }
}

fn imported(state: ImportState, wrong: u32) -> import::Import {
    import::Import { view: import_view(state, wrong), changed: None, wrong: vec![HOSTILE.to_owned()] }
}

/// Every page of theirs, with hostile names.
pub(super) async fn pages(renderer: &Renderer) -> Vec<String> {
    let ok = StatusCode::OK;
    let list = || users::List {
        filter: users::Filter { q: HOSTILE.to_owned(), ..users::Filter::default() },
        group: Some(HOSTILE.to_owned()),
        rows: vec![users::Row::from(user_view())],
        next: Some("cursor&=".to_owned()),
    };
    let editing = || user_form::Editing {
        user: Some((user_id(), HOSTILE.to_owned())),
        typed: Typed {
            values: user_form::UserForm::from(user_view()),
            errors: FieldErrors::one("attributes.room", HOSTILE),
        },
        changed: Some(changed()),
    };
    let asking = |shown: Option<Shown>| action::Asking {
        action: action::Action::Delete,
        user: user_id(),
        name: HOSTILE.to_owned(),
        typed: Typed::default(),
        shown,
    };
    let group_list =
        || groups::List { filter: groups::Filter::default(), rows: vec![group_view(HOSTILE)], next: None };
    let group_editing = || group_form::Editing {
        group: Some((group_id(), HOSTILE.to_owned())),
        typed: Typed { values: group_form::GroupForm::from(group_view("")), errors: FieldErrors::new() },
        changed: Some(changed()),
    };
    let of_profile = || assignments::OfProfile {
        profile: (profile().id, HOSTILE.to_owned()),
        rows: Vec::new(),
        search: (
            HOSTILE.to_owned(),
            vec![GroupChoice {
                id: GroupId::new(now(), [20; 10]),
                name: HOSTILE.to_owned(),
                description: HOSTILE.to_owned(),
            }],
        ),
        may_edit: true,
        saved: true,
    };
    let import_list = || imports::List {
        after: String::new(),
        rows: vec![import_view(ImportState::Waiting, 0).import],
        next: None,
    };
    let typed =
        || Typed { values: format!("</textarea>{HOSTILE}"), errors: FieldErrors::one("file", HOSTILE) };
    vec![
        text(renderer.page(ok, move || users::page(list())).await).await,
        text(renderer.page(ok, || user::page(shown_user())).await).await,
        text(renderer.page(ok, move || user_form::page(editing())).await).await,
        text(renderer.page(ok, move || action::page(asking(None))).await).await,
        text(renderer.page(ok, move || action::page(asking(Some(Shown::default())))).await).await,
        text(renderer.page(ok, move || groups::page(group_list())).await).await,
        text(renderer.page(ok, || group::page(shown_group())).await).await,
        text(renderer.page(ok, move || group_form::page(group_editing())).await).await,
        text(renderer.page(ok, move || assignments::page(of_profile())).await).await,
        text(renderer.page(ok, move || imports::page(import_list())).await).await,
        text(renderer.page(ok, move || new_import::page(typed())).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Checked, 2))).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Checked, 0))).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Waiting, 0))).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Done, 0))).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Checking, 0))).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Importing, 0))).await).await,
        text(renderer.page(ok, || import::page(imported(ImportState::Stopped, 2))).await).await,
    ]
}
