//! The description of the HTTP interface, which the runtime serves as a file.

use latchkey_testbed::TestbedOptions;
use serde_json::Value;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served_to_anybody() {
    let shop = Shop::open_with(TestbedOptions::default().without("ADMIN_TOKEN")).await;
    let file: Value = serde_json::from_str(include_str!("../../assets/openapi.json")).unwrap();
    let answer = shop.request(shop.get("/openapi.json")).await;
    assert_eq!((answer.status, &answer.body), (200, &file));
    assert_eq!(answer.headers["content-type"], "application/json");
    let url = format!("{}/openapi.json", shop.bed.url());
    assert_eq!(shop.request(shop.bed.client().head(&url)).await.status, 200);
    assert_eq!(shop.request(shop.bed.client().post(&url)).await.status, 405);
    shop.close();
}
