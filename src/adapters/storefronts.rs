//! Storefronts: one module each, behind one interface, [`Storefront`]; and the registry that names each once.
//!
//! To add one, write its module and name it at `storefronts!` below. What happens because of a delivery is in `engine`,
//! the endpoint that takes deliveries in `http::webhook`.
//!
//! | module | holds |
//! |---|---|
//! | `gumroad`, `lemon_squeezy`, `paddle`, `polar`, `stripe`, [`standard`] | how each speaks: its settings, what proves a delivery, what one means, its keys, its lists |
//! | `listing` | what reading a page of a list has in common |
//! | `timed_signature` | what headers have in common that sign a time and the body |
//! | [`hooks`] | how webhooks are set up, and what is missing of those that a storefront has |

mod gumroad;
pub mod hooks;
mod lemon_squeezy;
mod listing;
mod paddle;
mod polar;
pub mod standard;
mod stripe;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timed_signature;

use crate::adapters::{Failure, sanitize};
use crate::config::Reader;
use crate::model::catalogue::Section;
use crate::model::{
    Authenticated, BuyerEmail, Catalogue, Delivery, EventReason, EventType, IssuedKey, LicenseKey, ListName,
    ListedItem, OrderId, Secret, Signature, Source, StorefrontEvent, StorefrontId, Timestamp,
};
use crate::platform::{Limit, Platform};

pub use gumroad::Gumroad;
use hooks::{HookChange, Hooks, RegisteredHook};
pub use lemon_squeezy::LemonSqueezy;
pub use paddle::Paddle;
pub use polar::Polar;
pub use standard::Standard;
pub use stripe::Stripe;

/// A storefront, as far as its settings have configured it.
pub trait Storefront: Sized {
    /// What is known of it without its settings.
    const PROFILE: Profile = Profile { source: Source::named(Self::SECTION.source), name: Self::SECTION.name };

    /// What its entries in the catalogue look like.
    const SECTION: Section;

    /// Reads its settings.
    fn read(reader: &mut Reader<'_>) -> Self;

    /// Whether its deliveries are taken: every setting that this needs is there.
    fn is_configured(&self) -> bool;

    /// What proves a delivery, by all that is known before its body is read.
    ///
    /// # Errors
    /// [`Refusal`] when no body could prove it any more.
    fn authenticate(&self, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal>;

    /// Finds out what a delivery or a listed item means. May ask the storefront for what the delivery does not say.
    ///
    /// # Errors
    /// [`NotUnderstood`], which says whether it may pass.
    fn interpret(
        &self,
        platform: &impl Platform,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Understood, NotUnderstood>>;

    /// The same where the catalogue may say how its deliveries are read. Most storefronts have a way of their own, which nobody has
    /// to describe.
    ///
    /// # Errors
    /// As [`Storefront::interpret`].
    fn interpret_by(
        &self,
        platform: &impl Platform,
        delivery: &Delivery,
        _catalogue: &Catalogue,
    ) -> impl Future<Output = Result<Understood, NotUnderstood>> {
        self.interpret(platform, delivery)
    }

    /// Whether license keys of its own can be verified with the present settings.
    fn own_keys(&self) -> OwnKeys;

    /// Asks it about a license key. Where it has none of its own, it knows none.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed, which says nothing about the key.
    fn verify_key(&self, platform: &impl Platform, key: &LicenseKey) -> impl Future<Output = Result<Verdict, Failure>>;

    /// Its lists that can be read with the present settings, in the order in which they are to be read.
    fn lists(&self) -> Vec<ListName>;

    /// Reads one page of a list, newest first, `page` being where an earlier one ended. Nothing older than `since` needs to
    /// be on it.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed.
    fn page(
        &self,
        platform: &impl Platform,
        list: &ListName,
        since: Timestamp,
        page: Option<&str>,
    ) -> impl Future<Output = Result<Page, Failure>>;

    /// How its webhooks are set up.
    fn hooks(&self) -> Hooks;

    /// The webhooks that it has, wherever they lead, as far as they are of a kind that is acted on.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed.
    fn registered_hooks(&self, platform: &impl Platform) -> impl Future<Output = Result<Vec<RegisteredHook>, Failure>>;

    /// Changes its webhooks, and gives the secret of a new one where the storefront has made it. Where it registers each event by itself, saying the same again makes another webhook: so this is
    /// for what [`hooks::missing`] has found, and is not to be repeated without looking again.
    ///
    /// # Errors
    /// [`Failure`] when it was not done, or may not have been.
    fn change_hooks(
        &self,
        platform: &impl Platform,
        change: &HookChange,
    ) -> impl Future<Output = Result<Option<Secret>, Failure>>;

    /// What a delivery calls a product, if it says so; only shown to the seller, who may write another name.
    fn product_name(body: &[u8], product_id: &str) -> Option<String>;

    /// Sees that the credentials permit what is only asked for now and then, as when something was refunded; for the doctor, which asks for
    /// the rest by itself. Most credentials permit everything or nothing.
    ///
    /// # Errors
    /// [`Failure`] when they do not, or there is no answer that could be believed.
    fn see_permissions(&self, _platform: &impl Platform) -> impl Future<Output = Result<(), Failure>> {
        async { Ok(()) }
    }

    /// The products that it has, sold or not.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed.
    fn products(&self, platform: &impl Platform) -> impl Future<Output = Result<Products, Failure>>;
}

/// What is known of a storefront without its settings.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its name in rows, in paths and in the catalogue.
    pub source: Source,
    /// Its name for people.
    pub name: &'static str,
}

/// What is known of a delivery before its body is read.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// Without the question mark.
    pub query: Option<&'a str>,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
}

/// What proves that a delivery is the storefront's.
#[derive(Debug)]
pub enum Proof {
    /// The head did, whatever the body says.
    Head(Authenticated),
    /// The body has to be signed so.
    Body(Signature),
}

/// The products that a storefront lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    pub listed: Vec<ListedProduct>,
    /// Whether there are no others: a long list is not read to its end.
    pub is_whole: bool,
}

