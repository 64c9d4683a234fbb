//! What holds of every storefront, and what the registry promises.

use std::collections::HashSet;

use serde_json::json;

use super::hooks::Registration;
use super::{
    AnyStorefront, Cause, Head, NotUnderstood, OwnKeys, PROFILES, Proof, Refusal, SECTIONS, Storefronts, Understood,
    Verdict,
};
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
use crate::adapters::{Failure, Remedy};
use crate::config::Reader;
use crate::model::{Delivery, EventReason, LicenseKey, LicenseKind, ListName, Origin, Source, StorefrontEvent};
use crate::platform::{HttpResponse, Limit, SendError};

const CONFIGURED: &[(&str, &str)] = &[
    ("GUMROAD_ACCESS_TOKEN", "gumroad token"),
    ("GUMROAD_WEBHOOK_SECRET", "gumroad secret"),
    ("LEMON_SQUEEZY_API_KEY", "lemon squeezy key"),
    ("LEMON_SQUEEZY_STORE_ID", "1"),
    ("LEMON_SQUEEZY_WEBHOOK_SECRET", "lemon squeezy secret"),
    ("PADDLE_API_KEY", "paddle key"),
    ("PADDLE_WEBHOOK_SECRET", "paddle secret"),
    ("POLAR_ACCESS_TOKEN", "polar token"),
    ("POLAR_WEBHOOK_SECRET", "polar secret"),
    ("STRIPE_API_KEY", "stripe key"),
    ("STRIPE_WEBHOOK_SECRET", "stripe secret"),
    ("STANDARD_WEBHOOKS_SECRET", "standard webhooks secret"),
];

fn read(settings: &[(&str, &str)]) -> (Storefronts, Vec<String>) {
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let mut reader = Reader::new(&find);
    let storefronts = Storefronts::read(&mut reader);
    (storefronts, reader.problems().iter().map(ToString::to_string).collect())
}

fn configured() -> Storefronts {
    let (storefronts, problems) = read(CONFIGURED);
    assert_eq!(problems, [""; 0]);
    storefronts
}

/// Every list of every storefront.
fn lists(storefronts: &Storefronts) -> Vec<(&AnyStorefront, ListName)> {
    let all = storefronts.lists().into_iter();
    all.map(|(source, list)| (storefronts.get(source).unwrap(), list)).collect()
}

#[test]
fn every_storefront_is_found_by_its_name_and_by_its_path() {
    let storefronts = configured();
    let names: Vec<_> = storefronts.iter().map(|storefront| storefront.source().as_str().to_owned()).collect();
    assert_eq!(names, ["gumroad", "lemonsqueezy", "paddle", "polar", "stripe", "standard"]);
    for storefront in storefronts.iter() {
        let source = storefront.source();
        assert_eq!(storefronts.get(source).unwrap().source(), source);
        assert_eq!(storefront.webhook_path(), format!("/webhooks/{source}"));
        assert_eq!(storefronts.by_path(&storefront.webhook_path()).unwrap().source(), source);
    }
    assert!(storefronts.get(Source::named("somebody")).is_none());
    for path in
        ["/webhooks/", "/webhooks/somebody", "/webhooks/Gumroad", "/webhooks/gumroad/", "/gumroad", "gumroad", ""]
    {
        assert!(storefronts.by_path(path).is_none(), "{path}");
    }
}

#[test]
fn every_storefront_is_known_without_its_settings() {
    let told: Vec<_> =
        SECTIONS.iter().map(|section| (section.source, section.name, section.default_license())).collect();
    let expected = [
        ("gumroad", "Gumroad", LicenseKind::Minted),
        ("lemonsqueezy", "Lemon Squeezy", LicenseKind::Storefront),
        ("paddle", "Paddle", LicenseKind::Minted),
        ("polar", "Polar", LicenseKind::Minted),
        ("stripe", "Stripe", LicenseKind::Minted),
        ("standard", "Standard Webhooks", LicenseKind::Minted),
    ];
    assert_eq!(told, expected);
    let storefronts = configured();
    assert!(
        storefronts
            .iter()
            .map(|storefront| (storefront.source(), storefront.name()))
            .eq(PROFILES.iter().map(|profile| (profile.source, profile.name)))
    );
}

