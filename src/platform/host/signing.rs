//! Signing on the host, where there is no runtime that does it.

use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};

use crate::model::{PrivateKey, PublicKey};
use crate::platform::CannotSign;

/// The signature of a message by RSASSA-PKCS1-v1_5 over SHA-256. The randomness is no part of it: it hides from whoever
/// measures the time what the key is.
pub(super) fn rs256(key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
    let key = KeyPair::from_pkcs8(key.pkcs8()).map_err(|_| CannotSign)?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| CannotSign)?;
    Ok(signature)
}

/// Whether a signature is what the key's owner made of the message.
pub(super) fn is_signed(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let numbers = PublicKeyComponents { n: key.modulus(), e: key.exponent() };
    numbers.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_openssl_makes_whichever_form_the_key_came_in() {
        for (pkcs1, pkcs8, signature) in [
            (
                include_str!("../../../tests/fixtures/keys/rsa-2048.pkcs1.pem"),
                include_str!("../../../tests/fixtures/keys/rsa-2048.pkcs8.pem"),
                include_str!("../../../tests/fixtures/keys/rsa-2048.signature.hex"),
            ),
            (
                include_str!("../../../tests/fixtures/keys/rsa-4096.pkcs1.pem"),
                include_str!("../../../tests/fixtures/keys/rsa-4096.pkcs8.pem"),
                include_str!("../../../tests/fixtures/keys/rsa-4096.signature.hex"),
            ),
        ] {
            let signature = signature.split_whitespace().collect::<String>();
            for pem in [pkcs1, pkcs8] {
                let made = rs256(&PrivateKey::from_pem(pem).unwrap(), b"a message").unwrap();
                assert_eq!(made.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), signature);
            }
        }
    }

    #[test]
    fn numbers_that_make_no_key_sign_nothing() {
        let mut changed = include_str!("../../../tests/fixtures/keys/rsa-2048.pkcs1.pem").to_owned();
        // In the middle of a number: the form is as before.
        let at = changed.len() / 2;
        let other = if changed.as_bytes()[at] == b'A' { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        assert_eq!(rs256(&PrivateKey::from_pem(&changed).unwrap(), b"a message"), Err(CannotSign));
    }

    #[test]
    fn a_signature_is_known_by_the_public_key_and_any_other_is_not() {
        let modulus = include_str!("../../../tests/fixtures/keys/rsa-2048.modulus.txt");
        let key = PublicKey::new(modulus.trim(), "AQAB").unwrap();
        let private = PrivateKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-2048.pkcs1.pem")).unwrap();
        let signature = rs256(&private, b"a message").unwrap();
        assert!(is_signed(&key, b"a message", &signature));
        assert!(!is_signed(&key, b"another message", &signature));
        for wrong in [&signature[1..], &[]] {
            assert!(!is_signed(&key, b"a message", wrong));
        }
    }
}
