//! Ways to other pages that look like buttons or cards.

use leptos::prelude::*;

use super::icon::Icon;

/// A way to another page, as a button with an icon.
#[component]
pub fn LinkButton(
    /// Where it leads.
    #[prop(into)]
    to: String,
    /// Its icon's name.
    icon: &'static str,
    /// What it says.
    label: &'static str,
    /// Whether it is the main thing to do on the page.
    #[prop(optional)]
    primary: bool,
) -> AnyView {
    view! {
        <a class="btn" class:btn-primary=primary href=to>
            <Icon name=icon/>
            {label}
        </a>
    }
    .into_any()
}

/// A page among others, with what is found there.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// Its address.
    pub to: &'static str,
    /// Its icon's name.
    pub icon: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What is found there.
    pub about: &'static str,
}

/// Pages to choose from.
#[component]
pub fn Cards(
    /// The pages.
    of: Vec<Card>,
) -> AnyView {
    let each = of.into_iter().map(|Card { to, icon, name, about }| {
        view! {
            <a href=to>
                <span class="name">
                    <Icon name=icon/>
                    {name}
                </span>
                <span class="quiet">{about}</span>
            </a>
        }
    });
    view! { <div class="cards">{each.collect_view()}</div> }.into_any()
}
