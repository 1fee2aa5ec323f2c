//! `/users/{id}`: a person, what they hold and why.

use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::certificates::{self, CertificateSummary, CertificatesQuery};
use certporter::service::devices::{self, DeviceSummary, DevicesQuery};
use certporter::service::helpdesk;
use certporter::service::members::{self, MembershipView};
use certporter::service::reach::{self, ProfileReach};
use certporter::service::revocation_progress::{self, RevocationProgress};
use certporter::service::timeline::TimelineQuery;
use certporter::service::users::{self, UserView};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::UserId;
use certporter_model::access::{Caller, Scope};
use certporter_model::device::UserState;
use leptos::prelude::*;

use super::action::Action;
use super::why::Why;
use super::words::source;
use crate::islands::live::Live;
use crate::pages::admin::devices::read::event;
use crate::pages::asked::{Asked, id};
use crate::pages::live::follow;
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Moment, PerhapsMoment};
use crate::ui::timeline::{Event, Timeline};
use crate::ui::words;

/// Certificates and events that the page shows; more are in the lists.
const SOME: u32 = 20;

/// What is shown of a user.
#[derive(Debug, Clone)]
pub struct User {
    /// The user.
    pub user: UserView,
    /// What was done just now.
    pub saved: String,
    /// Their devices.
    pub devices: Vec<DeviceSummary>,
    /// Their newest certificates; none where the caller may not see them.
    pub certificates: Option<Vec<CertificateSummary>>,
    /// Groups that they are in directly.
    pub groups: Vec<MembershipView>,
    /// Which profiles reach them, and why.
    pub reach: Vec<ProfileReach>,
    /// How far it is when what they hold is taken away or given back.
    pub progress: RevocationProgress,
    /// What happened.
    pub events: Vec<Event>,
    /// What the caller may do to them.
    pub actions: Vec<Action>,
    /// Whether the caller may edit them.
    pub may_edit: bool,
    /// Whether the caller may look at what is wrong.
    pub may_diagnose: bool,
}

/// What was done just now, as the address says it.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Saved {
    saved: String,
}

/// Shows the user.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(saved): Query<Saved>) -> Response {
    let shown = read(&asked, &text, saved.saved).await;
    asked.answer(shown, page).await
}

/// Sends how far it is with taking away what the user holds, as it goes on.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    let id = match id::<UserId>(&text, "user") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let read = move |portal: Portal, caller: Caller| async move {
        revocation_progress::of_user(&portal, &caller, id).await
    };
    follow(asked, move |change| change.user == Some(id), read, how_far).await
}

async fn read(asked: &Asked, text: &str, saved: String) -> Result<User, ServiceError> {
    let (portal, caller) = (&asked.portal, &asked.caller);
    let id = id(text, "user")?;
    let user = users::get(portal, caller, id).await?;
    helpdesk::look_up(portal, caller, id).await?;
    let query = DevicesQuery { owner: Some(id), ..DevicesQuery::default() };
    let devices = allowed(devices::list(portal, caller, &query).await)?.map(|page| page.data);
    let query = CertificatesQuery { user: Some(id), limit: Some(SOME), ..CertificatesQuery::default() };
    let certificates = allowed(certificates::list(portal, caller, &query).await)?.map(|page| page.data);
    let query = TimelineQuery { cursor: None, limit: Some(SOME) };
    let events = users::timeline(portal, caller, id, &query).await?.data.into_iter().map(event).collect();
    // What is on a page is only offered; the operation itself asks again, with the person's groups.
    let may = |operation: Operation| caller.permitted(operation.permission(), &Scope::Own).is_ok();
    let may_do = |action: &Action| match action {
        Action::Block | Action::Unblock => may(Operation::UsersBlock),
        Action::Disable | Action::Enable | Action::Delete => may(Operation::UsersDisable),
    };
    Ok(User {
        actions: Action::of(user.state).iter().copied().filter(may_do).collect(),
        may_edit: may(Operation::UsersUpdate),
        may_diagnose: may(Operation::UsersDiagnosis),
        saved,
        devices: devices.unwrap_or_default(),
        certificates,
        groups: members::of_user(portal, caller, id).await?,
        reach: reach::of_user(portal, caller, id).await?,
        progress: revocation_progress::of_user(portal, caller, id).await?,
        events,
        user,
    })
}

