//! What proves a ping.

use super::*;

const SETTINGS: &[(&str, &str)] =
    &[("GUMROAD_WEBHOOK_SECRET", "current +1"), ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "previous")];

fn opens(query: Option<&str>) -> bool {
    opens_with(SETTINGS, query)
}

/// Whether the head alone proves it. What does not is hidden.
fn opens_with(settings: &[(&str, &str)], query: Option<&str>) -> bool {
    let head = Head { query, headers: &[] };
    match read_settings::<Gumroad>(settings).authenticate(&head, NOW) {
        Ok(Proof::Head(_)) => true,
        Err(Refusal::Hidden) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_current_and_the_previous_secret_open_the_door() {
    for query in ["secret=current+%2B1", "secret=current%20%2b1", "a=b&secret=previous", "s%65cret=previous&"] {
        assert!(opens(Some(query)), "{query}");
    }
}

#[test]
fn anything_else_does_not() {
    let queries =
        ["", "secret", "secret=", "secret=wrong", "Secret=previous", "secret=previous%00", "secret=%ff", "previous"];
    assert!(!opens(None));
    for query in queries {
        assert!(!opens(Some(query)), "{query}");
    }
}

#[test]
fn a_secret_given_twice_is_not_believed_even_when_both_are_right() {
    for query in ["secret=previous&secret=previous", "secret=wrong&secret=previous", "secret=previous&secret"] {
        assert!(!opens(Some(query)), "{query}");
    }
}

#[test]
fn without_a_configured_secret_nothing_opens() {
    for settings in [&[][..], &SETTINGS[1..]] {
        for query in ["secret=", "secret", "secret=previous", ""] {
            assert!(!opens_with(settings, Some(query)), "{query}");
        }
    }
}
