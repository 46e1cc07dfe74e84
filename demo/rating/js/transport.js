// Talking to the server. A request that gets no reply, or one that says "not now", is sent again
// until it gets one; the server takes the same answer twice as one.

import { kept } from "./kept.js";

export const RETRY_MS = [300, 700, 1500, 3000, 6000];
const PATIENCE_MS = 15000;

// A reply that says no: `key` names the text, `state` is where the session really is.
export class Refusal extends Error {
  constructor(status, body) {
    super(`HTTP ${status}: ${body?.error?.detail || body?.error?.key || ""}`);
    this.status = status;
    this.key = body?.error?.key || "survey_error";
    this.state = body?.state || null;
  }

  get isPassing() {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

export const randomHex = (bytes) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const surveyUrl = (name) => new URL(`survey/${name}`, document.baseURI).href;

export class Transport {
  constructor(onTrouble) {
    this.token = null;
    this.onTrouble = onTrouble; // told null when all is well, else a text key
    this.wakeUp = () => {};
    window.addEventListener("online", () => this.wakeUp());
  }

  // One attempt.
  async call(name, body) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const headers = { "X-Survey-Token": this.token || "" };
      const options = { headers, signal: patience.signal, cache: "no-store" };
      if (body !== undefined) {
        options.method = "POST";
        options.body = JSON.stringify(body);
        headers["Content-Type"] = "application/json";
      }
      const response = await fetch(surveyUrl(name), options);
      const reply = await response.json().catch(() => null);
      if (!response.ok || !reply) throw new Refusal(response.ok ? 502 : response.status, reply);
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }

  // As many attempts as it takes; throws only a refusal that another attempt would not change.
  async insist(name, body) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const reply = await this.call(name, body);
        this.onTrouble(null);
        return reply;
      } catch (error) {
        const isRefusal = error instanceof Refusal;
        if (isRefusal && !error.isPassing) {
          this.onTrouble(null);
          throw error;
        }
        if (attempt > 0) this.onTrouble(isRefusal ? error.key : "offline");
        await this.pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
      }
    }
  }

  pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// Answers on their way, first in first out. Each is kept by the browser until it is acknowledged.
export class Outbox {
  constructor(transport, { onSaved, onRefused }) {
    this.transport = transport;
    this.onSaved = onSaved;
    this.onRefused = onRefused;
    this.waiting = [];
    this.sending = null;
  }

  get size() {
    return this.waiting.length;
  }

  has(trialId) {
    return this.waiting.some((answer) => answer.trial_id === trialId);
  }

  add(answer) {
    kept.addAnswer(this.transport.token, answer);
    this.waiting.push(answer);
    this.send();
  }

  // Resolves when nothing is on its way.
  async idle() {
    while (this.sending) await this.sending;
  }

  send() {
    this.sending ||= this.sendAll().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async sendAll() {
    while (this.waiting.length) {
      const answer = this.waiting[0];
      let reply = null;
      let refusal = null;
      try {
        reply = await this.transport.insist("answer", answer);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusal = error;
      }
      this.drop(answer);
      if (reply) this.onSaved(answer, reply);
      else this.onRefused(refusal);
    }
  }

  drop(answer) {
    kept.removeAnswer(answer);
    this.waiting = this.waiting.filter((other) => other !== answer);
  }

  // Answers that an earlier page of this session could not send. The server has the last word.
  async sendLeftOver() {
    for (const answer of kept.answersOf(this.transport.token)) {
      try {
        await this.transport.insist("answer", answer);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
      kept.removeAnswer(answer);
    }
  }
}
