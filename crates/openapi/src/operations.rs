//! Every path and method, with the types that it takes and answers.

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::api::access::{AccessRequest, RepositoryAccess, WaitingAccess, WaitingRequest};
use latchkey::api::actions::{ActionItem, ActionRequest};
use latchkey::api::activation::{Activation, ActivationRequest, DeliveryReceipt, LicenseAnswer, LicenseRequest};
use latchkey::api::attention::AttentionItem;
use latchkey::api::doctor::Diagnosis;
use latchkey::api::drift::{DriftCheck, DriftCheckRequest, DriftItem, DriftRequest};
use latchkey::api::events::{
    Dismissed, EventDetail, EventItem, EventsRequest, OutstandingCounts, OutstandingFilters, OutstandingRequest,
    Replayed,
};
use latchkey::api::grants::{ForgetRequest, GrantItem, GrantsRequest, SyncAnswer, SyncRequest};
use latchkey::api::health::Health;
use latchkey::api::licenses::{
    CorrectEmailRequest, IssueRequest, LicenseDetail, LicenseItem, LicensesRequest, ShownKey, TransferRequest,
};
use latchkey::api::orders::{OrderItem, OrdersRequest};
use latchkey::api::outbox::{OutboxItem, OutboxRequest, OutboxRetried, OutboxRetryRequest};
use latchkey::api::privacy::{Erasure, Export, PrivacyRequest};
use latchkey::api::products::{
    CatalogueAnswer, InvalidCatalogue, ProductChoices, ReplaceRequest, ReplacedAnswer, WaitingProducts,
};
use latchkey::api::sales::{SalesCounts, SalesCountsRequest};
use latchkey::api::status::Status;
use latchkey::api::test_mail::TestMail;
use latchkey::api::{Page, PageRequest};
use serde_json::{Value, json};

use crate::operation::Operation;
use crate::schemas::Schemas;

pub(crate) fn all(schemas: &mut Schemas) -> Vec<Operation> {
    let parts = [buyers, storefronts, machines, looks, deliveries, licenses, access, outbox, catalogue, privacy];
    parts.into_iter().flat_map(|part| part(schemas)).collect()
}

fn buyers(schemas: &mut Schemas) -> Vec<Operation> {
    let activation = schemas.answer::<Activation>();
    vec![
        Operation::new("POST", "/api/activate", "activate", "Bind a license to a GitHub account and invite it")
            .takes("application/json", schemas.body::<ActivationRequest>())
            .answers(200, "Activated; every repository is invited to or open.", activation.clone())
            .answers(202, "Activated; some invitation is queued.", activation)
            .fails(&[400, 403, 404, 409, 422, 429, 502, 503]),
        Operation::new("OPTIONS", "/api/activate", "preflight", "A browser's question whether it may")
            .answers_nothing(204, "The headers say."),
        Operation::new("POST", "/api/license", "viewLicense", "What a license opens, before and after it is activated")
            .takes("application/json", schemas.body::<LicenseRequest>())
            .answers(200, "It is good.", schemas.answer::<LicenseAnswer>())
            .fails(&[400, 403, 404, 409, 429, 502, 503]),
        Operation::new("OPTIONS", "/api/license", "preflightLicense", "A browser's question whether it may")
            .answers_nothing(204, "The headers say."),
    ]
}

fn storefronts(schemas: &mut Schemas) -> Vec<Operation> {
    let names: Vec<_> = SECTIONS.iter().map(|section| section.source).chain(["github"]).collect();
    let storefront = json!({
        "name": "storefront", "in": "path", "required": true, "schema": { "type": "string", "enum": names },
        "description": "Or GitHub, which tells of who became or ceased to be a member.",
    });
    let secret = json!({
        "name": "secret", "in": "query", "required": false, "schema": { "type": "string" },
        "description": "Of a storefront that does not sign. Wrong: 404.",
    });
    let signature = json!({
        "name": "X-Signature", "in": "header", "required": false, "schema": { "type": "string" },
        "description": "Of a storefront that signs. Wrong: 401.",
    });
    let signature_of_github = json!({
        "name": "X-Hub-Signature-256", "in": "header", "required": false, "schema": { "type": "string" },
        "description": "Of GitHub: `sha256=` and the signature. Wrong: 401.",
    });
    vec![
        Operation::new("POST", "/webhooks/{storefront}", "deliver", "A delivery of a storefront's")
            .parameters(vec![storefront, secret, signature, signature_of_github])
            .takes("application/json", json!({}))
            .takes("application/x-www-form-urlencoded", json!({ "type": "object" }))
            // Whatever an authenticated sender sends is stored before it is read.
            .body_optional()
            .answers(200, "Stored.", schemas.answer::<DeliveryReceipt>())
            .fails(&[401, 404, 503]),
    ]
}