/// A part of the page that some callers may not see.
fn allowed<T>(part: Result<T, ServiceError>) -> Result<Option<T>, ServiceError> {
    match part {
        Ok(part) => Ok(Some(part)),
        Err(ServiceError::Forbidden(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The page.
pub fn page(shown: User) -> AnyView {
    let User {
        user,
        saved,
        devices,
        certificates,
        groups,
        reach,
        progress,
        events,
        actions,
        may_edit,
        may_diagnose,
    } = shown;
    let id = user.id;
    let lead = match &user.email {
        Some(email) => format!("{}, {email}.", user.user_name),
        None => format!("{}.", user.user_name),
    };
    let count = devices.len();
    let (state, origin, changed) = (user.state, user.source, user.updated_at);
    let devices = device_table(devices, state);
    let certificates = certificates.map(|them| certificate_table(them, &user.user_name, id.to_string()));
    let title = user.display_name.clone();
    let known = details(user);
    view! {
        <Page title=title.clone() task=Some(Task::Users) island=progress.is_open()>
            <Heading title lead within=("/users", "Users")>
                <div class="actions">
                    {may_diagnose
                        .then(|| {
                            view! {
                                <a class="btn" href=format!("/helpdesk/people/{id}")>
                                    "What is wrong?"
                                </a>
                            }
                        })}
                    {may_edit
                        .then(|| {
                            view! {
                                <a class="btn btn-primary" href=format!("/users/{id}/edit")>
                                    "Edit"
                                </a>
                            }
                        })}
                    {actions
                        .into_iter()
                        .map(|action| {
                            view! {
                                <a class="btn" href=format!("/users/{id}/{}", action.path())>
                                    {action.word()}
                                    "\u{2026}"
                                </a>
                            }
                        })
                        .collect_view()}
                </div>
            </Heading>
            {said(&saved)
                .map(|text| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>{text}</p>
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="State">
                    <State of=state/>
                </Fact>
                <Fact name="Devices">{count}</Fact>
                <Fact name="Source">{source(origin)}</Fact>
                <Fact name="Changed">
                    <Moment at=changed/>
                </Fact>
            </Facts>
            {(progress.asked > 0)
                .then(|| {
                    if progress.is_open() {
                        let source = format!("/users/{id}/revocations/events");
                        view! { <Live source>{how_far(progress)}</Live> }.into_any()
                    } else {
                        how_far(progress)
                    }
                })}
            <Section title="Devices">{devices}</Section>
            <Section title="Profiles that reach this person">
                <Why reach with_devices=count != 1/>
            </Section>
            <Section title="Groups">{group_table(groups)}</Section>
            {certificates
                .map(|certificates| {
                    view! {
                        <Section title="Certificates">
                            {certificates}
                            <p class="quiet">
                                <a class="text" href=format!("/reports/held?user={id}")>
                                    "What they held on a day"
                                </a>
                            </p>
                        </Section>
                    }
                })}
            <Section title="What is known">{known}</Section>
            <Section title="Timeline">
                {if events.is_empty() {
                    view! { <p class="quiet">"Nothing has happened yet."</p> }.into_any()
                } else {
                    view! { <Timeline events/> }.into_any()
                }}
            </Section>
        </Page>
    }
    .into_any()
}

/// How far it is, step by step.
pub fn how_far(progress: RevocationProgress) -> AnyView {
    let RevocationProgress { asked, at_ca, in_crl, removed, finished, .. } = progress;
    let lead = if progress.is_open() {
        "It goes on by itself, whether or not this page stays open."
    } else {
        "All of it is done."
    };
    let steps = [
        ("At the CA, and answered by OCSP", at_ca),
        ("In the published CRL", in_crl),
        ("Gone from every device", removed),
        ("Finished", finished),
    ];
    view! {
        <Section title="Holds and revocations">
            <p class="quiet">{lead}</p>
            <div class="progressing">
                <progress
                    max=asked.to_string()
                    value=finished.to_string()
                    aria-label="Holds and revocations that are finished"
                ></progress>
            </div>
            <Details>
                {steps
                    .into_iter()
                    .map(|(name, done)| {
                        view! { <Detail name>{format!("{done} of {asked}")}</Detail> }
                    })
                    .collect_view()}
            </Details>
        </Section>
    }
    .into_any()
}

/// What was done just now.
fn said(saved: &str) -> Option<&'static str> {
    Some(match saved {
        "new" => "The user was created. Add them to a group, and its profiles reach their devices.",
        "edit" => "Saved.",
        "block" => "Blocked. Certificates go on hold; the timeline tells how far that is.",
        "unblock" => "The block was lifted.",
        "disable" => "Disabled. Certificates are being revoked; the timeline tells how far that is.",
        "enable" => "Enabled. New certificates are on the way.",
        _ => return None,
    })
}

fn device_table(devices: Vec<DeviceSummary>, state: UserState) -> AnyView {
    if devices.is_empty() {
        let text = if state == UserState::Enabled {
            "Certificates come once a device of theirs is registered and enrolled."
        } else {
            "Devices can be registered for this person at any time."
        };
        return view! {
            <Empty title="No device">
                <p>{text}</p>
                <a class="btn" href="/devices">
                    "To the devices"
                </a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table label="Devices of this person" columns=&["Name", "State", "Platform", "Last seen"]>
            {devices
                .into_iter()
                .map(|device| {
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/devices/{}", device.id)>{device.name}</a>
                            </td>
                            <td class="state">
                                <State of=device.state/>
                            </td>
                            <td>{words::platform(device.platform)}</td>
                            <td data-label="Last seen">
                                <PerhapsMoment at=device.last_contact_at otherwise="never"/>
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

fn group_table(groups: Vec<MembershipView>) -> AnyView {
    if groups.is_empty() {
        return view! {
            <Empty title="In no group">
                <p>"Profiles reach the members of groups: add this person on a group's page."</p>
                <a class="btn" href="/groups">
                    "To the groups"
                </a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table label="Groups of this person" columns=&["Group", "Since", "Source"]>
            {groups
                .into_iter()
                .map(|it| {
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/groups/{}", it.group.id)>{it.group.name}</a>
                            </td>
                            <td data-label="Since">
                                <Moment at=it.valid_from/>
                            </td>
                            <td>{source(it.source)}</td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

fn certificate_table(certificates: Vec<CertificateSummary>, user_name: &str, user: String) -> AnyView {
    if certificates.is_empty() {
        return view! { <p class="quiet">"No certificate was ever issued to this person."</p> }.into_any();
    }
    let all = crate::pages::address("/certificates", &[("q", user_name), ("user", &user)]);
    view! {
        <Table label="Certificates of this person" columns=&["Subject", "State", "Profile", "Device", "Good until"]>
            {certificates
                .into_iter()
                .map(|it| {
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/certificates/{}", it.id)>{it.subject}</a>
                            </td>
                            <td class="state">
                                <State of=it.status/>
                            </td>
                            <td>{it.profile.name}</td>
                            <td>{it.device.map_or_else(|| "All of them".to_owned(), |device| device.name)}</td>
                            <td data-label="Good until">
                                <Moment at=it.not_after/>
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
        <p class="after">
            <a class="text" href=all>
                "All certificates of this person"
            </a>
        </p>
    }
    .into_any()
}

fn details(user: UserView) -> AnyView {
    let known = [
        ("User name", Some(user.user_name)),
        ("User principal name", user.upn),
        ("E-mail address", user.email),
        ("Distinguished name", user.on_prem_dn),
        ("SAM account name", user.sam_account_name),
        ("Security identifier", user.sid),
        ("External id", user.external_id),
    ];
    let (attributes, created) = (user.attributes, user.created_at);
    view! {
        <Details>
            {known
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .map(|(name, value)| view! { <Detail name>{value}</Detail> })
                .collect_view()}
            {attributes
                .into_iter()
                .map(|(name, value)| {
                    view! {
                        <dt>{format!("Attribute {name}")}</dt>
                        <dd>{value}</dd>
                    }
                })
                .collect_view()} <Detail name="Created">
                <Moment at=created/>
            </Detail>
        </Details>
    }
    .into_any()
}
