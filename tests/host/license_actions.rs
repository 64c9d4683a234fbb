//! What an operator changes about a license: each takes effect once or not at all, and is recorded exactly when it does.

use std::time::Duration;

use futures_util::future::join;
use latchkey::engine::{ActionError, ActionOutcome, Refusal};
use latchkey::model::{Actor, AdminAction, GithubLogin, LicenseKey, Reason};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, LicenseKeySeed, Service};
use serde_json::{Value, json};

use crate::shop::{Shop, catalogue_of, run};

const REPOS: [&str; 2] = ["acme/starter", "acme/starter-docs"];
const TWO_MINUTES: Duration = Duration::from_secs(120);

/// A change that an operator asks for now.
pub(crate) fn action(shop: &Shop) -> AdminAction {
    AdminAction {
        id: latchkey::platform::unique_id(&shop.host).unwrap(),
        reason: Reason::parse("the buyer asked for it").unwrap(),
        actor: Actor::parse("ada").unwrap(),
    }
}

fn key_of(text: &str) -> LicenseKey {
    LicenseKey::from_record(text).unwrap()
}

fn login(text: &str) -> GithubLogin {
    GithubLogin::parse(text).unwrap()
}

async fn revoke(shop: &Shop, key: &str) -> ActionOutcome {
    shop.engine().revoke(&key_of(key), &action(shop)).await.unwrap()
}

async fn reinstate(shop: &Shop, key: &str) -> ActionOutcome {
    shop.engine().reinstate(&key_of(key), &action(shop)).await.unwrap()
}

async fn transfer(shop: &Shop, key: &str, to: &str) -> ActionOutcome {
    shop.engine().transfer(&key_of(key), &login(to), &action(shop)).await.unwrap()
}

async fn resend(shop: &Shop, key: &str) -> ActionOutcome {
    shop.engine().resend(&key_of(key), &action(shop)).await.unwrap()
}

/// Sells the starter kit as the sale `one`.
async fn sell(shop: &Shop) -> String {
    let sale = GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

/// The same, activated some time ago.
async fn sell_and_activate(shop: &Shop, login: &str) -> String {
    let key = sell(shop).await;
    assert_eq!(shop.activate(&key, login).await.status, 200);
    shop.advance(TWO_MINUTES);
    key
}

async fn ticks(shop: &Shop) {
    for _ in 0..3 {
        shop.tick_after(TWO_MINUTES).await;
    }
    assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
}

fn status(shop: &Shop) -> String {
    shop.value("SELECT status FROM licenses")
}

/// Who is invited to, or in, the two repositories, if it is the same in both.
fn access(shop: &Shop) -> Vec<String> {
    let of = |repo: &str| {
        let invited = shop.sandbox.invitations(repo).into_iter().map(|invitation| invitation.login);
        invited.chain(shop.sandbox.collaborators(repo)).collect::<Vec<_>>()
    };
    assert_eq!(of(REPOS[0]), of(REPOS[1]));
    of(REPOS[0])
}

/// The actions that are recorded, in order.
fn actions(shop: &Shop) -> String {
    shop.value("SELECT group_concat(action) FROM (SELECT action FROM admin_actions ORDER BY id)")
}

#[test]
fn revoking_ends_the_key_and_the_access_and_is_recorded_with_its_reason() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        assert_eq!(revoke(&shop, &key).await, ActionOutcome::Done);
        let row = shop.record("admin_actions", "true");
        assert_eq!((&row["action"], &row["target"]), (&json!("license.revoke"), &json!(key)));
        assert_eq!((&row["reason"], &row["actor"]), (&json!("the buyer asked for it"), &json!("ada")));
        assert_eq!((&row["detail"], row["trace_id"].as_str().unwrap().len()), (&Value::Null, 26));
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_revoked"));
        ticks(&shop).await;
        assert!(access(&shop).is_empty());
        assert_eq!(revoke(&shop, &key).await, ActionOutcome::Refused(Refusal::RevokedAlready));
        assert_eq!(actions(&shop), "license.revoke");
    });
}

