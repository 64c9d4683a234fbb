//! Bringing the licenses that there are to a changed catalogue: what comes of it for the buyers, and what is left alone.

mod overtaken;

use std::time::Duration;

use latchkey::api::grants::SyncAnswer;
use latchkey::model::{Actor, AdminAction, GithubLogin, LicenseKey, Reason};
use latchkey::platform::Platform;
use latchkey_sandbox::{AccountKind, GumroadSale, LemonSqueezySale};
use serde_json::{Value, json};

use crate::shop::{ADMIN_TOKEN, Answered, Shop, catalogue_of, request, run};
use crate::snapshot::Snapshot;

const MINUTE: Duration = Duration::from_secs(60);

/// An entry of the catalogue that opens these, with more to say.
fn entry(product: &str, repos: &[&str], more: &str) -> String {
    let repos = if repos.is_empty() { String::new() } else { format!("repos = {repos:?}\n") };
    format!("[[gumroad]]\nproduct_id = {product:?}\nname = {product:?}\ntier = \"pro\"\n{repos}{more}\n")
}

/// A shop with these entries.
fn shop_of(entries: &[String]) -> Shop {
    shop_with(&[], entries)
}

fn shop_with(changes: &[(&str, &str)], entries: &[String]) -> Shop {
    let shop = Shop::open_with(changes);
    for repo in ["a", "b", "c", "d", "e"] {
        shop.sandbox.add_repo(&format!("acme/{repo}"), AccountKind::Organization);
    }
    shop.stock(&catalogue_of(&entries.concat()));
    shop
}

/// The seller puts these entries in the catalogue's place.
async fn map(shop: &Shop, entries: &[String]) {
    shop.map(&catalogue_of(&entries.concat())).await;
}

