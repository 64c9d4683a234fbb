//! What became of invitations.

use super::*;
use crate::adapters::github::{Invitations, Invitee, Page};

const LIST: &str = "GET https://api.github.com/repos/acme/kit/invitations?per_page=100&page=1";

fn ask(answer: Result<HttpResponse, SendError>, etag: Option<&str>) -> Result<Invitations, Failure> {
    let (world, settings) = (Canned::answering([answer]), settings("https://api.github.com"));
    let installations = Installations::default();
    let asked = run(Github::new(&settings, &installations).unwrap().invitations(&world, &kit(), 1, etag));
    assert_eq!(world.calls(), [LIST]);
    if let Some(etag) = etag {
        assert_eq!(world.header(0, "if-none-match"), etag);
    }
    asked
}

fn page(answer: Result<HttpResponse, SendError>) -> Page {
    match ask(answer, None) {
        Ok(Invitations::Page(page)) => page,
        other => panic!("{other:?}"),
    }
}

fn is_collaborator(answers: impl IntoIterator<Item = Result<HttpResponse, SendError>>) -> Result<bool, Failure> {
    let (world, settings) = (Canned::answering(answers), settings("https://api.github.com"));
    let installations = Installations::default();
    run(Github::new(&settings, &installations).unwrap().is_collaborator(&world, &kit(), &octocat()))
}

#[test]
fn of_a_page_who_is_invited_is_read_and_whether_it_expired() {
    let body = r#"[
        {"id":6,"repository":{"id":1,"owner":{"id":2}},"invitee":null,"expired":false},
        {"id":7,"invitee":{"login":"\"}]","id":583231},"inviter":{"id":9},"expired":true},
        {"expired":null,"invitee":{"id":900001},"id":8},
        {"invitee":{"id":900002},"id":9}
    ]"#;
    let read = page(reply_with(200, &[("etag", "W/\"x\"")], body));
    let invitee = |account, expired| Invitee { account, expired };
    let invitees = [
        invitee(None, false),
        invitee(Some(583_231), true),
        invitee(Some(900_001), false),
        invitee(Some(900_002), false),
    ];
    assert_eq!((read.invitees.as_slice(), read.is_last, read.etag.as_deref()), (&invitees[..], true, Some("W/\"x\"")));
    assert!(page(reply(200, " [ ] ")).invitees.is_empty());
}

#[test]
fn a_page_is_the_last_one_where_it_is_not_full_and_names_no_other() {
    let full = format!("[{}]", vec![r#"{"id":7,"invitee":{"id":1}}"#; 100].join(","));
    assert!(!page(reply(200, &full)).is_last);
    let next = "<https://api.github.com/repositories/1/invitations?page=2>; rel=\"next\"";
    assert!(!page(reply_with(200, &[("link", next)], "[]")).is_last);
    let first = "<https://api.github.com/repositories/1/invitations?page=1>; rel=\"first\"";
    assert!(page(reply_with(200, &[("link", first)], "[]")).is_last);
}

#[test]
fn a_list_is_unchanged_only_by_the_mark_that_was_sent_along() {
    assert_eq!(ask(reply(304, ""), Some("W/\"x\"")), Ok(Invitations::Unchanged));
    assert_eq!(ask(reply(304, ""), None).unwrap_err().remedy, Remedy::PersonNeeded);
}

#[test]
fn a_list_that_cannot_be_read_says_nothing() {
    for body in [
        "",
        "<html>",
        "{}",
        "null",
        "[",
        "[1]",
        "[{}]",
        r#"[{"id":7}]"#,
        r#"[{"id":7,"invitee":{}}]"#,
        r#"[{"id":7,"invitee":{"id":"583231"}}]"#,
        r#"[{"id":7,"invitee":7}]"#,
        r#"[{"id":"7","invitee":null}]"#,
        r#"[{"id":7,"invitee":null,"expired":1}]"#,
        r#"[{"id":7,"id":7,"invitee":null}]"#,
        r#"[{"id":7,"invitee":null}"#,
        r#"[{"id":7,"invitee":null},]"#,
        r#"[{"id":7,"invitee":null}] x"#,
    ] {
        assert_eq!(ask(reply(200, body), None).unwrap_err().remedy, Remedy::Retry, "{body}");
    }
    assert_eq!(ask(reply(404, &message("Not Found")), None).unwrap_err().remedy, Remedy::PersonNeeded);
    assert_eq!(ask(reply(401, &message("Bad credentials")), None).unwrap_err().remedy, Remedy::CredentialsRejected);
    assert_eq!(ask(reply_with(403, &[("retry-after", "30")], ""), None).unwrap_err().remedy, limited_for(30));
    assert_eq!(ask(Err(SendError::Timeout), None).unwrap_err().remedy, Remedy::Retry);
}

#[test]
fn a_collaborator_is_looked_for_by_the_login_that_the_account_has_before_and_after() {
    assert_eq!(is_collaborator([reply(200, USER), reply(204, ""), reply(200, USER)]), Ok(true));
    assert_eq!(is_collaborator([reply(200, USER), not_in(), reply(200, USER)]), Ok(false));
    let renamed = || reply(200, &USER.replace("octocat", "new-cat"));
    for answer in [reply(204, ""), not_in()] {
        let failure = is_collaborator([reply(200, USER), answer, renamed()]).unwrap_err();
        assert_eq!(failure.remedy, Remedy::Retry);
    }
    for answer in [reply(404, "<html>"), reply(502, ""), reply(301, ""), reply(200, "")] {
        assert!(is_collaborator([reply(200, USER), answer]).is_err());
    }
}

#[test]
fn one_who_is_not_shown_is_looked_for_by_a_login_that_is_nobody_elses() {
    assert_eq!(is_collaborator([not_in(), not_in(), reply(204, "")]), Ok(true));
    assert_eq!(is_collaborator([not_in(), reply(200, &USER.replace("583231", "7"))]), Ok(false));
    assert_eq!(is_collaborator([not_in(), reply(502, "")]).unwrap_err().remedy, Remedy::Retry);
}
