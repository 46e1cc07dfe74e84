// What the browser remembers: localStorage where there is one, else this page's memory alone.

import { dprNow } from "./pixels.js";

export const storage = {
  kept: new Map(),
  isLasting: true,

  get(key) {
    try {
      const text = window.localStorage.getItem(key);
      return text === null ? this.kept.get(key) ?? null : JSON.parse(text);
    } catch {
      return this.kept.get(key) ?? null;
    }
  },

  set(key, value) {
    this.kept.set(key, value);
    try {
      window.localStorage.setItem(key, JSON.stringify(value));
    } catch {
      this.isLasting = false;
    }
  },

  remove(key) {
    this.kept.delete(key);
    try {
      window.localStorage.removeItem(key);
    } catch {
      this.isLasting = false;
    }
  },

  keys(prefix) {
    const names = new Set(this.kept.keys());
    try {
      Object.keys(window.localStorage).forEach((name) => names.add(name));
    } catch {
      this.isLasting = false;
    }
    return [...names].filter((name) => name.startsWith(prefix));
  },
};

// A screen is told by its size in device pixels and its devicePixelRatio: another monitor, another
// scaling of the system or another zoom of the browser is another screen.
const SCREENS_KEY = "nitidez-screens";

function screenKey() {
  const dpr = dprNow();
  const sides = [window.screen.width * dpr, window.screen.height * dpr].map(Math.round);
  return `${Math.max(...sides)}x${Math.min(...sides)}@${dpr.toFixed(3)}`;
}

export const screens = {
  recall: () => (storage.get(SCREENS_KEY) || {})[screenKey()] || null,
  remember: (measured) =>
    storage.set(SCREENS_KEY, { ...storage.get(SCREENS_KEY), [screenKey()]: measured }),
};
