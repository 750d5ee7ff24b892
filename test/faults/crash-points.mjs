/**
 * Strikes the process that it is loaded into (`node --import`) at one step of the commit cycle: kills it as `kill -9`
 * does, or freezes it. Plain Node over dist/, for it runs inside the processes under test. What to do is in
 * MILLRACE_CRASH_POINT, as `CrashPoint` in crash-point.ts says.
 */
import { writeFileSync } from 'node:fs';
import { Level } from 'level';
import { EmbeddedLog } from '../../dist/streams/log/embedded/embedded-log.js';
import { Task } from '../../dist/streams/runtime/task/task.js';
import { TaskManager } from '../../dist/streams/runtime/task/task-manager.js';

const { step, moment, pass, delayMs, signal, report, kafka } = JSON.parse(process.env.MILLRACE_CRASH_POINT);
let passes = 0;

function strike() {
  writeFileSync(report, '');
  process.kill(process.pid, signal);
}

/** Calls the method, and strikes before it, `delayMs` into it, or when it has ended. */
function struck(method, self, args) {
  if (moment === 'before') strike();
  if (moment === 'during') setTimeout(strike, delayMs);
  if (moment !== 'after') return method.apply(self, args);
  const done = args.at(-1);
  if (typeof done === 'function') {
    const last = (...results) => {
      strike();
      done(...results);
    };
    return method.apply(self, [...args.slice(0, -1), last]);
  }
  const result = method.apply(self, args);
  if (typeof result?.then !== 'function') {
    strike();
    return result;
  }
  return result.then((value) => {
    strike();
    return value;
  });
}

/** Makes a method a step, where `isMeant` accepts its object. */
function watch(name, { prototype }, methodName, isMeant = () => true) {
  if (name !== step) return;
  const method = prototype[methodName];
  prototype[methodName] = function (...args) {
    if (!isMeant(this) || ++passes !== pass) return method.apply(this, args);
    return struck(method, this, args);
  };
}

const ofState = ({ location }) => /state\/(?!processes)/.test(location);
const ofLog = ({ location }) => location.endsWith('/log');

watch('tasks-open', TaskManager, 'open');
watch('tasks-close', TaskManager, 'close');
watch('flush', Task, 'flush');
watch('state-open', Level, '_open', ofState);
watch('state-write', Level, '_batch', ofState);
watch('state-clear', Level, '_clear', ofState);
watch('log-write', Level, '_batch', ofLog);
watch('records-delete', EmbeddedLog, 'deleteRecords');
if (kafka) {
  // The client is a native addon: only processes that use Kafka load it.
  const { default: client } = await import('@confluentinc/kafka-javascript');
  const { KafkaLog } = await import('../../dist/streams/log/kafka/kafka-log.js');
  watch('init-transactions', client.Producer, 'initTransactions');
  watch('begin-transaction', client.Producer, 'beginTransaction');
  watch('produce', client.Producer, 'produce');
  watch('send-offsets', client.Producer, 'sendOffsetsToTransaction');
  watch('commit-transaction', client.Producer, 'commitTransaction');
  watch('committed-offsets', KafkaLog, 'committed');
  watch('records-delete', KafkaLog, 'deleteRecords');
}
