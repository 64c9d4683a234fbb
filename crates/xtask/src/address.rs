//! Where a Worker is, as far as it matters for what may be sent there.

use reqwest::Url;

/// Whether the Worker is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_counts_as_local() {
        let is_local = |url: &str| is_loopback(&url.parse().expect("a URL"));
        assert!(is_local("http://localhost:8787"));
        assert!(is_local("http://127.0.0.1:1"));
        assert!(is_local("http://[::1]:8787"));
        assert!(!is_local("https://latchkey.example.com"));
        assert!(!is_local("http://localhost.example.com"));
    }
}
