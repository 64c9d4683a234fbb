//! What a restricted key has to permit: no less than docs/deploy.md says, and no more.

use std::collections::BTreeSet;

use latchkey::adapters::storefronts::hooks::HookChange;
use latchkey::model::Source;

use super::*;

const HOST: &str = "shop.example.com";
const SUBSCRIPTION: &str = "sub_1SandboxForge";

/// What the documentation names, and what each is to the sandbox.
const LEAST: [(&str, &str); 8] = [
    ("Checkout Sessions", "checkout_session_read"),
    ("Invoices", "invoice_read"),
    ("Charges and Refunds", "charge_read"),
    ("Events", "event_read"),
    ("Webhook Endpoints", "webhook_read"),
    ("Products", "product_read"),
    ("Prices", "plan_read"),
    ("Payment Links", "payment_link_read"),
];

fn all_but(left_out: Option<&str>) -> Vec<&'static str> {
    LEAST.into_iter().filter(|(name, _)| Some(*name) != left_out).map(|(_, permission)| permission).collect()
}

/// A shop whose webhook is set up, with a key that permits these.
fn restricted(permissions: &[&str]) -> Shop {
    let shop = open();
    let endpoint = shop.sandbox.add_stripe_endpoint(&format!("https://{HOST}/webhooks/stripe"), &["invoice.paid"]);
    shop.sandbox.change_stripe_endpoint(&endpoint.id, |it| it.events = vec!["*".to_owned()]);
    shop.sandbox.restrict_stripe_key(permissions);
    shop
}

/// What the doctor finds of Stripe that is not as it should be.
async fn found(shop: &Shop) -> Vec<String> {
    let checks = shop.engine().diagnose(Some(HOST)).await.checks;
    let of_stripe =
        checks.into_iter().filter(|check| check.subject.as_deref().is_some_and(|it| it.starts_with("stripe")));
    let wrong = of_stripe.filter(|check| check.status.as_str() != "ok");
    wrong.map(|check| format!("{} {}", check.code.as_str(), check.detail.unwrap_or_default())).collect()
}

/// How many requests Stripe has refused since the last look.
fn refused(shop: &Shop) -> usize {
    shop.sandbox
        .take_calls()
        .iter()
        .filter(|call| call.service == Some(Service::Stripe) && call.status == Some(403))
        .count()
}

#[test]
fn the_documentation_names_these_permissions_and_no_others() {
    let page = include_str!("../../../docs/deploy.md");
    let table = page.split("make a\n[restricted key]").nth(1).unwrap().split("Where one lacks").next().unwrap();
    let named: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(": read |").map(|(names, _)| names))
        .flat_map(|names| names.split(", "))
        .collect();
    assert_eq!(named, LEAST.into_iter().map(|(name, _)| name).collect());
}

#[test]
fn the_doctor_names_each_permission_that_is_missing_and_nothing_else() {
    run(async {
        let shop = restricted(&all_but(None));
        assert_eq!(found(&shop).await, Vec::<String>::new());
        for (name, _) in LEAST {
            shop.sandbox.restrict_stripe_key(&all_but(Some(name)));
            let found = found(&shop).await;
            let told = format!("Stripe refuses STRIPE_API_KEY: it has to permit {name} (read)");
            assert!(found.len() == 1 && found[0].ends_with(&told), "without {name}: {found:?}");
            assert_eq!(refused(&shop), 1);
        }
    });
}

#[test]
fn with_these_sales_refunds_disputes_subscriptions_and_lists_are_read_and_nothing_is_refused() {
    run(async {
        let shop = restricted(&all_but(None));
        let sale = member(&shop).await;
        let status = || shop.value("SELECT group_concat(status) FROM licenses");
        deliver(&shop, &shop.sandbox.stripe_refund(&sale, None)).await;
        assert_eq!(status(), "revoked");
        deliver(&shop, &shop.sandbox.stripe_refund_fails(&sale)).await;
        assert_eq!(status(), "active");
        deliver(&shop, &shop.sandbox.stripe_dispute(&sale, "needs_response")).await;
        assert_eq!(status(), "suspended");
        deliver(&shop, &shop.sandbox.stripe_dispute(&sale, "won")).await;
        assert_eq!(status(), "active");
        let begun = StripeSale { subscription: Some(SUBSCRIPTION.to_owned()), ..StripeSale::default() };
        deliver(&shop, &shop.sandbox.sell_on_stripe(begun)).await;
        deliver(&shop, &shop.sandbox.stripe_first_invoice(SUBSCRIPTION)).await;
        let renewal = shop.sandbox.stripe_renew(SUBSCRIPTION);
        deliver(&shop, &renewal).await;
        deliver(&shop, &shop.sandbox.stripe_refund(&renewal.reference, None)).await;
        assert_eq!(shop.count("subscription_facts WHERE fact = 'refunded'"), 1);
        // What no webhook told of.
        let lost = shop.sandbox.sell_on_stripe(StripeSale::default());
        let taken_back = shop.sandbox.sell_on_stripe(StripeSale::default());
        shop.sandbox.stripe_refund(&taken_back.reference, None);
        for _ in 0..20 {
            shop.tick_after(5 * MINUTE).await;
        }
        let of = |id: &str| shop.value(&format!("SELECT status FROM licenses WHERE order_id = '{id}'"));
        assert_eq!((of(&lost.reference), of(&taken_back.reference)), ("active".to_owned(), "revoked".to_owned()));
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        assert_eq!(refused(&shop), 0);
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_key_that_may_write_endpoints_besides_connects_and_one_that_may_not_says_so() {
    run(async {
        let shop = open();
        let engine = shop.engine();
        let stripe = engine.config().storefronts.get(Source::parse("stripe").unwrap()).unwrap();
        let url = format!("https://{HOST}/webhooks/stripe");
        let create = HookChange::Create { url: url.clone(), events: vec!["invoice.paid"] };
        shop.sandbox.restrict_stripe_key(&all_but(None));
        let failure = stripe.change_hooks(&shop.host, &create).await.unwrap_err();
        assert_eq!(failure.reason, "Stripe refuses STRIPE_API_KEY: it has to permit Webhook Endpoints (write)");
        assert_eq!(shop.sandbox.stripe_endpoints().len(), 0);
        let permitted = [all_but(Some("Webhook Endpoints")), vec!["webhook_write"]].concat();
        shop.sandbox.restrict_stripe_key(&permitted);
        assert!(stripe.change_hooks(&shop.host, &create).await.unwrap().is_some(), "the secret that Stripe has made");
        assert_eq!(stripe.registered_hooks(&shop.host).await.unwrap().len(), 1);
        assert_eq!(shop.sandbox.stripe_endpoints()[0].url, url);
        shop.sandbox.take_calls();
    });
}
