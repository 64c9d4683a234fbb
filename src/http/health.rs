//! `GET /healthz`: whether the database answers, and what of the configuration is there.

use std::collections::BTreeMap;

use super::{Code, Problem, Request, Response};
use crate::api::codes::{DependencyState, HealthState};
use crate::api::health::Health;
use crate::config::MailProvider;
use crate::engine::Engine;
use crate::platform::{Limit, Platform};

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::from(Problem::new(Code::MethodNotAllowed, "Ask with GET.")).header("allow", "GET, HEAD");
    }
    let alive = engine.probe().await;
    let config = engine.config();
    let rate_limit = Limit::ALL.into_iter().all(|limit| engine.platform().has_limit(limit));
    let mail = match config.mail.provider {
        MailProvider::None => DependencyState::Logging,
        MailProvider::Several(_) => DependencyState::Ambiguous,
        _ => DependencyState::Configured,
    };
    let mut dependencies = BTreeMap::from([
        ("database".to_owned(), if alive { DependencyState::Ok } else { DependencyState::Unreachable }),
        ("github".to_owned(), configured(config.github.credentials.is_ok())),
        ("mail".to_owned(), mail),
        ("rate_limit".to_owned(), configured(rate_limit)),
        ("admin".to_owned(), configured(config.admin_token.is_some())),
    ]);
    dependencies.extend(
        config
            .storefronts
            .iter()
            .map(|storefront| (storefront.section().source.to_owned(), configured(storefront.is_configured()))),
    );
    let health = Health {
        status: if alive { HealthState::Ok } else { HealthState::Unavailable },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        dependencies,
        problems: config.problems.iter().map(ToString::to_string).collect(),
    };
    Response::json(if alive { 200 } else { 503 }, &health)
}

const fn configured(is: bool) -> DependencyState {
    if is { DependencyState::Configured } else { DependencyState::Missing }
}