/// A product that a storefront lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedProduct {
    /// As the catalogue has it.
    pub id: String,
    /// As the storefront calls it, where it does.
    pub name: Option<String>,
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is to see that there is such a path: no secret is configured, or a secret in the URL is wrong.
    Hidden,
    /// The signature is missing or wrong.
    InvalidSignature,
}

/// A delivery that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The storefront's name for this kind of event.
    pub event_type: EventType,
    pub event: StorefrontEvent,
    /// Why the storefront did not say who bought, where it had to be asked: the sale is a sale all the same, and the storefront is
    /// asked again until it answers.
    pub unanswered: Option<Failure>,
    /// When what it says became so, by the storefront's clock, where it tells that: of two opposite words the later one holds.
    pub said_at: Option<Timestamp>,
}

/// A delivery that was not understood, with what could be told of it all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    pub cause: Cause,
    pub known: Box<Known>,
}

/// What could be told of a delivery that was not understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The storefront's name for this kind of event.
    pub event_type: Option<EventType>,
    pub order_id: Option<OrderId>,
    /// Of a key that the storefront issued: its id there.
    pub storefront_key_id: Option<StorefrontId>,
    /// Who bought.
    pub email: Option<BuyerEmail>,
}

/// Why a delivery was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A person is needed. The problem names the field and what is wrong with it. It repeats no value: payloads are
    /// personal data and get erased, this text does not.
    Malformed { reason: EventReason, problem: String },
    /// The catalogue does not say how such a delivery is read, or not so that this one can be. The problem is told as above.
    Undescribed { problem: String },
    /// The storefront did not answer what had to be asked. The failure says when to ask again.
    Unanswered(Failure),
}

/// Whether license keys of a storefront's own can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnKeys {
    /// It has none, or its settings are missing.
    None,
    /// They can. Questions about keys that we have no record of count against the limit, all callers together: a stranger
    /// who tries keys must not use up what the storefront lets us ask for our buyers.
    Verifiable { unknown_keys: Limit },
}

/// What a storefront says of a license key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Ours and good. The key is spelled as it was issued.
    Valid(Box<IssuedKey>),
    /// The seller switched it off.
    Disabled,
    /// Its time is over.
    Expired,
    /// Nobody issued it. A key can take some minutes after the purchase to become known, so this is not for ever.
    Unknown,
    /// Another store's: some storefronts answer for the keys of every store there is.
    WrongStore,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Those of its items of which something could come.
    pub items: Vec<ListedItem>,
    /// Where the list goes on; `None` at its end, or where nothing follows that is young enough.
    pub next: Option<String>,
    /// Listed items whose time or order does not read, so that nothing can be told of them.
    pub unreadable: usize,
}

impl Head<'_> {
    /// The header of that lower-case name. One that is there several times is none: a caller that sends two signatures is
    /// not to choose which one counts.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(candidate, _)| candidate == name);
        let (_, first) = values.next()?;
        values.next().is_none().then_some(first.as_str())
    }
}

impl Proof {
    /// The only way from a body to a delivery.
    ///
    /// # Errors
    /// [`Refusal`] when the body is not the one that was signed.
    pub fn admit(self, source: Source, body: Vec<u8>) -> Result<Delivery, Refusal> {
        let authenticated = match self {
            Self::Head(authenticated) => Some(authenticated),
            Self::Body(signature) => signature.verify(&body),
        };
        authenticated.map(|proof| Delivery::webhook(source, body, proof)).ok_or(Refusal::InvalidSignature)
    }
}

