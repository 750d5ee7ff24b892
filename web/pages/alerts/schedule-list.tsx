import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { Wide } from '../../parts/wide.js';
import { duration } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';
import { ChangeButtons, ListHead } from './list-parts.js';
import { type Schedule, schedulesOf } from './questions.js';
import { spanOf } from './route-dialog.js';
import { useEditing } from './use-editing.js';

/** Times that come again, such as maintenance windows: routes and silences name them. */
export function ScheduleList() {
  const { canAct } = useVisitor();
  const asked = useQuery(schedulesOf());
  const { begin, close, edit, edited, isOpen, keep, remove } = useEditing<Schedule>();
  const submit = (form: FormData) => {
    const name = edited?.name ?? String(form.get('name')).trim();
    const [cron, duration, time_zone] = ['cron', 'duration', 'time_zone'].map((field) =>
      String(form.get(field)).trim(),
    );
    return keep(
      api.POST('/schedules', {
        body: { name, cron: cron ?? '', duration: duration ?? '', time_zone: time_zone || 'UTC' },
      }),
    );
  };
  return (
    <section aria-labelledby="schedules-t">
      <ListHead
        id="schedules-t"
        title="Schedules"
        says="times that come again; routes and silences name them"
        adds={canAct ? 'Schedule' : undefined}
        onAdd={begin}
      />
      <Answer asked={asked} what="The schedules could not be read.">
        {(items) =>
          items.length === 0 ? (
            <Note icon="clock" title="No schedules.">
              Such as <code>0 2 * * 0</code> for 2 hours: each Sunday from 02:00.
            </Note>
          ) : (
            <Wide label="Schedules">
              <table className="tb">
                <TableHead words={['name', 'begins', 'lasts', 'zone', '']} numbers={[]} />
                <tbody>
                  {items.map((one) => (
                    <tr key={one.name}>
                      <td>
                        <b>{one.name}</b>
                      </td>
                      <td className="mono nw">{one.cron}</td>
                      <td className="nw">{duration(one.duration)}</td>
                      <td>{one.time_zone}</td>
                      <td className="num nw">
                        {one.origin === 'file' && <span className="dim">of the file</span>}
                        {canAct && one.origin === 'edited' && (
                          <ChangeButtons
                            deletes={`the schedule ${one.name}`}
                            says="Only one that no route and no silence names can be deleted."
                            onChange={() => edit(one)}
                            onDelete={() =>
                              remove(api.DELETE('/schedules/{id}', { params: { path: { id: one.name } } }))
                            }
                          />
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Answer>
      {isOpen && (
        <FormDialog
          title={edited === undefined ? 'A new schedule' : `Schedule ${edited.name}`}
          says="It begins when the expression says, and lasts for a time."
          verb="Keep"
          onSubmit={submit}
          onClose={close}
        >
          {edited === undefined && (
            <label>
              Name
              <input name="name" className="in" required maxLength={100} placeholder="sunday-maintenance" />
            </label>
          )}
          <label>
            Begins (minute, hour, day, month, day of the week)
            <input name="cron" className="in mono" required defaultValue={edited?.cron ?? ''} placeholder="0 2 * * 0" />
          </label>
          <label>
            Lasts
            <input
              name="duration"
              className="in"
              required
              defaultValue={edited === undefined ? '' : spanOf(edited.duration)}
              placeholder="2h"
            />
          </label>
          <label>
            Time zone
            <input
              name="time_zone"
              className="in"
              defaultValue={edited?.time_zone ?? 'UTC'}
              placeholder="Europe/Zurich"
            />
          </label>
        </FormDialog>
      )}
    </section>
  );
}
