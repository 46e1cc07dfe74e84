// What a page says: the language, phrases with values in {braces}, numbers.

export const languageOf = (tag) => (tag.toLowerCase().startsWith("pt") ? "pt-BR" : "en");

export const languageNow = () => languageOf(document.documentElement.lang);

export const fillIn = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const formats = new Map(); // making one takes longer than using it, and frames use several

export function numberIn(language, value, most = 0, least = 0) {
  const key = `${language} ${most} ${least}`;
  if (!formats.has(key)) {
    const digits = { maximumFractionDigits: most, minimumFractionDigits: least };
    formats.set(key, new Intl.NumberFormat(language, digits));
  }
  return formats.get(key).format(value);
}

// What somebody typed as a number, with a point or a comma; NaN where it is none.
export function numberTyped(text) {
  const plain = text.trim().replace(",", ".");
  return plain ? Number(plain) : Number.NaN;
}

// A function that says the texts of a page, in the language that `language` tells.
export function makeSay(texts, language) {
  const say = (key, values = {}) => {
    const known = texts[language()];
    return fillIn(known[key] ?? known.survey_error, values);
  };
  say.number = (value, most, least) => numberIn(language(), value, most, least);
  Object.defineProperty(say, "language", { get: language });
  return say;
}
