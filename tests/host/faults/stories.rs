//! Stories of a sale, of an activation and of access that ends or moves, told against a world in which calls fail and processes die: each with those
//! who try again in reality (the storefront, the buyer, cron), and with the one way in which it has to end.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use latchkey::engine::{Acted, Ticked};
use latchkey::http::{self, Incoming};
use latchkey::model::{GithubLogin, LicenseKey};
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Delivery, GumroadSale, LicenseKeySeed};
use serde_json::json;

use crate::acts::act;
use crate::shop::{Shop, incoming, post};

/// The ways in which a call can go wrong.
pub(crate) const FATES: [Fate; 4] = [Fate::FailBefore, Fate::FailAfter, Fate::DieBefore, Fate::DieAfter];

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// A sale on Gumroad, which tries four times to deliver it.
    Sale,
    /// The buyer of a minted key activates it for the first time.
    FirstActivation,
    /// The same with a key that only Lemon Squeezy knows.
    StorefrontKey,
    /// The buyer activates once more.
    Bypass,
    /// Gumroad tells of a full refund of what one is a member of by now, and is invited to otherwise.
    Refund,
    /// The operator revokes the same.
    Revocation,
    /// The operator gives it to another account.
    Transfer,
}

/// A fault: what happens to the call of this number, counted from the story's beginning.
pub(crate) type Blow = (usize, Fate);

/// What is seen while a story is told.
#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) calls: Cell<usize>,
    pub(crate) struck: RefCell<Vec<Blow>>,
    /// Blows that struck between a mail and the record of it, so that it is rightly sent once more.
    pub(crate) mails_in_doubt: Cell<usize>,
    died: Cell<bool>,
}

impl Story {
    /// Tells the story with these blows to somebody who tries again as often as there are blows, checks its end, and
    /// gives the number of calls that it took.
    pub(super) async fn tell(self, blows: &[Blow]) -> usize {
        let shop = Shop::open();
        let (witness, answered) = self.act(&shop, blows, blows.len() + 1).await;
        assert!(answered, "{self:?} with {blows:?}: one more try than there are blows has to succeed");
        self.check(&shop, &witness, &format!("{self:?} with {blows:?}"));
        witness.calls.get()
    }

    /// Tells an activation to a buyer who asks once and never again: then nothing happened, or all of it does.
    pub(super) async fn tell_once(self, blow: Blow) {
        let shop = Shop::open();
        let (witness, answered) = self.act(&shop, &[blow], 1).await;
        let context = format!("{self:?} with {blow:?}, asked once");
        if shop.count("license_activations") > 0 {
            self.check(&shop, &witness, &context);
        } else {
            assert!(!answered, "{context}: what was answered has happened");
            assert_eq!(shop.count("outbox WHERE kind = 'invitation'"), 0, "{context}");
            for repo in shop.sandbox.repos() {
                assert!(shop.sandbox.invitations(&repo).is_empty(), "{context}: {repo}");
            }
        }
    }

    /// Tells the story until nothing is left to do; whether somebody was answered with success.
    async fn act(self, shop: &Shop, blows: &[Blow], tries: usize) -> (Rc<Witness>, bool) {
        let subject = self.prepare(shop).await;
        let witness = watch(shop, blows);
        let answered = match &subject {
            Subject::Delivery(delivery) => first_success(shop, &witness, tries, || incoming(delivery)).await,
            Subject::Key(key) => {
                let body = json!({ "license_key": key, "github_username": "octocat" }).to_string();
                let ask = || post("/api/activate", "application/json", body.as_bytes());
                first_success(shop, &witness, tries, ask).await
            }
            Subject::License(key) => self.act_as_operator(shop, &witness, tries, key).await,
        };
        assert!(ticks_until_quiet(shop, &witness).await, "{self:?} with {blows:?}: something stays owed");
        assert_eq!(*witness.struck.borrow(), blows, "{self:?}: every blow has to strike");
        (witness, answered)
    }

