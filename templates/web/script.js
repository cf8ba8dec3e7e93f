// Nothing needs this: every page works without it. It only saves some typing.
"use strict";

// The reader's own time zone, where a page asks for one and nothing is chosen yet.
for (const field of document.querySelectorAll("[data-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...(field.options ?? [])].some((option) => option.value === zone);
  if (known && field.dataset.zone === "guess") field.value = zone;
}

// Phrases as chips, in place of lines in a box; the box stays, and is what is sent.
for (const box of document.querySelectorAll("textarea[data-chips]")) {
  const chips = document.createElement("div");
  const input = document.createElement("input");
  chips.className = "chips";
  input.id = box.id;
  input.dir = "auto";
  input.autocomplete = "off";
  input.setAttribute("aria-describedby", box.getAttribute("aria-describedby"));
  box.removeAttribute("id");
  box.hidden = true;
  const phrases = () => box.value.split(/[\n,;]/).map((phrase) => phrase.trim()).filter(Boolean);
  const keep = (list) => { box.value = [...new Set(list)].join("\n"); draw(); };
  const take = () => { if (input.value.trim()) { keep([...phrases(), ...input.value.split(/[\n,;]/).map((one) => one.trim()).filter(Boolean)]); input.value = ""; } };
  function draw() {
    chips.replaceChildren(...phrases().map((phrase) => {
      const chip = document.createElement("span");
      const remove = document.createElement("button");
      chip.className = "chip";
      chip.append(phrase);
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `× ${phrase}`);
      remove.addEventListener("click", () => { keep(phrases().filter((other) => other !== phrase)); input.focus(); });
      chip.append(remove);
      return chip;
    }), input);
  }
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) { if (input.value.trim()) { event.preventDefault(); take(); input.focus(); } }
    if (event.key === "Backspace" && !input.value) { keep(phrases().slice(0, -1)); input.focus(); }
  });
  input.addEventListener("input", () => { if (/[,;]/.test(input.value)) { take(); input.focus(); } });
  chips.addEventListener("click", (event) => { if (event.target === chips) input.focus(); });
  box.form.addEventListener("submit", take);
  box.after(chips);
  draw();
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
