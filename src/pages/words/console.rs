//! What the console says beside the words of the codes, which are in `crate::words`: English, whole sentences, places in braces.

use super::{Markup, Part, Tone, alone, filled, linked};
use crate::api::codes::Remedy;

/// What has become of what the operator did, told on the page to which that led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    SignedOut,
    SessionOver,
    Retried,
    AllRetried,
    SomeRetried,
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
    CatalogueSaved,
    CatalogueSavedAndDue,
    CatalogueSame,
    EntryRemoved,
    ComparedNow,
    EarlierForgotten,
    Synced,
    SyncedSome,
    TestMailSent,
    TestMailLogged,
}

/// A notice as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) tone: &'static str,
    pub(crate) text: Markup,
}

impl Notice {
    const ALL: [Self; 28] = [
        Self::SignedOut,
        Self::SessionOver,
        Self::Retried,
        Self::AllRetried,
        Self::SomeRetried,
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
        Self::CatalogueSaved,
        Self::CatalogueSavedAndDue,
        Self::CatalogueSame,
        Self::EntryRemoved,
        Self::ComparedNow,
        Self::EarlierForgotten,
        Self::Synced,
        Self::SyncedSome,
        Self::TestMailSent,
        Self::TestMailLogged,
    ];

    /// As it stands in an address.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SessionOver => "session_over",
            Self::Retried => "retried",
            Self::AllRetried => "all_retried",
            Self::SomeRetried => "some_retried",
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
            Self::CatalogueSaved => "catalogue_saved",
            Self::CatalogueSavedAndDue => "catalogue_saved_and_due",
            Self::CatalogueSame => "catalogue_same",
            Self::EntryRemoved => "entry_removed",
            Self::ComparedNow => "compared_now",
            Self::EarlierForgotten => "earlier_forgotten",
            Self::Synced => "synced",
            Self::SyncedSome => "synced_some",
            Self::TestMailSent => "test_mail_sent",
            Self::TestMailLogged => "test_mail_logged",
        }
    }

    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }

    const fn tone(self) -> Tone {
        match self {
            Self::SessionOver
            | Self::SomeRetried
            | Self::SomeReplayed
            | Self::SomeDismissed
            | Self::ComparedNow
            | Self::SyncedSome
            | Self::TestMailLogged => Tone::Waits,
            Self::CatalogueSame => Tone::Plain,
            _ => Tone::Good,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out in this browser.",
            Self::SessionOver => "Your session has ended, so nothing was changed. Sign in, then do it once more.",
            Self::Retried => "It is due, and tried within a minute.",
            Self::AllRetried => "Made due: {count}. They are tried by the next ticks.",
            Self::SomeRetried => {
                "Made due: {count}. That is as many as one request takes: the same again takes the rest."
            }
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
            Self::CatalogueSaved => {
                "The catalogue is saved, and counts from now on. Who bought before keeps what they have, until you bring them to it."
            }
            Self::CatalogueSavedAndDue => {
                "The catalogue is saved. Deliveries that waited for it and are processed within a minute: {count}."
            }
            Self::CatalogueSame => "The catalogue was so already, and nothing was changed.",
            Self::EntryRemoved => "The entry is taken out. Who bought keeps what they have.",
            Self::ComparedNow => "Repositories that are compared now: {count}. Look again in a minute.",
            Self::EarlierForgotten => "It is forgotten: the account keeps what its licenses open, and nothing else.",
            Self::Synced => {
                "Licenses are brought to the catalogue. Accounts whose access changes within minutes: {count}."
            }
            Self::TestMailSent => {
                "The mail provider has taken the mail. It is at OPERATOR_EMAIL within minutes; if not, look where spam goes."
            }
            Self::TestMailLogged => "There is no mail provider, so the mail is in the Worker's log and nowhere else.",
            Self::SyncedSome => {
                "These are brought to the catalogue. Accounts whose access changes within minutes: {count}. Below are the next."
            }
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
    linked(path, &alone(&masked(key)))
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

/// What was entered before a session ended.
pub(crate) const KEPT_NOTICE: &str =
    "Your session has ended, so nothing was changed. What you have entered is kept: sign in, and you can send it.";
pub(crate) const KEPT_TITLE: &str = "Not sent yet";
pub(crate) const KEPT_LEAD: &str = "This was entered at {path} before the session ended, and nothing was changed by it yet. Sent now, it is recorded in \
     the name of {name}.";
pub(crate) const KEPT_BUTTON: &str = "Send it now";
pub(crate) const KEPT_BACK: &str = "Leave it, and open the page";

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
pub(crate) const RETRY_ALL_TITLE: &str = "Try all that match again";
pub(crate) const RETRY_ALL_LEAD: &str =
    "Given up or waiting for a person, and matching: {count}. People affected: {people}.";
pub(crate) const RETRY_ALL_MOST: &str = "Given up or waiting for a person, and matching: {count} or more. One request takes so many, the longest waiting first. \
     People affected: {people}.";
pub(crate) const RETRY_ALL_CONSEQUENCE: &str = "Each becomes due and is tried by one of the next ticks, as often as if it were new; many take an hour and more on Workers \
     Free. Mend first what kept them from being done. Left out are mails that came back for their address, what somebody has to look at \
     before, and alerts to you.";
pub(crate) const RETRY_ALL_BUTTON: &str = "Try all that match again";
pub(crate) const OF_KIND: &str = "Of the kind: {value}.";
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

/// Products.
pub(crate) const PRODUCTS: &str = "Products";
pub(crate) const PRODUCTS_TITLE: &str = "What you sell, and what it opens";
pub(crate) const WAITING_HEADING: &str = "Sold, and not in the catalogue";
pub(crate) const WAITING_LEAD: &str = "Nobody who bought one of these has anything yet. Say what it opens, and what waits is fulfilled by itself within a minute.";
pub(crate) const WAITING_CAPTION: &str = "Products that the catalogue does not name, the most sold first";
pub(crate) const CATALOGUE_HEADING: &str = "The catalogue";
pub(crate) const CATALOGUE_CAPTION: &str = "Every entry, by storefront";
pub(crate) const CATALOGUE_VERSION: &str = "Version {version}";
pub(crate) const MAP_BUTTON: &str = "Say what it opens";
pub(crate) const ADD_LINK: &str = "Add a product";
pub(crate) const TEXT_LINK: &str = "Edit it as text";
pub(crate) const CHANGE_LINK: &str = "Change";
pub(crate) const REMOVE_LINK: &str = "Take out";
pub(crate) const ENTRY_PRODUCT_ID: &str = "Product ID";
pub(crate) const PRODUCT_ID_HINT: &str = "Exactly as the storefront shows it.";
pub(crate) const VARIANT: &str = "Variant";
pub(crate) const ENTRY_VARIANT_HINT: &str =
    "Only where this entry is for one variant. Empty: for all that have no entry of their own.";
pub(crate) const PRODUCT_NAME: &str = "Name";
pub(crate) const PRODUCT_NAME_HINT: &str = "Buyers see it in mails and on their page.";
pub(crate) const OPENS: &str = "Opens";
pub(crate) const LICENSE_KIND: &str = "License key";
pub(crate) const USUAL_LICENSE: &str = "as is usual for the storefront";
pub(crate) const NO_LICENSE: &str = "none";
pub(crate) const CHOSEN_FROM: &str = "{limit} of {repos}";
pub(crate) const WAITING_DELIVERIES: &str = "Lines that wait";
pub(crate) const USED_KEYS: &str = "Keys that were tried";
pub(crate) const UNNAMED: &str = "without a name";
pub(crate) const ENTRY_TIER: &str = "Tier";
pub(crate) const TIER_HINT: &str = "Your word for the kind of license, such as pro. Not needed where there is none.";
pub(crate) const YEARS: &str = "Years";
pub(crate) const YEARS_HINT: &str = "How long a license lasts. Empty: for ever.";
pub(crate) const REPOS: &str = "Other repositories";
pub(crate) const REPOS_HINT: &str = "owner/name, one in each line. Every buyer gets them.";
pub(crate) const PICKS: &str = "Repositories that every buyer gets";
pub(crate) const TERMS: &str = "Choice and terms";
pub(crate) const CHOOSE: &str = "To choose from";
pub(crate) const CHOOSE_HINT: &str = "owner/name, one in each line: the buyer picks some of these.";
pub(crate) const LIMIT: &str = "How many of them";
pub(crate) const LIMIT_HINT: &str = "Empty: one.";
pub(crate) const PERMISSION: &str = "What buyers may do";
pub(crate) const PROOF: &str = "The GitHub account is";
pub(crate) const ON_REFUND: &str = "After a full refund";
pub(crate) const ON_PARTIAL_REFUND: &str = "After a refund in part";
pub(crate) const ON_DISPUTE: &str = "While a payment is disputed";
pub(crate) const ON_DISPUTE_LOST: &str = "After a lost dispute";
pub(crate) const ON_EXPIRY: &str = "When the years are over";
pub(crate) const ON_END: &str = "When a subscription has ended";
pub(crate) const GRACE_DAYS: &str = "Days of grace";
pub(crate) const GRACE_DAYS_HINT: &str = "Empty: three.";
pub(crate) const REMIND_DAYS: &str = "Days before the end to remind the buyer";
pub(crate) const REMIND_DAYS_HINT: &str = "Empty: fourteen. 0: never.";
pub(crate) const RENEW_URL: &str = "Where the buyer renews";
pub(crate) const RENEW_URL_HINT: &str = "An address that begins with https://";
pub(crate) const PER_QUANTITY: &str = "One license for each piece";
pub(crate) const AT_CHECKOUT: &str = "Activate at once where the checkout asks for a GitHub username";
pub(crate) const ADD_TITLE: &str = "Add a product";
pub(crate) const CHANGE_TITLE: &str = "Change an entry";
pub(crate) const ENTRY_LEAD: &str =
    "It counts for sales from now on. Who bought before keeps what they have, until you bring them to it.";
pub(crate) const SOLD_LEAD: &str =
    "It was sold already. Tick what it opens and save: what waits for it is then processed within a minute.";
pub(crate) const SOLD_REASON: &str = "it was sold";
pub(crate) const ENTRY_GONE: &str = "This entry is gone: somebody has changed the catalogue meanwhile. What you entered is kept, and would be added anew.";
pub(crate) const NO_STOREFRONT: &str = "`source` names no storefront that there is.";
pub(crate) const LOOK_BUTTON: &str = "Show the difference";
pub(crate) const SAVE_BUTTON: &str = "Save";
pub(crate) const REMOVE_ENTRY_TITLE: &str = "Take a product out of the catalogue";
pub(crate) const REMOVE_ENTRY_WHAT: &str = "{name}, at {storefront}: {product}";
pub(crate) const REMOVE_ENTRY_LEAD: &str =
    "A sale of it from now on waits for you, and opens nothing. Who bought it keeps what they have.";
pub(crate) const REMOVE_ENTRY_BUTTON: &str = "Take it out";
pub(crate) const TEXT_TITLE: &str = "The catalogue as text";
pub(crate) const TEXT_LEAD: &str =
    "The whole catalogue in TOML, as the file products.toml. Entries that are not here any more are taken out.";
pub(crate) const TEXT_LABEL: &str = "Catalogue";
pub(crate) const CATALOGUE_TOO_LARGE: &str = "The catalogue is larger than a million characters.";
pub(crate) const MISTAKES_HEADING: &str = "What is wrong with it";
pub(crate) const NO_MISTAKES: &str = "Nothing is wrong with it.";
pub(crate) const SOME_MISTAKES: &str = "Something is wrong with it: see above what you write.";
pub(crate) const PLAN_HEADING: &str = "What would change";
pub(crate) const PLAN_OF_OTHER: &str = "What you wrote is kept, and compared with the catalogue as it is now: see whether it takes back what was changed meanwhile.";
pub(crate) const PLAN_NOTHING: &str = "Nothing: the catalogue is so already.";
pub(crate) const ADDED: &str = "Added";
pub(crate) const CHANGED: &str = "Changed";
pub(crate) const REMOVED: &str = "Taken out";
pub(crate) const DESCRIBED: &str = "How deliveries are read";
pub(crate) const ENTRY: &str = "{name} ({storefront} {product})";
pub(crate) const ENTRY_WITH_SOLD: &str = "{entry}. {sold}";
pub(crate) const SOLD_OF_ENTRY: &str = "Licenses sold of it: {licenses}. People who hold them: {people}.";
pub(crate) const SOLD_OR_MORE: &str =
    "Licenses sold of it: {licenses} or more. People who hold them: {people} or more.";
pub(crate) const WILL_BE_DUE: &str = "Deliveries that wait for it, and will be processed: {count}.";

/// The doctor.
pub(crate) const DOCTOR: &str = "Doctor";
pub(crate) const DOCTOR_TITLE: &str = "Is everything set up as it has to be?";
pub(crate) const DOCTOR_SUMMARY: &str = "Failed: {failed}. Warnings: {warnings}. Skipped: {skipped}. OK: {right}.";
pub(crate) const DOCTOR_CAPTION: &str = "What was looked at just now, here and at the services; what failed first";
pub(crate) const LOOKED_AT: &str = "Looked at";
pub(crate) const FOUND: &str = "Found";
pub(crate) const MENDED_BY: &str = "What mends it";
pub(crate) const CHECKED: &str = "{what} {subject}";
pub(crate) const CHECKED_ALONE: &str = "{what}";
pub(crate) const TO_PRODUCTS: &str = "Products";
pub(crate) const LOOK_AGAIN: &str = "Look again";

/// Access.
pub(crate) const ACCESS: &str = "Access";
pub(crate) const ACCESS_TITLE: &str = "Who can get into what";
pub(crate) const REPOSITORIES_CAPTION: &str = "The repositories that your products open";
pub(crate) const REPOSITORY: &str = "Repository";
pub(crate) const REPOSITORY_TITLE: &str = "Access to";
pub(crate) const MEMBERS: &str = "Have access";
pub(crate) const INVITED: &str = "Invited";
pub(crate) const EXPIRING: &str = "Invitation ends within a day";
pub(crate) const IN_LINE: &str = "Wait in line";
pub(crate) const TODAYS_BUDGET: &str = "Invitations in 24 hours";
pub(crate) const DIFFERENCES: &str = "Differences";
pub(crate) const COMPARED: &str = "Compared with GitHub";
pub(crate) const BEING_COMPARED: &str = "being compared";
pub(crate) const NEVER_COMPARED: &str = "not yet";
pub(crate) const BUDGET: &str = "{begun} of {most}";
pub(crate) const PAUSED_UNTIL: &str = "GitHub's limit is met, until {until}";
pub(crate) const NO_DIFFERENCES: &str = "none";
pub(crate) const OR_MORE: &str = "{count} or more";
pub(crate) const LINE_CAPTION: &str = "Who waits for an invitation, in the order of their turns: the first 50";
pub(crate) const INVITED_CAPTION: &str =
    "Who is invited and has not answered, the invitation that ends first on top: the first 50";
pub(crate) const TURN: &str = "Turn";
pub(crate) const ENDS: &str = "Ends";
pub(crate) const LICENSES_OF: &str = "Licenses";
pub(crate) const HISTORY: &str = "History";
pub(crate) const GRANTS_LINK: &str = "Every access";
pub(crate) const GRANTS_TITLE: &str = "Every access";
pub(crate) const GRANTS_CAPTION: &str = "Accounts and repositories, by account";
pub(crate) const HAD_BEFORE: &str = "before any license it had: {permission}";
pub(crate) const CAME: &str = "{at}: {state} ({cause})";
pub(crate) const CAME_FOR_ORDER: &str = "{at}: {state} ({cause}), order {order} at {storefront}";
pub(crate) const DRIFT_LINK: &str = "Differences";
pub(crate) const DRIFT_TITLE: &str = "Where GitHub and the records differ";
pub(crate) const DRIFT_LEAD: &str = "Each repository is compared once a day. What is missing is given again by itself; nobody is ever taken out for being in.";
pub(crate) const DRIFT_CAPTION: &str = "Differences, as they were found";
pub(crate) const FOUND_AT: &str = "Last found";
pub(crate) const EVIDENCE: &str = "Evidence";
pub(crate) const SEEN_INSIDE: &str = "GitHub lists it as a collaborator.";
pub(crate) const SEEN_INSIDE_WITH: &str = "GitHub lists it as a collaborator, who may {role}.";
pub(crate) const INVITED_BY_AT: &str = "{inviter} invited it on {at}.";
pub(crate) const INVITED_BY_NOBODY: &str = "An invitation is open; GitHub does not say whose.";
pub(crate) const OTHER_NAME: &str = "Another name: {name}";
pub(crate) const LICENSES_ASK: &str = "Its licenses ask for: {permission}";
pub(crate) const LET_IN: &str = "Let in by us: {change}";
pub(crate) const LET_IN_BY_NOBODY: &str = "We never let it in: no license of it is on record.";
pub(crate) const LICENSE_OF_ORDER: &str = "License {key} of order {order} at {storefront}: {status}";
pub(crate) const COMPARE_TITLE: &str = "Compare with GitHub now";
pub(crate) const COMPARE_ALL: &str = "Every repository of the catalogue is compared.";
pub(crate) const COMPARE_ONE: &str = "{repo} is compared.";
pub(crate) const COMPARE_LEAD: &str =
    "GitHub's lists are read now instead of within a day. What is missing is given again; nobody is taken out.";
pub(crate) const COMPARE_BUTTON: &str = "Compare now";
pub(crate) const FORGET_LINK: &str = "Take that";
pub(crate) const FORGET_TITLE: &str = "Take what an account had before";
pub(crate) const FORGET_WHAT: &str =
    "{account} had access to {repo} before any license let it in ({permission}), and keeps that when its licenses end.";
pub(crate) const FORGET_NOTHING: &str = "{account} had no access to {repo} before its licenses.";
pub(crate) const FORGET_LEAD: &str =
    "Forgotten, it keeps what its licenses open for as long as they do, and nothing else. It touches one person.";
pub(crate) const FORGET_BUTTON: &str = "Take it";
pub(crate) const SYNC_LINK: &str = "Bring licenses to the catalogue";
pub(crate) const SYNC_TITLE: &str = "Bring licenses to the catalogue";
pub(crate) const SYNC_LEAD: &str = "A license keeps what it was activated with. Here those that are good are brought to what the catalogue says by now.";
pub(crate) const SYNC_PRODUCT_HINT: &str = "Only licenses of this product. Empty: of every product.";
pub(crate) const SYNC_LICENSES: &str = "Licenses that were looked at: {count}.";
pub(crate) const SYNC_CHANGED: &str = "Licenses that would open something else: {count}.";
pub(crate) const SYNC_PEOPLE: &str = "People whose access would change: {count}.";
pub(crate) const SYNC_UNMAPPED: &str = "Left as they are, since the catalogue does not name their product: {count}.";
pub(crate) const SYNC_CHOICES_GONE: &str = "Keep a choice that is not offered any more: {count}.";
pub(crate) const SYNC_CHOICES_MISSING: &str = "Left as they are, since their buyer never had to choose: {count}.";
pub(crate) const SYNC_SUSPENDED: &str = "Left as they are, since they are suspended: {count}.";
pub(crate) const SYNC_UNREADABLE: &str =
    "Left as they are, since somebody has put into a table what cannot be read: {count}.";
pub(crate) const SYNC_CAPTION: &str = "People whose access changes, by repository";
pub(crate) const SYNC_ADD: &str = "Gain it";
pub(crate) const SYNC_REMOVE: &str = "Lose it";
pub(crate) const SYNC_RAISE: &str = "May do more";
pub(crate) const SYNC_LOWER: &str = "May do less";
pub(crate) const SYNC_GOES_ON: &str = "There are more licenses: the next are shown once these are done.";
pub(crate) const SYNC_BUTTON: &str = "Bring them to the catalogue";

/// Sales.
pub(crate) const SALES: &str = "Sales";
pub(crate) const SALES_TITLE: &str = "What you sold";
pub(crate) const PERIOD: &str = "Period";
pub(crate) const DAYS_7: &str = "7 days";
pub(crate) const DAYS_30: &str = "30 days";
pub(crate) const DAYS_90: &str = "90 days";
pub(crate) const PERIOD_END: &str = "Last day";
pub(crate) const LAST_DAY_HINT: &str = "Such as 2026-11-27. Empty: today.";
pub(crate) const NO_SUCH_DAY: &str = "`until` is no day such as 2026-11-27.";
pub(crate) const SOLD: &str = "Sales: {count}.";
pub(crate) const PAID_TOTAL: &str = "Paid: {amount}.";
pub(crate) const OF_THEM_REFUNDED: &str = "Refunded since: {count}.";
pub(crate) const OF_THEM_REFUNDED_IN_PART: &str = "Refunded in part: {count}.";
pub(crate) const OF_THEM_WAITING: &str = "Wait for their buyer to activate: {count}.";
pub(crate) const SEE_WAITING: &str = "Which wait for their buyer";
pub(crate) const TEST_SALES: &str = "Test sales, which are counted in nothing else: {count}.";
pub(crate) const SOLD_ON: &str = "{day}: {count} sold";
pub(crate) const CHART_LABEL: &str =
    "Sales by day from {first} to {last}, {highest} at most; the table below has the same numbers";
pub(crate) const BY_PRODUCT: &str = "By product, the most sold first";
pub(crate) const BY_DAY: &str = "By day, in UTC, the last first";
pub(crate) const DAY: &str = "Day";
pub(crate) const LINES: &str = "Sold";
pub(crate) const PIECES: &str = "Pieces";
pub(crate) const PAID_LABEL: &str = "Paid";
pub(crate) const REFUNDED: &str = "Refunded since";
pub(crate) const REFUNDED_IN_PART: &str = "In part";
pub(crate) const WAITING_ON_BUYER: &str = "Wait for their buyer";
pub(crate) const TESTS: &str = "Tests";
pub(crate) const NOT_IN_CATALOGUE: &str = "not in the catalogue";
pub(crate) const EARLIER_DAYS: &str = "Earlier days";
pub(crate) const CUT_WITHIN_A_DAY: &str =
    "More was sold on this day than is counted at once: these sales are its newest.";
pub(crate) const MORE_OF_DAY: &str = "More of this day";
pub(crate) const REST_OF_DAY: &str =
    "Of the last day that is shown, only those sales are counted that were left out before.";

/// Set up.
pub(crate) const SET_UP: &str = "Set up";
pub(crate) const SET_UP_TITLE: &str = "Set up your shop";
pub(crate) const SET_UP_SUMMARY: &str = "{done} of {all} steps are done.";
pub(crate) const HOW: &str = "How";
pub(crate) const STEP_DONE: &str = "Done";
pub(crate) const STEP_NEARLY: &str = "Works, with a warning";
pub(crate) const STEP_OPEN: &str = "To be done";
pub(crate) const STEP_WORKER: &str = "The Worker and its database";
pub(crate) const STEP_WORKER_LEAD: &str =
    "The database has its tables, the settings are right, and the cron trigger runs once a minute.";
pub(crate) const STEP_PRODUCTS: &str = "Products";
pub(crate) const STEP_PRODUCTS_LEAD: &str =
    "Say of each product which repositories it opens. What follows is for their owners.";
pub(crate) const STEP_GITHUB: &str = "GitHub";
pub(crate) const STEP_GITHUB_LEAD: &str = "The Worker invites buyers as a GitHub App of your own, or with a token. The App is made with one click, does not end, and is what buyers sign in with as well. For a token, the link opens GitHub's form with all filled in but the repositories: tick them there, make the token, and put it into the Worker. An owner of the organization may have to approve it.";
pub(crate) const MAKE_TOKEN: &str = "Make a token at GitHub";
pub(crate) const MAKE_TOKEN_FOR: &str = "Make a token for {owner} at GitHub";
pub(crate) const STEP_SIGN_IN: &str = "Sign-in with GitHub";
pub(crate) const STEP_SIGN_IN_LEAD: &str = "With an OAuth app, buyers sign in instead of typing a username, and are in with one click. Let the organization own it that owns the repositories.";
pub(crate) const MAKE_OAUTH_APP: &str = "Make an OAuth app at GitHub";
pub(crate) const MAKE_OAUTH_APP_FOR: &str = "Make an OAuth app of {owner} at GitHub";
pub(crate) const STEP_STOREFRONTS: &str = "Storefronts";
pub(crate) const STEP_STOREFRONTS_LEAD: &str =
    "Each storefront that you sell at has to tell the Worker of its sales. One is enough.";
pub(crate) const STEP_MAIL: &str = "Mail";
pub(crate) const STEP_MAIL_LEAD: &str = "Buyers get their key by mail. Put the token of your mail provider and set EMAIL_FROM, as docs/deploy.md says; set OPERATOR_EMAIL for a test mail and for alerts.";
pub(crate) const SEND_TEST_MAIL: &str = "Send yourself a test mail";
pub(crate) const STEP_SALE: &str = "A test sale";
pub(crate) const STEP_SALE_LEAD: &str = "Buy your own product, best in the storefront's test mode: you get the mail, and it is here under Sales. With ALLOW_TEST_LICENSES set, a test sale opens repositories too.";
pub(crate) const FRONT_NOT_USED: &str = "Not used";
pub(crate) const RUN: &str = "Run";
pub(crate) const HOMEPAGE: &str = "Homepage URL";
pub(crate) const CALLBACK: &str = "Authorization callback URL";
pub(crate) const IN_WRANGLER_TOML: &str = "In wrangler.toml";
pub(crate) const BY_COMMAND: &str = "By a command";
pub(crate) const OR_BY_HAND: &str = "Or by hand at";
pub(crate) const ADDRESS: &str = "Address";
pub(crate) const SECRET: &str = "Secret";
pub(crate) const EVENTS: &str = "Events";
pub(crate) const SECRET_IN_ADDRESS: &str = "A long random text of yours, in the address, and as:";
pub(crate) const SECRET_SIGNS: &str = "A long random text of yours, at the storefront, and as:";
pub(crate) const SECRET_ISSUED: &str = "The storefront shows it once the webhook is there:";
pub(crate) const COPY: &str = "Copy";

/// Set up: a GitHub App.
pub(crate) const MAKE_APP_LINK: &str = "Make a GitHub App";
pub(crate) const MAKE_APP_TITLE: &str = "Make a GitHub App";
pub(crate) const MAKE_APP_LEAD: &str = "GitHub opens with a form that is filled in. Confirm it there as an owner, and you are led back here, where the App's secrets are shown once. They are kept nowhere.";
pub(crate) const MAKE_APP_MAY: &str = "Where you install it, the App may let people into repositories and see who is in; it may read no code. It is public, since your buyers sign in with it; whoever else installs it gains nothing by that.";
pub(crate) const MAKE_APP_THEN: &str =
    "Let it belong to whoever owns the repositories. GitHub asks for a name that nobody else's App has.";
pub(crate) const MAKE_APP_FOR: &str = "Make an App of {owner} at GitHub";
pub(crate) const MAKE_APP_OF_MINE: &str = "Make an App of my own account at GitHub";
pub(crate) const OTHER_OWNER: &str = "Another organization";
pub(crate) const OTHER_OWNER_HINT: &str = "As it stands in the addresses of its repositories.";
pub(crate) const NO_SUCH_LOGIN: &str = "This is no name that an organization at GitHub can have.";
pub(crate) const APP_NOT_BEGUN: &str = "This was not begun in this browser, or is over: nothing was asked of GitHub. If there is an App at GitHub that you have not put in, delete it there, and begin at Set up.";
pub(crate) const APP_CODE_REFUSED: &str = "GitHub does not take this code, or not any more: it is good once, and for an hour. If there is an App at GitHub that you have not put in, delete it there, and begin at Set up.";
pub(crate) const APP_UNCLEAR: &str = "GitHub did not say what the App's secrets are. Load this page once more.";
pub(crate) const APP_MADE_TITLE: &str = "Your GitHub App is made";
pub(crate) const APP_MADE_LEAD: &str =
    "These are its secrets. This page is shown once: they are kept nowhere, and nobody can show them again.";
pub(crate) const APP_SAVE: &str = "Save the file where you deploy the Worker from.";
pub(crate) const APP_SAVE_BUTTON: &str = "Save";
pub(crate) const APP_SHOW_FILE: &str = "Show the file";
pub(crate) const APP_PUT: &str = "Put them into the Worker:";
pub(crate) const APP_PUT_VARS: &str = "Where wrangler.toml sets GITHUB_OAUTH_CLIENT_ID, take that out first, and deploy: a name is a variable or a secret, and not both.";
pub(crate) const APP_DELETE_TOKEN: &str = "The App stands in place of your token, which is not used any more:";
pub(crate) const APP_INSTALL: &str = "Install the App on the repositories of your products.";
pub(crate) const APP_INSTALL_BUTTON: &str = "Install it at GitHub";
pub(crate) const APP_DELETE_FILE: &str = "Delete the file.";

/// Products: what there is to pick from.
pub(crate) const OFFERS_HEADING: &str = "At your storefronts, and not in the catalogue";
pub(crate) const OFFERS_LEAD: &str = "Begin with one of these, or fill in the form.";
pub(crate) const OFFER: &str = "{storefront}: {name} ({product})";
pub(crate) const OFFER_UNNAMED: &str = "{storefront}: {product}";
pub(crate) const CHOICE_MISSING: &str = "{service} did not say what there is, so type it: {reason}";

/// A license: its whole key.
pub(crate) const SHOW_KEY_TITLE: &str = "Show the whole key";
pub(crate) const SHOW_KEY_LEAD: &str =
    "Whoever has the key can activate the license, so it is recorded that you have looked at it. Nothing is changed.";
pub(crate) const SHOW_KEY_BUTTON: &str = "Show it";
pub(crate) const WHOLE_KEY_TITLE: &str = "The whole key";
pub(crate) const WHOLE_KEY_LEAD: &str = "It stands in no address, and this page is not kept.";
pub(crate) const TO_THE_LICENSE: &str = "Back to the license";
