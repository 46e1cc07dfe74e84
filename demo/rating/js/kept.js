// What of a session the browser keeps: its token, and answers that are not acknowledged yet, one
// entry each, so that two tabs never write over one another.

import { storage } from "../../web/js/storage.js";

const TOKEN_KEY = "nitidez-survey";
const ANSWER_KEY = "nitidez-survey-answer-";

export const kept = {
  get token() {
    return storage.get(TOKEN_KEY);
  },
  set token(token) {
    if (token) storage.set(TOKEN_KEY, token);
    else storage.remove(TOKEN_KEY);
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
