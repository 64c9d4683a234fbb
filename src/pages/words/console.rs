//! What the console says beside the words of the codes, which are in `crate::words`: English, whole sentences, places in braces.

use super::{Markup, Part, Tone, filled, linked};
use crate::http::api::codes::Remedy;

/// What has become of what the operator did, told on the page to which that led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    SignedOut,
    Retried,
    Canceled,
    Replayed,
    Dismissed,
    AllReplayed,
    SomeReplayed,
    AllDismissed,
    SomeDismissed,
    Issued,
    Resent,
    Corrected,
    Revoked,
    Reinstated,
    Transferred,
}

/// A notice as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) tone: &'static str,
    pub(crate) text: Markup,
}

impl Notice {
    const ALL: [Self; 15] = [
        Self::SignedOut,
        Self::Retried,
        Self::Canceled,
        Self::Replayed,
        Self::Dismissed,
        Self::AllReplayed,
        Self::SomeReplayed,
        Self::AllDismissed,
        Self::SomeDismissed,
        Self::Issued,
        Self::Resent,
        Self::Corrected,
        Self::Revoked,
        Self::Reinstated,
        Self::Transferred,
    ];

    /// As it stands in an address.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Retried => "retried",
            Self::Canceled => "canceled",
            Self::Replayed => "replayed",
            Self::Dismissed => "dismissed",
            Self::AllReplayed => "all_replayed",
            Self::SomeReplayed => "some_replayed",
            Self::AllDismissed => "all_dismissed",
            Self::SomeDismissed => "some_dismissed",
            Self::Issued => "issued",
            Self::Resent => "resent",
            Self::Corrected => "corrected",
            Self::Revoked => "revoked",
            Self::Reinstated => "reinstated",
            Self::Transferred => "transferred",
        }
    }

    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }

    const fn tone(self) -> Tone {
        match self {
            Self::SomeReplayed | Self::SomeDismissed => Tone::Waits,
            _ => Tone::Good,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out in this browser.",
            Self::Retried => "It is due, and tried within a minute.",
            Self::Canceled => "It is canceled, and not tried any more.",
            Self::Replayed => "It is processed again. Look at this page again in some seconds to see what came of it.",
            Self::Dismissed => "It is dismissed: nothing comes of it, unless you replay it.",
            Self::AllReplayed => "Deliveries made due: {count}. They are processed within the next minutes.",
            Self::SomeReplayed => {
                "Deliveries made due: {count}. That is as many as one request takes: the same again takes the rest."
            }
            Self::AllDismissed => "Deliveries dismissed: {count}.",
            Self::SomeDismissed => {
                "Deliveries dismissed: {count}. That is as many as one request takes: the same again takes the rest."
            }
            Self::Issued => "The license is issued, and its mail goes out within a minute.",
            Self::Resent => "The mail with the key goes out again within a minute.",
            Self::Corrected => "The address is corrected, and the mail with the key goes there within a minute.",
            Self::Revoked => "The license is revoked, and the access that it gave is taken away within minutes.",
            Self::Reinstated => "The license is good again, and the access that it opens is given within minutes.",
            Self::Transferred => "The license belongs to the other account now, and its access follows within minutes.",
        }
    }

    /// As it is shown, with how many something was done to.
    pub(crate) fn told(self, count: Option<u32>) -> Told {
        let count = count.unwrap_or_default();
        Told { tone: self.tone().name(), text: filled(self.text(), &[("count", Part::Number(count.into()))]) }
    }
}

/// A license key of which nothing can be done with what is shown: its first and last four characters, where it has many more.
pub(crate) fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    match letters.as_slice() {
        [a, b, c, d, middle @ .., w, x, y, z] if middle.len() >= 12 => format!("{a}{b}{c}{d}…{w}{x}{y}{z}"),
        _ => "…".to_owned(),
    }
}

/// A license by its masked key, which leads to its story.
pub(crate) fn license_link(path: &str, key: &str) -> Markup {
    linked(path, &filled("{key}", &[("key", Part::Name(&masked(key)))]))
}

