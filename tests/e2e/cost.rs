//! What the paths cost at the real D1, as the Worker itself logs it.

use serde_json::Value;

use crate::shop::Shop;

/// Before the answer: a webhook one round trip, a first activation two, a repeated one one. Rows written count index
/// entries too, and are what the Free plan's daily 100,000 are spent on.
#[tokio::test(flavor = "multi_thread")]
async fn the_round_trips_and_rows_of_each_path_are_within_their_bounds() {
    let shop = Shop::open().await;
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.until("outbox WHERE kind = 'invitation' AND state = 'done'", 2).await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.until("outbox WHERE state = 'done'", 3).await;
    assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");

    let requests = shop.logged("request");
    let of = |route: &str| requests.iter().filter(|line| line["route"] == route).collect::<Vec<&Value>>();
    let spent =
        |line: &Value| ["d1_round_trips", "d1_rows_read", "d1_rows_written"].map(|name| line[name].as_i64().unwrap());
    let webhook = spent(of("gumroad_webhook")[0]);
    let activations = of("activate");
    let (first, again) = (spent(activations[0]), spent(activations[1]));
    assert_eq!([webhook[0], first[0], again[0]], [1, 2, 1]);
    assert!(webhook[1] <= 1 && webhook[2] <= 3, "{webhook:?}");
    assert!(first[1] <= 30 && first[2] <= 12, "{first:?}");
    assert!(again[1] <= 30 && again[2] <= 8, "{again:?}");

    let behind = shop.logged("follow_up");
    let fulfillment = spent(&behind[0]);
    assert!(webhook[2] + fulfillment[2] <= 15, "{webhook:?} {fulfillment:?}");
    shop.close();
}