impl Understood {
    /// Nothing had to be asked, or everything was answered.
    pub const fn whole(event_type: EventType, event: StorefrontEvent) -> Self {
        Self { event_type, event, unanswered: None, said_at: None }
    }

    /// The same, where the storefront tells when it became so.
    #[must_use]
    pub fn as_of(self, said_at: Option<Timestamp>) -> Self {
        Self { said_at, ..self }
    }
}

impl NotUnderstood {
    /// Something in it is missing or does not parse, and nothing else is known of it.
    pub fn malformed(problem: impl Into<String>) -> Self {
        Cause::Malformed { reason: EventReason::Malformed, problem: problem.into() }.into()
    }

    /// The build has no such storefront: a row of another one.
    pub fn of_unknown_storefront() -> Self {
        let problem = "this version has no storefront of that name".to_owned();
        Cause::Malformed { reason: EventReason::UnknownStorefront, problem }.into()
    }

    /// The storefront's name for this kind of event was told all the same.
    #[must_use]
    pub fn of_type(mut self, event_type: EventType) -> Self {
        self.known.event_type = Some(event_type);
        self
    }

    /// What could be told of the order all the same.
    #[must_use]
    pub fn about(mut self, order_id: Option<OrderId>, email: Option<BuyerEmail>) -> Self {
        (self.known.order_id, self.known.email) = (order_id, email);
        self
    }

    /// The id of the key that it is about was told all the same.
    #[must_use]
    pub fn of_key(mut self, storefront_key_id: Option<StorefrontId>) -> Self {
        self.known.storefront_key_id = storefront_key_id;
        self
    }
}

impl From<Cause> for NotUnderstood {
    /// Of which nothing else is known.
    fn from(cause: Cause) -> Self {
        Self { cause, known: Box::default() }
    }
}

impl std::fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Head(…)")
    }
}

