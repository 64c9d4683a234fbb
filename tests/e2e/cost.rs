//! What the paths cost at the real D1, as the Worker itself logs it.

use latchkey_sandbox::{AccountKind, GumroadSale};
use latchkey_testbed::TestbedOptions;
use serde_json::Value;

use crate::shop::Shop;

/// Before the answer: a webhook one round trip, a first activation two, a repeated one one, which within five minutes writes
/// nothing. Rows written count index entries too, and are what the Free plan's daily 100,000 are spent on.
#[tokio::test(flavor = "multi_thread")]
async fn the_round_trips_and_rows_of_each_path_are_within_their_bounds() {
    let mut shop = Shop::open().await;
    // The first event of an isolate also reads the catalogue.
    shop.sell_starter().await;
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.until("outbox WHERE kind = 'grant' AND state = 'done'", 2).await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.until_logged("request", 4).await;
    shop.let_answers_age().await;
    shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.until("outbox WHERE state = 'done'", 5).await;
    assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");

    let requests = shop.logged("request");
    let of = |route: &str| requests.iter().filter(|line| line["route"] == route).collect::<Vec<&Value>>();
    let spent =
        |line: &Value| ["d1_round_trips", "d1_rows_read", "d1_rows_written"].map(|name| line[name].as_i64().unwrap());
    let webhook = spent(of("webhook")[1]);
    let activations = of("activate");
    let [first, at_once, again] = [0, 1, 2].map(|nth| spent(activations[nth]));
    assert_eq!([webhook[0], first[0], at_once[0], again[0]], [1, 2, 1, 1]);
    assert!(webhook[1] <= 2 && webhook[2] <= 4, "{webhook:?}");
    assert!(first[1] <= 130 && first[2] <= 19, "{first:?}");
    assert!(at_once[1] <= 80 && at_once[2] == 0, "{at_once:?}");
    assert!(again[1] <= 130 && again[2] <= 8, "{again:?}");

    let behind = shop.logged("follow_up");
    let fulfillment = spent(&behind[1]);
    assert!(webhook[2] + fulfillment[2] <= 19, "{webhook:?} {fulfillment:?}");
    shop.close();
}

/// A tick runs every minute, 1,440 times a day: one that finds nothing to do may read nineteen rows, and writes the one that
/// says when it ran. It does so with all the history that there can be: what was sold, what was found in a list, what
/// waits for a person, what was given up, and the alerts that told of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_finds_nothing_to_do_reads_nineteen_rows_at_most() {
    let waiting = |number: u32| {
        format!(
            "INSERT INTO webhook_events (id, source, received_at, reason, error, stuck_at)
             VALUES ('waiting-{number}', 'gumroad', 1, 'unmapped_product', 'unmapped product', 1)"
        )
    };
    let given_up = |number: u32| {
        format!(
            "INSERT INTO outbox (kind, subject, state, died_at, trace_id, created_at)
             VALUES ('alert_mail', 'given-up-{number}', 'dead', 1, '', 1)"
        )
    };
    let found = "INSERT INTO webhook_events (id, source, list, listed_as, received_at, processed, processed_at)
                 VALUES ('found', 'gumroad', 'sales', 'found', 1, 1, 1)";
    let seed = (0..20).map(waiting).chain((0..5).map(given_up)).chain([found.to_owned()]).collect();
    let options = TestbedOptions { seed, ..TestbedOptions::default() };
    let shop = Shop::open_with(options.with_var("OPERATOR_EMAIL", "operator@example.com")).await;
    for _ in 0..5 {
        shop.bed.sandbox().take_mails();
        assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).await, 200);
    }
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done'", 5).await;
    shop.bed.sandbox().take_mails();
    // The first ones tell the operator, and read the storefronts' three lists back.
    for _ in 0..6 {
        assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
    }
    let mut told: Vec<_> = shop.bed.sandbox().take_mails().into_iter().map(|mail| mail.subject).collect();
    told.sort_unstable();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("Latchkey: Found in the storefronts' lists"), "{told:?}");
    assert_eq!(told[1], "Latchkey: Sold, and not in the catalogue: 20");
    let idle = shop.until_logged("tick", 6).await.remove(5);
    assert_eq!([&idle["deliveries"], &idle["outbox_rows"]], [0, 0]);
    let spent = ["d1_round_trips", "d1_rows_read", "d1_rows_written"].map(|name| idle[name].as_i64().unwrap());
    assert!(spent[0] == 1 && spent[1] <= 19 && spent[2] == 1, "{spent:?}");
    shop.close();
}

