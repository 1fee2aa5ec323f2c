//! `/settings/own`: one's own account.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::own_account::{self, OwnAccount, SessionView};
use certporter::service::time_zone::TimeZone;
use certporter::web::sessions::{self, Session};
use certporter_model::FieldErrors;
use certporter_model::thumbprint::SecretHash;
use http::StatusCode;
use leptos::prelude::*;

use super::roles;
use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::field::{ChoiceField, TextField};
use crate::ui::layout::{Heading, Page, Surroundings, Task, ThemeChoice};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::table::Table;
use crate::ui::time::{Moment, PerhapsMoment};

/// What the address says was done.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Done {
    /// What was saved: `password`, `time-zone`, `sessions`.
    pub saved: String,
}

/// The form of the password. Nothing of it is shown again.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    old_password: String,
    password: String,
    again: String,
}

/// The form of the time zone.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ZoneForm {
    time_zone: String,
}

/// Which session ends: its name, or `others`.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct EndForm {
    session: String,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Own {
    /// The account.
    pub account: OwnAccount,
    /// Its sessions.
    pub sessions: Vec<SessionView>,
    /// The session in use.
    pub session: Option<SecretHash>,
    /// What was done before.
    pub saved: String,
    /// What was wrong with a form.
    pub errors: FieldErrors,
}

/// Shows it.
pub async fn get(asked: Asked, session: Session, Query(done): Query<Done>) -> Response {
    show(&asked, &session, StatusCode::OK, done.saved, FieldErrors::new()).await
}

