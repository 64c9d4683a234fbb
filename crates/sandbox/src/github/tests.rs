//! What GitHub promises, asked through its API.

use serde_json::{Value, json};

use super::{AccountKind, NotAccepted};
use crate::options::{
    GITHUB_OAUTH_CLIENT_ID, GITHUB_OAUTH_CLIENT_SECRET, GITHUB_TOKEN, Limits, Options, Reinvite, Removal, VirtualClock,
};
use crate::sandbox::Sandbox;
use crate::time::{DAY, HOUR};

const START: i64 = 1_767_641_936_000;

/// A sandbox with a clock that the test moves.
struct World {
    sandbox: Sandbox,
    clock: VirtualClock,
}

impl World {
    fn new(options: Options) -> Self {
        let clock = VirtualClock::at(START);
        let options = Options { clock: clock.clock(), ..options };
        Self { sandbox: Sandbox::new(options), clock }
    }

    fn wait(&self, millis: i64) {
        self.clock.advance(millis);
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> http::Response<Vec<u8>> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://sandbox.example/github{path}"))
            .header("user-agent", "test")
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header("authorization", format!("Bearer {GITHUB_TOKEN}"));
        self.sandbox.handle(request.body(body.into()).unwrap()).reply.unwrap()
    }

    fn status(&self, method: &str, path: &str) -> u16 {
        self.ask(method, path, "").status().as_u16()
    }

