// One trial while it is open: when it was asked for, when it was painted, what was done with it.

export class Trial {
  constructor(given) {
    Object.assign(this, given); // id, kind, block, images, width, height, magnification, instructed
    this.askedAt = performance.now();
    this.paintedAt = null;
    this.switches = 0;
    this.flickerMs = 0;
    this.flickerSince = null;
    this.focusLost = 0;
  }

  get isOpen() {
    return this.paintedAt !== null;
  }

  paint(at) {
    this.paintedAt = at;
  }

  // In-place comparison is on (true) or off.
  flicker(isOn, isSwitch) {
    const now = performance.now();
    if (isSwitch) this.switches += 1;
    if (this.flickerSince !== null && !isOn) this.flickerMs += now - this.flickerSince;
    this.flickerSince = isOn ? this.flickerSince ?? now : null;
  }

  // The answer as the server takes it; `value` is a score or a choice.
  answer(value, conditions) {
    const now = performance.now();
    if (this.flickerSince !== null) this.flicker(false, false);
    return {
      trial_id: this.id,
      [this.kind === "pair" ? "choice" : "score"]: value,
      rt_ms: now - this.paintedAt,
      ready_ms: this.paintedAt - this.askedAt,
      flicker_ms: this.flickerMs,
      switches: this.switches,
      focus_lost: this.focusLost,
      conditions,
    };
  }
}
