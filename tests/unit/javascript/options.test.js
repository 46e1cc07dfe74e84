// What is ticked in the list of models.

import assert from "node:assert/strict";
import { test } from "node:test";

import { tickedModels } from "../../../demo/upscale/js/options.js";

const box = (model, checked) => ({ checked, dataset: { model } });

test("ticked models keep the order of the list", () => {
  const boxes = [box("bicubic", true), box("a_x4", false), box("b_x4", true)];
  assert.deepEqual(tickedModels(boxes), ["bicubic", "b_x4"]);
  assert.deepEqual(tickedModels([box("bicubic", false)]), []);
});
