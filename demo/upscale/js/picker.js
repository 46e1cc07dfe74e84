// The photo picker: choose, drop anywhere, paste anywhere, or take an example.
// Runs once per component; `element` stays, what is inside it is rendered anew.

import { attachCrop } from "./crop.js";
import { attachOptions } from "./options.js";

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

  async function send(file) {
    if (!file || element.classList.contains("is-busy")) return;
    setBusy(true);
    try {
      if (file.size > Number(section().dataset.maxBytes)) throw new Error("too large");
      const { path } = await upload(file);
      trigger("upload", { path, name: file.name });
    } catch {
      trigger("upload", { failed: true });
    }
    if (element.classList.contains("is-busy")) {
      reading = setTimeout(() => setBusy(false), LONGEST_READ_MS);
    }
  }

  const restoreOptions = attachOptions(element, trigger);
  const restoreCrop = attachCrop(element, trigger);
  watch("value", () => {
    setBusy(false);
    restoreOptions();
    restoreCrop();
  });

  element.addEventListener("click", (event) => {
    const sample = event.target.closest("[data-sample]");
    if (sample) return trigger("select", { sample: sample.dataset.sample });
    if (event.target.closest("[data-choose]")) section().querySelector("input").click();
  });
  element.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    send(event.target.files[0]);
    event.target.value = "";
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
    drop(event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setFlag("is-dragging", false);
      send(event.dataTransfer.files[0]);
    },
    paste(event) {
      if (event.target.closest?.("input:not([type=file]):not([type=radio]), textarea")) return;
      const file = [...(event.clipboardData?.files ?? [])][0];
      if (file) send(file);
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
