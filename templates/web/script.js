// Nothing needs this: every page works without it. It only saves some typing.
"use strict";

// The reader's own time zone, where a page asks for one and nothing is chosen yet.
for (const field of document.querySelectorAll("[data-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && field.dataset.zone === "guess") field.value = zone;
}
