//! `POST /theme`: light, dark, or as the system is set; kept in a cookie.

use axum::Form;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, header};
use serde::Deserialize;

use super::own_path;
use crate::ui::layout::Theme;

/// What the form holds.
#[derive(Deserialize)]
pub struct ThemeForm {
    theme: String,
    #[serde(default)]
    back: String,
}

/// Keeps the choice and leads back.
pub async fn choose(Form(form): Form<ThemeForm>) -> Response {
    let theme = Theme::from_word(&form.theme);
    let cookie = format!("theme={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.word());
    let mut response = Redirect::to(own_path(&form.back)).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
