// Checks a webhook's signature with Polar's own package, and what it makes of the body. Reads `{ secret, headers, body }` as JSON, and
// prints `{ verdict }` as JSON: the type and the id of what is told, or the name of the error.

import { webhooks } from "@polar-sh/sdk/2026-04";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { secret, headers, body } = JSON.parse(input);
let verdict;
try {
  const event = await webhooks.validateEvent(body, headers, secret);
  verdict = `${event.type} ${event.data.id}`;
} catch (error) {
  verdict = error.name;
}
process.stdout.write(JSON.stringify({ verdict }));