/// What is read in a day to watch a thousand invitations to four repositories, each of whose lists has three pages: were they looked
/// at every quarter of an hour, did a quarter of them accept on that day, and were everybody compared, it would be under 50,000 rows of the
/// five million that the Free plan has.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_watching_a_thousand_invitations_reads_few_rows() {
    const REPOS: [&str; 4] = ["acme/starter", "acme/kit", "acme/minted", "acme/variant"];
    const BUYERS: u64 = 1000;
    const LOOKS_A_DAY: i64 = 24 * 4;
    const ACCEPTING: u64 = 40;
    let repo = |buyer: u64| REPOS[usize::try_from(buyer).unwrap() % REPOS.len()];
    // As the sandbox numbers them.
    let id = |buyer: u64| 1_000_000 + buyer;
    let invited = |buyer: u64| {
        let (id, repo) = (id(buyer), repo(buyer));
        format!(
            "INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, until_at, history)
             VALUES ('{id}:{repo}', {id}, 'buyer-{buyer}', '{repo}', 'invited', 1, 1000 * unixepoch('now', '+3 days'),
                     json_array(json_object('at', 1, 'state', 'invited', 'cause', 'attempt')))"
        )
    };
    let licensed = |buyer: u64| {
        let (id, repo) = (id(buyer), repo(buyer));
        [
            format!(
                "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at)
                 VALUES ('LK-{buyer}', 'gumroad', '{buyer}', '1', 'pro', 'buyer-{buyer}@example.com', '', 0, 1)"
            ),
            format!(
                "INSERT INTO license_activations (license_key, github_username, github_user_id, repos, activated_at, trace_id)
                 VALUES ('LK-{buyer}', 'buyer-{buyer}', {id}, '[\"{repo}\"]', 1, 't')"
            ),
            format!("INSERT INTO entitlements VALUES ('LK-{buyer}', '{repo}', 'pull')"),
        ]
    };
    let due = |repo: &&str| format!("INSERT INTO repository_watches (repo, look_at) VALUES ('{repo}', 1)");
    let seed = (0..BUYERS).flat_map(licensed).chain((0..BUYERS).map(invited)).chain(REPOS.iter().map(due)).collect();
    let options = TestbedOptions { seed, ..TestbedOptions::default() };
    let mut shop = Shop::open_with(
        options.with_var("WORKERS_PLAN", "paid").without("GUMROAD_ACCESS_TOKEN").without("LEMON_SQUEEZY_API_KEY"),
    )
    .await;
    let sandbox = shop.bed.sandbox().clone();
    for buyer in 0..BUYERS {
        assert_eq!(sandbox.add_user(&format!("buyer-{buyer}"), AccountKind::User), id(buyer));
        sandbox.add_invitation(&format!("buyer-{buyer}"), repo(buyer));
    }
    let mut read = Vec::new();
    for tick in 1..=5 {
        if tick == 3 {
            for buyer in 0..ACCEPTING {
                sandbox.accept_invitation(&format!("buyer-{buyer}"), repo(buyer)).unwrap();
            }
        }
        assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
        let line = shop.until_logged("tick", tick).await.pop().unwrap();
        read.push(line["d1_rows_read"].as_i64().unwrap());
        shop.make_looks_due().await;
    }
    assert_eq!(shop.count("grants WHERE state = 'invited'"), i64::try_from(BUYERS - ACCEPTING).unwrap());
    let [first, quiet, accepting, accepting_still, after] = read[..] else { panic!("{read:?}") };
    let accepted = (accepting + accepting_still - 2 * quiet) * i64::try_from(BUYERS / 4 / ACCEPTING).unwrap();
    shop.make_comparisons_due().await;
    let mut compared = 0;
    for tick in 6..=15 {
        assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
        let line = shop.until_logged("tick", tick).await.pop().unwrap();
        compared += line["d1_rows_read"].as_i64().unwrap();
    }
    assert_eq!(shop.count("repository_watches WHERE compared_at > 0"), i64::try_from(REPOS.len()).unwrap());
    assert_eq!(shop.count("drift"), 0);
    read.push(compared);
    let day = first + LOOKS_A_DAY * quiet.max(after) + accepted + compared;
    assert!(day < 50_000, "{day}: {read:?}");
    shop.close();
}
