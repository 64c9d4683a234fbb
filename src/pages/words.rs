//! Every sentence that a page shows, in English, and how the places in one are filled.
//!
//! A sentence is one text and is never glued together: another language has other orders. What goes into it is named, in braces.
//! Where a template shows which is the template's business; what the mails say is in `templates/`.

pub(super) mod console;

use std::fmt;

use askama::filters::HtmlSafe;

use crate::engine::{ActivateError, Over, Renewal, RepoView};
use crate::model::{Consequence, Ending, Hindrance, Standing, Timestamp};
pub(crate) use crate::words::Tone;

/// The language of all this, for the page's `lang`.
pub(crate) const LANGUAGE: &str = "en";

/// HTML that says what it says: what was put into it is escaped already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Markup(String);

/// What fills a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// A name or a key, which may run in another direction than the sentence.
    Name(&'a str),
    /// Words of ours.
    Plain(&'a str),
    /// A moment, in UTC; a script shows it in the reader's own time.
    Time(Timestamp),
    Number(i64),
    /// What is HTML already.
    Marked(&'a Markup),
}

/// What has become of what somebody did, and is told on the page to which that led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    SessionOver,
    SessionOverUnsent,
    Left,
    Activated,
    SentAgain,
    SignedInAndAccepted,
    AcceptNotAllowed,
    AcceptRefused,
    AcceptNoSeat,
    AcceptGone,
    AcceptUnclear,
    SignInCanceled,
    SignInFailed,
    OtherAccount,
    NotMoved,
    NotInvitable,
    ChooseFirst,
    TooOften,
    TryAgain,
    RecoveryAsked,
    RecoveryOver,
    LinkOver,
}

/// A name, a key or another text of somebody's, alone.
pub(crate) fn alone(text: &str) -> Markup {
    filled("{name}", &[("name", Part::Name(text))])
}

/// Fills the places of a sentence. One that nothing is given for stays empty.
pub(crate) fn filled(sentence: &str, parts: &[(&str, Part<'_>)]) -> Markup {
    let mut html = String::new();
    let mut rest = sentence;
    while let Some((before, behind)) = rest.split_once('{') {
        html.push_str(&escaped(before));
        let (place, after) = behind.split_once('}').unwrap_or((behind, ""));
        match parts.iter().find(|(name, _)| *name == place).map(|(_, part)| part) {
            Some(Part::Name(name)) => html.push_str(&format!("<bdi>{}</bdi>", escaped(name))),
            Some(Part::Plain(words)) => html.push_str(&escaped(words)),
            Some(Part::Time(time)) => html.push_str(&time_element(*time)),
            Some(Part::Marked(html_of)) => html.push_str(&html_of.0),
            Some(Part::Number(number)) => html.push_str(&number.to_string()),
            None => {}
        }
        rest = after;
    }
    html.push_str(&escaped(rest));
    Markup(html)
}

fn time_element(time: Timestamp) -> String {
    let exact = time.to_rfc3339();
    let clock = exact.get(11..16).unwrap_or_default();
    format!("<time datetime=\"{exact}\">{}, {clock} UTC</time>", time.to_date_in_words())
}

/// Something that leads to a page of ours.
pub(crate) fn linked(path: &str, text: &Markup) -> Markup {
    Markup(format!("<a href=\"{}\">{text}</a>", escaped(path)))
}

/// A moment, alone.
pub(crate) fn time(time: Timestamp) -> Markup {
    Markup(time_element(time))
}

/// A moment as it stands in a table.
pub(crate) fn moment(time: Timestamp) -> Markup {
    let exact = time.to_rfc3339();
    let (day, clock) = (exact.get(..10).unwrap_or_default(), exact.get(11..16).unwrap_or_default());
    Markup(format!("<time datetime=\"{exact}\" data-short>{day} {clock} UTC</time>"))
}

/// A state as it stands in a table: its sign, and its word.
pub(crate) fn standing(tone: Tone, word: &str) -> Markup {
    let (tone, word) = (tone.name(), escaped(word));
    let sign = format!("<svg class=\"sign\" aria-hidden=\"true\"><use href=\"/assets/icons.svg#{tone}\"/></svg>");
    Markup(format!("<span class=\"state {tone}\">{sign}<span>{word}</span></span>"))
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

impl Markup {
    /// Those of an element's attributes that it has.
    pub(crate) fn attributes(attributes: &[(&str, Option<&str>)]) -> Self {
        let had = attributes.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        Self(had.map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect())
    }

    /// One behind the other, with commas between them.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self(items.into_iter().map(|item| item.0).collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

impl Notice {
    const ALL: [Self; 22] = [
        Self::SessionOver,
        Self::SessionOverUnsent,
        Self::Left,
        Self::Activated,
        Self::SentAgain,
        Self::SignedInAndAccepted,
        Self::AcceptNotAllowed,
        Self::AcceptRefused,
        Self::AcceptNoSeat,
        Self::AcceptGone,
        Self::AcceptUnclear,
        Self::SignInCanceled,
        Self::SignInFailed,
        Self::OtherAccount,
        Self::NotMoved,
        Self::NotInvitable,
        Self::ChooseFirst,
        Self::TooOften,
        Self::TryAgain,
        Self::RecoveryAsked,
        Self::RecoveryOver,
        Self::LinkOver,
    ];

    /// As it stands in an address.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SessionOver => "session_over",
            Self::SessionOverUnsent => "session_over_unsent",
            Self::Left => "left",
            Self::Activated => "activated",
            Self::SentAgain => "sent_again",
            Self::SignedInAndAccepted => "accepted",
            Self::AcceptNotAllowed => "accept_not_allowed",
            Self::AcceptRefused => "accept_refused",
            Self::AcceptNoSeat => "accept_no_seat",
            Self::AcceptGone => "accept_gone",
            Self::AcceptUnclear => "accept_unclear",
            Self::SignInCanceled => "sign_in_canceled",
            Self::SignInFailed => "sign_in_failed",
            Self::OtherAccount => "other_account",
            Self::NotMoved => "not_moved",
            Self::NotInvitable => "not_invitable",
            Self::ChooseFirst => "choose_first",
            Self::TooOften => "too_often",
            Self::TryAgain => "try_again",
            Self::RecoveryAsked => "recovery_asked",
            Self::RecoveryOver => "recovery_over",
            Self::LinkOver => "link_over",
        }
    }

    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }

    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Left | Self::Activated | Self::SentAgain | Self::SignedInAndAccepted | Self::RecoveryAsked => {
                Tone::Good
            }
            Self::SessionOver
            | Self::SessionOverUnsent
            | Self::AcceptNotAllowed
            | Self::AcceptRefused
            | Self::AcceptNoSeat
            | Self::AcceptGone
            | Self::AcceptUnclear
            | Self::SignInCanceled
            | Self::ChooseFirst
            | Self::TooOften
            | Self::RecoveryOver
            | Self::LinkOver => Tone::Waits,
            Self::SignInFailed | Self::OtherAccount | Self::NotMoved | Self::NotInvitable | Self::TryAgain => Tone::Bad,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::SessionOver => {
                "You have been away for a while. Enter your license key again, or open the link in your mail."
            }
            Self::SessionOverUnsent => {
                "You have been away for a while, so nothing was changed. Enter your license key again, or open the link in your mail; then \
                 do it once more."
            }
            Self::Left => "This browser has forgotten your license.",
            Self::Activated => "Your license is activated.",
            Self::SentAgain => "Every invitation that was missing has been asked for again.",
            Self::SignedInAndAccepted => "You are in: the invitations are accepted for you.",
            Self::AcceptNotAllowed => {
                "Your license is activated. You have not allowed us to accept for you, so please accept each invitation at GitHub."
            }
            Self::AcceptRefused => {
                "Your license is activated, but GitHub did not let us accept for you. The organization may ask for two-factor \
                 sign-in: switch that on in your GitHub settings, then accept each invitation at GitHub."
            }
            Self::AcceptNoSeat => {
                "Your license is activated, but the seller's organization has no free seat at GitHub, so nobody can accept an invitation \
                 right now. Please tell the seller, who has to add one; then accept at GitHub, or have the invitation sent again below \
                 if it has ended."
            }
            Self::AcceptGone => {
                "Your license is activated, but an invitation was gone already. If you have not accepted it yourself, have it sent \
                 again below."
            }
            Self::AcceptUnclear => {
                "Your license is activated, but GitHub did not say whether you are in. Look at this page again in a minute, or accept \
                 at GitHub."
            }
            Self::SignInCanceled => "You have not signed in, and nothing was changed.",
            Self::SignInFailed => "GitHub did not confirm who you are, and nothing was changed. Please try once more.",
            Self::OtherAccount => {
                "This license is activated for another GitHub account than the one you signed in with. Sign in with that one: GitHub \
                 asks which."
            }
            Self::NotMoved => {
                "Nothing was changed: a license can be moved to another account once in 30 days, and while it is good. The seller can \
                 move it at any time."
            }
            Self::NotInvitable => {
                "This account cannot be invited: it is managed by a company. Sign in with a personal GitHub account."
            }
            Self::ChooseFirst => "Please choose first what your license is to open.",
            Self::TooOften => TOO_OFTEN,
            Self::TryAgain => {
                "A service that is needed did not answer as it should. Please try again in a minute: nothing is done twice."
            }
            Self::RecoveryAsked => {
                "If something was bought with this address, a mail with a link is on its way to it. The link is good for 30 minutes. There \
                 is one mail in ten minutes at most, so look for an earlier one as well, and among the spam."
            }
            Self::RecoveryOver => "You have been away for a while. Have another link mailed to you.",
            Self::LinkOver => {
                "This link was used already, or is too old: it is good once, for 30 minutes. Have another mailed to you."
            }
        }
    }
}

