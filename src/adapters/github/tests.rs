//! What GitHub's answers mean, one test a rule. Its bookkeeping of invitations is tested against the sandbox.
//!
//! Here are accounts and invitations; what went astray is in `taking_back`, the end of access in `removals`, what a refusal
//! means in `refusals`, how a GitHub App comes by its tokens in `apps`, and what GitHub
//! tells by itself in `hooks`.

mod apps;
mod hooks;
mod refusals;
mod removals;
mod taking_back;
mod watching;

use std::sync::LazyLock;

use super::*;
use crate::adapters::Reach;
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
use crate::config::NoCredentials;
use crate::platform::SendError;

const USER: &str = r#"{"id":583231,"login":"octocat","type":"User","site_admin":false}"#;
const PERSONAL: &str = r#"{"message":"Validation Failed","errors":[{"code":"custom",
    "message":"You can only update permissions on organization-owned repositories and their forks"}]}"#;
const PUT: &str = "PUT https://api.github.com/repos/acme/kit/collaborators/octocat";
const ROLE: &str = "GET https://api.github.com/repos/acme/kit/collaborators/octocat/permission";
const DELETE: &str = "DELETE https://api.github.com/repos/acme/kit/invitations/7";
const USER_BY_ID: &str = "GET https://api.github.com/user/583231";
const SEE: &str = "GET https://api.github.com/repos/acme/kit/collaborators/octocat";
const REMOVE: &str = "DELETE https://api.github.com/repos/acme/kit/collaborators/octocat";

fn settings(api_url: &str) -> config::Github {
    let credentials = Ok(Credentials::Token(Secret::new("canary-token").unwrap()));
    let web_url = web_origin(api_url);
    config::Github { credentials, webhook_secrets: Vec::new(), api_url: api_url.to_owned(), web_url, oauth: None }
}

/// GitHub by these settings, in an isolate of its own.
fn github(settings: &config::Github) -> Github<'_> {
    Github::new(settings, Box::leak(Box::default())).unwrap()
}

fn octocat() -> GithubAccount {
    GithubAccount { id: GithubUserId::new(583_231).unwrap(), login: GithubLogin::parse("octocat").unwrap() }
}

fn kit() -> Repo {
    Repo::parse("acme/kit").unwrap()
}

fn invitation(invitee: i64, permissions: &str, expired: bool) -> Result<HttpResponse, SendError> {
    let body = format!(
        r#"{{"id":7,"invitee":{{"id":{invitee},"login":"octocat"}},"permissions":"{permissions}",
            "expired":{expired},"html_url":"https://github.com/acme/kit/invitations"}}"#
    );
    reply(201, &body)
}

fn message(text: &str) -> String {
    format!(r#"{{"message":"{text}","documentation_url":"https://docs.github.com/rest","status":"0"}}"#)
}

fn resolve(answer: Result<HttpResponse, SendError>) -> Result<Resolved, Failure> {
    let (world, settings) = (Canned::answering([answer]), settings("https://api.github.com"));
    run(github(&settings).resolve(&world, &GithubLogin::parse("OctoCat").unwrap()))
}

/// The end of the lease under which somebody is invited.
const UNTIL: Timestamp = NOW.plus_millis(60_000);

fn to_kit(account: &GithubAccount, permission: Permission) -> Invite<'_> {
    static KIT: LazyLock<Repo> = LazyLock::new(kit);
    Invite { repo: &KIT, account, permission, given: None, earlier: None, until: UNTIL }
}

fn invite_in(world: &Canned, permission: Permission) -> Result<Invited, Failure> {
    let settings = settings("https://api.github.com");
    run(github(&settings).invite(world, to_kit(&octocat(), permission)))
}

