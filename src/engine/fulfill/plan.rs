//! What the lines of an order come to by a catalogue: a license, nothing, or something that only a person can say. It is decided
//! before anything is written; what is written is in `engine::fulfill`.

use super::super::ingest::{Awaited, Unprocessed};
use crate::model::{
    Bought, Catalogue, EventReason, EventType, LicenseKind, Order, OrderId, OrderLine, Picked, Product, ProductRef,
    Source, checkout_login,
};

/// More variants than these are only counted where a product is called unmapped.
const MOST_NAMED: usize = 5;

/// The most keys that a line brings by itself where each piece has one: so many mails to one buyer are no mistake of anybody's.
const MOST_KEYS: u32 = 100;

/// What is to be done for the lines of an order.
pub(super) struct Plan<'a> {
    /// The lines whose licenses are minted here.
    pub(super) minted: Vec<Minted<'a>>,
    /// The lines whose keys their storefront issues, and whose licenses are to be activated for the account that was given at the
    /// checkout.
    pub(super) activated_at_checkout: Vec<&'a OrderLine>,
    /// Why the other lines that are mapped bring no license.
    no_license: Option<EventReason>,
    /// What was bought of products that the catalogue does not name.
    unmapped: Vec<&'a Bought>,
    obstacle: Option<Obstacle<'a>>,
}

/// A line whose licenses are minted here.
pub(super) struct Minted<'a> {
    pub(super) line: &'a OrderLine,
    /// What a license of it is for.
    pub(super) bought: ProductRef,
    pub(super) product: &'a Product,
    /// How many licenses it brings.
    pub(super) pieces: u32,
}

/// Why a line of a mapped product is left to a person.
enum Obstacle<'a> {
    /// Which variant was bought decides, and cannot be told for this reason.
    VariantUntold(&'a str),
    /// It is of more pieces than bring a key each by themselves.
    ManyPieces(u32),
}

impl<'a> Plan<'a> {
    pub(super) fn of(source: Source, order: &'a Order, catalogue: &'a Catalogue) -> Self {
        let mut plan = Self {
            minted: Vec::new(),
            activated_at_checkout: Vec::new(),
            no_license: None,
            unmapped: Vec::new(),
            obstacle: None,
        };
        for line in order.lines.iter() {
            if let Picked::Untold(problem) = &line.bought.picked
                && catalogue.depends_on_variant(source, &line.bought.product_id)
            {
                plan.obstacle = Some(Obstacle::VariantUntold(problem));
                continue;
            }
            match catalogue.find_bought(source, &line.bought) {
                Some((bought, product)) => plan.add(order, line, bought, product),
                None => plan.unmapped.push(&line.bought),
            }
        }
        plan
    }

    fn add(&mut self, order: &Order, line: &'a OrderLine, bought: ProductRef, product: &'a Product) {
        match product.license {
            LicenseKind::None => self.no_license = self.no_license.or(Some(EventReason::NothingToDeliver)),
            LicenseKind::Storefront => {
                self.no_license = Some(EventReason::KeyIssuedByStorefront);
                if product.activate_at_checkout && checkout_login(&order.custom_fields).is_some() {
                    self.activated_at_checkout.push(line);
                }
            }
            LicenseKind::Minted => {
                let pieces = if product.per_quantity { line.quantity.get() } else { 1 };
                if pieces > MOST_KEYS {
                    self.obstacle.get_or_insert(Obstacle::ManyPieces(pieces));
                } else {
                    self.minted.push(Minted { line, bought, product, pieces });
                }
            }
        }
    }

    /// Whether every line is seen to with this.
    pub(super) fn is_whole(&self) -> bool {
        self.unmapped.is_empty() && self.obstacle.is_none()
    }

    /// Why the whole order brings no license that is minted here; `None` where it brings one.
    pub(super) fn no_license(&self) -> Option<EventReason> {
        self.no_license.filter(|_| self.minted.is_empty())
    }

    /// What the catalogue may call the products that it does not name.
    pub(super) fn unmapped_names(&self) -> Vec<ProductRef> {
        self.unmapped.iter().flat_map(|bought| bought.names()).collect()
    }

    /// How the delivery is left when the other lines are seen to; `None` where all of them are. Once what is unmapped has its entry,
    /// what else is in the way comes up again.
    pub(super) fn left_over(
        &self,
        source: Source,
        order: &Order,
        event_type: &EventType,
        catalogue: &Catalogue,
    ) -> Option<Unprocessed> {
        let email = order.address.email().cloned();
        if let Some(bought) = self.unmapped.first() {
            let unmapped = unmapped_product(catalogue, source, event_type, &order.order_id, bought);
            return Some(Unprocessed { email, ..unmapped });
        }
        let error = match self.obstacle.as_ref()? {
            Obstacle::VariantUntold(problem) => {
                format!("{problem}, and the catalogue has entries of this product for single variants")
            }
            Obstacle::ManyPieces(pieces) => format!(
                "a line has {pieces} pieces, each with a key of its own, and at most {MOST_KEYS} are made of one by themselves"
            ),
        };
        Some(Unprocessed {
            reason: EventReason::Malformed,
            event_type: Some(event_type.clone()),
            order_id: Some(order.order_id.clone()),
            storefront_key_id: None,
            email,
            error,
            waits_for: Awaited::Person,
        })
    }
}

/// Why a delivery waits whose product the catalogue does not name, with the version of it that does not.
pub(in crate::engine) fn unmapped_product(
    catalogue: &Catalogue,
    source: Source,
    event_type: &EventType,
    order_id: &OrderId,
    bought: &Bought,
) -> Unprocessed {
    let variants = bought.variants();
    let more = variants.len().saturating_sub(MOST_NAMED);
    let mut named: String =
        variants.iter().take(MOST_NAMED).map(|variant| format!(", variant {}", variant.as_str())).collect();
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    Unprocessed {
        reason: EventReason::UnmappedProduct,
        event_type: Some(event_type.clone()),
        order_id: Some(order_id.clone()),
        storefront_key_id: None,
        email: None,
        error: format!(
            "unmapped product {}{named} of {source}: add it to the catalogue, and this delivery is fulfilled",
            bought.product_id.as_str()
        ),
        waits_for: Awaited::Catalogue { version: catalogue.version(), product_id: bought.product_id.clone() },
    }
}