/// What every page says.
pub(crate) const HELP: &str = "Get help";
pub(crate) const FOOT: &str = "Delivered by Latchkey";
pub(crate) const SKIP: &str = "Skip to the content";
pub(crate) const COPIED: &str = "Copied.";
pub(crate) const BACK: &str = "Back to the start";
pub(crate) const SHOP: &str = "Your license";

/// The page on which the key is entered.
pub(crate) const HOME_TITLE: &str = "Open your license";
pub(crate) const HOME_LEAD: &str =
    "Enter the license key from your mail. Next you say which GitHub account is yours, and that is all.";
pub(crate) const KEY_LABEL: &str = "License key";
pub(crate) const KEY_HINT: &str = "Paste it as it is: spaces and line breaks do no harm.";
pub(crate) const KEY_BUTTON: &str = "Open";

pub(crate) const LOST_KEY: &str = "Lost your key?";

/// Where a lost key is asked for, what the mail's link leads to, and every license of an address.
pub(crate) const RECOVER_TITLE: &str = "Find your licenses";
pub(crate) const RECOVER_LEAD: &str = "We mail you a link to every license that was bought with your mail address.";
pub(crate) const ADDRESS_LABEL: &str = "Mail address";
pub(crate) const ADDRESS_HINT: &str = "The one that you gave when you bought.";
pub(crate) const ADDRESS_UNREADABLE: &str = "This is not a mail address. Check it for a letter too many or too few.";
pub(crate) const MAIL_RETURNED: &str = "Our mails to the address that you bought with come back. Ask the seller to correct it, so that you can find your license \
                                        again and hear when it expires.";
