/** Names under which a payload says which sensor it is of, or when it was read. */
const SENSOR_NAMES = ['sensor_id', 'sensorId', 'sensor', 'device_id', 'deviceId', 'device', 'id'];
const TIME_NAMES = ['timestamp', 'time', 'ts', '@timestamp', 'datetime', 'date'];
const MEASURED = ['temperature', 'pressure'];
const NUMBER = /^\s*[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/;

/**
 * A message as a line. Many sensors say in the topic what they are: `plant/boiler-7` with a reading in JSON, or
 * `plant/boiler-7/temperature`, or any other quantity, with a number. What says no time was read when it came.
 */
export function lineOfMessage(topic: string, payload: Buffer, now: number): string {
  const text = payload.toString();
  const levels = topic.split('/').filter((level) => level !== '');
  if (NUMBER.test(text)) {
    const last = levels.at(-1) ?? '';
    const measured = MEASURED.find((name) => name === last.toLowerCase());
    const value = Number(text);
    const what = measured === undefined ? { ...(levels.length > 1 && { metric: last }), value } : { [measured]: value };
    return JSON.stringify({ sensor_id: levels.at(-2) ?? topic, timestamp: now, ...what });
  }
  if (!text.trimStart().startsWith('{')) return text;
  let reading: Record<string, unknown>;
  try {
    reading = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return text;
  }
  const lacks = (names: readonly string[]) => !names.some((name) => Object.hasOwn(reading, name));
  const lacksSensor = lacks(SENSOR_NAMES);
  const lacksTime = lacks(TIME_NAMES);
  if (!lacksSensor && !lacksTime) return text;
  return JSON.stringify({
    ...(lacksSensor ? { sensor_id: levels.at(-1) ?? topic } : {}),
    ...(lacksTime ? { timestamp: now } : {}),
    ...reading,
  });
}
