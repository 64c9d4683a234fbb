//! Values that are one of a few words.

/// A value that is written as one of a few words.
pub trait Word: Copy + 'static {
    /// Every one, in the order in which people are told of them.
    const ALL: &'static [Self];

    /// How it is written.
    fn as_str(self) -> &'static str;

    /// The one that is written so.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.as_str() == name)
    }
}

/// An enum whose variants each have a word.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// How it is written, in the catalogue and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::model::catalogue::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                Self::as_str(self)
            }
        }
    };
}

pub(super) use words;