pub(crate) const NO_MAIL_HEADING: &str = "No mail after a few minutes?";
pub(crate) const NO_MAIL: &str = "It may have been another address that you bought with; the receipt of your payment went there too. Or the address was \
                                  mistyped, or takes no mails from us: the seller sees which, and corrects it. Write to them with the number of your order.";
pub(crate) const RECOVER_BUTTON: &str = "Mail me a link";
pub(crate) const HAVE_KEY: &str = "I have my key";
pub(crate) const RECOVER_LINK_TITLE: &str = "Your licenses";
pub(crate) const RECOVER_LINK_LEAD: &str = "Your link is good. It works once, so it is used only when you say so.";
pub(crate) const RECOVER_LINK_BUTTON: &str = "Show my licenses";
pub(crate) const RECOVERED_TITLE: &str = "Your licenses";
pub(crate) const RECOVERED_LEAD: &str = "Bought with {address}. This page stays open in this browser for an hour.";
pub(crate) const RECOVERED_NONE: &str = "There is no license any more that was bought with {address}.";
pub(crate) const OPEN_LICENSE: &str = "Open";
pub(crate) const LEAVE_ALL: &str = "Forget these licenses on this device";

/// The license itself.
pub(crate) const LICENSE_HEADING: &str = "License";
pub(crate) const TIER_LABEL: &str = "Kind";
pub(crate) const VALID_LABEL: &str = "Valid";
pub(crate) const VALID_UNTIL: &str = "until {until}";
pub(crate) const VALID_UNTIL_KEPT: &str = "until {until}; you keep your access after that";
pub(crate) const VALID_UNTIL_WITH_GRACE: &str = "until {until}; your access ends on {ends} unless you renew";
pub(crate) const VALID_WHILE_PAID: &str = "for as long as your subscription is paid, so far until {until}";
pub(crate) const VALID_WHILE_PAID_OPEN: &str = "for as long as your subscription is paid";
pub(crate) const VALID_WHILE_PAID_KEPT: &str =
    "for as long as your subscription is paid, so far until {until}; you keep your access after that";
