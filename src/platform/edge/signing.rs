//! The runtime's own cryptography. <https://developers.cloudflare.com/workers/runtime-apis/web-crypto/>

use worker::js_sys::futures::JsFuture;
use worker::js_sys::{self, Array, Object, Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{CryptoKey, WorkerGlobalScope};

use crate::model::{PrivateKey, PublicKey};

const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

/// The signature of a message by RSASSA-PKCS1-v1_5 over SHA-256.
pub(super) async fn rs256(key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, JsValue> {
    let runtime: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = runtime.crypto()?.subtle();
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &ALGORITHM.into())?;
    Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
    let pkcs8 = Uint8Array::from(key.pkcs8());
    // Not to be read back, and to sign with alone.
    let uses = Array::of1(&"sign".into());
    let imported = subtle.import_key_with_object("pkcs8", &pkcs8, &algorithm, false, &uses)?;
    let key: CryptoKey = JsFuture::from(imported).await?.unchecked_into();
    let signature = subtle.sign_with_str_and_u8_array(ALGORITHM, &key, message)?;
    Ok(Uint8Array::new(&JsFuture::from(signature).await?).to_vec())
}

/// Whether a signature is what the key's owner made of the message.
pub(super) async fn is_signed(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<bool, JsValue> {
    let runtime: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = runtime.crypto()?.subtle();
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &ALGORITHM.into())?;
    Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
    let jwk = Object::new();
    for (name, value) in [("kty", "RSA".to_owned()), ("n", key.n()), ("e", key.e())] {
        Reflect::set(&jwk, &name.into(), &value.into())?;
    }
    let uses = Array::of1(&"verify".into());
    let imported = subtle.import_key_with_object("jwk", &jwk, &algorithm, false, &uses)?;
    let key: CryptoKey = JsFuture::from(imported).await?.unchecked_into();
    let verified = subtle.verify_with_str_and_u8_array_and_u8_array(ALGORITHM, &key, signature, message)?;
    Ok(JsFuture::from(verified).await?.is_truthy())
}
