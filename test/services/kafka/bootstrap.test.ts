import { expect, it } from 'vitest';
import { hostAndPort } from '../../../streams/log/kafka/bootstrap.js';

it.each([
  ['127.0.0.1:19092', '127.0.0.1', 19_092],
  ['kafka.example.com', 'kafka.example.com', 9092],
  ['[2001:db8::1]:9093', '2001:db8::1', 9093],
  ['[::1]', '::1', 9092],
  ['SASL_SSL://broker-1:9094', 'broker-1', 9094],
] as const)('the broker %s is at %s, port %i', (address, host, port) => {
  expect(hostAndPort(address)).toEqual([host, port]);
});

it.each(['', 'a:b', 'a:1:2', 'http://a:1/path'])('"%s" is not the address of a broker', (address) => {
  expect(() => hostAndPort(address)).toThrow('it must be host:port');
});
