//! What GitHub's answers mean, one test a rule. Its bookkeeping of invitations is tested against the sandbox.

use super::*;
use crate::adapters::Reach;
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
use crate::platform::SendError;

const USER: &str = r#"{"id":583231,"login":"octocat","type":"User","site_admin":false}"#;
const PERSONAL: &str = r#"{"message":"Validation Failed","errors":[{"code":"custom",
    "message":"You can only update permissions on organization-owned repositories and their forks"}]}"#;
const PUT: &str = "PUT https://api.github.com/repos/acme/kit/collaborators/octocat";
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

fn invite_in(world: &Canned, permission: Permission) -> Result<Invited, Failure> {
    let settings = settings("https://api.github.com");
    run(Github::new(&settings).unwrap().invite(world, &kit(), &octocat(), permission))
}

fn invite(answer: Result<HttpResponse, SendError>) -> Result<Invited, Failure> {
    invite_in(&Canned::answering([answer]), Permission::Pull)
}

fn remove_in(world: &Canned) -> Result<(), Failure> {
    let settings = settings("https://api.github.com");
    run(Github::new(&settings).unwrap().remove(world, &kit(), &octocat()))
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
    let world = Canned::answering([invitation(583_231, "read", false)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(opened()));
    assert_eq!(world.calls(), [PUT]);
    assert_eq!(world.body(0), r#"{"permission":"pull"}"#);
    assert_eq!(world.header(0, "authorization"), "Bearer canary-token");
    assert_eq!(world.header(0, "accept"), "application/vnd.github+json");
    assert_eq!(world.header(0, "x-github-api-version"), "2022-11-28");
    assert!(world.header(0, "user-agent").starts_with("latchkey/"));
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
    assert_eq!(invite(reply(204, "")), Ok(Invited::Member));
}

#[test]
fn the_owner_of_the_repository_needs_no_invitation() {
    let world = Canned::answering([reply(422, &message("Repository owner cannot be a collaborator"))]);
    let settings = settings("https://api.github.com");
    let repo = Repo::parse("OctoCat/kit").unwrap();
    let invited = run(Github::new(&settings).unwrap().invite(&world, &repo, &octocat(), Permission::Pull));
    assert_eq!(invited, Ok(Invited::Member));
}

#[test]
fn an_invitation_to_another_account_is_taken_back() {
    for gone in [204, 404] {
        let world = Canned::answering([invitation(999, "read", false), reply(gone, "")]);
        assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
        assert_eq!(world.calls(), [PUT, DELETE]);
    }
}

#[test]
fn a_wrong_invitation_that_cannot_be_taken_back_calls_for_a_person() {
    for stuck in [reply(500, ""), reply(403, ""), Err(SendError::Timeout)] {
        let world = Canned::answering([invitation(999, "read", false), stuck]);
        let failure = invite_in(&world, Permission::Pull).unwrap_err();
        assert_eq!(failure.remedy, Remedy::PersonNeeded);
        assert!(failure.reason.contains("to the wrong account is open at acme/kit"), "{failure}");
    }
    let nameless = reply(201, r#"{"invitee":{"id":999}}"#);
    assert!(reason(nameless).contains("to the wrong account is open at acme/kit"));
}

#[test]
fn an_invitation_that_names_nobody_is_taken_back_and_calls_for_a_person() {
    for invitee in ["null", "7", "{}", r#"{"id":null}"#, r#"{"id":"583231"}"#, r#"{"login":"octocat"}"#] {
        let body = format!(r#"{{"id":7,"invitee":{invitee},"expired":"no"}}"#);
        let world = Canned::answering([reply(201, &body), reply(204, "")]);
        let failure = invite_in(&world, Permission::Pull).unwrap_err();
        assert_eq!(world.calls(), [PUT, DELETE], "{invitee}");
        assert_eq!(failure.remedy, Remedy::PersonNeeded);
        let expected =
            "GitHub did not say in a readable way whom it invited to acme/kit, so the invitation was taken back";
        assert_eq!(failure.reason, expected);
    }
    let world = Canned::answering([reply(201, r#"{"id":7}"#), reply(500, "")]);
    let failure = invite_in(&world, Permission::Pull).unwrap_err();
    assert_eq!(failure.remedy, Remedy::PersonNeeded);
    assert!(failure.reason.contains("to an unknown account is open at acme/kit"), "{failure}");
}

#[test]
fn an_invitation_of_which_nothing_can_be_read_is_not_asked_for_again() {
    for body in ["", "<html>", "{}", "[]", r#"{"id":"7"}"#, r#"{"id":0,"invitee":null}"#] {
        let reason = reason(reply(201, body));
        assert!(reason.contains("to acme/kit: an invitation to an unknown account may be open there"), "{reason}");
    }
}

#[test]
fn an_invitation_to_the_right_account_on_unreadable_terms_may_be_asked_for_again() {
    assert_eq!(remedy(reply(201, r#"{"id":7,"invitee":{"id":583231},"expired":"no"}"#)), Remedy::Retry);
}

#[test]
fn a_wrong_account_is_noticed_whatever_else_cannot_be_read() {
    let world = Canned::answering([reply(201, r#"{"id":7,"invitee":{"id":999},"expired":"no"}"#), reply(204, "")]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
}

#[test]
fn an_invitation_to_more_than_the_permission_is_taken_back() {
    let world = Canned::answering([invitation(583_231, "write", false), reply(204, "")]);
    let failure = invite_in(&world, Permission::Pull).unwrap_err();
    assert_eq!(failure.remedy, Remedy::PersonNeeded);
    assert!(failure.reason.starts_with("acme/kit belongs to a personal account"), "{failure}");
    assert_eq!(world.calls(), [PUT, DELETE]);
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
        let world = Canned::answering([invitation(583_231, role, false)]);
        assert_eq!(invite_in(&world, permission), Ok(opened()), "{role}");
    }
}

#[test]
fn an_expired_invitation_is_replaced_once() {
    let expired = || invitation(583_231, "read", true);
    let world = Canned::answering([expired(), reply(204, ""), invitation(583_231, "read", false)]);
    assert_eq!(invite_in(&world, Permission::Pull), Ok(opened()));
    assert_eq!(world.calls(), [PUT, DELETE, PUT]);

    let world = Canned::answering([expired(), reply(204, ""), expired()]);
    assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().remedy, Remedy::Retry);
}

#[test]
fn a_buyer_is_sent_to_githubs_own_page_whatever_the_reply_says() {
    let link = |api_url: &str, html_url: &str| {
        let body = format!(r#"{{"id":7,"invitee":{{"id":583231}},"html_url":"{html_url}"}}"#);
        let (world, settings) = (Canned::answering([reply(201, &body)]), settings(api_url));
        match run(Github::new(&settings).unwrap().invite(&world, &kit(), &octocat(), Permission::Pull)) {
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
    let world = Canned::answering([reply(422, PERSONAL), invitation(583_231, "write", false)]);
    assert_eq!(invite_in(&world, Permission::Push), Ok(opened()));
    assert_eq!(world.calls(), [PUT, PUT]);
    assert_eq!([world.body(0), world.body(1)], [r#"{"permission":"push"}"#, "{}"]);

    for permission in [Permission::Pull, Permission::Triage, Permission::Maintain, Permission::Admin] {
        let world = Canned::answering([reply(422, PERSONAL)]);
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
    for world in [Canned::answering([archived()]), Canned::answering([listed(583_231), archived()])] {
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
    let world = Canned::answering([reply(403, &message("blocked-flagged: Must have admin rights to Repository."))]);
    let invited = run(Github::new(&settings("https://api.github.com")).unwrap().invite(
        &world,
        &kit(),
        &account,
        Permission::Pull,
    ));
    assert!(invited.unwrap_err().reason.starts_with("GITHUB_TOKEN may not manage access"));
}

#[test]
fn a_404_is_the_accounts_or_the_repositorys_by_whether_the_account_is_there() {
    let not_found = || reply(404, &message("Not Found"));
    let asked = |about_account| {
        let world = Canned::answering([not_found(), about_account]);
        let failure = invite_in(&world, Permission::Pull).unwrap_err();
        assert_eq!(world.calls(), [PUT, USER_BY_ID]);
        failure
    };
    let person_needed = |failure: Failure, first: &str| {
        assert_eq!(failure.remedy, Remedy::PersonNeeded, "{failure}");
        assert!(failure.reason.starts_with(first), "{failure}");
    };
    person_needed(asked(not_found()), "ask the buyer for another GitHub account and transfer");
    person_needed(asked(reply(200, USER)), "let GITHUB_TOKEN see acme/kit, or correct its name");
    let renamed = r#"{"id":583231,"login":"new-cat","type":"User"}"#;
    person_needed(asked(reply(200, renamed)), "transfer the license to the buyer's present username");
    assert_eq!(asked(reply_with(403, &[("retry-after", "30")], &message("Wait"))).remedy, limited_for(30));
    assert_eq!(asked(reply(502, "")).remedy, Remedy::Retry);
    assert_eq!(invite(reply(404, "<html>")).unwrap_err().remedy, Remedy::PersonNeeded, "not in GitHub's words");
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
const REMOVE: &str = "DELETE https://api.github.com/repos/acme/kit/collaborators/octocat";

fn listed(invitee: i64) -> Result<HttpResponse, SendError> {
    reply(200, &format!(r#"[{{"id":6,"invitee":null}},{{"id":7,"invitee":{{"id":{invitee},"login":"x"}}}}]"#))
}

#[test]
fn whoever_is_invited_loses_the_invitation_and_whoever_is_in_is_removed() {
    let world = Canned::answering([listed(583_231), reply(204, "")]);
    assert_eq!((remove_in(&world), world.calls()), (Ok(()), vec![LIST.to_owned(), DELETE.to_owned()]));
    let world = Canned::answering([listed(1), reply(200, USER), reply(204, "")]);
    assert_eq!(remove_in(&world), Ok(()));
    assert_eq!(world.calls(), [LIST, USER_BY_ID, REMOVE]);
}

#[test]
fn an_account_that_is_not_shown_is_removed_by_its_last_login_if_that_is_nobody_elses() {
    let not_found = || reply(404, &message("Not Found"));
    for (shown, removed) in
        [(not_found(), reply(204, "")), (not_found(), not_found()), (reply(200, USER), reply(204, ""))]
    {
        let world = Canned::answering([reply(200, "[]"), not_found(), shown, removed]);
        assert_eq!(remove_in(&world), Ok(()));
        assert_eq!(world.calls(), [LIST, USER_BY_ID, USER_BY_LOGIN, REMOVE]);
    }
    for kind in ["User", "Organization", "Bot"] {
        let anothers = format!(r#"{{"id":1,"login":"octocat","type":"{kind}"}}"#);
        let world = Canned::answering([reply(200, "[]"), not_found(), reply(200, &anothers)]);
        let Failure { remedy, reason, .. } = remove_in(&world).unwrap_err();
        assert_eq!((remedy, world.calls().len()), (Remedy::PersonNeeded, 3));
        assert!(reason.starts_with("look through the collaborators of acme/kit, remove whoever"), "{reason}");
    }
    let erased = GithubAccount { login: GithubLogin::parse(ERASED_LOGIN).unwrap(), ..octocat() };
    let world = Canned::answering([reply(200, "[]"), not_found()]);
    let settings = settings("https://api.github.com");
    let removed = run(Github::new(&settings).unwrap().remove(&world, &kit(), &erased));
    assert_eq!(removed.unwrap_err().remedy, Remedy::PersonNeeded);
}

#[test]
fn an_account_that_was_in_and_is_not_any_more_has_no_access() {
    let world = Canned::answering([reply(200, "[]"), reply(200, USER), reply(404, &message("Not Found"))]);
    assert_eq!(remove_in(&world), Ok(()));
}

#[test]
fn what_cannot_be_read_or_is_somebody_elses_ends_no_removal() {
    for answers in [
        vec![reply(404, &message("Not Found"))],
        vec![reply(200, "<html>")],
        vec![reply(200, "{}")],
        vec![listed(583_231), reply(403, &message("Must have admin rights"))],
        vec![reply(200, "[]"), reply(404, "<html>")],
        vec![reply(200, "[]"), reply(404, &message("Not Found")), reply(404, "<html>")],
        vec![reply(200, "[]"), reply(404, &message("Not Found")), reply(403, &message("API rate limit exceeded"))],
        vec![reply(200, "[]"), reply(200, r#"{"id":1,"login":"octocat","type":"User"}"#)],
        vec![reply(200, "[]"), reply(200, USER), reply(500, "")],
    ] {
        let world = Canned::answering(answers);
        let failure = remove_in(&world).unwrap_err();
        assert_ne!(failure.remedy, Remedy::GiveUp, "{failure}");
        assert!(!world.calls().iter().any(|asked| asked == REMOVE) || failure.remedy == Remedy::Retry, "{failure}");
    }
}
