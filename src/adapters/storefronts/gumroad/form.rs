//! Pings as forms: `application/x-www-form-urlencoded`, with groups spelled `parent[child]`.
//!
//! What the fields are called and how a value is read is in `fields`.

use super::fields::Fields;
use crate::adapters::sanitize::titled;
use crate::form::pairs;

/// Reads a form. There is no malformed form: what makes no sense is a field that nobody knows.
pub(super) fn read(body: &[u8]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in pairs(body) {
        // Replacement characters stand for what is not UTF-8: a link's parameters, a browser's referrer and what buyers fill in
        // must not stop a sale, and a name with one in it is none of Gumroad's own.
        let (name, value) = (String::from_utf8_lossy(&name), String::from_utf8_lossy(&value));
        let (field, member) = split(&name);
        match member {
            Some(Member { name, within: Some(within) }) => fields.add(field, Some(name), titled(&within, &value)),
            Some(Member { name, within: None }) => fields.add(field, Some(name), value.into_owned()),
            None => fields.add(field, None, value.into_owned()),
        }
    }
    fields
}

/// The `child` of `parent[child]`.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    name: String,
    /// What stands behind it in brackets of its own, of a member that is a group itself; empty for an item of a list.
    within: Option<String>,
}

/// Splits `parent[child]` and `parent[child][grandchild]` at their brackets. Brackets that belong to a name were encoded once
/// more by Gumroad, so after the form's decoding they are still `%5B` and `%5D`, and only now become brackets.
fn split(name: &str) -> (&str, Option<Member>) {
    let Some((group, member)) = name.strip_suffix(']').and_then(|rest| rest.split_once('[')) else {
        return (name, None);
    };
    let (name, within) = match member.split_once("][") {
        Some((name, within)) => (name, Some(restore_brackets(within))),
        None => (member, None),
    };
    (group, Some(Member { name: restore_brackets(name), within }))
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
            ("custom_fields[Notes %5Bopt%5D]", "custom_fields", Some(("Notes [opt]", None))),
            ("custom_fields[Notes %5bopt%5d]", "custom_fields", Some(("Notes [opt]", None))),
            ("custom_fields[a%5D%5Bb]", "custom_fields", Some(("a][b", None))),
            ("purchase_ids[]", "purchase_ids", Some(("", None))),
            ("variants[Tier][]", "variants", Some(("Tier", Some("")))),
            ("old_plan[tier][id]", "old_plan", Some(("tier", Some("id")))),
            ("email", "email", None),
            ("email[", "email[", None),
            ("email]", "email]", None),
            ("Notes %5Bopt%5D", "Notes %5Bopt%5D", None),
            ("100%25", "100%25", None),
        ] {
            let member = member.map(|(name, within): (&str, Option<&str>)| Member {
                name: name.to_owned(),
                within: within.map(str::to_owned),
            });
            assert_eq!(split(name), (group, member), "{name}");
        }
    }

    #[test]
    fn only_a_field_that_is_acted_on_must_be_utf8() {
        for name in ["email", "sale_id", "product_id", "resource_name", "test"] {
            let expected = Err(format!("`{name}` is not valid UTF-8"));
            assert_eq!(read(format!("{name}=%ff").as_bytes()).text(name), expected);
        }
        let shown = read(b"full_name=\xff&price=\xff&%ff=x&referrer=%ff&url_params[a]=%ff&ip_country=%ff");
        assert_eq!(shown.shown("full_name", crate::adapters::sanitize::NAME).as_deref(), Some("\u{fffd}"));
        assert_eq!(shown.amount(), None);
    }

    #[test]
    fn a_custom_field_that_is_not_utf8_is_kept_as_far_as_it_can_be_read() {
        let fields = read(b"custom_fields[Te\xffam]=x&custom_fields[Te%feam]=y%ff");
        let expected = [("Te\u{fffd}am", "x"), ("Te\u{fffd}am", "y\u{fffd}")];
        assert_eq!(fields.custom_fields(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
