// Checks and makes signatures of webhooks with Stripe's own package. Reads `{ secret, header, body }` as JSON, and prints what the
// package makes of the body, or why it refuses it, and behind that a header of its own for the same body.

import Stripe from "stripe";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { secret, header, body } = JSON.parse(input);
const stripe = new Stripe("sk_test_none");
let verdict;
try {
  const event = stripe.webhooks.constructEvent(body, header, secret);
  verdict = `${event.type} ${event.data.object.id}`;
} catch (error) {
  verdict = error.constructor.name;
}
const own = stripe.webhooks.generateTestHeaderString({ payload: body, secret });
process.stdout.write(JSON.stringify({ verdict, own }));
