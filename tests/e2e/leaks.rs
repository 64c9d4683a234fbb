//! What nobody but its owner may read: looked for in every log line and every answer of every end-to-end test.
//!
//! The secrets, the buyers' addresses and their keys are themselves the canaries: each test plants some by being told.

use std::collections::BTreeSet;

use latchkey_sandbox::Options;
use latchkey_testbed::{Testbed, TestbedOptions};

/// An answer that the Worker gave, and on which path.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) body: String,
}

/// The secrets that a test bed is started with.
pub(crate) fn secrets(options: &TestbedOptions) -> Vec<String> {
    const SECRET: [&str; 4] = ["_TOKEN", "_SECRET", "_SECRET_PREVIOUS", "_API_KEY"];
    let given = options.vars.iter().filter(|(name, _)| SECRET.iter().any(|end| name.ends_with(end)));
    let mut secrets: Vec<String> = given.map(|(_, value)| value.clone()).collect();
    let keys = options.vars.iter().filter(|(name, _)| name.ends_with("_PRIVATE_KEY"));
    let lines = keys.flat_map(|(_, pem)| pem.split("\\n")).flat_map(str::lines);
    secrets.extend(lines.filter(|line| line.len() > 40).map(str::to_owned));
    let Options {
        gumroad_secret,
        gumroad_access_token,
        lemon_squeezy_webhook_secret,
        lemon_squeezy_api_key,
        github_token,
        github_webhook_secret,
        postmark_token,
        ..
    } = options.sandbox.clone().unwrap_or_default();
    secrets.extend([gumroad_secret, gumroad_access_token, lemon_squeezy_webhook_secret, lemon_squeezy_api_key]);
    secrets.extend([github_token, github_webhook_secret, postmark_token]);
    secrets
}

/// Checks that no log line holds a secret, a buyer's address or a license key; that no answer holds a secret; and that
/// none holds an address or a key but those of `/admin` and `/console`, whose reader is the seller, and those of the pages that
/// show buyers their own.
#[track_caller]
pub(crate) fn assert_none(bed: &Testbed, secrets: &[String], told: &[Told]) {
    let private = private(bed);
    let secrets = &[secrets, &bed.sandbox().app_tokens()].concat();
    for line in bed.logs() {
        let line = line.text.to_lowercase();
        let leaked = private.iter().chain(secrets).find(|canary| line.contains(&canary.to_lowercase()));
        assert_eq!(leaked, None, "in the log: {line}");
    }
    for Told { path, body } in told {
        let body = body.to_lowercase();
        let is_its_owners = ["/license", "/recover/licenses"].contains(&path.as_str());
        let is_sellers = path.starts_with("/admin/") || path.starts_with("/console/");
        let public = if is_sellers || is_its_owners { &[] } else { private.as_slice() };
        let leaked = public.iter().chain(secrets).find(|canary| body.contains(&canary.to_lowercase()));
        assert_eq!(leaked, None, "{path} answered {body}");
    }
}

/// Every buyer's address, and every key with and without its dashes.
fn private(bed: &Testbed) -> Vec<String> {
    let text = |sql: &str| {
        let rows = bed.query(sql);
        rows.iter().filter_map(|row| row["private"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut private: BTreeSet<String> =
        text("SELECT email AS private FROM orders UNION SELECT email FROM licenses").into_iter().collect();
    let mut keys = text("SELECT license_key AS private FROM licenses");
    let sandbox = bed.sandbox();
    private.extend(sandbox.mails().into_iter().map(|mail| mail.to));
    for mail in sandbox.storefront_mails() {
        private.insert(mail.to);
        keys.push(mail.license_key);
    }
    private.extend(keys.iter().map(|key| key.replace('-', "")));
    private.extend(keys);
    // A test that sells nonsense has buyers whose address is a letter or two, or empty; those stand in every text.
    private.into_iter().filter(|canary| canary.len() > 5).collect()
}
