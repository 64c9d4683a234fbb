//! How things stand before a story, and who asks for what in it.

use std::ops::RangeInclusive;
use std::time::Duration;

use latchkey::db::admin::OutboxAct;
use latchkey::db::privacy::Person;
use latchkey::http::Request;
use latchkey::model::{EventId, GithubLogin, LicenseKey};
use latchkey_sandbox::{Delivery, Fault, FaultKind, GumroadSale, LemonSqueezySale, LicenseKeySeed, Service};
use serde_json::json;

use super::Story;
use super::deeds::Deed;
use crate::acts::act;
use crate::shop::{ADMIN_TOKEN, Shop, catalogue, catalogue_of, delivery_request, post, request};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who asks.
pub(super) enum Subject {
    /// Somebody outside, for each in turn.
    Asked(Vec<Ask>),
    Operator(Deed),
    /// It is cron that goes on.
    Nobody,
}

/// What is asked for until it is answered.
pub(super) struct Ask {
    pub(super) request: Box<dyn Fn() -> Request>,
    /// With which status.
    pub(super) hoped: RangeInclusive<u16>,
}

impl Ask {
    fn new(request: impl Fn() -> Request + 'static) -> Self {
        Self { request: Box::new(request), hoped: 200..=299 }
    }

    fn delivers(delivery: Delivery) -> Self {
        Self::new(move || delivery_request(&delivery))
    }

    fn activates(key: String) -> Self {
        let body = json!({ "license_key": key, "github_username": "octocat" }).to_string();
        Self::new(move || post("/api/activate", "application/json", body.as_bytes()))
    }

    fn reads(path: String) -> Self {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        Self::new(move || request("GET", &path, &[("authorization", &bearer)], b""))
    }
}

impl Story {
    /// Sets the scene.
    pub(super) async fn prepare(self, shop: &mut Shop) -> Subject {
        match self {
            Self::Sale => delivered([shop.sandbox.sell_on_gumroad(GumroadSale::default())]),
            Self::MintedOrder => delivered(shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1"))),
            Self::IssuedKey => delivered(shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5"))),
            Self::KeyBeforeOrder => delivered(shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5")).into_iter().rev()),
            Self::UnmappedSale => {
                let sale = GumroadSale { product_id: Some("in-no-catalogue==".to_owned()), ..GumroadSale::default() };
                delivered([shop.sandbox.sell_on_gumroad(sale)])
            }
            Self::AbandonedSale => {
                let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
                assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
                Subject::Nobody
            }
            Self::RefusedMail => {
                let sale = GumroadSale::default();
                shop.sandbox.suppress(&sale.email);
                delivered([shop.sandbox.sell_on_gumroad(sale)])
            }
            Self::FoundSales => {
                for _ in 0..11 {
                    shop.sandbox.sell_on_gumroad(GumroadSale::default());
                }
                shop.advance(20 * MINUTE);
                Subject::Nobody
            }
            Self::FoundOrder => {
                shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5"));
                shop.advance(20 * MINUTE);
                Subject::Nobody
            }
            Self::FirstActivation => Subject::Asked(vec![Ask::activates(shop.sell_starter().await)]),
            Self::StorefrontKey => {
                Subject::Asked(vec![Ask::activates(shop.sandbox.add_license_key(LicenseKeySeed::default()))])
            }
            Self::UnmappedKey => {
                let key = LicenseKeySeed { product_id: 7, variant_id: 9, ..LicenseKeySeed::default() };
                let ask = Ask::activates(shop.sandbox.add_license_key(key));
                Subject::Asked(vec![Ask { hoped: 409..=409, ..ask }])
            }
            Self::RejectedToken => {
                let key = shop.sell_starter().await;
                shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("PUT"));
                Subject::Asked(vec![Ask::activates(key)])
            }
            Self::LimitedActivation => {
                let key = shop.sell_starter().await;
                shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(429)).method("PUT").times(1));
                Subject::Asked(vec![Ask::activates(key)])
            }
            Self::Bypass => {
                let key = shop.sell_starter().await;
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                // Otherwise the invitations from before would hide that there are no new ones.
                for repo in ["acme/starter", "acme/starter-docs"] {
                    shop.sandbox.decline_invitation("octocat", repo).unwrap();
                }
                Subject::Asked(vec![Ask::activates(key)])
            }
            Self::Expiry => {
                shop.sell_starter().await;
                shop.advance(31 * DAY);
                Subject::Nobody
            }
            Self::Looking => look_at_everything(shop).await,
            Self::Refund => {
                sell_and_activate(shop).await;
                let sale = shop.value("SELECT source_order_id FROM licenses");
                delivered([shop.sandbox.gumroad_refund(&sale)])
            }
            Self::Revocation => Subject::Operator(Deed::Revoke(sell_and_activate(shop).await)),
            Self::Transfer => {
                let to = GithubLogin::parse("grace-hopper").unwrap();
                Subject::Operator(Deed::Transfer(sell_and_activate(shop).await, to))
            }
            Self::Reinstatement => {
                let key = sell_and_activate(shop).await;
                shop.engine().revoke(&key, &act(shop)).await.unwrap();
                for _ in 0..3 {
                    shop.tick_after(MINUTE).await;
                }
                assert_eq!(shop.count("outbox WHERE kind = 'removal' AND outcome = 'removed'"), 2);
                Subject::Operator(Deed::Reinstate(key))
            }
            Self::Resending => Subject::Operator(Deed::Resend(key_of(&shop.sell_starter().await))),
            Self::Replay => Subject::Operator(Deed::Replay(sell_before_it_is_mapped(shop).await)),
            Self::ReplayOfAll => {
                sell_before_it_is_mapped(shop).await;
                Subject::Operator(Deed::ReplayAll)
            }
            Self::Retry => Subject::Operator(Deed::Outbox(OutboxAct::Retry, let_a_mail_die(shop).await)),
            Self::Cancellation => Subject::Operator(Deed::Outbox(OutboxAct::Cancel, let_a_mail_die(shop).await)),
            Self::Export => {
                shop.sell_starter().await;
                Subject::Operator(Deed::Export(buyer()))
            }
            Self::Erasure => {
                shop.sell_starter().await;
                Subject::Operator(Deed::Erase(buyer()))
            }
        }
    }
}

