// The sandbox's page: shows the state that the server tells of, and asks it to act.
//
// Whatever comes from the world (names, subjects, answers) is set as text and never as HTML. A mail's HTML is shown in
// a sandboxed frame that the server serves with its own policy.

"use strict";

const POLL_MILLIS = 1500;
const STOREFRONTS = { gumroad: "Gumroad", lemonsqueezy: "Lemon Squeezy", paddle: "Paddle", polar: "Polar", stripe: "Stripe", standard: "Standard Webhooks" };

const byId = (id) => document.getElementById(id);
let state = null;
let openMail = null;
let mailAsHtml = true;

/** Makes an element: properties are set, children (elements or text) are appended. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "data-key") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function button(key, label, onclick, className = "") {
  return element("button", { type: "button", "data-key": key, onclick, className }, label);
}

/** What each list showed last, so that one that has not changed keeps its elements, and with them the focus. */
const shown = new Map();

/** Fills a list with one element per item. The focus stays on the button that had it. */
function fill(id, items, toElement) {
  const text = JSON.stringify(items);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  const focused = document.activeElement?.dataset?.key;
  byId(id).replaceChildren(...items.map(toElement));
  if (focused) byId(id).querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  const empty = document.querySelector(`.empty[data-for="${id}"]`);
  if (empty) empty.hidden = items.length > 0;
}

