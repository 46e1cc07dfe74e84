// One of the workers of crew.js that the first one calls.

import { Place } from "./crew.js";

self.addEventListener("message", ({ data: [module, memory, number] }) => {
  const place = new Place(module, memory, number);
  self.postMessage("ready");
  place.help();
});
