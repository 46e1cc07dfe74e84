// Panes that are still in the works: the server is told which of them are looked at, so that their
// versions are made first, and each can be stopped.

import { create, setAttribute, setText } from "../../js/elements.js";

const REST_MS = 250; // after scrolling, before the server is told
const isUnfinished = (pane) => pane.state === "waiting" || pane.state === "running";

export class Work {
  constructor(viewer, tell) {
    this.viewer = viewer;
    this.tell = tell;
    this.seen = new Set(); // figures
    this.told = "";
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.seen.add(target);
        else this.seen.delete(target);
      }
      this.tellSoon();
    });
  }

  watch(view) {
    this.observer.observe(view.figure);
    view.stop = create("button", "nv-button nv-stop", { type: "button", hidden: "" });
    setText(view.stop, this.viewer.t("stop"));
    view.overlay.append(view.stop);
    view.stop.addEventListener("pointerdown", (event) => event.stopPropagation());
    view.stop.addEventListener("click", () => this.tell({ stop: view.stop.dataset.stop }));
  }

  leave(view) {
    this.observer.unobserve(view.figure);
    this.seen.delete(view.figure);
  }

  tellSoon() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.tellNow(), REST_MS);
  }

  // Where everything is in view there is nothing to tell.
  tellNow() {
    const { panes, views, setId } = this.viewer;
    if (this.viewer.isGone()) return;
    const keys = this.lookedAt(panes, views);
    const isHidden = panes.some((pane) => isUnfinished(pane) && !keys.includes(pane.key));
    const news = JSON.stringify([setId, keys]);
    if (!isHidden || !keys.length || news === this.told) return;
    this.told = news;
    this.tell({ in_view: keys });
  }

  lookedAt(panes, views) {
    const { mode, shown, sideA, sideB } = this.viewer;
    if (mode === "single") return [shown];
    if (mode !== "grid") return [sideA, sideB];
    return panes.filter((_, index) => this.seen.has(views[index]?.figure)).map((pane) => pane.key);
  }

  showStop(view, pane) {
    view.stop.hidden = !isUnfinished(pane);
    view.stop.dataset.stop = pane.key;
    setText(view.stop, this.viewer.t("stop"));
    setAttribute(view.stop, "aria-label", this.viewer.t("stop_one", { label: pane.label }));
  }
}
