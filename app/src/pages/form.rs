//! A form as it was sent: pairs of name and value, of which a name may come several times.

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use certporter::service::ServiceError;

use super::asked::{Asked, PagesState};

/// What was sent. For a form whose fields repeat; another one is read into a struct.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent(Vec<(String, String)>);

impl Sent {
    /// Every value under this name, in order.
    pub fn all<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value under this name; empty when there is none.
    #[must_use]
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether something was sent under this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Every pair, in order.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl From<Vec<(String, String)>> for Sent {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl FromRequest<PagesState> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &PagesState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(asked) = <Asked as FromRequestParts<PagesState>>::from_request_parts(&mut parts, state).await;
        match Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts, body), state).await {
            Ok(Form(pairs)) => Ok(Self(pairs)),
            Err(error) => Err(asked.refuse(ServiceError::field("", error.body_text())).await),
        }
    }
}
