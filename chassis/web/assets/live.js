// Keeps a region of a page fresh (see `live` in ui.html): each named event of a stream of server-sent events makes
// the region fetch its own markup again. Without this script the page shows what was true when it was loaded.
"use strict";

(() => {
  const LEAST_PAUSE = 500; // milliseconds between two fetches, however fast events come

  // Nothing is taken away from somebody who is filling in a form, ticking boxes or answering a question.
  const isInUse = (region) =>
    region.querySelector("details[open], input[type=checkbox]:checked") ||
    (region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));

  const keepFresh = (region) => {
    const status = document.querySelector(`[data-live-status="${region.id}"]`);
    let waiting = null;

    const refresh = async () => {
      waiting = null;
      if (isInUse(region)) return soon();
      const answer = await fetch(region.dataset.liveFetch, { headers: { Accept: "text/html" } });
      // A redirect or a refusal means that the session has ended: leave what is shown as it is.
      if (!answer.ok || answer.redirected) return;
      const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
      region.innerHTML = await answer.text();
      if (window.htmx) window.htmx.process(region);
      if (focused) document.getElementById(focused)?.focus();
      // Said apart, so that a screen reader hears one sentence and not the whole list.
      status.textContent = status.dataset.liveSaid;
    };
    const soon = () => {
      if (!waiting) waiting = setTimeout(() => refresh().catch(() => {}), LEAST_PAUSE);
    };

    const stream = new EventSource(region.dataset.liveSrc);
    for (const name of region.dataset.liveOn.split(" ")) stream.addEventListener(name, soon);
    window.addEventListener("pagehide", () => stream.close());
  };

  document.querySelectorAll("[data-live-src]").forEach(keepFresh);

  // Move the reader to what has to be corrected.
  document.querySelector(".shell-error-summary")?.focus();
})();
