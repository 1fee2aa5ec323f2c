//! `/me/devices/{id}/code`: the one-time code with which a device is set up, as text and as a picture, and the exact next
//! step for what it runs on. Shown this once.

use axum::extract::Path;
use axum::response::Response;
use certporter::service::devices::{DeviceView, EnrolmentCodeView};
use certporter::service::self_service::devices;
use certporter_model::platform::Platform;
use certporter_model::{DeviceId, FieldErrors};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::escaped;
use crate::ui::facts::Section;
use crate::ui::layout::Heading;
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::own::{BigButton, BigLink, OwnPage, OwnPlace, platform_words};
use crate::ui::qr::Qr;
use crate::ui::time::Moment;

/// Says what a code is for: reading a page makes none.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    match read(&asked, &text).await {
        Ok(device) => offer(&asked, device, StatusCode::OK, FieldErrors::new()).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Makes a code and shows it.
pub async fn post(asked: Asked, Path(text): Path<String>) -> Response {
    let device = match read(&asked, &text).await {
        Ok(device) => device,
        Err(error) => return asked.refuse(error).await,
    };
    match devices::code(&asked.portal, &asked.caller, device.device.id).await.map_err(form_errors) {
        Ok(made) => show(&asked, device, made).await,
        Err(Ok(errors)) => offer(&asked, device, StatusCode::UNPROCESSABLE_ENTITY, errors).await,
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn read(asked: &Asked, text: &str) -> Result<DeviceView, certporter::service::ServiceError> {
    let id: DeviceId = id(text, "device")?;
    devices::get(&asked.portal, &asked.caller, id).await
}

async fn offer(asked: &Asked, device: DeviceView, status: StatusCode, errors: FieldErrors) -> Response {
    let view = move || offer_page(device.clone(), errors.clone());
    asked.renderer.page(status, view).await
}

/// Answers with the code.
pub async fn show(asked: &Asked, device: DeviceView, made: EnrolmentCodeView) -> Response {
    let view = move || page(device.clone(), made.clone());
    asked.renderer.page(StatusCode::OK, view).await
}

/// The page that offers a code.
pub fn offer_page(view: DeviceView, errors: FieldErrors) -> AnyView {
    let device = view.device;
    let here = format!("/me/devices/{}", device.id);
    let title = format!("Set up {}", device.name);
    view! {
        <OwnPage title=title.clone() place=OwnPlace::Devices>
            <Heading
                title
                lead="You get a code that works once, on this device, within a day. A code from before stops working."
                within=("/me", "My devices")
            />
            <FormErrors errors/>
            <div class="own-actions">
                <BigButton address=format!("{here}/code") icon="send" words="Show me the code"/>
                <BigLink address=here icon="undo-2" words="Not now"/>
            </div>
        </OwnPage>
    }
    .into_any()
}

/// The page that shows a code.
pub fn page(view: DeviceView, made: EnrolmentCodeView) -> AnyView {
    let device = view.device;
    let here = format!("/me/devices/{}", device.id);
    let title = format!("Set up {}", device.name);
    let steps = steps(device.platform, &here, &made);
    let EnrolmentCodeView { code, server, expires_at, .. } = made.clone();
    let picture = format!("certporter:enrol?server={}&code={}", escaped(&made.server), made.code);
    view! {
        <OwnPage title=title.clone() place=OwnPlace::Devices>
            <Heading title lead=platform_words(device.platform) within=("/me", "My devices")/>
            <Section title="Do this now">{steps}</Section>
            <div class="code-and-picture">
                <div>
                    <Section title="Your code">
                        <p class="secret mono">{code}</p>
                    </Section>
                    <Section title="Server">
                        <p class="secret mono">{server}</p>
                    </Section>
                </div>
                <Section title="As a picture">
                    <Qr text=picture label="The code and the server\u{2019}s address"/>
                </Section>
            </div>
            <Notice tone=Tone::Wary>
                <p>
                    "The code works once, and ends " <Moment at=expires_at/>
                    ". It is shown only now: if it is gone, make another. Give it to nobody."
                </p>
            </Notice>
            <div class="own-actions">
                <BigLink address=here icon="check" words="Done: show me the device" tone="btn-primary"/>
            </div>
        </OwnPage>
    }
    .into_any()
}

/// The exact next step for what the device runs on.
fn steps(platform: Platform, here: &str, made: &EnrolmentCodeView) -> AnyView {
    if platform == Platform::Linux {
        let EnrolmentCodeView { server, code, .. } = made;
        let command = format!(
            "CERTPORTER_ENROLMENT_CODE={code} \\\n  certporter agent enrol --server {server} --dir \
             /var/lib/certporter\ncertporter agent sync --dir /var/lib/certporter"
        );
        return view! {
            <ol class="own-steps">
                <li>"Open a terminal on that computer."</li>
                <li>
                    <p>"Paste this, and press Enter:"</p>
                    <pre class="command" tabindex="0">
                        <code>{command}</code>
                    </pre>
                </li>
                <li>"Your certificates arrive by themselves, within a minute."</li>
            </ol>
        }
        .into_any();
    }
    let get = "Sign in there, come to this page, and press this:";
    let (first, second) = match platform {
        Platform::Ios => {
            ("Take the iPhone or iPad into your hand and open this portal on it, in Safari.", get)
        }
        Platform::Android => ("Take the phone or tablet into your hand and open this portal on it.", get),
        Platform::Windows => (
            "If your organisation manages this computer, there is nothing to do: what you need comes by itself.",
            "If not, open this portal on it, come to this page, and press this:",
        ),
        Platform::Macos => ("Sit down at the Mac and open this portal on it, in Safari.", get),
        Platform::Linux | Platform::Other => ("Open this portal on that device.", get),
    };
    view! {
        <ol class="own-steps">
            <li>{first}</li>
            <li>
                <p>{second}</p>
                <BigLink
                    address=format!("{here}/hand-outs")
                    icon="download"
                    words="Get certificates as files"
                    tone="btn-primary"
                />
            </li>
            <li>"A program on it that asks for a code gets the one below."</li>
        </ol>
    }
    .into_any()
}
