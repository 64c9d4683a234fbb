// Asks a Polar for what the Worker asks it, with Polar's own package. Reads `{ url, token, order, team }` as JSON, and prints what it
// was told as JSON.

import { createPolar } from "@polar-sh/sdk/2026-04";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { url, token, order, team } = JSON.parse(input);
const polar = createPolar({ accessToken: token, baseUrl: url });
const first = async (list) => (await list).items[0];
process.stdout.write(
  JSON.stringify({
    order: (await polar.orders.get(order)).status,
    listed: (await first(polar.orders.list({ created_after: "1970-01-01T00:00:00Z", limit: 25 }))).id,
    refund: (await first(polar.refunds.list({ limit: 10 }))).order_id,
    dispute: (await first(polar.disputes.list({ limit: 10 }))).status,
    owner: (await first(polar.customers.members.list(team, { role: "owner", limit: 1 }))).email,
    product: (await first(polar.products.list({ is_archived: false, limit: 100 }))).name,
    endpoint: (await first(polar.webhooks.listWebhookEndpoints({ limit: 100 }))).enabled,
  }),
);
