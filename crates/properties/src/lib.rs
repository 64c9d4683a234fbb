//! What holds of every parser of outside input, whatever it is given. One function a parser: it takes any bytes, and
//! panics when something does not hold.
//!
//! The fuzzer (`crates/fuzz/`) looks for bytes that break them; the tests beside this crate feed them what it found
//! worth keeping, and bytes of their own making. Everything is reached as the Worker reaches it, through public doors.
//! What a parser makes of sound input is tested beside the parser.
//!
//! | module | holds |
//! |---|---|
//! | [`buyers`] | what a buyer types: keys, logins, repositories, the activation |
//! | [`github`] | GitHub's replies |
//! | [`mail`] | mail providers' replies and what they tell, and the mail that a stranger's name goes into |
//! | [`requests`] | whole HTTP requests, to any route |
//! | [`settings`] | the operator's own: variables, the catalogue |
//! | [`storefronts`] | what Gumroad and Lemon Squeezy send and reply |
//! | [`values`] | what all of these are made of: JSON, addresses, times, ids |
//! | `replies`, `taint`, `world` | how a target reads its bytes, marks them, and what world it runs in |

pub mod buyers;
pub mod github;
pub mod mail;
mod replies;
pub mod requests;
pub mod settings;
pub mod storefronts;
mod taint;
pub mod values;
mod world;

/// One parser, and what holds of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Of the fuzz target and of its folder of kept inputs.
    pub name: &'static str,
    /// # Panics
    /// When something does not hold.
    pub check: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 36] = [
    Target { name: "activation", check: buyers::activation },
    Target { name: "caller_network", check: buyers::caller_network },
    Target { name: "configuration", check: settings::configuration },
    Target { name: "delivery", check: storefronts::delivery },
    Target { name: "email_address", check: values::email_address },
    Target { name: "github_app", check: github::app },
    Target { name: "github_delivery", check: github::delivery },
    Target { name: "github_invitation", check: github::invitation },
    Target { name: "github_removal", check: github::removal },
    Target { name: "github_user", check: github::user },
    Target { name: "gumroad_ping", check: storefronts::gumroad_ping },
    Target { name: "gumroad_secret", check: storefronts::gumroad_secret },
    Target { name: "identifier", check: values::identifier },
    Target { name: "json", check: values::json },
    Target { name: "lemon_squeezy_signature", check: storefronts::lemon_squeezy_signature },
    Target { name: "lemon_squeezy_webhook", check: storefronts::lemon_squeezy_webhook },
    Target { name: "license_key", check: buyers::license_key },
    Target { name: "license_mail", check: mail::license_mail },
    Target { name: "license_report", check: storefronts::license_report },
    Target { name: "listed_item", check: storefronts::listed_item },
    Target { name: "login", check: buyers::login },
    Target { name: "mail_reply", check: mail::reply },
    Target { name: "mail_webhook", check: mail::webhook },
    Target { name: "paddle_signature", check: storefronts::paddle_signature },
    Target { name: "paddle_webhook", check: storefronts::paddle_webhook },
    Target { name: "polar_signature", check: storefronts::polar_signature },
    Target { name: "polar_webhook", check: storefronts::polar_webhook },
    Target { name: "products_file", check: settings::products_file },
    Target { name: "repository", check: buyers::repository },
    Target { name: "request", check: requests::request },
    Target { name: "standard_delivery", check: storefronts::standard_delivery },
    Target { name: "standard_webhooks", check: mail::standard_webhooks },
    Target { name: "storefront_list", check: storefronts::storefront_list },
    Target { name: "stripe_signature", check: storefronts::stripe_signature },
    Target { name: "stripe_webhook", check: storefronts::stripe_webhook },
    Target { name: "time_and_url", check: values::time_and_url },
];

/// Checks the target of that name.
///
/// # Panics
/// When something does not hold, and when there is no such target.
pub fn check(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    (target.check)(input);
}
