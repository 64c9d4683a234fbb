// Checks and makes signatures of webhooks with the standard's own package. Reads `{ secret, id, at, headers, body }` as JSON, and prints
// whether the package takes the body with these headers, and behind that a signature of its own for the same body.

import { Webhook } from "standardwebhooks";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { secret, id, at, headers, body } = JSON.parse(input);
const webhook = new Webhook(secret);
let verdict;
try {
  webhook.verify(body, headers);
  verdict = "verified";
} catch (error) {
  verdict = error.constructor.name;
}
const own = webhook.sign(id, new Date(at), body);
process.stdout.write(JSON.stringify({ verdict, own }));
