import { useId, useState } from 'react';
import type { Schemas } from '../../api/client.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { namesIn } from './matchers.js';

type Body = Schemas['ChannelGiven'];

interface ChannelDialogProps {
  /** Undefined: a new one. */
  readonly channel: Schemas['Channel'] | undefined;
  readonly onKeep: (name: string, body: Body) => Promise<unknown>;
  readonly onClose: () => void;
}

interface ChannelField {
  readonly name: string;
  readonly label: string;
  readonly kind?: 'password' | 'number' | 'list' | 'choice';
  readonly choices?: readonly string[];
  readonly required?: boolean;
  readonly placeholder?: string;
}

const URL_FIELD: ChannelField = {
  name: 'url',
  label: 'Address',
  required: true,
  placeholder: 'https://example.com/hook',
};

/** What each kind of channel asks for. */
const KINDS: Readonly<Record<string, { readonly says: string; readonly fields: readonly ChannelField[] }>> = {
  webhook: {
    says: 'Posts JSON, signed as Standard Webhooks are.',
    fields: [URL_FIELD, { name: 'secret', label: 'Secret to sign with (whsec_…)', kind: 'password' }],
  },
  slack: { says: "Slack's incoming webhook, or one that is like it.", fields: [URL_FIELD] },
  teams: { says: 'An Adaptive Card to a workflow of Teams.', fields: [URL_FIELD] },
  pagerduty: {
    says: "PagerDuty's events, one for each incident.",
    fields: [{ name: 'routing_key', label: 'Routing key', kind: 'password', required: true }],
  },
  alertmanager: { says: 'As alerts to an Alertmanager (API v2).', fields: [URL_FIELD] },
  'alertmanager-webhook': { says: "As Alertmanager's own webhook, version 4.", fields: [URL_FIELD] },
  email: {
    says: 'A mail for each change; those of an incident are one thread.',
    fields: [
      { name: 'host', label: 'Server', required: true, placeholder: 'smtp.example.com' },
      { name: 'port', label: 'Port', kind: 'number', placeholder: '587' },
      { name: 'security', label: 'Security', kind: 'choice', choices: ['starttls', 'tls', 'none'] },
      { name: 'user', label: 'User' },
      { name: 'password', label: 'Password', kind: 'password' },
      { name: 'from', label: 'From', required: true, placeholder: 'millrace@example.com' },
      { name: 'to', label: 'To, divided by commas', kind: 'list', required: true, placeholder: 'ops@example.com' },
    ],
  },
};

/** Someone who can be told. What is secret is masked when it is shown again, and stays unless another one is given. */
export function ChannelDialog({ channel, onClose, onKeep }: ChannelDialogProps) {
  const [type, setType] = useState(channel?.type ?? 'webhook');
  const kind = KINDS[type];
  const given = channel as Readonly<Record<string, unknown>> | undefined;
  const submit = (form: FormData) => {
    const body: Record<string, unknown> = { ...(channel?.type === type && withoutShown(given ?? {})) };
    for (const { kind: of, name } of kind?.fields ?? []) {
      const text = String(form.get(name) ?? '').trim();
      if (text === '') delete body[name];
      else body[name] = of === 'number' ? Number(text) : of === 'list' ? namesIn(text) : text;
    }
    const name = channel?.name ?? String(form.get('name')).trim();
    return onKeep(name, { ...body, name, type, send_resolved: form.get('send_resolved') !== null });
  };
  return (
    <FormDialog
      title={channel === undefined ? 'A new channel' : `Channel ${channel.name}`}
      says={kind?.says}
      verb="Keep"
      onSubmit={submit}
      onClose={onClose}
    >
      {channel === undefined && (
        <>
          <label>
            Name
            <input name="name" className="in" required maxLength={100} placeholder="oncall" />
          </label>
          <label>
            Kind
            <select className="in" value={type} onChange={({ target }) => setType(target.value)}>
              {Object.keys(KINDS).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </>
      )}
      {kind?.fields.map((field) => (
        <ChannelInput key={`${type} ${field.name}`} field={field} value={given?.[field.name]} />
      ))}
      <label className="cb">
        <input type="checkbox" name="send_resolved" defaultChecked={channel?.send_resolved ?? true} />
        told when an incident is over, too
      </label>
    </FormDialog>
  );
}

function ChannelInput({ field, value }: { readonly field: ChannelField; readonly value: unknown }) {
  const { choices, kind, label, name, placeholder, required = false } = field;
  const id = useId();
  const shown = Array.isArray(value) ? value.join(', ') : value === undefined ? '' : String(value);
  return (
    <label htmlFor={id}>
      {label}
      {choices === undefined ? (
        <input
          id={id}
          name={name}
          className="in"
          type={kind === 'number' ? 'number' : 'text'}
          autoComplete="off"
          required={required}
          defaultValue={shown}
          placeholder={placeholder}
        />
      ) : (
        <select id={id} name={name} className="in" defaultValue={shown || choices[0]}>
          {choices.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      )}
    </label>
  );
}

/** What the form has no field for stays, such as headers. */
function withoutShown({ name: _name, origin: _origin, type: _type, ...rest }: Readonly<Record<string, unknown>>) {
  return rest;
}
