//! A text as a QR code (ISO/IEC 18004), drawn on the server.

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// The light margin that readers need, in modules.
const QUIET: usize = 4;

/// The picture; nothing when the text is too long for one.
#[component]
pub fn Qr(
    /// What it holds.
    text: String,
    /// What it holds, for those who hear it.
    label: &'static str,
) -> AnyView {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return view! { <p class="quiet">"The text is too long for a picture."</p> }.into_any();
    };
    let width = code.width();
    let side = width + 2 * QUIET;
    let path = path(&code.to_colors(), width);
    view! {
        <svg class="qr" role="img" aria-label=label viewBox=format!("0 0 {side} {side}") shape-rendering="crispEdges">
            <path class="light" d=format!("M0 0h{side}v{side}h-{side}z")/>
            <path class="dark" d=path/>
        </svg>
    }
    .into_any()
}

/// The dark modules, each run of them in a row as one rectangle.
fn path(modules: &[Color], width: usize) -> String {
    let mut path = String::new();
    for (row, line) in modules.chunks(width).enumerate() {
        let mut column = 0;
        while column < width {
            let run = line[column..].iter().take_while(|&&module| module == Color::Dark).count();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", column + QUIET, row + QUIET));
            }
            column += run.max(1);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_dark_modules_are_rectangles() {
        let (dark, light) = (Color::Dark, Color::Light);
        assert_eq!(path(&[dark, dark, light, dark], 4), "M4 4h2v1h-2zM7 4h1v1h-1z");
        assert_eq!(path(&[light, light, light, dark], 2), "M5 5h1v1h-1z");
    }
}
