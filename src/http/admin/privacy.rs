//! `/admin/privacy/*`: what is held on a person.

use super::{action, failed, unavailable};
use crate::api::privacy::{Erasure, Export, PrivacyRequest};
use crate::engine::Engine;
use crate::http::Problem;
use crate::platform::Platform;

pub(crate) async fn export<P: Platform>(engine: &Engine<P>, request: PrivacyRequest) -> Result<Export, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    engine.export(&request.email, &action).await.map_err(unavailable(engine))
}

pub(crate) async fn erase<P: Platform>(engine: &Engine<P>, request: PrivacyRequest) -> Result<Erasure, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    let erased = engine.erase(&request.email, &action).await.map_err(|error| failed(engine, &error))?;
    Ok(Erasure { erased })
}
