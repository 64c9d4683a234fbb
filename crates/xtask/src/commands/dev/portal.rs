//! Which page is the portal of the Worker that `cargo xtask dev` runs: the developer's own or the sandbox's, and from
//! where `/api/*` may be called. What the Worker makes of both variables is in its `src/config.rs`.

use crate::settings::Vars;

/// The value of `PORTAL_URL` in the sandbox's `dev.vars`. Whoever still has it means the sandbox's page, wherever that is.
const EXAMPLE: &str = "http://localhost:8788/";

/// The variables that wrangler is given, by name, over those that it reads from `.dev.vars` itself.
///
/// `PORTAL_URL` is only among them where the developer has not set another than the example's: a page of the
/// developer's own is what the mail should link to. `PORTAL_ORIGINS` is what the developer has set and the sandbox's
/// page, which activates licenses too, under whichever of its names somebody opens it.
pub(super) fn variables(vars: &Vars, sandbox_port: u16) -> Vec<(&'static str, String)> {
    let names = [format!("http://localhost:{sandbox_port}"), format!("http://127.0.0.1:{sandbox_port}")];
    let own_page = vars.get("PORTAL_URL").filter(|url| url.trim_end_matches('/') != EXAMPLE.trim_end_matches('/'));
    let page = own_page.is_none().then(|| ("PORTAL_URL", format!("{}/", names[0])));
    let origins: Vec<_> = vars.get("PORTAL_ORIGINS").into_iter().chain(names).collect();
    page.into_iter().chain([("PORTAL_ORIGINS", origins.join(","))]).collect()
}

#[cfg(test)]
mod tests {
    use super::variables;
    use crate::settings::Vars;

    const SANDBOX: &str = "http://localhost:9000,http://127.0.0.1:9000";

    fn given(dev_vars: &str) -> Vec<(&'static str, String)> {
        variables(&Vars::parse(dev_vars).expect("parses"), 9000)
    }

    #[test]
    fn without_a_portal_of_the_developers_own_the_sandboxs_page_is_it_at_the_port_that_it_has() {
        let expected = [("PORTAL_URL", "http://localhost:9000/".to_owned()), ("PORTAL_ORIGINS", SANDBOX.to_owned())];
        assert_eq!(given(""), expected);
        assert_eq!(given("PORTAL_URL=\n"), expected);
        assert_eq!(given("PORTAL_URL=http://localhost:8788\n"), expected);
        assert_eq!(given(include_str!("../../../../sandbox/dev.vars")), expected);
    }

    #[test]
    fn a_portal_of_the_developers_own_stays_and_the_sandboxs_page_may_call_beside_it() {
        assert_eq!(given("PORTAL_URL=http://localhost:3000/activate\n"), [("PORTAL_ORIGINS", SANDBOX.to_owned())]);
    }

    #[test]
    fn origins_of_the_developers_own_stay_too() {
        let given = given("PORTAL_ORIGINS=\"http://localhost:3000, http://localhost:5173\"\n");
        let origins = format!("http://localhost:3000, http://localhost:5173,{SANDBOX}");
        assert_eq!(given.last(), Some(&("PORTAL_ORIGINS", origins)));
    }
}
