// Which of the files that were dropped or chosen are pictures.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenFiles, droppedFiles, picturesOf } from "../../../demo/web/js/files.js";

const one = (name, type = "") => ({ file: { name: name.split("/").pop(), type }, name });
const names = (found) => found.map(({ name }) => name);

test("pictures are known by type or name, in the order of their numbers", () => {
  const found = [one("b 10.jpg"), one("b 2.JPG"), one("a.heic"), one("notes.txt", "text/plain"), one("x", "image/png")];
  assert.deepEqual(names(picturesOf(found)), ["a.heic", "b 2.JPG", "b 10.jpg", "x"]);
});

test("hidden files are none, and the first file stands where none is a picture", () => {
  assert.deepEqual(names(picturesOf([one("t/.a.jpg"), one("__MACOSX/a.jpg"), one("t/b.png")])), ["t/b.png"]);
  assert.deepEqual(names(picturesOf([one("a.txt"), one("b.txt")])), ["a.txt"]);
  assert.deepEqual(picturesOf([]), []);
});

test("chosen files are told by their path", () => {
  const file = { name: "a.png", type: "image/png", webkitRelativePath: "trip/a.png" };
  assert.deepEqual(names(chosenFiles([file])), ["trip/a.png"]);
});

test("a dropped folder is walked to its end, and what cannot be read is passed over", async () => {
  const fileEntry = (path) => ({
    isFile: true,
    fullPath: path,
    file: (resolve) => resolve({ name: path.split("/").pop(), type: "" }),
  });
  const folderEntry = (path, rounds) => ({
    isDirectory: true,
    fullPath: path,
    createReader: () => ({ readEntries: (resolve) => resolve(rounds.shift() ?? []) }),
  });
  const broken = { isFile: true, fullPath: "/t/z.png", file: (_, reject) => reject(new Error("gone")) };
  const inner = folderEntry("/t/sub", [[fileEntry("/t/sub/1.png")]]);
  const top = folderEntry("/t", [[fileEntry("/t/2.png"), inner], [fileEntry("/t/3.txt"), broken]]);
  const warn = console.warn;
  console.warn = () => {};
  const found = await droppedFiles({ items: [{ webkitGetAsEntry: () => top }], files: [] });
  console.warn = warn;
  assert.deepEqual(names(found), ["t/2.png", "t/sub/1.png"]);
});

test("dropped files without a folder are taken as they are", async () => {
  const files = [{ name: "b.png", type: "image/png" }, { name: "a.png", type: "image/png" }];
  const found = await droppedFiles({ items: [{}, {}], files });
  assert.deepEqual(names(found), ["a.png", "b.png"]);
});
