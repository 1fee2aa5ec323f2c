//! The browser's part: compiled, bound to JavaScript by exactly the locked wasm-bindgen, made small.

use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

use crate::assets::Site;
use crate::command;
use crate::failure::{Failure, Outcome};
use crate::npm;
use crate::progress::Step;
use crate::stamp::Stamp;
use crate::tools;
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the WASM into the site.
pub(crate) fn build(workspace: &Workspace, site: &mut Site) -> Outcome {
    let compiler = Compiler::find()?;
    let step = Step::begin("the browser's part (WASM)");
    command::run(&step, &mut compiler.cargo(workspace))?;
    let compiled = workspace.target("wasm").join(TARGET).join("wasm-release/certporter_app.wasm");
    let stamp = Stamp::new(workspace, "wasm")
        .path(&compiled)?
        .path(&workspace.path("style/package-lock.json"))?
        .check();
    if stamp.is() && site.keep(&["js", "wasm"]) {
        step.unchanged();
        return Ok(());
    }
    step.say("wasm-bindgen");
    let bound = workspace.target("wasm/bound");
    bind(&compiled, &bound)?;
    step.say("wasm-opt");
    let small = bound.join("small.wasm");
    let modules = npm::packages(workspace, "style")?;
    command::run(
        &step,
        Command::new("node")
            .arg(modules.join("binaryen/bin/wasm-opt"))
            .args([
                "-Oz",
                "--enable-bulk-memory",
                "--enable-nontrapping-float-to-int",
                "--enable-reference-types",
            ])
            .args(["--enable-sign-ext", "--enable-mutable-globals", "--enable-multivalue"])
            .arg(bound.join("certporter_bg.wasm"))
            .arg("-o")
            .arg(&small),
    )?;
    step.say("compressing");
    let script = bound.join("certporter.js");
    site.add("js", "certporter", "js", &std::fs::read(&script).map_err(Failure::at(&script))?)?;
    let size =
        site.add("wasm", "certporter", "wasm", &std::fs::read(&small).map_err(Failure::at(&small))?)?;
    stamp.note()?;
    step.done(&size.to_string());
    Ok(())
}

fn bind(compiled: &Path, folder: &Path) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("wasm-bindgen: {error:#}"));
    let mut bindgen = Bindgen::new();
    bindgen.web(true).map_err(|error| failed(&error))?;
    bindgen
        .input_path(compiled)
        .out_name("certporter")
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate(folder)
        .map_err(|error| failed(&error))
}

/// What can compile for the browser here.
enum Compiler {
    /// rustup's toolchain has the target.
    Rustup,
    /// Another rustc that brings the standard library's source, which is compiled along.
    FromSource { rustc: PathBuf, linker: PathBuf },
}

impl Compiler {
    /// The first that is there; else the first that can be brought here.
    fn find() -> Outcome<Self> {
        let sysroot = sysroot("rustc");
        let has_target = |root: &PathBuf| root.join("lib/rustlib").join(TARGET).join("lib").is_dir();
        if sysroot.as_ref().is_some_and(has_target) {
            return Ok(Self::Rustup);
        }
        if let Some(found) = Self::from_source(sysroot.as_deref())? {
            return Ok(found);
        }
        let step = Step::begin(format!("rustup target add {TARGET}"));
        if command::run(&step, Command::new("rustup").args(["target", "add", TARGET])).is_ok() {
            step.done("installed");
            return Ok(Self::Rustup);
        }
        step.done("not to be had here; taking Debian's Rust for the web instead");
        tools::need(tools::WASM).map_err(|failure| {
            Failure::new(format!("{failure}\nOr bring the target by: rustup target add {TARGET}"))
        })?;
        Self::from_source(sysroot.as_deref())?.ok_or_else(|| {
            Failure::new(format!("no rustc that can compile for {TARGET}: rustup target add {TARGET}"))
        })
    }

    fn from_source(rustup: Option<&Path>) -> Outcome<Option<Self>> {
        let rustc = PathBuf::from("/usr/bin/rustc");
        let has_source =
            sysroot(&rustc).is_some_and(|root| root.join("lib/rustlib/src/rust/library/std").is_dir());
        if !has_source {
            return Ok(None);
        }
        let beside = rustup
            .map(|root| {
                root.join("lib/rustlib").join(std::env::consts::ARCH.to_owned() + "-unknown-linux-gnu")
            })
            .map(|host| host.join("bin/rust-lld"))
            .filter(|linker| linker.is_file());
        let linker = match beside {
            Some(linker) => linker,
            None => {
                tools::need(tools::WASM_LINKER)?;
                PathBuf::from("wasm-ld")
            }
        };
        Ok(Some(Self::FromSource { rustc, linker }))
    }

    fn cargo(&self, workspace: &Workspace) -> Command {
        let mut cargo = workspace.cargo();
        cargo
            .args([
                "build",
                "--package",
                "certporter-app",
                "--lib",
                "--no-default-features",
                "--features",
                "hydrate",
            ])
            .args(["--profile", "wasm-release", "--target", TARGET])
            .arg("--target-dir")
            .arg(workspace.target("wasm"));
        if let Self::FromSource { rustc, linker } = self {
            cargo
                .env("RUSTC", rustc)
                // Building the standard library along is not yet stable in cargo.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .arg("-Zbuild-std=std,panic_abort");
        }
        cargo
    }
}

fn sysroot(rustc: impl AsRef<std::ffi::OsStr>) -> Option<PathBuf> {
    command::output(Command::new(rustc).args(["--print", "sysroot"])).map(PathBuf::from)
}
