//! Loads `products.toml` into the Worker that runs here, as a seller would. What the Worker makes of it is its own
//! `PUT /admin/products`.

use anyhow::{Context, bail};
use reqwest::StatusCode;
use serde::Deserialize;

use crate::settings::PRODUCTS;

/// What the Worker says of a catalogue that it took.
#[derive(Deserialize)]
struct Loaded {
    version: i64,
    added: Vec<serde_json::Value>,
    changed: Vec<serde_json::Value>,
    removed: Vec<serde_json::Value>,
}

/// Pushes the text of `products.toml`, and says what came of it.
///
/// # Errors
///
/// When the Worker does not take it.
pub(super) async fn push(
    client: &reqwest::Client,
    worker_url: &str,
    token: &str,
    text: String,
) -> anyhow::Result<String> {
    let url = format!("{worker_url}/admin/products?reason=cargo+xtask+dev&actor=cargo+xtask+dev");
    let request = client.put(url).bearer_auth(token).header("content-type", "application/toml").body(text);
    let answer = request.send().await.with_context(|| format!("cannot load {PRODUCTS} into the Worker"))?;
    let (status, body) = (answer.status(), answer.text().await.unwrap_or_default());
    if status != StatusCode::OK {
        bail!("the Worker did not take {PRODUCTS}: {status}, {body}");
    }
    let loaded: Loaded = serde_json::from_str(&body).with_context(|| format!("the Worker answered {body}"))?;
    Ok(worded(&loaded))
}

fn worded(loaded: &Loaded) -> String {
    let Loaded { version, added, changed, removed } = loaded;
    let counts = [(added.len(), "added"), (changed.len(), "changed"), (removed.len(), "removed")];
    let counts: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let changes = if counts.is_empty() { "nothing new".to_owned() } else { counts.join(", ") };
    format!("loaded {PRODUCTS} into the Worker: {changes}, version {version} of the catalogue")
}

#[cfg(test)]
mod tests {
    use super::{Loaded, worded};

    fn loaded(answer: &str) -> String {
        worded(&serde_json::from_str::<Loaded>(answer).expect("an answer"))
    }

    #[test]
    fn what_the_catalogue_has_gained_and_lost_is_counted() {
        assert_eq!(
            loaded(r#"{"version":3,"added":[{},{}],"changed":[],"removed":[{}],"waiting":0}"#),
            "loaded products.toml into the Worker: 2 added, 1 removed, version 3 of the catalogue"
        );
        assert_eq!(
            loaded(r#"{"version":3,"added":[],"changed":[],"removed":[],"waiting":0}"#),
            "loaded products.toml into the Worker: nothing new, version 3 of the catalogue"
        );
    }
}
