//! The operator's command line against the built Worker: what is typed ends in the database, and what is there is shown.

use std::process::{Command, Output};
use std::time::Duration;

use latchkey_sandbox::AccountKind;
use latchkey_testbed::TestbedOptions;
use serde_json::Value;

use crate::shop::Shop;

const TOKEN: &str = "canary-admin-token";

async fn open() -> Shop {
    Shop::open_with(TestbedOptions::default().with_var("ADMIN_TOKEN", TOKEN)).await
}

/// Runs `cargo latchkey`, as somebody whose input is no terminal.
fn latchkey(shop: &Shop, token: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "--quiet", "--package", "latchkey-cli", "--"]);
    command.args(arguments).env("LATCHKEY_URL", shop.bed.url()).env("LATCHKEY_ADMIN_TOKEN", token).env("USER", "ada");
    let output = command.output().unwrap();
    for text in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(text).contains(token), "{arguments:?} shows the token");
    }
    output
}

/// What a command prints that succeeds.
fn said(shop: &Shop, arguments: &[&str]) -> String {
    let output = latchkey(shop, TOKEN, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Why a command failed.
fn refused(shop: &Shop, token: &str, arguments: &[&str]) -> String {
    let output = latchkey(shop, token, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_finds_a_buyer_and_takes_the_license_away() {
    let shop = open().await;
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);

    let found = said(&shop, &["licenses", "list", "--github", "octocat"]);
    assert!(found.contains(&key) && found.contains("active") && found.contains("octocat"), "{found}");
    let history = said(&shop, &["licenses", "show", &key.to_lowercase()]);
    assert!(history.contains("acme/starter, acme/starter-docs") && history.contains("History"), "{history}");

    let revoke = ["licenses", "revoke", &key, "--reason", "charged back by mail"];
    assert!(refused(&shop, TOKEN, &revoke).contains("add --yes if you mean it"));
    assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
    let revoked = said(&shop, &[&revoke[..], &["--yes"]].concat());
    let says_when = revoked.starts_with("Revoked: the next tick takes the access away, within a minute.");
    assert!(says_when && revoked.contains("revoked"), "{revoked}");
    assert_eq!(shop.count("licenses WHERE status = 'revoked'"), 1);
    assert_eq!(shop.count("admin_actions WHERE reason = 'charged back by mail' AND actor = 'ada'"), 1);

    let actions: Value = serde_json::from_str(&said(&shop, &["actions", "list", "--json"])).unwrap();
    assert_eq!(actions["items"][0]["target"], key.as_str());
    let status = said(&shop, &["status"]);
    assert!(status.contains("revoked 1"), "{status}");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_who_is_in_for_no_license_and_who_was_removed_by_hand() {
    const REPO: &str = "acme/starter";
    // As when the catalogue was pushed.
    let compared = |repo| format!("INSERT INTO repository_watches (repo, compare_at) VALUES ('{repo}', 1 << 50)");
    let seed = [REPO, "acme/starter-docs"].map(compared).to_vec();
    let options = TestbedOptions { seed, ..TestbedOptions::default() };
    let mut shop = Shop::open_with(options.with_var("ADMIN_TOKEN", TOKEN)).await;
    let sandbox = shop.bed.sandbox().clone();
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    for repo in [REPO, "acme/starter-docs"] {
        sandbox.accept_invitation("octocat", repo).unwrap();
    }
    shop.let_time_pass(Duration::from_secs(60 * 60)).await;
    shop.tick_until("grants WHERE state = 'member'", 2).await;
    shop.let_time_pass(Duration::from_secs(60 * 60)).await;
    sandbox.remove_collaborator("octocat", REPO);
    sandbox.add_user("stranger", AccountKind::User);
    sandbox.add_collaborator("stranger", REPO);

    let checked = said(&shop, &["drift", "check", "--reason", "a buyer wrote"]);
    assert!(checked.contains("compared now") && checked.contains(REPO), "{checked}");
    shop.tick_until("drift", 2).await;
    let differences = said(&shop, &["drift", "--repo", REPO]);
    for part in
        ["in for no license", "stranger", "never here", "removed by hand", "octocat", "Gumroad order", "activated"]
    {
        assert!(differences.contains(part), "{part}: {differences}");
    }
    let extra = said(&shop, &["drift", "--kind", "extra"]);
    assert!(extra.contains("stranger") && !extra.contains("octocat"), "{extra}");
    assert_eq!(sandbox.collaborators(REPO), ["stranger"]);
    assert_eq!(shop.count("grants WHERE state = 'removed_by_hand'"), 1);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_worker_refuses_is_said_in_one_sentence() {
    let shop = open().await;
    assert!(refused(&shop, "another-token", &["status"]).ends_with("it is not the Worker's ADMIN_TOKEN"));
    assert!(refused(&shop, TOKEN, &["licenses", "show", "LK-1"]).ends_with("(not_found)"));
    let retried = refused(&shop, TOKEN, &["outbox", "retry", "999", "--reason", "there is none"]);
    assert!(retried.ends_with("(not_found)"), "{retried}");
    shop.close();

    let closed = Shop::open_with(TestbedOptions::default().without("ADMIN_TOKEN")).await;
    assert!(refused(&closed, TOKEN, &["status"]).contains("has no admin API"));
    closed.close();
}
