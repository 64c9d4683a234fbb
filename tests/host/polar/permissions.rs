//! Which scopes a token has to have: no less than docs/deploy.md says, and no more.

use std::collections::BTreeSet;

use super::*;

const HOST: &str = "shop.example.com";
const LEAST: [&str; 6] =
    ["orders:read", "disputes:read", "refunds:read", "members:read", "webhooks:read", "products:read"];

fn all_but(left_out: &str) -> Vec<&'static str> {
    LEAST.into_iter().filter(|scope| *scope != left_out).collect()
}

/// A shop whose webhook is set up, with a token that has these scopes.
fn restricted(scopes: &[&str]) -> Shop {
    let shop = open();
    let engine = shop.engine();
    let polar = engine.config().storefronts.get(latchkey::model::Source::parse("polar").unwrap()).unwrap();
    let endpoint = shop.sandbox.add_polar_endpoint(&format!("https://{HOST}/webhooks/polar"), polar.hooks().events);
    shop.sandbox.change_polar_endpoint(&endpoint.id, |it| it.secret = POLAR_WEBHOOK_SECRET.to_owned());
    shop.sandbox.restrict_polar_token(scopes);
    shop
}

/// What the doctor finds of Polar that is not as it should be.
async fn found(shop: &Shop) -> Vec<String> {
    let checks = shop.engine().diagnose(Some(HOST)).await.checks;
    let of_polar =
        checks.into_iter().filter(|check| check.subject.as_deref().is_some_and(|it| it.starts_with("polar")));
    let wrong = of_polar.filter(|check| check.status.as_str() != "ok");
    wrong.map(|check| format!("{} {}", check.code.as_str(), check.detail.unwrap_or_default())).collect()
}

#[test]
fn the_documentation_names_these_scopes_and_no_others() {
    let page = include_str!("../../../docs/deploy.md");
    let table = page.split("| scope | what for |").nth(1).unwrap().split("Where one lacks").next().unwrap();
    let named: BTreeSet<_> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name)).collect();
    assert_eq!(named, LEAST.into_iter().collect());
}

#[test]
fn the_doctor_names_each_scope_that_is_missing_and_nothing_else() {
    run(async {
        let shop = restricted(&LEAST);
        assert_eq!(found(&shop).await, Vec::<String>::new());
        for scope in LEAST {
            shop.sandbox.restrict_polar_token(&all_but(scope));
            let found = found(&shop).await;
            let told = format!("Polar refuses POLAR_ACCESS_TOKEN: it has to permit {scope}");
            assert!(found.len() == 1 && found[0].ends_with(&told), "without {scope}: {found:?}");
        }
        shop.calls();
    });
}

#[test]
fn with_these_sales_and_what_becomes_of_them_are_read_and_nothing_is_refused() {
    run(async {
        let shop = restricted(&LEAST);
        let team = PolarSale { email: None, owner: Some("grace@example.com".to_owned()), ..PolarSale::default() };
        deliver(&shop, &shop.sandbox.sell_on_polar(team)).await;
        let told = shop.sandbox.sell_on_polar(PolarSale::default());
        deliver(&shop, &told).await;
        deliver(&shop, &shop.sandbox.polar_refund(&told.reference, None)).await;
        // What no webhook told of.
        let disputed = shop.sandbox.sell_on_polar(PolarSale::default());
        shop.sandbox.polar_dispute(&disputed.reference, "lost");
        for _ in 0..16 {
            shop.tick_after(5 * MINUTE).await;
        }
        assert_eq!((shop.count("licenses"), shop.count("licenses WHERE status = 'revoked'")), (3, 2));
        let calls = shop.sandbox.take_calls().into_iter();
        assert_eq!(calls.filter(|it| it.service == Some(Service::Polar) && it.status == Some(403)).count(), 0);
        shop.sandbox.take_mails();
    });
}
