import { useQuery } from '@tanstack/react-query';
import type { paths } from '../../api/schema.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { LABELS, MatchersField, matchersIn, namesIn } from './matchers.js';
import { type AlertRoute, channelsOf, schedulesOf } from './questions.js';

type RouteBody = NonNullable<paths['/routes/{id}']['put']['requestBody']>['content']['application/json'];

interface RouteDialogProps {
  /** Undefined: a new one. */
  readonly route: AlertRoute | undefined;
  /** Where a new one stands. */
  readonly position: number;
  readonly onKeep: (id: string, body: RouteBody) => Promise<unknown>;
  readonly onClose: () => void;
}

/** A route: what it is for, whom it tells, how soon and how often. */
export function RouteDialog({ onClose, onKeep, position, route }: RouteDialogProps) {
  const channels = useQuery(channelsOf());
  const schedules = useQuery(schedulesOf());
  const names = channels.data?.items.map(({ name }) => name) ?? [];
  const submit = (form: FormData) => {
    const time = (name: string) => {
      const text = String(form.get(name) ?? '').trim();
      return text === '' ? {} : { [name]: text };
    };
    const groups = namesIn(form.get('group_by'));
    const body = {
      position: Number(form.get('position')),
      matchers: matchersIn(form.get('matchers')),
      channels: form.getAll('channels').map(String),
      continue: form.get('continue') !== null,
      ...(groups.length > 0 && { group_by: groups }),
      ...time('group_wait'),
      ...time('group_interval'),
      ...time('repeat_interval'),
      active_schedules: form.getAll('active_schedules').map(String),
      mute_schedules: form.getAll('mute_schedules').map(String),
    } as RouteBody;
    return onKeep(route?.id ?? String(form.get('id')).trim(), body);
  };
  return (
    <FormDialog
      title={route === undefined ? 'A new route' : `Route ${route.id}`}
      says="Incidents that fit are told to these channels when they open, get worse and are over. It is asked before the routes of the file."
      verb="Keep"
      onSubmit={submit}
      onClose={onClose}
    >
      {route === undefined && (
        <label>
          Name
          <input name="id" className="in" required maxLength={100} placeholder="critical-to-oncall" />
        </label>
      )}
      <MatchersField name="matchers" label="When (nothing: everything)" value={route?.matchers ?? []} />
      <fieldset className="picks">
        <legend>Tells</legend>
        {names.length === 0 && <span className="t2">There is no channel yet: nobody.</span>}
        {names.map((name) => (
          <label key={name} className="cb">
            <input type="checkbox" name="channels" value={name} defaultChecked={route?.channels.includes(name)} />
            {name}
          </label>
        ))}
      </fieldset>
      <label className="cb">
        <input type="checkbox" name="continue" defaultChecked={route?.continue ?? false} />
        goes on to the next route that fits
      </label>
      <div className="duo-f">
        <Time name="group_wait" label="First told after" value={route?.group_wait} usual="30s" />
        <Time name="group_interval" label="Changes after" value={route?.group_interval} usual="5m" />
        <Time name="repeat_interval" label="Told again after" value={route?.repeat_interval} usual="4h" />
        <label>
          Place in the order
          <input name="position" type="number" step="any" className="in" defaultValue={route?.position ?? position} />
        </label>
      </div>
      <label>
        Told together by
        <input
          name="group_by"
          className="in"
          defaultValue={route?.group_by?.join(', ') ?? ''}
          placeholder={LABELS.slice(0, 3).join(', ')}
        />
      </label>
      {(schedules.data?.length ?? 0) > 0 && (
        <div className="duo-f">
          {(['active_schedules', 'mute_schedules'] as const).map((name) => (
            <fieldset key={name} className="picks">
              <legend>{name === 'active_schedules' ? 'Only in' : 'Not in'}</legend>
              {schedules.data?.map((one) => (
                <label key={one.name} className="cb">
                  <input
                    type="checkbox"
                    name={name}
                    value={one.name}
                    defaultChecked={route?.[name].includes(one.name)}
                  />
                  {one.name}
                </label>
              ))}
            </fieldset>
          ))}
        </div>
      )}
    </FormDialog>
  );
}

interface TimeProps {
  readonly name: string;
  readonly label: string;
  /** Milliseconds. */
  readonly value: number | undefined;
  readonly usual: string;
}

function Time({ label, name, usual, value }: TimeProps) {
  return (
    <label>
      {label}
      <input name={name} className="in" defaultValue={value === undefined ? '' : spanOf(value)} placeholder={usual} />
    </label>
  );
}

/** As it is written: 30s, 5m, 4h. */
export function spanOf(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
  ] as const;
  const [size, unit] = units.find(([one]) => ms >= one && ms % one === 0) ?? [1, 'ms'];
  return `${ms / size}${unit}`;
}
