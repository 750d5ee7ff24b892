import type { RetentionDeletion } from '@millrace/streams/embedded';

/**
 * What the application has to say while it runs and stops nothing. It knows no terminal: whoever hosts it tells its users.
 * A `message` is text that may hold what others have written.
 */
export type Notice =
  /** A broker or a schema registry is away, or back. */
  | { readonly kind: 'service'; readonly message: string }
  | { readonly kind: 'retention'; readonly deletion: RetentionDeletion }
  /** An input is not what it was, or a part of it could not be read. */
  | { readonly kind: 'input'; readonly message: string }
  | { readonly kind: 'lake'; readonly message: string }
  | { readonly kind: 'model'; readonly version: number }
  | { readonly kind: 'model-refused'; readonly path: string; readonly why: string }
  | { readonly kind: 'training-failed'; readonly why: string }
  /** What another version has stored cannot be read: what it is of begins anew. Once for each store and format. */
  | { readonly kind: 'state-forgotten'; readonly store: string; readonly format: number }
  /** What operators have said of incidents cannot be read: detectors judge as if nothing had been said. */
  | { readonly kind: 'feedback-unread'; readonly why: string }
  /** One of several processes has ended; another takes its place. */
  | { readonly kind: 'worker-ended'; readonly pid: number | undefined; readonly why: string }
  /** What an instance does is not told to anybody: a right is missing, say. */
  | { readonly kind: 'status-untold'; readonly why: string }
  /** The last commit waits for brokers that are away, and is given up. */
  | { readonly kind: 'commit-given-up' }
  /** The process ends as it is, for it has not ended by itself in that time. */
  | { readonly kind: 'not-ended'; readonly afterMs: number }
  /** A warning of Node or a library, in one of several processes. */
  | { readonly kind: 'warning'; readonly name: string; readonly message: string };

export type Notify = (notice: Notice) => void;
