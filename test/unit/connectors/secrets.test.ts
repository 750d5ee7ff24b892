import { expect, it } from 'vitest';
import { mask, secretsOf } from '../../../connectors/secrets.js';

it('masks passwords, tokens and the credentials inside of URLs', () => {
  const secrets = secretsOf({
    'connection.password': 'hunter2',
    'api.token': 'abc123',
    'connection.url': 'http://user:pa55@es:9200,http://es2:9200',
    'connection.username': 'user',
  });

  expect(mask('hunter2 is no password; abc123; http://user:pa55@es:9200', secrets)).toBe(
    '******** is no password; ********; http://user:********@es:9200',
  );
});

it('masks a secret whole that has another inside of it', () => {
  const secrets = secretsOf({ 'a.password': 'abc', 'b.password': 'abcdef' });

  expect(mask('abcdef abc', secrets)).toBe('******** ********');
});
