//! `/settings/portal`: how the portal is set up.

use axum::response::Response;
use certporter::service::settings::{self, SettingsView};
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::facts::{Detail, Details, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::time::exact;

/// Clocks that differ by more are wrong.
const CLOCKS_DIFFER_MS: u64 = 5_000;

/// Shows it.
pub async fn get(asked: Asked) -> Response {
    let view = settings::get(&asked.portal, &asked.caller).await;
    asked.answer(view, page).await
}

/// The page.
pub fn page(view: SettingsView) -> AnyView {
    let (known, there) = (view.schema.1, view.schema.0);
    let apart = view.now.as_millis().abs_diff(view.database_now.as_millis()) > CLOCKS_DIFFER_MS;
    view! {
        <Page title="The portal".to_owned() task=Some(Task::Settings)>
            <Heading
                title="The portal"
                lead="How it is set up. These are changed where the portal is started, by a flag, the environment or the configuration file."
                within=("/settings", "Settings")
            />
            {apart
                .then(|| {
                    view! {
                        <Notice tone=Tone::Wary>
                            <p>
                                "The portal\u{2019}s clock and the database\u{2019}s differ by more than five seconds: leases and certificates depend on them. Set both by NTP."
                            </p>
                        </Notice>
                    }
                })}
            <Section title="Addresses">
                <Details>
                    <Detail name="People and REST">
                        <span class="mono">{view.portal_address}</span>
                        <p class="hint">"--public-url: links in invitations, and the origin that forms must come from."</p>
                    </Detail>
                    <Detail name="Devices">
                        <span class="mono">{view.device_address}</span>
                        <p class="hint">"--device-url: in enrolment codes. Devices that are enrolled keep the one they have."</p>
                    </Detail>
                    <Detail name="Relying parties">
                        <span class="mono">{view.pki_address}</span>
                        <p class="hint">
                            "--pki-url: frozen into every certificate for CA certificates, CRL and OCSP. Keep an old one reachable until the last certificate with it has expired."
                        </p>
                    </Detail>
                </Details>
            </Section>
            <Section title="Database">
                <Details>
                    <Detail name="Engine">
                        {view.database}
                        <p class="hint">"--database-url chooses PostgreSQL; without it, SQLite in the data folder."</p>
                    </Detail>
                    <Detail name="Tables">
                        {if known == there {
                            format!("version {there}, up to date")
                        } else {
                            format!("version {there}, this program knows {known}")
                        }}
                    </Detail>
                    <Detail name="Its clock">{exact(view.database_now)}</Detail>
                </Details>
            </Section>
            <Section title="Program">
                <Details>
                    <Detail name="Version">{view.version}</Detail>
                    <Detail name="Its clock">{exact(view.now)}</Detail>
                    <Detail name="Check-up">
                        <span class="mono">"certporter doctor"</span>
                        <p class="hint">"On the host: says what is not as it should be, and what to do about it."</p>
                    </Detail>
                    <Detail name="For monitoring">
                        <span class="mono">"/healthz, /readyz, /metrics"</span>
                    </Detail>
                    <Detail name="REST API">
                        <a class="text" href="/api/v1/openapi.json">
                            "OpenAPI document"
                        </a>
                    </Detail>
                </Details>
            </Section>
        </Page>
    }
    .into_any()
}
