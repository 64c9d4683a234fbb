//! The sandbox behind a socket: the same answers as in process, connections that are really lost, and the page's
//! endpoints, with a stand-in for the Worker that keeps what it is sent.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use latchkey_sandbox::{
    Credentials, Delivery, Fault, FaultKind, GITHUB_TOKEN, GumroadSale, Options, PADDLE_WEBHOOK_SECRET,
    POLAR_WEBHOOK_SECRET, POSTMARK_TOKEN, STANDARD_WEBHOOKS_SECRET, STRIPE_WEBHOOK_SECRET, Sandbox, Service,
    VirtualClock, sign_paddle_body, sign_polar_body, sign_standard_body, sign_stripe_body,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const NOW: i64 = 1_767_641_936_000;

/// A running sandbox; it stops when the test ends.
struct Running {
    sandbox: Sandbox,
    url: String,
    client: reqwest::Client,
    server: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Running {
    async fn start(options: Options) -> Self {
        let sandbox = Sandbox::new(options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = sandbox.serve(listener);
        let server = tokio::spawn(async move { serving.await.unwrap() });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, url, client, server }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> u16 {
        let reply = self.client.post(format!("{}{path}", self.url)).json(&body).send().await.unwrap();
        reply.status().as_u16()
    }

    async fn invite(&self) -> reqwest::Result<reqwest::Response> {
        self.client
            .put(format!("{}/github/repos/acme/kit/collaborators/octocat", self.url))
            .header("user-agent", "test")
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .bearer_auth(GITHUB_TOKEN)
            .body(r#"{"permission":"pull"}"#)
            .send()
            .await
    }

    async fn mail(&self, html: &str) {
        let body = json!({ "From": "shop@example.com", "To": "ada@example.com", "Subject": "Key", "HtmlBody": html });
        let request = self.client.post(format!("{}/postmark/email", self.url)).json(&body);
        let request = request.header("accept", "application/json").header("x-postmark-server-token", POSTMARK_TOKEN);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

type Kept = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// A server in the Worker's place that answers 200 and keeps every request.
async fn worker() -> (String, Kept) {
    async fn keep(State(kept): State<Kept>, uri: Uri, headers: HeaderMap, body: Bytes) -> &'static str {
        kept.lock().unwrap().push((uri.to_string(), headers, body));
        "stored"
    }
    let kept = Kept::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(keep).with_state(Arc::clone(&kept));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, kept)
}

#[tokio::test]
async fn a_request_over_http_is_answered_as_in_process() {
    let running = Running::start(Options::at(NOW)).await;
    let reply = running.invite().await.unwrap();
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.headers()["x-ratelimit-limit"], "5000");
    let invitation: Value = reply.json().await.unwrap();
    assert_eq!(invitation["invitee"]["login"], "octocat");
    let calls = running.sandbox.take_calls();
    assert_eq!((calls.len(), calls[0].credentials, calls[0].status), (1, Credentials::Correct, Some(201)));
    running.sandbox.assert_drained();
}

#[tokio::test]
async fn a_lost_connection_ends_without_an_answer_and_the_next_one_is_answered() {
    let running = Running::start(Options::at(NOW)).await;
    running.sandbox.inject(Fault::new(Service::GitHub, FaultKind::LostBefore).times(1));
    running.sandbox.inject(Fault::new(Service::GitHub, FaultKind::LostAfter).times(1));
    for expected in [0, 1] {
        let error = running.invite().await.unwrap_err();
        assert_eq!(error.status(), None);
        assert_eq!(running.sandbox.invitations("acme/kit").len(), expected);
    }
    assert_eq!(running.invite().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_slow_service_answers_late() {
    let running = Running::start(Options::at(NOW)).await;
    let delay = Duration::from_millis(200);
    running.sandbox.inject(Fault::new(Service::GitHub, FaultKind::Slow(delay)));
    let start = Instant::now();
    assert_eq!(running.invite().await.unwrap().status(), 201);
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn selling_on_the_page_sends_the_worker_the_delivery_byte_for_byte_and_once_more_when_asked() {
    let (worker, kept) = worker().await;
    let running = Running::start(Options { worker_url: Some(worker), ..Options::at(NOW) }).await;
    let sale = json!({
        "storefront": "gumroad", "product_id": "pickOne==", "variant_id": null,
        "email": "mary@example.com", "name": "Mary Jackson",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    assert_eq!(running.post("/_sandbox/send-again", json!({ "delivery": 0 })).await, 204);
    assert_eq!(running.post("/_sandbox/send-again", json!({ "delivery": 1 })).await, 404);

    let expected = Sandbox::new(Options::at(NOW)).sell_on_gumroad(GumroadSale {
        product_id: Some("pickOne==".to_owned()),
        email: "mary@example.com".to_owned(),
        full_name: Some("Mary Jackson".to_owned()),
        ..GumroadSale::default()
    });
    let kept = kept.lock().unwrap().clone();
    assert_eq!(kept.len(), 2);
    for (uri, headers, body) in &kept {
        assert_eq!(*uri, expected.path_and_query);
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(body.as_ref(), expected.body);
    }
    let state: Value = running.get("/_sandbox/state").await.json().await.unwrap();
    assert_eq!(state["deliveries"][0]["times"], 2);
    assert_eq!(state["deliveries"][0]["answer"], json!({ "status": 200, "body": "stored" }));
}

#[tokio::test]
async fn a_lemon_squeezy_sale_sends_the_order_the_key_and_the_storefront_s_own_mail() {
    let (worker, kept) = worker().await;
    let running = Running::start(Options { worker_url: Some(worker), ..Options::at(NOW) }).await;
    let sale = json!({
        "storefront": "lemonsqueezy", "product_id": "4", "variant_id": "5",
        "email": "mary@example.com", "name": "Mary Jackson",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    let events: Vec<String> = kept
        .lock()
        .unwrap()
        .iter()
        .map(|(_, headers, _)| headers["x-event-name"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["order_created", "license_key_created"]);
    let state: Value = running.get("/_sandbox/state").await.json().await.unwrap();
    assert_eq!(state["storefront_mails"][0]["to"], "mary@example.com");
}

#[tokio::test]
async fn a_sale_that_is_not_to_be_sent_is_given_to_whoever_asked() {
    let (worker, kept) = worker().await;
    let running = Running::start(Options { worker_url: Some(worker), ..Options::at(NOW) }).await;
    let sale = json!({
        "storefront": "lemonsqueezy", "product_id": "4", "variant_id": "5",
        "email": "mary@example.com", "name": "Mary Jackson", "send": false,
    });
    let request = running.client.post(format!("{}/_sandbox/sell", running.url)).json(&sale);
    let given: Vec<Delivery> = request.send().await.unwrap().json().await.unwrap();
    let events: Vec<_> = given.iter().map(|delivery| delivery.event.as_str()).collect();
    assert_eq!(events, ["order_created", "license_key_created"]);
    assert!(given[0].body_text().contains("mary@example.com"));
    assert!(kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_paddle_sale_is_signed_anew_each_time_and_is_refunded() {
    let (worker, kept) = worker().await;
    let clock = VirtualClock::at(NOW);
    let options = Options { worker_url: Some(worker), clock: clock.clock(), ..Options::default() };
    let running = Running::start(options).await;
    let sale = json!({
        "storefront": "paddle", "product_id": "pro_01gsz4t5hdjse780zja8vvr7jg", "variant_id": null,
        "email": "mary@example.com", "name": "Mary Jackson",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    clock.advance(600_000);
    assert_eq!(running.post("/_sandbox/send-again", json!({ "delivery": 0 })).await, 204);
    assert_eq!(running.post("/_sandbox/refund", json!({ "delivery": 0 })).await, 204);
    let kept = kept.lock().unwrap().clone();
    let signed: Vec<_> =
        kept.iter().map(|(_, headers, body)| (headers["paddle-signature"].to_str().unwrap(), body)).collect();
    for ((signature, body), at) in signed.iter().zip([NOW, NOW + 600_000, NOW + 600_000]) {
        assert_eq!(*signature, sign_paddle_body(PADDLE_WEBHOOK_SECRET, at, body));
    }
    let event = |place: usize| serde_json::from_slice::<Value>(signed[place].1).unwrap()["event_type"].clone();
    assert_eq!((signed.len(), event(1), event(2)), (3, json!("transaction.completed"), json!("adjustment.created")));
}

#[tokio::test]
async fn a_sale_by_standard_webhooks_keeps_its_id_and_is_refunded() {
    let (worker, kept) = worker().await;
    let clock = VirtualClock::at(NOW);
    let options = Options { worker_url: Some(worker), clock: clock.clock(), ..Options::default() };
    let running = Running::start(options).await;
    let sale = json!({
        "storefront": "standard", "product_id": "pdt_1SandboxAnvil", "variant_id": null,
        "email": "mary@example.com", "name": "Mary Jackson",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    clock.advance(600_000);
    assert_eq!(running.post("/_sandbox/send-again", json!({ "delivery": 0 })).await, 204);
    assert_eq!(running.post("/_sandbox/refund", json!({ "delivery": 0 })).await, 204);
    let kept = kept.lock().unwrap().clone();
    let header = |place: usize, name: &str| kept[place].1[name].to_str().unwrap().to_owned();
    assert_eq!(header(0, "webhook-id"), header(1, "webhook-id"));
    for (place, at) in [(0, NOW), (1, NOW + 600_000), (2, NOW + 600_000)] {
        let id = header(place, "webhook-id");
        for (name, value) in sign_standard_body(STANDARD_WEBHOOKS_SECRET, &id, at, &kept[place].2) {
            assert_eq!(header(place, &name), value);
        }
    }
    let event = |place: usize| serde_json::from_slice::<Value>(&kept[place].2).unwrap()["type"].clone();
    assert_eq!((kept.len(), event(1), event(2)), (3, json!("payment.succeeded"), json!("refund.succeeded")));
}

#[tokio::test]
async fn what_was_sold_is_refunded_on_the_page_and_nothing_else_is() {
    let (worker, kept) = worker().await;
    let running = Running::start(Options { worker_url: Some(worker), ..Options::at(NOW) }).await;
    for (storefront, product_id, variant_id) in
        [("gumroad", "pickOne==", Value::Null), ("lemonsqueezy", "4", json!("5"))]
    {
        let sale = json!({
            "storefront": storefront, "product_id": product_id, "variant_id": variant_id,
            "email": "mary@example.com", "name": "Mary Jackson",
        });
        assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    }
    // The third tells of the key that Lemon Squeezy issued.
    for (delivery, status) in [(0, 204), (1, 204), (2, 404), (9, 404)] {
        assert_eq!(running.post("/_sandbox/refund", json!({ "delivery": delivery })).await, status, "{delivery}");
    }
    let kept = kept.lock().unwrap().clone();
    assert_eq!(kept.len(), 5);
    assert!(String::from_utf8_lossy(&kept[3].2).contains("refunded=true"));
    assert_eq!(kept[4].1["x-event-name"], "order_refunded");
    let state: Value = running.get("/_sandbox/state").await.json().await.unwrap();
    let of_sales: Vec<_> = state["deliveries"].as_array().unwrap().iter().map(|sent| &sent["is_of_sale"]).collect();
    assert_eq!(of_sales, [true, true, false, false, false]);
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_said_without_the_secret() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let worker_url = Some(format!("http://{}", nobody.local_addr().unwrap()));
    drop(nobody);
    let running = Running::start(Options { worker_url, ..Options::at(NOW) }).await;
    let sale = json!({
        "storefront": "gumroad", "product_id": "pickOne==", "variant_id": null, "email": "m@example.com", "name": "",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    let state = running.get("/_sandbox/state").await.text().await.unwrap();
    let answer = &serde_json::from_str::<Value>(&state).unwrap()["deliveries"][0]["answer"];
    assert!(answer["error"].is_string(), "{answer}");
    assert!(!state.contains("sandbox-gumroad-secret"));
}

#[tokio::test]
async fn an_invitation_is_accepted_on_the_page_and_a_stale_one_is_refused() {
    let running = Running::start(Options::at(NOW)).await;
    running.invite().await.unwrap();
    let invited = json!({ "login": "octocat", "repo": "acme/kit" });
    assert_eq!(running.post("/_sandbox/accept", invited.clone()).await, 204);
    assert_eq!(running.sandbox.collaborators("acme/kit"), ["octocat"]);
    assert_eq!(running.post("/_sandbox/accept", invited).await, 404);
    let unknown = json!({ "login": "octocat", "repo": "acme/nowhere" });
    assert_eq!(running.post("/_sandbox/decline", unknown).await, 404);
}

#[tokio::test]
async fn a_form_of_another_page_changes_nothing() {
    let running = Running::start(Options::at(NOW)).await;
    running.invite().await.unwrap();
    let request = running.client.post(format!("{}/_sandbox/accept", running.url));
    let request = request.header("content-type", "text/plain").body(r#"{"login":"octocat","repo":"acme/kit"}"#);
    assert_eq!(request.send().await.unwrap().status(), 415);
    assert!(running.sandbox.collaborators("acme/kit").is_empty());
}

#[tokio::test]
async fn the_page_talks_to_itself_and_leads_to_the_worker_and_a_mail_talks_to_nobody() {
    let options = Options { worker_url: Some("http://localhost:8787/".to_owned()), ..Options::at(NOW) };
    let running = Running::start(options).await;
    let page = running.get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("connect-src 'self';"), "{policy}");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let html = page.text().await.unwrap();
    for door in ["id=\"buyers-page\"", "id=\"console\""] {
        assert!(html.contains(door), "{door}");
    }
    let state: serde_json::Value = running.get("/_sandbox/state").await.json().await.unwrap();
    assert_eq!(state["worker_url"], "http://localhost:8787/");
    for file in ["/_sandbox/app.js", "/_sandbox/style.css"] {
        assert!(html.contains(file));
        assert_eq!(running.get(file).await.status(), 200);
    }

    running.mail("<p>Hello<script>alert(1)</script>").await;
    let id = &running.sandbox.take_mails()[0].id;
    let mail = running.get(&format!("/_sandbox/mails/{id}")).await;
    let policy = mail.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox allow-top-navigation-by-user-activation; default-src 'none';"), "{policy}");
    assert!(!policy.contains("allow-scripts"), "{policy}");
    assert!(mail.text().await.unwrap().contains("<p>Hello"));
    assert_eq!(running.get("/_sandbox/mails/unknown").await.status(), 404);
}

#[tokio::test]
async fn a_stripe_sale_is_signed_anew_each_time_and_is_refunded() {
    let (worker, kept) = worker().await;
    let clock = VirtualClock::at(NOW);
    let options = Options { worker_url: Some(worker), clock: clock.clock(), ..Options::default() };
    let running = Running::start(options).await;
    let sale = json!({
        "storefront": "stripe", "product_id": "prod_1SandboxForge", "variant_id": null,
        "email": "mary@example.com", "name": "Mary Jackson",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    clock.advance(600_000);
    assert_eq!(running.post("/_sandbox/send-again", json!({ "delivery": 0 })).await, 204);
    assert_eq!(running.post("/_sandbox/refund", json!({ "delivery": 0 })).await, 204);
    let kept = kept.lock().unwrap().clone();
    let signed: Vec<_> =
        kept.iter().map(|(_, headers, body)| (headers["stripe-signature"].to_str().unwrap(), body)).collect();
    for ((signature, body), at) in signed.iter().zip([NOW, NOW + 600_000, NOW + 600_000]) {
        assert_eq!(*signature, sign_stripe_body(STRIPE_WEBHOOK_SECRET, at, body));
    }
    let event = |place: usize| serde_json::from_slice::<Value>(signed[place].1).unwrap()["type"].clone();
    assert_eq!((signed.len(), event(1), event(2)), (3, json!("checkout.session.completed"), json!("charge.refunded")));
}

#[tokio::test]
async fn a_polar_sale_is_signed_anew_each_time_under_its_id_and_is_refunded() {
    let (worker, kept) = worker().await;
    let clock = VirtualClock::at(NOW);
    let options = Options { worker_url: Some(worker), clock: clock.clock(), ..Options::default() };
    let running = Running::start(options).await;
    let sale = json!({
        "storefront": "polar", "product_id": "9d2f0e4a-0000-4000-8000-0000000000bb", "variant_id": null,
        "email": "mary@example.com", "name": "Mary Jackson",
    });
    assert_eq!(running.post("/_sandbox/sell", sale).await, 204);
    clock.advance(600_000);
    assert_eq!(running.post("/_sandbox/send-again", json!({ "delivery": 0 })).await, 204);
    assert_eq!(running.post("/_sandbox/refund", json!({ "delivery": 0 })).await, 204);
    let kept = kept.lock().unwrap().clone();
    let ids: Vec<_> = kept.iter().map(|(_, headers, _)| headers["webhook-id"].to_str().unwrap()).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    for ((_, headers, body), at) in kept.iter().zip([NOW, NOW + 600_000, NOW + 600_000]) {
        for (name, value) in sign_polar_body(POLAR_WEBHOOK_SECRET, headers["webhook-id"].to_str().unwrap(), at, body) {
            assert_eq!(headers[name.as_str()].to_str().unwrap(), value);
        }
    }
    let event = |place: usize| serde_json::from_slice::<Value>(&kept[place].2).unwrap()["type"].clone();
    assert_eq!((kept.len(), event(1), event(2)), (3, json!("order.paid"), json!("order.refunded")));
}
