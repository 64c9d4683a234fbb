//! All that the engine does, played against a world in which calls fail, hang and processes die: each with
//! those who try again in reality (the storefront, the buyer, the operator, cron), and with the one way in which it has
//! to end.
//!
//! | module | holds |
//! |---|---|
//! | `beginnings` | how things stand before a scenario, and who asks for what |
//! | `changes` | what an operator asks for |
//! | `ends` | how each scenario ends |
//! | `striking` | the world that strikes |

mod beginnings;
mod changes;
mod ends;
mod striking;

use std::rc::Rc;
use std::time::Duration;

use latchkey::engine::{FollowUp, Ticked};
use latchkey::http;
use latchkey::model::{Actor, AdminAction, Reason};
use latchkey::platform::host::Sqlite;
use latchkey::platform::{Platform, unique_id};
use latchkey_sandbox::{
    GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GUMROAD_ACCESS_TOKEN, LEMON_SQUEEZY_API_KEY, PADDLE_API_KEY,
    PADDLE_WEBHOOK_SECRET, POLAR_ACCESS_TOKEN, POLAR_WEBHOOK_SECRET, STANDARD_WEBHOOKS_SECRET, STRIPE_API_KEY,
    STRIPE_WEBHOOK_SECRET,
};

use self::beginnings::{Ask, Subject};
use self::changes::Change;
use crate::shop::{BY_BINDING, BY_RESEND, BY_SMTP2GO, Shop};

pub(crate) use self::striking::{Blow, FATES, Witness, unless_it_dies, watch};

/// Who gets the alerts, in the scenarios of them.
const OPERATOR: &str = "operator@example.com";

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    /// A sale on Gumroad, which tries four times to deliver it.
    Sale,
    /// An order of Lemon Squeezy's, whose key is minted here.
    MintedOrder,
    /// A sale of which the storefront has to be asked who bought, and a refund in part, of which it has to be asked what it comes to.
    AskedSale,
    /// A sale of which the storefront has to be asked what was bought; then its subscription is renewed, and that is refunded, which
    /// fails. Which payment that is of has to be asked as well.
    JoinedRefund,
    /// A sale to a team, whose owner has to be asked for; then a part is refunded, which fails. How its order stands has to be asked as
    /// well.
    TeamSale,
    /// An order of Lemon Squeezy's, then the key that it issued.
    IssuedKey,
    /// The same two, the key first: it has to wait for the order, which says what was bought.
    KeyBeforeOrder,
    /// The key, then its order, in which a GitHub username was given at the checkout, for which the license is activated.
    Checkout,
    /// An order of a test purchase, then the key that Lemon Squeezy issued.
    TestKey,
    /// Lemon Squeezy tells that a key is disabled which the buyer has activated, and then of another in its place.
    ChangedKey,
    /// A sale of what no entry of the catalogue names.
    UnmappedSale,
    /// A delivery that was stored and acknowledged by a process that died over it.
    AbandonedSale,
    /// A sale whose mail is refused for good; the operator is told.
    RefusedMail,
    /// A sale whose mail leaves by Resend, which knows a mail again.
    ResendSale,
    /// The same by SMTP2GO.
    Smtp2goSale,
    /// The same by the deployment's own binding.
    BoundSale,
    /// A mail comes back that was sent; the operator is told.
    ReturnedMail,
    /// Sales that no ping told of, more than are on a page.
    FoundSales,
    /// An order and its key that no webhook told of.
    FoundOrder,
    /// The same of a sale and a refund that are on lists of their own.
    FoundTransaction,
    /// A sale, a refund of a part of it and a dispute that was won, of which only lists tell: the last two by the order's name alone.
    FoundDispute,
    /// The buyer of a minted key activates it for the first time.
    FirstActivation,
    /// The same where a GitHub App asks in place of a token.
    AppActivation,
    /// A first activation with a key that only Lemon Squeezy knows.
    StorefrontKey,
    /// The same with one of a product that no entry of the catalogue names.
    UnmappedKey,
    /// The buyer activates once more.
    Bypass,
    /// The first activation while GitHub rejects the token; the operator is told, and replaces it.
    RejectedToken,
    /// The first activation while GitHub asks to wait, without saying how long.
    LimitedActivation,
    /// Gumroad tells of a full refund of what one is a member of by now, and is invited to otherwise.
    Refund,
    /// The license of the same ends by itself.
    LicenseEnd,
    /// The buyer of a license is reminded of its end.
    Reminder,
    /// Lemon Squeezy tells of an invoice of a subscription before it has told of the subscription.
    Invoice,
    /// The operator revokes the same.
    Revocation,
    /// The operator gives it to another account.
    Transfer,
    /// The operator brings the same to a catalogue that has dropped one repository and has another.
    Sync,
    /// The operator takes from an account what it had in a repository before the license, which has been refunded since.
    Forgetting,
    /// Of two invitations one is accepted and one declined, which two looks find out, at a short list and a long one.
    Watching,
    /// An invitation ends that was renewed as often as that is done; the operator is told.
    LastInvitation,
    /// The operator has repositories compared: of one list there are several pages, somebody was removed by hand, and access was lost.
    Drift,
    /// GitHub tells that an invitation was accepted, and is asked.
    ToldByGithub,
    /// The operator takes a revocation back, after it had all its consequences.
    Reinstatement,
    /// The operator has a key mailed once more.
    Resending,
    /// The operator replays a sale that waited for the catalogue.
    Replay,
    /// The same with everything that waits.
    ReplayOfAll,
    /// The operator dismisses a sale that waits for the catalogue.
    Dismissal,
    /// The same with everything that waits.
    DismissalOfAll,
    /// The operator maps the product that a sale waits for.
    Mapping,
    /// The operator describes how a sale is read that waits for that.
    Describing,
    /// The operator answers a delivery that is stuck with a license by hand.
    IssuingByHand,
    /// The operator corrects the address of a license.
    Correction,
    /// The operator has a dead mail tried again.
    Retry,
    /// The same with everything that was given up.
    RetryOfAll,
    /// The operator ends it instead.
    Cancellation,
    /// A buyer who has lost the key asks for a link to all licenses of the address, three times.
    Recovery,
    /// The operator reads out what is held on a buyer.
    Export,
    /// The operator erases it.
    Erasure,
    /// A month after a sale its payload is erased.
    Expiry,
    /// The operator looks at everything, and somebody at the health page.
    Looking,
}

