// The photo picker: choose, drop anywhere, paste anywhere, or take an example.
// Runs once per component; `element` stays, what is inside it is rendered anew.

import { setText } from "../../web/js/elements.js";
import { fillIn } from "../../web/js/words.js";
import { attachCrop } from "./crop.js";
import { chosenFiles, droppedFiles } from "../../web/js/files.js";
import { attachOptions } from "./options.js";
import { attachScope } from "./scope.js";

// Without a new value, as after an answer that was lost, it takes another photo all the same.
const LONGEST_READ_MS = 20000;

export function start({ element, trigger, upload, watch }) {
  const section = () => element.querySelector(".picker");
  const isVisible = () => element.isConnected && element.offsetParent !== null;
  const setFlag = (name, on) => element.classList.toggle(name, on);

  let reading;

  function setBusy(on) {
    clearTimeout(reading);
    setFlag("is-busy", on);
  }

  async function sent({ file, name }) {
    try {
      if (file.size > Number(section().dataset.maxBytes)) throw new Error("too large");
      return { path: (await upload(file)).path, name };
    } catch {
      return { failed: true, name };
    }
  }

  async function send(found) {
    if (!found.length || element.classList.contains("is-busy")) return;
    setBusy(true);
    if (found.length === 1) trigger("upload", await sent(found[0]));
    else trigger("upload", await sentTogether(found));
    if (element.classList.contains("is-busy")) {
      reading = setTimeout(() => setBusy(false), LONGEST_READ_MS);
    }
  }

  const restoreOptions = attachOptions(element, trigger);
  const restoreCrop = attachCrop(element, trigger);
  attachScope(element, trigger);
  // One after the other, so that neither browser nor server holds more than one.
  async function sentTogether(found) {
    const { most, sending } = section().dataset;
    const taken = found.slice(0, Number(most));
    const files = [];
    for (const one of taken) {
      const busy = element.querySelector(".busy");
      setText(busy, fillIn(sending, { done: files.length + 1, count: taken.length }));
      files.push(await sent(one));
    }
    return { files, left_out: found.length - taken.length };
  }

  watch("value", () => {
    setBusy(false);
    restoreOptions();
    restoreCrop();
  });

  element.addEventListener("click", (event) => {
    const sample = event.target.closest("[data-sample]");
    if (sample) return trigger("select", { sample: sample.dataset.sample });
    const look = event.target.closest("[data-look]");
    if (look) return trigger("click", { look: Number(look.dataset.look) });
    if (event.target.closest("[data-choose]")) section().querySelector("input").click();
  });
  element.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    const found = chosenFiles(event.target.files);
    event.target.value = "";
    send(found);
  });

  let depth = 0;
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  const onDocument = {
    dragenter(event) {
      if (!hasFiles(event)) return;
      depth += 1;
      setFlag("is-dragging", true);
    },
    dragleave(event) {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setFlag("is-dragging", false);
    },
    dragover(event) {
      if (hasFiles(event)) event.preventDefault();
    },
    async drop(event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setFlag("is-dragging", false);
      send(await droppedFiles(event.dataTransfer));
    },
    paste(event) {
      if (event.target.closest?.("input:not([type=file]):not([type=radio]), textarea")) return;
      send(chosenFiles(event.clipboardData?.files ?? []));
    },
  };
  for (const [name, listener] of Object.entries(onDocument)) {
    const guarded = (event) => {
      if (!element.isConnected) return document.removeEventListener(name, guarded);
      if (isVisible()) listener(event);
    };
    document.addEventListener(name, guarded);
  }
}