/// A world in which the account has this role, and whoever is invited is answered like this.
fn with_role(role: &str, answers: impl IntoIterator<Item = Result<HttpResponse, SendError>>) -> Canned {
    let body = format!(r#"{{"permission":"read","role_name":"{role}","user":{{"id":583231,"login":"octocat"}}}}"#);
    Canned::answering([reply(200, &body)].into_iter().chain(answers))
}

/// A world in which the account is no collaborator.
fn inviting(answers: impl IntoIterator<Item = Result<HttpResponse, SendError>>) -> Canned {
    with_role("none", answers)
}

/// What was asked behind the question for the account's role.
fn calls_behind_role(world: &Canned) -> Vec<String> {
    let mut calls = world.calls();
    assert_eq!(calls.remove(0), ROLE);
    calls
}

fn invite(answer: Result<HttpResponse, SendError>) -> Result<Invited, Failure> {
    invite_in(&inviting([answer]), Permission::Pull)
}

fn remove_in(world: &Canned) -> Result<(), Failure> {
    remove_known_in(world, Some(&octocat().login), None)
}

fn remove_known_in(world: &Canned, present: Option<&GithubLogin>, invitation: Option<i64>) -> Result<(), Failure> {
    let settings = settings("https://api.github.com");
    run(github(&settings).remove(world, &kit(), &octocat(), present, invitation, UNTIL))
}

#[test]
fn nothing_is_deleted_from_the_end_of_the_lease_on() {
    let settings = settings("https://api.github.com");
    for answers in [vec![reply(204, "")], vec![not_in(), listed(583_231)]] {
        let (world, asked) = (Canned::answering(answers.clone()), answers.len());
        let removed =
            run(github(&settings).remove(&world, &kit(), &octocat(), Some(&octocat().login), None, NOW)).unwrap_err();
        assert_eq!((removed.remedy, removed.effect), (Remedy::RetryAt(NOW), Effect::Nothing));
        let calls = world.calls();
        assert_eq!(calls.len(), asked, "{calls:?}");
        assert!(calls.iter().all(|call| call.starts_with("GET")), "{calls:?}");
    }
}

fn listed(invitee: i64) -> Result<HttpResponse, SendError> {
    reply(200, &format!(r#"[{{"id":6,"invitee":null}},{{"id":7,"invitee":{{"id":{invitee},"login":"x"}}}}]"#))
}

/// A look that finds no collaborator.
fn not_in() -> Result<HttpResponse, SendError> {
    reply(404, &message("Not Found"))
}

fn remedy(answer: Result<HttpResponse, SendError>) -> Remedy {
    invite(answer).unwrap_err().remedy
}

fn reason(answer: Result<HttpResponse, SendError>) -> String {
    let failure = invite(answer).unwrap_err();
    assert_eq!(failure.remedy, Remedy::PersonNeeded, "{failure}");
    failure.reason
}

fn limited_for(seconds: i64) -> Remedy {
    Remedy::Limited { reach: Reach::Service, until: Some(NOW.plus_millis(seconds * 1000)) }
}

fn opened() -> Invited {
    Invited::Invitation { id: Some(7), accept_url: "https://github.com/acme/kit/invitations".to_owned() }
}

#[test]
fn without_credentials_there_is_no_github() {
    let credentials = Err(NoCredentials::Missing("GITHUB_TOKEN"));
    let settings = config::Github { credentials, ..settings("https://api.github.com") };
    assert!(Github::new(&settings, &Installations::default()).is_none());
}

#[test]
fn a_request_carries_what_github_requires() {
    let world = inviting([invitation(583_231, "read", false)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(opened()));
    assert_eq!(world.calls(), [ROLE, PUT]);
    assert_eq!(world.body(1), r#"{"permission":"pull"}"#);
    for call in [0, 1] {
        assert_eq!(world.header(call, "authorization"), "Bearer canary-token");
        assert_eq!(world.header(call, "accept"), "application/vnd.github+json");
        assert_eq!(world.header(call, "x-github-api-version"), "2022-11-28");
        assert!(world.header(call, "user-agent").starts_with("latchkey/"));
    }
}

#[test]
fn a_login_resolves_to_the_account_as_github_spells_it() {
    let Ok(Resolved::Account(account)) = resolve(reply(200, USER)) else { panic!("no account") };
    assert_eq!((account.id.as_i64(), account.login.as_str()), (583_231, "octocat"));
}

#[test]
fn only_githubs_own_404_says_that_nobody_has_the_login() {
    assert_eq!(resolve(reply(404, &message("Not Found"))), Ok(Resolved::NotFound));
    for page in ["", "<html>not found</html>", "{}", "[]"] {
        assert_eq!(resolve(reply(404, page)).unwrap_err().remedy, Remedy::Retry, "{page}");
    }
}

#[test]
fn an_organization_or_a_bot_cannot_be_invited() {
    for (kind, what) in [("Organization", "an organization"), ("Bot", "a bot"), ("Mannequin", "not a personal account")]
    {
        let answer = reply(200, &USER.replace("\"User\"", &format!("\"{kind}\"")));
        assert_eq!(resolve(answer), Ok(Resolved::NotInvitable(what)));
    }
}

#[test]
fn an_answer_about_somebody_else_is_none() {
    for body in [
        &USER.replace("octocat", "hubot"),
        &USER.replace("583231", "0"),
        &USER.replace("583231", "\"583231\""),
        "<html>",
        "",
        "{}",
    ] {
        assert_eq!(resolve(reply(200, body)).unwrap_err().remedy, Remedy::Retry, "{body}");
    }
}

#[test]
fn a_look_up_that_failed_says_nothing_about_the_login() {
    assert_eq!(resolve(Err(SendError::Timeout)).unwrap_err().remedy, Remedy::Retry);
    assert_eq!(resolve(reply(503, "")).unwrap_err().remedy, Remedy::Retry);
    assert_eq!(resolve(reply(401, &message("Bad credentials"))).unwrap_err().remedy, Remedy::CredentialsRejected);
    assert_eq!(resolve(reply(302, "")).unwrap_err().remedy, Remedy::SetupWrong);
    let limited = reply_with(403, &[("retry-after", "30")], "");
    assert_eq!(resolve(limited).unwrap_err().remedy, limited_for(30));
}

#[test]
fn the_present_login_of_an_account_is_asked_for_by_its_number() {
    let asked = |answer| {
        let (world, settings) = (Canned::answering([answer]), settings("https://api.github.com"));
        let login = run(github(&settings).present_login(&world, &octocat()));
        assert_eq!(world.calls(), [USER_BY_ID]);
        login.map(|login| login.map(|login| login.as_str().to_owned()))
    };
    let renamed = r#"{"id":583231,"login":"new-cat","type":"User"}"#;
    assert_eq!(asked(reply(200, renamed)), Ok(Some("new-cat".to_owned())));
    assert_eq!(asked(reply(404, &message("Not Found"))), Ok(None));
    for unclear in [reply(404, "<html>"), reply(502, ""), reply(200, &renamed.replace("583231", "1"))] {
        assert_eq!(asked(unclear).unwrap_err().remedy, Remedy::Retry);
    }
    assert_eq!(asked(reply_with(403, &[("retry-after", "30")], "")).unwrap_err().remedy, limited_for(30));
}

#[test]
fn somebody_who_has_access_is_a_member() {
    let world = inviting([reply(204, ""), reply(200, USER)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::Member { before: None }));
    assert_eq!(calls_behind_role(&world), [PUT, USER_BY_ID]);
}

#[test]
fn a_member_who_has_the_login_since_a_moment_ago_is_somebody_else() {
    let renamed = USER.replace("octocat", "monalisa");
    for shown in [reply(200, &renamed), reply(404, &message("Not Found"))] {
        let world = inviting([reply(204, ""), shown]);
        assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
    }
}

#[test]
fn whoever_may_do_more_is_left_alone_and_nobody_else_is() {
    for (role, before, permission, left_alone) in [
        ("none", None, Permission::Pull, false),
        ("read", Some(Permission::Pull), Permission::Pull, false),
        ("triage", Some(Permission::Triage), Permission::Pull, true),
        ("write", Some(Permission::Push), Permission::Pull, true),
        ("maintain", Some(Permission::Maintain), Permission::Push, true),
        ("admin", Some(Permission::Admin), Permission::Maintain, true),
        ("maintain", Some(Permission::Maintain), Permission::Maintain, false),
        ("triage", Some(Permission::Triage), Permission::Push, false),
        // A role of the organization's own, under which there is reading.
        ("Docs writer", Some(Permission::Pull), Permission::Pull, false),
    ] {
        let answers = [reply(204, ""), reply(200, USER)].into_iter().filter(|_| !left_alone);
        let world = with_role(role, answers);
        assert_eq!(invite_in(&world, permission), Ok(Invited::Member { before }), "{role}");
        assert_eq!(calls_behind_role(&world).is_empty(), left_alone, "{role}");
    }
    let own = r#"{"permission":"write","role_name":"Docs writer","user":{"id":583231}}"#;
    let world = Canned::answering([reply(200, own)]);
    let before = Some(Permission::Push);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::Member { before }), "there is writing under this one");
}

#[test]
fn what_was_given_is_lowered_and_what_somebody_else_gave_is_not() {
    let settings = settings("https://api.github.com");
    for (role, given, lowered) in [
        ("write", Some(Permission::Push), true),
        ("triage", Some(Permission::Push), true),
        ("admin", Some(Permission::Push), false),
        ("write", Some(Permission::Pull), false),
        ("write", None, false),
    ] {
        let answers = [reply(204, ""), reply(200, USER)].into_iter().filter(|_| lowered);
        let world = with_role(role, answers);
        let account = octocat();
        let invited = run(github(&settings).invite(&world, Invite { given, ..to_kit(&account, Permission::Pull) }));
        assert!(matches!(invited, Ok(Invited::Member { before: Some(_) })), "{role}: {invited:?}");
        assert_eq!(calls_behind_role(&world).is_empty(), !lowered, "{role}");
    }
}

#[test]
fn a_role_that_is_not_told_invites_nobody_unless_there_is_no_collaborator() {
    let world = Canned::answering([reply(404, &message("Not Found")), reply(204, ""), reply(200, USER)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::Member { before: None }));
    for (answer, remedy) in [
        (reply(500, ""), Remedy::Retry),
        (reply(200, "<html>"), Remedy::Retry),
        (Err(SendError::Timeout), Remedy::Retry),
        (reply_with(403, &[("retry-after", "30")], ""), limited_for(30)),
        (reply(403, &message("Must have push access to view collaborator permission.")), Remedy::PersonNeeded),
    ] {
        assert_eq!(invite_in(&Canned::answering([answer]), Permission::Pull).unwrap_err().remedy, remedy);
    }
    let anothers = reply(200, r#"{"permission":"none","role_name":"none","user":{"id":999,"login":"octocat"}}"#);
    let failure = invite_in(&Canned::answering([anothers]), Permission::Pull).unwrap_err();
    assert_eq!((failure.remedy, failure.effect), (Remedy::Retry, Effect::Nothing));
}

#[test]
fn nobody_is_invited_once_the_lease_is_over() {
    let settings = settings("https://api.github.com");
    let account = octocat();
    let invite = Invite { until: NOW, ..to_kit(&account, Permission::Pull) };
    let invite = |world: &Canned| run(github(&settings).invite(world, invite)).unwrap_err();
    let world = inviting([]);
    let failure = invite(&world);
    assert_eq!((failure.remedy, failure.effect), (Remedy::RetryAt(NOW), Effect::Nothing));
    assert_eq!(world.calls(), [ROLE]);
}

#[test]
fn the_owner_of_the_repository_needs_no_invitation() {
    let world = inviting([reply(422, &message("Repository owner cannot be a collaborator"))]);
    let settings = settings("https://api.github.com");
    let repo = Repo::parse("OctoCat/kit").unwrap();
    let account = octocat();
    let invited = run(github(&settings).invite(&world, Invite { repo: &repo, ..to_kit(&account, Permission::Pull) }));
    assert_eq!(invited, Ok(Invited::Member { before: None }));
}

#[test]
fn an_invitation_to_the_permission_stays_and_one_to_less_is_replaced_once() {
    for (permission, role) in [
        (Permission::Pull, "read"),
        (Permission::Triage, "triage"),
        (Permission::Push, "write"),
        (Permission::Maintain, "maintain"),
        (Permission::Admin, "admin"),
        (Permission::Pull, "a role of the organization's own"),
    ] {
        let world = inviting([invitation(583_231, role, false)]);
        assert_eq!(invite_in(&world, permission), Ok(opened()), "{role}");
    }
    // An invitation that was there before keeps its permission, or the organization allows no more.
    for given in ["write", "read"] {
        let [before, after] = ["read", given].map(|role| invitation(583_231, role, false));
        let world = inviting([before, reply(204, ""), after]);
        assert_eq!(invite_in(&world, Permission::Push), Ok(opened()), "{given}");
        assert_eq!(calls_behind_role(&world), [PUT, DELETE, PUT]);
    }
}

#[test]
fn an_old_invitation_that_github_gives_again_is_replaced() {
    let aged = |minutes: i64| {
        let at = NOW.plus_millis(-60_000 * minutes).to_rfc3339();
        let body = format!(
            r#"{{"id":7,"invitee":{{"id":583231,"login":"octocat"}},"permissions":"read","expired":false,
                "created_at":"{at}","html_url":"https://github.com/acme/kit/invitations"}}"#
        );
        reply(201, &body)
    };
    let world = inviting([aged(61), reply(204, ""), aged(0)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(opened()));
    assert_eq!(calls_behind_role(&world), [PUT, DELETE, PUT]);
    assert_eq!(invite_in(&inviting([aged(59)]), Permission::Pull), Ok(opened()), "it is as good as new");
}

#[test]
fn an_expired_invitation_is_replaced_once() {
    let expired = || invitation(583_231, "read", true);
    let world = inviting([expired(), reply(204, ""), invitation(583_231, "read", false)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(opened()));
    assert_eq!(calls_behind_role(&world), [PUT, DELETE, PUT]);

    let world = inviting([expired(), reply(204, ""), expired()]);
    assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().remedy, Remedy::Retry);
}

#[test]
fn a_buyer_is_sent_to_githubs_own_page_whatever_the_reply_says() {
    let link = |api_url: &str, html_url: &str| {
        let body = format!(r#"{{"id":7,"invitee":{{"id":583231}},"html_url":"{html_url}"}}"#);
        let (world, settings) = (inviting([reply(201, &body)]), settings(api_url));
        match run(github(&settings).invite(&world, to_kit(&octocat(), Permission::Pull))) {
            Ok(Invited::Invitation { accept_url, .. }) => accept_url,
            other => panic!("{other:?}"),
        }
    };
    let github = "https://api.github.com";
    for (api_url, html_url, shown) in [
        (github, "https://github.com/Acme/Kit/invitations", "https://github.com/Acme/Kit/invitations"),
        (github, "https://evil.example/acme/kit/invitations", "https://github.com/acme/kit/invitations"),
        (github, "https://github.com.evil.example/acme/kit/invitations", "https://github.com/acme/kit/invitations"),
        (github, "javascript:alert(1)", "https://github.com/acme/kit/invitations"),
        ("https://git.example.com/api/v3", "", "https://git.example.com/acme/kit/invitations"),
        ("https://api.acme.ghe.com", "", "https://acme.ghe.com/acme/kit/invitations"),
        ("http://localhost:8788/github", "", "https://github.com/acme/kit/invitations"),
    ] {
        assert_eq!(link(api_url, html_url), shown);
    }
}

#[test]
fn a_personal_repository_is_opened_only_to_those_who_may_write() {
    let world = inviting([reply(422, PERSONAL), invitation(583_231, "write", false)]);
    assert_eq!(invite_in(&world, Permission::Push), Ok(opened()));
    assert_eq!(calls_behind_role(&world), [PUT, PUT]);
    assert_eq!([world.body(1), world.body(2)], [r#"{"permission":"push"}"#, "{}"]);

    for permission in [Permission::Pull, Permission::Triage, Permission::Maintain, Permission::Admin] {
        let answer = reply(422, PERSONAL);
        let world = if permission == Permission::Admin { Canned::answering([answer]) } else { inviting([answer]) };
        let failure = invite_in(&world, permission).unwrap_err();
        assert_eq!(failure.remedy, Remedy::PersonNeeded);
        assert!(failure.reason.contains("it belongs to a personal account"), "{failure}");
    }
}