fn machines(schemas: &mut Schemas) -> Vec<Operation> {
    let health = schemas.answer::<Health>();
    vec![
        Operation::new("GET", "/healthz", "health", "Whether the database answers, and what is configured")
            .answers(200, "The database answers.", health.clone())
            .answers(503, "It does not.", health),
        Operation::new("HEAD", "/healthz", "healthHead", "The same without its body")
            .answers_nothing(200, "It does.")
            .answers_nothing(503, "It does not."),
        Operation::new("GET", "/openapi.json", "openapi", "This document").answers(
            200,
            "OpenAPI 3.1.",
            json!({ "type": "object" }),
        ),
        Operation::new("HEAD", "/openapi.json", "openapiHead", "The same without its body")
            .answers_nothing(200, "It is there."),
    ]
}

fn looks(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::look("/admin/status", "status", "How the deployment stands", schemas.answer::<Status>()),
        Operation::look(
            "/admin/attention",
            "attention",
            "Who paid and does not have everything, and what is late or failing otherwise, newest first",
            schemas.answer::<Page<AttentionItem>>(),
        )
        .parameters(schemas.query::<PageRequest>()),
        Operation::look(
            "/admin/doctor",
            "doctor",
            "Whether everything is set up as it has to be, here and at the services, and what mends it where it is not",
            schemas.answer::<Diagnosis>(),
        ),
        Operation::look("/admin/sales", "sales", "What was bought", schemas.answer::<Page<OrderItem>>())
            .parameters(schemas.query::<OrdersRequest>()),
        Operation::look(
            "/admin/sales/counts",
            "salesCounts",
            "What was sold, by day and by product",
            schemas.answer::<SalesCounts>(),
        )
        .parameters(schemas.query::<SalesCountsRequest>()),
        Operation::look(
            "/admin/access",
            "access",
            "Each repository at a glance, ten a page, by name",
            schemas.answer::<Page<RepositoryAccess>>(),
        )
        .parameters(schemas.query::<AccessRequest>()),
        Operation::look(
            "/admin/access/waiting",
            "waitingAccess",
            "Who waits for a repository, and who is invited to it",
            schemas.answer::<WaitingAccess>(),
        )
        .parameters(schemas.query::<WaitingRequest>()),
        Operation::operators("POST", "/admin/test-mail", "testMail", "Send the operator a mail, and change nothing")
            .answers(200, "It has left; that it arrives, only the operator sees.", schemas.answer::<TestMail>())
            .fails(&[409, 502]),
        Operation::look(
            "/admin/drift",
            "drift",
            "Where GitHub and what is recorded differ, with the evidence for each",
            schemas.answer::<Page<DriftItem>>(),
        )
        .parameters(schemas.query::<DriftRequest>()),
        Operation::look("/admin/grants", "grants", "Who has access to what", schemas.answer::<Page<GrantItem>>())
            .parameters(schemas.query::<GrantsRequest>()),
        Operation::look(
            "/admin/actions",
            "actions",
            "What operators changed, newest first",
            schemas.answer::<Page<ActionItem>>(),
        )
        .parameters(schemas.query::<PageRequest>()),
    ]
}

