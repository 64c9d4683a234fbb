//! The operator's console at the real D1: what each page reads of a large shop.

use latchkey_testbed::TestbedOptions;

use crate::shop::Shop;

const TOKEN: &str = "console-admin-token-0000000000000000";

/// The keys of the large shop's first and last license.
const KEY: &str = "00000001-0000-4000-8000-000000000001";

/// A shop that has sold 100,000 times, one sale a minute up to now: each is activated, its mail was sent and its buyer is in; in a
/// thousand the operator changed something; a hundred deliveries and a hundred mails wait for them, for five causes each; the deliveries are of five
/// products that the catalogue does not name; of six hundred accounts GitHub says otherwise.
const LARGE: [&str; 10] = [
    "CREATE TEMP TABLE n AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
     SELECT n, 1000 * unixepoch() - (100000 - n) * 60000 AS at, printf('%08x-0000-4000-8000-%012x', n, n) AS key,
            1000000 + n AS account FROM n",
    "INSERT INTO webhook_events (id, source, event_type, payload, received_at, processed, processed_at, order_id, trace_id)
     SELECT printf('01%024d', n), 'gumroad', 'sale', '{}', at, 1, at, 'order-' || n, 't' FROM n",
    "INSERT INTO orders (source, order_id, email, name, amount_cents, currency, variants, custom_fields, test, sold_at, event_id)
     SELECT 'gumroad', 'order-' || n, 'buyer-' || n || '@example.com', 'Buyer', 4900, 'usd', '[]', '[]', 0, at,
            printf('01%024d', n) FROM n;
     INSERT INTO order_items (source, order_id, line, product_id, quantity)
     SELECT 'gumroad', 'order-' || n, 1, 'p', 1 FROM n",
    "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at, event_id)
     SELECT key, 'gumroad', 'order-' || n, 'p', 'pro', 'buyer-' || n || '@example.com', 'Buyer', 0, at,
            printf('01%024d', n) FROM n",
    "INSERT INTO license_activations (license_key, github_username, github_user_id, repos, activated_at, trace_id)
     SELECT key, 'buyer-' || n, account, '[\"acme/kit\"]', at, 't' FROM n;
     INSERT INTO entitlements SELECT key, 'acme/kit', 'pull' FROM n",
    "INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
     SELECT account || ':acme/kit', account, 'buyer-' || n, 'acme/kit', 'member', at,
            json_array(json_object('at', at, 'state', 'member', 'cause', 'look')) FROM n",
    "INSERT INTO outbox (kind, subject, state, outcome, done_at, trace_id, created_at)
     SELECT 'license_mail', key, 'done', 'sent', at, 't', at FROM n
     UNION ALL SELECT 'grant', account || ':acme/kit', 'done', 'member', at, 't', at FROM n;
     UPDATE outbox SET state = 'dead', outcome = NULL, died_at = done_at, done_at = NULL,
                       last_error = 'the provider said ' || (id % 5)
     WHERE kind = 'license_mail' AND id IN (SELECT 500 * n FROM n WHERE n <= 100)",
    "UPDATE webhook_events SET processed = 0, processed_at = NULL, stuck_at = received_at, reason = 'malformed',
                               error = 'field ' || (rowid % 5) || ' is missing'
     WHERE id IN (SELECT printf('01%024d', 900 * n) FROM n WHERE n <= 100)",
    "INSERT INTO repository_watches (repo, compare_at) VALUES ('acme/kit', 9007199254740991);
     INSERT INTO unmapped_lines
     SELECT printf('01%024d', 900 * n), 'gumroad', 'unknown-' || (n % 5), '' FROM n WHERE n <= 100;
     INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at)
     SELECT 'acme/kit', account, 'removed_by_hand', 'buyer-' || n, at, at FROM n WHERE n <= 600",
    "INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
     SELECT printf('01%024d', n), 'license.resend', key, 'asked by mail', 'Ada', at, 't' FROM n WHERE n % 100 = 1",
];

