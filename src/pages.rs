//! What people see: the buyer's pages and the operator's console. Rendered here, plain forms, each change followed by a redirect; all of it works without
//! JavaScript. What browsers load beside it as it is, is in `assets/`.
//!
//! A page can do nothing that `/api` and `/admin` cannot: it calls the same engine. Its words are in [`words`], and nowhere else.
//!
//! | module | holds |
//! |---|---|
//! | [`home`], [`license`], [`github`], [`recover`] | the buyer's pages, one file each |
//! | [`console`] | the operator's pages, under a table of paths of their own |
//! | [`frame`] | what is around every page: layout, brand, notices |
//! | [`answer`] | HTML and redirects with the headers that keep a page to itself |
//! | [`guard`] | forms are taken from our own pages only |
//! | [`session`], [`cookie`] | who is there: signed, short, and nothing is stored of it |
//! | [`words`] | every sentence, and how places in it are filled |

pub(crate) mod answer;
mod brand;
mod console;
mod cookie;
mod fields;
mod frame;
mod github;
mod guard;
mod home;
mod license;
mod recover;
mod session;
mod words;

use self::answer::Html;
use self::frame::Frame;
use crate::config::Config;
use crate::engine::Engine;
use crate::http::{Problem, Request, Response};
use crate::platform::Platform;

/// What is shown or done where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// The key is entered.
    Home,
    License,
    Choose,
    Account,
    Activate,
    Again,
    Leave,
    /// To GitHub, to sign in.
    SignIn,
    /// Back from there.
    SignedIn,
    /// A lost key is asked for.
    Recover,
    /// What the mail leads to.
    RecoverLink,
    /// Every license of an address.
    Recovered,
    /// The seller's color, as a style sheet.
    Brand,
    /// Anything of the operator's.
    Console,
}

/// Every path of the buyer's pages, with the methods that it takes.
const PAGES: [(&str, Page, &[&str]); 13] = [
    ("/", Page::Home, &["GET", "HEAD", "POST"]),
    ("/license", Page::License, &["GET", "HEAD"]),
    ("/license/choose", Page::Choose, &["POST"]),
    ("/license/account", Page::Account, &["POST"]),
    ("/license/activate", Page::Activate, &["POST"]),
    ("/license/again", Page::Again, &["POST"]),
    ("/license/leave", Page::Leave, &["POST"]),
    ("/auth/github", Page::SignIn, &["GET", "POST"]),
    ("/auth/github/callback", Page::SignedIn, &["GET"]),
    ("/recover", Page::Recover, &["GET", "HEAD", "POST"]),
    ("/recover/link", Page::RecoverLink, &["GET", "HEAD", "POST"]),
    ("/recover/licenses", Page::Recovered, &["GET", "HEAD"]),
    ("/brand.css", Page::Brand, &["GET", "HEAD"]),
];

impl Page {
    /// The page of a path, if there is one.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let of_buyers = PAGES.iter().find(|(known, ..)| *known == path).map(|(_, page, _)| *page);
        of_buyers.or_else(|| console::Place::has(path).then_some(Self::Console))
    }

    /// As the log has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Home => "page_home",
            Self::License => "page_license",
            Self::Choose => "page_choose",
            Self::Account => "page_account",
            Self::Activate => "page_activate",
            Self::Again => "page_again",
            Self::Leave => "page_leave",
            Self::SignIn => "page_sign_in",
            Self::SignedIn => "page_signed_in",
            Self::Recover => "page_recover",
            Self::RecoverLink => "page_recover_link",
            Self::Recovered => "page_recovered",
            Self::Brand => "page_brand",
            Self::Console => "console",
        }
    }

    fn methods(self) -> &'static [&'static str] {
        PAGES.iter().find(|(_, page, _)| *page == self).map_or(&[], |(.., methods)| methods)
    }
}

/// Every page's path and methods.
pub fn paths() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    PAGES.iter().map(|(path, _, methods)| (*path, *methods)).chain(console::paths())
}

/// Answers a request for a page.
pub(crate) async fn respond<P: Platform>(engine: &Engine<P>, request: Request, page: Page) -> Response {
    let is_head = request.method == "HEAD";
    let mut response = answer(engine, request, page).await;
    if is_head {
        response.body.clear();
    }
    response
}

/// Below these paths programs ask, who are answered in JSON.
const OF_PROGRAMS: [&str; 3] = ["/api", "/admin", "/webhooks"];

/// Answers a request for what is not there: people with a page, programs as every other error.
pub(crate) fn nothing_at(config: &Config, request: &Request) -> Response {
    let of_programs = |root: &&str| {
        let rest = request.path.strip_prefix(root);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let essence = |kind: &str| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_a_browser = request.header("accept").unwrap_or_default().split(',').any(|kind| essence(kind) == "text/html");
    if !is_a_browser || OF_PROGRAMS.iter().any(of_programs) {
        return Problem::not_found().into();
    }
    let mut response = Frame::of(config).refused(404).response();
    if request.method == "HEAD" {
        response.body.clear();
    }
    response
}

async fn answer<P: Platform>(engine: &Engine<P>, request: Request, page: Page) -> Response {
    let mut frame = Frame::of(engine.config());
    if page == Page::Console {
        return console::respond(engine, request, frame).await;
    }
    if github::is_offered(engine.config()) {
        github::allow_forms(&mut frame, engine.config());
    }
    if !page.methods().contains(&request.method.as_str()) {
        return frame.refused(405).response().header("allow", page.methods().join(", "));
    }
    if request.method == "POST" && !guard::is_from_our_own_page(&request, engine.config()) {
        return frame.refused(403).response();
    }
    match (page, request.method.as_str()) {
        (Page::Home, "POST") => home::enter(engine, request, &frame).await,
        (Page::Home, _) => home::show(engine, &request, &frame),
        (Page::License, _) => license::show(engine, &request, &frame).await,
        (Page::Choose, _) => license::choose(engine, request, &frame).await,
        (Page::Account, _) => license::account(engine, request, &frame).await,
        (Page::Activate, _) => license::activate(engine, request, &frame).await,
        (Page::Again, _) => license::again(engine, request, &frame).await,
        (Page::Leave, _) => license::leave(),
        (Page::SignIn, _) => github::begin(engine, request, &frame).await,
        (Page::SignedIn, _) => github::finish(engine, request, &frame).await,
        (Page::Recover, "POST") => recover::ask(engine, request, &frame).await,
        (Page::Recover, _) => recover::show(engine, &request, &frame),
        (Page::RecoverLink, "POST") => recover::enter(engine, request, &frame).await,
        (Page::RecoverLink, _) => recover::link(engine, &request, &frame).await,
        (Page::Recovered, _) => recover::licenses(engine, &request, &frame).await,
        (Page::Brand, _) => brand::respond(engine.config()),
        // Answered above, where it has methods of its own.
        (Page::Console, _) => frame.refused(404).response(),
    }
}

/// Renders a template. None fails that compiled; if one did, an empty page would still have its status.
fn rendered(template: &impl askama::Template) -> Html {
    Html(template.render().unwrap_or_default())
}
