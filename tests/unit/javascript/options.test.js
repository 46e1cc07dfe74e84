// What is ticked in the list of models.

import assert from "node:assert/strict";
import { test } from "node:test";

import { stepAt, tickedModels } from "../../../demo/upscale/js/options.js";

const box = (model, checked) => ({ checked, dataset: { model } });

test("ticked models keep the order of the list", () => {
  const boxes = [box("bicubic", true), box("a_x4", false), box("b_x4", true)];
  assert.deepEqual(tickedModels(boxes), ["bicubic", "b_x4"]);
  assert.deepEqual(tickedModels([box("bicubic", false)]), []);
});

test("a slider's place is the model of that step", () => {
  const steps = JSON.stringify([["a~b@0", "A"], ["a~b@0.5", "half"], ["a~b@1", "B"]]);
  assert.deepEqual(stepAt({ value: "1", dataset: { steps } }), ["a~b@0.5", "half"]);
});
