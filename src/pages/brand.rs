//! The seller's color as a style sheet: the policy of the pages lets no style stand in them.
//!
//! Text on the color is black or white, whichever is the easier to read: one of both has a contrast of 4.5 to 1 with any color.
//! <https://www.w3.org/TR/WCAG22/#contrast-minimum>

use crate::config::{Accent, Config};
use crate::http::Response;

pub(super) fn respond(config: &Config) -> Response {
    let css = config.pages.brand.accent.map(style_sheet).unwrap_or_default();
    Response { body: css.into_bytes(), ..Response::empty(200) }
        .header("content-type", "text/css; charset=utf-8")
        .header("cache-control", "public, max-age=3600")
}

/// Where the style sheet of a color is: another color is another address, so that it is seen at once.
pub(super) fn path(accent: Accent) -> String {
    let Accent([red, green, blue]) = accent;
    format!("/brand.css?{red:02x}{green:02x}{blue:02x}")
}

fn style_sheet(accent: Accent) -> String {
    let Accent([red, green, blue]) = accent;
    let ink = if contrast_with_white(accent) >= 4.5 { "#fff" } else { "#000" };
    format!(":root{{--accent:#{red:02x}{green:02x}{blue:02x};--on-accent:{ink}}}\n")
}

/// <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>
fn contrast_with_white(accent: Accent) -> f64 {
    let Accent([red, green, blue]) = accent;
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    1.05 / (luminance + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_any_color_has_enough_contrast() {
        for color in 0..=0xfff_u32 {
            let channel = |shift: u32| u8::try_from((color >> shift) & 0xf).unwrap() * 17;
            let accent = Accent([channel(8), channel(4), channel(0)]);
            let white = contrast_with_white(accent);
            let black = 21.0 / white;
            let chosen = if style_sheet(accent).contains("--on-accent:#fff") { white } else { black };
            assert!(chosen >= 4.5, "{accent:?}: {chosen}");
        }
    }
}
