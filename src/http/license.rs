//! `POST /api/license`: what a seller's own page shows whoever has a key, before and after activating. Within the limits of
//! `/api/activate`, and refused with the same codes.
//!
//! What is read for it is in `engine::license_view`.

use super::activate::{log_refusal, within_limits};
use super::{API_BODY_MAX_BYTES, Code, Problem, Request, Response, cors, read_body};
use crate::api::activation::{LicenseAnswer, LicenseRequest, OfferedChoice, ShownLicense, ShownRepo};
use crate::api::codes::AccessState;
use crate::engine::{Engine, LicenseView, RepoView};
use crate::model::{PresentedKey, Repo};
use crate::platform::Platform;

/// Under what these questions are counted of a key, so that whoever looks can still activate.
pub(crate) const LOOKS: &str = "looks ";

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let portal = &engine.config().portal;
    if request.method == "OPTIONS" {
        return cors::preflight(portal, &request);
    }
    let head = request.head();
    if request.method != "POST" {
        let problem = Problem::new(Code::MethodNotAllowed, "Ask with POST.");
        return cors::allow(portal, &head, Response::from(problem).header("allow", "POST, OPTIONS"));
    }
    let response = match read(request).await {
        Ok(key) => look(engine, &head, &key).await,
        Err(problem) => problem.into(),
    };
    cors::allow(portal, &head, response)
}

async fn look<P: Platform>(engine: &Engine<P>, head: &Request, key: &PresentedKey) -> Response {
    if !within_limits(engine, head, key, LOOKS).await {
        return Problem::rate_limited().into();
    }
    match engine.view_license(key).await {
        Ok(view) => Response::json(200, &word(&view)),
        Err(error) => {
            log_refusal(engine, "license_refused", &error);
            Problem::from(error).into()
        }
    }
}

async fn read(request: Request) -> Result<PresentedKey, Problem> {
    let LicenseRequest { license_key } = read_body(request, API_BODY_MAX_BYTES).await?;
    PresentedKey::parse(&license_key)
        .map_err(|error| Problem::new(Code::InvalidRequest, format!("`license_key` {error}.")))
}

fn word(view: &LicenseView) -> LicenseAnswer {
    LicenseAnswer {
        license: ShownLicense {
            product: view.product.clone(),
            tier: view.tier.clone(),
            status: view.status,
            expires_at: view.expires_at,
            test: view.test,
        },
        bound: view.activation.is_some(),
        choose: view.choose.as_ref().map(|choice| OfferedChoice {
            from: choice.from.iter().map(|repo| repo.as_str().to_owned()).collect(),
            limit: choice.limit,
        }),
        repos: view.repos.iter().map(|(repo, status)| word_repo(repo, status)).collect(),
    }
}

fn word_repo(repo: &Repo, status: &RepoView) -> ShownRepo {
    let of = |status| ShownRepo {
        repo: repo.as_str().to_owned(),
        status,
        accept_url: None,
        expires_at: None,
        until: None,
        blocked_by: None,
    };
    match status {
        RepoView::NotActivated => of(AccessState::NotActivated),
        RepoView::Invited { accept_url, expires_at } => ShownRepo {
            accept_url: Some(accept_url.clone()),
            expires_at: Some(*expires_at),
            ..of(AccessState::Invited)
        },
        RepoView::Member => of(AccessState::Member),
        RepoView::Queued { until } => ShownRepo { until: *until, ..of(AccessState::Queued) },
        RepoView::Declined => of(AccessState::Declined),
        RepoView::Expired => of(AccessState::Expired),
        RepoView::Blocked { by } => ShownRepo { blocked_by: Some(*by), ..of(AccessState::Blocked) },
        RepoView::RemovedByHand => of(AccessState::RemovedByHand),
    }
}
