//! What the page asks the server: to sell, to send again, to refund, to accept an invitation, and to show everything. The page
//! itself is in `page`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::delivery::Delivery;
use crate::options::Storefront;
use crate::paddle::PaddleAdjustment;
use crate::page;
use crate::purchase::Purchase;
use crate::sandbox::Sandbox;

/// How many calls the page shows: the last ones.
const CALLS_SHOWN: usize = 200;
/// How long the Worker has to answer a delivery; Gumroad waits as long.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of the Worker's answer is kept.
const ANSWER_CHARS: usize = 2_000;

#[derive(Debug, Clone)]
struct Control {
    sandbox: Sandbox,
    client: reqwest::Client,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// A delivery that the page has sent, with the answer to the last time.
#[derive(Debug, Clone)]
struct Sent {
    storefront: Storefront,
    delivery: Delivery,
    times: u32,
    answer: Answer,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Answer {
    Status { status: u16, body: String },
    None { error: String },
}

#[derive(Deserialize)]
struct Sell {
    #[serde(flatten)]
    purchase: Purchase,
    /// Whether the Worker is told. Otherwise the deliveries are given to whoever asked.
    #[serde(default = "sent")]
    send: bool,
}

const fn sent() -> bool {
    true
}

/// A delivery that was sent, by its number.
#[derive(Deserialize)]
struct OfDelivery {
    delivery: usize,
}

#[derive(Deserialize)]
struct Invited {
    login: String,
    repo: String,
}

/// The page and its endpoints.
///
/// Every change is asked for in JSON, which a page of another origin cannot send here without being allowed to first.
pub(crate) fn router(sandbox: Sandbox) -> Router {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(DELIVERY_TIMEOUT)
        .no_proxy()
        .build()
        .expect("an HTTP client without special needs can be built");
    let control = Control { sandbox, client, sent: Arc::default() };
    Router::new()
        .route("/", get(async || page::index()))
        .route("/_sandbox/app.js", get(page::script))
        .route("/_sandbox/style.css", get(page::style))
        .route("/_sandbox/mails/{id}", get(show_mail))
        .route("/_sandbox/state", get(show_state))
        .route("/_sandbox/sell", post(sell))
        .route("/_sandbox/send-again", post(send_again))
        .route("/_sandbox/refund", post(refund))
        .route("/_sandbox/accept", post(accept))
        .route("/_sandbox/decline", post(decline))
        .with_state(control)
}

async fn sell(State(control): State<Control>, Json(Sell { purchase, send }): Json<Sell>) -> Response {
    let listed = control.sandbox.options().products.iter().any(|product| {
        (product.storefront, &product.product_id, &product.variant_id)
            == (purchase.storefront, &purchase.product_id, &purchase.variant_id)
    });
    if !listed {
        return (StatusCode::NOT_FOUND, "The sandbox does not sell this product.").into_response();
    }
    let storefront = purchase.storefront;
    let deliveries = control.sandbox.sell(purchase);
    if !send {
        return Json(deliveries).into_response();
    }
    for delivery in deliveries {
        control.send(storefront, delivery).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn send_again(State(control): State<Control>, Json(again): Json<OfDelivery>) -> Response {
    let sent = control.with_sent(again.delivery, |sent| (sent.storefront, sent.delivery.clone()));
    let delivery = match sent {
        None => return StatusCode::NOT_FOUND.into_response(),
        Some((Storefront::Paddle, delivery)) => control.sandbox.paddle_retry(&delivery),
        Some((Storefront::Polar, delivery)) => control.sandbox.polar_retry(&delivery),
        Some((Storefront::Stripe, delivery)) => control.sandbox.stripe_retry(&delivery),
        Some((Storefront::Standard, delivery)) => control.sandbox.standard_retry(&delivery),
        Some((_, delivery)) => delivery,
    };
    let answer = control.deliver(&delivery).await;
    control.with_sent(again.delivery, |sent| {
        sent.times += 1;
        sent.answer = answer;
    });
    StatusCode::NO_CONTENT.into_response()
}

/// Refunds in full what a delivery told of.
async fn refund(State(control): State<Control>, Json(sold): Json<OfDelivery>) -> Response {
    let Some(sale) = control.with_sent(sold.delivery, |sent| sent.clone()).filter(Sent::is_of_sale) else {
        return (StatusCode::NOT_FOUND, "There is no such sale.").into_response();
    };
    let reference = &sale.delivery.reference;
    let delivery = match sale.storefront {
        Storefront::Gumroad => control.sandbox.gumroad_refund(reference),
        Storefront::LemonSqueezy => control.sandbox.lemon_squeezy_refund(reference, None),
        Storefront::Paddle => control.sandbox.paddle_adjust(reference, PaddleAdjustment::default()),
        Storefront::Polar => control.sandbox.polar_refund(reference, None),
        Storefront::Stripe => control.sandbox.stripe_refund(reference, None),
        Storefront::Standard => control.sandbox.standard_refund(reference, None),
    };
    control.send(sale.storefront, delivery).await;
    StatusCode::NO_CONTENT.into_response()
}

async fn accept(State(control): State<Control>, Json(invited): Json<Invited>) -> Response {
    control.if_invited(&invited, |sandbox| sandbox.accept_invitation(&invited.login, &invited.repo))
}

async fn decline(State(control): State<Control>, Json(invited): Json<Invited>) -> Response {
    control.if_invited(&invited, |sandbox| sandbox.decline_invitation(&invited.login, &invited.repo))
}

async fn show_mail(State(control): State<Control>, Path(id): Path<String>) -> Response {
    let mail = control.sandbox.mails().into_iter().find(|mail| mail.id == id);
    match mail.and_then(|mail| mail.html) {
        Some(html) => page::mail(&html),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn show_state(State(control): State<Control>) -> Json<Value> {
    let sandbox = &control.sandbox;
    let options = sandbox.options();
    let products = options.products.iter().enumerate().map(|(number, product)| {
        json!({
            "number": number,
            "storefront": product.storefront,
            "product_id": product.product_id,
            "variant_id": product.variant_id,
            "name": product.name,
            "price_cents": product.price_cents,
            "license": product.license,
            "repos": product.repos,
            "choose": product.choose,
            "choose_limit": product.choose_limit,
        })
    });
    let sent = control.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let deliveries = sent.iter().enumerate().map(|(number, sent)| {
        json!({
            "number": number,
            "storefront": sent.storefront,
            "event": sent.delivery.event,
            "is_of_sale": sent.is_of_sale(),
            "reference": sent.delivery.reference,
            "times": sent.times,
            "answer": sent.answer,
        })
    });
    let mails = sandbox.mails().into_iter().map(|mail| {
        let html = mail.html.is_some();
        json!({
            "id": mail.id, "at": mail.at, "from": mail.from, "to": mail.to,
            "subject": mail.subject, "text": mail.text, "html": html,
        })
    });
    let repos = sandbox.repos().into_iter().map(|repo| {
        let collaborators = sandbox.collaborators(&repo);
        json!({ "invitations": sandbox.invitations(&repo), "collaborators": collaborators, "name": repo })
    });
    let calls = sandbox.calls();
    let first = calls.len().saturating_sub(CALLS_SHOWN);
    let calls = calls.iter().enumerate().skip(first).map(|(number, call)| {
        json!({
            "number": number, "at": call.at, "service": call.service.map(|service| service.to_string()),
            "method": call.method, "path": call.path, "status": call.status,
            "credentials": call.credentials, "unexpected": call.unexpected,
        })
    });
    Json(json!({
        "worker_url": options.worker_url,
        "products": products.collect::<Vec<_>>(),
        "deliveries": deliveries.collect::<Vec<_>>(),
        "mails": mails.collect::<Vec<_>>(),
        "storefront_mails": sandbox.storefront_mails(),
        "repos": repos.collect::<Vec<_>>(),
        "calls": calls.collect::<Vec<_>>(),
    }))
}

impl Sent {
    /// Whether it told of something bought, which can be refunded.
    fn is_of_sale(&self) -> bool {
        matches!(
            self.delivery.event.as_str(),
            "sale"
                | "order_created"
                | "transaction.completed"
                | "order.paid"
                | "payment.succeeded"
                | "checkout.session.completed"
        )
    }
}

impl Control {
    /// Sends a delivery to the Worker and keeps it with the answer.
    async fn send(&self, storefront: Storefront, delivery: Delivery) {
        let answer = self.deliver(&delivery).await;
        let sent = Sent { storefront, delivery, times: 1, answer };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
    }

    /// Sends a delivery to the Worker as it is.
    async fn deliver(&self, delivery: &Delivery) -> Answer {
        let Some(worker) = &self.sandbox.options().worker_url else {
            return Answer::None { error: "The sandbox was not told where the Worker is.".to_owned() };
        };
        let address = format!("{}{}", worker.trim_end_matches('/'), delivery.path_and_query);
        let mut request = self.client.post(address).body(delivery.body.clone());
        for (name, value) in &delivery.headers {
            request = request.header(name, value);
        }
        let answer = async {
            let reply = request.send().await?;
            let status = reply.status().as_u16();
            let body = reply.text().await?.chars().take(ANSWER_CHARS).collect();
            Ok(Answer::Status { status, body })
        };
        // The error may hold the address, and that holds Gumroad's secret.
        answer.await.unwrap_or_else(|error: reqwest::Error| Answer::None { error: error.without_url().to_string() })
    }

    fn with_sent<T>(&self, number: usize, act: impl FnOnce(&mut Sent) -> T) -> Option<T> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number).map(act)
    }

    /// Acts on an invitation that is listed. The verbs panic at names that are not there, and a page may be out of date.
    fn if_invited<E: ToString>(&self, invited: &Invited, act: impl FnOnce(&Sandbox) -> Result<(), E>) -> Response {
        let listed = self.sandbox.repos().contains(&invited.repo)
            && self.sandbox.invitations(&invited.repo).iter().any(|invitation| invitation.login == invited.login);
        if !listed {
            return (StatusCode::NOT_FOUND, "There is no such invitation.").into_response();
        }
        match act(&self.sandbox) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
        }
    }
}
