import { z } from 'zod';

/** Compacted; the key is the dead letter's id. It is written in the transaction that sends the record again. */
export const REPLAYS_TOPIC = 'dead-letter-replays';

export const replaySchema = z
  .object({
    id: z.string().meta({ description: "The dead letter's." }),
    topic: z.string().meta({ description: 'Where it was sent to.' }),
    partition: z.int(),
    by: z.string(),
    time: z.number().meta({ description: 'Milliseconds since the epoch.' }),
  })
  .meta({ id: 'Replay' });
export type Replay = z.output<typeof replaySchema>;
