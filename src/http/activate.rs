//! `POST /api/activate`: reads what a buyer sends, keeps to the rate limits, and words the response.
//!
//! What is sent is read field by field, and [`ActivationRequest`] is its description: whoever writes a portal is told which field is
//! wrong, and a derived reader names none and repeats what was sent, which is somebody's key. The activation itself is
//! `engine::activate`.
//!
//! [`ActivationRequest`]: crate::api::activation::ActivationRequest

use sha2::{Digest, Sha256};

use super::{API_BODY_MAX_BYTES, Code, Problem, Request, Response, cors, json_body};
use crate::api::activation::{ActivatedLicense, ActivatedRepo, Activation};
use crate::api::codes::{ActivationState, RepoState};
use crate::engine::{Activate, ActivateError, Activated, Bound, Claimed, Engine, RepoStatus};
use crate::json::{At, FieldError, Json};
use crate::model::{LicenseKey, Login, PresentedKey, Repo};
use crate::platform::{Level, Limit, LogValue, Platform};

/// More repositories than any choice has.
const MAX_REPOS: usize = 100;

/// What the seller's portal may send.
const FIELDS: [&str; 3] = ["license_key", "github_username", "repos"];

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let portal = &engine.config().portal;
    if request.method == "OPTIONS" {
        return cors::preflight(portal, &request);
    }
    let head = request.head();
    let response = match read(request).await {
        Ok(activation) => activate(engine, &head, activation).await,
        Err(problem) if problem.code == Code::MethodNotAllowed => {
            Response::from(problem).header("allow", "POST, OPTIONS")
        }
        Err(problem) => problem.into(),
    };
    cors::allow(portal, &head, response)
}

async fn activate<P: Platform>(engine: &Engine<P>, head: &Request, activation: Activate) -> Response {
    if !within_limits(engine, head, &activation.key, "").await {
        return Problem::rate_limited().into();
    }
    let (result, follow_up) = engine.activate(activation).await;
    let response = match result {
        Ok(activated) => word(&activated),
        Err(error) => {
            log_refusal(engine, "activation_refused", &error);
            match (error, &engine.config().pages.public_url) {
                (ActivateError::ProofRequired, Some(url)) => Problem::proof_required(&format!("{url}/")).into(),
                (error, _) => Problem::from(error).into(),
            }
        }
    };
    response.followed_by(follow_up)
}

async fn read(request: Request) -> Result<Activate, Problem> {
    if request.method != "POST" {
        return Err(Problem::new(Code::MethodNotAllowed, "Activate with POST."));
    }
    let json = json_body(request, API_BODY_MAX_BYTES).await?;
    parse(&json).map_err(|detail| Problem::new(Code::InvalidRequest, detail))
}

/// # Errors
/// What is wrong, in a sentence for the caller, without what was sent.
fn parse(body: &Json) -> Result<Activate, String> {
    let root = body.root();
    let said = |error: FieldError| format!("{error}.");
    if let Some((unknown, _)) =
        root.as_object().map_err(said)?.iter().find(|(name, _)| !FIELDS.contains(&name.as_str()))
    {
        let known = FIELDS.join(", ");
        let shown: String = unknown.chars().filter(|letter| !letter.is_control()).take(40).collect();
        return Err(format!("There is no field `{shown}`; known are {known}."));
    }
    let key = PresentedKey::parse(root.text("license_key").map_err(said)?)
        .map_err(|error| format!("`license_key` {error}."))?;
    let login = Login::parse(root.text("github_username").map_err(said)?)
        .map_err(|error| format!("`github_username` {error}."))?;
    let repos = root.get("repos").map_err(said)?.map(|list| repos(&list)).transpose()?;
    Ok(Activate { key, claimed: Claimed::Typed(login), repos })
}

fn repos(list: &At<'_>) -> Result<Vec<Repo>, String> {
    let names = list.as_list().map_err(|error| format!("{error}."))?;
    if names.len() > MAX_REPOS {
        return Err(format!("`repos` may name at most {MAX_REPOS}."));
    }
    let repo = |name: &Json| Repo::parse(name.root().as_text().unwrap_or_default());
    names.iter().map(repo).collect::<Result<_, _>>().map_err(|error| format!("`repos` has an entry that {error}."))
}

/// Whether the caller and the key are within their limits. Both are always counted. The key is hashed, since a limit's
/// keys are kept by the platform; what is asked about it is counted by itself.
pub(crate) async fn within_limits<P: Platform>(
    engine: &Engine<P>,
    head: &Request,
    key: &PresentedKey,
    what: &str,
) -> bool {
    let by_address = engine.platform().within_limit(Limit::ActivateByAddress, &head.network()).await;
    let key = match key {
        PresentedKey::Minted(key) | PresentedKey::Storefront(key) => key,
        PresentedKey::Mistyped => return by_address,
    };
    by_address & engine.platform().within_limit(Limit::ActivateByKey, &format!("{what}{}", hash(key))).await
}

/// The same for every case in which a key may be typed.
fn hash(key: &LicenseKey) -> String {
    let digest = Sha256::digest(key.as_str().to_ascii_lowercase().as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn word(activated: &Activated) -> Response {
    let repos: Vec<_> = activated.repos.iter().map(|(repo, status)| word_repo(repo, status)).collect();
    let status = if repos.iter().any(|repo| repo.status == RepoState::Queued) { 202 } else { 200 };
    let body = Activation {
        status: match activated.binding {
            Bound::Before => ActivationState::AlreadyActive,
            Bound::Now => ActivationState::Activated,
        },
        license: ActivatedLicense {
            product: activated.product.clone(),
            tier: activated.tier.clone(),
            expires_at: activated.expires_at,
        },
        github_username: activated.login.as_str().to_owned(),
        repos,
    };
    Response::json(status, &body)
}

fn word_repo(repo: &Repo, status: &RepoStatus) -> ActivatedRepo {
    let repo = repo.as_str().to_owned();
    let of = |status| ActivatedRepo { repo, status, accept_url: None, expires_at: None, until: None };
    match status {
        RepoStatus::Invited { accept_url, expires_at, .. } => ActivatedRepo {
            accept_url: Some(accept_url.clone()),
            expires_at: Some(*expires_at),
            ..of(RepoState::Invited)
        },
        RepoStatus::Member => of(RepoState::Member),
        RepoStatus::Queued { until } => ActivatedRepo { until: *until, ..of(RepoState::Queued) },
    }
}

pub(crate) fn log_refusal<P: Platform>(engine: &Engine<P>, event: &'static str, error: &ActivateError) {
    let level = match error {
        ActivateError::Upstream(_) | ActivateError::Storage(_) | ActivateError::BoundToAnother => Level::Warn,
        _ => Level::Info,
    };
    engine.log(level, event, [("reason", LogValue::text(error.to_string()))]);
}