/** Asks the server to act, then shows what has come of it. Gives the error's text, or nothing. */
async function act(path, body) {
  try {
    const reply = await fetch(`/_sandbox/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return reply.ok ? null : await reply.text();
  } catch {
    return "The sandbox does not answer.";
  } finally {
    await refresh();
  }
}

function say(id, text, good) {
  byId(id).className = `status ${good ? "good" : "bad"}`;
  byId(id).textContent = text;
}

/** Keeps a button from being pressed again while its work is under way. */
async function during(pressed, work) {
  pressed.disabled = true;
  try {
    return await work();
  } finally {
    pressed.disabled = false;
  }
}

// 1. Selling

function productCard(product) {
  const price = (product.price_cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
  const opens = [...product.repos];
  if (product.choose.length > 0) opens.push(`${product.choose_limit} of ${product.choose.join(", ")}`);
  return element(
    "li",
    {},
    element("strong", {}, product.name),
    element("span", { className: "quiet" }, `${price} on ${STOREFRONTS[product.storefront]}`),
    element("span", { className: "quiet" }, `Opens ${opens.join(", ")}`),
    button(`sell-${product.number}`, `Sell ${product.name}`, (event) => sell(product, event.currentTarget), "primary"),
  );
}

async function sell(product, pressed) {
  if (!byId("buyer").reportValidity()) return;
  const before = state.deliveries.length;
  const error = await during(pressed, () =>
    act("sell", {
      storefront: product.storefront,
      product_id: product.product_id,
      variant_id: product.variant_id,
      email: byId("buyer-email").value,
      name: byId("buyer-name").value,
    }),
  );
  if (error) return say("sell-status", error, false);
  const refused = state.deliveries.slice(before).find((delivery) => !accepted(delivery.answer));
  if (refused) say("sell-status", "Sold, but the Worker did not take the delivery. See below.", false);
  else say("sell-status", `Sold: ${product.name}. The Worker took the delivery.`, true);
}

const accepted = (answer) => answer.status >= 200 && answer.status < 300;

function deliveryRow(delivery) {
  const { answer } = delivery;
  const what = `${STOREFRONTS[delivery.storefront]}: ${delivery.event} ${delivery.reference}`;
  const times = delivery.times > 1 ? ` (sent ${delivery.times} times)` : "";
  const heard = answer.status ? `${answer.status} ${answer.body}` : answer.error;
  return element(
    "li",
    {},
    element("span", {}, what + times),
    element("code", { className: accepted(answer) ? "good" : "bad" }, heard),
    button(`again-${delivery.number}`, "Send again", (event) =>
      during(event.currentTarget, async () => {
        const error = await act("send-again", { delivery: delivery.number });
        const taken = !error && accepted(state.deliveries[delivery.number].answer);
        const said = taken ? "Sent again, and taken again: it is the same sale." : "The Worker did not take it.";
        say("sell-status", error ?? said, taken);
      }),
    ),
    delivery.is_of_sale ? button(`refund-${delivery.number}`, "Refund", (event) => refund(delivery, event.currentTarget)) : null,
  );
}

async function refund(delivery, pressed) {
  const error = await during(pressed, () => act("refund", { delivery: delivery.number }));
  const taken = !error && accepted(state.deliveries.at(-1).answer);
  const said = taken
    ? "Refunded. Within a minute or two the Worker’s tick takes the access away that it gave."
    : "Refunded, but the Worker did not take the delivery. See below.";
  say("sell-status", error ?? said, taken);
}

// 2. Mail

/** The Worker's mails and those of the storefronts, newest first. */
function allMails() {
  const fromStorefront = state.storefront_mails.map((mail, number) => ({
    id: `storefront-${number}`,
    at: mail.at,
    from: "Lemon Squeezy’s own mail",
    to: mail.to,
    subject: `Your license key for ${mail.product}`,
    text: `Thank you for buying ${mail.product}.\n\nYour license key:\n${mail.license_key}\n`,
    html: false,
    licenseKey: mail.license_key,
  }));
  return [...state.mails, ...fromStorefront].sort((a, b) => b.at - a.at);
}

function mailRow(mail) {
  const open = button(`mail-${mail.id}`, mail.subject, () => showMail(mail.id, true), "link");
  open.setAttribute("aria-current", String(mail.id === openMail));
  return element(
    "li",
    {},
    open,
    element("span", { className: "quiet" }, `${mail.from} → ${mail.to}`),
    element("span", { className: "quiet" }, clockTime(mail.at)),
    mail.licenseKey && state.worker_url ? element("a", { href: buyersPage(mail.licenseKey) }, "Open the buyer’s page") : null,
  );
}

function showMail(id, scroll) {
  const mail = allMails().find((one) => one.id === id);
  if (!mail) return;
  openMail = id;
  const asHtml = mail.html && mailAsHtml;
  byId("reader").hidden = false;
  byId("reader-subject").textContent = mail.subject;
  byId("reader-from").textContent = `From ${mail.from}, to ${mail.to}`;
  byId("show-html").disabled = !mail.html;
  byId("show-html").setAttribute("aria-pressed", String(asHtml));
  byId("show-text").setAttribute("aria-pressed", String(!asHtml));
  byId("reader-html").hidden = !asHtml;
  byId("reader-text").hidden = asHtml;
  const source = mail.html ? `/_sandbox/mails/${encodeURIComponent(mail.id)}` : "about:blank";
  if (byId("reader-html").getAttribute("src") !== source) byId("reader-html").setAttribute("src", source);
  byId("reader-text").replaceChildren(...withLinks(mail.text ?? ""));
  renderMails();
  if (scroll) byId("reader").scrollIntoView({ block: "nearest" });
}

/** The text with its web addresses as links. */
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) => {
    return index % 2 === 1 ? element("a", { href: part }, part) : part;
  });
}

function renderMails() {
  const mails = allMails();
  fill("mails", mails.map((mail) => ({ ...mail, open: mail.id === openMail })), mailRow);
  return mails;
}

/** The buyer's page with a key, which stands behind the number sign: no server sees it there. */
function buyersPage(key) {
  return `${worker()}/#license=${encodeURIComponent(key)}`;
}

/** The Worker's address, without a slash at its end. */
const worker = () => state.worker_url.replace(/\/+$/, "");

// 3. GitHub

function invitationRow(invitation) {
  const { repo, login } = invitation;
  const answer = (verb, done) => (event) =>
    during(event.currentTarget, async () => {
      const error = await act(verb, { login, repo });
      say("github-status", error ?? `${login} ${done} ${repo}.`, !error);
    });
  const age = invitation.expired ? "expired" : `may ${invitation.permissions}`;
  return element(
    "li",
    {},
    element("span", {}, `${login} is invited to ${repo}`),
    element("span", { className: invitation.expired ? "bad" : "quiet" }, age),
    button(`accept-${invitation.id}`, "Accept", answer("accept", "is now a collaborator of"), "primary"),
    button(`decline-${invitation.id}`, "Decline", answer("decline", "declined the invitation to")),
  );
}

function collaboratorRow({ login, repo }) {
  return element("li", {}, element("span", {}, `${login} can open ${repo}`));
}

// 4. The log

function callRow(call) {
  const fine = !call.unexpected && call.status !== null && call.status < 400;
  const answer = [call.status ?? "connection lost"];
  if (call.credentials === "wrong") answer.push("wrong credentials");
  if (call.unexpected) answer.push(`unexpected: ${call.unexpected}`);
  return element(
    "tr",
    {},
    element("td", {}, clockTime(call.at)),
    element("td", {}, call.service ?? "none"),
    element("td", {}, `${call.method} ${call.path}`),
    element("td", { className: fine ? "good" : "bad" }, answer.join(", ")),
  );
}

const clockTime = (at) => new Date(at).toLocaleTimeString();

// Keeping up to date

async function refresh() {
  let fresh;
  try {
    fresh = await (await fetch("/_sandbox/state")).json();
  } catch {
    byId("offline").hidden = false;
    return;
  }
  byId("offline").hidden = true;
  const mailsBefore = state ? allMails().length : 0;
  state = fresh;
  byId("worker").textContent = state.worker_url ?? "not known; the page can only look";
  byId("doors").hidden = !state.worker_url;
  if (state.worker_url) {
    byId("buyers-page").href = `${worker()}/`;
    byId("console").href = `${worker()}/console`;
  }
  fill("products", state.products, productCard);
  fill("deliveries", [...state.deliveries].reverse(), deliveryRow);
  fill("invitations", state.repos.flatMap((repo) => repo.invitations), invitationRow);
  fill(
    "collaborators",
    state.repos.flatMap((repo) => repo.collaborators.map((login) => ({ login, repo: repo.name }))),
    collaboratorRow,
  );
  fill("calls", [...state.calls].reverse(), callRow);
  const mails = renderMails();
  // A new mail opens by itself: it is what happens next in the story.
  if (mails.length > mailsBefore) showMail(mails[0].id, false);
}

async function poll() {
  await refresh();
  setTimeout(poll, POLL_MILLIS);
}

for (const [id, asHtml] of [["show-html", true], ["show-text", false]]) {
  byId(id).addEventListener("click", () => {
    mailAsHtml = asHtml;
    showMail(openMail, false);
  });
}
byId("buyer").addEventListener("submit", (event) => event.preventDefault());
poll();
