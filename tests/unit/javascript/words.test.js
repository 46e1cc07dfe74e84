// Phrases and numbers in both languages.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fillIn, languageOf, makeSay, numberIn, numberTyped } from "../../../demo/web/js/words.js";

test("every kind of Portuguese gets the one there is, everything else English", () => {
  assert.deepEqual(["pt", "pt-PT", "PT-br", "en-GB", "de", ""].map(languageOf), [
    "pt-BR", "pt-BR", "pt-BR", "en", "en", "en",
  ]);
});

test("values stand where the phrase names them", () => {
  assert.equal(fillIn("{a} of {b}, {a}", { a: 1, b: "x" }), "1 of x, 1");
});

test("numbers have the language's separators and as many digits as asked", () => {
  assert.equal(numberIn("pt-BR", 1234.56, 1), "1.234,6");
  assert.equal(numberIn("en", 1234.5, 2), "1,234.5");
  assert.equal(numberIn("en", 3, 1, 1), "3.0");
});

test("a number is typed with a point or a comma, as it is shown", () => {
  for (const language of ["pt-BR", "en"]) assert.equal(numberTyped(numberIn(language, 0.35, 6)), 0.35);
  assert.equal(numberIn("pt-BR", 0.3, 6), "0,3");
  for (const text of ["", " ", "a", "1,2,3"]) assert.ok(Number.isNaN(numberTyped(text)));
});

test("a page says its texts in the language of the moment", () => {
  let language = "en";
  const texts = { en: { hello: "hello {name}", survey_error: "?" }, "pt-BR": { hello: "olá {name}" } };
  const say = makeSay(texts, () => language);
  assert.equal(say("hello", { name: "A" }), "hello A");
  assert.equal(say("unheard_of"), "?");
  language = "pt-BR";
  assert.equal(say("hello", { name: "A" }), "olá A");
  assert.equal(say.number(0.5, 1), "0,5");
  assert.equal(say.language, "pt-BR");
});