async fn show(
    asked: &Asked,
    session: &Session,
    status: StatusCode,
    saved: String,
    errors: FieldErrors,
) -> Response {
    let read = async {
        Ok::<_, ServiceError>(Own {
            account: own_account::get(&asked.portal, &asked.caller).await?,
            sessions: own_account::own_sessions(&asked.portal, &asked.caller).await?,
            session: sessions::own(session),
            saved,
            errors,
        })
    };
    match read.await {
        Ok(own) => asked.renderer.page(status, move || page(own.clone())).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn done(
    asked: &Asked,
    session: &Session,
    what: &'static str,
    outcome: Result<(), ServiceError>,
) -> Response {
    match outcome.map_err(form_errors) {
        Ok(()) => Redirect::to(&format!("/settings/own?saved={what}")).into_response(),
        Err(Ok(errors)) => {
            show(asked, session, StatusCode::UNPROCESSABLE_ENTITY, String::new(), errors).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// Changes the password.
pub async fn password(asked: Asked, session: Session, Form(form): Form<PasswordForm>) -> Response {
    let change = async {
        if form.password != form.again {
            return Err(ServiceError::field("again", "the two passwords differ: type the same one twice"));
        }
        let keep = sessions::own(&session);
        own_account::set_own_password(
            &asked.portal,
            &asked.caller,
            form.old_password.into(),
            form.password.into(),
            keep,
        )
        .await
    };
    let outcome = change.await;
    done(&asked, &session, "password", outcome).await
}

/// Changes the time zone.
pub async fn time_zone(asked: Asked, session: Session, Form(form): Form<ZoneForm>) -> Response {
    let outcome = own_account::set_time_zone(&asked.portal, &asked.caller, &form.time_zone).await;
    done(&asked, &session, "time-zone", outcome).await
}

/// Ends sessions.
pub async fn end_sessions(asked: Asked, session: Session, Form(form): Form<EndForm>) -> Response {
    let end = async {
        if form.session == "others" {
            let own = sessions::own(&session);
            own_account::end_other_sessions(&asked.portal, &asked.caller, own).await.map(|_| ())
        } else {
            let hash = id::<SecretHash>(&form.session, "session")?;
            own_account::end_own_session(&asked.portal, &asked.caller, hash).await
        }
    };
    let outcome = end.await;
    done(&asked, &session, "sessions", outcome).await
}

/// The page.
pub fn page(own: Own) -> AnyView {
    let Own { account, sessions, session, saved, errors } = own;
    let around = expect_context::<Surroundings>();
    let said = match saved.as_str() {
        "password" => Some("Your password was changed. Your other sessions have ended."),
        "time-zone" => Some("Your time zone was saved."),
        "sessions" => Some("Ended."),
        _ => None,
    };
    let roles = account.grants.iter().map(|grant| roles::name(grant.role)).collect::<Vec<_>>().join(", ");
    let password = password_form(account.name.clone(), errors.clone());
    let zone = zone_form(account.time_zone.unwrap_or_default(), errors.clone());
    let sessions = table(sessions, session);
    view! {
        <Page title="My account".to_owned() task=Some(Task::Settings)>
            <Heading
                title="My account"
                lead="Your password, your time zone, and where you are signed in."
                within=("/settings", "Settings")
            />
            {said
                .map(|said| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>{said}</p>
                        </Notice>
                    }
                })}
            <FormErrors errors/>
            <Facts>
                <Fact name="Name">{account.name}</Fact>
                <Fact name="Called">{account.display_name}</Fact>
                <Fact name="Roles">{roles}</Fact>
                <Fact name="Signed in">
                    <PerhapsMoment at=account.last_sign_in_at otherwise="never"/>
                </Fact>
            </Facts>
            <Section title="Password">
                {password}
            </Section>
            <Section title="Time zone">
                {zone}
            </Section>
            <Section title="Colours">
                <div class="form">
                    <ThemeChoice theme=around.theme address="/settings/own".to_owned()/>
                </div>
            </Section>
            <Section title="Where you are signed in">{sessions}</Section>
        </Page>
    }
    .into_any()
}

fn password_form(name: String, errors: FieldErrors) -> AnyView {
    view! {
                <form class="form" method="post" action="/settings/own/password">
                    <input type="hidden" name="username" autocomplete="username" value=name/>
                    <TextField
                        name="old_password"
                        label="Present password"
                        kind="password"
                        autocomplete="current-password"
                        errors=errors.clone()
                    />
                    <TextField
                        name="password"
                        label="New password"
                        kind="password"
                        autocomplete="new-password"
                        hint="At least 12 characters. A sentence is easier to keep than a riddle."
                        errors=errors.clone()
                    />
                    <TextField
                        name="again"
                        label="New password again"
                        kind="password"
                        autocomplete="new-password"
                        errors
                    />
                    <div>
                        <button class="btn btn-primary" type="submit">
                            "Change the password"
                        </button>
                    </div>
                </form>
    }
    .into_any()
}

fn zone_form(zone: String, errors: FieldErrors) -> AnyView {
    let zones = TimeZone::offered().map(|zone| (zone, zone)).collect::<Vec<_>>();
    view! {
                <form class="form" method="post" action="/settings/own/time-zone">
                    <ChoiceField
                        name="time_zone"
                        label="Exact times are shown in"
                        choices=zones
                        value=zone
                        none="UTC"
                        hint="Times are told relative to now; the exact one shows when you point at it."
                        errors
                    />
                    <div>
                        <button class="btn" type="submit">
                            "Save the time zone"
                        </button>
                    </div>
                </form>
    }
    .into_any()
}

fn table(sessions: Vec<SessionView>, own: Option<SecretHash>) -> AnyView {
    let others = sessions.iter().any(|session| Some(session.id) != own);
    view! {
        {session_table(sessions, own, "/settings/own/sessions".to_owned())}
        {others
            .then(|| {
                view! {
                    <form method="post" action="/settings/own/sessions" class="after-table">
                        <button class="btn" type="submit" name="session" value="others">
                            "End all the others"
                        </button>
                    </form>
                }
            })}
    }
    .into_any()
}

/// Sessions, each with a button that ends it; `own` is the one in use.
pub fn session_table(sessions: Vec<SessionView>, own: Option<SecretHash>, action: String) -> AnyView {
    view! {
        <Table label="Sessions" columns=&["Browser", "Address", "Began", "Last used", ""]>
            {sessions
                .into_iter()
                .map(|session| {
                    let this = Some(session.id) == own;
                    let action = action.clone();
                    let browser = browser(session.agent.as_deref().unwrap_or_default());
                    view! {
                        <tr>
                            <td class="name">
                                <span title=session.agent.unwrap_or_default()>{browser.clone()}</span>
                            </td>
                            <td class="mono address">{session.address}</td>
                            <td data-label="Began">
                                <Moment at=session.created_at/>
                            </td>
                            <td data-label="Last used">
                                <Moment at=session.last_seen_at/>
                            </td>
                            <td>
                                {if this {
                                    view! { <span class="quiet">"This one"</span> }.into_any()
                                } else {
                                    view! {
                                        <form method="post" action=action>
                                            <button
                                                class="btn btn-sm"
                                                type="submit"
                                                name="session"
                                                value=session.id.to_string()
                                                aria-label=format!("End the session of {browser}")
                                            >
                                                "End"
                                            </button>
                                        </form>
                                    }
                                        .into_any()
                                }}
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// A browser's name, out of what it says of itself.
fn browser(agent: &str) -> String {
    let has = |part: &str| agent.contains(part);
    let name = match () {
        () if has("Firefox/") => "Firefox",
        () if has("Edg/") => "Edge",
        () if has("Chrome/") => "Chrome",
        () if has("Safari/") => "Safari",
        () if agent.is_empty() => "Unknown browser",
        () => return agent.chars().take(40).collect(),
    };
    let system = match () {
        () if has("Windows") => " on Windows",
        () if has("Android") => " on Android",
        () if has("iPhone") || has("iPad") => " on iOS",
        () if has("Mac OS") => " on macOS",
        () if has("Linux") => " on Linux",
        () => "",
    };
    format!("{name}{system}")
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn browsers_are_called_by_their_names() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser("curl/8"), "curl/8");
        assert_eq!(browser(""), "Unknown browser");
    }
}