#[test]
fn what_is_missing_is_reported_by_name() {
    let (_, problems) = read(&[]);
    let expected = [
        "GUMROAD_WEBHOOK_SECRET is not set: the Gumroad webhook is closed",
        "LEMON_SQUEEZY_WEBHOOK_SECRET is not set: the Lemon Squeezy webhook is closed",
        "LEMON_SQUEEZY_STORE_ID is not set: no Lemon Squeezy order or license is believed",
    ];
    assert_eq!(problems, expected);
    // Nobody has to say that they do not sell there.
    for (given, problem) in [
        ("PADDLE_API_KEY", "PADDLE_WEBHOOK_SECRET is not set: the Paddle webhook is closed"),
        ("PADDLE_WEBHOOK_SECRET", "PADDLE_API_KEY is not set: nobody who buys at Paddle can be written to"),
        ("POLAR_ACCESS_TOKEN", "POLAR_WEBHOOK_SECRET is not set: the Polar webhook is closed"),
        ("POLAR_WEBHOOK_SECRET", "POLAR_ACCESS_TOKEN is not set: nobody notices a dispute at Polar"),
        ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET is not set: the Stripe webhook is closed"),
        ("STRIPE_WEBHOOK_SECRET", "STRIPE_API_KEY is not set: nobody knows what is bought at Stripe"),
    ] {
        assert_eq!(read(&[(given, "x")]).1.last().map(String::as_str), Some(problem));
    }
}

#[test]
fn what_is_wrong_is_reported_by_name_and_never_by_value() {
    let wrong: Vec<_> = [
        "GUMROAD_API_URL",
        "LEMON_SQUEEZY_API_URL",
        "LEMON_SQUEEZY_STORE_ID",
        "PADDLE_API_URL",
        "POLAR_API_URL",
        "POLAR_ORGANIZATION_ID",
        "STRIPE_API_URL",
    ]
    .into_iter()
    .map(|name| (name, "canary"))
    .chain(CONFIGURED.iter().copied().filter(|(name, _)| *name != "LEMON_SQUEEZY_STORE_ID"))
    .collect();
    let (storefronts, problems) = read(&wrong);
    let expected = [
        "GUMROAD_API_URL must be a URL that starts with https:// or http://",
        "LEMON_SQUEEZY_STORE_ID must be a store's number",
        "LEMON_SQUEEZY_API_URL must be a URL that starts with https:// or http://",
        "PADDLE_API_URL must be a URL that starts with https:// or http://",
        "POLAR_API_URL must be a URL that starts with https:// or http://",
        "POLAR_ORGANIZATION_ID must be the id of an organization, as Polar's settings show it",
        "STRIPE_API_URL must be a URL that starts with https:// or http://",
    ];
    assert_eq!(problems, expected);
    assert_eq!(storefronts.with_keys().count(), 0);
    assert!(!format!("{:?}", configured()).contains("secret\""), "no secret is shown");
}

#[test]
fn without_a_secret_every_webhook_is_hidden_whatever_is_presented() {
    let headers = ["x-signature", "paddle-signature", "stripe-signature", "webhook-signature", "creem-signature"]
        .map(|name| (name.to_owned(), "0".repeat(64)));
    for query in [None, Some(""), Some("secret="), Some("secret=gumroad+secret")] {
        for storefront in read(&[]).0.iter() {
            let refused = storefront.authenticate(&Head { query, headers: &headers }, NOW);
            assert!(matches!(refused, Err(Refusal::Hidden)), "{storefront:?} with {query:?}");
        }
    }
}