impl Scenario {
    pub(super) const ALL: [Self; 58] = [
        Self::Sale,
        Self::MintedOrder,
        Self::AskedSale,
        Self::JoinedRefund,
        Self::TeamSale,
        Self::IssuedKey,
        Self::KeyBeforeOrder,
        Self::Checkout,
        Self::TestKey,
        Self::ChangedKey,
        Self::UnmappedSale,
        Self::AbandonedSale,
        Self::RefusedMail,
        Self::ResendSale,
        Self::Smtp2goSale,
        Self::BoundSale,
        Self::ReturnedMail,
        Self::FoundSales,
        Self::FoundOrder,
        Self::FoundTransaction,
        Self::FoundDispute,
        Self::FirstActivation,
        Self::AppActivation,
        Self::StorefrontKey,
        Self::UnmappedKey,
        Self::Bypass,
        Self::RejectedToken,
        Self::LimitedActivation,
        Self::Refund,
        Self::LicenseEnd,
        Self::Reminder,
        Self::Invoice,
        Self::Revocation,
        Self::Transfer,
        Self::Sync,
        Self::Forgetting,
        Self::Watching,
        Self::LastInvitation,
        Self::Drift,
        Self::ToldByGithub,
        Self::Reinstatement,
        Self::Resending,
        Self::Replay,
        Self::ReplayOfAll,
        Self::Dismissal,
        Self::DismissalOfAll,
        Self::Mapping,
        Self::Describing,
        Self::IssuingByHand,
        Self::Correction,
        Self::Retry,
        Self::RetryOfAll,
        Self::Cancellation,
        Self::Recovery,
        Self::Export,
        Self::Erasure,
        Self::Expiry,
        Self::Looking,
    ];

