//! As much of HTTP as it takes to talk to the demo's own portal.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// The portal's REST API, with a token.
pub(crate) struct Rest {
    authority: String,
    token: String,
}

impl Rest {
    pub(crate) fn new(address: &str, token: String) -> Self {
        Self { authority: address.replace("http://", ""), token }
    }

    pub(crate) fn get(&self, path: &str) -> Outcome<Value> {
        self.ask("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        self.ask("POST", path, &body.to_string())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Outcome<Value> {
        let failed = |why: &str| Failure::new(format!("{method} /api/v1{path}: {why}"));
        let answer = self.exchange(method, path, body).map_err(|error| failed(&error.to_string()))?;
        let (head, content) = answer.split_once("\r\n\r\n").ok_or_else(|| failed("no answer"))?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            return Err(failed(&format!("{status} {content}")));
        }
        if content.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(content).map_err(|error| failed(&error.to_string()))
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            // HTTP/1.0: the answer comes in one piece.
            "{method} /api/v1{path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.authority,
            self.token,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