/// A sentence about a delivery, which leads to it.
pub(crate) fn delivery_link(sentence: &str, id: &str, event_type: &str) -> Markup {
    linked(&format!("/console/deliveries/{id}"), &filled(sentence, &[("type", Part::Name(event_type))]))
}

/// What helps.
pub(crate) const fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::None => "Nothing is to be done: it is tried again by itself.",
        Remedy::MapProduct => "Say in the catalogue what the product opens. What waits for it is processed then.",
        Remedy::ReplayEvent => "Mend the cause and replay it, or answer it with a license by hand.",
        Remedy::DismissEvent => "Its payload is erased: answer it with a license by hand, or dismiss it.",
        Remedy::RetryOutbox => "Mend the cause, then have it tried again.",
        Remedy::CorrectEmail => "Ask the buyer for an address that takes mail, and correct it: the key goes out again.",
        Remedy::InviteAgain => "Ask the buyer whether this is the right account, then invite it again.",
    }
}

/// Every page.
pub(crate) const CONSOLE: &str = "Console";
pub(crate) const SECTIONS_LABEL: &str = "Sections";
pub(crate) const SIGNED_IN_AS: &str = "Signed in as {name}";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const NEXT_PAGE: &str = "Next page";
pub(crate) const NOTHING: &str = "Nothing is here.";

/// The sign-in.
pub(crate) const SIGN_IN_TITLE: &str = "Sign in to the console";
pub(crate) const SIGN_IN_BUTTON: &str = "Sign in";
pub(crate) const NAME_LABEL: &str = "Your name";
pub(crate) const NAME_HINT: &str = "What you change is recorded under it. You may leave it empty.";
pub(crate) const TOKEN_LABEL: &str = "Admin token";
pub(crate) const TOKEN_HINT: &str =
    "The secret ADMIN_TOKEN of your Worker. You stay signed in for twelve hours, or until it is changed.";
pub(crate) const WRONG_TOKEN: &str = "This is not the admin token.";
pub(crate) const WRONG_NAME: &str = "Enter a name of at most 100 characters, in one line, or none.";
pub(crate) const TOO_OFTEN: &str = "Too many attempts. Please wait a minute.";
pub(crate) const NO_SESSION: &str = "The Worker could not begin a session. Please try again in a minute.";

/// Why nothing came of a request.
pub(crate) const REFUSED_TITLE: &str = "This did not work";
pub(crate) const NOTHING_HERE: &str = "There is nothing at this address.";
pub(crate) const NO_SUCH_METHOD: &str = "There is nothing to see at this address.";
pub(crate) const FOREIGN_FORM: &str =
    "This form did not come from our own page, and nothing was changed. Go back to the start, and try once more.";
pub(crate) const UNREADABLE_FORM: &str = "This form cannot be read, and nothing was changed.";
pub(crate) const TO_THE_START: &str = "Back to the start";

/// Every change.
pub(crate) const REASON_LABEL: &str = "Reason";
pub(crate) const REASON_HINT: &str = "It is recorded with your name and the time.";
pub(crate) const NEEDED: &str = "This is needed.";
pub(crate) const CHOOSE_NOTHING: &str = "None";
pub(crate) const KEEP: &str = "No, go back";

/// Every list.
pub(crate) const SHOW: &str = "Show";
pub(crate) const ANY: &str = "Any";
pub(crate) const STATE: &str = "State";
pub(crate) const KIND: &str = "Kind";
pub(crate) const ABOUT: &str = "About";
pub(crate) const OUTCOME: &str = "What came of it";
pub(crate) const ATTEMPTS: &str = "Attempts";
pub(crate) const NEXT_ATTEMPT: &str = "Next attempt";
pub(crate) const SINCE: &str = "Since";
pub(crate) const ACTIONS_LABEL: &str = "What you can do";
pub(crate) const ACCESS_OF: &str = "access of {account} to {repo}";

