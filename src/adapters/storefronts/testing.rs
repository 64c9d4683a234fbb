//! What the tests of storefronts have in common.

use super::Storefront;
use crate::adapters::testing::{Canned, run};
use crate::config::Reader;
use crate::model::{Delivery, Origin};

/// A storefront with these settings; whatever is missing is missing.
pub(super) fn read_settings<S: Storefront>(settings: &[(&str, &str)]) -> S {
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    S::read(&mut Reader::new(&find))
}

/// What a storefront makes of a body that came that way, without asking anybody.
pub(super) fn interpret<S: Storefront>(
    storefront: &S,
    origin: Origin,
    body: &[u8],
) -> Result<super::Understood, super::NotUnderstood> {
    let world = Canned::answering([]);
    run(storefront.interpret(&world, &Delivery::recorded(S::PROFILE.source, origin, body.to_vec())))
}
