//! `certporter bench`: figures beside the raw limit of the same cores, in the same run.
//!
//! Blocks of the raw loop and of the real thing alternate, so that a machine that is busier for a while slows both.
//!
//! - [`figures`]: cases, ratios and their intervals
//! - [`raw`]: what cryptography alone costs
//! - [`installation`], [`issue`]: a PFX from the plan to the device that opens it
//! - [`take_over`]: how soon a portal goes on with what another one leaves behind when it dies
//! - [`sweep`]: planning for everybody
//! - [`block`]: what a person holds taken away, until relying parties see it
//! - [`publishing`]: CRLs and OCSP
//! - [`search`]: certificates found by whatever is known of them; [`people`]: people, by the helpdesk
//! - [`pages`]: what somebody signed in waits for; [`walk`]: which pages there are

mod block;
mod figures;
mod installation;
mod issue;
mod pages;
mod people;
mod publishing;
mod raw;
mod search;
mod sweep;
mod take_over;
mod walk;

use std::path::PathBuf;

use certporter_model::key::KeyAlgorithm;
use tempfile::TempDir;

use super::{CommandError, logging};
use crate::web::state::Pages;
use block::Crowd;
use figures::Figures;

/// A folder of a case's own, called after it. It is gone when the case has ended, also where it failed.
fn folder(case: &str) -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix(&format!("certporter-bench-{case}-")).tempdir()
}

/// Flags of `certporter bench`.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// Only the cases whose name contains this.
    name: Option<String>,
    /// Write the figures to this file as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure the sweep, the pages and searches on the database of this data folder, instead of on a fleet made for it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Measure the pages and searches on this PostgreSQL database.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Folder with the portal's stylesheet, scripts and icons [default: site beside the executable].
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Small numbers: to see that it works, not to compare.
    #[arg(long)]
    quick: bool,
}

/// How much of each.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Alternating blocks.
    blocks: usize,
    /// RSA keys in a block.
    rsa: usize,
    /// P-256 keys in a block.
    p256: usize,
    /// Portals that die with work in hand.
    deaths: usize,
    /// Devices to plan for.
    devices: u32,
    /// Requests for a page in a block.
    requests: usize,
    /// Entries of a CRL.
    entries: u32,
    /// OCSP answers in a block.
    answers: usize,
    /// Persons with very many certificates, who are blocked.
    crowd: Crowd,
}

const FULL: Size = Size {
    blocks: 10,
    rsa: 200,
    p256: 400,
    deaths: 5,
    devices: 100_000,
    requests: 25,
    entries: 1_000_000,
    answers: 20_000,
    crowd: Crowd { certificates: 10_000, revoked: 100_000, persons: 3 },
};
const QUICK: Size = Size {
    blocks: 3,
    rsa: 8,
    p256: 60,
    deaths: 1,
    devices: 1_000,
    requests: 5,
    entries: 20_000,
    answers: 1_000,
    crowd: Crowd { certificates: 600, revoked: 2_000, persons: 2 },
};

const ISSUE_RSA: &str = "issue-rsa-2048";
const ISSUE_P256: &str = "issue-p256";
const TAKE_OVER: &str = "take-over";
const SWEEP: [&str; 4] = ["plan-sweep", "plan-sweep-raw", "plan-sweep-memory", "plan-sweep-writer"];
const BLOCK: &str = "block";
const PAGES: &str = "pages";
const SEARCH: &str = "search";
const HELPDESK: &str = "helpdesk";
const CRL: [&str; 3] = ["crl", "crl-after-one", "crl-memory"];
const OCSP: &str = "ocsp";
const RAW_RSA: &str = "raw-rsa-2048-key";
const RAW_P256: &str = "raw-p256-loop";

/// Runs the cases and prints them.
///
/// # Errors
/// When a case fails, or none has that name.
pub async fn run(args: BenchArgs, pages: Pages) -> Result<(), CommandError> {
    logging::start(logging::Format::Text);
    let size = if args.quick { QUICK } else { FULL };
    let wanted = |case: &str| args.name.as_deref().is_none_or(|name| case.contains(name));
    let mut figures = Figures::default();
    if wanted(RAW_RSA) {
        figures.add(raw::keys(RAW_RSA, KeyAlgorithm::Rsa2048, size.blocks, size.rsa)?);
    }
    if wanted(RAW_P256) {
        figures.add(raw::loops(RAW_P256, size.blocks, size.p256)?);
    }
    if wanted(ISSUE_RSA) {
        figures.add(issue::run(ISSUE_RSA, KeyAlgorithm::Rsa2048, size.blocks, size.rsa).await?);
    }
    if wanted(ISSUE_P256) {
        figures.add(issue::run(ISSUE_P256, KeyAlgorithm::EcP256, size.blocks, size.p256).await?);
    }
    if wanted(TAKE_OVER) {
        figures.add(take_over::run(TAKE_OVER, size.deaths, size.p256).await?);
    }
    if wanted(SWEEP[0]) {
        for case in sweep::run(SWEEP, size.devices, size.blocks.min(5), args.data.as_deref()).await? {
            figures.add(case);
        }
    }
    if wanted(BLOCK) {
        figures.add(block::run(BLOCK, size.crowd).await?);
    }
    if wanted(PAGES) {
        let visit =
            pages::Visit { devices: size.devices, blocks: size.blocks.min(5), requests: size.requests };
        let site = args.site.unwrap_or_else(crate::config::beside_executable);
        let (data, database) = (args.data.as_deref(), args.database.as_deref());
        pages::run(pages, &site, data, database, &visit, &mut figures).await?;
    }
    if wanted(CRL[0]) {
        for case in publishing::crl(CRL, size.entries, size.blocks.min(5)).await? {
            figures.add(case);
        }
    }
    if wanted(OCSP) {
        figures.add(publishing::ocsp(OCSP, size.blocks, size.answers).await?);
    }
    if wanted(SEARCH) || wanted(HELPDESK) {
        let (data, database) = (args.data.as_deref(), args.database.as_deref());
        let which = search::Which { lists: wanted(SEARCH), helpdesk: wanted(HELPDESK) };
        search::run(data, database, size.devices, which, &mut figures).await?;
    }
    if figures.is_empty() {
        let all = [
            RAW_RSA, RAW_P256, ISSUE_RSA, ISSUE_P256, TAKE_OVER, SWEEP[0], BLOCK, PAGES, CRL[0], OCSP,
            SEARCH, HELPDESK,
        ]
        .join(", ");
        return Err(format!("no case has that name; there are {all}").into());
    }
    if let Some(file) = args.json {
        std::fs::write(&file, figures.to_json()?).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}
