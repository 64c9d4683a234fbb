//! Invitations that are not what was asked for, and what is seen to be gone.

use super::*;

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
fn nobody_is_removed_by_a_login_that_may_be_anothers_by_now() {
    let renamed = || reply(200, &STRANGER.replace("new-dog", "old-dog"));
    let accepted = [invitation(999, "read", false), reply(404, ""), reply(500, "")];
    let world =
        inviting(accepted.into_iter().chain([renamed(), reply(204, ""), reply(404, ""), reply(500, ""), renamed()]));
    assert_eq!(invite_in(&world, Permission::Pull), Ok(Invited::WrongIdentity));
    let calls = calls_behind_role(&world);
    let [remove, see] = [REMOVE_STRANGER, SEE_STRANGER].map(|call| call.replace("new-dog", "old-dog"));
    let by_id = [STRANGER_BY_ID, STRANGER_BY_ID];
    assert_eq!(calls[2..], [&by_id[..], &[&remove, &see], &by_id[..]].concat());
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
    let not_shown = || reply(404, &message("Not Found"));
    let not_deleted = not_deleted.chain([not_shown(), reply(204, ""), reply(404, ""), not_shown()]);
    let numberless = [reply(201, r#"{"invitee":{"id":999,"login":"new-dog"}}"#), reply(200, STRANGER), reply(204, "")];
    let numberless = numberless.into_iter().chain([reply(404, ""), reply(200, STRANGER)]);
    let of_no_login = accepted().into_iter().take(2).chain((0..3).map(|_| reply(500, "")));
    let of_no_login_in_the_end = accepted().into_iter().chain([reply(404, "")]).chain((0..3).map(|_| reply(500, "")));
    let renamed = STRANGER.replace("new-dog", "old-dog");
    for answers in [
        accepted().into_iter().chain([reply(404, ""), reply(200, &renamed)]).collect::<Vec<_>>(),
        accepted().into_iter().chain(still_there).collect(),
        accepted().into_iter().chain(unheard).collect(),
        not_removed.collect(),
        not_deleted.collect(),
        numberless.collect(),
        of_no_login.collect(),
        of_no_login_in_the_end.collect(),
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
    assert!(failure.reason.contains("it belongs to a personal account"), "{failure}");
    assert_eq!(calls_behind_role(&world), [PUT, DELETE]);
    // Accepted at once.
    let given = || [invitation(583_231, "write", false), reply(404, ""), reply(200, USER), reply(204, "")];
    let world = inviting(given().into_iter().chain([reply(404, ""), reply(200, USER)]));
    assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().remedy, Remedy::PersonNeeded);
    assert_eq!(calls_behind_role(&world), [PUT, DELETE, USER_BY_ID, REMOVE, SEE, USER_BY_ID]);
    let world = inviting(given().into_iter().chain((0..3).map(|_| reply(204, ""))));
    assert_eq!(invite_in(&world, Permission::Pull).unwrap_err().remedy, Remedy::HandedOver);
}
