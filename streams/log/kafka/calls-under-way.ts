/**
 * Calls into a native client that have not come back. Each holds a thread that Node waits for when it ends, so that a
 * process with one that never does would not end by itself.
 */
let underWay = 0;

/** @returns to be called when it has come back */
export function countCall(): () => void {
  underWay++;
  return () => {
    underWay--;
  };
}

export function callsUnderWay(): number {
  return underWay;
}
