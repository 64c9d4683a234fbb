//! What an entry of the catalogue can be made of, as the services list it now: the repositories that the credentials for GitHub see, and
//! the products that the storefronts list.
//!
//! It only looks, at what is bounded, and nothing depends on it: whatever is not told here can be typed.

use super::Engine;
use super::join::join_all;
use crate::adapters::Failure;
use crate::adapters::storefronts::AnyStorefront;
use crate::api::products::{MissingChoice, OfferedProduct, ProductChoices};
use crate::model::Repo;
use crate::model::catalogue::{Catalogue, Product};
use crate::platform::Platform;

/// What stands for GitHub among the storefronts.
const GITHUB: &str = "github";

/// How many repositories are told, and how many products of a storefront.
const MOST: usize = 100;

impl<P: Platform> Engine<P> {
    /// Asks everybody at once. What the catalogue names already is left out of the products.
    pub async fn product_choices(&self, catalogue: &Catalogue) -> ProductChoices {
        let fronts = self.config.storefronts.iter().filter(|front| front.is_configured() && !front.lists().is_empty());
        let fronts: Vec<_> = fronts.collect();
        let asked = join_all(fronts.iter().map(|front| self.listed_by(front)));
        let (mut choices, offered) = futures_util::future::join(self.repository_choices(catalogue), asked).await;
        for (front, offered) in fronts.iter().zip(offered) {
            let source = front.source();
            let source = source.as_str();
            match offered {
                Ok(offered) => {
                    let is_known = |id: &str| {
                        catalogue.products().iter().any(|entry| entry.source == source && entry.product_id == id)
                    };
                    choices.products.extend(offered.into_iter().filter(|offered| !is_known(&offered.product_id)));
                }
                Err(failure) => choices.missing.push(missing(source, &failure)),
            }
        }
        choices
    }

    /// The repositories alone.
    pub async fn repository_choices(&self, catalogue: &Catalogue) -> ProductChoices {
        let mut choices = ProductChoices::default();
        match self.repositories_seen(catalogue).await {
            Ok(repos) => choices.repos = repos.iter().map(|repo| repo.as_str().to_owned()).collect(),
            Err(failure) => choices.missing.push(missing(GITHUB, &failure)),
        }
        choices
    }

    /// An App asks through the repositories that the catalogue names.
    async fn repositories_seen(&self, catalogue: &Catalogue) -> Result<Vec<Repo>, Failure> {
        let places = catalogue.products().iter().flat_map(Product::all_repos).cloned();
        let mut repos = self.github(None)?.through(places).repositories(&self.platform).await?;
        repos.truncate(MOST);
        Ok(repos)
    }

    async fn listed_by(&self, front: &AnyStorefront) -> Result<Vec<OfferedProduct>, Failure> {
        let products = front.products(&self.platform).await?;
        let source = front.source();
        let offered = products.listed.into_iter().take(MOST).map(|listed| OfferedProduct {
            source: source.as_str().to_owned(),
            product_id: listed.id,
            name: listed.name,
        });
        Ok(offered.collect())
    }
}

fn missing(service: &str, failure: &Failure) -> MissingChoice {
    MissingChoice { service: service.to_owned(), reason: failure.reason.clone() }
}