async fn sell(shop: &Shop, product: &str) -> String {
    let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

/// Sells to somebody who activates at once and accepts what they are invited to.
async fn sell_to(shop: &Shop, product: &str, login: &str) -> String {
    let key = sell(shop, product).await;
    assert_eq!(shop.activate(&key, login).await.status, 200);
    accept_all(shop, login).await;
    key
}

async fn accept_all(shop: &Shop, login: &str) {
    for repo in shop.sandbox.repos() {
        if shop.sandbox.invitations(&repo).iter().any(|open| open.login == login) {
            shop.sandbox.accept_invitation(login, &repo).unwrap();
        }
    }
    for _ in 0..3 {
        shop.tick_after(15 * MINUTE).await;
    }
}

async fn sync(shop: &Shop, body: Value) -> Answered {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    shop.request(request("POST", "/admin/grants/sync", &headers, body.to_string().as_bytes())).await
}

/// Does it, after a look at what it will come to; and has everything done that follows.
async fn apply(shop: &Shop) -> Value {
    let before = Snapshot::of(shop.host.database());
    let planned = sync(shop, json!({ "dry_run": true })).await;
    assert_eq!(planned.status, 200, "{:?}", planned.body);
    assert_eq!(Snapshot::of(shop.host.database()), before, "a dry run changes nothing");
    let done = sync(shop, json!({ "reason": "a new repository" })).await;
    assert_eq!((done.status, &done.body), (200, &planned.body), "what was planned is what is done");
    work(shop).await;
    done.body
}

async fn work(shop: &Shop) {
    for _ in 0..5 {
        shop.tick_after(MINUTE).await;
    }
    shop.calls();
}

/// These of the counts.
fn counts<const N: usize>(answer: &Value, names: [&str; N]) -> [i64; N] {
    names.map(|name| answer[name].as_i64().unwrap())
}

const MOVES: [&str; 5] = ["people", "add", "remove", "raise", "lower"];

/// The repositories that somebody is in, and after `?` those that they are invited to.
fn access(shop: &Shop, login: &str) -> String {
    let mut found = Vec::new();
    for repo in shop.sandbox.repos().into_iter().filter(|repo| repo.len() == "acme/a".len()) {
        if shop.sandbox.collaborators(&repo).iter().any(|member| member == login) {
            found.push(repo.clone());
        }
        if shop.sandbox.invitations(&repo).iter().any(|open| open.login == login) {
            found.push(format!("?{repo}"));
        }
    }
    found.sort();
    found.join(" ").replace("acme/", "")
}

/// What a license opens by the tables.
fn opened(shop: &Shop, key: &str) -> String {
    shop.value(&format!(
        "SELECT group_concat(repo || ' ' || permission, ', ') FROM entitlements WHERE license_key = '{key}'"
    ))
}

fn shown(shop: &Shop, key: &str) -> String {
    shop.value(&format!("SELECT repos FROM license_activations WHERE license_key = '{key}'"))
}

#[test]
fn a_repository_that_a_product_gained_and_one_that_it_lost_reach_its_buyers() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a", "acme/b"], ""), entry("other", &["acme/d"], "")]);
        let key = sell_to(&shop, "kit", "octocat").await;
        sell_to(&shop, "other", "grace-hopper").await;
        map(&shop, &[entry("kit", &["acme/b", "acme/c"], ""), entry("other", &["acme/d"], "")]).await;
        assert_eq!(access(&shop, "octocat"), "a b", "a change of the catalogue reaches nobody by itself");

        let answer = apply(&shop).await;
        assert_eq!(counts(&answer, ["licenses", "changed", "unmapped"]), [2, 1, 0]);
        assert_eq!(counts(&answer, MOVES), [1, 1, 1, 0, 0]);
        assert_eq!(
            answer["repos"],
            json!([
                { "repo": "acme/a", "add": 0, "remove": 1, "raise": 0, "lower": 0 },
                { "repo": "acme/c", "add": 1, "remove": 0, "raise": 0, "lower": 0 },
            ])
        );
        assert_eq!((answer["version"].as_i64(), &answer["next_cursor"]), (Some(3), &Value::Null));
        assert_eq!(access(&shop, "octocat"), "?c b");
        assert_eq!(access(&shop, "grace-hopper"), "d");
        assert_eq!(opened(&shop, &key), "acme/b pull, acme/c pull");
        assert_eq!(shown(&shop, &key), r#"["acme/b","acme/c"]"#);
        assert_eq!(shop.value("SELECT state FROM grants WHERE repo = 'acme/a'"), "revoked");
        let answered = shop.activate(&key, "octocat").await;
        assert_eq!(answered.repos(), [("acme/b", "member"), ("acme/c", "invited")], "the buyer sees it");
        shop.calls();
    });
}

#[test]
fn a_sync_is_recorded_with_its_counts_and_once_done_finds_nothing() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
        sell_to(&shop, "kit", "octocat").await;
        map(&shop, &[entry("kit", &["acme/a", "acme/b"], "")]).await;
        apply(&shop).await;
        let record = shop.record("admin_actions", "action = 'grants.sync'");
        assert_eq!((&record["target"], &record["reason"]), (&json!("grants"), &json!("a new repository")));
        let detail: Value = serde_json::from_str(record["detail"].as_str().unwrap()).unwrap();
        assert_eq!(counts(&detail, ["version", "licenses", "changed", "people", "add"]), [3, 1, 1, 1, 1]);
        let before = Snapshot::of(shop.host.database());
        let again = sync(&shop, json!({ "reason": "once more", "actor": "ada" })).await;
        assert_eq!(counts(&again.body, ["licenses", "changed"]), [1, 0]);
        assert_eq!(counts(&again.body, MOVES), [0; 5]);
        assert_eq!(Snapshot::of(shop.host.database()), before, "nothing is recorded that was nothing");
    });
}

