//! Where the Worker that `cargo xtask dev` runs is to be found by buyers, and from where `/api/*` may be called. What the Worker makes
//! of these variables is in its `src/config.rs`.

use crate::settings::Vars;

/// The variables that wrangler is given, by name, over those that it reads from `.dev.vars` itself.
///
/// `PUBLIC_URL` is the Worker's own address: a page of the developer's own is in `PORTAL_URL`, which goes before it. `PORTAL_ORIGINS` is
/// what the developer has set and the sandbox's page, which activates licenses too, under whichever of its names somebody opens it.
pub(super) fn variables(vars: &Vars, worker_url: &str, sandbox_port: u16) -> Vec<(&'static str, String)> {
    let names = [format!("http://localhost:{sandbox_port}"), format!("http://127.0.0.1:{sandbox_port}")];
    let origins: Vec<_> = vars.get("PORTAL_ORIGINS").into_iter().chain(names).collect();
    let public_url = vars.get("PUBLIC_URL").unwrap_or_else(|| worker_url.to_owned());
    vec![("PUBLIC_URL", public_url), ("PORTAL_ORIGINS", origins.join(","))]
}

#[cfg(test)]
mod tests {
    use super::variables;
    use crate::settings::Vars;

    const WORKER: &str = "http://localhost:8000";
    const SANDBOX: &str = "http://localhost:9000,http://127.0.0.1:9000";

    fn given(dev_vars: &str) -> Vec<(&'static str, String)> {
        variables(&Vars::parse(dev_vars).expect("parses"), WORKER, 9000)
    }

    #[test]
    fn buyers_find_the_worker_where_it_is_and_the_sandboxs_page_may_call() {
        let expected = [("PUBLIC_URL", WORKER.to_owned()), ("PORTAL_ORIGINS", SANDBOX.to_owned())];
        assert_eq!(given(""), expected);
        assert_eq!(given(include_str!("../../../../sandbox/dev.vars")), expected);
    }

    #[test]
    fn what_the_developer_has_set_stays() {
        let given = given(
            "PUBLIC_URL=https://tunnel.example.com\nPORTAL_ORIGINS=\"http://localhost:3000, http://localhost:5173\"\n",
        );
        let origins = format!("http://localhost:3000, http://localhost:5173,{SANDBOX}");
        assert_eq!(given, [("PUBLIC_URL", "https://tunnel.example.com".to_owned()), ("PORTAL_ORIGINS", origins)]);
    }
}
