//! GitHub's replies: about a login, to an invitation, to an App that asks for a token; and what it sends by itself.

use latchkey::adapters::github::{Github, Installations, Invite, Invited, Resolved, hook};
use latchkey::adapters::storefronts::{Cause, Head};
use latchkey::model::{Authenticated, Delivery, GithubAccount, GithubLogin, GithubUserId, Permission, Repo, Secret};
use latchkey::platform::{HttpRequest, Method, Platform};

use crate::replies;
use crate::storefronts::{check_event_type, check_failure};
use crate::taint::{self, assert_clean};
use crate::world::{World, config, config_with, run};

/// Of nobody: it is looked for where it may not be.
const LOGIN: &str = "Zq-Canary-Buyer";

/// What is asked for stays within the API, with the token in its header alone.
fn check_requests(sent: &[HttpRequest]) {
    for request in sent {
        assert!(request.url.starts_with("https://api.github.com/"), "{}", request.url);
        let path = request.url.split('?').next().unwrap_or_default();
        assert!(!path.contains(['%', '\\', '#']) && !path.contains("..") && !path.contains("//acme"), "{path}");
        assert!(!request.url.contains("fuzz-github-token"), "{}", request.url);
    }
}

/// A login resolves only to an account of that login, whose number is one; what fails does not show the buyer's login.
///
/// # Panics
/// When something does not hold.
pub fn user(input: &[u8]) {
    let (config, installations) = (config().github, Installations::default());
    let github = Github::new(&config, &installations).expect("a token is configured");
    let login = GithubLogin::parse(LOGIN).expect("a login");
    let world = World::replying(replies::read(input));
    match run(github.resolve(&world, &login)) {
        Ok(Resolved::Account(account)) => assert!(account.login == login && account.id.as_i64() > 0, "{account:?}"),
        Ok(Resolved::NotFound | Resolved::NotInvitable(_)) => {}
        Err(failure) => check_failure(&failure, &[LOGIN]),
    }
    assert_eq!(world.sent().len(), 1);
    check_requests(&world.sent());
}

/// Whatever GitHub replies to an App that has no token yet: it ends after few requests, no token that it is given shows, and what
/// fails does not show the buyer's login.
///
/// # Panics
/// When something does not hold.
pub fn app(input: &[u8]) {
    let config = config_with(|name| match name {
        "GITHUB_TOKEN" => Some(""),
        "GITHUB_APP_ID" => Some("Iv23liFuzz"),
        "GITHUB_APP_PRIVATE_KEY" => Some(include_str!("../../../tests/fixtures/keys/rsa-2048.pkcs1.pem")),
        _ => None,
    });
    let installations = Installations::default();
    let places = ["acme/kit", "globex/kit"].map(|repo| Repo::parse(repo).expect("a repository"));
    let github = Github::new(&config.github, &installations).expect("an App is configured");
    let github = github.through(places.into_iter());
    let login = GithubLogin::parse(LOGIN).expect("a login");
    let world = World::replying(replies::read(input));
    match run(github.resolve(&world, &login)) {
        Ok(Resolved::Account(account)) => assert!(account.login == login && account.id.as_i64() > 0, "{account:?}"),
        Ok(Resolved::NotFound | Resolved::NotInvitable(_)) => {}
        Err(failure) => check_failure(&failure, &[LOGIN, "eyJ"]),
    }
    let sent = world.sent();
    check_requests(&sent);
    assert!((1..=8).contains(&sent.len()), "{} requests", sent.len());
    for request in &sent {
        let about_account = request.url.contains("/users/");
        let bearer = request.headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value.as_str());
        let bearer = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).expect("a bearer token");
        assert!(bearer.bytes().all(|byte| byte.is_ascii_graphic()), "{bearer:?}");
        assert!(about_account || bearer.starts_with("eyJ"), "an installation's token asks for another");
    }
}

