//! Running other programs: quietly while all goes well, with their last lines when not.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome};
use crate::progress::Step;

/// Lines of a failed program that are shown.
const TAIL: usize = 60;

/// Runs a program to its end and shows its latest line beside the step.
pub(crate) fn run(step: &Step, command: &mut Command) -> Outcome {
    let name = describe(command);
    let failed = |why: std::io::Error| Failure::new(format!("{name} could not be started: {why}"));
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer)
        .spawn()
        .map_err(failed)?;
    // The command keeps both ends of the pipe for writing; reading would never end while it does.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut tail = VecDeque::with_capacity(TAIL);
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        step.say(line.trim());
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    let lines = tail.into_iter().collect::<Vec<_>>().join("\n");
    Err(Failure::new(format!("{name} failed ({status}):\n{lines}")))
}

/// Runs a program to its end with its output on the terminal.
pub(crate) fn run_visibly(command: &mut Command) -> Outcome {
    let name = describe(command);
    eprintln!("› {name}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|why| Failure::new(format!("{name} could not be started: {why}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{name} failed ({status})"))) }
}

/// What a program prints, trimmed; nothing if it can't be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program is on the path.
pub(crate) fn exists(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name =
        program.file_name().map_or_else(|| program.display().to_string(), |n| n.to_string_lossy().into());
    let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_string_lossy).collect();
    format!("{name} {}", arguments.join(" "))
}
