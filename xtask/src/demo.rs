//! `cargo xtask demo`: a portal with a sample organisation, simulated devices, and one real agent whose PFX is opened.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::agent_files;
use crate::build;
use crate::command;
use crate::failure::{Failure, Outcome};
use crate::portal::Portal;
use crate::progress::Step;
use crate::rest::Rest;
use crate::workspace::{Profile, Workspace};

/// Devices that are simulated beside the real agent.
const DEVICES: u32 = 24;

#[derive(Args)]
pub(crate) struct Demo {
    /// Start anew: forget the data of earlier demos
    #[arg(long)]
    fresh: bool,
    /// Do everything once, say where the agent's files are, and end
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let executable = build::build(workspace, Profile::Dev)?;
        let folder = workspace.path("data/demo");
        if self.fresh && folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
        }
        let demo = Running { portal: Portal::start(&executable, &folder)?, folder };
        demo.fill()?;
        let agent = demo.agent()?;
        agent_files::show(&agent, &demo.folder.join("published"))?;
        if self.once {
            demo.portal.stop()?;
            println!("\nThe agent's files are in {}", agent.join("certificates").display());
            return Ok(());
        }
        demo.invite(&agent);
        demo.portal.wait(&agent)
    }
}

/// A demo whose portal runs.
struct Running {
    portal: Portal,
    folder: PathBuf,
}

impl Running {
    /// Loads the sample organisation and lets simulated devices enrol, unless an earlier demo did.
    fn fill(&self) -> Outcome {
        self.first("sample", "a sample organisation", |step| {
            command::run(step, &mut self.portal.on_data(&["sample"]))
        })?;
        self.first("devices", "simulated devices enrol and fetch their certificates", |step| {
            let devices = DEVICES.to_string();
            let flags = ["simulate", "--devices", &devices, "--server", self.portal.devices()];
            command::run(step, &mut self.portal.on_data(&flags))
        })
    }

    /// The real agent: enrolled over the device API with a code of its own, and up to date.
    fn agent(&self) -> Outcome<PathBuf> {
        let folder = self.folder.join("agent");
        self.first("agent", "a real agent enrols", |step| {
            let code = self.code(step)?;
            let mut enrol = self.portal.command(&["agent", "enrol", "--server", self.portal.devices()]);
            // In the environment, not in the list of processes.
            enrol.env("CERTPORTER_ENROLMENT_CODE", code).arg("--dir").arg(&folder);
            command::run(step, &mut enrol)
        })?;
        let step = Step::begin("the agent fetches what is assigned to it");
        command::run(&step, self.portal.command(&["agent", "sync", "--once", "--dir"]).arg(&folder))?;
        step.done("done");
        Ok(folder)
    }

    /// A person of the staff with a laptop, and the code by which the laptop enrols.
    fn code(&self, step: &Step) -> Outcome<String> {
        step.say("over the REST API");
        let flags = ["token", "create", "--name", "demo", "--role", "administrator", "--expires", "1"];
        let token = command::output(&mut self.portal.on_data(&flags))
            .ok_or_else(|| Failure::new("certporter token create failed"))?;
        let rest = Rest::new(self.portal.address(), token);
        let staff = group(&rest, "Staff")?;
        let managed = group(&rest, "Managed devices")?;
        let person = rest.post(
            "/users",
            &serde_json::json!({
                "user_name": "ada.demo", "display_name": "Ada Demo", "email": "ada.demo@example.org",
                "upn": "ada.demo@example.org", "sid": "S-1-5-21-1004336348-1177238915-682003330-4242",
            }),
        )?["id"]
            .clone();
        rest.post(&format!("/groups/{staff}/members"), &serde_json::json!({"kind": "user", "id": person}))?;
        let laptop = serde_json::json!({"name": "ada-laptop", "platform": "linux", "owner": person, "serial_number": "DEMO-0001"});
        let device = rest.post("/devices", &laptop)?["id"].clone();
        // Mail keys stay away from it: staff issued its code, and the person has not confirmed the device.
        rest.post(
            &format!("/groups/{managed}/members"),
            &serde_json::json!({"kind": "device", "id": device}),
        )?;
        let path = format!("/devices/{}/enrolment-codes", device.as_str().unwrap_or_default());
        let code = rest.post(&path, &serde_json::json!({}))?;
        code["code"].as_str().map(str::to_owned).ok_or_else(|| Failure::new("the portal gave no code"))
    }

    /// Does a step that earlier demos may have done.
    fn first(&self, name: &str, what: &str, work: impl FnOnce(&Step) -> Outcome) -> Outcome {
        let done = self.folder.join(format!("{name}.done"));
        let step = Step::begin(what);
        if done.exists() {
            step.unchanged();
            return Ok(());
        }
        work(&step)?;
        std::fs::write(&done, "").map_err(Failure::at(&done))?;
        step.done("done");
        Ok(())
    }

    /// Says where to go from here.
    fn invite(&self, agent: &Path) {
        let link = command::output(&mut self.portal.on_data(&["setup"]));
        println!("\nThe portal:         {}", self.portal.address());
        match link.as_deref().and_then(|said| said.lines().find(|line| line.contains("/setup?"))) {
            Some(link) => {
                println!("User name:          admin (or another; you choose it with the password)");
                println!("One-time link:      {}", link.trim());
            }
            None => println!("Sign in:            {}/sign-in, as you did before", self.portal.address()),
        }
        println!("The agent's files:  {}", agent.join("certificates").display());
        println!("The portal's log:   {}", self.folder.join("portal.log").display());
        println!("Ctrl+C ends it.");
    }
}

/// The id of a group of the sample.
fn group(rest: &Rest, name: &str) -> Outcome<String> {
    let found = rest.get(&format!("/groups?q={}", name.replace(' ', "%20")))?;
    found["data"]
        .as_array()
        .and_then(|groups| groups.iter().find(|group| group["name"] == name))
        .and_then(|group| group["id"].as_str())
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("the sample has no group {name}")))
}