/// The outbox.
pub(crate) const OUTBOX: &str = "Outbox";
pub(crate) const OUTBOX_TITLE: &str = "What is to be done, and was";
pub(crate) const OUTBOX_CAPTION: &str = "Mails to send and access to give or take away, newest first";
pub(crate) const ROW_LEAD: &str = "{kind}: {about}";
pub(crate) const LAST_ERROR: &str = "The last attempt failed: {error}";
pub(crate) const RETRY_TITLE: &str = "Try it again";
pub(crate) const RETRY_LEAD: &str =
    "It becomes due and is tried within a minute, as often as if it were new. Mend first what has kept it.";
pub(crate) const RETRY_BUTTON: &str = "Try again";
pub(crate) const CANCEL_TITLE: &str = "Cancel it";
pub(crate) const CANCEL_LEAD: &str =
    "It is not tried any more. Whoever waits for it does not get it, unless you have it tried again.";
pub(crate) const CANCEL_BUTTON: &str = "Cancel it";

/// Actions.
pub(crate) const ACTIONS: &str = "Actions";
pub(crate) const ACTIONS_TITLE: &str = "What was changed";
pub(crate) const ACTIONS_CAPTION: &str = "Changes by operators, newest first";
pub(crate) const WHEN: &str = "When";
pub(crate) const WHO: &str = "Who";
pub(crate) const WHAT: &str = "What";
pub(crate) const TARGET: &str = "To what";
pub(crate) const WHY: &str = "Why";

/// Attention.
pub(crate) const ATTENTION: &str = "Attention";
pub(crate) const ATTENTION_TITLE: &str = "What needs attention";
pub(crate) const ATTENTION_NONE: &str = "Nothing needs you";
pub(crate) const ATTENTION_CALM: &str = "Whoever paid has what they paid for, or is on the way to it.";
pub(crate) const ATTENTION_CAPTION: &str = "Causes, those that need you first";
pub(crate) const HOLDS_UP: &str = "Holds up";
pub(crate) const WHAT_HELPS: &str = "What helps";
pub(crate) const WHICH: &str = "Which";
pub(crate) const AGAIN_AT: &str = "tried again";
pub(crate) const WHY_UNMAPPED: &str =
    "{storefront} sold the product {product}, and the catalogue does not say what it opens";
pub(crate) const WHY_RETURNED: &str = "The mail {fate}";
pub(crate) const WHY_EXPIRED: &str = "The invitation was renewed and ended unanswered all the same";
pub(crate) const WHY_WAITS: &str = "It has waited for longer than usual";
pub(crate) const LICENSE_OF: &str = "{license} of {email}";
pub(crate) const DELIVERY_OF: &str = "{delivery} of {email}";
pub(crate) const SEE_DELIVERY: &str = "See the delivery";
pub(crate) const INVITE_BUTTON: &str = "Invite again";

/// Deliveries.
pub(crate) const DELIVERIES: &str = "Deliveries";
pub(crate) const DELIVERIES_TITLE: &str = "What storefronts have sent";
pub(crate) const DELIVERIES_CAPTION: &str = "Deliveries, newest first";
pub(crate) const RECEIVED: &str = "Received";
pub(crate) const RECEIVED_SINCE: &str = "Received in";
pub(crate) const LAST_HOUR: &str = "the last hour";
pub(crate) const LAST_DAY: &str = "the last 24 hours";
pub(crate) const LAST_WEEK: &str = "the last 7 days";
pub(crate) const LAST_MONTH: &str = "the last 30 days";
pub(crate) const STOREFRONT: &str = "Storefront";
pub(crate) const EVENT_TYPE: &str = "Tells of";
pub(crate) const REASON: &str = "Why";
pub(crate) const ORDER: &str = "Order";
pub(crate) const BUYER: &str = "Buyer";
pub(crate) const DELIVERY_TITLE: &str = "A delivery";
pub(crate) const ORIGIN: &str = "How it reached us";
pub(crate) const PROCESSED: &str = "Processed";
pub(crate) const PRODUCT: &str = "Product";
pub(crate) const TRACE: &str = "Trace in the log";
pub(crate) const PAYLOAD: &str = "What was sent";
pub(crate) const PAYLOAD_ERASED: &str = "What was sent is erased.";
pub(crate) const SHOW_PAYLOAD: &str = "Show what was sent";
pub(crate) const LED_TO: &str = "What it led to";
pub(crate) const HAPPENED: &str = "What happened";
pub(crate) const DELIVERY_LEAD: &str = "{type} of {storefront}, received {at}.";
pub(crate) const REPLAY_TITLE: &str = "Replay the delivery";
pub(crate) const REPLAY_LEAD: &str =
    "It is processed as if it had just arrived. What was done already is not done twice.";