#[test]
fn what_another_good_license_of_the_account_opens_is_not_taken_away() {
    run(async {
        let both = [entry("kit", &["acme/a", "acme/b"], ""), entry("other", &["Acme/B"], "")];
        let shop = shop_of(&both);
        let key = sell_to(&shop, "kit", "octocat").await;
        let other = sell_to(&shop, "other", "octocat").await;
        sell_to(&shop, "kit", "grace-hopper").await;
        map(&shop, &[entry("kit", &["acme/a"], ""), entry("other", &["Acme/B"], "")]).await;
        let answer = apply(&shop).await;
        assert_eq!(counts(&answer, ["licenses", "changed"]), [3, 2]);
        assert_eq!(counts(&answer, MOVES), [1, 0, 1, 0, 0], "one of two who lose it has it by another license");
        assert_eq!((access(&shop, "octocat"), access(&shop, "grace-hopper")), ("a b".into(), "a".into()));
        assert_eq!((opened(&shop, &key), opened(&shop, &other)), ("acme/a pull".into(), "Acme/B pull".into()));

        // Once that one does not open it any more either, it is gone.
        map(&shop, &[entry("kit", &["acme/a"], ""), entry("other", &["acme/c"], "")]).await;
        assert_eq!(counts(&apply(&shop).await, MOVES), [1, 1, 1, 0, 0]);
        assert_eq!(access(&shop, "octocat"), "?c a");
    });
}

#[test]
fn two_licenses_that_lose_a_repository_at_once_lose_it() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a", "acme/b"], "")]);
        sell_to(&shop, "kit", "octocat").await;
        sell_to(&shop, "kit", "octocat").await;
        map(&shop, &[entry("kit", &["acme/a"], "")]).await;
        let answer = apply(&shop).await;
        assert_eq!(counts(&answer, ["licenses", "changed"]), [2, 2]);
        assert_eq!(counts(&answer, MOVES), [1, 0, 1, 0, 0], "it is one account's access");
        assert_eq!(access(&shop, "octocat"), "a");
    });
}

#[test]
fn a_higher_permission_is_given_and_a_lower_one_is_recorded_and_due() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "permission = \"triage\"")]);
        let key = sell_to(&shop, "kit", "octocat").await;
        let open = sell(&shop, "kit").await;
        assert_eq!(shop.activate(&open, "grace-hopper").await.status, 200);
        map(&shop, &[entry("kit", &["acme/a"], "permission = \"push\"")]).await;
        assert_eq!(counts(&apply(&shop).await, MOVES), [2, 0, 0, 2, 0]);
        assert_eq!(opened(&shop, &key), "acme/a push");
        assert_eq!(shop.sandbox.role("octocat", "acme/a").as_deref(), Some("write"));
        assert_eq!(shop.sandbox.invitations("acme/a")[0].permissions, "write", "an open invitation as well");
        assert_eq!(shop.count("grants WHERE state IN ('member', 'invited')"), 2);

        map(&shop, &[entry("kit", &["acme/a"], "permission = \"pull\"")]).await;
        let answer = sync(&shop, json!({ "reason": "less is enough" })).await;
        assert_eq!(counts(&answer.body, MOVES), [2, 0, 0, 0, 2]);
        assert_eq!(opened(&shop, &key), "acme/a pull");
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due'"), 2);
        assert_eq!(shop.count("grants WHERE state IN ('member', 'invited')"), 2);
        work(&shop).await;
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 2);
    });
}

#[test]
fn more_permission_invites_nobody_again_who_has_declined() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
        let key = sell(&shop, "kit").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.decline_invitation("octocat", "acme/a").unwrap();
        shop.tick_after(15 * MINUTE).await;
        assert_eq!(shop.value("SELECT state FROM grants"), "declined");
        map(&shop, &[entry("kit", &["acme/a"], "permission = \"push\"")]).await;
        assert_eq!(counts(&apply(&shop).await, ["changed", "raise"]), [1, 1]);
        assert_eq!((access(&shop, "octocat").as_str(), opened(&shop, &key).as_str()), ("", "acme/a push"));
        shop.let_answers_age();
        assert_eq!(shop.activate(&key, "octocat").await.repos(), [("acme/a", "invited")]);
        assert_eq!(shop.sandbox.invitations("acme/a")[0].permissions, "write");
    });
}