pub(crate) const VALID_WHILE_PAID_OPEN_KEPT: &str =
    "for as long as your subscription is paid; you keep your access after that";
pub(crate) const VALID_STOPPED: &str = "until {until}, since the subscription was stopped";
pub(crate) const VALID_STOPPED_KEPT: &str =
    "until {until}, since the subscription was stopped; you keep your access after that";
pub(crate) const VALID_FOREVER: &str = "without an end";
pub(crate) const STATE_LABEL: &str = "State";
pub(crate) const STATE_GOOD: &str = "Good";
pub(crate) const SINCE_LABEL: &str = "Yours since";
pub(crate) const SHOW_KEY: &str = "Show the whole key";
pub(crate) const COPY_KEY: &str = "Copy the key";
pub(crate) const COPY_COMMAND: &str = "Copy the command";
pub(crate) const TEST: &str = "This license is from a test purchase: no money was charged.";
pub(crate) const LEAVE: &str = "Forget this license on this device";

/// What it opens.
pub(crate) const REPOS_HEADING: &str = "Repositories";
pub(crate) const NO_REPOS: &str = "You choose below what this license opens.";
pub(crate) const OPEN_REPO: &str = "Open at GitHub";
pub(crate) const ACCEPT: &str = "Accept at GitHub";
pub(crate) const CLONE_LABEL: &str = "Clone it";

/// The choice.
pub(crate) const CHOOSE_HEADING: &str = "Choose";
pub(crate) const CHOOSE_ONE: &str =
    "Your license opens one of these. The choice is final once the license is activated.";
pub(crate) const CHOOSE_SOME: &str =
    "Your license opens up to {limit} of these. The choice is final once the license is activated.";
pub(crate) const CHOOSE_BUTTON: &str = "Go on";
pub(crate) const CHOOSE_AGAIN: &str = "Change the choice";
pub(crate) const CHOICE_IMPOSSIBLE: &str = "Choose at least one, and no more than your license opens.";

/// The activation.
pub(crate) const ACTIVATE_HEADING: &str = "Your GitHub account";
pub(crate) const ACTIVATE_LEAD: &str = "The license belongs to the first account that it is activated for. GitHub then invites that account to the repositories.";
pub(crate) const SIGN_IN_LEAD: &str = "GitHub asks whether we may see who you are, and accept invitations to repositories for you. We see no code and keep no key to \
     your account: what GitHub gives us ends as soon as you are in.";
pub(crate) const SIGN_IN_LEAD_APP: &str = "GitHub asks you to confirm who you are. It also says that we may “act on your behalf”, as it does for every app: all that we do \
     with it is to accept the invitations to what you bought. We keep no key to your account.";
pub(crate) const SIGN_IN_BUTTON: &str = "Continue with GitHub";
pub(crate) const SIGN_IN_ONLY: &str = "Sign in only, I accept at GitHub";
pub(crate) const TYPE_INSTEAD: &str = "Enter your username instead";
pub(crate) const NO_SIGN_IN: &str =
    "For this product you have to sign in at GitHub, which the seller has not set up yet. Please ask them.";
pub(crate) const ACCEPT_ALL_HEADING: &str = "Accept everything at once";
pub(crate) const MOVE_HEADING: &str = "Use another account";
pub(crate) const MOVE_LEAD: &str = "The license moves to the account that you sign in with next, and the present one loses the access. You can do this once in 30 \
     days.";
pub(crate) const MOVE_LATER: &str = "A license can be moved to another account once in 30 days, and this one was moved a short time ago. You can move it again \
     from {from}. The seller can move it at any time.";
pub(crate) const MOVE_OWNER_LEAD: &str = "To move the license, first sign in with the account that it is activated for. Whoever only has the key cannot move it.";
pub(crate) const MOVE_OWNER_BUTTON: &str = "Sign in with the present account";
pub(crate) const MOVE_OWNER_BY_MAIL: &str =
    "The account is not yours, or you cannot sign in with it? Have a link mailed to the address that you bought with";
