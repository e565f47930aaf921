/** How long nothing is heard of a job that is taken for lost, in milliseconds. */
export const patience = 20_000;

/** How often each job has run. */
export class Runs {
  #times;
  #count = 0;
  #awaited = 0;
  #reached = () => {};

  constructor(jobs) {
    this.#times = new Uint8Array(jobs);
  }

  add(number) {
    this.#times[number]++;
    if (++this.#count === this.#awaited)
      this.#reached(true);
  }

  /** Whether so many have run; false when none has for a long time, as when a job was lost. */
  whenAll(count) {
    this.#awaited = count;
    return new Promise(resolve => {
      let before = this.#count;
      const watch = setInterval(() => {
        if (this.#count === before)
          this.#reached(false);
        before = this.#count;
      }, patience);
      this.#reached = whole => {
        clearInterval(watch);
        resolve(whole);
      };
    });
  }

  get lost() {
    return this.#times.filter(times => times === 0).length;
  }

  get twice() {
    return this.#times.filter(times => times > 1).length;
  }
}