    fn json(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let reply = self.ask(method, path, body);
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    fn invite(&self, login: &str) -> (u16, Value) {
        self.json("PUT", &format!("/repos/acme/kit/collaborators/{login}"), r#"{"permission":"pull"}"#)
    }
}

#[test]
fn an_invitation_is_listed_until_it_is_accepted_and_then_the_invitee_is_a_collaborator() {
    let world = World::new(Options::default());
    let (status, invitation) = world.invite("OctoCat");
    assert_eq!(status, 201);
    let mut profile = world.json("GET", "/users/octocat", "").1;
    let name = profile.as_object_mut().and_then(|profile| profile.remove("name"));
    assert_eq!((&invitation["invitee"], name), (&profile, Some(json!("The Octocat"))));
    assert_eq!(invitation["invitee"]["id"], 583_231);
    assert_eq!(invitation["permissions"], "read");
    assert_eq!(invitation["created_at"], "2026-01-05T19:38:56Z");
    assert_eq!(invitation["html_url"], "https://github.com/acme/kit/invitations");
    assert_eq!(world.status("GET", "/repos/acme/kit/collaborators/octocat"), 404);

    let (_, list) = world.json("GET", "/repos/acme/kit/invitations", "");
    assert_eq!(list, json!([invitation]));

    world.sandbox.accept_invitation("octocat", "acme/kit").unwrap();
    assert_eq!(world.json("GET", "/repos/acme/kit/invitations", "").1, json!([]));
    assert_eq!(world.status("GET", "/repos/acme/kit/collaborators/octocat"), 204);
    assert_eq!(world.sandbox.collaborators("acme/kit"), ["octocat"]);
    assert_eq!(world.sandbox.role("octocat", "acme/kit").as_deref(), Some("read"));
    assert_eq!(world.invite("octocat").0, 204);
}

#[test]
fn a_suspended_account_is_not_found_and_stays_where_it_is_until_it_is_removed() {
    let world = World::new(Options::default());
    world.invite("octocat");
    world.sandbox.accept_invitation("octocat", "acme/kit").unwrap();
    world.sandbox.suspend_user("octocat");
    for path in ["/users/octocat", "/user/583231"] {
        assert_eq!(world.status("GET", path), 404, "{path}");
    }
    assert_eq!(world.invite("octocat").0, 404);
    assert_eq!(world.sandbox.collaborators("acme/kit"), ["octocat"]);
    assert_eq!(world.status("DELETE", "/repos/acme/kit/collaborators/octocat"), 204);
    world.sandbox.restore_user("octocat");
    assert_eq!(world.status("GET", "/users/octocat"), 200);
    assert!(world.sandbox.collaborators("acme/kit").is_empty());
}

#[test]
fn an_archived_repository_is_read_only_and_a_blocked_account_is_refused() {
    let world = World::new(Options::default());
    let (_, invitation) = world.invite("octocat");
    world.sandbox.archive_repo("acme/kit");
    let said = |(status, body): (u16, Value)| (status, body["message"].as_str().unwrap().to_owned());
    let refusal = (403, "Repository was archived so is read-only.".to_owned());
    assert_eq!(said(world.invite("grace-hopper")), refusal);
    for path in [format!("invitations/{}", invitation["id"]), "collaborators/octocat".to_owned()] {
        assert_eq!(said(world.json("DELETE", &format!("/repos/acme/kit/{path}"), "")), refusal, "{path}");
    }
    assert_eq!(world.json("GET", "/repos/acme/kit/invitations", "").1.as_array().unwrap().len(), 1);
    world.sandbox.unarchive_repo("acme/kit");
    world.sandbox.block_user("grace-hopper", "acme/kit");
    let (status, body) = world.invite("grace-hopper");
    assert_eq!((status, &body["errors"]), (422, &json!(["User is blocked"])));
}

#[test]
fn inviting_again_does_what_the_options_say() {
    for (reinvite, same_id, expired) in
        [(Reinvite::Same, true, true), (Reinvite::Refreshed, true, false), (Reinvite::Replaced, false, false)]
    {
        let world = World::new(Options { reinvite, ..Options::default() });
        let (_, first) = world.invite("octocat");
        world.wait(7 * DAY);
        let (status, second) = world.invite("octocat");
        assert_eq!(status, 201, "{reinvite:?}");
        assert_eq!(first["id"] == second["id"], same_id, "{reinvite:?}");
        assert_eq!(second["expired"], expired, "{reinvite:?}");
        assert_eq!(world.sandbox.invitations("acme/kit").len(), 1, "{reinvite:?}");
    }
}

#[test]
fn after_seven_days_an_invitation_is_listed_as_expired_and_cannot_be_accepted() {
    let world = World::new(Options::default());
    world.invite("octocat");
    world.wait(7 * DAY - 1);
    assert!(!world.sandbox.invitations("acme/kit")[0].expired);
    world.wait(1);
    assert!(world.sandbox.invitations("acme/kit")[0].expired);
    assert_eq!(world.sandbox.accept_invitation("octocat", "acme/kit"), Err(NotAccepted::Expired));
    assert_eq!(world.sandbox.accept_invitation("ada-lovelace", "acme/kit"), Err(NotAccepted::NotInvited));
}

#[test]
fn an_invitation_that_was_made_older_ends_earlier_and_counts_no_longer() {
    let limits = Limits { github_invitations_per_day: 1, ..Limits::default() };
    let world = World::new(Options { limits, ..Options::default() });
    world.invite("octocat");
    world.sandbox.age_invitations(DAY);
    assert_eq!(world.invite("grace-hopper").0, 201, "the first is a day old");
    world.wait(6 * DAY);
    let expired: Vec<_> = world.sandbox.invitations("acme/kit").iter().map(|invitation| invitation.expired).collect();
    assert_eq!(expired, [true, false]);
}

#[test]
fn an_invitation_can_be_taken_back_by_its_id_or_with_the_collaborator() {
    let world = World::new(Options::default());
    let (_, invitation) = world.invite("octocat");
    let path = format!("/repos/acme/kit/invitations/{}", invitation["id"]);
    assert_eq!(world.status("DELETE", &path), 204);
    assert_eq!(world.status("DELETE", &path), 404);
}

#[test]
fn who_is_removed_keeps_or_loses_an_open_invitation_as_the_options_say() {
    for (removal, left) in [(Removal::LeavesInvitations, 1), (Removal::CancelsInvitations, 0)] {
        let world = World::new(Options { removal, ..Options::default() });
        world.invite("octocat");
        assert_eq!(world.status("DELETE", "/repos/acme/kit/collaborators/octocat"), 204);
        assert_eq!(world.sandbox.invitations("acme/kit").len(), left, "{removal:?}");
    }
}

#[test]
fn a_collaborator_is_removed_some_time_after_the_answer() {
    let world = World::new(Options { removal_takes: 2_000, ..Options::default() });
    world.sandbox.add_collaborator("octocat", "acme/kit");
    let path = "/repos/acme/kit/collaborators/octocat";
    assert_eq!((world.status("DELETE", path), world.status("GET", path)), (204, 204));
    world.wait(2_000);
    assert_eq!((world.status("GET", path), world.sandbox.collaborators("acme/kit").len()), (404, 0));
}

#[test]
fn who_accepts_at_once_is_a_collaborator_by_the_time_of_the_answer() {
    let world = World::new(Options::default());
    world.sandbox.accept_at_once("octocat");
    let (status, invitation) = world.invite("octocat");
    assert_eq!((status, invitation["invitee"]["id"].as_u64()), (201, Some(583_231)));
    assert_eq!(world.sandbox.collaborators("acme/kit"), ["octocat"]);
    let id = &invitation["id"];
    assert_eq!(world.status("DELETE", &format!("/repos/acme/kit/invitations/{id}")), 404);
}

#[test]
fn what_an_account_may_do_is_told_whether_it_is_a_collaborator_or_not() {
    let world = World::new(Options::default());
    let asked = |login: &str| world.json("GET", &format!("/repos/acme/kit/collaborators/{login}/permission"), "");
    assert_eq!(asked("nobody-at-all").0, 404);
    let (status, told) = asked("octocat");
    assert_eq!((status, &told["permission"], &told["user"]["id"]), (200, &json!("none"), &json!(583_231)));
    for (role, legacy) in [("read", "read"), ("triage", "read"), ("maintain", "write"), ("Release manager", "write")] {
        world.sandbox.add_collaborator_as("octocat", "acme/kit", role);
        let (_, told) = asked("octocat");
        assert_eq!((&told["permission"], &told["role_name"]), (&json!(legacy), &json!(role)));
    }
}

#[test]
fn a_page_of_a_hundred_invitations_is_as_large_as_a_real_one() {
    let world = World::new(Options::default());
    for number in 0..101 {
        let login = format!("buyer-{number}");
        world.sandbox.add_user(&login, AccountKind::User);
        world.sandbox.add_invitation(&login, "acme/kit");
    }
    let page = world.ask("GET", "/repos/acme/kit/invitations?per_page=100", "").into_body();
    assert!((700_000..900_000).contains(&page.len()), "{} bytes", page.len());
}

#[test]
fn who_cannot_be_invited_is_refused() {
    let world = World::new(Options::default());
    for (login, status) in [("nobody-at-all", 404), ("acme", 422), ("acme-helper", 422), ("grace_acme", 422)] {
        assert_eq!(world.invite(login).0, status, "{login}");
    }
    assert_eq!(world.json("PUT", "/repos/acme/unknown/collaborators/octocat", "").0, 404);
    // Buyers type logins: none of these is the client's mistake.
    assert!(world.sandbox.take_unexpected().is_empty());
}

#[test]
fn a_personal_repository_takes_no_permission_and_makes_everyone_a_writer() {
    let world = World::new(Options::default());
    world.sandbox.add_repo("ada-lovelace/engine", AccountKind::User);
    let path = "/repos/ada-lovelace/engine/collaborators/octocat";
    assert_eq!(world.json("PUT", path, r#"{"permission":"pull"}"#).0, 422);
    let (status, invitation) = world.json("PUT", path, "");
    assert_eq!((status, &invitation["permissions"]), (201, &json!("write")));
}

#[test]
fn the_day_s_invitations_to_a_repository_are_counted_whatever_became_of_them() {
    let limits = Limits { github_invitations_per_day: 2, github_invitation_cap_status: 403, ..Limits::default() };
    let world = World::new(Options { limits, ..Options::default() });
    let (_, invitation) = world.invite("octocat");
    assert_eq!(world.status("DELETE", &format!("/repos/acme/kit/invitations/{}", invitation["id"])), 204);
    assert_eq!(world.invite("ada-lovelace").0, 201);
    assert_eq!(world.invite("ada-lovelace").0, 201, "the same open invitation costs nothing");
    assert_eq!(world.invite("grace-hopper").0, 403);
    world.wait(DAY);
    assert_eq!(world.invite("grace-hopper").0, 201);
}

#[test]
fn a_renamed_account_keeps_its_id_and_leaves_its_login_to_anyone() {
    let world = World::new(Options::default());
    world.invite("octocat");
    world.sandbox.rename_user("octocat", "mona");
    assert_eq!(world.status("GET", "/users/octocat"), 404);
    assert_eq!(world.json("GET", "/user/583231", "").1["login"], "mona");
    assert_eq!(world.sandbox.invitations("acme/kit")[0].login, "mona");

    let stranger = world.sandbox.add_user("octocat", AccountKind::User);
    assert_eq!(world.json("GET", "/users/octocat", "").1["id"], stranger);
}

#[test]
fn invitations_come_in_pages_with_links() {
    let world = World::new(Options::default());
    for login in ["octocat", "ada-lovelace", "grace-hopper"] {
        world.invite(login);
    }
    let reply = world.ask("GET", "/repos/acme/kit/invitations?per_page=2", "");
    let link = reply.headers()["link"].to_str().unwrap().to_owned();
    assert!(link.starts_with("<http://sandbox.example/github/repositories/"), "{link}");
    assert!(link.contains("?per_page=2&page=2>; rel=\"next\""), "{link}");
    let (_, second) = world.json("GET", "/repos/acme/kit/invitations?per_page=2&page=2", "");
    assert_eq!(second.as_array().map(Vec::len), Some(1));
}

#[test]
fn every_reply_tells_what_is_left_of_the_rate_limit_and_the_last_one_is_refused() {
    let limits = Limits { github_requests_per_hour: 1, ..Limits::default() };
    let world = World::new(Options { limits, ..Options::default() });
    let reply = world.ask("GET", "/users/octocat", "");
    assert_eq!((reply.status().as_u16(), &reply.headers()["x-ratelimit-remaining"]), (200, &"0".parse().unwrap()));
    let reply = world.ask("GET", "/users/octocat", "");
    assert_eq!((reply.status().as_u16(), &reply.headers()["x-ratelimit-remaining"]), (403, &"0".parse().unwrap()));
    let reset = ((START + HOUR) / 1000).to_string();
    assert_eq!(reply.headers()["x-ratelimit-reset"].to_str().unwrap(), reset);
    world.wait(HOUR);
    assert_eq!(world.status("GET", "/users/octocat"), 200);
}

#[test]
fn a_required_header_that_is_missing_is_the_service_s_error_and_a_mistake() {
    let headers = [
        ("user-agent", "test", 403),
        ("authorization", "Bearer sandbox-github-token", 401),
        ("accept", "application/vnd.github+json", 415),
        ("x-github-api-version", "2026-03-10", 400),
    ];
    for (missing, _, status) in headers {
        let sandbox = Sandbox::new(Options::at(START));
        let mut request = http::Request::get("/github/users/octocat");
        for (name, value, _) in headers.into_iter().filter(|(name, ..)| *name != missing) {
            request = request.header(name, value);
        }
        let reply = sandbox.handle(request.body(Vec::new()).unwrap()).reply.unwrap();
        assert_eq!(reply.status(), status, "{missing}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{missing}");
    }
}

#[test]
fn an_unknown_path_field_or_parameter_is_a_mistake() {
    let world = World::new(Options::default());
    let put = "/repos/acme/kit/collaborators/octocat";
    for (method, path, body, status) in [
        ("GET", "/repos/acme/kit/teams", "", 404),
        ("GET", "/users/octocat/", "", 404),
        ("POST", "/users/octocat", "{}", 400),
        ("GET", "/users/octocat?verbose=1", "", 422),
        ("GET", "/repos/acme/kit/invitations?per_page=101", "", 422),
        ("PUT", put, r#"{"permission":"pull","role":"x"}"#, 422),
        ("PUT", put, r#"{"permission":"owner"}"#, 422),
        ("PUT", put, "permission=pull", 400),
    ] {
        assert_eq!(world.json(method, path, body).0, status, "{method} {path} {body}");
        assert_eq!(world.sandbox.take_unexpected().len(), 1, "{method} {path} {body}");
    }
    assert!(world.sandbox.invitations("acme/kit").is_empty());
}

/// Where whoever signs in is sent, with one parameter changed.
fn authorize(changed: &str, value: &str) -> String {
    let parameters = [
        ("client_id", GITHUB_OAUTH_CLIENT_ID),
        ("redirect_uri", "https://shop.example.com/auth/github/callback"),
        ("state", "a-state-that-nobody-guesses"),
        ("scope", "repo:invite"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, usual) in parameters {
        query.append_pair(name, if name == changed { value } else { usual });
    }
    if !parameters.iter().any(|(name, _)| *name == changed) {
        query.append_pair(changed, value);
    }
    format!("/github/login/oauth/authorize?{}", query.finish())
}

fn browse(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> http::Response<Vec<u8>> {
    let request = http::Request::builder().method(method).uri(path).header("user-agent", "test");
    let request = request.header("accept", "application/json");
    sandbox.handle(request.body(body.as_bytes().to_vec()).unwrap()).reply.unwrap()
}

#[test]
fn a_sign_in_that_is_not_as_documented_is_a_mistake_of_the_clients() {
    let world = World::new(Options::default());
    let shown = browse(&world.sandbox, "GET", &authorize("login", "octocat"), "");
    assert_eq!(shown.status(), 200);
    assert!(String::from_utf8_lossy(shown.body()).contains("No access to code."));
    for (changed, value) in [
        ("client_id", "another"),
        ("redirect_uri", "https://shop.example.com/elsewhere"),
        ("state", "short"),
        ("scope", "repo"),
        ("code_challenge", "plain"),
        ("code_challenge_method", "plain"),
        ("prompt", "none"),
        ("response_type", "code"),
    ] {
        assert_eq!(browse(&world.sandbox, "GET", &authorize(changed, value), "").status(), 404, "{changed}");
        assert_eq!(world.sandbox.take_unexpected().len(), 1, "{changed}");
    }
    world.sandbox.take_calls();
}

#[test]
fn a_code_is_good_once_for_ten_minutes_and_for_whoever_has_its_verifier() {
    let world = World::new(Options::default());
    // The verifier of the challenge above: <https://www.rfc-editor.org/rfc/rfc7636#appendix-B>
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let code = || {
        let back = world.sandbox.sign_in(&format!("http://127.0.0.1{}", authorize("login", "")), Some("octocat"));
        let query = back.split_once('?').unwrap().1.to_owned();
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    let exchange = |code: &str, verifier: &str| -> Value {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", GITHUB_OAUTH_CLIENT_ID)
            .append_pair("client_secret", GITHUB_OAUTH_CLIENT_SECRET)
            .append_pair("code", code)
            .append_pair("code_verifier", verifier)
            .append_pair("redirect_uri", "https://shop.example.com/auth/github/callback")
            .finish();
        let reply = browse(&world.sandbox, "POST", "/github/login/oauth/access_token", &form);
        serde_json::from_slice(reply.body()).unwrap()
    };
    let good = code();
    assert_eq!(exchange(&good, "another-verifier-of-the-length-that-one-has-00000")["error"], "bad_verification_code");
    assert_eq!(exchange(&good, VERIFIER)["scope"], "repo:invite");
    assert_eq!(exchange(&good, VERIFIER)["error"], "bad_verification_code", "once");
    assert_eq!(exchange("made-up", VERIFIER)["error"], "bad_verification_code");
    assert_eq!(world.sandbox.open_user_tokens(), 1);
    world.sandbox.take_calls();
}

#[test]
fn a_repository_has_a_page_for_whoever_is_in_and_none_for_anybody_else() {
    let world = World::new(Options::default());
    world.invite("octocat");
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut request = http::Request::builder().method(method).uri(format!("http://sandbox.example/github{path}"));
        request = request.header("user-agent", "test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        world.sandbox.handle(request.body(body.into()).unwrap()).reply.unwrap()
    };
    let seen = |path: &str, cookie: &str| {
        let reply = send("GET", path, &[("accept", "text/html,*/*;q=0.8"), ("cookie", cookie)], "");
        (reply.status().as_u16(), String::from_utf8(reply.body().clone()).unwrap())
    };
    const OCTOCAT: &str = "other=1; sandbox-github=octocat";
    for (path, cookie) in [("/acme/kit", OCTOCAT), ("/acme/kit", ""), ("/acme/nothing", OCTOCAT)] {
        let (status, html) = seen(path, cookie);
        assert!(
            status == 404 && html.contains("This is not the web page") && !html.contains("git clone"),
            "{path}: {html}"
        );
    }
    world.sandbox.accept_invitation("octocat", "acme/kit").unwrap();
    let (status, html) = seen("/acme/kit", OCTOCAT);
    assert!(status == 200 && html.contains("git clone http://sandbox.example/github/acme/kit.git"), "{html}");
    assert_eq!(seen("/acme/kit", "sandbox-github=grace-hopper").0, 404, "who is not in");

    let headers = [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded")];
    for (login, cookie) in
        [("octocat", "sandbox-github=octocat;"), ("nobody", "sandbox-github=;"), ("a%0d%0ab", "sandbox-github=;")]
    {
        let reply = send("POST", "/acme/kit", &headers, &format!("as={login}"));
        assert_eq!(
            (reply.status().as_u16(), &reply.headers()["location"]),
            (303, &"http://sandbox.example/github/acme/kit".parse().unwrap())
        );
        assert!(reply.headers()["set-cookie"].to_str().unwrap().starts_with(cookie), "{login}");
    }
    // A program that asks there is answered as everywhere.
    assert_eq!(world.status("GET", "/acme/kit"), 404);
    assert!(!world.sandbox.take_unexpected().is_empty());
}
