// The processes that were started here, each ended by its own id: none outlives a run that is interrupted.
const running = new Set();
let isOver = false;

/** Adds finish(), which ends the process, and over, which is its exit code once it has ended, null after a signal. */
export function keep(child) {
  running.add(child);
  if (isOver)
    child.kill("SIGKILL");
  child.over = new Promise(resolve => child.once("close", resolve).once("error", () => resolve(null))).finally(() => running.delete(child));
  child.finish = signal => {
    child.kill(signal);
    return child.over;
  };
  return child;
}

/** Ends them, and all that are started from now on. */
export function finishAll() {
  isOver = true;
  return Promise.all([...running].map(child => child.finish("SIGKILL")));
}