#[test]
fn a_revoked_license_that_is_reinstated_opens_everything_again() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Refused(Refusal::ActiveAlready));
        revoke(&shop, &key).await;
        ticks(&shop).await;
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(status(&shop), "active");
        ticks(&shop).await;
        assert_eq!(access(&shop), ["octocat"]);
        assert_eq!(actions(&shop), "license.revoke,license.reinstate");
    });
}

#[test]
fn a_license_reinstated_before_its_removal_loses_nothing() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        for repo in REPOS {
            shop.sandbox.accept_invitation("octocat", repo).unwrap();
        }
        revoke(&shop, &key).await;
        reinstate(&shop, &key).await;
        ticks(&shop).await;
        assert_eq!(access(&shop), ["octocat"]);
        assert!(!shop.calls().iter().any(|call| call.starts_with("DELETE")), "nothing was taken away meanwhile");
        assert_eq!(shop.value("SELECT group_concat(state) FROM grants"), "member,member");
    });
}

#[test]
fn reinstating_sets_a_refund_aside_and_a_later_dispute_still_counts() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Done);
        shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
        shop.deliver(&shop.sandbox.gumroad_resend("one")).await;
        assert_eq!(status(&shop), "active", "the same refund said again");
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        assert_eq!(status(&shop), "suspended");
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(status(&shop), "active");
        assert_eq!(revoke(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(status(&shop), "revoked");
    });
}

#[test]
fn reinstating_sets_aside_what_keeps_a_license_from_being_active_and_nothing_else() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        // A refund that failed again keeps it from nothing.
        let order = shop.value("SELECT order_id FROM licenses");
        for fact in ["refunded", "refund_undone"] {
            shop.rows(&format!(
                "INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', '{order}', '{fact}', 1)"
            ));
        }
        assert_eq!(revoke(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(shop.count("licenses WHERE refund_set_aside = 0"), 1);
        shop.rows("UPDATE order_facts SET as_of = 2 WHERE fact = 'refunded'");
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        assert_eq!(status(&shop), "revoked", "the refund that came after");
    });
}

#[test]
fn a_refund_after_a_dispute_that_was_set_aside_still_revokes() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        reinstate(&shop, &key).await;
        shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
        assert_eq!(status(&shop), "revoked");
    });
}

#[test]
fn what_the_operator_has_revoked_no_storefront_reinstates() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        assert_eq!(revoke(&shop, &key).await, ActionOutcome::Done);
        shop.deliver(&shop.sandbox.gumroad_dispute_won("one")).await;
        assert_eq!(status(&shop), "revoked");
    });
}

#[test]
fn a_license_that_was_never_mailed_is_mailed_when_it_is_reinstated() {
    run(async {
        let shop = Shop::open();
        let sale = GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() };
        let delivery = shop.sandbox.sell_on_gumroad(sale);
        shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
        shop.deliver(&delivery).await;
        let key = shop.value("SELECT license_key FROM licenses");
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Done);
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
    });
}

#[test]
fn a_storefronts_key_stands_by_its_own_order_whoever_acts_on_it() {
    run(async {
        let shop = Shop::open();
        let key = shop.sandbox.add_license_key(LicenseKeySeed::default());
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.advance(TWO_MINUTES);
        assert_eq!(revoke(&shop, &key).await, ActionOutcome::Done);
        shop.rows(
            "INSERT INTO order_facts (source, order_id, fact, said_at)
             SELECT source, order_id, 'refunded', 1 FROM licenses",
        );
        assert_eq!(reinstate(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(shop.value("SELECT status || refund_set_aside FROM licenses"), "active1");
        ticks(&shop).await;
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 1);
    });
}

#[test]
fn a_transfer_moves_the_access_and_the_old_account_is_refused() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        shop.calls();
        assert_eq!(transfer(&shop, &key, "Grace-Hopper").await, ActionOutcome::Done);
        assert_eq!(shop.calls(), ["GET /users/Grace-Hopper"]);
        let row = shop.record("admin_actions", "true");
        assert_eq!(
            (&row["action"], &row["detail"]),
            (
                &json!("license.transfer"),
                &json!(r#"{"from":583231,"from_username":"octocat","to":900001,"to_username":"grace-hopper"}"#)
            )
        );
        let bound = shop.record("license_activations", "true");
        assert_eq!((&bound["github_username"], &bound["github_user_id"]), (&json!("grace-hopper"), &json!(900_001)));
        ticks(&shop).await;
        assert_eq!(access(&shop), ["grace-hopper"]);
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (400, "license_bound_to_another_account"));
        assert_eq!(shop.activate(&key, "grace-hopper").await.body["status"], "already_active");
    });
}

