//! Pings as forms: `application/x-www-form-urlencoded`, with groups spelled `parent[child]`.
//!
//! What the fields are called and how a value is read is in `fields`.

use super::fields::Fields;
use crate::form::pairs;

/// Reads a form. There is no malformed form: what makes no sense is a field that nobody knows.
pub(super) fn read(body: &[u8]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in pairs(body) {
        // A name that is not UTF-8 is the buyer's side's own: with replacement characters in it, it is none of ours.
        let name = String::from_utf8_lossy(&name);
        let (group, member) = split(&name);
        let Some(value) = fields.decode(group, value) else { continue };
        match member {
            Some(member) => fields.add_member(group, member, Some(value)),
            None => fields.add_value(group, value),
        }
    }
    fields
}

/// Splits `parent[child]` at its outer brackets. Brackets that belong to the child's own name were encoded once more
/// by Gumroad, so after the form's decoding they are still `%5B` and `%5D`, and only now become brackets.
fn split(name: &str) -> (&str, Option<String>) {
    match name.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((group, member)) => (group, Some(restore_brackets(member))),
        None => (name, None),
    }
}

fn restore_brackets(name: &str) -> String {
    name.replace("%5B", "[").replace("%5b", "[").replace("%5D", "]").replace("%5d", "]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_groups_outer_brackets_split_it_and_the_inner_ones_are_part_of_the_name() {
        for (name, group, member) in [
            ("custom_fields[Notes %5Bopt%5D]", "custom_fields", Some("Notes [opt]")),
            ("custom_fields[Notes %5bopt%5d]", "custom_fields", Some("Notes [opt]")),
            ("purchase_ids[]", "purchase_ids", Some("")),
            ("old_plan[tier][id]", "old_plan", Some("tier][id")),
            ("email", "email", None),
            ("email[", "email[", None),
            ("email]", "email]", None),
            ("Notes %5Bopt%5D", "Notes %5Bopt%5D", None),
            ("100%25", "100%25", None),
        ] {
            assert_eq!(split(name), (group, member.map(str::to_owned)), "{name}");
        }
    }

    #[test]
    fn only_a_field_that_is_acted_on_must_be_utf8() {
        for name in ["email", "price", "sale_id", "product_id", "resource_name", "test", "sale_timestamp"] {
            let expected = format!("`{name}` is not valid UTF-8");
            assert_eq!(read(format!("{name}=%ff").as_bytes()).problem(), Some(expected.as_str()));
        }
        for form in [b"full_name=\xff".as_slice(), b"%ff=x", b"referrer=%ff", b"Team=%ff", b"url_params[a]=%ff"] {
            assert_eq!(read(form).problem(), None);
        }
    }

    #[test]
    fn a_custom_field_that_is_not_utf8_is_kept_as_far_as_it_can_be_read() {
        let fields = read(b"custom_fields[Te\xffam]=x&custom_fields[Te%feam]=y%ff");
        let expected = [("Te\u{fffd}am", "x"), ("Te\u{fffd}am", "y\u{fffd}")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        assert_eq!((fields.problem(), fields.custom_fields()), (None, Ok(expected)));
    }
}
