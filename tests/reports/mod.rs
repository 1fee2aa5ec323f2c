//! Reports: each number is what the list behind it holds; who held what on a day.
mod health;
mod held;
mod overview;

use http::Method;
use serde_json::Value;

use crate::rest::program::Program;

/// What is answered to whoever has this token, or to an administrator.
async fn get(program: &Program, token: Option<&str>, path: &str) -> Value {
    let asked = program.ask(Method::GET, path);
    let asked = match token {
        Some(token) => asked.token(token.to_owned()),
        None => asked,
    };
    asked.send().await.ok()
}

/// How many rows a list has on all of its pages, of so many rows each.
async fn listed(program: &Program, token: Option<&str>, path: &str, rows: u32) -> u64 {
    let (mut count, mut cursor) = (0, String::new());
    let joint = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = get(program, token, &format!("{path}{joint}limit={rows}{cursor}")).await;
        count += page["data"].as_array().unwrap().len() as u64;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}
