import { useLive, useLiveStore, useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { duration, whole } from '../../parts/wording.js';

/** That the list stands still, since when, and what waits. */
export function PausedBar() {
  const store = useLiveStore();
  const isPaused = useLive((live) => live.isPaused);
  const pausedAt = useLive((live) => live.pausedAt);
  const waiting = useLive((live) => live.waiting);
  const beyond = useLive((live) => live.beyond);
  const now = useNow();
  if (!isPaused) return null;
  return (
    <div className="paused">
      <Icon name="pause" />
      <p>
        <b>Paused</b> for {duration(now - (pausedAt ?? now))}: {whole(waiting)} new lines that match are kept
        {beyond > 0 && `, ${whole(beyond)} more are found by a search only`}.
      </p>
      <button type="button" className="btn sm r" onClick={() => store.resume()}>
        <Icon name="play" />
        Resume <kbd>p</kbd>
      </button>
    </div>
  );
}
