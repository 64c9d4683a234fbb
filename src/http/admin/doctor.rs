//! `/admin/doctor`: whether everything is set up as it has to be. What is looked at is in `engine::doctor`.

use crate::api::doctor::Diagnosis;
use crate::engine::Engine;
use crate::http::Request;
use crate::platform::Platform;

/// Webhooks have to lead to where the operator reaches the Worker.
pub(crate) async fn diagnose<P: Platform>(engine: &Engine<P>, request: &Request) -> Diagnosis {
    engine.diagnose(request.header("host")).await
}
