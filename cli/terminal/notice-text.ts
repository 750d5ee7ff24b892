import ms from 'ms';
import type { Notice } from '../../app/notice.js';
import { say } from './output.js';
import { count, number } from './quantities.js';
import { SafeText, safe } from './safe-text.js';
import { warningText } from './warnings.js';

/** Kinds that tell of something that is not as it should be. */
const AMISS: readonly Notice['kind'][] = [
  ...(['service', 'input', 'model-refused', 'training-failed', 'worker-ended', 'status-untold'] as const),
  ...(['state-forgotten', 'feedback-unread', 'commit-given-up', 'not-ended', 'warning'] as const),
];

/** Tells what the application has to say, on standard error. */
export function sayNotice(notice: Notice): void {
  const text = noticeText(notice);
  if (text !== undefined) say(text, AMISS.includes(notice.kind) ? 'warn' : 'info');
}

/** A notice in a line; undefined when it is not for users. */
export function noticeText(notice: Notice): SafeText | undefined {
  switch (notice.kind) {
    case 'service':
    case 'input':
    case 'lake':
      return SafeText.of(notice.message);
    case 'retention':
      return retentionText(notice.deletion);
    case 'model':
      return safe`the model of services is version ${notice.version} now`;
    case 'model-refused':
      return safe`${notice.path} is no model, and is not used: ${notice.why}`;
    case 'training-failed':
      return safe`no model could be trained: ${notice.why}`;
    case 'state-forgotten':
      return safe`the state of "${notice.store}" was written by another version of Millrace, in format ${notice.format}, which this one cannot read: it is forgotten, and begins anew`;
    case 'feedback-unread':
      return safe`what was said of incidents cannot be read, and detectors judge as if nothing had been: ${notice.why}`;
    case 'worker-ended':
      return safe`process ${notice.pid ?? ''} has ended (${notice.why}); starting another`;
    case 'status-untold':
      return safe`the status of this instance is not told: ${notice.why}`;
    case 'commit-given-up':
      return safe`the last commit cannot be made; the next start does that part again`;
    case 'not-ended':
      return safe`not ended within ${notice.afterMs / 1000} s: it ends as it is, and the next start does again what is not committed`;
    case 'warning':
      return warningText(notice);
  }
}

function retentionText(deletion: Extract<Notice, { kind: 'retention' }>['deletion']): SafeText {
  const { firstOffset, lastOffset, newestAppendTime, partition, reason, topic } = deletion;
  const age = ms(Date.now() - newestAppendTime, { long: true });
  const records = count(lastOffset - firstOffset + 1, 'record');
  return safe`retention by ${reason} deleted ${records} of ${topic}-${partition}: offsets ${number(firstOffset)} to ${number(lastOffset)}, the newest written ${age} ago`;
}