/// A delivery of GitHub's: proven or not, what is told is sound, and what is wrong with it repeats nothing of it.
///
/// # Panics
/// When something does not hold.
pub fn delivery(input: &[u8]) {
    let header = String::from_utf8_lossy(input).into_owned();
    let headers = [("x-hub-signature-256".to_owned(), header)];
    let config = config_with(|name| (name == "GITHUB_WEBHOOK_SECRET").then_some("fuzz-github-webhook-secret"));
    if let Ok(proof) = hook::authenticate(&config.github, &Head { query: None, headers: &headers }) {
        assert!(proof.admit(hook::SOURCE, input.to_vec()).is_err(), "it would have to hold its own signature");
    }
    for body in [Some(input.to_vec()), taint::json(input), Some(taint::form(input))].into_iter().flatten() {
        let secret = [Secret::new("secret").expect("a secret")];
        let proof = Authenticated::by_shared_secret(&secret, "secret").expect("the same");
        match hook::understand(&Delivery::webhook(hook::SOURCE, body, proof)) {
            Ok(understood) => {
                check_event_type(&understood.event_type);
                assert!(understood.event.order_id().is_none());
            }
            Err(not) => match &not.cause {
                Cause::Malformed { problem, .. } | Cause::Undescribed { problem } => assert_clean(problem),
                Cause::Unanswered(failure) => panic!("GitHub was asked: {failure}"),
            },
        }
    }
}

/// Whatever GitHub replies to an invitation: it ends after few requests, leads the buyer to GitHub's own page, and one
/// that is not the buyer's is taken back or said to a person.
///
/// # Panics
/// When something does not hold.
pub fn invitation(input: &[u8]) {
    let (config, installations) = (config().github, Installations::default());
    let github = Github::new(&config, &installations).expect("a token is configured");
    let login = GithubLogin::parse(LOGIN).expect("a login");
    let account = GithubAccount { id: GithubUserId::new(583_231).expect("an id"), login };
    let repo = Repo::parse("acme/kit").expect("a repository");
    for permission in [Permission::Pull, Permission::Push] {
        let world = World::replying(replies::read(input));
        let until = world.now().plus_millis(60_000);
        let invite = Invite { repo: &repo, account: &account, permission, given: None, earlier: None, until };
        let result = run(github.invite(&world, invite));
        let sent = world.sent();
        check_requests(&sent);
        assert!((1..=16).contains(&sent.len()), "{} requests", sent.len());
        let asked = |method| sent.iter().any(|request| request.method == method);
        match result {
            Ok(Invited::Invitation { id, accept_url }) => {
                assert!(id.is_none_or(|id| id > 0));
                assert!(accept_url.eq_ignore_ascii_case("https://github.com/acme/kit/invitations"), "{accept_url}");
            }
            Ok(Invited::Member { .. }) => {}
            Ok(Invited::WrongIdentity) => {
                assert!(asked(Method::Delete) || !asked(Method::Put), "left open");
            }
            Err(failure) => check_failure(&failure, &[LOGIN]),
        }
    }
}

/// Whatever GitHub replies to a removal: it ends after few requests, never adds anybody, and success means that GitHub
/// said that the invitation or the collaborator is gone, or the account.
///
/// # Panics
/// When something does not hold.
pub fn removal(input: &[u8]) {
    let (config, installations) = (config().github, Installations::default());
    let github = Github::new(&config, &installations).expect("a token is configured");
    let login = GithubLogin::parse(LOGIN).expect("a login");
    let account = GithubAccount { id: GithubUserId::new(583_231).expect("an id"), login };
    let repo = Repo::parse("acme/kit").expect("a repository");
    let world = World::replying(replies::read(input));
    let until = world.now().plus_millis(60_000);
    let result = run(github.remove(&world, &repo, &account, Some(&account.login), Some(7), until));
    let sent = world.sent();
    check_requests(&sent);
    assert!(sent.len() <= 24, "{} requests", sent.len());
    assert!(sent.iter().all(|request| matches!(request.method, Method::Get | Method::Delete)));
    match result {
        Ok(()) => assert!(sent.len() >= 2, "gone without a look"),
        Err(failure) => check_failure(&failure, &[LOGIN]),
    }
}