#[test]
fn a_license_that_is_revoked_ended_or_suspended_is_left_as_it_is() {
    run(async {
        let year = "years = 1\ngrace_days = 0";
        let shop = shop_of(&[entry("kit", &["acme/a"], ""), entry("brief", &["acme/b"], year)]);
        let revoked = sell_to(&shop, "kit", "octocat").await;
        let suspended = sell_to(&shop, "kit", "grace-hopper").await;
        let ended = sell_to(&shop, "brief", "ada-lovelace").await;
        shop.rows(&format!(
            "UPDATE licenses SET status = 'revoked', revoked_by_operator = 1 WHERE license_key = '{revoked}'"
        ));
        shop.rows(&format!("UPDATE licenses SET status = 'suspended' WHERE license_key = '{suspended}'"));
        // It has ended, and no tick has acted on that yet.
        let now = shop.host.now().as_millis();
        shop.rows(&format!("UPDATE licenses SET expires_at = {now} WHERE license_key = '{ended}'"));
        map(&shop, &[entry("kit", &["acme/c"], ""), entry("brief", &["acme/d"], year)]).await;
        let before = Snapshot::of(shop.host.database());
        let answer = sync(&shop, json!({ "reason": "another repository" })).await.body;
        assert_eq!(counts(&answer, ["licenses", "changed", "suspended"]), [0, 0, 1]);
        assert_eq!(Snapshot::of(shop.host.database()), before);

        // Once it is good again, it is brought to the catalogue by whoever asks.
        shop.rows(&format!("UPDATE licenses SET status = 'active' WHERE license_key = '{suspended}'"));
        assert_eq!(counts(&apply(&shop).await, ["licenses", "changed", "suspended"]), [1, 1, 0]);
        assert_eq!(access(&shop, "grace-hopper"), "?c");
        assert_eq!(access(&shop, "octocat").replace('?', ""), "a", "of the others nothing is given");
        assert_eq!(opened(&shop, &revoked), "acme/a pull");
    });
}

#[test]
fn a_suspended_license_of_the_account_keeps_what_a_good_one_gives_up() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a", "acme/b"], ""), entry("other", &["acme/b"], "")]);
        sell_to(&shop, "kit", "octocat").await;
        let other = sell_to(&shop, "other", "octocat").await;
        shop.rows(&format!("UPDATE licenses SET status = 'suspended' WHERE license_key = '{other}'"));
        map(&shop, &[entry("kit", &["acme/a"], ""), entry("other", &["acme/b"], "")]).await;
        let answer = apply(&shop).await;
        assert_eq!(counts(&answer, ["changed", "suspended", "people", "remove"]), [1, 0, 0, 0]);
        assert_eq!(access(&shop, "octocat"), "a b");
    });
}

#[test]
fn a_buyer_keeps_a_choice_whether_it_is_still_offered_or_not() {
    run(async {
        let choose = |from: &str| entry("pick", &["acme/a"], &format!("choose = {{ from = [{from}], limit = 1 }}"));
        let shop = shop_of(&[choose("\"acme/b\", \"acme/c\"")]);
        let key = sell(&shop, "pick").await;
        assert_eq!(shop.activate_choosing(&key, "octocat", &["acme/c"]).await.status, 200);
        accept_all(&shop, "octocat").await;
        map(&shop, &[choose("\"acme/c\", \"acme/d\"")]).await;
        assert_eq!(counts(&apply(&shop).await, ["changed", "choices_gone"]), [0, 0], "it is offered still");

        for entries in [choose("\"acme/d\", \"acme/e\""), entry("pick", &["acme/b"], "")] {
            map(&shop, &[entries]).await;
            let answer = apply(&shop).await;
            assert_eq!(counts(&answer, ["choices_gone", "choices_missing"]), [1, 0]);
            assert!(access(&shop, "octocat").contains('c'), "what was paid for is kept");
        }
        assert_eq!(access(&shop, "octocat"), "?b c", "and what everybody gets is as for everybody");
        assert_eq!(shown(&shop, &key), r#"["acme/b","acme/c"]"#);
        map(&shop, &[entry("pick", &["acme/c"], "")]).await;
        assert_eq!(counts(&apply(&shop).await, ["choices_gone"]), [0]);
        assert_eq!(access(&shop, "octocat"), "c");
    });
}

#[test]
fn who_was_never_asked_to_choose_keeps_what_they_have() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a", "acme/b"], "")]);
        sell_to(&shop, "kit", "octocat").await;
        map(&shop, &[entry("kit", &[], "choose = { from = [\"acme/c\", \"acme/d\"], limit = 1 }")]).await;
        let answer = apply(&shop).await;
        assert_eq!(counts(&answer, ["licenses", "changed", "choices_missing"]), [1, 0, 1]);
        assert_eq!(access(&shop, "octocat"), "a b");

        // Where they have some of it, it is theirs, however many may be chosen by now.
        map(&shop, &[entry("kit", &[], "choose = { from = [\"acme/a\", \"acme/b\", \"acme/c\"], limit = 1 }")]).await;
        assert_eq!(counts(&apply(&shop).await, ["changed", "choices_missing", "remove"]), [0, 0, 0]);
        assert_eq!(access(&shop, "octocat"), "a b");
    });
}