fn delivered(deliveries: impl IntoIterator<Item = Delivery>) -> Subject {
    Subject::Asked(deliveries.into_iter().map(Ask::delivers).collect())
}

/// An order of a Lemon Squeezy product. Where the keys of that are the storefront's, it issues one.
fn order_of(product_id: &str, variant_id: &str) -> LemonSqueezySale {
    LemonSqueezySale {
        product_id: Some(product_id.to_owned()),
        variant_id: Some(variant_id.to_owned()),
        ..LemonSqueezySale::default()
    }
}

fn key_of(text: &str) -> LicenseKey {
    LicenseKey::from_record(text).unwrap()
}

/// Whoever buys on Gumroad.
fn buyer() -> Person {
    let GumroadSale { email, .. } = GumroadSale::default();
    Person { encoded: email.replace('@', "%40"), hash: "buyer".to_owned(), email }
}

/// The starter kit, activated a minute ago by somebody who has accepted one of the two invitations.
async fn sell_and_activate(shop: &Shop) -> LicenseKey {
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
    shop.advance(MINUTE);
    key_of(&key)
}

/// A sale that came before its product was in the catalogue, which it is now.
async fn sell_before_it_is_mapped(shop: &mut Shop) -> EventId {
    shop.deploy(catalogue_of(
        "[[gumroad]]\nproduct_id = \"other==\"\nname = \"Other\"\ntier = \"core\"\nrepos = [\"acme/other\"]\n",
    ));
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE error LIKE 'unmapped%'")), (0, 1));
    shop.deploy(catalogue());
    EventId::parse(&shop.value("SELECT id FROM webhook_events")).unwrap()
}

/// A sale whose mail was given up, though it would be taken now; the mail's row.
async fn let_a_mail_die(shop: &Shop) -> i64 {
    let body = json!({ "ErrorCode": 406, "Message": "inactive" }).to_string().into_bytes();
    let refused = FaultKind::Status { status: 422, headers: Vec::new(), body };
    shop.sandbox.inject(Fault::new(Service::Postmark, refused));
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    shop.sandbox.clear_faults();
    shop.value("SELECT id FROM outbox WHERE state = 'dead'").parse().unwrap()
}

/// Every path that only reads.
async fn look_at_everything(shop: &Shop) -> Subject {
    let key = shop.sell_starter().await;
    let event = shop.value("SELECT id FROM webhook_events");
    let paths = [
        "/healthz",
        "/admin/status",
        "/admin/attention",
        "/admin/events",
        &format!("/admin/events/{event}"),
        "/admin/licenses",
        &format!("/admin/licenses?key={key}"),
        &format!("/admin/licenses/{key}"),
        "/admin/outbox",
        "/admin/actions",
    ];
    Subject::Asked(paths.into_iter().map(|path| Ask::reads(path.to_owned())).collect())
}
