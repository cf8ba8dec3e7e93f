// Nothing needs this: every page works without it. It only saves some typing.
"use strict";

// The reader's own time zone, where a page asks for one and nothing is chosen yet.
for (const field of document.querySelectorAll("[data-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && field.dataset.zone === "guess") field.value = zone;
}

// Preferences: today's digest follows what is typed. The newest wish wins; what was asked before it is dropped.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const body = form.querySelector("[data-tried]");
  const said = form.querySelector("[data-said]");
  const glance = form.querySelector("[data-glance]");
  const AFTER_TYPING_MS = 250;
  const AFTER_TROUBLE_MS = 3000;
  let timer = 0;
  let asked = null;

  const ask = async () => {
    asked?.abort();
    const mine = (asked = new AbortController());
    const wishes = new FormData(form);
    wishes.delete("library");
    wishes.set("part", "1");
    body.setAttribute("aria-busy", "true");
    let answer = null;
    try {
      answer = await fetch(form.dataset.preview, { method: "POST", body: wishes, signal: mine.signal });
      const text = await answer.text();
      if (mine !== asked) return;
      if (answer.ok) {
        body.innerHTML = text;
        said.textContent = glance.textContent = body.querySelector(".said")?.textContent ?? "";
        glance.hidden = false;
        body.removeAttribute("aria-busy");
        return;
      }
    } catch {
      if (mine !== asked) return;
    }
    // Too often, too busy, or no network: once more with whatever stands in the form by then. A page that is too old
    // or whose reader has gone is left as it is.
    if (answer && (answer.status === 403 || answer.status === 404 || answer.status === 413)) {
      body.removeAttribute("aria-busy");
      return;
    }
    later(Number(answer?.headers.get("retry-after")) * 1000 || AFTER_TROUBLE_MS);
  };
  const later = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  };

  form.addEventListener("input", (event) => {
    if (event.target.type !== "file") later(AFTER_TYPING_MS);
  });
  form.addEventListener("change", (event) => {
    if (event.target.type === "file" && event.target.value) form.requestSubmit(form.querySelector("[data-show]"));
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    asked?.abort();
    asked = null;
  });
  if (body.dataset.waiting) {
    body.firstElementChild.textContent = body.dataset.waiting;
    later(0);
  }
}
