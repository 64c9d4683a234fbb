// What pages do beyond forms and links. Without it everything works; the key is pasted, and times are in UTC alone.

const live = document.querySelector(".live");

// The mail's link has the key behind its `#`, which no server sees. It leaves the address bar before anything else is done with it.
// Whoever has this page open already and follows the link changes only what is behind the `#`.
function readKey() {
  const form = document.querySelector("[data-key-form]");
  const key = new URLSearchParams(location.hash.slice(1)).get("license");
  if (!form || !key) return;
  history.replaceState(null, "", location.pathname);
  form.elements.license_key.value = key;
  form.requestSubmit();
}
readKey();
addEventListener("hashchange", readKey);

// A moment is shown in the reader's own time, and beside that how long ago it was or is to come. The page is first painted after this.
const { lang } = document.documentElement;
const relative = new Intl.RelativeTimeFormat(lang);
const now = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(0, "second");
const units = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
function fromNow(at) {
  const seconds = (at.getTime() - Date.now()) / 1000;
  // A year less an hour is a year, and not eleven months.
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size * 0.95) ?? [];
  return unit ? relative.format(Math.round(seconds / size), unit) : now;
}
const moments = [];
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  const isShort = time.dataset.short !== undefined;
  const exact = new Intl.DateTimeFormat(lang, { dateStyle: isShort ? "medium" : "long", timeStyle: "short" }).format(at);
  const ago = document.createElement("span");
  ago.className = "ago";
  time.replaceChildren(exact, " ", ago);
  moments.push(() => {
    ago.textContent = isShort ? fromNow(at) : `(${fromNow(at)})`;
  });
}
for (const show of moments) show();
if (moments.length > 0) setInterval(() => moments.forEach((show) => show()), 60_000);

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        live.textContent = document.body.dataset.copied;
        button.dataset.done = "";
        setTimeout(() => {
          live.textContent = "";
          delete button.dataset.done;
        }, 4000);
      } catch {
        // It was not allowed: what is to be copied can be selected.
      }
    });
  }
}

// What is written is checked while that goes on. Without a script the button does it.
for (const form of document.querySelectorAll("form[data-check]")) {
  const shown = document.getElementById("mistakes");
  // Nobody is told what is wrong with a field that they have not come to.
  const isBegun = ({ input }) => !input || form.elements.namedItem(input)?.value !== "";
  const lineOf = ({ text, input }) => {
    const line = document.createElement("li");
    const link = input ? document.createElement("a") : line;
    link.textContent = text;
    if (input) {
      link.href = `#${input}`;
      line.append(link);
    }
    return line;
  };
  let pause;
  let asked = 0;
  form.addEventListener("input", ({ target }) => {
    // What was wrong with it is being mended.
    document.getElementById(`${target.id}-error`)?.remove();
    target.removeAttribute("aria-invalid");
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const mine = ++asked;
      try {
        const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        // Whoever is signed out meanwhile is led elsewhere.
        if (!answer.ok || answer.redirected) return;
        const { mistakes } = await answer.json();
        if (mine !== asked) return;
        const lines = mistakes.filter(isBegun).map(lineOf);
        shown.querySelector("ul").replaceChildren(...lines);
        shown.hidden = lines.length === 0;
        live.textContent = lines.length === 0 ? form.dataset.right : form.dataset.wrong;
      } catch {
        // It is checked again when it is sent.
      }
    }, 500);
  });
}

// A form is sent once.
document.addEventListener("submit", (event) => {
  const sent = event.target;
  if (sent.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  sent.dataset.sent = "";
});
addEventListener("pageshow", () => {
  for (const sent of document.querySelectorAll("form[data-sent]")) delete sent.dataset.sent;
});

// Whoever comes back from accepting an invitation sees what has become of it.
if (document.body.dataset.waits !== undefined) {
  document.addEventListener("visibilitychange", () => {
    const typing = document.activeElement instanceof HTMLInputElement && document.activeElement.value !== "";
    if (document.visibilityState === "visible" && !typing) location.replace(location.pathname);
  });
}