#[test]
fn a_license_transferred_back_and_forth_ends_with_the_last_account() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        for to in ["grace-hopper", "octocat", "ada-lovelace", "grace-hopper", "octocat"] {
            assert_eq!(transfer(&shop, &key, to).await, ActionOutcome::Done);
        }
        ticks(&shop).await;
        assert_eq!(access(&shop), ["octocat"]);
        for to in ["ada-lovelace", "octocat", "grace-hopper"] {
            assert_eq!(transfer(&shop, &key, to).await, ActionOutcome::Done);
            shop.tick_after(Duration::from_secs(10)).await;
        }
        ticks(&shop).await;
        assert_eq!(access(&shop), ["grace-hopper"]);
    });
}

#[test]
fn a_transfer_keeps_what_another_license_of_the_old_account_opens() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        let other = shop.sell_starter().await;
        assert_eq!(shop.activate(&other, "octocat").await.status, 200);
        transfer(&shop, &key, "grace-hopper").await;
        ticks(&shop).await;
        assert_eq!(access(&shop), ["octocat", "grace-hopper"]);
    });
}

#[test]
fn a_transfer_leaves_the_old_account_what_its_other_license_permits_at_once() {
    run(async {
        let shop = Shop::open();
        let entry = |product: &str, permission: &str| {
            format!(
                "[[gumroad]]\nproduct_id = '{product}'\nname = 'Kit'\ntier = 'core'\npermission = '{permission}'\nrepos = ['acme/kit']\n"
            )
        };
        shop.sandbox.add_repo("acme/kit", AccountKind::Organization);
        shop.stock(&catalogue_of(&[entry("reads", "pull"), entry("maintains", "maintain")].concat()));
        let mut keys = Vec::new();
        for product in ["reads", "maintains"] {
            let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
            keys.push(shop.take_key());
            assert_eq!(shop.activate(&keys[keys.len() - 1], "octocat").await.status, 200);
        }
        shop.sandbox.accept_invitation("octocat", "acme/kit").unwrap();
        shop.advance(TWO_MINUTES);
        transfer(&shop, &keys[1], "grace-hopper").await;
        ticks(&shop).await;
        assert_eq!(shop.sandbox.role("octocat", "acme/kit").as_deref(), Some("read"));
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 1, "grace-hopper is invited");
    });
}

#[test]
fn a_transfer_that_must_not_be_changes_nothing() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        shop.sandbox.add_user("globex", AccountKind::Organization);
        assert_eq!(transfer(&shop, &key, "octocat").await, ActionOutcome::Refused(Refusal::NotActivated));
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        for (to, why) in [
            ("OctoCat", Refusal::BoundToThisAccount),
            ("nobody-here", Refusal::NoSuchUser),
            ("globex", Refusal::NotInvitable),
        ] {
            assert_eq!(transfer(&shop, &key, to).await, ActionOutcome::Refused(why));
        }
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        assert_eq!(transfer(&shop, &key, "grace-hopper").await, ActionOutcome::Refused(Refusal::NotActive));
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(502)));
        let failed = shop.engine().transfer(&key_of(&key), &login("grace-hopper"), &action(&shop)).await;
        assert!(matches!(failed, Err(ActionError::Upstream(_))));
        assert_eq!(shop.count("admin_actions") + shop.count("grants WHERE state = 'revoking'"), 0);
        assert_eq!(shop.value("SELECT github_username FROM license_activations"), "octocat");
    });
}

