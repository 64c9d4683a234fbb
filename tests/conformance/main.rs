//! The Worker against its own OpenAPI document: schemathesis reads it, makes requests that it allows and requests that
//! it forbids, and holds every answer to what it promises. How is in `schemathesis.toml`.
//!
//! `cargo xtask test --only conformance` installs schemathesis and runs this.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use latchkey_sandbox::{GUMROAD_SECRET, GumroadSale, LemonSqueezySale, Limits, Options};
use latchkey_testbed::{Testbed, TestbedOptions};
use serde_json::json;
use tokio::process::Command;

/// An invented token for this Worker alone.
const ADMIN_TOKEN: &str = "conformance-admin-token-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_one_that_the_openapi_document_promises() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schemathesis = project.join("target/tools/schemathesis/bin/schemathesis");
    assert!(schemathesis.exists(), "schemathesis is missing: cargo xtask test --only conformance installs it");
    // What is asked here is asked far more often than anybody may.
    let mut options = TestbedOptions::default().with_var("ADMIN_TOKEN", ADMIN_TOKEN);
    for limit in ["ACTIVATE_BY_ADDRESS", "ACTIVATE_BY_KEY", "ADMIN"] {
        options = options.without(limit);
    }
    options.sandbox = Some(Options { limits: Limits::NONE, ..Options::default() });
    let bed = Testbed::start(options).await;
    sell(&bed).await;

    let mut check = Command::new(schemathesis);
    check.arg("--no-color").arg("--config-file").arg(project.join("tests/conformance/schemathesis.toml"));
    check.arg("run").arg(format!("{}/openapi.json", bed.url()));
    check.env("ADMIN_TOKEN", ADMIN_TOKEN).env("GUMROAD_SECRET", GUMROAD_SECRET);
    // It keeps notes where it runs.
    check.current_dir(project.join("target/tools/schemathesis")).kill_on_drop(true);
    let checked = check.output().await.expect("schemathesis starts");

    let said = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    assert_eq!(bed.broken_lines(), Vec::<String>::new());
}

/// Gives the answers something to hold: sales at both storefronts, what is not understood, and an activated license.
async fn sell(bed: &Testbed) {
    let sandbox = bed.sandbox();
    let mut deliveries = sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
    deliveries.push(sandbox.sell_on_gumroad(GumroadSale::default()));
    let unmapped = GumroadSale { product_id: Some("unheard-of==".to_owned()), ..GumroadSale::default() };
    deliveries.push(sandbox.sell_on_gumroad(unmapped));
    for delivery in &deliveries {
        assert_eq!(bed.deliver(delivery).await.unwrap().status(), 200);
    }
    let minted = "SELECT license_key FROM licenses WHERE storefront_key_id = ''";
    for _ in 0..200 {
        if let [license] = bed.query(minted).as_slice() {
            let body = json!({ "license_key": license["license_key"], "github_username": "octocat" });
            let activation = bed.client().post(format!("{}/api/activate", bed.url())).json(&body).send().await;
            assert!(activation.unwrap().status().is_success());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no license: {:#?}", bed.logs());
}
