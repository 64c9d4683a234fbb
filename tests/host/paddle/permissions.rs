//! What a key has to permit: no less than docs/deploy.md says, and no more.

use std::collections::BTreeSet;

use latchkey_sandbox::Service;

use super::*;

const HOST: &str = "shop.example.com";
const SUBSCRIPTION: &str = "sub_01hv8x29kz0t586xy6zn1a62ny";
const LEAST: [&str; 6] =
    ["customer.read", "transaction.read", "adjustment.read", "notification_setting.read", "product.read", "price.read"];

fn all_but(left_out: &str) -> Vec<&'static str> {
    LEAST.into_iter().filter(|permission| *permission != left_out).collect()
}

/// A shop whose webhook is set up, with a key that permits these.
fn restricted(permissions: &[&str]) -> Shop {
    let shop = open();
    let engine = shop.engine();
    let paddle = engine.config().storefronts.get(latchkey::model::Source::parse("paddle").unwrap()).unwrap();
    let url = format!("https://{HOST}/webhooks/paddle");
    let destination = shop.sandbox.add_paddle_destination(&url, paddle.hooks().events);
    shop.sandbox.change_paddle_destination(&destination.id, |it| it.secret = PADDLE_WEBHOOK_SECRET.to_owned());
    shop.sandbox.restrict_paddle_key(permissions);
    shop
}

/// What the doctor finds of Paddle that is not as it should be.
async fn found(shop: &Shop) -> Vec<String> {
    let checks = shop.engine().diagnose(Some(HOST)).await.checks;
    let of_paddle =
        checks.into_iter().filter(|check| check.subject.as_deref().is_some_and(|it| it.starts_with("paddle")));
    let wrong = of_paddle.filter(|check| check.status.as_str() != "ok");
    wrong.map(|check| format!("{} {}", check.code.as_str(), check.detail.unwrap_or_default())).collect()
}

#[test]
fn the_documentation_names_these_permissions_and_no_others() {
    let page = include_str!("../../../docs/deploy.md");
    let table = page.split("## Paddle").nth(1).unwrap().split("Put it with").next().unwrap();
    let named: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(names, _)| names))
        .flat_map(|names| names.split("`, `"))
        .collect();
    assert_eq!(named, LEAST.into_iter().collect());
}

#[test]
fn the_doctor_names_each_permission_that_is_missing_and_nothing_else() {
    run(async {
        let shop = restricted(&LEAST);
        assert_eq!(found(&shop).await, Vec::<String>::new());
        for permission in LEAST {
            shop.sandbox.restrict_paddle_key(&all_but(permission));
            let found = found(&shop).await;
            let named = |text: &str| {
                let told = text.split_once("Paddle refuses PADDLE_API_KEY: it has to permit ");
                told.is_some_and(|(_, told)| told.split(" and ").any(|one| one == permission))
            };
            assert!(found.len() == 1 && named(&found[0]), "without {permission}: {found:?}");
        }
    });
}

#[test]
fn with_these_sales_and_what_becomes_of_them_are_read_and_nothing_is_refused() {
    run(async {
        let shop = restricted(&LEAST);
        let told = shop.sandbox.sell_on_paddle(PaddleSale::default());
        deliver(&shop, &told).await;
        deliver(&shop, &shop.sandbox.paddle_adjust(&told.reference, refund(Some(100), "approved"))).await;
        let recurring = PaddleItem { recurs: true, ..PaddleItem::of(TOOLBOX) };
        let begun = shop.sandbox.sell_on_paddle(PaddleSale {
            items: vec![recurring],
            subscription_id: Some(SUBSCRIPTION.to_owned()),
            names_subscription: false,
            ..PaddleSale::default()
        });
        deliver(&shop, &begun).await;
        // What no webhook told of.
        shop.sandbox.paddle_adjust(&begun.reference, PaddleAdjustment::default());
        shop.sandbox.sell_on_paddle(PaddleSale::default());
        for _ in 0..10 {
            shop.tick_after(5 * MINUTE).await;
        }
        assert_eq!((shop.count("licenses"), shop.count("licenses WHERE status = 'revoked'")), (3, 1));
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        let refused = shop.sandbox.take_calls().into_iter();
        assert_eq!(refused.filter(|it| it.service == Some(Service::Paddle) && it.status == Some(403)).count(), 0);
        shop.sandbox.take_mails();
    });
}