pub(crate) const MOVE_BUTTON: &str = "Sign in with the other account";
pub(crate) const NOT_BEGUN_HERE: &str = "This sign-in was not begun in this browser, or took longer than ten minutes. Open your license, and begin once more.";
pub(crate) const LOGIN_LABEL: &str = "GitHub username";
pub(crate) const LOGIN_HINT: &str = "Such as ada where the profile is github.com/ada.";
pub(crate) const LOGIN_BUTTON: &str = "Look it up";
pub(crate) const CONFIRM_TITLE: &str = "Is this you?";
pub(crate) const CONFIRM_LEAD: &str =
    "Your license will belong to this account for good. Whoever owns it is invited, so look twice.";
pub(crate) const CONFIRM_BUTTON: &str = "Yes, this is me";
pub(crate) const CONFIRM_BACK: &str = "No, go back";
pub(crate) const NO_NAME: &str = "This account shows no name.";

/// A license that is activated.
pub(crate) const BOUND_TO: &str = "Activated for the GitHub account {account}.";
pub(crate) const BOUND_AT_CHECKOUT: &str =
    "Activated for the GitHub account {account}, which was given at the checkout.";
pub(crate) const CORRECT_HEADING: &str = "Not your account?";
pub(crate) const CORRECT_LEAD: &str =
    "For a day you can say which account is yours. The license moves to it, and the present one loses the access.";
pub(crate) const BOUND: &str = "Activated for a GitHub account.";
pub(crate) const WRONG_ACCOUNT: &str = "An invitation that GitHub calls invalid is almost always another account's: at GitHub, switch to the one that the license is \
     activated for, and open the link again. Where it is the right one, the seller's organization may have no free seat: ask the seller to add one.";
pub(crate) const AGAIN_HEADING: &str = "Something is missing?";
pub(crate) const AGAIN_LEAD: &str =
    "An invitation lasts seven days. You can have it sent again, up to three times a day.";
pub(crate) const AGAIN_BUTTON: &str = "Send again";
pub(crate) const AGAIN_LABEL: &str = "The GitHub username that it was activated for";

/// Why nothing came of it, with the remedy.
pub(crate) const REFUSED_TITLE: &str = "This did not work";
pub(crate) const KEY_UNREADABLE: &str =
    "This is no license key. Copy it whole from your mail, and nothing but one key.";
pub(crate) const LOGIN_UNREADABLE: &str =
    "This is no GitHub username. Enter it without anything else, such as ada where the profile is github.com/ada.";
pub(crate) const TOO_OFTEN: &str = "Too many attempts. Please wait a minute.";
pub(crate) const EXPIRED: &str = "This license has expired. You can renew it where you bought it.";
pub(crate) const EXPIRED_OF: &str =
    "Your license for {product} has expired. It was good until {since}. You can renew it where you bought it.";
pub(crate) const EXPIRED_RENEWABLE: &str = "Your license for {product} has expired. It was good until {since}.";
pub(crate) const SUSPENDED_OF: &str =
    "Your license for {product} has been suspended since {since}. It may become good again; please ask the seller.";
pub(crate) const REVOKED_OF: &str = "Your license for {product} was revoked on {since}. Please ask the seller.";
pub(crate) const RENEW: &str = "Renew {product}";
pub(crate) const DATABASE_SILENT: &str = "Our database did not answer. Nothing is lost; please try again in a minute.";
pub(crate) const TRY_AGAIN: &str = "Try again";

/// What a status without a sentence of its own means to whoever sees it.
pub(crate) const fn status(status: u16) -> &'static str {
    match status {
        403 => "This form did not come from our own page. Go back to the start, and try once more.",
        404 => "There is nothing at this address. Check it for a letter too many or too few, or go back to the start.",
        405 => "There is nothing to see at this address. Go back to the start.",
        413 => "That was more text than fits here. Go back, and paste only what is asked for.",
        415 => "This form came in a way that cannot be read. Go back to the start, and try once more.",
        _ => "The page is not set up completely. The seller can see what is missing; please ask them.",
    }
}