#[test]
fn a_license_of_a_product_that_is_unmapped_or_asks_for_nothing_is_left_as_it_is() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], ""), entry("gone", &["acme/b"], "")]);
        sell_to(&shop, "kit", "octocat").await;
        sell_to(&shop, "gone", "octocat").await;
        let nothing = "[[gumroad]]\nproduct_id = \"kit\"\nname = \"Kit\"\nlicense = \"none\"\n";
        map(&shop, &[nothing.to_owned()]).await;
        assert_eq!(counts(&apply(&shop).await, ["licenses", "changed", "unmapped"]), [2, 0, 2]);
        assert_eq!(access(&shop, "octocat"), "a b");
    });
}

#[test]
fn the_entry_of_the_variant_comes_before_that_of_the_product() {
    run(async {
        let kit = |variant: &str, repos: &str| {
            format!("[[lemonsqueezy]]\nproduct_id = \"4\"\n{variant}name = \"Kit\"\ntier = \"pro\"\nrepos = {repos}\n")
        };
        let fifth = "variant_id = \"5\"\n";
        // That nobody had to know the variant when the key came makes no difference: the storefront tells when it is used.
        for before in [fifth, ""] {
            let shop = shop_of(&[kit(before, "[\"acme/a\"]")]);
            let sale = LemonSqueezySale {
                product_id: Some("4".to_owned()),
                variant_id: Some("5".to_owned()),
                ..LemonSqueezySale::default()
            };
            for delivery in shop.sandbox.sell_on_lemon_squeezy(sale) {
                assert_eq!(shop.deliver(&delivery).await.status, 200);
            }
            let key = shop.value("SELECT license_key FROM licenses");
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            map(&shop, &[kit("", "[\"acme/b\"]"), kit(fifth, "[\"acme/a\", \"acme/c\"]")]).await;
            apply(&shop).await;
            assert_eq!(opened(&shop, &key), "acme/a pull, acme/c pull");
        }
    });
}

#[test]
fn one_product_is_brought_to_the_catalogue_alone() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], ""), entry("other", &["acme/a"], "")]);
        sell_to(&shop, "kit", "octocat").await;
        sell_to(&shop, "other", "octocat").await;
        map(&shop, &[entry("kit", &["acme/b"], ""), entry("other", &["acme/c"], "")]).await;
        let answer = sync(&shop, json!({ "reason": "the kit alone", "product": "kit" })).await.body;
        assert_eq!(counts(&answer, ["licenses", "changed"]), [1, 1]);
        assert_eq!(counts(&answer, MOVES), [1, 1, 0, 0, 0], "the other license opens it still");
        work(&shop).await;
        assert_eq!(access(&shop, "octocat"), "?b a");
        let answer = sync(&shop, json!({ "reason": "why", "product": "kot" })).await.body;
        assert_eq!(counts(&answer, ["licenses", "changed"]), [0, 0]);
    });
}

#[test]
fn a_license_of_a_test_purchase_is_left_alone_while_those_open_nothing() {
    run(async {
        let entries = |repo| [entry("kit", &[repo], "")];
        for (setting, changed) in [("false", 0), ("true", 1)] {
            let shop = shop_with(&[("ALLOW_TEST_LICENSES", setting)], &entries("acme/a"));
            sell_to(&shop, "kit", "octocat").await;
            shop.rows("UPDATE licenses SET test = 1");
            map(&shop, &entries("acme/b")).await;
            let answer = sync(&shop, json!({ "reason": "why" })).await.body;
            assert_eq!(counts(&answer, ["licenses", "changed"]), [changed; 2]);
        }
    });
}

