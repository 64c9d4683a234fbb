//! Where the Worker that `cargo xtask dev` runs is to be found by buyers. What the Worker makes of it is in its `src/config.rs`.

use crate::settings::Vars;

/// `PUBLIC_URL`, which wrangler is given over what it reads from `.dev.vars` itself: the Worker's own address, unless the developer has
/// set another, such as a tunnel's. A page of the developer's own is in `PORTAL_URL`, which goes before it.
pub(super) fn public_url(vars: &Vars, worker_url: &str) -> String {
    vars.get("PUBLIC_URL").unwrap_or_else(|| worker_url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::public_url;
    use crate::settings::Vars;

    const WORKER: &str = "http://localhost:8000";

    fn given(dev_vars: &str) -> String {
        public_url(&Vars::parse(dev_vars).expect("parses"), WORKER)
    }

    #[test]
    fn buyers_find_the_worker_where_it_is() {
        assert_eq!(given(""), WORKER);
        assert_eq!(given(include_str!("../../../../sandbox/dev.vars")), WORKER);
    }

    #[test]
    fn what_the_developer_has_set_stays() {
        assert_eq!(given("PUBLIC_URL=https://tunnel.example.com\n"), "https://tunnel.example.com");
    }
}
