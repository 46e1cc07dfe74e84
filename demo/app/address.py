"""What the page remembers of a visitor without a server: the language, the tab, the owner's link.

Each is JavaScript that Gradio runs: at the start, at a choice, or with the footer.
"""

from __future__ import annotations

# A visitor's own choice of language, remembered by the browser; else what the browser prefers.
WANTED_LANGUAGE = """() => {
  let wanted = null;
  try { wanted = localStorage.getItem("nitidez-language"); } catch {}
  wanted ??= navigator.languages.map((tag) => tag.toLowerCase().split("-")[0])
    .find((tag) => tag === "pt" || tag === "en");
  const language = (wanted ?? "en").startsWith("pt") ? "pt-BR" : "en";
  document.documentElement.lang = language;
  return language;
}"""
# Gradio opens its page about the API from its own footer, which style.css hides.
SHOW_API = """element.addEventListener("click", (event) => {
  if (!event.target.closest("[data-api]")) return;
  event.preventDefault();
  document.querySelector("footer button.show-api")?.click();
});"""
# A link opens a tab by ?tab=survey or #survey; the address follows what is chosen. The tab is
# pressed: an update of gr.Tabs can be lost while the page is being put together. Gradio chooses the
# first tab then, at times before the link is read, so that the address follows only after that.
CHOOSE_TAB = """(async () => {
  const owner = new URLSearchParams(location.hash.slice(1)).get("owner");
  if (owner) {
    try { sessionStorage.setItem("nitidez-owner", owner); } catch {}
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  const asked = new URLSearchParams(location.search).get("tab") ?? location.hash.slice(1);
  window.nitidezLinkIsRead = true;
  if (!%s.includes(asked)) return;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const button = document.getElementById(`tab-${asked}-button`);
    if (button?.getAttribute("aria-selected") === "true") return;
    button?.click();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})();"""
NOTE_TAB = """() => {
  if (!window.nitidezLinkIsRead) return;
  const url = new URL(location.href);
  url.searchParams.delete("tab");
  url.hash = "%s";
  history.replaceState(history.state, "", url);
}"""
REMEMBER_LANGUAGE = """(language) => {
  try { localStorage.setItem("nitidez-language", language); } catch {}
  document.documentElement.lang = language;
  return language;
}"""
