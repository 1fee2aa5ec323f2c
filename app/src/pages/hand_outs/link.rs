//! `/hand-out/{token}`: where a file is fetched, by whoever has the link, once. Looking at the page uses nothing up:
//! programs that open every address they see do no harm.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use certporter::service::hand_outs::{self, HandOutFile, LinkView};
use http::{HeaderValue, header};
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::icon::Icon;
use crate::ui::layout::AlonePage;
use crate::ui::time::Moment;

/// Says what the link is to.
pub async fn get(asked: Asked, Path(token): Path<String>) -> Response {
    let found = hand_outs::look_at(&asked.portal, &asked.caller, &token).await;
    asked.answer(found.map(|found| (token, found)), |(token, found)| page(token, found)).await
}

/// Answers with the file, and uses the link up.
pub async fn post(asked: Asked, Path(token): Path<String>) -> Response {
    match hand_outs::fetch(&asked.portal, &asked.caller, &token).await {
        Ok(file) => answer(file),
        Err(error) => asked.refuse(error).await,
    }
}

fn answer(file: HandOutFile) -> Response {
    let HandOutFile { file_name, media_type, octets } = file;
    let mut response = octets.to_vec().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // The name has letters, digits, hyphens and a dot.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page.
pub fn page(token: String, found: LinkView) -> AnyView {
    let action = format!("/hand-out/{token}");
    view! {
        <AlonePage title="Your certificate" lead=format!("The file {} waits here for you.", found.file_name)>
            <form class="form" method="post" action=action>
                <p>
                    "This works once, until " <Moment at=found.expires_at/>
                    ". The password is on the screen where the link was made."
                </p>
                <button class="btn btn-primary w-full" type="submit">
                    <Icon name="download"/>
                    "Download the file"
                </button>
            </form>
        </AlonePage>
    }
    .into_any()
}
