import { describe, expect, it } from 'vitest';
import { compile } from './compile.js';
import { MISTAKES } from './mistakes.js';
import { PROGRAMS } from './programs.js';

const BEGINNING = `
import {
  type Aggregator, describeTopology, type Duration, type ErrorContext, type Json, BufferConfig, JoinWindows, jsonSerde, type KStream, type KTable, type KeyValueStore,
  keyValueStore, numberSerde, type Processor, type ProcessorContext, type Serde, Streams, StreamsBuilder, type StreamsConfig,
  type StreamRecord, SlidingWindows, stringSerde, Suppressed, type Synchronous, TimeWindows, toMilliseconds, type Windowed,
} from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import type { Log } from '@millrace/streams';
interface Order { readonly id: string; readonly amount: number; readonly at: number }
declare const log: Log;
declare const driver: TopologyTestDriver;
const builder = new StreamsBuilder();
const STRINGS = { key: stringSerde, value: stringSerde };
const NUMBERS = { key: stringSerde, value: numberSerde };
const words = builder.stream('words', { ...STRINGS, nulls: 'skip' });
const kept = builder.stream('kept', STRINGS);
const orderSerde = jsonSerde<Order>();
const orders = builder.stream('orders', { key: stringSerde, value: orderSerde, nulls: 'refuse' });
const numbers = builder.stream('numbers', { ...NUMBERS, nulls: 'skip' });
const keyless = builder.stream('events', { value: orderSerde, nulls: 'skip' });
const users = builder.table('users', STRINGS);
const lengths = builder.globalTable('lengths', NUMBERS, { name: 'lengths' });
const minute = TimeWindows.ofSizeWithNoGrace('1m');
const limits = keyValueStore({ name: 'limits', keySerde: stringSerde, valueSerde: numberSerde });
const names = keyValueStore({ name: 'names', keySerde: stringSerde, valueSerde: stringSerde });
export {};`;

const mistakes = Object.entries(MISTAKES);
const programs = Object.entries(PROGRAMS);
const said = compile(
  BEGINNING,
  [...mistakes, ...programs].map(([, statement]) => statement),
);

describe('the types refuse', () => {
  it.each(mistakes.map(([name], number) => [name, number] as const))('%s', (_name, number) => {
    expect(said[number]).not.toEqual([]);
  });
});

describe('the types take', () => {
  it.each(programs.map(([name], number) => [name, number] as const))('%s', (_name, number) => {
    expect(said[mistakes.length + number]).toEqual([]);
  });
});
