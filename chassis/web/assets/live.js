// Keeps a region of a page fresh: <div id="inbox" data-live-src="/stream" data-live-fetch="/items">.
// Every event of the stream makes the region fetch its own markup again. Without this script the page
// simply shows what was true when it was loaded.
"use strict";

(() => {
  const LEAST_PAUSE = 500; // milliseconds between two fetches, however fast events come

  const keepFresh = (region) => {
    let waiting = null;
    const refresh = async () => {
      waiting = null;
      const answer = await fetch(region.dataset.liveFetch, {
        headers: { Accept: "text/html", "HX-Request": "true" },
        credentials: "same-origin",
      });
      // A redirect means that the session has ended: leave what is shown as it is.
      if (!answer.ok || answer.redirected) return;
      const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
      region.innerHTML = await answer.text();
      if (window.htmx) window.htmx.process(region);
      if (focused) document.getElementById(focused)?.focus();
    };
    const soon = () => {
      // Do not take a form away from somebody who is filling it in.
      const typing = region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
      if (!waiting && !typing) waiting = setTimeout(() => refresh().catch(() => {}), LEAST_PAUSE);
    };
    const stream = new EventSource(region.dataset.liveSrc, { withCredentials: true });
    for (const name of region.dataset.liveOn.split(" ")) stream.addEventListener(name, soon);
    window.addEventListener("pagehide", () => stream.close());
  };

  document.querySelectorAll("[data-live-src]").forEach(keepFresh);

  // Move the reader to what has to be corrected.
  document.querySelector(".shell-error-summary")?.focus();
})();