    async fn prepare(self, shop: &Shop) -> Subject {
        match self {
            Self::Sale => Subject::Delivery(shop.sandbox.sell_on_gumroad(GumroadSale::default())),
            Self::FirstActivation => Subject::Key(shop.sell_starter().await),
            Self::StorefrontKey => Subject::Key(shop.sandbox.add_license_key(LicenseKeySeed::default())),
            Self::Bypass => {
                let key = shop.sell_starter().await;
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                // Otherwise the invitations from before would hide that there are no new ones.
                for repo in ["acme/starter", "acme/starter-docs"] {
                    shop.sandbox.decline_invitation("octocat", repo).unwrap();
                }
                Subject::Key(key)
            }
            Self::Refund | Self::Revocation | Self::Transfer => {
                let key = shop.sell_starter().await;
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
                shop.advance(Duration::from_secs(60));
                if self == Self::Refund {
                    let sale = shop.value("SELECT source_order_id FROM licenses");
                    return Subject::Delivery(shop.sandbox.gumroad_refund(&sale));
                }
                Subject::License(LicenseKey::from_record(&key).unwrap())
            }
        }
    }

    /// Asks for the same act until it is said to be done, as often as said, a second apart.
    async fn act_as_operator(self, shop: &Shop, witness: &Witness, tries: usize, key: &LicenseKey) -> bool {
        let act = act(shop);
        let to = GithubLogin::parse("grace-hopper").unwrap();
        for _ in 0..tries {
            let engine = shop.engine();
            let acted = match self {
                Self::Transfer => unless_it_dies(witness, engine.transfer(key, &to, &act)).await,
                _ => unless_it_dies(witness, engine.revoke(key, &act)).await,
            };
            match acted {
                Some(Ok(acted)) => return acted == Acted::Done,
                Some(Err(_)) | None => shop.advance(Duration::from_secs(1)),
            }
        }
        false
    }

    /// The one state in which the story ends, whatever struck.
    fn check(self, shop: &Shop, witness: &Witness, context: &str) {
        assert_eq!(shop.count("licenses"), 1, "{context}");
        assert_eq!(shop.count("webhook_events WHERE processed = 0 OR error IS NOT NULL"), 0, "{context}");
        assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0, "{context}");
        let mails = shop.sandbox.take_mails();
        if self == Self::Sale {
            let most = 1 + witness.mails_in_doubt.get();
            assert!((1..=most).contains(&mails.len()), "{context}: {} mails, at most {most}", mails.len());
            let key = shop.value("SELECT license_key FROM licenses");
            assert!(mails.iter().all(|mail| mail.text.as_deref().unwrap().contains(&key)), "{context}: another key");
            assert_eq!((shop.count("sales"), shop.count("outbox")), (1, 1), "{context}");
            return;
        }
        if matches!(self, Self::Refund | Self::Revocation | Self::Transfer) {
            return self.check_end_of_access(shop, context);
        }
        let repos = match self {
            Self::StorefrontKey => ["acme/kit", "acme/kit-pro"],
            _ => ["acme/starter", "acme/starter-docs"],
        };
        assert_eq!(shop.value("SELECT group_concat(github_user_id) FROM license_activations"), "583231", "{context}");
        for repo in repos {
            let open = shop.sandbox.invitations(repo);
            assert_eq!((open.len(), open[0].login.as_str()), (1, "octocat"), "{context}: {repo}");
        }
        assert_eq!(shop.count("outbox WHERE kind = 'invitation' AND outcome = 'invited'"), 2, "{context}");
        assert!(mails.is_empty(), "{context}: an activation mails nobody");
    }

    fn check_end_of_access(self, shop: &Shop, context: &str) {
        for repo in ["acme/starter", "acme/starter-docs"] {
            let invited: Vec<_> = shop.sandbox.invitations(repo).into_iter().map(|open| open.login).collect();
            let expected: &[&str] = if self == Self::Transfer { &["grace-hopper"] } else { &[] };
            assert_eq!(invited, expected, "{context}: {repo}");
            assert!(shop.sandbox.collaborators(repo).is_empty(), "{context}: {repo}");
        }
        assert_eq!(shop.count("outbox WHERE kind = 'removal' AND outcome = 'removed'"), 2, "{context}");
        let (status, account) = if self == Self::Transfer { ("active", 900_001) } else { ("revoked", 583_231) };
        let end = shop.value("SELECT status || ' ' || github_user_id FROM licenses JOIN license_activations");
        assert_eq!(end, format!("{status} {account}"), "{context}");
        let acts = usize::from(self != Self::Refund);
        assert_eq!([shop.count("admin_actions"), shop.count("order_facts")], [acts, 1 - acts], "{context}");
    }
}

