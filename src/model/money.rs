//! What a buyer paid: a whole number of a currency's minor unit. Nothing here converts or divides.
//!
//! What a storefront counts as paid, with tax or without, stands where its module reads the amount.

use std::fmt;

/// A currency in the shape of ISO 4217: three letters, in lower case here. Whether it is one is not checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Currency(String);

/// An amount in the currency's minor unit, zero or more: 4900 yen are ¥4,900.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    minor_units: i64,
    currency: Currency,
}

/// The largest whole number that JavaScript, and so D1, holds exactly.
const LARGEST_EXACT: i64 = (1 << 53) - 1;

impl Currency {
    /// A code in either case.
    pub fn parse(code: &str) -> Option<Self> {
        let sound = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
        sound.then(|| Self(code.to_ascii_lowercase()))
    }

    /// U.S. dollars.
    pub fn usd() -> Self {
        Self("usd".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Amount {
    /// `None` for a debt, and for more than D1 holds exactly.
    pub fn new(minor_units: i64, currency: Currency) -> Option<Self> {
        (0..=LARGEST_EXACT).contains(&minor_units).then_some(Self { minor_units, currency })
    }

    pub const fn minor_units(&self) -> i64 {
        self.minor_units
    }

    pub const fn currency(&self) -> &Currency {
        &self.currency
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_three_letters_in_lower_case() {
        assert_eq!(Currency::parse("USD").unwrap().as_str(), "usd");
        for wrong in ["", "us", "usdt", "u$d", "u1d", "éa"] {
            assert_eq!(Currency::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_amount_is_no_debt_and_exact_in_d1() {
        let amount = |units| Amount::new(units, Currency::parse("jpy").unwrap()).map(|amount| amount.minor_units());
        assert_eq!((amount(0), amount(LARGEST_EXACT)), (Some(0), Some(9_007_199_254_740_991)));
        assert_eq!((amount(-1), amount(LARGEST_EXACT + 1)), (None, None));
    }
}
