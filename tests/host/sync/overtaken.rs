//! What comes between the moment in which licenses are read and the one in which they are brought to the catalogue.

use std::cell::Cell;
use std::rc::Rc;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::AccountKind;
use serde_json::json;

use super::{MOVES, access, counts, entry, map, opened, sell_to, shop_of, sync, work};
use crate::shop::{Shop, run, seen_as};

/// Lets something happen right before licenses are written that were read, so often.
fn before_writing(shop: &Shop, times: usize, happens: impl Fn(&Shop) -> String) {
    let (host, sql) = (shop.host.clone(), happens(shop));
    let left = Rc::new(Cell::new(times));
    shop.host.inject(move |call| {
        if matches!(call, Call::Batch(batch) if batch.iter().any(|statement| statement.name == "sync/record"))
            && left.get() > 0
        {
            left.set(left.get() - 1);
            for statement in sql.split(';') {
                host.database().query(statement).unwrap();
            }
        }
        Fate::Proceed
    });
}

/// A shop whose kit opens `b` in place of `a` by now, and a license of it that has `a`.
async fn changed_shop() -> (Shop, String) {
    let shop = shop_of(&[entry("kit", &["acme/a"], "")]);
    let key = sell_to(&shop, "kit", "octocat").await;
    map(&shop, &[entry("kit", &["acme/b"], "")]).await;
    (shop, key)
}

#[test]
fn a_license_that_is_revoked_meanwhile_is_left_as_it_is() {
    run(async {
        let (shop, key) = changed_shop().await;
        before_writing(&shop, 1, |_| "UPDATE licenses SET status = 'revoked', revoked_by_operator = 1".to_owned());
        let answer = sync(&shop, json!({ "reason": "another repository" })).await;
        assert_eq!(counts(&answer.body, ["licenses", "changed"]), [0, 0]);
        assert_eq!(opened(&shop, &key), "acme/a pull");
        assert_eq!((shop.count("admin_actions WHERE action = 'grants.sync'"), shop.count("grants")), (0, 1));
    });
}

#[test]
fn a_license_that_goes_to_another_account_meanwhile_is_brought_for_that_one() {
    run(async {
        let (shop, key) = changed_shop().await;
        before_writing(&shop, 1, |_| {
            "UPDATE license_activations SET github_user_id = 900001, github_username = 'grace-hopper'".to_owned()
        });
        let answer = sync(&shop, json!({ "reason": "another repository" })).await;
        assert_eq!(counts(&answer.body, MOVES), [1, 1, 1, 0, 0]);
        assert_eq!(opened(&shop, &key), "acme/b pull");
        work(&shop).await;
        assert_eq!(access(&shop, "grace-hopper"), "?b");
        assert_eq!(shop.count("grants WHERE github_user_id = 583231 AND repo = 'acme/b'"), 0);
    });
}

#[test]
fn a_catalogue_that_changes_meanwhile_is_the_one_that_counts() {
    run(async {
        let (shop, key) = changed_shop().await;
        let entry = r#"{"product_id":"kit","name":"Kit","tier":"pro","repos":["acme/c"],"license":"minted"}"#;
        let change = format!("UPDATE products SET entry = '{entry}';UPDATE catalogue SET version = version + 1");
        before_writing(&shop, 1, |_| change.clone());
        let body = json!({ "reason": "another repository", "expected_version": 3 });
        assert_eq!(sync(&shop, body).await.problem(), (409, "catalogue_changed"));
        assert_eq!(opened(&shop, &key), "acme/a pull");
        before_writing(&shop, 1, |_| change.replace("acme/c", "acme/d"));
        assert_eq!(sync(&shop, json!({ "reason": "another repository" })).await.body["version"], 5);
        assert_eq!(opened(&shop, &key), "acme/d pull");
    });
}

#[test]
fn another_license_that_is_revoked_meanwhile_keeps_nothing_open() {
    run(async {
        let both = |repos: &[&str]| [entry("kit", repos, ""), entry("other", &["acme/a"], "")];
        let shop = shop_of(&both(&["acme/a", "acme/b"]));
        sell_to(&shop, "kit", "octocat").await;
        let other = sell_to(&shop, "other", "octocat").await;
        map(&shop, &both(&["acme/b"])).await;
        // Its revocation finds that the kit opens it still, and leaves it open.
        before_writing(&shop, 1, |_| {
            format!("UPDATE licenses SET status = 'revoked', revoked_by_operator = 1 WHERE license_key = '{other}'")
        });
        let answer = sync(&shop, json!({ "reason": "less" })).await;
        assert_eq!(counts(&answer.body, ["changed", "remove"]), [1, 0], "by what was read, another opens it");
        work(&shop).await;
        assert_eq!(access(&shop, "octocat"), "b");
    });
}

#[test]
fn what_is_taken_away_meanwhile_is_given_again_to_whom_a_sync_opens_it() {
    run(async {
        let both = |repos: &[&str]| [entry("kit", repos, ""), entry("other", &["acme/a"], "")];
        let shop = shop_of(&both(&["acme/b"]));
        sell_to(&shop, "kit", "octocat").await;
        let other = sell_to(&shop, "other", "octocat").await;
        map(&shop, &both(&["acme/a", "acme/b"])).await;
        before_writing(&shop, 1, |_| {
            format!(
                "UPDATE licenses SET status = 'revoked', revoked_by_operator = 1 WHERE license_key = '{other}';
                 UPDATE grants SET {} WHERE repo = 'acme/a'",
                seen_as("revoked")
            )
        });
        // There nobody is in it any more.
        shop.sandbox.remove_repo("acme/a");
        shop.sandbox.add_repo("acme/a", AccountKind::Organization);
        let answer = sync(&shop, json!({ "reason": "more" })).await;
        assert_eq!(counts(&answer.body, ["changed", "add"]), [1, 0], "by what was read, another opens it already");
        work(&shop).await;
        assert_eq!(access(&shop, "octocat"), "?a b");
    });
}

#[test]
fn whoever_is_overtaken_time_and_again_is_told_to_go_on_from_there() {
    run(async {
        let (shop, key) = changed_shop().await;
        let rename = "UPDATE entitlements SET repo = iif(repo = 'acme/a', 'acme/c', 'acme/a');
                      UPDATE license_activations SET repos = replace(repos, 'x', 'y')";
        before_writing(&shop, 3, |_| rename.to_owned());
        let answer = sync(&shop, json!({ "reason": "another repository" })).await;
        assert_eq!(counts(&answer.body, ["licenses", "changed"]), [0, 0]);
        let cursor = &answer.body["next_cursor"];
        let answer = sync(&shop, json!({ "reason": "another repository", "cursor": cursor })).await;
        assert_eq!(
            (counts(&answer.body, ["licenses", "changed"]), &answer.body["next_cursor"]),
            ([1, 1], &json!(null))
        );
        assert_eq!(opened(&shop, &key), "acme/b pull");
    });
}
