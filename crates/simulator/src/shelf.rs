//! What the seller's catalogue says in each of its versions: `tests/fixtures/products.toml` once more and by hand, and the
//! changes that the operator makes to it.

use std::fmt::Write as _;

use latchkey::model::{Catalogue, Timestamp};

use crate::model::{GUMROAD, LEMON_SQUEEZY, PADDLE, POLAR, Product, STANDARD, STRIPE, Scope};
use crate::world;

/// Who issues the key of a product. No change of the catalogue changes that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Issues {
    /// The engine.
    Minted,
    /// The storefront.
    Storefront,
    /// Nobody: the product is something else that the seller sells.
    Nobody,
}

/// What a product opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// What every buyer gets.
    pub(crate) repos: Vec<&'static str>,
    /// What the buyer chooses one from.
    pub(crate) choose: Vec<&'static str>,
    pub(crate) permission: &'static str,
}

/// What becomes of a license when money goes back. No change of the catalogue changes that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policies {
    pub(crate) on_refund: &'static str,
    pub(crate) on_partial_refund: &'static str,
    pub(crate) on_dispute: &'static str,
    pub(crate) on_dispute_lost: &'static str,
}

impl Policies {
    /// Where nothing else is written.
    pub(crate) const USUAL: Self =
        Self { on_refund: "revoke", on_partial_refund: "keep", on_dispute: "suspend", on_dispute_lost: "revoke" };
}

/// Of these products they are others than usual.
const UNUSUAL: [(&str, &str, Policies); 7] = [
    (GUMROAD, "pickOne==", Policies { on_dispute: "revoke", ..Policies::USUAL }),
    (GUMROAD, "bundle==", Policies { on_partial_refund: "revoke", ..Policies::USUAL }),
    (GUMROAD, "nobody-knows==", Policies { on_refund: "keep", on_dispute: "keep", ..Policies::USUAL }),
    (LEMON_SQUEEZY, "6", Policies { on_partial_refund: "revoke", ..Policies::USUAL }),
    (STRIPE, "prod_2SandboxTongs", Policies { on_dispute_lost: "keep", ..Policies::USUAL }),
    (POLAR, "9d2f0e4a-0000-4000-8000-0000000000bc", Policies { on_partial_refund: "revoke", ..Policies::USUAL }),
    (STANDARD, "pdt_2SandboxHorn", Policies { on_partial_refund: "revoke", ..Policies::USUAL }),
];

/// The products of which each piece has a key of its own. No change of the catalogue changes that.
const PER_QUANTITY: [(&str, &str); 2] = [(STRIPE, "prod_2SandboxTongs"), (STANDARD, "pdt_2SandboxHorn")];

/// Whether each piece of a product has a key of its own.
pub(crate) fn is_per_quantity(product: &Product) -> bool {
    PER_QUANTITY.contains(&(product.source, product.id))
}

/// The products whose licenses are activated for the account that was given at the checkout. No change of the catalogue changes that.
const AT_CHECKOUT: [(&str, &str); 6] = [
    (STRIPE, "prod_1SandboxForge"),
    (POLAR, "9d2f0e4a-0000-4000-8000-0000000000bb"),
    (STANDARD, "pdt_2SandboxHorn"),
    (PADDLE, "pro_01gsz4t5hdjse780zja8vvr7jh"),
    (GUMROAD, "checkout=="),
    (LEMON_SQUEEZY, "8"),
];

/// Whether licenses of this product are.
pub(crate) fn is_at_checkout(source: &str, product_id: &str) -> bool {
    AT_CHECKOUT.contains(&(source, product_id))
}

/// What becomes of a license of this product.
pub(crate) fn policies(source: &str, product_id: &str) -> Policies {
    let unusual = UNUSUAL.iter().find(|(of, id, _)| *of == source && *id == product_id);
    unusual.map_or(Policies::USUAL, |(.., policies)| *policies)
}

/// The products whose licenses last a year, and how many days before that is over their buyers are told. No change of the catalogue
/// changes that. It is days after the sale, so that a run lives to see it.
const A_YEAR: [(&str, &str, i64); 3] =
    [(GUMROAD, "pickOne==", 362), (LEMON_SQUEEZY, "4", 361), (LEMON_SQUEEZY, "6", 359)];

