/**
 * Questions of the views to Python (see py/spiraltorch_web/labs/questions.py): one at a time, in order, and never
 * beside a running script.
 */

/** Python's answer was an error, or there is none because the question was stopped. */
export class NoAnswer extends Error {
  /** @param {string} message @param {{name?: string, stopped?: boolean}} facts */
  constructor(message, { name = "NoAnswer", stopped = false } = {}) {
    super(message);
    this.name = name;
    this.stopped = stopped;
  }
}

export class Questions {
  constructor() {
    this.waiting = [];
    this.current = null;
    this.lastId = 0;
  }

  /**
   * @param {string} topic @param {object} question
   * @param {{long: boolean, onNews: (news: object) => void}} options
   * @returns {Promise<object>} the answer; rejects with NoAnswer
   */
  add(topic, question, { long, onNews }) {
    return new Promise((resolve, reject) => {
      this.lastId += 1;
      this.waiting.push({ id: this.lastId, topic, question, long, onNews, resolve, reject });
    });
  }

  /** Take the next question, which becomes the current one. */
  take() {
    this.current = this.waiting.shift() ?? null;
    return this.current;
  }

  /** A fact on the way to the current answer. */
  news({ id, news }) {
    if (id === this.current?.id) this.current.onNews(news);
  }

  /** The current question is answered. */
  settle({ id, answer, error, stopped }) {
    if (id !== this.current?.id) return;
    const { resolve, reject } = this.current;
    this.current = null;
    if (stopped) reject(new NoAnswer("It was stopped.", { stopped }));
    else if (error) reject(new NoAnswer(error.message, error));
    else resolve(answer);
  }

  /** The worker is gone, and what it was asked with it. Those that wait are for the next one. */
  abandon(reason) {
    this.current?.reject(new NoAnswer(reason, { stopped: true }));
    this.current = null;
  }
}
