//! `/settings/roles`: what each role may do.

use axum::response::Response;
use certporter::service::Operation;
use certporter_model::access::{Permission, Role};
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::table::Table;

/// What a role is called.
#[must_use]
pub const fn name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator",
        Role::PkiOperator => "PKI operator",
        Role::Helpdesk => "Helpdesk",
        Role::RecoveryAgent => "Recovery agent",
        Role::Auditor => "Auditor",
        Role::User => "User",
    }
}

/// What a role is for.
#[must_use]
pub const fn about(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Everything but recovering keys.",
        Role::PkiOperator => "Profiles, certificates, requests, connectors and CAs.",
        Role::Helpdesk => {
            "Looks people up, and acts on their devices and certificates. May be limited to groups."
        }
        Role::RecoveryAgent => "Asks for and approves the recovery of keys.",
        Role::Auditor => "Reads everything, changes nothing.",
        Role::User => "Their own devices and certificates.",
    }
}

/// What a permission allows.
const fn allows(permission: Permission) -> &'static str {
    match permission {
        Permission::DirectoryRead => "Read users, groups and memberships",
        Permission::DirectoryWrite => "Change users, groups and memberships",
        Permission::UserBlock => "Block and unblock users",
        Permission::DeviceRead => "Read devices and their copies",
        Permission::DeviceWrite => "Register and change devices",
        Permission::EnrolmentCodeIssue => "Issue enrolment codes",
        Permission::SignInCodeIssue => "Issue one-time sign-in codes",
        Permission::ConfirmationApprove => "Approve, as a second person, what such a code opened",
        Permission::DeviceRetire => "Retire devices",
        Permission::DeviceBlock => "Block and unblock devices",
        Permission::DeviceLost => "Declare devices lost or wiped",
        Permission::DeviceDelete => "Delete devices",
        Permission::ProfileRead => "Read profiles and assignments",
        Permission::ProfileWrite => "Change profiles and assignments",
        Permission::RequestRead => "Read requests",
        Permission::RequestRetry => "Retry and cancel requests",
        Permission::CertificateRead => "Read certificates, never their keys",
        Permission::CertificateRevoke => "Revoke certificates",
        Permission::CertificateReissue => "Have certificates reissued",
        Permission::PlanApprove => "Decide on large plans",
        Permission::AuthorityRead => "Read connectors and CAs",
        Permission::AuthorityOperate => "Publish CRLs, run preflights",
        Permission::AuditRead => "Read the audit trail",
        Permission::TokenManage => "Create and end API tokens",
        Permission::AccountManage => "Manage accounts",
        Permission::SettingsManage => "Read how the portal is set up",
        Permission::KeyRecover => "Recover keys",
        Permission::OwnAccount => "Their own account",
        Permission::DeviceProtocol | Permission::SystemWork => {
            "Nobody\u{2019}s but devices\u{2019} and the portal\u{2019}s"
        }
    }
}

/// Shows them.
pub async fn get(asked: Asked) -> Response {
    let allowed = Operation::OwnRead.own(&asked.caller).map(|_| ());
    let known = allowed.and_then(|()| {
        asked.renderer.person().map(|_| ()).ok_or(certporter::service::ServiceError::Unauthenticated)
    });
    asked.answer(known, page).await
}

/// The page.
pub fn page((): ()) -> AnyView {
    let shown = Permission::ALL
        .iter()
        .filter(|permission| !matches!(permission, Permission::DeviceProtocol | Permission::SystemWork));
    view! {
        <Page title="Roles".to_owned() task=Some(Task::Settings)>
            <Heading
                title="Roles"
                lead="An account may have several roles; a token never more than its maker. The helpdesk can be limited to groups."
                within=("/settings", "Settings")
            />
            <Section title="What each role is for">
                <Table label="Roles" columns=&["Role", "What it is for"]>
                    {Role::ALL
                        .iter()
                        .map(|&role| {
                            view! {
                                <tr>
                                    <td class="name">{name(role)}</td>
                                    <td>{about(role)}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </Table>
            </Section>
            <Section title="What each role may do">
                <Table
                    label="Permissions by role"
                    columns=&[
                        "Permission",
                        "Administrator",
                        "PKI operator",
                        "Helpdesk",
                        "Recovery agent",
                        "Auditor",
                        "User",
                    ]
                >
                    {shown.map(|&permission| row(permission)).collect_view()}
                </Table>
            </Section>
        </Page>
    }
    .into_any()
}

fn row(permission: Permission) -> AnyView {
    view! {
        <tr>
            <td class="name">{allows(permission)}</td>
            {Role::ALL
                .iter()
                .map(|&role| {
                    let has = role.has(permission);
                    view! {
                        <td data-label=name(role)>
                            {has
                                .then(|| {
                                    view! {
                                        <span class="status good">
                                            <Icon name="check"/>
                                            <span class="sr-only">"Yes"</span>
                                        </span>
                                    }
                                })}
                        </td>
                    }
                })
                .collect_view()}
        </tr>
    }
    .into_any()
}
