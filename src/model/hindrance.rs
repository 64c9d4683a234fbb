//! Why an account cannot be let into a repository before somebody has acted, as far as its owner is told.

/// What keeps an account out, by who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hindrance {
    /// The account and the repository's owner: one of them has blocked the other.
    AccountBlocked,
    /// GitHub: it has flagged, suspended or hidden the account.
    AccountUnusable,
    /// The seller, whose organization has no seat left.
    SeatMissing,
    /// The seller, by something else.
    Seller,
}

impl Hindrance {
    pub const ALL: &'static [Self] = &[Self::AccountBlocked, Self::AccountUnusable, Self::SeatMissing, Self::Seller];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountBlocked => "account_blocked",
            Self::AccountUnusable => "account_unusable",
            Self::SeatMissing => "seat_missing",
            Self::Seller => "seller",
        }
    }

    /// The hindrance of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|hindrance| hindrance.as_str() == name)
    }
}
