//! What was bought: an order with its lines, the keys that a storefront issued for it, and what was said of it since.
//! The same for every storefront.

use std::num::NonZeroU32;

use crate::model::{Amount, BuyerEmail, GithubLogin, LicenseKey, Login, Subscription, Timestamp};

/// An order's name at its storefront; of a subscription, the subscription's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderId(String);

/// A storefront's own id of a product, a variant or a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StorefrontId(String);

/// A product, or one variant of it, in the storefront's own ids: what a license is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProductRef {
    pub product_id: StorefrontId,
    pub variant_id: Option<StorefrontId>,
}

/// What a line of an order bought, in the storefront's own ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    pub product_id: StorefrontId,
    pub picked: Picked,
}

/// What was picked of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// These variants, in the storefront's order. The catalogue may have an entry for any one of them.
    Told(Vec<StorefrontId>),
    /// This price of the product, which the catalogue may name in the product's place; and the offer by which it was sold, such as a
    /// link that leads to the checkout, which it may name as well.
    Priced { price: StorefrontId, offer: Option<StorefrontId> },
    /// That cannot be told, and why, for a person. It matters only where the catalogue asks for the variant.
    Untold(String),
}

/// How many were bought: from one to a million, which is more than any checkout allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity(u32);

/// One product of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Its place in the order, from one.
    pub line: NonZeroU32,
    pub bought: Bought,
    pub quantity: Quantity,
    pub payment: LinePayment,
}

/// How a line of an order is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinePayment {
    /// As its order is: once, or again and again where that began a subscription.
    #[default]
    WithOrder,
    /// Once, beside a subscription that the same order began: what becomes of that is nothing to it.
    Once,
}

/// The lines of an order: at least one, numbered from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLines(Vec<OrderLine>);

/// What was bought in one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub order_id: OrderId,
    pub lines: OrderLines,
    pub address: BuyerAddress,
    /// As the buyer gave it, or what the address suggests; empty where neither is known.
    pub name: String,
    /// Absent where it cannot be told.
    pub amount: Option<Amount>,
    pub offer_code: Option<String>,
    /// What the buyer picked: category and option, in the storefront's order.
    pub variants: Vec<(String, String)>,
    /// What the buyer filled in at the checkout.
    pub custom_fields: Vec<(String, String)>,
    pub country: Option<String>,
    /// The subscription that it began, or renews, with the payment that it is.
    pub subscription: Option<Subscription>,
    /// Not real money.
    pub test: bool,
    /// When the storefront says it was sold; absent where it does not say.
    pub sold_at: Option<Timestamp>,
    /// What has become of it by the time that the storefront tells of it.
    pub facts: OrderFacts,
}

/// Where the buyer of an order is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuyerAddress {
    /// As the delivery itself says.
    Told(BuyerEmail),
    /// As the storefront has said when it was asked, or in a later delivery than the first. The order may have been recorded before,
    /// without it.
    Asked(BuyerEmail),
    /// Nobody has said it. The license is good, and its mail waits for an address.
    Unknown,
}

/// A key that a storefront issued for a line of an order, as it stands there. Its id stays while the key can be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedKey {
    pub key: LicenseKey,
    /// The storefront's own id of the key: a line can have several keys.
    pub storefront_key_id: StorefrontId,
    pub order_id: OrderId,
    pub line: NonZeroU32,
    pub bought: ProductRef,
    /// Who bought, with the name; absent where the storefront does not say.
    pub email: Option<BuyerEmail>,
    pub name: Option<String>,
    /// Not real money; absent where the storefront does not say.
    pub test: Option<bool>,
    pub expires_at: Option<Timestamp>,
    /// The storefront has switched it off.
    pub disabled: bool,
    /// As of when all of this is, by the storefront's clock; absent where it does not say. Of two words about a key the later one
    /// holds.
    pub said_at: Option<Timestamp>,
}

/// What a storefront has said about an order besides that it was sold. Each is true for good once it was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderFacts {
    /// In full.
    pub refunded: bool,
    /// A part of it, at some time.
    pub partially_refunded: bool,
    pub disputed: bool,
    /// By the seller. The dispute stays a fact.
    pub dispute_won: bool,
    /// By the seller, so that the money is gone for good.
    pub dispute_lost: bool,
    /// What made it a full refund did not reach the buyer after all.
    pub refund_undone: bool,
    /// The same of every part that was refunded.
    pub partial_refund_undone: bool,
}

