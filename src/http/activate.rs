//! `POST /api/activate`: reads what a buyer sends, keeps to the rate limits, and words the answer.
//!
//! The activation itself is `engine::activate`.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{API_BODY_MAX_BYTES, Answer, Code, Incoming, Problem, cors};
use crate::engine::{Activate, ActivateError, Activated, Engine, RepoStatus};
use crate::model::{LicenseKey, Login, PresentedKey, Repo};
use crate::platform::{Level, Limit, LogValue, Platform};

/// More repositories than any choice has.
const MAX_REPOS: usize = 100;

/// What the seller's portal sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    license_key: String,
    github_username: String,
    repos: Option<Vec<String>>,
}

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, incoming: Incoming) -> Answer {
    let portal = &engine.config().portal;
    if incoming.method == "OPTIONS" {
        return cors::preflight(portal, &incoming);
    }
    // The head outlives the body, which is consumed by reading it.
    let Incoming { method, path, query, headers, body } = incoming;
    let head = Incoming { method, path, query, headers, body: super::Body::whole(Vec::new()) };
    let answer = match read(&head, body).await {
        Ok(request) => activate(engine, &head, request).await,
        Err(problem) if problem.code == Code::MethodNotAllowed => {
            Answer::from(problem).header("allow", "POST, OPTIONS")
        }
        Err(problem) => problem.into(),
    };
    cors::allow(portal, &head, answer)
}

async fn activate<P: Platform>(engine: &Engine<P>, head: &Incoming, request: Activate) -> Answer {
    if !within_limits(engine, head, &request.key).await {
        return Problem::new(Code::RateLimited, "Too many attempts. Please wait a minute.")
            .retry_after(Limit::PERIOD_S)
            .into();
    }
    let (result, follow_up) = engine.activate(request).await;
    let answer = match result {
        Ok(activated) => word(&activated),
        Err(error) => {
            log_refusal(engine, &error);
            Problem::from(error).into()
        }
    };
    answer.followed_by(follow_up)
}

async fn read(head: &Incoming, body: super::Body) -> Result<Activate, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidRequest, detail);
    if head.method != "POST" {
        return Err(Problem::new(Code::MethodNotAllowed, "Activate with POST."));
    }
    let announced_type = head.headers.iter().any(|(name, _)| name == "content-type");
    if announced_type && !head.header("content-type").is_some_and(is_json) {
        return Err(Problem::new(Code::UnsupportedMediaType, "Send the body as application/json."));
    }
    let body = body.read(API_BODY_MAX_BYTES).await?;
    let mut json = serde_json::Deserializer::from_slice(&body);
    let request: Request = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // serde's own message repeats what was sent, unless it is about a name.
        let message = error.inner().to_string();
        let about_a_name = ["missing field", "unknown field", "duplicate field"];
        match error.path().to_string().as_str() {
            _ if about_a_name.iter().any(|start| message.starts_with(start)) => {
                invalid(format!("{}.", message.split(" at line").next().unwrap_or_default()))
            }
            "." => invalid("The body must be a JSON object.".to_owned()),
            path => invalid(format!("{path} is not of the expected type.")),
        }
    })?;
    json.end().map_err(|_| invalid("The body must be one JSON object and nothing else.".to_owned()))?;
    let key = PresentedKey::parse(&request.license_key).map_err(|error| invalid(format!("license_key {error}.")))?;
    let login = Login::parse(&request.github_username).map_err(|error| invalid(format!("github_username {error}.")))?;
    let repos = request.repos.map(|names| match names.len() {
        0..=MAX_REPOS => names
            .iter()
            .map(|name| Repo::parse(name).map_err(|error| invalid(format!("repos: an entry {error}."))))
            .collect(),
        _ => Err(invalid(format!("repos may name at most {MAX_REPOS}."))),
    });
    Ok(Activate { key, login, repos: repos.transpose()? })
}

/// Whether the caller and the key are within their limits. Both are always counted. The key is hashed, since a limit's
/// keys are kept by the platform.
async fn within_limits<P: Platform>(engine: &Engine<P>, head: &Incoming, key: &PresentedKey) -> bool {
    let address = head.header("cf-connecting-ip").map_or_else(|| "unknown".to_owned(), network_of);
    let by_address = engine.platform().within_limit(Limit::ActivateByAddress, &address).await;
    let key = match key {
        PresentedKey::Minted(key) | PresentedKey::Storefront(key) => key,
        PresentedKey::Mistyped => return by_address,
    };
    by_address & engine.platform().within_limit(Limit::ActivateByKey, &hash(key)).await
}

/// The network that one caller controls: an IPv4 address, or the first 64 bits of an IPv6 address.
fn network_of(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        _ => address.to_owned(),
    }
}

fn hash(key: &LicenseKey) -> String {
    let digest = Sha256::digest(key.as_str().as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn word(activated: &Activated) -> Answer {
    let repos: Vec<Value> = activated
        .repos
        .iter()
        .map(|(repo, status)| match status {
            RepoStatus::Invited { accept_url } => {
                json!({ "repo": repo.as_str(), "status": "invited", "accept_url": accept_url })
            }
            RepoStatus::Member => json!({ "repo": repo.as_str(), "status": "member" }),
            RepoStatus::Queued => json!({ "repo": repo.as_str(), "status": "queued" }),
        })
        .collect();
    let queued = activated.repos.iter().any(|(_, status)| *status == RepoStatus::Queued);
    let body = json!({
        "status": if activated.already { "already_active" } else { "activated" },
        "license": {
            "product": activated.product,
            "tier": activated.tier,
            "expires_at": activated.expires_at.map(crate::model::Timestamp::to_rfc3339),
        },
        "github_username": activated.login.as_str(),
        "repos": repos,
    });
    Answer::json(if queued { 202 } else { 200 }, &body)
}

fn log_refusal<P: Platform>(engine: &Engine<P>, error: &ActivateError) {
    let level = match error {
        ActivateError::Upstream(_) | ActivateError::Storage(_) | ActivateError::BoundToAnother => Level::Warn,
        _ => Level::Info,
    };
    engine.log(level, "activation_refused", [("reason", LogValue::text(error.to_string()))]);
}
