//! Activation on the real runtime: D1 decides who wins, and the rate-limit binding limits.

use futures_util::future::join_all;
use latchkey_sandbox::{GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GumroadSale, LemonSqueezySale, Service};
use latchkey_testbed::TestbedOptions;
use serde_json::json;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_activates_is_invited_and_may_ask_again() {
    let mut shop = Shop::open().await;
    let key = shop.sell_starter().await;
    let first = shop.activate(&key, "octocat").await;
    assert_eq!(first.status, 200, "{first:?}");
    let expires_at = first.body["license"]["expires_at"].clone();
    assert_eq!(
        first.body,
        json!({
            "status": "activated",
            "license": { "product": "Acme Starter Kit", "tier": "pro", "expires_at": expires_at },
            "github_username": "octocat",
            "repos": [
                { "repo": "acme/starter", "status": "invited", "expires_at": first.body["repos"][0]["expires_at"],
                  "accept_url": first.body["repos"][0]["accept_url"] },
                { "repo": "acme/starter-docs", "status": "invited", "expires_at": first.body["repos"][1]["expires_at"],
                  "accept_url": first.body["repos"][1]["accept_url"] },
            ],
        })
    );
    assert!(first.body["repos"][0]["accept_url"].as_str().unwrap().ends_with("/acme/starter/invitations"));
    shop.until("outbox WHERE kind = 'grant' AND state = 'done'", 2).await;
    shop.bed.sandbox().accept_invitation("octocat", "acme/starter").unwrap();

    shop.bed.sandbox().take_calls();
    let at_once = shop.activate(&key, "octocat").await;
    assert_eq!((at_once.status, &at_once.body["repos"]), (200, &first.body["repos"]));
    assert!(shop.bed.sandbox().take_calls().is_empty(), "what was answered a moment ago is answered again");

    shop.let_answers_age().await;
    let again = shop.activate(&key.to_lowercase(), "OctoCat").await;
    assert_eq!((again.status, &again.body["status"]), (200, &"already_active".into()));
    assert_eq!(again.body["repos"][0]["status"], "member");
    assert_eq!(again.body["repos"][1]["status"], "invited");

    shop.bed.sandbox().take_calls();
    let another = shop.activate(&key, "ada-lovelace").await;
    assert_eq!((another.status, &another.body["code"]), (400, &"license_bound_to_another_account".into()));
    assert_eq!(another.headers["content-type"], "application/problem+json");
    assert!(!another.body.to_string().contains("octocat"));
    assert!(shop.bed.sandbox().take_calls().is_empty());
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_works_with_an_app_that_keeps_its_token() {
    // As somebody pastes it into one line.
    let key = GITHUB_APP_PRIVATE_KEY.trim_end().replace('\n', "\\n");
    let options = TestbedOptions::default()
        .without("GITHUB_TOKEN")
        .with_var("GITHUB_APP_ID", GITHUB_APP_ID)
        .with_var("GITHUB_APP_PRIVATE_KEY", &key);
    let shop = Shop::open_with(options).await;
    let health = shop.request(shop.get("/healthz")).await;
    assert_eq!(health.body["dependencies"]["github"], "configured", "{health:?}");
    for login in ["octocat", "ada-lovelace"] {
        let key = shop.sell_starter().await;
        let answer = shop.activate(&key, login).await;
        assert_eq!((answer.status, &answer.body["repos"][1]["status"]), (200, &"invited".into()), "{answer:?}");
    }
    assert_eq!(shop.bed.sandbox().app_tokens().len(), 1);

    shop.bed.sandbox().revoke_app_tokens();
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "grace-hopper").await.status, 200);
    assert_eq!(shop.bed.sandbox().app_tokens().len(), 2);

    shop.until("outbox WHERE kind = 'grant' AND state = 'done'", 6).await;
    shop.bed.sandbox().uninstall_app("acme");
    let key = shop.sell_starter().await;
    let refused = shop.activate(&key, "mary-jackson").await;
    assert_eq!((refused.status, &refused.body["code"]), (502, &"upstream_unavailable".into()));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lemon_squeezy_key_is_verified_once_and_no_activation_of_it_is_used_up() {
    let mut shop = Shop::open().await;
    let sale = LemonSqueezySale {
        product_id: Some("4".to_owned()),
        variant_id: Some("5".to_owned()),
        ..LemonSqueezySale::default()
    };
    for delivery in shop.bed.sandbox().sell_on_lemon_squeezy(sale) {
        assert_eq!(shop.deliver(&delivery).await, 200);
    }
    shop.until("webhook_events WHERE processed = 1", 2).await;
    let key = shop.bed.sandbox().storefront_mails()[0].license_key.clone();
    let first = shop.activate(&key, "octocat").await;
    assert_eq!((first.status, first.body["repos"].as_array().unwrap().len()), (200, 2), "{first:?}");
    shop.until("outbox WHERE kind = 'grant' AND state = 'done'", 2).await;
    shop.let_answers_age().await;
    shop.bed.sandbox().take_calls();
    assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
    let calls = shop.bed.sandbox().take_calls();
    assert!(calls.iter().all(|call| call.service == Some(Service::GitHub)), "{calls:?}");
    let invited = calls.iter().filter(|call| call.method == "PUT").count();
    assert_eq!((invited, shop.bed.sandbox().key_activations(&key)), (2, 0));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_asked_for_kept_and_opened_again() {
    let shop = Shop::open().await;
    let sale = GumroadSale { product_id: Some("pickOne==".to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(sale)).await, 200);
    shop.until("outbox WHERE state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 400);
    let choosing = json!({ "license_key": key, "github_username": "octocat", "repos": ["acme/stack-next"] });
    let chosen = shop.request(shop.post("/api/activate").json(&choosing)).await;
    assert_eq!((chosen.status, &chosen.body["repos"][0]["repo"]), (200, &"acme/stack-next".into()));
    let again = shop.activate(&key, "octocat").await;
    assert_eq!(again.body["repos"][0]["repo"], "acme/stack-next");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_limited_by_the_runtimes_binding_and_finds_nothing() {
    let shop = Shop::open().await;
    let guess = |number: u32| {
        let key = format!("00000000-0000-4000-8000-{number:012}");
        let shop = &shop;
        async move { shop.activate(&key, "octocat").await }
    };
    let mut limited = 0;
    for round in 0..4 {
        for answer in join_all((0..50).map(|number| guess(round * 50 + number))).await {
            match answer.status {
                404 | 502 => {}
                429 => {
                    assert_eq!(
                        (&answer.body["code"], &answer.headers["retry-after"]),
                        (&"rate_limited".into(), &"60".parse().unwrap())
                    );
                    limited += 1;
                }
                other => panic!("{other}: {answer:?}"),
            }
        }
    }
    assert!(limited > 0);
    assert_eq!(shop.count("license_activations"), 0);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_asked_about_five_times_a_minute() {
    let shop = Shop::open().await;
    let key = shop.sell_starter().await;
    let mut statuses = Vec::new();
    for login in ["octocat", "ada-lovelace"].into_iter().cycle().take(20) {
        statuses.push(shop.activate(&key, login).await.status);
    }
    // The runtime counts each minute of the clock anew, and this may meet the end of one.
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert!((10..=15).contains(&limited), "{statuses:?}");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_bindings_nothing_is_limited_and_healthz_says_so() {
    let options = ["ACTIVATE_BY_ADDRESS", "ACTIVATE_BY_KEY", "LICENSE_API"]
        .into_iter()
        .fold(TestbedOptions::default(), TestbedOptions::without);
    let shop = Shop::open_with(options).await;
    let health = shop.request(shop.get("/healthz")).await;
    assert_eq!(health.body["dependencies"]["rate_limit"], "missing");
    let key = shop.sell_starter().await;
    for _ in 0..150 {
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    }
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_portals_pages_may_call() {
    let shop = Shop::open().await;
    let preflight = |origin: &'static str| {
        let url = format!("{}/api/activate", shop.bed.url());
        let request = shop.bed.client().request(reqwest::Method::OPTIONS, url).header("origin", origin);
        shop.request(request.header("access-control-request-method", "POST"))
    };
    let allowed = preflight("https://portal.example.com").await;
    assert_eq!(
        (allowed.status, &allowed.headers["access-control-allow-origin"]),
        (204, &"https://portal.example.com".parse().unwrap())
    );
    assert!(!preflight("https://evil.example.com").await.headers.contains_key("access-control-allow-origin"));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_username_of_the_checkout_is_bound_and_invited_and_corrected_by_the_buyer() {
    const TOKEN: &str = "checkout-admin-token-0000000000000000";
    let shop = Shop::open_with(TestbedOptions::default().with_var("ADMIN_TOKEN", TOKEN)).await;
    let entry = "[[gumroad]]\nproduct_id = \"32-nPAicqbLj8B_WswVlMw==\"\nname = \"Acme Starter Kit\"\ntier = \"pro\"\n\
                 repos = [\"acme/starter\"]\nactivate_at_checkout = true\n";
    let push = shop.bed.client().put(format!("{}/admin/products?reason=checkout", shop.bed.url())).bearer_auth(TOKEN);
    let pushed = shop.request(push.header("content-type", "application/toml").body(entry)).await;
    assert_eq!(pushed.status, 200, "{}", pushed.body);
    let custom_fields = vec![("Your GitHub username".to_owned(), "octocat".to_owned())];
    let sale = GumroadSale { custom_fields, ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(sale)).await, 200);
    shop.until("license_activations WHERE github_username = 'octocat' AND proof = 'checkout'", 1).await;
    shop.until("grants WHERE state = 'invited'", 1).await;
    assert_eq!(shop.count("licenses WHERE activate_at IS NOT NULL"), 0);
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "grace-hopper").await.status, 200);
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    let invited: Vec<_> = shop.bed.sandbox().invitations("acme/starter").into_iter().map(|open| open.login).collect();
    assert_eq!(invited, ["grace-hopper"]);
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_bound_to_another_account");
    shop.close();
}
