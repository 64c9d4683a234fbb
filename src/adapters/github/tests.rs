//! What GitHub's answers mean, one test a rule. Its bookkeeping of invitations is tested against the sandbox.

use super::*;
use crate::adapters::Reach;
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
use crate::platform::SendError;

const USER: &str = r#"{"id":583231,"login":"octocat","type":"User","site_admin":false}"#;
const PERSONAL: &str = r#"{"message":"Validation Failed","errors":[{"code":"custom",
    "message":"You can only update permissions on organization-owned repositories and their forks"}]}"#;
const PUT: &str = "PUT https://api.github.com/repos/acme/kit/collaborators/octocat";
const ROLE: &str = "GET https://api.github.com/repos/acme/kit/collaborators/octocat/permission";
const DELETE: &str = "DELETE https://api.github.com/repos/acme/kit/invitations/7";

fn settings(api_url: &str) -> config::Github {
    config::Github { token: Secret::new("canary-token"), api_url: api_url.to_owned() }
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
    run(Github::new(&settings).unwrap().resolve(&world, &GithubLogin::parse("OctoCat").unwrap()))
}

/// The end of the lease under which somebody is invited.
const UNTIL: Timestamp = NOW.plus_millis(60_000);

fn invite_in(world: &Canned, permission: Permission) -> Result<Invited, Failure> {
    let settings = settings("https://api.github.com");
    run(Github::new(&settings).unwrap().invite(world, &kit(), &octocat(), permission, UNTIL))
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
    run(Github::new(&settings).unwrap().remove(world, &kit(), &octocat(), present, invitation))
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
fn without_a_token_there_is_no_github() {
    let settings = config::Github { token: None, ..settings("https://api.github.com") };
    assert!(Github::new(&settings).is_none());
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
fn somebody_who_has_access_is_a_member() {
    let world = inviting([reply(204, ""), reply(200, USER)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::Member));
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
    for (role, permission, left_alone) in [
        ("none", Permission::Pull, false),
        ("read", Permission::Pull, false),
        ("triage", Permission::Pull, true),
        ("write", Permission::Pull, true),
        ("maintain", Permission::Push, true),
        ("admin", Permission::Maintain, true),
        ("maintain", Permission::Maintain, false),
        ("triage", Permission::Push, false),
        // A role of the organization's own, under which there is reading.
        ("Docs writer", Permission::Pull, false),
    ] {
        let answers = [reply(204, ""), reply(200, USER)].into_iter().filter(|_| !left_alone);
        let world = with_role(role, answers);
        assert_eq!(invite_in(&world, permission), Ok(Invited::Member), "{role}");
        assert_eq!(calls_behind_role(&world).is_empty(), left_alone, "{role}");
    }
    let own = r#"{"permission":"write","role_name":"Docs writer","user":{"id":583231}}"#;
    let world = Canned::answering([reply(200, own)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::Member), "there is writing under this one");
    // Above this there is nothing.
    let world = Canned::answering([reply(204, ""), reply(200, USER)]);
    assert_eq!(invite_in(&world, Permission::Admin), Ok(Invited::Member));
}

#[test]
fn a_role_that_is_not_told_invites_nobody_unless_there_is_no_collaborator() {
    let world = Canned::answering([reply(404, &message("Not Found")), reply(204, ""), reply(200, USER)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::Member));
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
    let invite = |world: &Canned| {
        run(Github::new(&settings).unwrap().invite(world, &kit(), &octocat(), Permission::Pull, NOW)).unwrap_err()
    };
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
    let invited = run(Github::new(&settings).unwrap().invite(&world, &repo, &octocat(), Permission::Pull, UNTIL));
    assert_eq!(invited, Ok(Invited::Member));
}

/// The answers to taking back an invitation whose account has accepted it, up to the look whether that is a collaborator still.
fn accepted() -> Vec<Result<HttpResponse, SendError>> {
    vec![invitation(999, "read", false), reply(404, ""), reply(200, STRANGER), reply(204, "")]
}

const STRANGER: &str = r#"{"id":999,"login":"new-dog","type":"User"}"#;

const STRANGER_BY_ID: &str = "GET https://api.github.com/user/999";
const REMOVE_STRANGER: &str = "DELETE https://api.github.com/repos/acme/kit/collaborators/new-dog";
const SEE_STRANGER: &str = "GET https://api.github.com/repos/acme/kit/collaborators/new-dog";

#[test]
fn an_invitation_to_another_account_is_taken_back() {
    let world = inviting([invitation(999, "read", false), reply(204, "")]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
    assert_eq!(calls_behind_role(&world), [PUT, DELETE]);
}

#[test]
fn whoever_has_accepted_an_invitation_that_went_astray_is_removed_and_seen_to_be_gone() {
    for (looks, answers) in [(1, vec![reply(404, "")]), (3, vec![reply(204, ""), reply(500, ""), reply(404, "")])] {
        let world = inviting(accepted().into_iter().chain(answers).chain([reply(200, STRANGER)]));
        assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
        let calls = calls_behind_role(&world);
        assert_eq!(calls[..4], [PUT, DELETE, STRANGER_BY_ID, REMOVE_STRANGER]);
        assert_eq!(calls[4..4 + looks], vec![SEE_STRANGER; looks]);
        assert_eq!(calls[4 + looks..], [STRANGER_BY_ID]);
    }
}

#[test]
fn what_fails_in_passing_while_an_invitation_is_taken_back_is_tried_again_at_once() {
    let limited = || reply_with(429, &[("retry-after", "30")], "");
    for passing in [vec![reply(500, "")], vec![Err(SendError::Timeout), limited()], vec![reply(403, "")]] {
        let answers = [invitation(999, "read", false)].into_iter().chain(passing).chain([reply(204, "")]);
        assert_eq!(invite_in(&inviting(answers), Permission::Pull), Ok(Invited::WrongIdentity));
    }
}

#[test]
fn whoever_may_have_access_that_was_not_taken_back_is_told_of_and_nothing_is_tried() {
    let still_there = (0..3).map(|_| reply(204, ""));
    let unheard = (0..3).map(|_| reply(502, ""));
    let not_removed = accepted().into_iter().take(3).chain((0..3).map(|_| Err(SendError::Timeout)));
    // It may be open though nobody has accepted it.
    let not_deleted = [invitation(999, "read", false)].into_iter().chain((0..3).map(|_| reply(500, "")));
    let not_deleted = not_deleted.chain([reply(404, &message("Not Found")), reply(204, ""), reply(404, "")]);
    let numberless = [reply(201, r#"{"invitee":{"id":999,"login":"new-dog"}}"#), reply(500, ""), reply(204, "")];
    let numberless = numberless.into_iter().chain([reply(404, "")]);
    let renamed = STRANGER.replace("new-dog", "old-dog");
    for answers in [
        accepted().into_iter().chain([reply(404, ""), reply(200, &renamed)]).collect::<Vec<_>>(),
        accepted().into_iter().chain(still_there).collect(),
        accepted().into_iter().chain(unheard).collect(),
        not_removed.collect(),
        not_deleted.collect(),
        numberless.collect(),
    ] {
        let failure = invite_in(&inviting(answers), Permission::Pull).unwrap_err();
        assert_eq!(failure.remedy, Remedy::HandedOver);
        assert!(failure.reason.starts_with("somebody else may have access to acme/kit: look through"), "{failure}");
        assert!(failure.reason.contains("An invitation to the wrong account could not be taken back ("), "{failure}");
        assert!(!failure.reason.contains("octocat") && !failure.reason.contains("new-dog"), "{failure}");
    }
}

#[test]
fn an_invitation_that_names_nobody_is_taken_back_and_calls_for_a_person() {
    for invitee in ["null", "7", "{}", r#"{"id":null}"#, r#"{"id":"583231"}"#, r#"{"login":"octocat"}"#] {
        let body = format!(r#"{{"id":7,"invitee":{invitee},"expired":"no"}}"#);
        let world = inviting([reply(201, &body), reply(204, "")]);
        let failure = invite_in(&world, Permission::Pull).unwrap_err();
        assert_eq!(calls_behind_role(&world), [PUT, DELETE], "{invitee}");
        assert_eq!((failure.remedy, failure.effect), (Remedy::PersonNeeded, Effect::Invited));
        let expected =
            "GitHub did not say in a readable way whom it invited to acme/kit, so the invitation was taken back";
        assert_eq!(failure.reason, expected);
        // It was accepted by whoever has the login that was asked for.
        let world = inviting([reply(201, &body), reply(404, ""), reply(204, ""), reply(404, "")]);
        assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().reason, expected);
        assert_eq!(calls_behind_role(&world), [PUT, DELETE, REMOVE, SEE]);
    }
}

#[test]
fn an_invitation_of_which_nothing_can_be_read_is_not_asked_for_again() {
    for body in ["", "<html>", "{}", "[]", r#"{"id":"7"}"#, r#"{"id":0,"invitee":null}"#] {
        let world = inviting([reply(201, body), reply(204, ""), reply(404, "")]);
        let Failure { remedy, reason, .. } = invite_in(&world, Permission::Pull).unwrap_err();
        assert_eq!(
            (remedy, calls_behind_role(&world)),
            (Remedy::HandedOver, vec![PUT.into(), REMOVE.into(), SEE.into()])
        );
        assert!(reason.starts_with("somebody else may have access to acme/kit"), "{reason}");
        assert!(reason.contains("An invitation to an unknown account could not be taken back"), "{reason}");
    }
}

#[test]
fn an_invitation_to_the_right_account_on_unreadable_terms_may_be_asked_for_again() {
    assert_eq!(remedy(reply(201, r#"{"id":7,"invitee":{"id":583231},"expired":"no"}"#)), Remedy::Retry);
}

#[test]
fn a_wrong_account_is_noticed_whatever_else_cannot_be_read() {
    let world = inviting([reply(201, r#"{"id":7,"invitee":{"id":999},"expired":"no"}"#), reply(204, "")]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
}

#[test]
fn an_invitation_to_more_than_the_permission_is_taken_back() {
    let world = inviting([invitation(583_231, "write", false), reply(204, "")]);
    let failure = invite_in(&world, Permission::Pull).unwrap_err();
    assert_eq!((failure.remedy, failure.effect), (Remedy::PersonNeeded, Effect::Invited));
    assert!(failure.reason.starts_with("acme/kit belongs to a personal account"), "{failure}");
    assert_eq!(calls_behind_role(&world), [PUT, DELETE]);
    // Accepted at once.
    let given = || [invitation(583_231, "write", false), reply(404, ""), reply(200, USER), reply(204, "")];
    let world = inviting(given().into_iter().chain([reply(404, ""), reply(200, USER)]));
    assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().remedy, Remedy::PersonNeeded);
    assert_eq!(calls_behind_role(&world), [PUT, DELETE, USER_BY_ID, REMOVE, SEE, USER_BY_ID]);
    let world = inviting(given().into_iter().chain((0..3).map(|_| reply(204, ""))));
    assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().remedy, Remedy::HandedOver);
}

#[test]
fn an_invitation_to_the_permission_or_less_stays() {
    for (permission, role) in [
        (Permission::Pull, "read"),
        (Permission::Triage, "triage"),
        (Permission::Push, "write"),
        (Permission::Maintain, "maintain"),
        (Permission::Admin, "admin"),
        (Permission::Admin, "read"),
        (Permission::Pull, "a role of the organization's own"),
    ] {
        let answer = invitation(583_231, role, false);
        // Above everything there is nothing to be looked for.
        let world = if permission == Permission::Admin { Canned::answering([answer]) } else { inviting([answer]) };
        assert_eq!(invite_in(&world, permission), Ok(opened()), "{role}");
    }
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
        match run(Github::new(&settings).unwrap().invite(&world, &kit(), &octocat(), Permission::Pull, UNTIL)) {
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
        assert!(failure.reason.starts_with("acme/kit belongs to a personal account"), "{failure}");
    }
}

#[test]
fn retry_after_is_obeyed_before_anything_else() {
    for status in [403, 429] {
        let headers = [("retry-after", "30"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767645536")];
        let body = message("You have exceeded a secondary rate limit");
        assert_eq!(remedy(reply_with(status, &headers, &body)), limited_for(30));
    }
}

#[test]
fn a_used_up_hour_is_waited_out_until_it_resets() {
    let reset = |seconds: &str| {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", seconds)];
        remedy(reply_with(403, &headers, &message("API rate limit exceeded for user ID 1.")))
    };
    let seconds = NOW.as_millis() / 1000;
    assert_eq!(reset(&(seconds + 900).to_string()), limited_for(900));
    assert_eq!(reset(&(seconds - 900).to_string()), limited_for(1), "one in the past");
    assert_eq!(reset("99999999999999999"), limited_for(3600), "one that makes no sense");
    assert_eq!(reset("soon"), limited_for(60));
}

#[test]
fn a_secondary_limit_names_no_time() {
    let without_a_time = Remedy::Limited { reach: Reach::Service, until: None };
    for text in ["You have exceeded a secondary rate limit.", "You have triggered an abuse detection mechanism"] {
        assert_eq!(remedy(reply(403, &message(text))), without_a_time);
    }
    assert_eq!(remedy(reply(429, "<html>slow down</html>")), without_a_time);
}

#[test]
fn the_daily_limit_of_invitations_is_recognized_by_its_text_in_any_status() {
    let text = "You have reached the limit of invitations to this repository in 24 hours";
    let of_repository = Remedy::Limited { reach: Reach::Repository, until: Some(NOW.plus_millis(3_600_000)) };
    for status in [403, 422, 429] {
        assert_eq!(remedy(reply(status, &message(text))), of_repository, "{status}");
    }
    let body = format!(r#"{{"message":"Validation Failed","errors":["{text}"]}}"#);
    assert_eq!(remedy(reply(422, &body)), of_repository, "among the details");
}

#[test]
fn a_refusal_that_speaks_of_invitations_and_a_limit_and_of_no_day_needs_a_person() {
    for text in [
        "The invitation could not be sent: the organization has reached its seat limit",
        "You have exceeded the limit of invitations",
        "Too many invitations are pending",
        "Invitations are limited to members of the enterprise",
    ] {
        for status in [403, 422] {
            assert!(reason(reply(status, &message(text))).contains(text), "{status}");
        }
    }
}

#[test]
fn a_missing_permission_is_named() {
    let text = message("Resource not accessible by personal access token");
    let named = reply_with(403, &[("x-accepted-github-permissions", "administration=write")], &text);
    assert_eq!(reason(named), "GITHUB_TOKEN lacks a permission on acme/kit: it needs administration=write");
    assert!(reason(reply(403, &text)).ends_with("it needs Administration: read and write"));
    assert!(reason(reply(403, &message("Must have admin rights to Repository."))).contains("Must have admin rights"));
}

#[test]
fn rejected_credentials_are_told_from_all_else_and_not_shown() {
    let Failure { remedy, reason, .. } = invite(reply(401, &message("Bad credentials"))).unwrap_err();
    assert_eq!(remedy, Remedy::CredentialsRejected);
    assert!(reason.contains("GITHUB_TOKEN was rejected") && !reason.contains("canary"), "{reason}");
}

#[test]
fn an_archived_repository_is_to_be_unarchived() {
    let archived = || reply(403, &message("Repository was archived so is read-only."));
    let Failure { remedy, reason, .. } = invite(archived()).unwrap_err();
    assert_eq!(remedy, Remedy::PersonNeeded);
    assert!(reason.starts_with("unarchive acme/kit at GitHub, or take it out"), "{reason}");
    for world in [
        Canned::answering([reply(204, ""), archived()]),
        Canned::answering([reply(404, ""), listed(583_231), archived()]),
    ] {
        let Failure { remedy, reason, .. } = remove_in(&world).unwrap_err();
        assert_eq!(remedy, Remedy::PersonNeeded);
        assert!(reason.starts_with("unarchive acme/kit at GitHub until"), "{reason}");
    }
}

#[test]
fn a_blocked_account_is_to_be_unblocked_and_a_flagged_one_replaced() {
    for (status, body, first) in [
        (422, message("User is blocked"), "unblock the account at GitHub, or ask the buyer"),
        (403, message("octocat has been BLOCKED by acme"), "unblock the account at GitHub, or ask the buyer"),
        (
            422,
            r#"{"message":"Validation Failed","errors":["You blocked this user"]}"#.to_owned(),
            "unblock the account",
        ),
        (422, message("Invitee was flagged as spammy"), "ask the buyer for another GitHub account and transfer"),
        (422, message("User is suspended"), "ask the buyer for another GitHub account and transfer"),
        (422, message("Could not add the user"), "ask the buyer for another GitHub account and transfer"),
        (403, message("Repository access blocked"), "ask GitHub's support about acme/kit"),
        (451, message("Repository access blocked"), "ask GitHub's support about acme/kit"),
    ] {
        let Failure { remedy, reason, .. } = invite(reply(status, &body)).unwrap_err();
        assert_eq!(remedy, Remedy::PersonNeeded, "{body}");
        assert!(reason.starts_with(first) && !reason.to_lowercase().contains("octocat"), "{body}: {reason}");
    }
    // What stands in the login says nothing.
    let account = GithubAccount { login: GithubLogin::parse("blocked-flagged").unwrap(), ..octocat() };
    let world = inviting([reply(403, &message("blocked-flagged: Must have admin rights to Repository."))]);
    let invited = run(Github::new(&settings("https://api.github.com")).unwrap().invite(
        &world,
        &kit(),
        &account,
        Permission::Pull,
        UNTIL,
    ));
    assert!(invited.unwrap_err().reason.starts_with("GITHUB_TOKEN may not manage access"));
}

#[test]
fn of_an_account_that_is_there_a_404_is_the_repositorys() {
    for answer in [reply(404, &message("Not Found")), reply(404, "<html>")] {
        assert!(reason(answer).starts_with("let GITHUB_TOKEN see acme/kit, or correct its name"));
    }
}

#[test]
fn the_present_login_of_an_account_is_asked_for_by_its_number() {
    let asked = |answer| {
        let (world, settings) = (Canned::answering([answer]), settings("https://api.github.com"));
        let login = run(Github::new(&settings).unwrap().present_login(&world, &octocat()));
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
fn a_repository_that_is_gone_moved_or_hidden_calls_for_a_person() {
    for status in [301, 302, 307, 308] {
        assert!(reason(reply(status, &message("Moved Permanently"))).contains("update products.toml"));
    }
}

#[test]
fn another_refusal_is_handed_on_in_githubs_words_cut_short() {
    for body in [
        r#"{"message":"Validation Failed","errors":["User could not be added"]}"#,
        r#"{"message":"Validation Failed","errors":[{"message":"User could not be added"}]}"#,
        r#"{"message":"Validation Failed","errors":"User could not be added"}"#,
        r#"{"message":"User could not be added"}"#,
    ] {
        assert!(reason(reply(422, body)).ends_with("User could not be added"), "{body}");
    }
    let long = reason(reply(422, &message(&format!("\\u001b[31m{}", "x".repeat(10_000)))));
    assert!(long.len() < 400 && !long.contains(char::is_control), "{long}");
    assert!(reason(reply(451, &message("Not here"))).contains("451: Not here"));
}

#[test]
fn the_buyers_login_is_masked_in_what_github_says() {
    let text = message("OCTOCAT cannot be added: éoctocat (octocatoctocat)");
    let masked = "(username) cannot be added: é(username) ((username)(username))";
    for status in [403, 422, 451] {
        assert!(reason(reply(status, &text)).contains(masked), "{status}");
    }
    let split = reason(reply(422, &message("octo\\u0000cat")));
    assert!(split.ends_with(": (username)"), "{split}");
    let at_the_cut = reason(reply(422, &message(&format!("{}octocat", "x".repeat(195)))));
    assert!(at_the_cut.ends_with("x(user"), "{at_the_cut}");
    let failure = resolve(reply(451, &message("octocat is blocked"))).unwrap_err();
    assert!(failure.reason.ends_with("451: (username) is blocked"), "{failure}");
}

#[test]
fn trouble_at_github_may_pass() {
    for answer in [reply(500, ""), reply(502, "<html>"), reply(200, USER), reply(418, ""), reply(422, "<html>")] {
        assert_eq!(remedy(answer), Remedy::Retry);
    }
    for error in [SendError::Timeout, SendError::Unreachable, SendError::TooLarge] {
        assert_eq!(remedy(Err(error)), Remedy::Retry);
    }
}

const LIST: &str = "GET https://api.github.com/repos/acme/kit/invitations?per_page=100&page=1";
const USER_BY_ID: &str = "GET https://api.github.com/user/583231";
const USER_BY_LOGIN: &str = "GET https://api.github.com/users/octocat";
const SEE: &str = "GET https://api.github.com/repos/acme/kit/collaborators/octocat";
const REMOVE: &str = "DELETE https://api.github.com/repos/acme/kit/collaborators/octocat";

fn listed(invitee: i64) -> Result<HttpResponse, SendError> {
    reply(200, &format!(r#"[{{"id":6,"invitee":null}},{{"id":7,"invitee":{{"id":{invitee},"login":"x"}}}}]"#))
}

/// A look that finds no collaborator.
fn not_in() -> Result<HttpResponse, SendError> {
    reply(404, &message("Not Found"))
}

#[test]
fn whoever_is_in_is_removed_without_a_look_at_the_list() {
    let world = Canned::answering([reply(204, ""), reply(204, "")]);
    assert_eq!((remove_in(&world), world.calls()), (Ok(()), vec![SEE.to_owned(), REMOVE.to_owned()]));
}

#[test]
fn whoever_is_invited_loses_the_invitation() {
    let world = Canned::answering([not_in(), listed(583_231), reply(204, "")]);
    assert_eq!(remove_in(&world), Ok(()));
    assert_eq!(world.calls(), [SEE, LIST, DELETE]);
    // Whoever is neither may have accepted an invitation between the two looks.
    let world = Canned::answering([not_in(), listed(1), reply(204, ""), reply(200, USER)]);
    assert_eq!(remove_in(&world), Ok(()));
    assert_eq!(world.calls(), [SEE, LIST, REMOVE, USER_BY_ID]);
    let world = Canned::answering([not_in(), listed(583_231), reply(404, ""), reply(204, ""), reply(200, USER)]);
    assert_eq!(remove_in(&world), Ok(()));
    assert_eq!(world.calls(), [SEE, LIST, DELETE, REMOVE, USER_BY_ID]);
}

#[test]
fn of_an_expired_and_a_fresh_invitation_all_go() {
    let list = r#"[{"id":5,"invitee":{"id":583231},"expired":true},{"id":6,"invitee":{"id":1},"inviter":{"id":583231}},
                   {"id":7,"invitee":{"id":583231},"expired":false}]"#;
    let expired = "DELETE https://api.github.com/repos/acme/kit/invitations/5";
    let world = Canned::answering([not_in(), reply(200, list), reply(204, ""), reply(204, "")]);
    assert_eq!(remove_in(&world), Ok(()));
    assert_eq!(world.calls(), [SEE, LIST, expired, DELETE]);
    // Of an expired one alone nobody knows what became of another.
    let list = r#"[{"id":5,"invitee":{"id":583231},"expired":true}]"#;
    let world = Canned::answering([not_in(), reply(200, list), reply(204, ""), reply(204, ""), reply(200, USER)]);
    assert_eq!(remove_in(&world), Ok(()));
    assert_eq!(world.calls(), [SEE, LIST, expired, REMOVE, USER_BY_ID]);
}

#[test]
fn an_invitation_beyond_the_pages_goes_by_the_number_that_was_told() {
    let full = || {
        let items: Vec<_> = (0..100).map(|id| format!(r#"{{"id":{id},"invitee":{{"id":1}}}}"#)).collect();
        reply(200, &format!("[{}]", items.join(",")))
    };
    let answers = [not_in(), full(), full(), full(), reply(204, ""), reply(204, ""), reply(200, USER)];
    let world = Canned::answering(answers);
    assert_eq!(remove_known_in(&world, Some(&octocat().login), Some(1007)), Ok(()));
    let far = "DELETE https://api.github.com/repos/acme/kit/invitations/1007";
    assert_eq!(world.calls()[4..], [far, REMOVE, USER_BY_ID]);
}

#[test]
fn an_account_that_is_not_shown_is_removed_by_its_last_login_if_that_is_nobody_elses() {
    let not_found = || reply(404, &message("Not Found"));
    for (shown, removed) in
        [(not_found(), reply(204, "")), (not_found(), not_found()), (reply(200, USER), reply(204, ""))]
    {
        let world = Canned::answering([shown, not_found(), reply(200, "[]"), removed]);
        assert_eq!(remove_known_in(&world, None, None), Ok(()));
        assert_eq!(world.calls(), [USER_BY_LOGIN, SEE, LIST, REMOVE]);
    }
    for kind in ["User", "Organization", "Bot"] {
        let anothers = format!(r#"{{"id":1,"login":"octocat","type":"{kind}"}}"#);
        let world = Canned::answering([reply(200, &anothers)]);
        let Failure { remedy, reason, .. } = remove_known_in(&world, None, None).unwrap_err();
        assert_eq!((remedy, world.calls().len()), (Remedy::PersonNeeded, 1));
        assert!(reason.starts_with("look through the collaborators of acme/kit, remove whoever"), "{reason}");
    }
    let erased = GithubAccount { login: GithubLogin::parse(ERASED_LOGIN).unwrap(), ..octocat() };
    let world = Canned::answering([]);
    let settings = settings("https://api.github.com");
    let removed = run(Github::new(&settings).unwrap().remove(&world, &kit(), &erased, None, None));
    assert_eq!(removed.unwrap_err().remedy, Remedy::PersonNeeded);
}

#[test]
fn an_account_that_was_in_and_is_not_any_more_has_no_access() {
    for removed in [204, 404] {
        let world = Canned::answering([not_in(), reply(200, "[]"), reply(removed, ""), reply(200, USER)]);
        assert_eq!(remove_in(&world), Ok(()));
    }
}

#[test]
fn an_account_that_is_renamed_while_it_is_removed_is_removed_once_more() {
    let renamed = USER.replace("octocat", "monalisa");
    for removed in [204, 404] {
        let world = Canned::answering([not_in(), reply(200, "[]"), reply(removed, ""), reply(200, &renamed)]);
        let Failure { remedy, reason, .. } = remove_in(&world).unwrap_err();
        assert_eq!(remedy, Remedy::Retry);
        assert_eq!(reason, "the account was renamed while it was removed from acme/kit");
    }
}

#[test]
fn what_cannot_be_read_ends_no_removal() {
    for answers in [
        vec![reply(500, "")],
        vec![reply(403, &message("API rate limit exceeded"))],
        vec![not_in(), reply(404, &message("Not Found"))],
        vec![not_in(), reply(200, "<html>")],
        vec![not_in(), reply(200, "{}")],
        vec![not_in(), reply(200, r#"[{"invitee":{"id":583231}"#)],
        vec![not_in(), reply(200, r#"[{"invitee":{"id":583231},}]"#)],
        vec![not_in(), listed(583_231), reply(403, &message("Must have admin rights"))],
        vec![reply(204, ""), reply(500, "")],
    ] {
        let world = Canned::answering(answers);
        let failure = remove_in(&world).unwrap_err();
        assert!(!matches!(failure.remedy, Remedy::GiveUp | Remedy::HandedOver), "{failure}");
        assert!(!world.calls().iter().any(|asked| asked == REMOVE) || failure.remedy == Remedy::Retry, "{failure}");
    }
}