/// When the buyer of a license of this product is told that it expires, and when it does, where it does.
pub(crate) fn reminder(source: &str, product_id: &str, issued_at: i64) -> Option<(i64, i64)> {
    let (.., days) = A_YEAR.iter().find(|(of, id, _)| *of == source && *id == product_id)?;
    let expires_at = Timestamp::from_millis(issued_at).plus_years(1)?.as_millis();
    Some((expires_at - days * 24 * 60 * 60 * 1000, expires_at))
}

/// So long after a license has expired it is over, where the catalogue says nothing else.
const GRACE_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// When a license of this product ends, where it does.
pub(crate) fn end(source: &str, product_id: &str, issued_at: i64) -> Option<i64> {
    reminder(source, product_id, issued_at).map(|(_, expires_at)| expires_at + GRACE_MS)
}

/// One version of the catalogue: its entries in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelf {
    scope: Scope,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    place: usize,
    terms: Terms,
}

/// An entry that the seller has, or may add.
struct Line {
    source: &'static str,
    id: &'static str,
    variant: Option<&'static str>,
    issues: Issues,
    repos: &'static [&'static str],
    choose: &'static [&'static str],
    /// A repository that the seller adds to it at times.
    extra: &'static str,
    /// Whether it is there from the beginning.
    from_the_beginning: bool,
}

/// So many of [`LINES`] may a catalogue of [`Scope::Three`] have: the first ones.
const OF_THREE: usize = 14;

const LINES: [Line; 25] = [
    Line {
        source: GUMROAD,
        id: "32-nPAicqbLj8B_WswVlMw==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/starter", "acme/starter-docs"],
        choose: &[],
        extra: "acme/starter-extra",
        from_the_beginning: true,
    },
    Line {
        source: GUMROAD,
        id: "pickOne==",
        variant: None,
        issues: Issues::Minted,
        repos: &[],
        choose: &["acme/stack-nuxt", "acme/stack-next"],
        extra: "acme/stack-svelte",
        from_the_beginning: true,
    },
    Line {
        source: GUMROAD,
        id: "bundle==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/bundle-api", "acme/bundle-web", "acme/bundle-mobile", "acme/bundle-infra", "acme/bundle-docs"],
        choose: &[],
        // What another product opens, spelled otherwise.
        extra: "Acme/Starter",
        from_the_beginning: true,
    },
    Line {
        source: GUMROAD,
        id: "nobody-knows==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/late"],
        choose: &[],
        extra: "acme/late-extra",
        from_the_beginning: false,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "4",
        variant: None,
        issues: Issues::Storefront,
        repos: &["acme/kit"],
        choose: &[],
        extra: "acme/kit-extra",
        from_the_beginning: true,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "4",
        variant: Some("5"),
        issues: Issues::Storefront,
        repos: &["acme/kit", "acme/kit-pro"],
        choose: &[],
        extra: "acme/kit-extra",
        from_the_beginning: true,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "6",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/minted"],
        choose: &[],
        extra: "acme/minted-extra",
        from_the_beginning: true,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "7",
        variant: Some("8"),
        issues: Issues::Storefront,
        repos: &["acme/variant"],
        choose: &[],
        extra: "acme/variant-extra",
        from_the_beginning: true,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "7",
        variant: Some("9"),
        issues: Issues::Storefront,
        repos: &["acme/ninth"],
        choose: &[],
        extra: "acme/variant-extra",
        from_the_beginning: false,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "7",
        variant: None,
        issues: Issues::Storefront,
        repos: &["acme/variants"],
        choose: &[],
        extra: "acme/variant-extra",
        from_the_beginning: false,
    },
    Line {
        source: GUMROAD,
        id: "sold-by-nobody==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/unsold"],
        choose: &[],
        extra: "acme/unsold-extra",
        from_the_beginning: false,
    },
    Line {
        source: GUMROAD,
        id: "ebook==",
        variant: None,
        issues: Issues::Nobody,
        repos: &[],
        choose: &[],
        extra: "acme/unsold",
        from_the_beginning: false,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "77",
        variant: None,
        issues: Issues::Nobody,
        repos: &[],
        choose: &[],
        extra: "acme/unsold",
        from_the_beginning: false,
    },
    Line {
        source: PADDLE,
        id: "pro_01gsz4t5hdjse780zja8vvr7jg",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/toolbox"],
        choose: &[],
        extra: "acme/toolbox-extra",
        from_the_beginning: true,
    },
    Line {
        source: STRIPE,
        id: "prod_1SandboxForge",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/forge", "acme/forge-docs"],
        choose: &[],
        extra: "acme/forge-extra",
        from_the_beginning: true,
    },
    Line {
        source: STRIPE,
        id: "prod_2SandboxTongs",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/tongs"],
        choose: &[],
        extra: "acme/tongs-extra",
        from_the_beginning: true,
    },
    Line {
        source: STRIPE,
        id: "prod_3NobodyKnows",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/bellows"],
        choose: &[],
        extra: "acme/bellows-extra",
        from_the_beginning: false,
    },
    Line {
        source: POLAR,
        id: "9d2f0e4a-0000-4000-8000-0000000000bb",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/press"],
        choose: &[],
        extra: "acme/press-extra",
        from_the_beginning: true,
    },
    Line {
        source: POLAR,
        id: "9d2f0e4a-0000-4000-8000-0000000000bc",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/plates"],
        choose: &[],
        extra: "acme/press-extra",
        from_the_beginning: true,
    },
    Line {
        source: STANDARD,
        id: "pdt_1SandboxAnvil",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/anvil"],
        choose: &[],
        extra: "acme/anvil-extra",
        from_the_beginning: true,
    },
    Line {
        source: STANDARD,
        id: "pdt_2SandboxHorn",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/horn"],
        choose: &[],
        extra: "acme/anvil",
        from_the_beginning: true,
    },
    Line {
        source: PADDLE,
        id: "pro_01gsz4t5hdjse780zja8vvr7jh",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/tray"],
        choose: &[],
        extra: "acme/tray-extra",
        from_the_beginning: true,
    },
    Line {
        source: GUMROAD,
        id: "checkout==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/booth"],
        choose: &[],
        extra: "acme/booth-extra",
        from_the_beginning: true,
    },
    Line {
        source: LEMON_SQUEEZY,
        id: "8",
        variant: None,
        issues: Issues::Storefront,
        repos: &["acme/stall"],
        choose: &[],
        extra: "acme/stall-extra",
        from_the_beginning: true,
    },
    Line {
        source: POLAR,
        id: "9d2f0e4a-0000-4000-8000-0000000000bd",
        variant: None,
        issues: Issues::Nobody,
        repos: &[],
        choose: &[],
        extra: "acme/unsold",
        from_the_beginning: false,
    },
];

