//! How a GitHub App comes by its tokens, one test a rule. What it then does is as with a token.

use super::*;
use crate::config::GithubApp;
use crate::model::{GithubAppId, PrivateKey};

const FIND: &str = "GET https://api.github.com/repos/acme/kit/installation";
const MAKE: &str = "POST https://api.github.com/app/installations/42/access_tokens";
const USER_BY_LOGIN: &str = "GET https://api.github.com/users/octocat";

/// `NOW` and an hour.
const IN_AN_HOUR: &str = "2026-01-05T20:38:56Z";

type Answer = Result<HttpResponse, SendError>;

fn app() -> config::Github {
    let key = PrivateKey::from_pem(include_str!("../../../../tests/fixtures/keys/rsa-2048.pkcs1.pem")).unwrap();
    let app = GithubApp { id: GithubAppId::parse("Iv23liCanary").unwrap(), key };
    config::Github { credentials: Ok(Credentials::App(app)), ..settings("https://api.github.com") }
}

fn installation() -> Answer {
    reply(200, r#"{"id":42,"app_id":7,"suspended_at":null,"permissions":{"administration":"write"}}"#)
}

fn token_until(token: &str, expires_at: &str) -> Answer {
    reply(201, &format!(r#"{{"token":"{token}","expires_at":"{expires_at}","permissions":{{}}}}"#))
}

fn token(token: &str) -> Answer {
    token_until(token, IN_AN_HOUR)
}

/// Asks whose login it is, with the repository at hand and another one.
fn resolve_in(world: &Canned, installations: &Installations) -> Result<Resolved, Failure> {
    let settings = app();
    let places =
        ["acme/kit", "Acme/Kit", "other/kit", "third/kit", "fourth/kit"].map(|repo| Repo::parse(repo).unwrap());
    let github = Github::new(&settings, installations).unwrap().through(places.into_iter());
    run(github.resolve(world, &GithubLogin::parse("octocat").unwrap()))
}

/// Asks for what somebody may do in the repository, which is asked first when somebody is invited.
fn ask_in(world: &Canned, installations: &Installations) -> Result<Invited, Failure> {
    let settings = app();
    let github = Github::new(&settings, installations).unwrap();
    run(github.invite(world, to_kit(&octocat(), Permission::Pull)))
}

/// What comes of asking for a token, with the answers that refuse it.
fn refused(answers: impl IntoIterator<Item = Answer>) -> Failure {
    let world = Canned::answering(answers);
    let failure = ask_in(&world, &Installations::default()).unwrap_err();
    assert_eq!(failure.effect, Effect::Nothing, "{failure}");
    failure
}

#[test]
fn an_app_names_itself_and_gets_a_token_with_which_it_asks() {
    let invited = invitation(583_231, "read", false);
    let none = reply(200, r#"{"permission":"none","user":{"id":583231}}"#);
    let world = Canned::answering([installation(), token("ghs_canary"), none, invited]);
    assert_eq!(ask_in(&world, &Installations::default()), Ok(opened()));
    assert_eq!(world.calls(), [FIND, MAKE, ROLE, PUT]);
    assert_eq!(world.body(1), r#"{"permissions":{"administration":"write"}}"#);
    for call in [0, 1] {
        assert!(world.header(call, "authorization").starts_with("Bearer eyJ"));
        assert_eq!(world.header(call, "accept"), "application/vnd.github+json");
        assert_eq!(world.header(call, "x-github-api-version"), "2022-11-28");
    }
    for call in [2, 3] {
        assert_eq!(world.header(call, "authorization"), "Bearer ghs_canary");
    }
}

#[test]
fn what_an_app_says_of_itself_is_signed_and_good_for_ten_minutes() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let world = Canned::answering([reply(500, "")]);
    ask_in(&world, &Installations::default()).unwrap_err();
    let header = world.header(0, "authorization");
    let parts: Vec<_> = header.strip_prefix("Bearer ").unwrap().split('.').collect();
    let read = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(parts.len(), 3);
    assert_eq!(read(parts[0]), r#"{"alg":"RS256","typ":"JWT"}"#);
    let now = NOW.as_millis() / 1000;
    let claims = format!(r#"{{"iat":{},"exp":{},"iss":"Iv23liCanary"}}"#, now - 60, now + 540);
    assert_eq!(read(parts[1]), claims);
    // This world signs by turning round what it is given.
    let signed: String = format!("{}.{}", parts[0], parts[1]).chars().rev().collect();
    assert_eq!(read(parts[2]), signed);
}

#[test]
fn a_token_is_kept_for_its_hour_and_for_its_owner_alone() {
    let installations = Installations::default();
    let world = Canned::answering([installation(), token("ghs_first"), reply(200, USER), reply(200, USER)]);
    assert!(resolve_in(&world, &installations).is_ok());
    assert!(resolve_in(&world, &installations).is_ok());
    assert_eq!(world.calls(), [FIND, MAKE, USER_BY_LOGIN, USER_BY_LOGIN]);

    // Another owner's repository is asked about with a token of its own, and nobody's ends the other's.
    let settings = app();
    let github = Github::new(&settings, &installations).unwrap();
    let other = Repo::parse("Other/kit").unwrap();
    let world = Canned::answering([installation(), token("ghs_second"), reply(500, "")]);
    run(github.invite(&world, Invite { repo: &other, ..to_kit(&octocat(), Permission::Pull) })).unwrap_err();
    assert_eq!(world.header(2, "authorization"), "Bearer ghs_second");
    let world = Canned::answering([reply(500, ""), reply(500, "")]);
    ask_in(&world, &installations).unwrap_err();
    run(github.invite(&world, Invite { repo: &other, ..to_kit(&octocat(), Permission::Pull) })).unwrap_err();
    assert_eq!(world.header(0, "authorization"), "Bearer ghs_first");
    assert_eq!(world.header(1, "authorization"), "Bearer ghs_second");
}

#[test]
fn a_token_that_ends_in_two_minutes_is_not_begun_with() {
    for (expires_at, calls) in [("2026-01-05T19:40:56Z", 6), ("2026-01-05T19:40:57Z", 4)] {
        let installations = Installations::default();
        let once = || [installation(), token_until("ghs_short", expires_at), reply(200, USER)];
        let again = once().into_iter().skip(if calls == 6 { 0 } else { 2 });
        let world = Canned::answering(once().into_iter().chain(again));
        assert!(resolve_in(&world, &installations).is_ok());
        assert!(resolve_in(&world, &installations).is_ok());
        assert_eq!(world.calls().len(), calls, "{expires_at}");
    }
}

#[test]
fn tokens_may_have_any_length_and_have_to_stand_in_a_header() {
    for long in [1, 40, 520, 5_000] {
        let world = Canned::answering([installation(), token(&"x".repeat(long)), reply(200, USER)]);
        assert!(resolve_in(&world, &Installations::default()).is_ok());
        assert_eq!(world.header(2, "authorization").len(), "Bearer ".len() + long);
    }
    for unreadable in [
        token(""),
        token("two words"),
        token("a\\nline"),
        token_until("ghs_x", "tomorrow"),
        reply(201, r#"{"token":"ghs_x"}"#),
        reply(201, "<html>"),
    ] {
        let failure = refused([installation(), unreadable]);
        assert_eq!(failure.remedy, Remedy::Retry, "{failure}");
    }
    for unreadable in ["<html>", "{}", r#"{"id":0}"#, r#"{"id":"42"}"#] {
        assert_eq!(refused([reply(200, unreadable)]).remedy, Remedy::Retry, "{unreadable}");
    }
}

#[test]
fn a_token_that_is_turned_away_is_replaced_once() {
    let installations = Installations::default();
    let bad = || reply(401, &message("Bad credentials"));
    let world =
        Canned::answering([installation(), token("ghs_1"), bad(), installation(), token("ghs_2"), reply(200, USER)]);
    assert!(resolve_in(&world, &installations).is_ok());
    assert_eq!(world.calls(), [FIND, MAKE, USER_BY_LOGIN, FIND, MAKE, USER_BY_LOGIN]);
    assert_eq!(world.header(5, "authorization"), "Bearer ghs_2");

    // One that is turned away at once is no reason to go on, and not kept.
    let world = Canned::answering([bad(), installation(), token("ghs_3"), bad()]);
    let failure = resolve_in(&world, &installations).unwrap_err();
    assert_eq!(failure.remedy, Remedy::CredentialsRejected);
    assert_eq!(failure.reason, "GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY was rejected by GitHub");
    let world = Canned::answering([installation(), token("ghs_4"), reply(200, USER)]);
    assert!(resolve_in(&world, &installations).is_ok());
}

#[test]
fn an_invitation_is_asked_for_again_with_a_new_token_and_not_after_its_time() {
    let bad = || reply(401, &message("Bad credentials"));
    let none = || reply(200, r#"{"permission":"none","user":{"id":583231}}"#);
    let invited = invitation(583_231, "read", false);
    let world =
        Canned::answering([installation(), token("ghs_1"), none(), bad(), installation(), token("ghs_2"), invited]);
    assert_eq!(ask_in(&world, &Installations::default()), Ok(opened()));
    assert_eq!(world.calls()[3..], [PUT, FIND, MAKE, PUT]);
    assert_eq!(world.body(6), r#"{"permission":"pull"}"#);

    let (settings, installations) = (app(), Installations::default());
    let github = Github::new(&settings, &installations).unwrap();
    let world = Canned::answering([installation(), token("ghs_1"), none()]);
    let failure =
        run(github.invite(&world, Invite { until: NOW, ..to_kit(&octocat(), Permission::Pull) })).unwrap_err();
    assert_eq!((failure.remedy, failure.effect), (Remedy::RetryAt(NOW), Effect::Nothing));
}

#[test]
fn where_the_app_is_not_installed_a_person_has_to_install_it() {
    let not_found = || reply(404, &message("Not Found"));
    for answers in [vec![not_found()], vec![installation(), not_found()]] {
        let Failure { remedy, reason, .. } = refused(answers);
        assert_eq!(remedy, Remedy::PersonNeeded);
        assert_eq!(
            reason,
            "let the GitHub App see acme/kit (install the app there), or correct its name: acme/kit does not exist or the \
             app is not installed there"
        );
    }
    assert_eq!(refused([reply(404, "<html>")]).remedy, Remedy::Retry, "something in between");
    assert!(refused([reply(301, &message("Moved Permanently"))]).reason.contains("renamed or moved"));
}

#[test]
fn a_suspended_installation_is_told_from_a_suspended_buyer() {
    let suspended = || reply(403, &message("This installation has been suspended"));
    let listed = reply(200, r#"{"id":42,"suspended_at":"2026-01-01T00:00:00Z"}"#);
    let shown = || installation();
    // With a token that is a moment older the App finds out as well.
    let late = vec![shown(), token("ghs_1"), suspended(), shown(), suspended()];
    for answers in [vec![listed], vec![shown(), suspended()], late] {
        let Failure { remedy, reason, .. } = refused(answers);
        assert_eq!(remedy, Remedy::PersonNeeded);
        assert!(
            reason.starts_with("unsuspend the GitHub App for acme/kit, or install the app there anew:"),
            "{reason}"
        );
    }
}

#[test]
fn an_app_that_github_does_not_know_or_that_lacks_the_permission_is_named() {
    for answer in
        [reply(401, &message("A JSON web token could not be decoded")), reply(404, &message("Integration not found"))]
    {
        let Failure { remedy, reason, .. } = refused([answer]);
        assert_eq!(remedy, Remedy::CredentialsRejected);
        assert!(reason.starts_with("GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY was rejected"), "{reason}");
    }
    let powerless = reply(422, &message("The permissions requested are not granted to this installation."));
    let Failure { remedy, reason, .. } = refused([installation(), powerless]);
    assert_eq!(remedy, Remedy::PersonNeeded);
    assert!(reason.starts_with("give the GitHub App Administration: read and write, and accept that"), "{reason}");
    assert!(reason.contains("acme/kit"), "{reason}");
}

#[test]
fn no_token_for_now_is_no_token_for_good() {
    for trouble in [reply(500, ""), Err(SendError::Timeout), reply(200, "<html>")] {
        assert_eq!(refused([trouble]).remedy, Remedy::Retry);
    }
    for trouble in [reply(502, ""), Err(SendError::Unreachable), reply(200, "{}")] {
        assert_eq!(refused([installation(), trouble]).remedy, Remedy::Retry);
    }
    assert_eq!(refused([reply_with(403, &[("retry-after", "30")], "")]).remedy, limited_for(30));
}

#[test]
fn an_account_is_asked_about_through_the_next_repository_where_there_is_one() {
    let not_found = || reply(404, &message("Not Found"));
    let other = "GET https://api.github.com/repos/other/kit/installation";
    let third = "GET https://api.github.com/repos/third/kit/installation";
    let world = Canned::answering([not_found(), installation(), token("ghs_1"), reply(200, USER)]);
    assert!(resolve_in(&world, &Installations::default()).is_ok());
    assert_eq!(world.calls(), [FIND, other, MAKE, USER_BY_LOGIN]);

    let world = Canned::answering([not_found(), not_found(), not_found()]);
    let failure = resolve_in(&world, &Installations::default()).unwrap_err();
    assert!(failure.reason.starts_with("let the GitHub App see acme/kit"), "the nearest: {failure}");
    assert_eq!(world.calls(), [FIND, other, third], "no more are tried");

    // What is no matter of the repository stops it.
    let world = Canned::answering([reply(401, &message("A JSON web token could not be decoded"))]);
    assert_eq!(resolve_in(&world, &Installations::default()).unwrap_err().remedy, Remedy::CredentialsRejected);

    let settings = app();
    let installations = Installations::default();
    let github = Github::new(&settings, &installations).unwrap();
    let failure = run(github.resolve(&Canned::answering([]), &octocat().login)).unwrap_err();
    assert_eq!((failure.remedy, failure.effect), (Remedy::SetupWrong, Effect::Nothing));
}

#[test]
fn a_refusal_of_what_an_app_asks_for_speaks_of_the_app() {
    let said = |answer: Answer| {
        let world = Canned::answering([installation(), token("ghs_1"), answer]);
        ask_in(&world, &Installations::default()).unwrap_err().reason
    };
    let forbidden = said(reply(403, &message("Resource not accessible by integration")));
    assert_eq!(forbidden, "the GitHub App lacks a permission on acme/kit: it needs Administration: read and write");
    let world = Canned::answering([installation(), token("ghs_1"), reply(404, ""), reply(404, &message("Not Found"))]);
    let missing = ask_in(&world, &Installations::default()).unwrap_err().reason;
    assert!(missing.starts_with("let the GitHub App see acme/kit (install the app there)"), "{missing}");
    let settings = app();
    let installations = Installations::default();
    let github = Github::new(&settings, &installations).unwrap();
    let world = Canned::answering([installation(), token("ghs_1"), reply(404, ""), reply(404, &message("Not Found"))]);
    let removal = run(github.remove(&world, &kit(), &octocat(), Some(&octocat().login), None, UNTIL)).unwrap_err();
    assert!(removal.reason.contains("(install the app there), or cancel this"), "{removal}");
    for reason in [&forbidden, &missing, &removal.reason] {
        assert!(!reason.contains("GITHUB_TOKEN") && !reason.contains("ghs_"), "{reason}");
    }
}

#[test]
fn debug_shows_no_token() {
    let installations = Installations::default();
    let world = Canned::answering([installation(), token("ghs_canary"), reply(200, USER)]);
    assert!(resolve_in(&world, &installations).is_ok());
    let settings = app();
    let github = Github::new(&settings, &installations).unwrap();
    assert!(!format!("{github:?} {installations:?} {settings:?}").contains("canary"));
}
