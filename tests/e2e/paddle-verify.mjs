// Checks a webhook's signature with Paddle's own package. Reads `{ secret, header, body }` as JSON, and prints true or false.

import { Environment, Paddle } from "@paddle/paddle-node-sdk";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { secret, header, body } = JSON.parse(input);
const paddle = new Paddle("key", { environment: Environment.sandbox });
const isValid = await paddle.webhooks.isSignatureValid(body, secret, header);
// What it makes of the body, too: a field that its types lack would be a mistake of the sandbox's.
const event = isValid ? await paddle.webhooks.unmarshal(body, secret, header) : null;
process.stdout.write(`${isValid} ${event?.eventType ?? ""} ${event?.data?.id ?? ""}`);