fn deliveries(schemas: &mut Schemas) -> Vec<Operation> {
    let id = || {
        json!({
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$" },
        })
    };
    vec![
        Operation::look("/admin/events", "events", "Deliveries, newest first", schemas.answer::<Page<EventItem>>())
            .parameters(schemas.query::<EventsRequest>()),
        Operation::look(
            "/admin/events/outstanding",
            "outstandingEvents",
            "How many deliveries that are not processed would be replayed, or dismissed",
            schemas.answer::<OutstandingCounts>(),
        )
        .parameters(schemas.query::<OutstandingFilters>()),
        Operation::look(
            "/admin/events/{id}",
            "event",
            "A delivery, its payload, and what it led to",
            schemas.answer::<EventDetail>(),
        )
        .parameter(id()),
        Operation::change(
            "/admin/events/{id}/replay",
            "replayEvent",
            "Process a delivery again",
            schemas.body::<ActionRequest>(),
        )
        .parameter(id())
        .answers(202, "It is processed behind this answer.", schemas.answer::<EventItem>())
        .fails(&[409]),
        Operation::change(
            "/admin/events/replay",
            "replayEvents",
            "Make deliveries due that are not processed",
            schemas.body::<OutstandingRequest>(),
        )
        .answers(
            202,
            "How many, 500 at most, the longest waiting first; the next ticks process them. What is due already is left out.",
            schemas.answer::<Replayed>(),
        ),
        Operation::change(
            "/admin/events/{id}/dismiss",
            "dismissEvent",
            "Have nothing come of a delivery that is not processed",
            schemas.body::<ActionRequest>(),
        )
        .parameter(id())
        .answers(200, "It is dismissed: replayed, it is processed after all.", schemas.answer::<EventItem>())
        .fails(&[409]),
        Operation::change(
            "/admin/events/dismiss",
            "dismissEvents",
            "Have nothing come of deliveries that are not processed",
            schemas.body::<OutstandingRequest>(),
        )
        .answers(
            200,
            "How many, 500 at most, the longest waiting first. What nobody has tried yet is left out.",
            schemas.answer::<Dismissed>(),
        ),
    ]
}

fn licenses(schemas: &mut Schemas) -> Vec<Operation> {
    let key = || {
        json!({
            "name": "key", "in": "path", "required": true, "description": "In any spelling.",
            "schema": { "type": "string", "pattern": "^[!-~]{1,128}$" },
        })
    };
    let detail = schemas.answer::<LicenseDetail>();
    let mut act = |path, id, summary| {
        Operation::change(path, id, summary, schemas.body::<ActionRequest>())
            .parameter(key())
            .answers(200, "It is so now.", detail.clone())
            .fails(&[409])
    };
    let actions = [
        act("/admin/licenses/{key}/resend", "resend", "Mail the key once more"),
        act("/admin/licenses/{key}/revoke", "revoke", "Revoke a license, and take away what it opened"),
        act(
            "/admin/licenses/{key}/reinstate",
            "reinstate",
            "Make a license good again, whatever was refunded or disputed",
        ),
    ];
    let show_key = Operation::change(
        "/admin/licenses/{key}/show-key",
        "showKey",
        "Look at a whole key, and have it recorded who did and why",
        schemas.body::<ActionRequest>(),
    )
    .parameter(key())
    .answers(200, "Nothing is changed.", schemas.answer::<ShownKey>());
    let looks = [
        show_key,
        Operation::look(
            "/admin/licenses",
            "licenses",
            "Licenses, in the order of their keys",
            schemas.answer::<Page<LicenseItem>>(),
        )
        .parameters(schemas.query::<LicensesRequest>()),
        Operation::change(
            "/admin/licenses",
            "issueLicense",
            "Issue a license by hand; the same again, for the same reason, gives the same license",
            schemas.body::<IssueRequest>(),
        )
        .answers(200, "There is this license for it.", detail.clone())
        .fails(&[409]),
        Operation::change(
            "/admin/licenses/{key}/correct-email",
            "correctEmail",
            "Correct the address of a license and its order, and mail the key there unless it is activated",
            schemas.body::<CorrectEmailRequest>(),
        )
        .parameter(key())
        .answers(200, "It is so now.", detail.clone())
        .fails(&[409]),
        Operation::look("/admin/licenses/{key}", "license", "A license with its whole history", detail.clone())
            .parameter(key()),
        Operation::change(
            "/admin/licenses/{key}/transfer",
            "transfer",
            "Bind a license to another GitHub account",
            schemas.body::<TransferRequest>(),
        )
        .parameter(key())
        .answers(200, "It is so now.", detail)
        .fails(&[409, 502]),
    ];
    looks.into_iter().chain(actions).collect()
}

