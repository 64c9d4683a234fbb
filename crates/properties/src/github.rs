//! GitHub's replies: about a login, and to an invitation.

use latchkey::adapters::github::{Github, Installations, Invited, Resolved};
use latchkey::model::{GithubAccount, GithubLogin, GithubUserId, Permission, Repo};
use latchkey::platform::{HttpRequest, Method, Platform};

use crate::replies;
use crate::storefronts::check_failure;
use crate::world::{World, config, run};

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
        let result = run(github.invite(&world, &repo, &account, permission, until));
        let sent = world.sent();
        check_requests(&sent);
        assert!((1..=16).contains(&sent.len()), "{} requests", sent.len());
        let asked = |method| sent.iter().any(|request| request.method == method);
        match result {
            Ok(Invited::Invitation { id, accept_url }) => {
                assert!(id.is_none_or(|id| id > 0));
                assert!(accept_url.eq_ignore_ascii_case("https://github.com/acme/kit/invitations"), "{accept_url}");
            }
            Ok(Invited::Member) => {}
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
    let result = run(github.remove(&world, &repo, &account, Some(&account.login), Some(7)));
    let sent = world.sent();
    check_requests(&sent);
    assert!(sent.len() <= 24, "{} requests", sent.len());
    assert!(sent.iter().all(|request| matches!(request.method, Method::Get | Method::Delete)));
    match result {
        Ok(()) => assert!(sent.len() >= 2, "gone without a look"),
        Err(failure) => check_failure(&failure, &[LOGIN]),
    }
}
