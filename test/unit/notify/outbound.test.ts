import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPublic, Outbound } from '../../../notify/outbound.js';
import { endless, hang, Receiver, reset, status } from './receiver.js';

const call = (url: string) => ({ url, headers: {}, body: '{}', signal: new AbortController().signal });
let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.start();
});
afterAll(() => receiver.stop());

describe('an address', () => {
  it.each([
    ['8.8.8.8', true],
    ['2001:4860:4860::8888', true],
    ['127.0.0.1', false],
    ['127.8.8.8', false],
    ['0.0.0.0', false],
    ['10.1.2.3', false],
    ['172.16.0.1', false],
    ['192.168.1.1', false],
    ['169.254.169.254', false],
    ['100.100.100.200', false],
    ['168.63.129.16', false],
    ['192.0.0.192', false],
    ['198.18.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['fe80::1', false],
    ['fd00:ec2::254', false],
    ['ff02::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:a9fe:a9fe', false],
    ['::127.0.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['64:ff9b:1::a00:1', false],
    ['2002:7f00:1::', false],
    ['2001::1', false],
    ['fec0::1', false],
    ['not an address', false],
  ])('%s is public: %s', (address, expected) => {
    expect(isPublic(address)).toBe(expected);
  });
});

describe('an outgoing call', () => {
  it.each([
    ['a plain http address', 'http://example.com/', ['93.184.215.14']],
    ['a host inside', 'https://inside.example/', ['10.0.0.1']],
    ['a host of which one address is inside', 'https://mixed.example/', ['93.184.215.14', '127.0.0.1']],
    ['an address of the machine, written otherwise', 'https://0x7f.1/', []],
    ['an address of the machine, as a number', 'https://2130706433/', []],
    ['a mapped address', 'https://[::ffff:127.0.0.1]/', []],
    ['a name and a password', 'https://a:b@example.com/', ['93.184.215.14']],
    ['another scheme', 'file:///etc/passwd', []],
  ])('is refused for %s', async (_, url, addresses) => {
    const outbound = new Outbound({ allow: [], resolve: async () => addresses });
    await expect(outbound.post(call(url))).rejects.toMatchObject({ name: 'DeliveryError', retryable: false });
  });

  it('goes inside where the host, the address or its network is allowed', async () => {
    for (const allow of ['hook.test', '127.0.0.1', '127.0.0.0/8', '*']) {
      const outbound = new Outbound({ allow: [allow], resolve: async () => ['127.0.0.1'] });
      const host = allow === 'hook.test' ? 'hook.test' : '127.0.0.1';
      await expect(outbound.post(call(`http://${host}:${receiver.port}/`))).resolves.toMatchObject({ status: 200 });
    }
  });

  it('goes to the address that was looked at, whatever the name says afterwards', async () => {
    let asked = 0;
    const outbound = new Outbound({
      allow: ['rebinding.test'],
      resolve: async () => [++asked === 1 ? '127.0.0.1' : '192.0.2.1'],
    });
    await expect(outbound.post(call(`http://rebinding.test:${receiver.port}/`))).resolves.toMatchObject({
      status: 200,
    });
    expect(asked).toBe(1);
  });

  it('is refused the next time when the name has moved inside', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const outbound = new Outbound({ allow: [], timeoutMs: 200, resolve: async () => answers.shift() ?? [] });
    await expect(outbound.addressesOf('rebinding.test')).resolves.toEqual(['93.184.215.14']);
    await expect(outbound.addressesOf('rebinding.test')).rejects.toMatchObject({ retryable: false });
  });

  it('does not follow a redirect', async () => {
    receiver.behaviours = [status(302, { location: 'http://169.254.169.254/latest/meta-data/' })];
    const outbound = new Outbound({ allow: ['127.0.0.1'] });
    await expect(outbound.post(call(receiver.url))).resolves.toMatchObject({ status: 302 });
  });

  it.each([
    ['hangs', hang, /no answer within 300 ms/],
    ['resets', reset, /./],
    ['answers without an end', endless, /more than 65536 bytes/],
  ])('to a receiver that %s ends, and is worth another', async (_, behaviour, message) => {
    receiver.behaviours = [behaviour];
    const outbound = new Outbound({ allow: ['127.0.0.1'], timeoutMs: 300 });
    const failure = await outbound.post(call(receiver.url)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'DeliveryError', retryable: true, message: expect.stringMatching(message) });
  });
});