#[test]
fn whoever_got_the_license_by_a_transfer_gets_what_is_new() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
        let key = sell_to(&shop, "kit", "octocat").await;
        let action = AdminAction {
            id: latchkey::platform::unique_id(&shop.host).unwrap(),
            reason: Reason::parse("another account").unwrap(),
            actor: Actor::parse("ada").unwrap(),
        };
        let (key, to) = (LicenseKey::from_record(&key).unwrap(), GithubLogin::parse("grace-hopper").unwrap());
        shop.engine().transfer(&key, &to, &action).await.unwrap();
        work(&shop).await;
        map(&shop, &[entry("kit", &["acme/a", "acme/b"], "")]).await;
        apply(&shop).await;
        assert_eq!((access(&shop, "octocat").as_str(), access(&shop, "grace-hopper").as_str()), ("", "?a ?b"));
    });
}

#[test]
fn a_license_that_cannot_be_read_is_counted_and_keeps_none_from_its_turn() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
        let broken = sell_to(&shop, "kit", "octocat").await;
        let sound = sell_to(&shop, "kit", "grace-hopper").await;
        shop.rows(&format!("UPDATE license_activations SET repos = '[5]' WHERE license_key = '{broken}'"));
        map(&shop, &[entry("kit", &["acme/a", "acme/b"], "")]).await;
        let answer = sync(&shop, json!({ "reason": "why" })).await.body;
        assert_eq!(counts(&answer, ["licenses", "changed", "unreadable"]), [1, 1, 1]);
        assert_eq!(opened(&shop, &sound), "acme/a pull, acme/b pull");
        work(&shop).await;
    });
}

/// A shop with so many licenses of the kit, so many an account, that were bound long ago and have access.
fn shop_of_many(licenses: usize, of_one: usize) -> Shop {
    let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {licenses}) "
    );
    for row in [
        "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at)
         SELECT printf('LK-%06d', n), 'gumroad', 'order-' || n, 'kit', 'pro', 'a@example.com', '', 0, 1 FROM numbers".to_owned(),
        format!(
            "INSERT INTO license_activations (license_key, github_username, github_user_id, repos, activated_at, trace_id)
             SELECT printf('LK-%06d', n), 'buyer-' || (1 + n / {of_one}), 1 + n / {of_one}, '[\"acme/a\"]', 1, 't'
             FROM numbers"
        ),
        "INSERT INTO entitlements SELECT printf('LK-%06d', n), 'acme/a', 'pull' FROM numbers".to_owned(),
        format!(
            "INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
             SELECT (1 + n / {of_one}) || ':acme/a', 1 + n / {of_one}, 'buyer-' || (1 + n / {of_one}), 'acme/a', 'member', 1,
                    json_array(json_object('at', 1, 'state', 'member', 'cause', 'look'))
             FROM numbers GROUP BY n / {of_one}"
        ),
    ] {
        shop.rows(&format!("{numbers}{row}"));
    }
    shop
}

/// Asks until there is no more: how often, and all counts together.
async fn sync_all(shop: &Shop, mut body: Value) -> (usize, SyncAnswer) {
    let mut all = SyncAnswer::default();
    for asked in 1..100 {
        let answer = sync(shop, body.clone()).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        all.add(serde_json::from_value(answer.body).unwrap());
        match &all.next_cursor {
            Some(next) => body["cursor"] = json!(next),
            None => return (asked, all),
        }
    }
    panic!("there is no end of it");
}

