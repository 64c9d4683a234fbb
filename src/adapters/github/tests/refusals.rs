//! What a refusal means: wait, and until when, or a person is needed, and what for.

use super::*;
use crate::model::Hindrance;

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
        (
            422,
            message("You must purchase at least one more seat to add this user as a collaborator."),
            "add a seat to the organization",
        ),
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
    let invited = run(github(&settings("https://api.github.com")).invite(&world, to_kit(&account, Permission::Pull)));
    assert!(invited.unwrap_err().reason.starts_with("GITHUB_TOKEN may not manage access"));
}

#[test]
fn of_an_account_that_is_there_a_404_is_the_repositorys() {
    for answer in [reply(404, &message("Not Found")), reply(404, "<html>")] {
        assert!(reason(answer).starts_with("let GITHUB_TOKEN see acme/kit, or correct its name"));
    }
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

#[test]
fn a_buyer_is_told_who_can_mend_what_keeps_them_out() {
    for (status, text, expected) in [
        (422, "User is blocked", Hindrance::AccountBlocked),
        (422, "Invitee was flagged as spammy", Hindrance::AccountUnusable),
        (403, "You must purchase at least one more seat", Hindrance::SeatMissing),
        (422, "Could not add the user", Hindrance::Seller),
        (403, "Resource not accessible by personal access token", Hindrance::Seller),
        (403, "Repository was archived so is read-only.", Hindrance::Seller),
    ] {
        assert_eq!(invite(reply(status, &message(text))).unwrap_err().hindrance, expected, "{text}");
    }
    assert_eq!(account_missing().hindrance, Hindrance::AccountUnusable);
}
