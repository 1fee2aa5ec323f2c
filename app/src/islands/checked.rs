//! A form that the server checks while somebody types.

use leptos::prelude::*;

/// The form in it. A moment after each change it is sent to `source`, which runs the parser that also saves it, and
/// answers with JSON: what is wrong with which field, and the preview, both as HTML. Without JavaScript the form's own
/// buttons do the same.
///
/// What is wrong is shown beside a field (`#name-wrong`) once somebody touched it or something stands in it: nobody is
/// told off for what they have not come to yet.
#[island]
pub fn Checked(
    /// Where the form is checked.
    source: String,
    /// The form.
    children: Children,
) -> impl IntoView {
    let failed = RwSignal::new(false);
    let part = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    browser::check(source, part, failed);
    #[cfg(not(feature = "hydrate"))]
    let _ = source;
    view! {
        <p class="unchecked" role="status">
            {move || {
                failed.get().then_some("The portal does not answer: what you type is checked when it is sent.")
            }}
        </p>
        <div node_ref=part>{children()}</div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::{Cell, RefCell};
    use std::collections::HashSet;
    use std::rc::Rc;
    use std::time::Duration;

    use leptos::leptos_dom::helpers::TimeoutHandle;
    use leptos::prelude::*;
    use leptos::web_sys::js_sys::futures::JsFuture;
    use leptos::web_sys::wasm_bindgen::closure::Closure;
    use leptos::web_sys::wasm_bindgen::{JsCast, JsValue};
    use web_sys::{
        Document, Element, Event, FormData, HtmlCollection, HtmlElement, HtmlFormElement, HtmlInputElement,
        RequestInit, Response, UrlSearchParams,
    };

    /// How long a pause in typing is.
    const PAUSE: Duration = Duration::from_millis(250);

    /// What the server answers.
    #[derive(serde::Deserialize)]
    struct Answer {
        /// Field, and what is wrong with it as HTML.
        errors: Vec<(String, String)>,
        /// The preview as HTML.
        preview: String,
    }

    struct Checking {
        source: String,
        form: HtmlFormElement,
        failed: RwSignal<bool>,
        touched: RefCell<HashSet<String>>,
        waiting: Cell<Option<TimeoutHandle>>,
        /// Counts what was sent: only the answer to the last of it is shown.
        sent: Cell<u32>,
    }

    /// Checks the form of a part for as long as the page is open.
    pub(super) fn check(source: String, part: NodeRef<leptos::html::Div>, failed: RwSignal<bool>) {
        Effect::new(move |_| {
            let Some(part) = part.get() else { return };
            let Ok(Some(form)) = part.query_selector("form") else { return };
            let Ok(form) = form.dyn_into::<HtmlFormElement>() else { return };
            let checking = Rc::new(Checking {
                source: source.clone(),
                form,
                failed,
                touched: RefCell::default(),
                waiting: Cell::new(None),
                sent: Cell::new(0),
            });
            let input = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
                if let Some(target) = event.target().and_then(|it| it.dyn_into::<Element>().ok()) {
                    checking.changed(&target);
                }
            });
            let listened = part.add_event_listener_with_callback("input", input.as_ref().unchecked_ref());
            if listened.is_ok() {
                // It lives as long as the page.
                input.forget();
            }
        });
    }

    impl Checking {
        fn changed(self: &Rc<Self>, target: &Element) {
            if let Some(place) = place_of(target) {
                self.touched.borrow_mut().insert(place.id());
            }
            if let Some(waiting) = self.waiting.take() {
                waiting.clear();
            }
            let checking = Rc::clone(self);
            let ask = move || leptos::task::spawn_local(async move { checking.ask().await });
            self.waiting.set(set_timeout_with_handle(ask, PAUSE).ok());
        }

        async fn ask(&self) {
            let number = self.sent.get().wrapping_add(1);
            self.sent.set(number);
            let answer = self.fetch().await;
            if self.sent.get() != number {
                return;
            }
            self.failed.set(answer.is_none());
            if let (Some(answer), Some(document)) = (answer, self.form.owner_document()) {
                self.show(&document, &answer);
            }
        }

        async fn fetch(&self) -> Option<Answer> {
            let typed = FormData::new_with_form(&self.form).ok()?;
            let typed = UrlSearchParams::new_with_str_sequence_sequence(typed.as_ref()).ok()?;
            let asks = RequestInit::new();
            asks.set_method("POST");
            asks.set_body(typed.as_ref());
            let response = web_sys::window()?.fetch_with_str_and_init(&self.source, &asks);
            let response: Response = JsFuture::from(response).await.ok()?.dyn_into().ok()?;
            if !response.ok() {
                return None;
            }
            let text: JsValue = JsFuture::from(response.text().ok()?).await.ok()?.into();
            serde_json::from_str(&text.as_string()?).ok()
        }

        fn show(&self, document: &Document, answer: &Answer) {
            for place in each(&self.form.get_elements_by_class_name("wrongs")) {
                let id = place.id();
                let Some(field) = id.strip_suffix("-wrong") else { continue };
                let input = document.get_element_by_id(field);
                let told = self.touched.borrow().contains(&id) || is_filled(&place);
                let wrong = answer.errors.iter().filter(|(of, _)| told && of == field);
                let html: String = wrong.map(|(_, html)| html.as_str()).collect();
                mark(input.as_ref(), !html.is_empty());
                // What stays as it is, is not read out again.
                if place.inner_html() != html {
                    place.set_inner_html(&html);
                }
            }
            self.strike(answer);
            if let Ok(Some(preview)) = self.form.query_selector("[data-preview]") {
                let focused =
                    document.active_element().filter(|it| preview.contains(Some(it))).map(|it| it.id());
                preview.set_inner_html(&answer.preview);
                let again =
                    focused.and_then(|id| document.get_element_by_id(&id)?.dyn_into::<HtmlElement>().ok());
                if let Some(again) = again {
                    let _ = again.focus();
                }
            }
        }

        /// Takes from the list above the form what is mended.
        fn strike(&self, answer: &Answer) {
            let Ok(Some(list)) = self.form.query_selector(".wrong-fields") else { return };
            for link in each(&list.get_elements_by_tag_name("a")) {
                let to = link.get_attribute("href").unwrap_or_default();
                let stands = answer.errors.iter().any(|(field, _)| to.strip_prefix('#') == Some(field));
                if let Some(line) = link.parent_element() {
                    let _ = line.toggle_attribute_with_force("hidden", !stands);
                }
            }
        }
    }

    /// Where is told what is wrong with the field that an element belongs to.
    fn place_of(element: &Element) -> Option<Element> {
        element.closest(".field").ok()??.query_selector(".wrongs").ok()?
    }

    /// Whether anything stands in the field that a place belongs to.
    fn is_filled(place: &Element) -> bool {
        let Ok(Some(field)) = place.closest(".field") else { return false };
        // A list always has something chosen.
        field.get_elements_by_tag_name("select").length() > 0
            || each(&field.get_elements_by_tag_name("input"))
                .filter_map(|input| input.dyn_into::<HtmlInputElement>().ok())
                .any(|input| match input.type_().as_str() {
                    "checkbox" | "radio" => input.checked(),
                    _ => !input.value().is_empty(),
                })
    }

    fn each(elements: &HtmlCollection) -> impl Iterator<Item = Element> {
        (0..elements.length()).filter_map(|at| elements.item(at))
    }

    /// Marks a field itself, where it is one input.
    fn mark(input: Option<&Element>, wrong: bool) {
        let Some(input) =
            input.filter(|it| matches!(it.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"))
        else {
            return;
        };
        let class = format!("{}-error", input.tag_name().to_lowercase());
        let _ = input.class_list().toggle_with_force(&class, wrong);
        let _ = match wrong {
            true => input.set_attribute("aria-invalid", "true"),
            false => input.remove_attribute("aria-invalid"),
        };
    }
}
