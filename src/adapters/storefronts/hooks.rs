//! How webhooks are set up at a storefront, what it has of them, and what is missing of that.
//!
//! What is asked of each storefront for it is in its module. Who looks is `engine::doctor`; who creates what is missing is
//! the operator's command line, from the operator's machine.

/// How a storefront's webhooks are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hooks {
    /// The events that are to be delivered, each by the storefront's name for it.
    pub events: &'static [&'static str],
    pub registration: Registration,
    /// Where the seller does it by hand.
    pub dashboard: &'static str,
    pub secret: HookSecret,
    /// The setting that the secret is in.
    pub secret_setting: &'static str,
    /// The settings with which the storefront's API is asked.
    pub api_settings: &'static [&'static str],
}

/// How webhooks are registered through a storefront's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// One call to this path for each event.
    PerEvent(&'static str),
    /// One call to this path for all events together.
    Together(&'static str),
    /// There is no API for it that is known: the seller does it at the sender's.
    ByHand,
}

/// Where the secret of a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookSecret {
    /// In the URL, as this parameter of its query.
    Query(&'static str),
    /// The storefront signs with it.
    Signing,
    /// The same, and the storefront has made it itself: it is known once there is a webhook.
    Issued,
}

/// A webhook that a storefront has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredHook {
    /// The storefront's id of it.
    pub id: String,
    /// Where it leads, without its query, which may hold a secret.
    pub url: String,
    /// What it tells of, by the storefront's names.
    pub events: Vec<String>,
    pub secret: SecretSeen,
}

/// What could be seen of a webhook's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretSeen {
    /// The one that is configured.
    Current,
    /// The one before it, which is still accepted.
    Previous,
    /// None of ours: what comes of this webhook is refused.
    Other,
    /// The storefront does not show it.
    Hidden,
}

/// What is to be done about webhooks that are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookChange {
    /// A new one that leads to this address, without the secret, and tells of these events.
    Create { url: String, events: Vec<&'static str> },
    /// One that is there is to tell of these events too.
    Extend { hook: RegisteredHook, events: Vec<&'static str> },
}

impl HookChange {
    /// The events that will be told of by it and were not before.
    pub fn events(&self) -> &[&'static str] {
        match self {
            Self::Create { events, .. } | Self::Extend { events, .. } => events,
        }
    }
}

impl RegisteredHook {
    /// One as a storefront lists it, whose URL may have a query.
    pub(super) fn new(id: String, url: &str, events: Vec<String>, secret: SecretSeen) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        Self { id, url: url.trim_end_matches('/').to_owned(), events, secret }
    }

    /// Its host, in lower case, with the port if it names one.
    pub fn host(&self) -> String {
        self.parts().0.to_ascii_lowercase()
    }

    pub fn path(&self) -> &str {
        self.parts().1
    }

    /// Whether it leads to this address, which has no query.
    pub fn leads_to(&self, url: &str) -> bool {
        let other = Self { url: url.to_owned(), ..self.clone() };
        (self.host(), self.path()) == (other.host(), other.path())
    }

    /// Whether what it brings is accepted, as far as that can be seen.
    pub const fn is_accepted(&self) -> bool {
        !matches!(self.secret, SecretSeen::Other)
    }

    fn parts(&self) -> (&str, &str) {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.find('/').map_or((rest, ""), |at| rest.split_at(at))
    }
}

/// What is to be done so that every event is told of to this address. Nothing that is there is taken away or told otherwise.
pub fn missing(hooks: &Hooks, registered: &[RegisteredHook], url: &str) -> Vec<HookChange> {
    let ours: Vec<_> = registered.iter().filter(|hook| hook.leads_to(url) && hook.is_accepted()).collect();
    let events = untold(hooks, ours.iter().copied());
    if events.is_empty() {
        return Vec::new();
    }
    match (hooks.registration, ours.first()) {
        (Registration::PerEvent(_), _) => {
            events.into_iter().map(|event| HookChange::Create { url: url.to_owned(), events: vec![event] }).collect()
        }
        (Registration::Together(_), Some(hook)) => vec![HookChange::Extend { hook: (*hook).clone(), events }],
        (Registration::Together(_), None) => vec![HookChange::Create { url: url.to_owned(), events }],
        (Registration::ByHand, _) => Vec::new(),
    }
}

/// The events of which none of these webhooks tells.
pub fn untold<'a>(hooks: &Hooks, registered: impl Iterator<Item = &'a RegisteredHook>) -> Vec<&'static str> {
    let told: Vec<_> = registered.flat_map(|hook| &hook.events).collect();
    hooks.events.iter().copied().filter(|event| !told.iter().any(|told| told == event)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const APART: Hooks = Hooks {
        events: &["sale", "refund"],
        registration: Registration::PerEvent("/hooks"),
        dashboard: "https://example.com",
        secret: HookSecret::Query("secret"),
        secret_setting: "SECRET",
        api_settings: &["TOKEN"],
    };
    const TOGETHER: Hooks = Hooks { registration: Registration::Together("/hooks"), ..APART };
    const URL: &str = "https://shop.example.com/webhooks/kiosk";

    fn hook(url: &str, events: &[&str], secret: SecretSeen) -> RegisteredHook {
        RegisteredHook::new("1".to_owned(), url, events.iter().map(|event| (*event).to_owned()).collect(), secret)
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_a_secret() {
        let hook = hook("https://Shop.example.com/webhooks/kiosk/?secret=canary#x", &[], SecretSeen::Current);
        assert!(!format!("{hook:?}").contains("canary"));
        assert_eq!((hook.host().as_str(), hook.path()), ("shop.example.com", "/webhooks/kiosk"));
        assert!(hook.leads_to(URL) && !hook.leads_to("https://other.example.com/webhooks/kiosk"));
    }

    #[test]
    fn what_is_missing_is_created_each_by_itself_or_all_together() {
        let create = |events: &[&'static str]| HookChange::Create { url: URL.to_owned(), events: events.to_vec() };
        assert_eq!(missing(&APART, &[], URL), [create(&["sale"]), create(&["refund"])]);
        assert_eq!(missing(&TOGETHER, &[], URL), [create(&["sale", "refund"])]);
        let sale = hook(URL, &["sale", "more"], SecretSeen::Hidden);
        assert_eq!(missing(&APART, std::slice::from_ref(&sale), URL), [create(&["refund"])]);
        let extend = HookChange::Extend { hook: sale.clone(), events: vec!["refund"] };
        assert_eq!(missing(&TOGETHER, &[sale], URL), [extend]);
    }

    #[test]
    fn what_leads_elsewhere_or_is_refused_does_not_count() {
        let all = ["sale", "refund"];
        for other in [
            hook("https://old.example.com/webhooks/kiosk", &all, SecretSeen::Hidden),
            hook(URL, &all, SecretSeen::Other),
        ] {
            assert_eq!(missing(&APART, &[other], URL).len(), 2);
        }
        for ours in [SecretSeen::Current, SecretSeen::Previous, SecretSeen::Hidden] {
            assert!(missing(&TOGETHER, &[hook(URL, &all, ours)], URL).is_empty());
        }
    }
}
