//! Ready-made settings for a Linux device.

use axum::extract::Path;
use axum::response::Response;
use certporter::service::ServiceError;
use certporter::service::hand_outs::{self, CopySnippets};
use certporter_model::DeviceId;
use leptos::prelude::*;

use super::side::Side;
use crate::pages::asked::{Asked, id};
use crate::ui::words::{feature, sentence};

/// Shows them.
pub(super) async fn get(side: Side, asked: Asked, Path(text): Path<String>) -> Response {
    let read = async {
        let caller = side.caller(&asked)?;
        let found = hand_outs::snippets(&asked.portal, &caller, id::<DeviceId>(&text, "device")?).await?;
        Ok::<_, ServiceError>((side, found))
    };
    let read = read.await;
    asked.answer(read, |(side, found)| page(side, found)).await
}

/// The page.
pub fn page(side: Side, found: Vec<CopySnippets>) -> AnyView {
    let content = if found.is_empty() {
        view! {
            <p class="quiet">
                "There is nothing to set up: no certificate is on this device, or it doesn\u{2019}t run Linux."
            </p>
        }
        .into_any()
    } else {
        found.into_iter().map(copy).collect_view().into_any()
    };
    side.page(
        "Set up with the certificates".to_owned(),
        "The paths are those of the agent\u{2019}s usual folder, /var/lib/certporter. Nothing here is secret.",
        content,
    )
}

fn copy(copy: CopySnippets) -> AnyView {
    let title = format!("{}: {}", copy.profile.name, feature(copy.feature));
    view! {
        <section class="snippets">
            <h2>{title}</h2>
            {copy.left_out.into_iter().map(|text| view! { <p class="quiet">{sentence(&text)}</p> }).collect_view()}
            {copy
                .snippets
                .into_iter()
                .map(|snippet| {
                    view! {
                        <h3>{snippet.program}</h3>
                        <p class="quiet mono">{snippet.place}</p>
                        <pre class="command" tabindex="0">
                            <code>{snippet.text}</code>
                        </pre>
                    }
                })
                .collect_view()}
        </section>
    }
    .into_any()
}
