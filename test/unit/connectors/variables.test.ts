// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of connector files
import { expect, it } from 'vitest';
import { ConnectorError } from '../../../connectors/connector-error.js';
import { substitute } from '../../../connectors/variables.js';

it('puts the values of the environment into variables', () => {
  expect(substitute('http://${HOST}:${PORT}', { HOST: 'es', PORT: '9200' }, 'a.json')).toBe('http://es:9200');
});

it('takes the default of a variable that is not set or empty', () => {
  expect(substitute('${HOST:-localhost}', {}, 'a.json')).toBe('localhost');
  expect(substitute('${HOST:-localhost}', { HOST: '' }, 'a.json')).toBe('localhost');
  expect(substitute('${HOST:-}', {}, 'a.json')).toBe('');
});

it('takes a default that is a URL with a port', () => {
  expect(substitute('${URL:-http://a:1/b-c}', {}, 'a.json')).toBe('http://a:1/b-c');
});

it('names the variable and the file where a value is missing', () => {
  const substituting = () => substitute('${SECRET_NAME}', {}, 'dir/a.json');

  expect(substituting).toThrow(ConnectorError);
  expect(substituting).toThrow('dir/a.json needs the environment variable SECRET_NAME, which is not set');
});

it('leaves alone what Connect replaces, and what is escaped', () => {
  const text = '${file:/run/secrets/es:password} ${env:HOME} $${HOST} HoistField$Key';

  expect(substitute(text, { HOST: 'es' }, 'a.json')).toBe(
    '${file:/run/secrets/es:password} ${env:HOME} ${HOST} HoistField$Key',
  );
});

it('does not take a value for a text with variables', () => {
  expect(substitute('${A}', { A: '${B} $& $1', B: 'wrong' }, 'a.json')).toBe('${B} $& $1');
});