impl OrderId {
    /// `None` when empty, over 128 characters, with control characters, or damaged so that another could look the same.
    pub fn parse(text: &str) -> Option<Self> {
        is_id(text).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StorefrontId {
    /// Whether it says of what kind it is, such as `pri_01h…`, so that it can be no other thing's.
    pub fn names_its_kind(&self) -> bool {
        let kind = self.0.split_once('_').map_or("", |(kind, _)| kind);
        !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase())
    }

    /// `None` when empty, over 128 characters, with control characters, or damaged so that another could look the same.
    pub fn parse(text: &str) -> Option<Self> {
        is_id(text).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProductRef {
    /// `None` when either id could be none.
    pub fn parse(product_id: &str, variant_id: Option<&str>) -> Option<Self> {
        let variant_id = match variant_id {
            Some(text) => Some(StorefrontId::parse(text)?),
            None => None,
        };
        Some(Self { product_id: StorefrontId::parse(product_id)?, variant_id })
    }

    /// The variant's id as a text.
    pub fn variant(&self) -> Option<&str> {
        self.variant_id.as_ref().map(StorefrontId::as_str)
    }
}

impl Bought {
    /// What the catalogue may call it: the product with each of its variants; without any, the product alone; a price or an offer by
    /// itself too. There is at least one, and the first is what a license by the entry for the whole product is for.
    pub fn names(&self) -> Vec<ProductRef> {
        let name = |variant_id| ProductRef { product_id: self.product_id.clone(), variant_id };
        if let Picked::Priced { price, offer } = &self.picked {
            let alone = |id: &StorefrontId| ProductRef { product_id: id.clone(), variant_id: None };
            return [name(Some(price.clone())), alone(price)].into_iter().chain(offer.as_ref().map(alone)).collect();
        }
        match self.variants() {
            [] => vec![name(None)],
            variants => variants.iter().cloned().map(|variant| name(Some(variant))).collect(),
        }
    }

    /// The variants, as far as they were told.
    pub fn variants(&self) -> &[StorefrontId] {
        match &self.picked {
            Picked::Told(variants) => variants,
            Picked::Priced { price, .. } => std::slice::from_ref(price),
            Picked::Untold(_) => &[],
        }
    }

    /// The variant that stands first, for whoever can keep only one.
    pub fn first_variant(&self) -> Option<&StorefrontId> {
        self.variants().first()
    }
}

impl From<ProductRef> for Bought {
    fn from(product: ProductRef) -> Self {
        Self { product_id: product.product_id, picked: Picked::Told(product.variant_id.into_iter().collect()) }
    }
}

impl BuyerAddress {
    /// The address, if one is known.
    pub const fn email(&self) -> Option<&BuyerEmail> {
        match self {
            Self::Told(email) | Self::Asked(email) => Some(email),
            Self::Unknown => None,
        }
    }

    /// As the `email` columns of orders and licenses hold it: empty where none is known.
    pub fn as_str(&self) -> &str {
        self.email().map(BuyerEmail::as_str).unwrap_or_default()
    }
}

impl Quantity {
    /// A single one.
    pub const ONE: Self = Self(1);

    /// `None` outside 1 to 1,000,000.
    pub fn new(count: i64) -> Option<Self> {
        u32::try_from(count).ok().filter(|count| (1..=1_000_000).contains(count)).map(Self)
    }

    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What is in the name of a field that asks for a GitHub username, in any case.
const ASKS_FOR_LOGIN: &str = "github";

/// What a seller writes before a username where the field has no name of theirs, such as the reference of a link to a checkout.
const BEFORE_LOGIN: [&str; 3] = ["github_", "github:", "github-"];

/// Whether a field of that name asks for a GitHub username.
pub fn asks_for_login(name: &str) -> bool {
    name.to_ascii_lowercase().contains(ASKS_FOR_LOGIN)
}

/// The GitHub username that a buyer gave at the checkout, among the fields that they filled in there: in the first whose name has
/// `github` in it and whose answer can be one, or behind `github_` in any other. Nobody has shown that the account is theirs.
pub fn checkout_login(custom_fields: &[(String, String)]) -> Option<GithubLogin> {
    let plausible = |answer: &str| match Login::parse(answer) {
        Ok(Login::Plausible(login)) => Some(login),
        Ok(Login::EnterpriseManaged) | Err(_) => None,
    };
    let behind = |answer: &str| BEFORE_LOGIN.iter().find_map(|before| plausible(answer.trim().strip_prefix(before)?));
    let mut asked = custom_fields.iter().filter(|(name, _)| asks_for_login(name));
    asked
        .find_map(|(_, answer)| plausible(answer))
        .or_else(|| custom_fields.iter().find_map(|(_, answer)| behind(answer)))
}

impl OrderLines {
    /// `None` without any.
    pub fn new(bought: impl IntoIterator<Item = (Bought, Quantity)>) -> Option<Self> {
        Self::paid(bought.into_iter().map(|(bought, quantity)| (bought, quantity, LinePayment::WithOrder)))
    }

    /// Where the storefront tells of each line how it is paid for. `None` without any.
    pub fn paid(bought: impl IntoIterator<Item = (Bought, Quantity, LinePayment)>) -> Option<Self> {
        let numbered = (1..).map_while(NonZeroU32::new).zip(bought);
        let lines: Vec<_> =
            numbered.map(|(line, (bought, quantity, payment))| OrderLine { line, bought, quantity, payment }).collect();
        (!lines.is_empty()).then_some(Self(lines))
    }

    /// The only line of an order.
    pub fn single(bought: Bought, quantity: Quantity) -> Self {
        Self(vec![OrderLine { line: NonZeroU32::MIN, bought, quantity, payment: LinePayment::WithOrder }])
    }

    pub fn iter(&self) -> impl Iterator<Item = &OrderLine> {
        self.0.iter()
    }
}

impl OrderFacts {
    /// Nothing.
    pub const NONE: Self = Self {
        refunded: false,
        partially_refunded: false,
        disputed: false,
        dispute_won: false,
        dispute_lost: false,
        refund_undone: false,
        partial_refund_undone: false,
    };
    pub const REFUNDED: Self = Self { refunded: true, ..Self::NONE };

    /// Whether anything was said.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether the seller does not have the money any more.
    pub const fn money_is_gone(self) -> bool {
        (self.refunded && !self.refund_undone) || self.dispute_lost || (self.disputed && !self.dispute_won)
    }

    /// As the `fact` column holds them.
    pub fn codes(self) -> impl Iterator<Item = &'static str> {
        let facts = [
            (self.refunded, "refunded"),
            (self.partially_refunded, "partially_refunded"),
            (self.disputed, "disputed"),
            (self.dispute_won, "dispute_won"),
            (self.dispute_lost, "dispute_lost"),
            (self.refund_undone, "refund_undone"),
            (self.partial_refund_undone, "partial_refund_undone"),
        ];
        facts.into_iter().filter(|(said, _)| *said).map(|(_, code)| code)
    }
}

fn is_id(text: &str) -> bool {
    let unfit = |character: char| character.is_control() || character == char::REPLACEMENT_CHARACTER;
    !text.is_empty() && text.chars().nth(128).is_none() && !text.contains(unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(id: &str) -> Bought {
        ProductRef::parse(id, None).unwrap().into()
    }

    #[test]
    fn an_id_is_short_and_without_control_characters() {
        assert!(
            OrderId::parse("FO8TXN-dbxYaBdahG97Y-Q==").is_some() && StorefrontId::parse(&"x".repeat(128)).is_some()
        );
        assert!(StorefrontId::parse(&"ü".repeat(128)).is_some(), "characters are counted, as in the catalogue");
        for wrong in ["", "a\n", "\u{0}", "a\u{fffd}", &"x".repeat(129), &"ü".repeat(129)] {
            assert!(OrderId::parse(wrong).is_none() && StorefrontId::parse(wrong).is_none(), "{wrong:?}");
            assert!(ProductRef::parse(wrong, None).is_none() && ProductRef::parse("1", Some(wrong)).is_none());
        }
    }

    #[test]
    fn what_was_bought_has_a_name_for_each_of_its_variants() {
        let named = |variant| ProductRef::parse("a", variant).unwrap();
        assert_eq!(product("a").names(), [named(None)]);
        let variants = ["Tier: Team", "Color: Blue"];
        let bought = Bought {
            picked: Picked::Told(variants.iter().filter_map(|variant| StorefrontId::parse(variant)).collect()),
            ..product("a")
        };
        assert_eq!(bought.names(), variants.map(|variant| named(Some(variant))));
        assert_eq!(bought.first_variant().map(StorefrontId::as_str), Some("Tier: Team"));
        let untold = Bought { picked: Picked::Untold("nobody knows".to_owned()), ..product("a") };
        assert_eq!((untold.names(), untold.first_variant()), (vec![named(None)], None));
    }

    #[test]
    fn lines_are_numbered_from_one_and_there_is_at_least_one() {
        let lines = OrderLines::new([(product("a"), Quantity::ONE), (product("b"), Quantity::ONE)]).unwrap();
        let told: Vec<_> = lines.iter().map(|line| (line.line.get(), line.bought.product_id.as_str())).collect();
        assert_eq!(told, [(1, "a"), (2, "b")]);
        assert_eq!(OrderLines::new([]), None);
        assert_eq!(
            OrderLines::new([(product("a"), Quantity::ONE)]),
            Some(OrderLines::single(product("a"), Quantity::ONE))
        );
    }

    #[test]
    fn a_github_username_is_found_where_the_checkout_asked_for_it() {
        let login = |fields: &[(&str, &str)]| {
            let fields: Vec<_> =
                fields.iter().map(|(name, answer)| ((*name).to_owned(), (*answer).to_owned())).collect();
            checkout_login(&fields).map(|login| login.as_str().to_owned())
        };
        for fields in [
            &[("Your GitHub username", "octocat")][..],
            &[("github", " @octocat ")],
            &[("GITHUB", "https://github.com/octocat")],
            &[("note", "hi"), ("GitHub profile", "octocat"), ("github2", "ada")],
            &[("github", "what is that?"), ("your_github", "octocat")],
            &[("client_reference_id", "github_octocat")],
            &[("ref", "github:octocat"), ("note", "github_")],
        ] {
            assert_eq!(login(fields).as_deref(), Some("octocat"), "{fields:?}");
        }
        for fields in [
            &[][..],
            &[("client_reference_id", "octocat")],
            &[("note", "octocat")],
            &[("github", "")],
            &[("github", "ada@example.com")],
            &[("github", "ada_acme")],
            &[("note", "github_ada_acme")],
            &[("note", "I like github:")],
        ] {
            assert_eq!(login(fields), None, "{fields:?}");
        }
    }

    #[test]
    fn a_quantity_is_at_least_one_and_no_more_than_a_million() {
        let count = |count| Quantity::new(count).map(Quantity::get);
        assert_eq!([count(1), count(1_000_000)], [Some(1), Some(1_000_000)]);
        assert_eq!([count(0), count(-1), count(1_000_001), count(i64::MAX)], [None; 4]);
    }

    #[test]
    fn a_dispute_that_was_won_leaves_the_money_where_it_is() {
        let disputed = OrderFacts { disputed: true, ..OrderFacts::default() };
        let won = OrderFacts { dispute_won: true, ..disputed };
        assert!(disputed.money_is_gone() && OrderFacts::REFUNDED.money_is_gone());
        assert!(!won.money_is_gone() && !OrderFacts::default().money_is_gone());
        assert!(!OrderFacts { partially_refunded: true, ..OrderFacts::default() }.money_is_gone());
        assert!(OrderFacts { refunded: true, ..won }.money_is_gone());
        assert!(OrderFacts { dispute_lost: true, ..won }.money_is_gone(), "of two disputes one was lost");
        assert!(!OrderFacts { refund_undone: true, ..OrderFacts::REFUNDED }.money_is_gone());
        assert_eq!(won.codes().collect::<Vec<_>>(), ["disputed", "dispute_won"]);
        assert!(OrderFacts::default().is_empty() && !won.is_empty());
    }
}
