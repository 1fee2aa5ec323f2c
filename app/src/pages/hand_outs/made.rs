//! The password of a file, shown this once, and the link to the file. The file itself is never in the same answer.

use certporter::service::hand_outs::HandOutMade;
use certporter_model::delivery::HandOutFormat;
use leptos::prelude::*;

use super::side::Side;
use crate::ui::facts::Section;
use crate::ui::notice::{Notice, Tone};
use crate::ui::qr::Qr;
use crate::ui::time::Moment;
use crate::ui::words::sentence;

/// What is done with the file on the device.
const fn next(format: HandOutFormat) -> &'static str {
    match format {
        HandOutFormat::Pfx => {
            "Open the file on the device, type the password, and let it import the certificate."
        }
        HandOutFormat::Mobileconfig => {
            "On the device, download the profile, then install it under Settings, Profile downloaded. It asks for the password once for each certificate in it."
        }
        HandOutFormat::Syncml => {
            "Have the device management send the commands, with the password in place of PASSWORD-FROM-THE-OTHER-SCREEN."
        }
    }
}

/// The page. `here` is the device's own.
pub fn page(side: Side, here: String, made: HandOutMade) -> AnyView {
    let (link, drawn, expires_at) = (made.link.clone(), made.link.clone(), made.expires_at);
    let back = format!("{here}/hand-outs");
    let what = match made.password.clone() {
        Some(password) => view! {
            <Section title="Password">
                <p class="quiet">"It opens the file. It is in no link and no file."</p>
                <p class="secret mono">{password}</p>
            </Section>
        }
        .into_any(),
        None => view! {
            <Section title="Password">
                <p>"None: the profile is sealed to the device\u{2019}s own certificate."</p>
            </Section>
        }
        .into_any(),
    };
    let (left_out, step) = (made.left_out.clone(), next(made.format));
    let file = format!("Open it on the device: {}.", made.file_name);
    let content = view! {
        <Notice tone=Tone::Wary>
            <p>
                "This page can\u{2019}t be shown again. The link works once, and ends " <Moment at=expires_at/> "."
            </p>
        </Notice>
        {left_out.into_iter().map(|text| view! { <p>{sentence(&text)}</p> }).collect_view()}
        <div class="code-and-picture">
            <div>
                {what}
                <Section title="Link to the file">
                    <p class="quiet">{file}</p>
                    <p class="secret mono">{link}</p>
                </Section>
                <Section title="On the device">
                    <p>{step}</p>
                </Section>
            </div>
            <Section title="The link as a picture">
                <Qr text=drawn label="The link to the file; the password is not in it"/>
            </Section>
        </div>
        <p>
            <a class="btn" href=back>
                "Done"
            </a>
        </p>
    };
    let title = format!("Get {}", made.file_name);
    side.page(title, "Password on this screen, file on the device.", content.into_any())
}
