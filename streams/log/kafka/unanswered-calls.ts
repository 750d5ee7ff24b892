/**
 * Calls into a native client that have not come back in the time that they were given. Each holds a thread that Node waits
 * for when it ends, so that a process with any does not end by itself.
 */
let unanswered = 0;

/** @returns to be called when the answer comes after all */
export function countUnanswered(): () => void {
  unanswered++;
  return () => {
    unanswered--;
  };
}

export function unansweredCalls(): number {
  return unanswered;
}
