// The peer of the benchmarks: Latchkey's job as a JavaScript developer would write it for Workers and D1. A delivery is
// stored before anything looks at it; behind the answer a license is minted and mailed, once an order; a buyer activates
// it for one GitHub account, and asking again is welcome.
//
// It does what the measured paths do, and no more: no other storefront, no refunds, no retries by cron, no operator.

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { invite, resolveUser } from "./github.js";
import { sendLicenseMail } from "./mail.js";
import { productOf } from "./products.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LOGIN = /^[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}$/i;
const WEBHOOK_LIMIT = 1024 * 1024;
const API_LIMIT = 64 * 1024;

const app = new Hono();

const problem = (c, status, code, detail) =>
  c.body(JSON.stringify({ type: "about:blank", status, code, detail }), status, {
    "content-type": "application/problem+json",
  });

app.notFound((c) => problem(c, 404, "not_found", "There is nothing here."));
app.onError((error, c) => {
  console.error(JSON.stringify({ event: "error", path: c.req.path, error: String(error) }));
  return problem(c, 503, "unavailable", "Please try again in a moment.");
});

const tooLarge = (c) => problem(c, 413, "body_too_large", "The body is too large.");

app.post("/webhooks/gumroad", bodyLimit({ maxSize: WEBHOOK_LIMIT, onError: tooLarge }), async (c) => {
  if (!(await isSame(c.req.query("secret") ?? "", c.env.GUMROAD_WEBHOOK_SECRET))) return c.notFound();
  const delivery = { id: crypto.randomUUID(), payload: await c.req.text(), receivedAt: Date.now() };
  await c.env.DB.prepare("INSERT INTO deliveries (id, source, payload, received_at) VALUES (?, 'gumroad', ?, ?)")
    .bind(delivery.id, delivery.payload, delivery.receivedAt)
    .run();
  c.executionCtx.waitUntil(fulfill(c.env, delivery));
  return c.json({ status: "stored" });
});

app.post("/api/activate", bodyLimit({ maxSize: API_LIMIT, onError: tooLarge }), async (c) => {
  const body = await c.req.json().catch(() => null);
  const key = typeof body?.license_key === "string" ? body.license_key.trim().toUpperCase() : "";
  const username = typeof body?.github_username === "string" ? body.github_username.trim().replace(/^@/, "") : "";
  if (!key || !LOGIN.test(username)) return problem(c, 400, "invalid_request", "Send license_key and github_username.");

  let license = await find(c.env, key);
  if (!license) return problem(c, 404, "license_not_found", "Nobody knows this license key.");
  if (license.status !== "active") return problem(c, 403, `license_${license.status}`, "This license is not active.");
  if (license.expires_at && license.expires_at <= Date.now()) {
    return problem(c, 403, "license_expired", "This license has expired.");
  }
  const product = productOf(license.product_id);
  if (!product) return problem(c, 409, "product_not_mapped", "The seller has not said what this product opens.");

  const isBound = license.github_username !== null;
  if (!isBound) {
    const user = await resolveUser(c.env, username);
    if (!user) return problem(c, 422, "github_user_not_found", "GitHub knows no such user.");
    await c.env.DB.prepare(
      `INSERT INTO activations (license_key, github_user_id, github_username, repos, activated_at)
       VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
      .bind(key, user.id, user.login, JSON.stringify(product.repos), Date.now())
      .run();
    // Of two buyers with one key, the first one wins.
    license = await find(c.env, key);
  }
  if (license.github_username.toLowerCase() !== username.toLowerCase()) {
    return problem(c, 400, "license_bound_to_another_account", "This license belongs to another GitHub account.");
  }

  const repos = await Promise.all(
    JSON.parse(license.repos).map((repo) => invite(c.env, repo, license.github_username, product.permission)),
  );
  c.executionCtx.waitUntil(recordInvitations(c.env, license.github_user_id, repos));
  return c.json(
    {
      status: isBound ? "already_active" : "activated",
      license: {
        product: product.name,
        tier: license.tier,
        expires_at: license.expires_at && new Date(license.expires_at).toISOString(),
      },
      github_username: license.github_username,
      repos: repos.map(({ repo, status }) => ({
        repo,
        status,
        accept_url: status === "invited" ? `https://github.com/${repo}/invitations` : undefined,
      })),
    },
    repos.some(({ status }) => status === "queued") ? 202 : 200,
  );
});

/** Compares in a time that tells nothing. */
async function isSame(given, expected) {
  const encoder = new TextEncoder();
  const digests = [given, expected].map((text) => crypto.subtle.digest("SHA-256", encoder.encode(text)));
  const [left, right] = await Promise.all(digests);
  return crypto.subtle.timingSafeEqual(left, right);
}

function find(env, key) {
  return env.DB.prepare(
    `SELECT l.license_key, l.product_id, l.tier, l.status, l.expires_at, a.github_user_id, a.github_username, a.repos
     FROM licenses l LEFT JOIN activations a ON a.license_key = l.license_key WHERE l.license_key = ?`,
  )
    .bind(key)
    .first();
}

function mint() {
  const random = crypto.getRandomValues(new Uint8Array(25));
  const text = Array.from(random, (byte) => ALPHABET[byte & 31]).join("");
  return `LK-${text.match(/.{5}/g).join("-")}`;
}

/** Makes the license of a stored sale and mails it. Copies of a sale change nothing: an order has one license. */
async function fulfill(env, delivery) {
  try {
    const sale = new URLSearchParams(delivery.payload);
    const product = productOf(sale.get("product_id"));
    if (!product) throw new Error(`unknown product ${sale.get("product_id")}`);
    const now = Date.now();
    const license = {
      key: mint(),
      email: sale.get("email"),
      name: sale.get("full_name"),
      expiresAt: product.years ? addYears(now, product.years) : null,
    };
    const [minted] = await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO licenses (license_key, order_id, product_id, tier, email, name, issued_at, expires_at, delivery_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING license_key`,
      ).bind(
        license.key,
        sale.get("sale_id"),
        sale.get("product_id"),
        product.tier,
        license.email,
        license.name,
        now,
        license.expiresAt,
        delivery.id,
      ),
      env.DB.prepare(
        `INSERT INTO mails (license_key, state, updated_at)
         SELECT license_key, 'due', ? FROM licenses WHERE license_key = ?`,
      ).bind(now, license.key),
      env.DB.prepare("UPDATE deliveries SET processed_at = ? WHERE id = ?").bind(now, delivery.id),
    ]);
    if (minted.results.length === 0) return;
    const sent = await sendLicenseMail(env, product, license);
    await env.DB.prepare("UPDATE mails SET state = ?, reference = ?, error = ?, updated_at = ? WHERE license_key = ?")
      .bind(sent.error ? "due" : "sent", sent.reference ?? null, sent.error ?? null, Date.now(), license.key)
      .run();
  } catch (error) {
    console.error(JSON.stringify({ event: "delivery_failed", delivery: delivery.id, error: String(error) }));
    await env.DB.prepare("UPDATE deliveries SET error = ? WHERE id = ?").bind(String(error), delivery.id).run();
  }
}

function addYears(time, years) {
  const date = new Date(time);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.getTime();
}

function recordInvitations(env, userId, repos) {
  const upsert = env.DB.prepare(
    `INSERT INTO invitations (github_user_id, repo, state, error, updated_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (github_user_id, repo) DO UPDATE SET
       state = excluded.state, error = excluded.error, updated_at = excluded.updated_at`,
  );
  const now = Date.now();
  return env.DB.batch(repos.map(({ repo, status, error }) => upsert.bind(userId, repo, status, error ?? null, now)));
}

export default app;
