//! How things stand before a scenario, and who asks for what in it.

use std::ops::RangeInclusive;
use std::time::Duration;

use latchkey::db::admin_changes::OutboxAction;
use latchkey::engine::Issue;
use latchkey::http::Request;
use latchkey::model::{BuyerEmail, EmailAddress, EventId, GithubLogin, LicenseKey, ProductRef, Source};
use latchkey::platform::Platform;
use latchkey_sandbox::{
    AccountKind, Delivery, Fault, FaultKind, GumroadSale, HookFormat, KeyStatus, LemonSqueezySale,
    LemonSqueezySubscription, LicenseKeySeed, MailFate, PaddleAdjustment, PaddleSale, PolarSale, Service, StandardSale,
    StripeSale,
};
use serde_json::json;

use super::changes::Change;
use super::{Scenario, action};
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, catalogue, catalogue_of, delivery_request, post, request, seen_as};

/// A catalogue that names another product.
const OTHER: &str = "[[gumroad]]\nproduct_id = 'other=='\nname = 'Other'\ntier = 'core'\nrepos = ['acme/other']\n";

/// A catalogue whose starter kit has dropped one repository, and has another.
const CHANGED: &str = "[[gumroad]]\nproduct_id = '32-nPAicqbLj8B_WswVlMw=='\nname = 'Acme Starter Kit'\ntier = 'pro'\nyears = 1\n\
                       repos = ['acme/starter', 'acme/kit']\n";

/// A catalogue whose kit is activated for the account that was given at the checkout.
const AT_CHECKOUT: &str = "[[lemonsqueezy]]\nproduct_id = '4'\nname = 'Acme Kit'\ntier = 'core'\n\
                           repos = ['acme/kit', 'acme/kit-pro']\nactivate_at_checkout = true\n";

/// A catalogue of what is sold to teams, too.
const PRESS: &str = "[[polar]]\nproduct_id = '9d2f0e4a-0000-4000-8000-0000000000bb'\nname = 'Press'\ntier = 'pro'\n\
                     repos = ['acme/press']\n";

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who asks.
pub(super) enum Subject {
    /// Somebody outside, for each in turn.
    Asked(Vec<Ask>),
    Operator(Change),
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

    fn recovers(email: BuyerEmail) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("email", email.as_str()).finish();
        let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
        let asking = Self::new(move || request("POST", "/recover", &headers, form.as_bytes()));
        Self { hoped: 303..=303, ..asking }
    }

    fn reads(path: String) -> Self {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        Self::new(move || request("GET", &path, &[("authorization", &bearer)], b""))
    }
}

/// A refund of ten dollars.
fn in_part() -> PaddleAdjustment {
    PaddleAdjustment { amount: Some(1_000), ..PaddleAdjustment::default() }
}