pub(crate) const REPLAY_BUTTON: &str = "Replay";
pub(crate) const DISMISS_TITLE: &str = "Dismiss the delivery";
pub(crate) const DISMISS_LEAD: &str =
    "Nothing comes of it: whoever bought gets no license by it. Replayed, it is processed after all.";
pub(crate) const DISMISS_BUTTON: &str = "Dismiss";
pub(crate) const REPLAY_ALL_TITLE: &str = "Replay all that match";
pub(crate) const REPLAY_ALL_LEAD: &str = "Deliveries that match and are not processed: {count}.";
pub(crate) const REPLAY_ALL_MOST: &str = "Deliveries that match and are not processed: {count} or more. One request takes so many, the longest waiting first.";
pub(crate) const REPLAY_ALL_CONSEQUENCE: &str =
    "Each is processed within the next minutes as if it had just arrived. What was done already is not done twice.";
pub(crate) const REPLAY_ALL_BUTTON: &str = "Replay all that match";
pub(crate) const DISMISS_ALL_TITLE: &str = "Dismiss all that match";
pub(crate) const DISMISS_ALL_LEAD: &str =
    "Deliveries that match and are not processed: {count}, each of somebody who may have paid.";
pub(crate) const DISMISS_ALL_MOST: &str = "Deliveries that match and are not processed: {count} or more, each of somebody who may have paid. One request takes so many, the \
     longest waiting first.";
pub(crate) const DISMISS_ALL_CONSEQUENCE: &str = "Nothing comes of any of them: whoever bought gets no license by it.";
pub(crate) const DISMISS_ALL_BUTTON: &str = "Dismiss all that match";
pub(crate) const OF_STOREFRONT: &str = "Of the storefront {value}.";
pub(crate) const IN_STATE: &str = "Only {value}.";
pub(crate) const WITH_ERROR: &str = "Only those whose error says: {value}";
pub(crate) const SINCE_WHEN: &str = "Received {at} or later.";

/// What happened.
pub(crate) const HAPPENED_RECEIVED: &str = "A delivery arrived: {type}";
pub(crate) const HAPPENED_PROCESSED: &str = "The delivery was processed";
pub(crate) const HAPPENED_STUCK: &str = "The delivery was left to you";
pub(crate) const HAPPENED_FACT: &str = "The storefront said: {fact}";
pub(crate) const HAPPENED_ISSUED: &str = "The license {license} was issued";
pub(crate) const HAPPENED_ACTIVATED: &str = "{account} activated the license {license}";
pub(crate) const HAPPENED_ENQUEUED: &str = "To be done: {errand}";
pub(crate) const HAPPENED_DONE: &str = "Done: {errand}";
pub(crate) const HAPPENED_DEAD: &str = "Given up: {errand}";
pub(crate) const HAPPENED_ACTION: &str = "{actor} {action}";
pub(crate) const HAPPENED_ACTION_TO: &str = "{actor} {action} to {to}";