#[test]
fn many_licenses_are_done_in_pieces_whose_counts_add_up() {
    run(async {
        // Of one account none stands in two pieces, unless it has more licenses than are in a piece.
        for (licenses, of_one, pieces) in [(600, 1, 7), (600, 7, 7), (650, 650, 7)] {
            let shop = shop_of_many(licenses, of_one);
            map(&shop, &[entry("kit", &["acme/b"], "")]).await;
            let before = Snapshot::of(shop.host.database());
            let (asked, planned) = sync_all(&shop, json!({ "dry_run": true })).await;
            assert_eq!(Snapshot::of(shop.host.database()), before);
            let (_, done) = sync_all(&shop, json!({ "reason": "another repository" })).await;
            let people = licenses.div_ceil(of_one);
            assert_eq!((asked, done.counts.licenses, done.counts.changed), (pieces, licenses, licenses), "{of_one}");
            if of_one < 100 {
                assert_eq!(planned, done);
                assert_eq!(
                    (done.counts.people, done.counts.access.add, done.counts.access.remove),
                    (people, people, people)
                );
            }
            assert_eq!(shop.count("grants WHERE repo = 'acme/a' AND state = 'revoking'"), people);
            assert_eq!(shop.count("grants WHERE repo = 'acme/b' AND state = 'pending'"), people);
            assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due'"), 2 * people);
            assert_eq!(shop.count("entitlements WHERE repo = 'acme/b'"), licenses);
            assert_eq!(shop.count("admin_actions WHERE action = 'grants.sync'"), pieces);
        }
    });
}

#[test]
fn whoever_stops_in_between_leaves_what_the_next_one_goes_on_with() {
    run(async {
        let shop = shop_of_many(600, 1);
        map(&shop, &[entry("kit", &["acme/b"], "")]).await;
        let first = sync(&shop, json!({ "reason": "another repository" })).await.body;
        let [changed] = counts(&first, ["changed"]);
        assert!((1..600).contains(&changed));
        let (_, rest) = sync_all(&shop, json!({ "reason": "and the rest" })).await;
        assert_eq!((rest.counts.licenses, rest.counts.changed), (600, 600 - usize::try_from(changed).unwrap()));
        assert_eq!(shop.count("entitlements WHERE repo = 'acme/a'"), 0);
    });
}

#[test]
fn what_a_plan_was_made_by_has_to_be_the_catalogue_still() {
    run(async {
        let shop = shop_of_many(300, 1);
        map(&shop, &[entry("kit", &["acme/b"], "")]).await;
        let other = sync(&shop, json!({ "reason": "why", "expected_version": 2 })).await;
        assert_eq!(other.problem(), (409, "catalogue_changed"));
        let first = sync(&shop, json!({ "reason": "why", "expected_version": 3 })).await.body;
        map(&shop, &[entry("kit", &["acme/c"], "")]).await;
        let before = Snapshot::of(shop.host.database());
        for dry_run in [true, false] {
            let body = json!({ "reason": "why", "cursor": first["next_cursor"], "dry_run": dry_run });
            assert_eq!(sync(&shop, body).await.problem(), (409, "catalogue_changed"));
        }
        assert_eq!(Snapshot::of(shop.host.database()), before, "half by one catalogue and half by another it is not");
    });
}

#[test]
fn a_cursor_that_no_answer_gave_is_refused_as_one_of_another_version() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
        for cursor in ["nobody's", "1:x:", "7"] {
            for dry_run in [false, true] {
                let body = json!({ "reason": "why", "cursor": cursor, "dry_run": dry_run });
                assert_eq!(sync(&shop, body).await.problem(), (409, "catalogue_changed"), "{cursor}");
            }
        }
    });
}

#[test]
fn a_sync_takes_a_reason_and_nothing_that_it_does_not_know() {
    run(async {
        let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
        for body in [
            json!({}),
            json!({ "dry_run": "true", "reason": "why" }),
            json!({ "reason": "why", "product": "" }),
            json!({ "reason": "why", "section": "gumroad" }),
        ] {
            assert_eq!(sync(&shop, body.clone()).await.problem(), (400, "invalid_request"), "{body}");
        }
        assert_eq!(sync(&shop, json!({ "dry_run": true })).await.status, 200);
        let unheard = request("POST", "/admin/grants/sync", &[("content-type", "application/json")], b"{}");
        assert_eq!(shop.request(unheard).await.status, 401);
    });
}