/// Declares the registry: every storefront that this build has, each named once.
macro_rules! storefronts {
    ($($storefront:ident),+ $(,)?) => {
        /// Every storefront, as far as its settings have configured it.
        #[derive(Debug, Clone)]
        pub struct Storefronts(Vec<AnyStorefront>);

        /// One of the storefronts.
        #[derive(Debug, Clone)]
        pub enum AnyStorefront {
            $($storefront($storefront),)+
        }

        /// What is known of every storefront without any settings.
        pub const PROFILES: &[Profile] = &[$(<$storefront as Storefront>::PROFILE),+];

        /// The storefronts whose products the catalogue can name, in the order in which they are written.
        pub const SECTIONS: &[Section] = &[$(<$storefront as Storefront>::SECTION),+];

        impl Storefronts {
            /// Reads the settings of every storefront.
            pub fn read(reader: &mut Reader<'_>) -> Self {
                Self(vec![$(AnyStorefront::$storefront($storefront::read(reader))),+])
            }
        }

        /// What a delivery of that storefront calls a product, as [`Storefront::product_name`].
        pub fn product_name(source: &str, body: &[u8], product_id: &str) -> Option<String> {
            $(if source == $storefront::SECTION.source {
                let name = <$storefront as Storefront>::product_name(body, product_id)?;
                return Some(sanitize::tidy(&name, sanitize::NAME)).filter(|name| !name.is_empty());
            })+
            None
        }

        impl AnyStorefront {
            fn profile(&self) -> Profile {
                match self {
                    $(Self::$storefront(_) => $storefront::PROFILE,)+
                }
            }

            /// As [`Storefront::SECTION`].
            pub const fn section(&self) -> Section {
                match self {
                    $(Self::$storefront(_) => $storefront::SECTION,)+
                }
            }

            /// As [`Storefront::is_configured`].
            pub fn is_configured(&self) -> bool {
                match self {
                    $(Self::$storefront(storefront) => storefront.is_configured(),)+
                }
            }

            /// As [`Storefront::authenticate`].
            ///
            /// # Errors
            /// As there.
            pub fn authenticate(&self, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal> {
                match self {
                    $(Self::$storefront(storefront) => storefront.authenticate(head, now),)+
                }
            }

            /// As [`Storefront::interpret`].
            ///
            /// # Errors
            /// As there.
            pub async fn interpret(
                &self,
                platform: &impl Platform,
                delivery: &Delivery,
            ) -> Result<Understood, NotUnderstood> {
                match self {
                    $(Self::$storefront(storefront) => storefront.interpret(platform, delivery).await,)+
                }
            }

            /// As [`Storefront::interpret_by`].
            ///
            /// # Errors
            /// As there.
            pub async fn interpret_by(
                &self,
                platform: &impl Platform,
                delivery: &Delivery,
                catalogue: &Catalogue,
            ) -> Result<Understood, NotUnderstood> {
                match self {
                    $(Self::$storefront(storefront) => storefront.interpret_by(platform, delivery, catalogue).await,)+
                }
            }

            /// As [`Storefront::own_keys`].
            pub fn own_keys(&self) -> OwnKeys {
                match self {
                    $(Self::$storefront(storefront) => storefront.own_keys(),)+
                }
            }

            /// As [`Storefront::verify_key`].
            ///
            /// # Errors
            /// As there.
            pub async fn verify_key(&self, platform: &impl Platform, key: &LicenseKey) -> Result<Verdict, Failure> {
                match self {
                    $(Self::$storefront(storefront) => storefront.verify_key(platform, key).await,)+
                }
            }

            /// As [`Storefront::lists`].
            pub fn lists(&self) -> Vec<ListName> {
                match self {
                    $(Self::$storefront(storefront) => storefront.lists(),)+
                }
            }

            /// As [`Storefront::page`].
            ///
            /// # Errors
            /// As there.
            pub async fn page(
                &self,
                platform: &impl Platform,
                list: &ListName,
                since: Timestamp,
                page: Option<&str>,
            ) -> Result<Page, Failure> {
                match self {
                    $(Self::$storefront(storefront) => storefront.page(platform, list, since, page).await,)+
                }
            }

            /// As [`Storefront::hooks`].
            pub fn hooks(&self) -> Hooks {
                match self {
                    $(Self::$storefront(storefront) => storefront.hooks(),)+
                }
            }

            /// As [`Storefront::registered_hooks`].
            ///
            /// # Errors
            /// As there.
            pub async fn registered_hooks(&self, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
                match self {
                    $(Self::$storefront(storefront) => storefront.registered_hooks(platform).await,)+
                }
            }

            /// As [`Storefront::change_hooks`].
            ///
            /// # Errors
            /// As there.
            pub async fn change_hooks(
                &self,
                platform: &impl Platform,
                change: &HookChange,
            ) -> Result<Option<Secret>, Failure> {
                match self {
                    $(Self::$storefront(storefront) => storefront.change_hooks(platform, change).await,)+
                }
            }

            /// As [`Storefront::see_permissions`].
            ///
            /// # Errors
            /// As there.
            pub async fn see_permissions(&self, platform: &impl Platform) -> Result<(), Failure> {
                match self {
                    $(Self::$storefront(storefront) => storefront.see_permissions(platform).await,)+
                }
            }

            /// As [`Storefront::products`].
            ///
            /// # Errors
            /// As there.
            pub async fn products(&self, platform: &impl Platform) -> Result<Products, Failure> {
                match self {
                    $(Self::$storefront(storefront) => storefront.products(platform).await,)+
                }
            }
        }
    };
}

storefronts!(Gumroad, LemonSqueezy, Paddle, Polar, Stripe, Standard);

impl Storefronts {
    pub fn iter(&self) -> impl Iterator<Item = &AnyStorefront> {
        self.0.iter()
    }

    /// The storefront of that name.
    pub fn get(&self, source: Source) -> Option<&AnyStorefront> {
        self.iter().find(|storefront| storefront.source() == source)
    }

    /// The storefront whose webhooks come to that path.
    pub fn by_path(&self, path: &str) -> Option<&AnyStorefront> {
        self.get(Source::parse(path.strip_prefix(WEBHOOKS_PATH)?)?)
    }

    /// Every list that can be read with the present settings, in the order in which they are to be read.
    pub fn lists(&self) -> Vec<(Source, ListName)> {
        let of = |storefront: &AnyStorefront| {
            let source = storefront.source();
            storefront.lists().into_iter().map(move |list| (source, list))
        };
        self.iter().flat_map(of).collect()
    }

    /// Those that may know a license key of which we have no record.
    pub fn with_keys(&self) -> impl Iterator<Item = (&AnyStorefront, Limit)> {
        self.iter().filter_map(|storefront| match storefront.own_keys() {
            OwnKeys::None => None,
            OwnKeys::Verifiable { unknown_keys } => Some((storefront, unknown_keys)),
        })
    }
}

impl AnyStorefront {
    /// Its name in rows, in paths and in the catalogue.
    pub fn source(&self) -> Source {
        self.profile().source
    }

    /// Its name for people.
    pub fn name(&self) -> &'static str {
        self.profile().name
    }

    /// Where its webhooks come to.
    pub fn webhook_path(&self) -> String {
        [WEBHOOKS_PATH, self.profile().source.as_str()].concat()
    }
}

/// In front of a storefront's name, the path that its webhooks come to.
pub const WEBHOOKS_PATH: &str = "/webhooks/";