impl Scenario {
    /// Sets the scene.
    pub(super) async fn prepare(self, shop: &Shop) -> Subject {
        match self {
            Self::Sale | Self::ResendSale | Self::Smtp2goSale | Self::BoundSale => {
                delivered([shop.sandbox.sell_on_gumroad(GumroadSale::default())])
            }
            Self::MintedOrder => delivered(shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1"))),
            Self::AskedSale => {
                let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
                let refund = shop.sandbox.paddle_adjust(&sale.reference, in_part());
                delivered([sale, refund])
            }
            Self::JoinedRefund => {
                shop.stock(&catalogue_of(
                    "[[stripe]]\nproduct_id = \"prod_1SandboxForge\"\nname = \"Forge\"\ntier = \"pro\"\nrepos = [\"acme/forge\"]\n",
                ));
                let begun = StripeSale { subscription: Some("sub_1".to_owned()), ..StripeSale::default() };
                let sale = shop.sandbox.sell_on_stripe(begun);
                let (first, renewal) = (shop.sandbox.stripe_first_invoice("sub_1"), shop.sandbox.stripe_renew("sub_1"));
                let refund = shop.sandbox.stripe_refund(&renewal.reference, None);
                let failed = shop.sandbox.stripe_refund_fails(&renewal.reference);
                delivered([sale, first, renewal, refund, failed])
            }
            Self::TeamSale => {
                shop.stock(&catalogue_of(PRESS));
                let team =
                    PolarSale { email: None, owner: Some("grace@example.com".to_owned()), ..PolarSale::default() };
                let sale = shop.sandbox.sell_on_polar(team);
                let refund = shop.sandbox.polar_refund(&sale.reference, Some(1_000));
                let failed = shop.sandbox.polar_refund_becomes(&sale.reference, "failed");
                delivered([sale, refund, failed])
            }
            Self::IssuedKey => delivered(shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5"))),
            Self::KeyBeforeOrder => delivered(shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5")).into_iter().rev()),
            Self::Checkout => {
                shop.stock(&catalogue_of(AT_CHECKOUT));
                let custom_data = vec![("github".to_owned(), "octocat".to_owned())];
                let sale = LemonSqueezySale { custom_data, ..order_of("4", "5") };
                delivered(shop.sandbox.sell_on_lemon_squeezy(sale).into_iter().rev())
            }
            Self::TestKey => {
                let sale = LemonSqueezySale { test_mode: true, ..order_of("4", "5") };
                delivered(shop.sandbox.sell_on_lemon_squeezy(sale))
            }
            Self::ChangedKey => {
                for delivery in shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5")) {
                    assert_eq!(shop.deliver(&delivery).await.status, 200);
                }
                let key = shop.value("SELECT license_key FROM licenses");
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                let disabled = shop.sandbox.set_key_status(&key, KeyStatus::Disabled);
                delivered([disabled, shop.sandbox.regenerate_key(&key).1])
            }
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
            Self::ReturnedMail => {
                shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
                let mails = shop.sandbox.take_mails();
                delivered([shop.sandbox.tell_of_mail(&mails[0], MailFate::Bounced)])
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
            Self::FoundTransaction => {
                let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
                shop.sandbox.paddle_adjust(&sale.reference, in_part());
                shop.advance(20 * MINUTE);
                Subject::Nobody
            }
            Self::FoundDispute => {
                shop.stock(&catalogue_of(PRESS));
                let sale = shop.sandbox.sell_on_polar(PolarSale::default()).reference;
                shop.sandbox.polar_refund(&sale, Some(1_000));
                shop.sandbox.polar_dispute(&sale, "won");
                shop.advance(20 * MINUTE);
                Subject::Nobody
            }
            Self::FirstActivation | Self::AppActivation => {
                Subject::Asked(vec![Ask::activates(shop.sell_starter().await)])
            }
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
                shop.let_answers_age();
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
                let sale = shop.value("SELECT order_id FROM licenses");
                delivered([shop.sandbox.gumroad_refund(&sale)])
            }
            Self::Invoice => {
                let order = shop.sandbox.sell_on_lemon_squeezy(order_of("6", "9")).remove(0);
                let subscription = LemonSqueezySubscription {
                    id: 77,
                    order_id: order.reference.clone(),
                    status: "active",
                    renews_at: shop.host.now().plus_millis(30 * 86_400_000).as_millis(),
                    ends_at: None,
                };
                let paid = shop.host.now().as_millis();
                delivered([
                    shop.sandbox.lemon_squeezy_invoice("subscription_payment_success", &subscription, 1, paid),
                    shop.sandbox.lemon_squeezy_subscription("subscription_created", &subscription),
                    order,
                ])
            }
            Self::LicenseEnd => {
                sell_and_activate(shop).await;
                shop.advance(369 * DAY);
                Subject::Nobody
            }
            Self::Reminder => {
                sell_and_activate(shop).await;
                shop.sandbox.accept_invitation("octocat", "acme/starter-docs").unwrap();
                shop.advance((365 - 14) * DAY);
                Subject::Nobody
            }
            Self::Revocation => Subject::Operator(Change::Revoke(sell_and_activate(shop).await)),
            Self::Transfer => {
                let to = GithubLogin::parse("grace-hopper").unwrap();
                Subject::Operator(Change::Transfer(sell_and_activate(shop).await, to))
            }
            Self::Sync => {
                sell_and_activate(shop).await;
                shop.stock(&catalogue_of(CHANGED));
                Subject::Operator(Change::Sync)
            }
            Self::Forgetting => {
                shop.sandbox.add_collaborator("octocat", "acme/starter");
                let key = shop.sell_starter().await;
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                shop.engine().revoke(&key_of(&key), &action(shop)).await.unwrap();
                for _ in 0..3 {
                    shop.tick_after(MINUTE).await;
                }
                shop.rows("DELETE FROM admin_actions");
                Subject::Operator(Change::ForgetEarlier)
            }
            Self::Watching => {
                for number in 0..200 {
                    let login = format!("somebody-{number}");
                    shop.sandbox.add_user(&login, AccountKind::User);
                    shop.sandbox.add_invitation(&login, "acme/starter-docs");
                }
                sell_and_activate(shop).await;
                shop.sandbox.decline_invitation("octocat", "acme/starter-docs").unwrap();
                shop.advance(14 * MINUTE);
                Subject::Nobody
            }
            Self::LastInvitation => {
                sell_and_activate(shop).await;
                shop.rows("UPDATE grants SET renewals = 3");
                shop.advance(8 * 24 * 60 * MINUTE);
                Subject::Nobody
            }
            Self::Drift => {
                sell_and_activate(shop).await;
                for number in 0..150 {
                    let login = format!("somebody-{number}");
                    shop.sandbox.add_user(&login, AccountKind::User);
                    shop.sandbox.add_collaborator(&login, "acme/starter-docs");
                }
                shop.sandbox.remove_collaborator("octocat", "acme/starter");
                shop.sandbox.decline_invitation("octocat", "acme/starter-docs").unwrap();
                shop.rows("DELETE FROM grants WHERE repo = 'acme/starter-docs'");
                shop.rows(&format!("UPDATE grants SET {}", seen_as("member")));
                shop.rows("UPDATE repository_watches SET look_at = NULL, compare_at = 1 << 50");
                shop.advance(5 * MINUTE);
                Subject::Operator(Change::Compare)
            }
            Self::ToldByGithub => {
                sell_and_activate(shop).await;
                shop.sandbox.accept_invitation("octocat", "acme/starter-docs").unwrap();
                delivered([shop.sandbox.github_member("added", "octocat", "acme/starter-docs", HookFormat::Json)])
            }
            Self::Reinstatement => {
                let key = sell_and_activate(shop).await;
                shop.engine().revoke(&key, &action(shop)).await.unwrap();
                for _ in 0..3 {
                    shop.tick_after(MINUTE).await;
                }
                assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'removed'"), 2);
                Subject::Operator(Change::Reinstate(key))
            }
            Self::Resending => Subject::Operator(Change::Resend(key_of(&shop.sell_starter().await))),
            Self::Replay => Subject::Operator(Change::Replay(sell_before_it_is_mapped(shop).await)),
            Self::ReplayOfAll => {
                sell_before_it_is_mapped(shop).await;
                Subject::Operator(Change::ReplayAll)
            }
            Self::Dismissal => Subject::Operator(Change::Dismiss(sell_before_it_is_mapped(shop).await)),
            Self::DismissalOfAll => {
                sell_before_it_is_mapped(shop).await;
                Subject::Operator(Change::DismissAll)
            }
            Self::Mapping => {
                shop.stock(&catalogue_of(OTHER));
                assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
                assert_eq!(shop.count("webhook_events WHERE stuck_at IS NOT NULL"), 1);
                Subject::Operator(Change::Replace(catalogue().clone()))
            }
            Self::Describing => {
                let entry = "[[standard]]\nproduct_id = \"pdt_1SandboxAnvil\"\nname = \"Anvil\"\ntier = \"pro\"\nrepos = [\"acme/anvil\"]\n";
                shop.stock(&catalogue_of(entry));
                let sale = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
                assert_eq!(shop.deliver(&sale).await.status, 200);
                assert_eq!(shop.count("webhook_events WHERE stuck_at IS NOT NULL AND reason = 'not_described'"), 1);
                let described = format!("{entry}\n[standard_webhooks]\npreset = \"dodo\"\n");
                Subject::Operator(Change::Replace(catalogue_of(&described)))
            }
            Self::IssuingByHand => Subject::Operator(Change::Issue(Issue {
                section: Source::named("gumroad"),
                bought: ProductRef::parse(STARTER, None).unwrap(),
                email: buyer().mailable().unwrap(),
                name: None,
                event: Some(sell_before_it_is_mapped(shop).await),
            })),
            Self::Correction => Subject::Operator(Change::CorrectEmail(
                key_of(&shop.sell_starter().await),
                EmailAddress::parse("right@example.com").unwrap(),
            )),
            Self::Retry => Subject::Operator(Change::Outbox(OutboxAction::Retry, let_a_mail_die(shop).await)),
            Self::RetryOfAll => {
                let_a_mail_die(shop).await;
                Subject::Operator(Change::RetryAll)
            }
            Self::Cancellation => Subject::Operator(Change::Outbox(OutboxAction::Cancel, let_a_mail_die(shop).await)),
            Self::Recovery => {
                shop.sell_starter().await;
                Subject::Asked((0..3).map(|_| Ask::recovers(buyer())).collect())
            }
            Self::Export => {
                shop.sell_starter().await;
                Subject::Operator(Change::Export(buyer()))
            }
            Self::Erasure => {
                shop.sell_starter().await;
                Subject::Operator(Change::Erase(buyer()))
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
fn buyer() -> BuyerEmail {
    BuyerEmail::parse(&GumroadSale::default().email).unwrap()
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
async fn sell_before_it_is_mapped(shop: &Shop) -> EventId {
    shop.stock(&catalogue_of(OTHER));
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE error LIKE 'unmapped%'")), (0, 1));
    shop.stock(catalogue());
    EventId::parse(&shop.value("SELECT id FROM webhook_events")).unwrap()
}

/// A sale whose mail is dead, though it would be taken now; the mail's row.
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