    /// Plays the scenario with these blows to somebody who tries again as often as there are blows, and checks its end.
    pub(super) async fn play(self, blows: &[Blow]) -> Rc<Witness> {
        let shop = self.open();
        let (witness, answered) = self.act(&shop, blows, blows.len() + 1).await;
        assert!(answered, "{self:?} with {blows:?}: one more try than there are blows has to succeed");
        self.check(&shop, &witness, &format!("{self:?} with {blows:?}"));
        witness
    }

    /// Plays an activation for a buyer who asks once and never again: then nothing happened, or all of it does.
    pub(super) async fn play_once(self, blow: Blow) {
        let shop = self.open();
        let (witness, answered) = self.act(&shop, &[blow], 1).await;
        let context = format!("{self:?} with {blow:?}, asked once");
        if shop.count("license_activations") > 0 {
            self.check(&shop, &witness, &context);
        } else {
            assert!(!answered, "{context}: what was answered has happened");
            assert_eq!(shop.count("outbox WHERE kind = 'grant'") + shop.count("grants"), 0, "{context}");
            for repo in shop.sandbox.repos() {
                assert!(shop.sandbox.invitations(&repo).is_empty(), "{context}: {repo}");
            }
        }
    }

    /// A shop on an empty database. All that a thread opens share one, whose statements are prepared.
    fn open(self) -> Shop {
        thread_local!(static DATABASE: Rc<Sqlite> = Rc::new(Sqlite::migrated().unwrap()));
        let database = DATABASE.with(Rc::clone);
        database.clear().unwrap();
        let settings: &[(&str, &str)] = match self {
            Self::FoundSales => &[("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN)],
            Self::FoundOrder => &[("LEMON_SQUEEZY_API_KEY", LEMON_SQUEEZY_API_KEY)],
            Self::AskedSale | Self::FoundTransaction => {
                &[("PADDLE_API_KEY", PADDLE_API_KEY), ("PADDLE_WEBHOOK_SECRET", PADDLE_WEBHOOK_SECRET)]
            }
            Self::JoinedRefund => {
                &[("STRIPE_API_KEY", STRIPE_API_KEY), ("STRIPE_WEBHOOK_SECRET", STRIPE_WEBHOOK_SECRET)]
            }
            Self::TeamSale | Self::FoundDispute => {
                &[("POLAR_ACCESS_TOKEN", POLAR_ACCESS_TOKEN), ("POLAR_WEBHOOK_SECRET", POLAR_WEBHOOK_SECRET)]
            }
            Self::Describing => &[("STANDARD_WEBHOOKS_SECRET", STANDARD_WEBHOOKS_SECRET)],
            Self::RefusedMail | Self::RejectedToken | Self::LastInvitation | Self::ReturnedMail => {
                &[("OPERATOR_EMAIL", OPERATOR)]
            }
            Self::Recovery => &[("PUBLIC_URL", "https://shop.example.com")],
            Self::ResendSale => &BY_RESEND,
            Self::Smtp2goSale => &BY_SMTP2GO,
            Self::BoundSale => &BY_BINDING,
            Self::AppActivation => &[
                ("GITHUB_TOKEN", ""),
                ("GITHUB_APP_ID", GITHUB_APP_ID),
                ("GITHUB_APP_PRIVATE_KEY", GITHUB_APP_PRIVATE_KEY),
            ],
            _ => &[],
        };
        Shop::open_on(database, settings)
    }

    /// Plays the scenario until nothing is left to do; whether everybody was answered with success.
    async fn act(self, shop: &Shop, blows: &[Blow], tries: usize) -> (Rc<Witness>, bool) {
        let subject = self.prepare(shop).await;
        let witness = watch(shop, blows);
        let answered = match &subject {
            Subject::Asked(asks) => {
                let mut answered = true;
                for ask in asks {
                    answered &= ask_until_answered(shop, &witness, tries, ask).await;
                }
                answered
            }
            Subject::Operator(change) => act_until_done(shop, &witness, tries, change).await,
            Subject::Nobody => true,
        };
        assert!(self.tick_until_quiet(shop, &witness).await, "{self:?} with {blows:?}: something stays to be done");
        assert_eq!(*witness.struck.borrow(), blows, "{self:?}: every blow has to strike");
        (witness, answered)
    }

    /// A tick a minute until one succeeds and leaves nothing to do; `false` when that takes half a day.
    async fn tick_until_quiet(self, shop: &Shop, witness: &Witness) -> bool {
        let lists = match self {
            Self::FoundSales => 1,
            Self::FoundOrder | Self::AskedSale | Self::FoundTransaction => 2,
            Self::JoinedRefund => 3,
            Self::TeamSale | Self::FoundDispute => 4,
            _ => 0,
        };
        for _ in 0..720 {
            shop.advance(Duration::from_secs(60));
            if self == Self::RejectedToken {
                replace_token_once_told(shop);
            }
            let engine = shop.engine();
            let ticked = unless_it_dies(witness, engine.tick()).await;
            let due = shop.count("outbox WHERE next_attempt_at IS NOT NULL")
                + shop.count("webhook_events WHERE next_attempt_at IS NOT NULL")
                + if matches!(self, Self::Watching | Self::LastInvitation | Self::ToldByGithub) {
                    shop.count("repository_watches WHERE look_at IS NOT NULL")
                } else {
                    0
                }
                + shop.count("licenses WHERE activate_at IS NOT NULL")
                + if self == Self::Drift { shop.count("repository_watches WHERE compared_at IS NULL") } else { 0 }
                + if self == Self::LastInvitation { shop.count("alert_causes WHERE times > told") } else { 0 }
                + usize::from(self == Self::ReturnedMail && shop.count("alerts") == 0);
            let read = shop.count("reconciliations WHERE watermark_at IS NOT NULL");
            if (due, read) == (0, lists) && ticked == Some(Ok(Ticked::default())) {
                return true;
            }
        }
        false
    }
}

/// Lets an operator who was mailed replace the token, and the rest of the hour pass after which it is tried again.
fn replace_token_once_told(shop: &Shop) {
    if shop.sandbox.mails().iter().any(|mail| mail.to == OPERATOR) {
        shop.sandbox.clear_faults();
        let due_in = format!("SELECT min(next_attempt_at) - {} FROM outbox", shop.host.now().as_millis());
        shop.advance(Duration::from_millis(shop.value(&due_in).parse().unwrap_or(0)));
    }
}

/// Sends the same request until it is answered as hoped, as often as said, a second apart. What is behind each answer
/// runs, unless the process dies.
async fn ask_until_answered(shop: &Shop, witness: &Witness, tries: usize, ask: &Ask) -> bool {
    for _ in 0..tries {
        let engine = shop.engine();
        let answer = unless_it_dies(witness, http::handle(&engine, (ask.request)())).await;
        if let Some(mut answer) = answer {
            run_follow_up(shop, witness, answer.follow_up.take()).await;
            if ask.hoped.contains(&answer.status) {
                return true;
            }
        }
        // Whoever asks again may meet another isolate.
        shop.forget_memory();
        shop.advance(Duration::from_secs(1));
    }
    false
}

/// Asks for the same change until it is said to be done, as often as said, a second apart.
async fn act_until_done(shop: &Shop, witness: &Witness, tries: usize, change: &Change) -> bool {
    let action = action(shop);
    for _ in 0..tries {
        let engine = shop.engine();
        if let Some(Some((done, follow_up))) = unless_it_dies(witness, change.ask(&engine, &action)).await {
            run_follow_up(shop, witness, follow_up).await;
            return done;
        }
        shop.advance(Duration::from_secs(1));
    }
    false
}

/// A change that an operator asks for now.
fn action(shop: &Shop) -> AdminAction {
    AdminAction {
        id: unique_id(&shop.host).unwrap(),
        reason: Reason::parse("the buyer asked for it").unwrap(),
        actor: Actor::parse("ada").unwrap(),
    }
}

async fn run_follow_up(shop: &Shop, witness: &Witness, work: Option<FollowUp>) {
    if let Some(work) = work {
        unless_it_dies(witness, shop.engine().follow_up(work)).await;
    }
}
