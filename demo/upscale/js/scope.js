// A microscope's frame: which of a stack, its table of colours, and between which counts it is
// shown. The server makes the pictures, all with the same limits.

export function attachScope(element, trigger) {
  const find = (name) => element.querySelector(`.scope [data-scope="${name}"]`);
  const tell = (scope) => trigger("input", { scope });

  element.addEventListener("change", (event) => {
    const { scope } = event.target.dataset;
    if (scope === "frame" || scope === "lut") tell({ [scope]: event.target.value });
    if (scope === "low" || scope === "high") {
      const [low, high] = [find("low"), find("high")];
      const isRange = low.value !== "" && high.value !== "" && Number(low.value) < Number(high.value);
      for (const field of [low, high]) field.setAttribute("aria-invalid", String(!isRange));
      if (isRange) tell({ low: low.value, high: high.value });
    }
  });
  element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-scope]");
    if (button) tell({ [button.dataset.scope]: true });
  });
}