fn access(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::change(
            "/admin/grants/sync",
            "syncGrants",
            "Bring licenses to what the catalogue says by now",
            schemas.body::<SyncRequest>(),
        )
        .answers(
            200,
            "What changes, or would, for some accounts; the others begin at `next_cursor`.",
            schemas.answer::<SyncAnswer>(),
        )
        .fails(&[409]),
        Operation::change(
            "/admin/grants/forget-earlier",
            "forgetEarlier",
            "Take from an account what it had in a repository before a license let it in",
            schemas.body::<ForgetRequest>(),
        )
        .answers(200, "It has what its licenses open from now on.", schemas.answer::<GrantItem>())
        .fails(&[404, 409]),
        Operation::change(
            "/admin/drift/check",
            "checkDrift",
            "Compare repositories with what is recorded now",
            schemas.body::<DriftCheckRequest>(),
        )
        .answers(
            202,
            "These are compared by the next ticks, and right away as far as there is time.",
            schemas.answer::<DriftCheck>(),
        )
        .fails(&[404]),
    ]
}

fn outbox(schemas: &mut Schemas) -> Vec<Operation> {
    let id = json!({
        "name": "id", "in": "path", "required": true,
        "schema": { "type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_i64 },
    });
    let row = schemas.answer::<OutboxItem>();
    let mut act = |path, name, summary| {
        Operation::change(path, name, summary, schemas.body::<ActionRequest>())
            .parameter(id.clone())
            .answers(200, "It is so now.", row.clone())
            .fails(&[409])
    };
    let retry =
        act("/admin/outbox/{id}/retry", "retryOutbox", "Try it at the next tick, with its attempts counted anew");
    let cancel = act("/admin/outbox/{id}/cancel", "cancelOutbox", "Leave it undone for good");
    let list = Operation::look(
        "/admin/outbox",
        "outbox",
        "What is still to be done in the outside world, or was, newest first",
        schemas.answer::<Page<OutboxItem>>(),
    )
    .parameters(schemas.query::<OutboxRequest>());
    let retry_all = Operation::change(
        "/admin/outbox/retry",
        "retryAllOutbox",
        "Try again what was given up or waits for a person, or only count it",
        schemas.body::<OutboxRetryRequest>(),
    )
    .answers(
        200,
        "How many, 500 at most, the longest waiting first; the next ticks try them.",
        schemas.answer::<OutboxRetried>(),
    )
    .fails(&[409]);
    vec![list, retry_all, retry, cancel]
}

fn catalogue(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::look(
            "/admin/products/waiting",
            "waitingProducts",
            "What was sold and the catalogue does not name",
            schemas.answer::<WaitingProducts>(),
        ),
        Operation::look(
            "/admin/products/choices",
            "productChoices",
            "Repositories and products that the services list, for an entry of the catalogue",
            schemas.answer::<ProductChoices>(),
        ),
        Operation::look("/admin/products", "products", "The catalogue", schemas.answer::<CatalogueAnswer>())
            .answers_as(200, "", "application/toml", json!({ "type": "string" })),
        Operation::operators("PUT", "/admin/products", "replaceProducts", "Replace the catalogue as a whole")
            .parameters(schemas.query::<ReplaceRequest>())
            .takes("application/json", catalogue_in_json(schemas))
            .takes("application/toml", json!({ "type": "string" }))
            .answers(200, "What differs now, or would.", schemas.answer::<ReplacedAnswer>())
            .answers_as(
                422,
                "`invalid_catalogue`: all that is wrong with it.",
                "application/problem+json",
                schemas.answer::<InvalidCatalogue>(),
            )
            .fails(&[409]),
    ]
}

/// What is taken is what is answered; its version says nothing here. That it makes sense is more than a schema can say.
fn catalogue_in_json(schemas: &mut Schemas) -> Value {
    let catalogue = schemas.body::<CatalogueAnswer>();
    json!({ "anyOf": [catalogue, { "type": "object" }] })
}

fn privacy(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::change(
            "/admin/privacy/export",
            "export",
            "All that is held on a mail address",
            schemas.body::<PrivacyRequest>(),
        )
        .answers(200, "", schemas.answer::<Export>()),
        Operation::change(
            "/admin/privacy/erase",
            "erase",
            "Erase what is held on a mail address",
            schemas.body::<PrivacyRequest>(),
        )
        .answers(200, "How much that was.", schemas.answer::<Erasure>()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_described_once_and_nothing_else_is() {
        // A file, which is served without asking the Worker.
        const FILE: [(&str, &str); 2] = [("GET", "/openapi.json"), ("HEAD", "/openapi.json")];
        let operations = all(&mut Schemas::new());
        let described: BTreeSet<_> = operations.iter().map(|operation| (operation.method, operation.path)).collect();
        assert_eq!(described.len(), operations.len());
        assert_eq!(described, latchkey::http::routes().chain(FILE).collect());
    }
}
