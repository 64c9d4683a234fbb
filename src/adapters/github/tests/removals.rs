//! The end of access.

use super::*;

const LIST: &str = "GET https://api.github.com/repos/acme/kit/invitations?per_page=100&page=1";
const USER_BY_LOGIN: &str = "GET https://api.github.com/users/octocat";

#[test]
fn whoever_is_in_is_removed_without_a_look_at_the_list() {
    let world = Canned::answering([reply(204, ""), reply(204, ""), reply(200, USER)]);
    assert_eq!((remove_in(&world), world.calls()), (Ok(()), [SEE, REMOVE, USER_BY_ID].map(str::to_owned).to_vec()));
}

#[test]
fn whoever_was_renamed_while_they_were_removed_is_removed_once_more() {
    let renamed = USER.replace("octocat", "new-cat");
    let world = Canned::answering([reply(204, ""), reply(204, ""), reply(200, &renamed)]);
    let failure = remove_in(&world).unwrap_err();
    assert_eq!(failure.remedy, Remedy::Retry);
    assert_eq!(world.calls(), [SEE, REMOVE, USER_BY_ID]);
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
    let removed = run(github(&settings).remove(&world, &kit(), &erased, None, None, UNTIL));
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
