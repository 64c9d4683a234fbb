// The license mail, sent through Postmark.

const TIMEOUT_MS = 10_000;

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const html = (text) => text.replace(/[&<>"']/g, (sign) => escapes[sign]);

export async function sendLicenseMail(env, product, license) {
  const greeting = license.name ? `Hello ${license.name},` : "Hello,";
  const until = license.expiresAt ? new Date(license.expiresAt).toISOString().slice(0, 10) : null;
  const lines = [
    greeting,
    `thank you for buying ${product.name}. This is your license key:`,
    license.key,
    env.PORTAL_URL && `Activate it at ${env.PORTAL_URL}#license=${license.key}`,
    until && `It is good until ${until}.`,
    "Need help? Reply to this mail.",
  ].filter(Boolean);
  const response = await fetch(`${env.POSTMARK_API_URL}/email`, {
    method: "POST",
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      "x-postmark-server-token": env.POSTMARK_TOKEN,
      accept: "application/json",
      "content-type": "application/json",
    },
    body: JSON.stringify({
      From: env.EMAIL_FROM,
      To: license.email,
      Subject: `Your license for ${product.name}`,
      TextBody: lines.join("\n\n"),
      HtmlBody: lines.map((line) => `<p>${html(line)}</p>`).join("\n"),
      MessageStream: "outbound",
    }),
  });
  const answer = await response.json();
  return response.ok ? { reference: answer.MessageID } : { error: `Postmark answered ${response.status}: ${answer.Message}` };
}
