//! JSON pointers: the way to a value within a JSON text. What is found there is for whoever reads it.
//! <https://www.rfc-editor.org/rfc/rfc6901>

/// The way to a value, step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    written: String,
    steps: Vec<String>,
}

impl Pointer {
    /// Reads a pointer to a value within another, such as `/data/customer/email`.
    ///
    /// # Errors
    /// What is wrong with it, for a sentence that begins with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let steps = text.strip_prefix('/').ok_or("does not begin with a slash")?;
        let steps = steps.split('/').map(unescaped).collect::<Option<_>>();
        let steps = steps.ok_or("has a ~ that is followed by neither 0 nor 1")?;
        Ok(Self { written: text.to_owned(), steps })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The names of the members on the way; within a list, the places of its items, from zero.
    pub fn steps(&self) -> &[String] {
        &self.steps
    }
}

/// A step as it is meant: `~1` stands for a slash and `~0` for the tilde.
fn unescaped(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut meant = parts.next()?.to_owned();
    for part in parts {
        let (stands_for, rest) = match part.as_bytes().first()? {
            b'0' => ('~', part.get(1..)?),
            b'1' => ('/', part.get(1..)?),
            _ => return None,
        };
        meant.push(stands_for);
        meant.push_str(rest);
    }
    Some(meant)
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    fn steps(text: &str) -> Result<Vec<String>, &'static str> {
        Pointer::parse(text).map(|pointer| pointer.steps().to_vec())
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        for (text, expected) in [
            ("/foo", vec!["foo"]),
            ("/foo/0", vec!["foo", "0"]),
            ("/", vec![""]),
            ("/a~1b", vec!["a/b"]),
            ("/m~0n", vec!["m~n"]),
            ("/~01", vec!["~1"]),
            ("/ ", vec![" "]),
            ("/c%d/k\"l", vec!["c%d", "k\"l"]),
        ] {
            assert_eq!(steps(text).unwrap(), expected, "{text}");
            assert_eq!(Pointer::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_pointer_is_told_apart() {
        for text in ["", "data", "data/id", "$.data", "#/data"] {
            assert_eq!(steps(text), Err("does not begin with a slash"), "{text}");
        }
        for text in ["/~", "/a~", "/a~2b", "/~/b", "/a~~0"] {
            assert_eq!(steps(text), Err("has a ~ that is followed by neither 0 nor 1"), "{text}");
        }
    }
}
