import type { z } from 'zod';
import { readCursor, type SortKey } from '../parameters.js';
import { Problem } from '../problems.js';

export interface StoreEntry {
  readonly key: unknown;
  readonly value: unknown;
  readonly partition: number;
  readonly window_start?: number;
  readonly window_end?: number;
  readonly valid_from?: number;
  readonly valid_to?: number | null;
}

export interface StorePage {
  readonly items: readonly StoreEntry[];
  readonly next_cursor: string | null;
}

/** Of which entries a page is, and after which it begins. */
export interface PageRequest {
  /** As they are given: JSON, or the text itself. */
  readonly key?: string | undefined;
  readonly fromKey?: string | undefined;
  readonly toKey?: string | undefined;
  /** Of what has a time: from one to another, both included. */
  readonly fromTime: number;
  readonly toTime: number;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** @throws Problem 400 for one of another kind of store */
export function cursorOf({ cursor }: PageRequest, kind: z.ZodType<SortKey>): SortKey {
  if (cursor === undefined) return [];
  const { data } = kind.safeParse(readCursor(cursor));
  if (data !== undefined) return data;
  throw new Problem(400, 'invalid-cursor', 'The cursor is none that this store gave; begin without one.');
}
