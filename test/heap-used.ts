import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of what is in use, without what is waiting to be collected. */
export function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