/// The entries that a catalogue may have.
fn lines(scope: Scope) -> &'static [Line] {
    match scope {
        Scope::Three => &LINES[..OF_THREE],
        Scope::All => &LINES,
    }
}

/// Every repository that an entry may name.
pub(crate) fn every_repo(scope: Scope) -> impl Iterator<Item = &'static str> {
    lines(scope).iter().flat_map(|line| line.repos.iter().chain(line.choose).chain([&line.extra]).copied())
}

impl Line {
    fn terms(&self) -> Terms {
        Terms { repos: self.repos.to_vec(), choose: self.choose.to_vec(), permission: "pull" }
    }
}

impl Shelf {
    /// What the seller begins with.
    pub(crate) fn first(scope: Scope) -> Self {
        Self::of(scope, |line| line.from_the_beginning)
    }

    /// With everything that the seller has as it was at first, and every other entry besides.
    pub(crate) fn full(scope: Scope) -> Self {
        Self::of(scope, |_| true)
    }

    /// The same with another permission for a product.
    pub(crate) fn permitting(mut self, product: &Product, permission: &'static str) -> Self {
        for entry in &mut self.entries {
            let line = &LINES[entry.place];
            if line.source == product.source && line.id == product.id {
                entry.terms.permission = permission;
            }
        }
        self
    }