#[test]
fn with_nothing_presented_no_storefront_lets_anybody_in() {
    for storefront in configured().iter() {
        for body in [b"".as_slice(), b"{}"] {
            let head = Head { query: None, headers: &[] };
            let proof = storefront.authenticate(&head, NOW);
            let admitted = proof.and_then(|proof| proof.admit(storefront.source(), body.to_vec()));
            assert!(admitted.is_err(), "{storefront:?}");
        }
    }
}

#[test]
fn a_delivery_of_any_bytes_is_answered_by_every_storefront_without_a_call() {
    for storefront in configured().iter() {
        for body in [b"".as_slice(), b"{}", b"[]", b"\xff", b"null", b"{\"a\":1,\"a\":1}"] {
            let lists = storefront.lists().into_iter().map(Origin::List);
            for origin in lists.chain([Origin::Webhook, Origin::List(ListName::named("no_such_list"))]) {
                let world = Canned::answering([]);
                let delivery = Delivery::recorded(storefront.source(), origin, body.to_vec());
                match run(storefront.interpret(&world, &delivery)) {
                    Err(NotUnderstood {
                        cause: Cause::Malformed { problem, .. } | Cause::Undescribed { problem },
                        ..
                    }) => assert!(!problem.is_empty()),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn only_storefronts_with_keys_of_their_own_are_asked_about_one() {
    let storefronts = configured();
    let with_keys: Vec<_> = storefronts.with_keys().map(|(storefront, limit)| (storefront.name(), limit)).collect();
    assert_eq!(with_keys, [("Lemon Squeezy", Limit::LicenseApi)]);
    let key = LicenseKey::from_record("38b1460a-5104-4067-a91d-77b872934d51").unwrap();
    for storefront in storefronts.iter().filter(|storefront| storefront.own_keys() == OwnKeys::None) {
        let world = Canned::answering([]);
        assert_eq!(run(storefront.verify_key(&world, &key)), Ok(Verdict::Unknown));
    }
}

#[test]
fn the_lists_of_every_storefront_are_read_in_their_order() {
    let told = |settings| -> Vec<_> {
        let lists = read(settings).0.lists().into_iter();
        lists.map(|(source, list)| format!("{source}/{}", list.as_str())).collect()
    };
    let all = [
        "gumroad/sales",
        "lemonsqueezy/orders",
        "lemonsqueezy/license_keys",
        "paddle/transactions",
        "paddle/adjustments",
        "polar/orders",
        "polar/renewals",
        "polar/refunds",
        "polar/disputes",
        "stripe/sessions",
        "stripe/payments",
        "stripe/reversals",
    ];
    assert_eq!(told(CONFIGURED), all);
    assert_eq!(told(&CONFIGURED[5..6]), all[3..5]);
    assert_eq!(told(&CONFIGURED[7..8]), all[5..9]);
    assert_eq!(told(&CONFIGURED[9..10]), all[9..]);
    assert_eq!(told(&CONFIGURED[..2]), ["gumroad/sales"]);
    assert_eq!(told(&CONFIGURED[2..4]), ["lemonsqueezy/orders", "lemonsqueezy/license_keys"]);
    assert_eq!(told(&CONFIGURED[2..3]), [""; 0]);
    assert_eq!(told(&CONFIGURED[3..4]), [""; 0]);
}

#[test]
fn without_credentials_no_list_is_asked_for() {
    let storefronts = configured();
    for (storefront, list) in lists(&storefronts) {
        let (without, _) = read(&[]);
        let world = Canned::answering([]);
        let unconfigured = without.get(storefront.source()).unwrap();
        let failure = run(unconfigured.page(&world, &list, NOW, None)).unwrap_err();
        // At Polar the token is optional: what needs it waits for a person.
        let optional = storefront.source() == Source::named("polar");
        assert_eq!(failure.remedy, if optional { Remedy::PersonNeeded } else { Remedy::SetupWrong });
    }
}

/// What each list comes to when the storefront answers so.
fn read_lists(answer: impl Fn() -> Result<HttpResponse, SendError>) -> Vec<Failure> {
    let storefronts = configured();
    let read = |(storefront, list): (&AnyStorefront, ListName)| {
        let world = Canned::answering([answer()]);
        run(storefront.page(&world, &list, NOW, None)).unwrap_err()
    };
    lists(&storefronts).into_iter().map(read).collect()
}

#[test]
fn a_list_that_refuses_our_credentials_waits_for_new_ones_which_are_named() {
    for status in [401, 403] {
        let told: Vec<_> = read_lists(|| reply(status, "{}")).into_iter().map(|failure| failure.reason).collect();
        let permits =
            |permission| if status == 403 { format!(": it has to permit {permission}") } else { String::new() };
        let expected = [
            "Gumroad refuses GUMROAD_ACCESS_TOKEN".to_owned(),
            "Lemon Squeezy refuses LEMON_SQUEEZY_API_KEY".to_owned(),
            "Lemon Squeezy refuses LEMON_SQUEEZY_API_KEY".to_owned(),
            format!("Paddle refuses PADDLE_API_KEY{}", permits("transaction.read and customer.read")),
            format!("Paddle refuses PADDLE_API_KEY{}", permits("adjustment.read")),
            format!("Polar refuses POLAR_ACCESS_TOKEN{}", permits("orders:read")),
            format!("Polar refuses POLAR_ACCESS_TOKEN{}", permits("orders:read")),
            format!("Polar refuses POLAR_ACCESS_TOKEN{}", permits("refunds:read")),
            format!("Polar refuses POLAR_ACCESS_TOKEN{}", permits("disputes:read")),
            format!("Stripe refuses STRIPE_API_KEY{}", permits("Checkout Sessions (read)")),
            format!("Stripe refuses STRIPE_API_KEY{}", permits("Events (read)")),
            format!("Stripe refuses STRIPE_API_KEY{}", permits("Events (read)")),
        ];
        assert_eq!(told, expected);
        for failure in read_lists(|| reply(status, "{}")) {
            assert_eq!(failure.remedy, Remedy::CredentialsRejected);
        }
    }
}

#[test]
fn the_rate_limit_of_every_list_is_waited_out() {
    for failure in read_lists(|| reply_with(429, &[("retry-after", "7")], "")) {
        assert_eq!(failure.remedy, Remedy::RetryAt(NOW.plus_millis(7_000)));
    }
    for failure in read_lists(|| reply(429, "")) {
        assert_eq!(failure.remedy, Remedy::RetryAt(NOW.plus_millis(5 * 60 * 1000)));
    }
}

#[test]
fn a_list_that_cannot_be_read_is_tried_again() {
    for body in ["", "<html>", "[]", "{}", "null"] {
        for status in [200, 302, 404, 500, 503] {
            for failure in read_lists(|| reply(status, body)) {
                assert_eq!(failure.remedy, Remedy::Retry);
            }
        }
    }
    for error in [SendError::Timeout, SendError::Unreachable, SendError::TooLarge] {
        for failure in read_lists(|| Err(error)) {
            assert_eq!(failure.remedy, Remedy::Retry);
        }
    }
}

#[test]
fn hooks_name_what_to_subscribe_to_and_where() {
    let mut dashboards = HashSet::new();
    for storefront in configured().iter() {
        let hooks = storefront.hooks();
        assert!(!hooks.events.is_empty());
        assert!(hooks.dashboard.starts_with("https://") && dashboards.insert(hooks.dashboard));
    }
}

/// What storefronts document that their webhooks can tell of besides.
const NOT_ACTED_ON: &[(&str, &[&str])] = &[
    ("gumroad", &["ping"]),
    ("lemonsqueezy", &["affiliate_activated", "customer_updated", "subscription_plan_changed", "order_updated"]),
    (
        "paddle",
        &[
            "transaction.billed",
            "transaction.canceled",
            "transaction.created",
            "transaction.paid",
            "transaction.past_due",
            "transaction.payment_failed",
            "transaction.ready",
            "transaction.revised",
            "transaction.updated",
            "customer.created",
            "customer.updated",
            "product.updated",
            "price.updated",
            "discount.created",
            "payout.paid",
            "report.created",
        ],
    ),
    (
        "polar",
        &[
            "order.created",
            "order.updated",
            "subscription.cycled",
            "checkout.created",
            "checkout.updated",
            "checkout.expired",
            "customer.created",
            "customer.updated",
            "customer.state_changed",
            "customer_seat.assigned",
            "customer_seat.claimed",
            "customer_seat.revoked",
            "member.created",
            "product.updated",
            "benefit_grant.created",
            "benefit_grant.revoked",
            "organization.updated",
            // What a listed dispute would be told by, were there a webhook.
            "dispute.updated",
        ],
    ),
    (
        "stripe",
        &[
            "checkout.session.expired",
            "invoice.created",
            "invoice.finalized",
            "invoice.payment_failed",
            "invoice.payment_succeeded",
            "invoice_payment.paid",
            "charge.succeeded",
            "charge.failed",
            "charge.updated",
            "charge.refund.updated",
            "refund.created",
            "customer.updated",
            "customer.subscription.trial_will_end",
            "customer.subscription.pending_update_applied",
            "payment_intent.succeeded",
            "radar.early_fraud_warning.created",
        ],
    ),
];

/// A webhook about this event that says nothing of it.
fn about(source: &str, event: &str) -> Vec<u8> {
    let body = match source {
        "gumroad" => return format!("resource_name={event}").into_bytes(),
        "lemonsqueezy" => json!({ "meta": { "event_name": event }, "data": {} }),
        "paddle" => json!({ "event_id": "evt_1", "event_type": event, "data": {} }),
        "polar" => json!({ "type": event, "data": {} }),
        "stripe" => {
            json!({ "object": "event", "type": event, "livemode": true, "created": 1, "data": { "object": {} } })
        }
        other => panic!("{other} has no webhook that is known"),
    };
    body.to_string().into_bytes()
}

#[test]
fn what_is_subscribed_to_is_what_is_acted_on_and_nothing_else_is() {
    for storefront in configured().iter() {
        let hooks = storefront.hooks();
        if hooks.registration == Registration::ByHand {
            continue;
        }
        let source = storefront.source();
        let (_, others) = NOT_ACTED_ON.iter().find(|(known, _)| *known == source.as_str()).unwrap();
        for (event, is_acted_on) in
            hooks.events.iter().map(|event| (event, true)).chain(others.iter().map(|event| (event, false)))
        {
            let delivery = Delivery::recorded(source, Origin::Webhook, about(source.as_str(), event));
            let nothing = match run(storefront.interpret(&Canned::answering([]), &delivery)) {
                Ok(Understood { event: StorefrontEvent::Nothing { reason, .. }, .. }) => {
                    reason == EventReason::UnknownEvent
                }
                _ => false,
            };
            assert_eq!(!nothing, is_acted_on, "{source} {event}");
        }
    }
}

#[test]
fn what_is_signed_is_the_body_that_is_admitted_and_no_other() {
    let storefronts = configured();
    let lemon_squeezy = storefronts.get(Source::named("lemonsqueezy")).unwrap();
    // Computed with another implementation: `openssl dgst -sha256 -hmac "lemon squeezy secret"` over `{}`.
    let signature = SIGNATURE_OF_EMPTY_OBJECT;
    let headers = [("x-signature".to_owned(), signature.to_owned())];
    let head = Head { query: None, headers: &headers };
    let admit = |body: &[u8]| {
        let proof = lemon_squeezy.authenticate(&head, NOW).unwrap();
        assert!(matches!(proof, Proof::Body(_)));
        proof.admit(lemon_squeezy.source(), body.to_vec())
    };
    assert_eq!(admit(b"{}").unwrap().body, b"{}");
    assert_eq!(admit(b"{} ").unwrap_err(), Refusal::InvalidSignature);
}

const SIGNATURE_OF_EMPTY_OBJECT: &str = "e3daef8905235cccfdfec7856e73ec386bbbe5b93f307f21547f1179f329f362";