/// Why a license is refused, and what helps.
pub(crate) const fn refusal(error: &ActivateError) -> &'static str {
    match error {
        ActivateError::BoundToAnother => {
            "This license is activated for another GitHub account. If that is yours too, go on with that one, or ask the seller to \
             transfer the license."
        }
        ActivateError::NotFound => {
            "Nobody knows this license key. Check it against your mail; right after a purchase it can take some minutes."
        }
        ActivateError::Expired => EXPIRED,
        ActivateError::Revoked => "This license was revoked. Please ask the seller.",
        ActivateError::Suspended => "This license is suspended. Please ask the seller.",
        ActivateError::Disabled => "This license is disabled. Please ask the seller.",
        ActivateError::TestMode => "This license is from a test purchase, which opens nothing here.",
        ActivateError::WrongStore => "This license is for a product of another seller.",
        ActivateError::TooManyUnknown => TOO_OFTEN,
        ActivateError::NotMapped => {
            "Your license is good, but the seller has not said yet what it opens. The seller has been told; please come back later."
        }
        ActivateError::OpensNothing => {
            "This is the key of a product that opens no repository: there is nothing to activate."
        }
        ActivateError::Choice(_) => CHOICE_IMPOSSIBLE,
        ActivateError::ProofRequired => {
            "For this product you have to sign in at GitHub: choose “Continue with GitHub”."
        }
        ActivateError::UserNotFound => "GitHub knows no user of this name. Check the spelling.",
        ActivateError::NotInvitable(_) => {
            "This account cannot be invited: it is an organization's, a bot's, or managed by a company. Use a personal GitHub account."
        }
        ActivateError::Upstream(_) => {
            "A service that is needed did not answer as it should. Nothing was changed; please try again in a minute."
        }
        ActivateError::Storage(_) => DATABASE_SILENT,
    }
}

/// What a license was for that is not good, and since when, in place of what `refusal` says of any. `None` where nothing tells since when.
pub(crate) fn over(over: &Over) -> Option<Markup> {
    let Over { standing, since, renewal: Renewal { product, url } } = over;
    let sentence = match (standing, url) {
        (Standing::Good, _) => return None,
        (Standing::Expired, Some(_)) => EXPIRED_RENEWABLE,
        (Standing::Expired, None) => EXPIRED_OF,
        (Standing::Suspended | Standing::Disabled, _) => SUSPENDED_OF,
        (Standing::Revoked, _) => REVOKED_OF,
    };
    Some(filled(sentence, &[("product", Part::Name(product)), ("since", Part::Time((*since)?))]))
}

/// Where a license is renewed that has expired, and what the link to it is called.
pub(crate) fn renewed_at(over: &Over) -> Option<(String, Markup)> {
    let Renewal { product, url } = &over.renewal;
    let url = url.clone().filter(|_| over.standing == Standing::Expired)?;
    Some((url, renew(product)))
}

/// The name of the link to where a license is renewed.
pub(crate) fn renew(product: &str) -> Markup {
    filled(RENEW, &[("product", Part::Name(product))])
}

/// Until when a license is valid.
pub(crate) fn validity(expires_at: Option<Timestamp>) -> Markup {
    match expires_at {
        Some(until) => filled(VALID_UNTIL, &[("until", Part::Time(until))]),
        None => filled(VALID_FOREVER, &[]),
    }
}

/// How a good license comes to its end by itself, and until when what was paid for lasts.
pub(crate) fn ending(ending: Ending, expires_at: Option<Timestamp>) -> Markup {
    let (sentence, until, ends) = match ending {
        Ending::Never => (VALID_FOREVER, None, None),
        Ending::WhilePaid { after: Consequence::Revoke } if expires_at.is_some() => {
            (VALID_WHILE_PAID, expires_at, None)
        }
        Ending::WhilePaid { after: Consequence::Revoke } => (VALID_WHILE_PAID_OPEN, None, None),
        Ending::WhilePaid { after: Consequence::Keep } if expires_at.is_some() => {
            (VALID_WHILE_PAID_KEPT, expires_at, None)
        }
        Ending::WhilePaid { after: Consequence::Keep } => (VALID_WHILE_PAID_OPEN_KEPT, None, None),
        Ending::Expires { expires_at, ends_at: None } => (VALID_UNTIL_KEPT, Some(expires_at), None),
        Ending::Expires { expires_at, ends_at: Some(ends_at) } if ends_at > expires_at => {
            (VALID_UNTIL_WITH_GRACE, Some(expires_at), Some(ends_at))
        }
        Ending::Expires { expires_at, .. } => (VALID_UNTIL, Some(expires_at), None),
        Ending::Stopped { expires_at, ends_at: None } => (VALID_STOPPED_KEPT, Some(expires_at), None),
        Ending::Stopped { expires_at, .. } => (VALID_STOPPED, Some(expires_at), None),
    };
    let times = [("until", until), ("ends", ends)];
    let parts: Vec<_> = times.into_iter().filter_map(|(name, time)| Some((name, Part::Time(time?)))).collect();
    filled(sentence, &parts)
}

