//! The operator's console, as a browser without scripts uses it. In a real one it is used in `crates/browser`.
//!
//! | module | what it promises |
//! |---|---|
//! | `cloudflare` | whom Cloudflare Access lets through |
//! | `attention` | what needs somebody, by cause |
//! | `deliveries` | what storefronts have sent, processing it again and dismissing it |
//! | `entered` | what was entered stays where nothing came of it |
//! | `guarded` | who is let in, and what is written where it must not be |
//! | `github_app` | an App of the seller's own at GitHub, from a manifest |
//! | `licenses` | what buyers have: finding it, its story, and changing it |
//! | `access` | who can get into what, and bringing licenses to the catalogue |
//! | `looking` | the doctor, and sales |
//! | `outbox` | what is to be done, trying it again and leaving it |
//! | `products` | the catalogue as a form and as text, and a sale of an unknown product |

mod access;
mod attention;
mod cloudflare;
mod deliveries;
mod entered;
mod github_app;
mod guarded;
mod licenses;
mod looking;
mod outbox;
mod products;

use crate::pages::{Browser, PUBLIC_URL, Seen};
use crate::shop::{ADMIN_TOKEN, Shop};

/// What a shop needs whose operator uses the console.
const CONSOLE: [(&str, &str); 1] = [("PUBLIC_URL", PUBLIC_URL)];

const SESSION: &str = "__Host-latchkey-console";

/// Somebody who has signed in.
async fn signed_in(shop: &Shop) -> Browser<'_> {
    let browser = Browser::new(shop);
    let led = browser.post("/console/sign-in", &[("token", ADMIN_TOKEN), ("name", "Ada")]).await;
    assert_eq!((led.status, led.header("location")), (303, Some("/console")));
    browser
}

impl Browser<'_> {
    /// A page of the console.
    async fn look(&self, path: &str) -> Seen {
        let seen = self.get(path).await;
        assert_eq!(seen.status, 200, "{path}: {:?} {}", seen.header("location"), seen.text());
        seen
    }
}

impl Seen {
    /// The words of the page, with a space behind each cell of a table.
    fn cells(&self) -> String {
        let html = self.html.replace("</td>", " </td>").replace("</th>", " </th>").replace("&#39;", "'");
        Self { html, status: self.status, headers: Vec::new() }.text()
    }
}
