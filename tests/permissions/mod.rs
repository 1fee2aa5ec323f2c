//! Who may do what: the golden file, and every route of the REST API against it.

use certporter::service::Operation;
use certporter::web::rest;
use certporter_model::access::Role;
use http::Method;
use utoipa::openapi::path::{Operation as Described, PathItem};

use crate::rest::program::Program;
use crate::support::database::TestDatabase;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/permissions/operations.golden");

/// The table as it is now: an operation, what it takes, and the roles that have it. A role that is limited has it only
/// for its groups, a user only for what is theirs.
fn table() -> String {
    let mut text = String::from("# operation: permission: roles\n");
    for operation in Operation::ALL {
        let roles: Vec<&str> = operation.roles().map(Role::as_str).collect();
        let roles =
            if roles.is_empty() { "nobody but the portal or its host".to_owned() } else { roles.join(" ") };
        text.push_str(&format!("{}: {}: {roles}\n", operation.name(), operation.permission()));
    }
    text
}

fn methods(item: &PathItem) -> Vec<(Method, &Described)> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
        (Method::HEAD, &item.head),
    ]
    .into_iter()
    .filter_map(|(method, described)| Some((method, described.as_ref()?)))
    .collect()
}

/// The operation that a route names.
fn named(id: &str) -> Option<Operation> {
    let by = |name: &str| Operation::ALL.iter().copied().find(|operation| operation.name() == name);
    by(id).or_else(|| by(id.rsplit_once('.')?.0))
}

#[test]
fn every_operation_is_in_the_golden_file() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, table()).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert_eq!(
        table(),
        golden,
        "who may do what has changed: if that is meant, run this test with UPDATE_GOLDEN=1 and commit the file"
    );
}

#[test]
fn every_route_names_an_operation() {
    let document = rest::openapi();
    let mut wrong = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, described) in methods(item) {
            let id = described.operation_id.as_deref().unwrap_or("nothing");
            if named(id).is_none() {
                wrong.push(format!("{method} {path} names {id}, which is no operation"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_gate_is_passed_in_one_place() {
    // Other calls of `permitted` in the service ask about a second person, after the operation's own gate.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/service");
    let mut ungated = Vec::new();
    for operation in Operation::ALL {
        let variant = format!("Operation::{operation:?}");
        if !mentions(std::path::Path::new(folder), &variant) {
            ungated.push(variant);
        }
    }
    assert!(ungated.is_empty(), "no service function asks for {}", ungated.join(", "));
}

fn mentions(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return mentions(&path, text);
        }
        path.file_name().is_some_and(|name| name != "operation.rs")
            && std::fs::read_to_string(&path).unwrap().contains(text)
    })
}

#[tokio::test]
async fn every_route_refuses_nobody_and_too_small_a_role() {
    let program = Program::new(TestDatabase::sqlite().await).await;
    let mut tokens = Vec::new();
    for role in [Role::Administrator, Role::PkiOperator, Role::Helpdesk, Role::Auditor] {
        tokens.push((role, program.new_token(role).await));
    }
    let document = rest::openapi();
    let mut routes = 0;
    for (path, item) in &document.paths.paths {
        // An id that is one, of nothing: whoever passes the gate gets 404 or a complaint about the body.
        let address = path
            .split('/')
            .map(|part| if part.starts_with('{') { "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        for (method, described) in methods(item) {
            routes += 1;
            let operation = named(described.operation_id.as_deref().unwrap_or_default()).unwrap();
            program.ask(method.clone(), &address).token(None).send().await.problem(401, &[]);
            for (role, token) in &tokens {
                let ask =
                    program.ask(method.clone(), &address).token(token.clone()).header("if-match", "\"1\"");
                let status = ask.text("{}").send().await.status.as_u16();
                let may = role.has(operation.permission());
                assert_eq!(
                    status != 403,
                    may,
                    "{method} {path} answers {status} to the role {role}, which {} {}",
                    if may { "has" } else { "lacks" },
                    operation.permission()
                );
                assert!(status < 500, "{method} {path} answers {status}");
            }
        }
    }
    assert!(routes > 50, "only {routes} routes were tried");
}
