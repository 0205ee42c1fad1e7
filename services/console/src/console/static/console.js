// What no library does: times in local or UTC, copying, and the search box by a key.
"use strict";
(() => {
  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const store = (name, value) => { try { localStorage.setItem(name, value); } catch { /* stays for this page */ } };
  let local = stored("zone") === "local";

  const two = (number, digits = 2) => String(number).padStart(digits, "0");
  const written = (at) => local
    ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`
    : at.toISOString().replace("T", " ").replace("Z", "");

  function writeTimes(root) {
    for (const time of root.querySelectorAll("time")) {
      const whole = written(new Date(time.dateTime));
      const text = time.className === "clock" ? whole.slice(11, 19) : whole;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  function showZone() {
    document.getElementById("zone").textContent = local ? "Times are local" : "Times in UTC";
    writeTimes(document);
  }

  document.getElementById("zone").addEventListener("click", () => {
    local = !local;
    store("zone", local ? "local" : "utc");
    showZone();
  });

  document.getElementById("curl")?.addEventListener("click", async (event) => {
    const { path, user } = event.target.dataset;
    const named = user ? `-u '${user.replaceAll("'", "'\\''")}' ` : "";
    const command = `curl -s ${named}'${location.origin}${path}'`;
    const told = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(command);
      told.textContent = "Copied.";
    } catch {
      told.textContent = command;
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      document.getElementById("q").focus();
    }
  });

  // A stream that was cut is taken up again by the library; one that never began is not.
  const streams = () => document.querySelectorAll("[hx-sse\\:connect]");
  const show = (lost) => { document.getElementById("lost").hidden = !lost; };
  document.addEventListener("htmx:sse:after:connection", () => show(false));
  document.addEventListener("htmx:sse:error", () => show(true));
  document.addEventListener("htmx:error", () => show(true));
  setInterval(() => {
    for (const one of streams()) {
      if (!one._htmx?.sse) one.dispatchEvent(new Event("again"));
    }
  }, 3000);

  if (local) showZone();
  document.addEventListener("htmx:after:swap", () => { if (local) writeTimes(document); });
  document.addEventListener("htmx:sse:after:message", () => { if (local) writeTimes(document); });
})();