/// How a license stands in the list of an address.
pub(crate) const fn license_standing(standing: Standing, activated: bool) -> (Tone, &'static str) {
    match standing {
        Standing::Good if activated => (Tone::Good, "Activated"),
        Standing::Good => (Tone::Waits, "Not activated yet"),
        Standing::Expired => (Tone::Bad, "Expired"),
        Standing::Suspended | Standing::Disabled => (Tone::Bad, "Suspended"),
        Standing::Revoked => (Tone::Bad, "Revoked"),
    }
}

/// How a repository stands.
pub(crate) const fn repo_state(state: &RepoView) -> (Tone, &'static str) {
    match state {
        RepoView::NotActivated => (Tone::Plain, "Opens once activated"),
        RepoView::Invited { .. } => (Tone::Waits, "Invited"),
        RepoView::Member => (Tone::Good, "You are in"),
        RepoView::Queued { .. } => (Tone::Waits, "On its way"),
        RepoView::Declined => (Tone::Bad, "Declined"),
        RepoView::Expired => (Tone::Bad, "Invitation expired"),
        RepoView::Blocked { by: Hindrance::SeatMissing | Hindrance::Seller } => (Tone::Bad, "Waits for the seller"),
        RepoView::Blocked { by: Hindrance::AccountBlocked | Hindrance::AccountUnusable } => {
            (Tone::Bad, "Not possible for this account")
        }
        RepoView::RemovedByHand => (Tone::Bad, "Removed"),
    }
}

/// What that means, and what to do.
pub(crate) fn repo_remedy(state: &RepoView) -> Markup {
    match state {
        RepoView::NotActivated | RepoView::Member => filled("", &[]),
        RepoView::Invited { expires_at, .. } => {
            let sentence = "The invitation is open until {until}. Until you accept it, the repository looks as if it were not there.";
            filled(sentence, &[("until", Part::Time(*expires_at))])
        }
        RepoView::Queued { until: Some(until) } => filled(
            "GitHub takes no more invitations for now. It is tried again by itself, from {until}.",
            &[("until", Part::Time(*until))],
        ),
        RepoView::Queued { until: None } => filled("It is tried again by itself within minutes.", &[]),
        RepoView::Declined => {
            filled("The invitation was declined. Have it sent again below if that was a mistake.", &[])
        }
        RepoView::Expired => filled("The invitation ended before it was accepted. Have it sent again below.", &[]),
        RepoView::Blocked { by } => {
            let sentence = match by {
                Hindrance::AccountBlocked => {
                    "You have blocked the seller at GitHub, or they have blocked this account. Unblock them in your settings there, ask them, or use another account."
                }
                Hindrance::AccountUnusable => {
                    "GitHub has flagged, suspended or hidden this account, and lets nobody in with it. Ask GitHub's support to restore it, or use another account."
                }
                Hindrance::SeatMissing => {
                    "The seller's organization has no free seat at GitHub: the seller has to add one, and has been told. You need not do anything."
                }
                Hindrance::Seller => {
                    "The seller has to mend something first, and has been told. You need not do anything."
                }
            };
            filled(sentence, &[])
        }
        RepoView::RemovedByHand => filled("The seller has taken this account out. Please ask them.", &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_a_place_is_escaped_and_kept_apart() {
        let name = Part::Name("<img src=x onerror=\"alert('&')\">");
        let html = filled("Of <you>: {name}, {nothing}!", &[("name", name)]).to_string();
        let expected = "Of &lt;you&gt;: <bdi>&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;</bdi>, !";
        assert_eq!(html, expected);
    }

    #[test]
    fn a_time_stands_in_utc_for_whoever_has_no_script() {
        let time = Part::Time(Timestamp::from_millis(1_795_348_800_000));
        let html = filled("{until}", &[("until", time)]).to_string();
        assert_eq!(html, "<time datetime=\"2026-11-22T12:00:00Z\">22 November 2026, 12:00 UTC</time>");
    }

    #[test]
    fn every_notice_is_found_by_its_code() {
        for notice in Notice::ALL {
            assert_eq!(Notice::of(notice.code()), Some(notice));
        }
        assert_eq!(Notice::of("<script>"), None);
    }
}
