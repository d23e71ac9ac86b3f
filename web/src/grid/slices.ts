/** Work in small steps. Each says how much of it is done, from 0 to 1, and takes a few milliseconds at most. */
export type Work<T> = Generator<number, T, void>;

/** Does it at once. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** For so long the page may be held, in milliseconds: half a frame. */
const slice = 8;

/**
 * Does it in slices, between which the page draws and hears keys, and says before each
 * how far it is. It throws once the signal is aborted.
 */
export async function inSlices<T>(work: Work<T>, signal: AbortSignal, told: (done: number) => void = () => {}): Promise<T> {
  const pause = pauses();
  try {
    for (;;) {
      const end = performance.now() + slice;
      let step = work.next();
      while (!step.done && performance.now() < end) step = work.next();
      if (step.done) return step.value;
      told(step.value);
      await pause.next();
      signal.throwIfAborted();
    }
  } finally {
    pause.end();
  }
}

/** Gives way to whatever waits. A timer would wait for 4 ms each time; a message does not. */
function pauses() {
  const { port1, port2 } = new MessageChannel();
  return {
    next: () => new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    }),
    end: () => port1.close(),
  };
}