#[test]
fn a_buyer_who_was_renamed_is_known_under_the_new_login() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        shop.sandbox.rename_user("octocat", "new-cat");
        assert_eq!(transfer(&shop, &key, "new-cat").await, ActionOutcome::Done);
        assert_eq!(shop.count("grants"), 2, "it is the same identity");
        ticks(&shop).await;
        assert_eq!(access(&shop), ["new-cat"]);
        assert_eq!(shop.activate(&key, "new-cat").await.body["status"], "already_active");
    });
}

#[test]
fn two_transfers_at_once_end_with_one_account() {
    run(async {
        for turns in 0..12 {
            let shop = Shop::open();
            let key = sell_and_activate(&shop, "octocat").await;
            let late = async {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                transfer(&shop, &key, "ada-lovelace").await
            };
            let both = join(transfer(&shop, &key, "grace-hopper"), late).await;
            assert_eq!(both, (ActionOutcome::Done, ActionOutcome::Done));
            ticks(&shop).await;
            let owner = shop.value("SELECT github_username FROM license_activations");
            assert_eq!(access(&shop), [owner], "after {turns} turns");
        }
    });
}

#[test]
fn a_mail_is_sent_once_more_for_each_time_that_the_operator_asks() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        for _ in 0..2 {
            assert_eq!(resend(&shop, &key).await, ActionOutcome::Done);
            shop.tick().await;
            assert_eq!(shop.take_key(), key);
        }
        assert_eq!((shop.count("outbox"), actions(&shop).as_str()), (1, "license.resend,license.resend"));
    });
}

#[test]
fn how_a_mail_ended_is_kept_each_time_that_it_is_sent_again_and_only_then() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        let ends = || shop.value("SELECT json_array_length(coalesce(history, '[]')) FROM outbox");
        assert_eq!(resend(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(ends(), "1");
        assert_eq!(resend(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(ends(), "1", "it was still due, and had not ended");
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
        assert_eq!(resend(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(ends(), "2");
    });
}

#[test]
fn a_mail_that_was_given_up_is_tried_anew() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.suppress("buyer@example.com");
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        let key = shop.value("SELECT license_key FROM licenses");
        assert!(shop.record("outbox", "state = 'dead'")["died_at"].is_i64());
        shop.rows("UPDATE licenses SET email = 'other@example.com'");
        assert_eq!(resend(&shop, &key).await, ActionOutcome::Done);
        assert_eq!(shop.record("outbox", "state = 'due'")["died_at"], Value::Null);
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
    });
}

#[test]
fn a_mail_that_must_not_be_is_refused() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop).await;
        shop.rows("UPDATE licenses SET email = ''");
        assert_eq!(resend(&shop, &key).await, ActionOutcome::Refused(Refusal::AddressErased));
        shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
        assert_eq!(resend(&shop, &key).await, ActionOutcome::Refused(Refusal::NotActive));
        let storefronts = shop.sandbox.add_license_key(LicenseKeySeed::default());
        assert_eq!(shop.activate(&storefronts, "octocat").await.status, 200);
        assert_eq!(resend(&shop, &storefronts).await, ActionOutcome::Refused(Refusal::MailedByStorefront));
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn a_license_that_does_not_exist_is_not_found() {
    run(async {
        let shop = Shop::open();
        let nobodys = "LK-NOBODYS";
        assert_eq!(revoke(&shop, nobodys).await, ActionOutcome::NotFound);
        assert_eq!(reinstate(&shop, nobodys).await, ActionOutcome::NotFound);
        assert_eq!(transfer(&shop, nobodys, "octocat").await, ActionOutcome::NotFound);
        assert_eq!(resend(&shop, nobodys).await, ActionOutcome::NotFound);
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn an_action_that_is_sent_twice_is_done_once() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "octocat").await;
        let once = action(&shop);
        for _ in 0..2 {
            assert_eq!(shop.engine().revoke(&key_of(&key), &once).await.unwrap(), ActionOutcome::Done);
        }
        assert_eq!(actions(&shop), "license.revoke");
    });
}
