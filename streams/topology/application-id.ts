/** A part of the names of topics, for which Kafka takes these and 249 of them; and the name of a directory. */
const APPLICATION_ID = /^(?!\.*$)[A-Za-z0-9._-]{1,100}$/;

export const APPLICATION_ID_RULE = '1 to 100 letters, digits, -, _ and dots, and more than dots';

/** Whether an application may be called so: nothing that leads out of its directory. */
export function isApplicationId(id: string): boolean {
  return APPLICATION_ID.test(id);
}
