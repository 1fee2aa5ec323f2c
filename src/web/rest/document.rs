//! The OpenAPI document: what the routes' declarations can't say for themselves.

use std::collections::HashMap;

use http::Method;
use utoipa::openapi::path::{Operation as Described, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    Ref, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::acting::Rehearsing;
use super::authenticate::Gates;
use crate::service::Operation;

const ABOUT: &str = "\
Everything that people do in the portal, for programs.

Send a token with every request: `Authorization: Bearer cp_..`. A token has roles and an end, and never more rights \
than whoever made it.

Lists come in pages: `limit` bounds a page, `next` of a page is the `cursor` of the one after it. A thing's `ETag` is \
its version; a change sends it back in `If-Match`, so that nobody overwrites what they have not seen. A creation with \
an `Idempotency-Key` may be sent again and is done once. Every change can be previewed: with `?preview=true` nothing is done, \
and the answer says what would follow, in numbers and by example, with a digest. Sent in `If-Consequences`, that digest \
has the change refused with 409 if something else would follow by then. What goes wrong is answered as a problem document \
(RFC 9457) that names every wrong field.";

/// The document without its paths.
pub(super) fn head() -> OpenApi {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token, made in the portal or by `certporter token create`"))
        .build();
    let license = LicenseBuilder::new().name("AGPL-3.0-or-later").identifier(Some("AGPL-3.0-or-later"));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("certporter")
                .version("1")
                .description(Some(ABOUT))
                .license(Some(license.build()))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new().security_scheme("token", SecurityScheme::Http(scheme)).build(),
        ))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build()
}

/// Adds what is the same everywhere: the problems, and the header for creations that are sent again.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    if let Some(components) = document.components.as_mut() {
        let mut schemas = vec![("Problem".to_owned(), <Problem as utoipa::PartialSchema>::schema())];
        <Problem as ToSchema>::schemas(&mut schemas);
        components.schemas.extend(schemas);
    }
    for (path, item) in &mut document.paths.paths {
        let takes_id = path.contains('{');
        let changes = [&mut item.post, &mut item.put, &mut item.delete].into_iter().flatten();
        for described in changes {
            previewed(described);
            problems(
                described,
                &[
                    ("404", "There is none, or none that the caller may see"),
                    ("409", "Doesn't go with the present state"),
                    ("422", "Fields are wrong, each named"),
                ],
            );
            let tagged =
                described.parameters.iter().flatten().any(
                    |parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "If-Match"),
                );
            if tagged {
                problems(
                    described,
                    &[
                        ("412", "Changed by somebody else since it was read"),
                        ("428", "The header If-Match is missing"),
                    ],
                );
            }
        }
        if let Some(described) = item.post.as_mut() {
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "The same key and request again get the same answer for a day: 1 to 255 characters",
                ))
                .schema(Some(ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String)))
                .build();
            described.parameters.get_or_insert_default().push(RefOr::T(key));
            problems(
                described,
                &[("413", "The body is over 1 MiB"), ("415", "The body is not declared as JSON")],
            );
        }
        let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten();
        for described in all {
            problems(
                described,
                &[
                    ("400", "Can't be read: malformed JSON or header"),
                    ("401", "No valid token"),
                    ("403", "No role of the token's is enough"),
                    ("422", "A parameter or field is wrong, each named"),
                    ("429", "Too often: see Retry-After"),
                    ("500", "Something failed inside; the log tells more under `instance`"),
                    ("503", "Not now: see Retry-After"),
                ],
            );
            if takes_id {
                problems(described, &[("404", "There is none, or none that the caller may see")]);
            }
        }
    }
    document
}

/// A change can be previewed, and done only if what was shown still follows.
fn previewed(described: &mut Described) {
    let parameters = described.parameters.get_or_insert_default();
    parameters.extend(Rehearsing::into_params(|| Some(ParameterIn::Query)).into_iter().map(RefOr::T));
    let digest = ParameterBuilder::new()
        .name("If-Consequences")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The digest of the consequences that were shown: if others would follow, nothing is done, and 409 tells them",
        ))
        .schema(Some(Ref::from_schema_name("ContentDigest")))
        .build();
    parameters.push(RefOr::T(digest));
    let answer = described.responses.responses.entry("200".to_owned()).or_insert_with(|| {
        RefOr::T(ResponseBuilder::new().description("With `preview`: what would follow").build())
    });
    let RefOr::T(answer) = answer else { return };
    let mut shown = AnyOfBuilder::new().item(Ref::from_schema_name("Consequences"));
    let done = answer.content.get_mut("application/json").and_then(|content| match content {
        RefOr::T(content) => content.schema.take(),
        RefOr::Ref(_) => None,
    });
    if let Some(done) = done {
        shown = shown.item(done);
    }
    let content = ContentBuilder::new().schema(Some(Schema::AnyOf(shown.build()))).build();
    answer.content.insert("application/json".to_owned(), RefOr::T(content));
}

fn problems(described: &mut Described, statuses: &[(&str, &str)]) {
    for (status, description) in statuses {
        described
            .responses
            .responses
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::T(problem(description)));
    }
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

/// The operation of each route, by its `operationId`, of which the part behind the last dot may be a form of it:
/// `certificates.download.pem`.
pub(super) fn gates(document: &OpenApi) -> Gates {
    let names: HashMap<&str, Operation> = Operation::ALL.iter().map(|o| (o.name(), *o)).collect();
    let mut gates = Gates::new();
    for (path, item) in &document.paths.paths {
        for (method, described) in [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::DELETE, &item.delete),
        ] {
            let Some(id) = described.as_ref().and_then(|described| described.operation_id.as_deref()) else {
                continue;
            };
            let found = names.get(id).or_else(|| names.get(id.rsplit_once('.')?.0));
            if let Some(operation) = found {
                gates.insert((method, path.clone()), *operation);
            }
        }
    }
    gates
}
