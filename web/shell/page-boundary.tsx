import { Component, type ReactNode } from 'react';
import { Icon } from '../parts/icon.js';
import { Note } from '../parts/state.js';

const RELOADED = 'millrace.reloaded-at';
/** A page that fails again so soon after it was loaded anew would fail for ever. */
const TOO_SOON_MS = 20_000;

interface BoundaryProps {
  readonly children: ReactNode;
}

interface BoundaryState {
  readonly error: unknown;
}

/**
 * What is shown of a page that cannot be. A part of it that is no longer on the server, which has a newer dashboard by now, has
 * the page loaded anew, once; the URL holds its state.
 */
export class PageBoundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: undefined };

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    if (isMissingPart(error) && mayReload()) location.reload();
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const isOld = isMissingPart(error);
    return (
      <main id="main" className="pageh">
        <Note
          icon="critical"
          tone="error"
          title={isOld ? 'The dashboard was replaced by a newer one.' : 'This page could not be shown.'}
          action={
            <button type="button" className="btn sm" onClick={() => location.reload()}>
              <Icon name="refresh" />
              Load it anew
            </button>
          }
        >
          {isOld ? 'A part of this one is no longer there.' : error instanceof Error ? error.message : String(error)}
        </Note>
      </main>
    );
  }
}

/** As browsers say that a module of a page could not be loaded. */
function isMissingPart(error: unknown): boolean {
  return (
    error instanceof Error &&
    /dynamically imported module|importing a module script failed|error loading dynamically/i.test(error.message)
  );
}

function mayReload(): boolean {
  const last = Number(sessionStorage.getItem(RELOADED));
  if (Date.now() - last < TOO_SOON_MS) return false;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  return true;
}
