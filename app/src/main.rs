//! The executable `certporter`: the backend's command line, with these pages.

use std::process::ExitCode;

fn main() -> ExitCode {
    certporter::cli::main(certporter_app::pages::routes::router)
}
