// What of a session the browser keeps: its token, the invitation it began with, answers that are
// not acknowledged yet, one entry each, so that two tabs never write over one another. And what the
// address says of the person who comes by it.

import { storage } from "../../web/js/storage.js";

const TOKEN_KEY = "nitidez-survey";
const ANSWER_KEY = "nitidez-survey-answer-";
const INVITATION_KEY = "nitidez-survey-invitation";
const CAME_KEY = "nitidez-survey-came";
const OF_A_PERSON = ["invitation", "panel", "PROLIFIC_PID", "STUDY_ID", "SESSION_ID"];

let came = null; // where a browser has no sessionStorage

export const kept = {
  get token() {
    return storage.get(TOKEN_KEY);
  },
  set token(token) {
    if (token) storage.set(TOKEN_KEY, token);
    else {
      storage.remove(TOKEN_KEY);
      storage.remove(INVITATION_KEY);
    }
  },
  // That the session here began with.
  get invitation() {
    return storage.get(INVITATION_KEY)?.invitation ?? "";
  },
  // What a start is asked for by: the same for one invitation, so that one whose reply was lost is
  // repeated after a reload too, not refused as used.
  requestFor(invitation, fresh) {
    if (!invitation) return fresh;
    if (invitation !== this.invitation) storage.set(INVITATION_KEY, { invitation, request: fresh });
    return storage.get(INVITATION_KEY).request;
  },
  // By which somebody came and has not begun yet.
  get came() {
    try {
      came = JSON.parse(window.sessionStorage.getItem(CAME_KEY)) ?? came;
    } catch {}
    return came ?? { invitation: "", panel: "" };
  },
  // It is in no address, history or bookmark from now on.
  takeFromAddress() {
    const url = new URL(location.href);
    const asked = url.searchParams;
    if (!OF_A_PERSON.some((name) => asked.has(name))) return;
    const panel = asked.get("panel") ?? asked.get("PROLIFIC_PID") ?? "";
    this.keepCame({ invitation: asked.get("invitation") ?? "", panel });
    OF_A_PERSON.forEach((name) => asked.delete(name));
    history.replaceState(history.state, "", url);
  },
  keepCame(given) {
    came = given;
    try {
      if (given) window.sessionStorage.setItem(CAME_KEY, JSON.stringify(given));
      else window.sessionStorage.removeItem(CAME_KEY);
    } catch {}
  },
  addAnswer: (token, answer) => storage.set(ANSWER_KEY + answer.trial_id, { token, answer, at: Date.now() }),
  removeAnswer: (answer) => storage.remove(ANSWER_KEY + answer.trial_id),
  // In the order in which they were given: the server takes no other.
  answersOf(token) {
    const entries = storage.keys(ANSWER_KEY).map((key) => storage.get(key));
    const ours = entries.filter((entry) => entry && entry.token === token);
    return ours.sort((a, b) => a.at - b.at).map((entry) => entry.answer);
  },
};
