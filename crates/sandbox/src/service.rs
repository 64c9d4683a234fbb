//! The closed list of services. How each one answers is in the module of its name.

use std::fmt;

use serde::Serialize;

/// A service that the sandbox stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    GitHub,
    LemonSqueezy,
    Gumroad,
    Paddle,
    Polar,
    Stripe,
    Postmark,
    Resend,
    Smtp2go,
    /// The Worker's own binding for mail, which is no service that is asked over HTTP: as the Worker's host plays it.
    Email,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 10] = [
        Self::GitHub,
        Self::LemonSqueezy,
        Self::Gumroad,
        Self::Paddle,
        Self::Polar,
        Self::Stripe,
        Self::Postmark,
        Self::Resend,
        Self::Smtp2go,
        Self::Email,
    ];

    /// The first segment of its paths on the sandbox's origin: its base address is `http://…/<prefix>`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::LemonSqueezy => "lemonsqueezy",
            Self::Gumroad => "gumroad",
            Self::Paddle => "paddle",
            Self::Polar => "polar",
            Self::Stripe => "stripe",
            Self::Postmark => "postmark",
            Self::Resend => "resend",
            Self::Smtp2go => "smtp2go",
            Self::Email => "email",
        }
    }

    /// The Worker's setting of its base address; the binding has none.
    pub const fn api_url_setting(self) -> Option<&'static str> {
        Some(match self {
            Self::GitHub => "GITHUB_API_URL",
            Self::LemonSqueezy => "LEMON_SQUEEZY_API_URL",
            Self::Gumroad => "GUMROAD_API_URL",
            Self::Paddle => "PADDLE_API_URL",
            Self::Polar => "POLAR_API_URL",
            Self::Stripe => "STRIPE_API_URL",
            Self::Postmark => "POSTMARK_API_URL",
            Self::Resend => "RESEND_API_URL",
            Self::Smtp2go => "SMTP2GO_API_URL",
            Self::Email => return None,
        })
    }

    pub(crate) fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.prefix() == prefix)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::LemonSqueezy => "Lemon Squeezy",
            Self::Gumroad => "Gumroad",
            Self::Paddle => "Paddle",
            Self::Polar => "Polar",
            Self::Stripe => "Stripe",
            Self::Postmark => "Postmark",
            Self::Resend => "Resend",
            Self::Smtp2go => "SMTP2GO",
            Self::Email => "the mail binding",
        })
    }
}
