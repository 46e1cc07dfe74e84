// What of a session the browser keeps: its token, and answers that are not acknowledged yet, one
// entry each, so that two tabs never write over one another.

const TOKEN_KEY = "nitidez-survey";
const ANSWER_KEY = "nitidez-survey-answer-";

const kept = {
  get token() {
    return memory.get(TOKEN_KEY);
  },
  set token(token) {
    if (token) memory.set(TOKEN_KEY, token);
    else memory.remove(TOKEN_KEY);
  },
  addAnswer: (token, answer) => memory.set(ANSWER_KEY + answer.trial_id, { token, answer, at: Date.now() }),
  removeAnswer: (answer) => memory.remove(ANSWER_KEY + answer.trial_id),
  // In the order in which they were given: the server takes no other.
  answersOf(token) {
    const entries = memory.keys(ANSWER_KEY).map((key) => memory.get(key));
    const ours = entries.filter((entry) => entry && entry.token === token);
    return ours.sort((a, b) => a.at - b.at).map((entry) => entry.answer);
  },
};