enum Subject {
    Delivery(Delivery),
    /// Of a buyer.
    Key(String),
    /// Of whom the operator acts on.
    License(LicenseKey),
}

/// Has the world strike these blows from now on.
pub(crate) fn watch(shop: &Shop, blows: &[Blow]) -> Rc<Witness> {
    let witness = Rc::new(Witness::default());
    let (watching, blows) = (Rc::clone(&witness), blows.to_vec());
    shop.host.inject(move |call| {
        let number = watching.calls.replace(watching.calls.get() + 1);
        let Some(blow) = blows.iter().copied().find(|(struck, _)| *struck == number) else { return Fate::Proceed };
        watching.struck.borrow_mut().push(blow);
        let (_, fate) = blow;
        watching.died.set(watching.died.get() || matches!(fate, Fate::DieBefore | Fate::DieAfter));
        let had_effect = matches!(fate, Fate::FailAfter | Fate::DieAfter);
        let mail_in_doubt = match call {
            Call::Send(request) => had_effect && request.url.contains("/postmark/"),
            Call::Batch(batch) => !had_effect && batch.iter().any(|statement| statement.name == "settle"),
        };
        watching.mails_in_doubt.set(watching.mails_in_doubt.get() + usize::from(mail_in_doubt));
        fate
    });
    witness
}

/// Sends the same request until it is answered with success, as often as said, a second apart. What is behind each
/// answer runs, unless the process dies.
async fn first_success(shop: &Shop, witness: &Witness, tries: usize, ask: impl Fn() -> Incoming) -> bool {
    for _ in 0..tries {
        let engine = shop.engine();
        let answer = unless_it_dies(witness, http::handle(&engine, ask())).await;
        if let Some(mut answer) = answer {
            let success = (200..300).contains(&answer.status);
            if let Some(work) = answer.follow_up.take() {
                unless_it_dies(witness, engine.follow_up(work)).await;
            }
            if success {
                return true;
            }
        }
        shop.advance(Duration::from_secs(1));
    }
    false
}

/// A tick a minute until one succeeds and leaves nothing to do; `false` when that takes half a day.
async fn ticks_until_quiet(shop: &Shop, witness: &Witness) -> bool {
    for _ in 0..720 {
        shop.advance(Duration::from_secs(60));
        let engine = shop.engine();
        let ticked = unless_it_dies(witness, engine.tick()).await;
        let due = shop.count("outbox WHERE next_attempt_at IS NOT NULL")
            + shop.count("webhook_events WHERE next_attempt_at IS NOT NULL");
        if due == 0 && ticked == Some(Ok(Ticked::default())) {
            return true;
        }
    }
    false
}

/// Runs a process to its end, or drops it where it dies.
pub(crate) async fn unless_it_dies<T>(witness: &Witness, process: impl Future<Output = T>) -> Option<T> {
    let mut process = pin!(process);
    poll_fn(|context| match process.as_mut().poll(context) {
        Poll::Ready(end) => Poll::Ready(Some(end)),
        Poll::Pending if witness.died.take() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
