//! The icons: those of lucide that `style/icons.txt` names, as one SVG sprite; and the folder `public`.

use std::fmt::Write as _;

use crate::assets::Site;
use crate::failure::{Failure, Outcome};
use crate::npm;
use crate::progress::Step;
use crate::stamp::{Stamp, files};
use crate::workspace::Workspace;

/// Builds the sprite and copies `public` into the site.
pub(crate) fn build(workspace: &Workspace, site: &mut Site) -> Outcome {
    let modules = npm::packages(workspace, "style")?;
    let step = Step::begin("the icons");
    let list = workspace.path("style/icons.txt");
    let stamp = Stamp::new(workspace, "icons")
        .path(&list)?
        .path(&workspace.path("public"))?
        .path(&workspace.path("style/package-lock.json"))?
        .check();
    if stamp.is() && site.keep(&["icons", "favicon", "portal"]) {
        step.unchanged();
        return Ok(());
    }
    let names = std::fs::read_to_string(&list).map_err(Failure::at(&list))?;
    let mut sprite = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg">"#);
    for name in names.lines().map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('#')) {
        let file = modules.join("lucide-static/icons").join(format!("{name}.svg"));
        let icon = std::fs::read_to_string(&file).map_err(Failure::at(&file))?;
        let shapes = icon
            .find("<svg")
            .and_then(|start| Some(start + icon[start..].find('>')? + 1))
            .and_then(|start| {
                Some(icon[start..icon.rfind("</svg>")?].split_whitespace().collect::<Vec<_>>().join(" "))
            })
            .ok_or_else(|| Failure::new(format!("{} is no SVG", file.display())))?;
        let _infallible = write!(
            sprite,
            r#"<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>"#
        );
    }
    sprite.push_str("</svg>");
    let size = site.add("icons", "icons", "svg", sprite.as_bytes())?;
    for file in files(&workspace.path("public"))? {
        let (Some(stem), Some(extension)) = (file.file_stem(), file.extension()) else { continue };
        let (stem, extension) = (stem.to_string_lossy(), extension.to_string_lossy());
        if !stem.starts_with('.') {
            site.add(&stem, &stem, &extension, &std::fs::read(&file).map_err(Failure::at(&file))?)?;
        }
    }
    stamp.note()?;
    step.done(&size.to_string());
    Ok(())
}
