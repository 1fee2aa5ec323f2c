//! For whom a page is: the person whose device it is, or staff.

use certporter::service::ServiceError;
use certporter::service::self_service::for_themselves;
use certporter_model::access::Caller;
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::own::{OwnPage, OwnPlace};

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The person.
    Own,
    /// Staff.
    Staff,
}

impl Side {
    /// Who asks: on one's own pages with the role user alone.
    ///
    /// # Errors
    /// When nobody known is asking, or the caller is nobody's.
    pub fn caller(self, asked: &Asked) -> Result<Caller, ServiceError> {
        match self {
            Self::Own => for_themselves(&asked.caller),
            Self::Staff => Ok(asked.caller.clone()),
        }
    }

    /// The device's own page.
    #[must_use]
    pub fn device(self, id: &str) -> String {
        match self {
            Self::Own => format!("/me/devices/{id}"),
            Self::Staff => format!("/devices/{id}"),
        }
    }

    /// A page with its frame.
    pub fn page(self, title: String, lead: &'static str, content: AnyView) -> AnyView {
        match self {
            Self::Own => view! {
                <OwnPage title=title.clone() place=OwnPlace::Devices>
                    <Heading title lead within=("/me", "My devices")/>
                    {content}
                </OwnPage>
            }
            .into_any(),
            Self::Staff => view! {
                <Page title=title.clone() task=Some(Task::Devices)>
                    <Heading title lead within=("/devices", "Devices")/>
                    {content}
                </Page>
            }
            .into_any(),
        }
    }
}