    /// What it opens to every buyer of a product.
    pub(crate) fn repos_of(&self, product: &Product) -> Vec<&'static str> {
        self.terms(product).map(|terms| terms.repos.clone()).unwrap_or_default()
    }

    fn of(scope: Scope, is_there: impl Fn(&Line) -> bool) -> Self {
        let there = lines(scope).iter().enumerate().filter(|(_, line)| is_there(line));
        Self { scope, entries: there.map(|(place, line)| Entry { place, terms: line.terms() }).collect() }.in_sections()
    }

    /// Those of one storefront together: their order among others' says nothing.
    fn in_sections(mut self) -> Self {
        self.entries.sort_by_key(|entry| LINES[entry.place].source);
        self
    }

    /// Another version of it, and what is different, in words.
    pub(crate) fn changed(&self, random: &mut fastrand::Rng) -> (Self, String) {
        let mut changed = self.clone();
        let missing: Vec<usize> = (0..lines(self.scope).len())
            .filter(|place| !self.entries.iter().any(|entry| entry.place == *place))
            .collect();
        let count = self.entries.len();
        let opening: Vec<usize> =
            (0..count).filter(|at| LINES[self.entries[*at].place].issues != Issues::Nobody).collect();
        let words = match random.u32(0..10) {
            0..=3 if !missing.is_empty() => {
                let place = missing[random.usize(0..missing.len())];
                let entry = Entry { place, terms: LINES[place].terms() };
                changed.entries.insert(random.usize(0..=count), entry);
                format!("map {}", LINES[place])
            }
            4..=6 if count > 1 => {
                let gone = changed.entries.remove(random.usize(0..count));
                format!("unmap {}", LINES[gone.place])
            }
            7 if count > 1 => {
                changed.entries.swap(0, random.usize(1..count));
                "put the products in another order".to_owned()
            }
            8 if !opening.is_empty() => {
                let entry = &mut changed.entries[opening[random.usize(0..opening.len())]];
                entry.terms.permission = ["pull", "triage", "push", "maintain"][random.usize(0..4)];
                format!("let buyers of {} have {}", LINES[entry.place], entry.terms.permission)
            }
            _ if opening.is_empty() => "change nothing".to_owned(),
            _ => {
                let entry = &mut changed.entries[opening[random.usize(0..opening.len())]];
                let line = &LINES[entry.place];
                let first = line.terms();
                let chosen = !line.choose.is_empty();
                let open = if chosen { &mut entry.terms.choose } else { &mut entry.terms.repos };
                if open.contains(&line.extra) {
                    *open = if chosen { first.choose } else { first.repos };
                } else if random.bool() {
                    open.push(line.extra);
                } else if chosen || open.len() == 1 {
                    open[0] = line.extra;
                } else {
                    open.remove(0);
                }
                format!("open {} for {line}", open.join(" and "))
            }
        };
        (changed.in_sections(), words)
    }

    /// What it says of a product: the entry of its variant, else the one of every variant.
    pub(crate) fn terms(&self, product: &Product) -> Option<&Terms> {
        self.entry(product, product.variant).or_else(|| self.entry(product, None))
    }

    /// What it says of what a license is for, if that is something to open.
    pub(crate) fn terms_of(&self, source: &str, id: &str, variant: Option<&str>) -> Option<&Terms> {
        let of_product = |wanted: Option<&str>| {
            self.entries.iter().find(|entry| {
                let line = &LINES[entry.place];
                line.source == source && line.id == id && line.variant == wanted
            })
        };
        let entry = of_product(variant).or_else(|| of_product(None))?;
        (LINES[entry.place].issues != Issues::Nobody).then_some(&entry.terms)
    }

    /// What it says of a product whose variant nobody names.
    pub(crate) fn terms_without_variant(&self, product: &Product) -> Option<&Terms> {
        self.entry(product, None)
    }

    /// Whether an entry of the product is for one variant alone.
    pub(crate) fn depends_on_variant(&self, product: &Product) -> bool {
        let mut lines = self.entries.iter().map(|entry| &LINES[entry.place]);
        lines.any(|line| line.source == product.source && line.id == product.id && line.variant.is_some())
    }

    fn entry(&self, product: &Product, variant: Option<&str>) -> Option<&Terms> {
        let of_product = self.entries.iter().find(|entry| {
            let line = &LINES[entry.place];
            line.source == product.source && line.id == product.id && line.variant == variant
        });
        of_product.map(|entry| &entry.terms)
    }

    /// As the seller writes it.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        for Entry { place, terms } in &self.entries {
            let line = &LINES[*place];
            if line.issues == Issues::Nobody {
                let _ = writeln!(
                    text,
                    "[[{}]]\nproduct_id = {:?}\nname = \"Something else\"\nlicense = \"none\"\n",
                    line.source, line.id
                );
                continue;
            }
            let license = if line.issues == Issues::Minted { "minted" } else { "storefront" };
            let variant = line.variant.map(|variant| format!("variant_id = {variant:?}\n")).unwrap_or_default();
            let repos = if terms.repos.is_empty() { String::new() } else { format!("repos = {:?}\n", terms.repos) };
            let choose = match terms.choose.as_slice() {
                [] => String::new(),
                choose => format!("choose = {{ from = {choose:?}, limit = 1 }}\n"),
            };
            let Policies { on_refund, on_partial_refund, on_dispute, on_dispute_lost } = policies(line.source, line.id);
            // Three storefronts tell of no dispute that is lost, and what is the usual need not be written.
            let lost = match self.scope {
                Scope::Three => String::new(),
                Scope::All => format!("on_dispute_lost = {on_dispute_lost:?}\n"),
            };
            let flags = [
                (PER_QUANTITY.contains(&(line.source, line.id)), "per_quantity = true\n"),
                (is_at_checkout(line.source, line.id), "activate_at_checkout = true\n"),
            ];
            let flags: String = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| *flag).collect();
            let ends = A_YEAR.iter().find(|(of, id, _)| *of == line.source && *id == line.id);
            let ends = ends.map(|(.., days)| format!("years = 1\nremind_days = {days}\n")).unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "[[{}]]\nproduct_id = {:?}\n{variant}{ends}name = {:?}\ntier = \"core\"\n{repos}{choose}permission = {:?}\nlicense = \
                 {license:?}\non_refund = {on_refund:?}\non_partial_refund = {on_partial_refund:?}\non_dispute = {on_dispute:?}\n{lost}{flags}",
                line.source,
                line.id,
                format!("Product {}", line.id),
                terms.permission,
            );
        }
        if self.scope == Scope::All {
            text.push_str("[standard_webhooks]\npreset = \"dodo\"\n");
        }
        text
    }

    /// As the engine keeps it.
    pub(crate) fn to_catalogue(&self) -> Catalogue {
        world::catalogue_of(&self.to_toml())
    }
}