/// A delivery in a list costs twenty rows, for what became of it, so a page of the console has twenty. What needs the seller and what was given
/// up is found by what makes it so, and costs as much as there is of it, which here is a hundred of each.
#[tokio::test(flavor = "multi_thread")]
async fn what_each_page_of_the_console_reads_of_a_shop_with_100_000_orders_is_bounded() {
    let seed = vec![LARGE.join(";\n")];
    let shop =
        Shop::open_with(TestbedOptions { seed, ..TestbedOptions::default() }.with_var("ADMIN_TOKEN", TOKEN)).await;
    let post = |path: &str, body: String| {
        shop.post(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let entered = shop.request(post("/console/sign-in", format!("token={TOKEN}"))).await;
    assert_eq!(entered.status, 303);
    let cookie = entered.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut pages: Vec<(&str, String, i64)> = vec![
        ("attention", "/console/attention".to_owned(), 700),
        ("deliveries", "/console/deliveries".to_owned(), 500),
        ("deliveries of a storefront", "/console/deliveries?source=gumroad".to_owned(), 650),
        ("deliveries that need the seller", "/console/deliveries?state=needs_seller".to_owned(), 850),
        ("deliveries that wait for the buyer", "/console/deliveries?state=waiting_on_buyer".to_owned(), 750),
        ("a delivery", format!("/console/deliveries/01{:024}", 50_000), 200),
        ("a delivery that waits", format!("/console/deliveries/01{:024}", 900), 200),
        ("replay all that match, counted", "/console/deliveries/replay?state=needs_seller".to_owned(), 500),
        ("licenses", "/console/licenses".to_owned(), 400),
        ("outbox", "/console/outbox".to_owned(), 400),
        ("what was given up", "/console/outbox?state=dead".to_owned(), 800),
        ("try all that match again, counted", "/console/outbox/retry?state=dead".to_owned(), 900),
        ("actions", "/console/actions".to_owned(), 120),
        ("products", "/console/products".to_owned(), 800),
        ("an entry", "/console/products/entry?source=gumroad&product_id=unknown-1&sold=true".to_owned(), 800),
        ("the catalogue as text", "/console/products/text".to_owned(), 100),
        ("access", "/console/access".to_owned(), 1_000),
        ("a repository", "/console/access/repository?repo=acme/kit".to_owned(), 150),
        ("every access", "/console/access/grants".to_owned(), 300),
        ("the access of an account", "/console/access/grants?github=Buyer-77777".to_owned(), 30),
        ("invitations to a repository", "/console/access/grants?repo=acme/kit&state=invited".to_owned(), 350),
        ("differences", "/console/access/drift".to_owned(), 350),
        ("differences of an account", "/console/access/drift?github=1000077".to_owned(), 30),
        ("bring licenses to the catalogue, planned", "/console/access/sync".to_owned(), 800),
        ("sales of a month", "/console/sales".to_owned(), 700),
        ("sales of a week", "/console/sales?days=7".to_owned(), 700),
        ("the doctor", "/console/doctor".to_owned(), 600),
        ("set up", "/console/set-up".to_owned(), 600),
    ];
    for (field, value) in [
        ("email", "buyer-77777@example.com"),
        ("order", "order-77777"),
        ("key", KEY),
        ("github", "Buyer-77777"),
        ("github", "1077777"),
    ] {
        let found = shop.request(post("/console/licenses", format!("{field}={value}")).header("cookie", &cookie)).await;
        pages.push((field, found.headers["location"].to_str().unwrap().to_owned(), 30));
    }
    let found = shop.request(shop.get(&pages.last().unwrap().1).header("cookie", &cookie)).await;
    let html = found.body.as_str().unwrap().to_owned();
    let mut links = html.split("href=\"").filter_map(|rest| rest.split('"').next());
    let license = links.find(|link| link.starts_with("/console/licenses/") && !link.ends_with("/issue")).unwrap();
    pages.push(("the story of a license", license.to_owned(), 200));
    pages.push(("revoke, asked", format!("{license}/revoke"), 200));

    let mut measured = Vec::new();
    for (name, path, most) in &pages {
        let before = shop.logged("request").len();
        let answer = shop.request(shop.get(path).header("cookie", &cookie)).await;
        assert_eq!(answer.status, 200, "{name}");
        let line = shop.until_logged("request", before + 1).await.pop().unwrap();
        measured.push((name, line["d1_rows_read"].as_i64().unwrap(), *most));
    }
    #[expect(clippy::print_stdout, reason = "whoever asks how much each page reads is answered with --nocapture")]
    {
        println!("page, rows read, bound: {measured:#?}");
    }
    assert!(measured.iter().all(|(_, read, most)| read <= most), "page, rows read, bound: {measured:#?}");
    shop.close();
}
