// The page: its words, its language, its tabs; what works without a network; and the three panels.

import { start as startDisplay } from "../../display/js/display.js";
import { setText } from "../../web/js/elements.js";
import { languageNow, languageOf, makeSay } from "../../web/js/words.js";
import { start as startComparing } from "./compare.js";
import { Engine } from "./engine.js";
import { UpscalePage } from "./upscale.js";

const LANGUAGE_KEY = "nitidez-language"; // as text, which the server's page writes too
const RELOADED_KEY = "nitidez-reloaded";
const TABS = ["upscale", "compare", "display"];

function wantedLanguage() {
  let kept = null;
  try {
    kept = localStorage.getItem(LANGUAGE_KEY);
  } catch {
    // Without storage the browser's languages decide.
  }
  const known = navigator.languages.find((tag) => /^(pt|en)\b/i.test(tag));
  return languageOf(kept ?? known ?? "en");
}

function attachLanguage(say, values) {
  const radios = [...document.querySelectorAll("#language input")];
  const tell = (language) => {
    document.documentElement.lang = language;
    for (const radio of radios) {
      radio.checked = radio.value === language;
      radio.parentNode.classList.toggle("selected", radio.checked);
    }
    for (const node of document.querySelectorAll("[data-text]")) {
      const isPanels = node.closest("#compare, #display, .nv");
      if (!isPanels) setText(node, say(node.dataset.text, values));
    }
  };
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      try {
        localStorage.setItem(LANGUAGE_KEY, radio.value);
      } catch {
        // It is asked again next time.
      }
      tell(radio.value);
    });
  }
  tell(wantedLanguage());
}

function attachTabs() {
  const choose = (wanted) => {
    const name = TABS.includes(wanted) ? wanted : TABS[0];
    for (const tab of TABS) {
      const button = document.getElementById(`tab-${tab}`);
      button.setAttribute("aria-selected", String(tab === name));
      button.tabIndex = tab === name ? 0 : -1;
      document.getElementById(tab).hidden = tab !== name;
    }
  };
  const list = document.getElementById("tabs");
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]")?.getAttribute("aria-controls");
    if (tab) history.replaceState(null, "", `#${tab}`);
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...list.children];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  addEventListener("hashchange", () => choose(location.hash.slice(1)));
  choose(location.hash.slice(1));
}

function followScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", follow);
  follow();
}

// The service worker keeps the page for later, and gives the headers that threads need to a page
// whose host does not: those count from the next load on, so an idle page is loaded once more.
async function keepForLater(isIdle) {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  try {
    await workers.register("./sw.js");
    await workers.ready;
  } catch (error) {
    console.warn("This page is not kept for later:", error.message);
    return;
  }
  if (crossOriginIsolated || !isIdle()) return;
  try {
    if (sessionStorage.getItem(RELOADED_KEY)) return;
    sessionStorage.setItem(RELOADED_KEY, "1");
  } catch {
    return;
  }
  location.reload();
}

function showSurvey(say, address) {
  if (!address) return;
  const link = document.createElement("a");
  link.href = address;
  link.dataset.text = "survey_link";
  link.textContent = say("survey_link");
  document.querySelector(".survey").append(" ", link);
}

async function load(name) {
  const reply = await fetch(new URL(`../../${name}`, import.meta.url));
  return reply.json();
}

const [site, texts] = await Promise.all([load("site.json"), load("texts.json")]);
followScheme();
const say = makeSay(texts.page, languageNow);
showSurvey(say, site.survey_address);
attachLanguage(say, { scales: "4×", version: site.version });
attachTabs();
const engine = new Engine();
const comparing = startComparing(document.querySelector("#compare .nc"), { text: texts.compare, viewer_text: texts.viewer, ...site.compare, lpips: site.lpips });
const compare = (versions) => {
  document.getElementById("tab-compare").click();
  document.getElementById("tab-compare").focus();
  comparing.receive(versions);
};
const upscaling = new UpscalePage(document.getElementById("upscale"), { site, texts, say, engine, compare });
startDisplay({ element: document.getElementById("display"), props: { text: texts.display } });
Object.assign(document.documentElement.dataset, { started: "true", isolated: crossOriginIsolated });
keepForLater(() => upscaling.isIdle);