/// Licenses.
pub(crate) const LICENSES: &str = "Licenses";
pub(crate) const LICENSES_TITLE: &str = "What buyers have";
pub(crate) const LICENSES_CAPTION: &str = "Licenses by key";
pub(crate) const LICENSE: &str = "License";
pub(crate) const EMAIL: &str = "Mail address";
pub(crate) const ACCOUNT: &str = "GitHub account";
pub(crate) const FIND: &str = "Find";
pub(crate) const FIND_LABEL: &str = "Find licenses";
pub(crate) const ISSUED: &str = "Issued";
pub(crate) const EXPIRES: &str = "Ends";
pub(crate) const TIER: &str = "Kind";
pub(crate) const PAID: &str = "Paid";
pub(crate) const LICENSE_ACTIVE: &str = "An active license";
pub(crate) const LICENSE_SUSPENDED: &str = "A suspended license";
pub(crate) const LICENSE_REVOKED: &str = "A revoked license";
pub(crate) const NEVER: &str = "never";
pub(crate) const TEST_PURCHASE: &str = "A test purchase: no money was charged.";
pub(crate) const NOT_ACTIVATED: &str = "Nobody has activated it yet.";
pub(crate) const ACTIVATED_BY: &str = "{account} (number {id}), {at}: {proof}";
pub(crate) const MAIL_RETURNED: &str = "The mail with the key {fate}, {at}.";
pub(crate) const ACCESS_CAPTION: &str = "Access that it opens";
pub(crate) const REPO: &str = "Repository";
pub(crate) const UNTIL: &str = "Until";
pub(crate) const SAID_OF_ORDER: &str = "What the storefront said of the order";
pub(crate) const LICENSE_LEAD: &str = "License {license} for the product {product}, bought by {email}.";
pub(crate) const LINK_OVER: &str =
    "This link is none, or is from before the admin token was changed. Search for the license again.";
pub(crate) const RESEND_TITLE: &str = "Send the key again";
pub(crate) const RESEND_LEAD: &str = "The buyer gets the mail with the key once more, to the same address.";
pub(crate) const RESEND_BUTTON: &str = "Send again";
pub(crate) const CORRECT_TITLE: &str = "Correct the address";
pub(crate) const CORRECT_LEAD: &str =
    "The address of the license and of its order is changed, and the mail with the key goes to the new one.";
pub(crate) const CORRECT_BUTTON: &str = "Correct the address";
pub(crate) const NEW_ADDRESS: &str = "The right address";
pub(crate) const REVOKE_TITLE: &str = "Revoke the license";
pub(crate) const REVOKE_NOBODY: &str =
    "The key opens nothing any more. Nobody has activated it, so nobody loses access.";
pub(crate) const REVOKE_SOMEBODY: &str = "The key opens nothing any more. It touches one person: {account} loses the access to whatever no other good license of theirs opens. \
     This one opens so many repositories: {count}.";
pub(crate) const REVOKE_BUTTON: &str = "Revoke";
pub(crate) const REINSTATE_TITLE: &str = "Reinstate the license";
pub(crate) const REINSTATE_NOBODY: &str = "The key is good again, whatever it was revoked or suspended for.";
pub(crate) const REINSTATE_SOMEBODY: &str =
    "The key is good again, whatever it was revoked or suspended for, and {account} is invited again.";
pub(crate) const REINSTATE_BUTTON: &str = "Reinstate";
pub(crate) const TRANSFER_TITLE: &str = "Transfer the license";
pub(crate) const TRANSFER_NOBODY: &str = "Nobody has activated it yet, so there is nobody to take it from.";
pub(crate) const TRANSFER_SOMEBODY: &str = "It touches two people: the new account is invited, and {account} loses the access to whatever no other good license of theirs \
     opens. This one opens so many repositories: {count}.";
pub(crate) const TRANSFER_BUTTON: &str = "Transfer";
pub(crate) const NEW_ACCOUNT: &str = "GitHub username of the new account";
pub(crate) const ISSUE_TITLE: &str = "Issue a license by hand";
pub(crate) const ISSUE_LEAD: &str =
    "Somebody gets a license as if they had bought the product, and the mail with its key.";
pub(crate) const ISSUE_FOR_DELIVERY: &str = "It answers the delivery {type}, which is processed by that.";
pub(crate) const ISSUE_BUTTON: &str = "Issue it";
pub(crate) const PRODUCT_ID: &str = "Product";
pub(crate) const PRODUCT_HINT: &str = "The storefront's id of it, as in the catalogue.";
pub(crate) const VARIANT_ID: &str = "Variant";
pub(crate) const VARIANT_HINT: &str = "Where the catalogue names one.";
pub(crate) const EMAIL_HINT: &str = "Where the mail with the key goes.";
