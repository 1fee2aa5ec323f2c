//! A sentence that must be seen.

use certporter_model::FieldErrors;
use leptos::prelude::*;

use super::icon::Icon;

/// What a notice is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Good,
    /// Something needs attention.
    Wary,
    /// Something went wrong.
    Bad,
}

/// A notice; one about something wrong is read out at once.
#[component]
pub fn Notice(
    /// What it is about.
    tone: Tone,
    /// What it says.
    children: Children,
) -> AnyView {
    let (class, icon) = match tone {
        Tone::Good => ("notice good", "circle-check"),
        Tone::Wary => ("notice wary", "triangle-alert"),
        Tone::Bad => ("notice bad", "circle-alert"),
    };
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    view! {
        <div class=class role=role>
            <Icon name=icon/>
            <div>{children()}</div>
        </div>
    }
    .into_any()
}

/// Says above a form that something in it is wrong, and what is wrong with the form as a whole (the field "").
#[component]
pub fn FormErrors(
    /// The form's errors.
    errors: FieldErrors,
) -> AnyView {
    let whole = errors.of("").map(str::to_owned).collect::<Vec<_>>();
    (!errors.is_empty())
        .then(|| {
            view! {
                <Notice tone=Tone::Bad>
                    {if whole.is_empty() {
                        view! { <p>"Nothing was done yet: see the field marked below."</p> }.into_any()
                    } else {
                        whole.into_iter().map(|message| view! { <p>{message}</p> }).collect_view().into_any()
                    }}
                </Notice>
            }
        })
        .into_any()
}