impl Terms {
    /// What a license opens that is brought to them: by the repositories that it opens and those of them that its buyer chose once.
    /// `None`: it stays as it is.
    pub(crate) fn opened_by_now(&self, has: &[String], chosen: &[String]) -> Option<Vec<String>> {
        let among = |repos: &[String], repo: &str| repos.iter().any(|one| one.eq_ignore_ascii_case(repo));
        let mut repos: Vec<String> = self.repos.iter().map(|repo| (*repo).to_owned()).collect();
        repos.extend(self.choose.iter().filter(|repo| among(has, repo)).map(|repo| (*repo).to_owned()));
        if !self.choose.is_empty() && repos.len() == self.repos.len() && chosen.is_empty() {
            return None;
        }
        // What was paid for is kept, be it offered any more or not.
        for repo in chosen {
            if among(has, repo) && !among(&repos, repo) {
                repos.push(repo.clone());
            }
        }
        Some(repos)
    }

    /// Whether these are repositories that a buyer of the product could have chosen.
    pub(crate) fn open(&self, repos: &[String]) -> bool {
        let (fixed, chosen): (Vec<_>, Vec<_>) = repos.iter().partition(|repo| self.repos.contains(&repo.as_str()));
        fixed.len() == self.repos.len()
            && chosen.len() == usize::from(!self.choose.is_empty())
            && chosen.iter().all(|repo| self.choose.contains(&repo.as_str()))
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.variant {
            Some(variant) => write!(f, "{} {} variant {variant}", self.source, self.id),
            None => write!(f, "{} {}", self.source, self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written by hand has to be what the fixture says, or the simulator judges another shop than it sells in.
    #[test]
    fn the_first_shelf_opens_what_the_fixture_says() {
        let (ours, fixture) = (Shelf::first(Scope::Three).to_catalogue(), world::catalogue());
        assert_eq!(ours.products().len(), fixture.products().len());
        for (ours, fixture) in ours.products().iter().zip(fixture.products()) {
            let of = |product: &latchkey::model::catalogue::Product| {
                let choose = product.choose.as_ref().map(|choice| choice.from.clone());
                (product.product_id.clone(), product.repos.clone(), choose, product.permission, product.license)
            };
            assert_eq!(of(ours), of(fixture));
            assert_eq!(ours.variant_id(), fixture.variant_id());
        }
    }
}
