import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf, api, doneBy } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { RemoveButton } from '../../parts/remove-button.js';
import { Answer, Failure, Note } from '../../parts/state.js';
import { day } from '../../parts/wording.js';
import { singleKeysAreOn, switchSingleKeys } from '../../shell/keys.js';
import { TopBar } from '../../shell/top-bar.js';
import { useVisitor } from '../../shell/visitor.js';
import { PipelineSettings } from './pipeline-settings.js';

const ROLES = ['viewer', 'operator', 'admin'] as const;
type Role = (typeof ROLES)[number];
type TokenRole = Role | 'ingest';

/** What is each person's own, and for the administrator who may come in. */
export default function SettingsPage() {
  const { canSignOut, isAdmin } = useVisitor();
  return (
    <>
      <TopBar title="Settings" range={false} />
      <main id="main" className="grid-2 content-start">
        <section aria-labelledby="keys-t">
          <div className="hd">
            <h2 id="keys-t">Keyboard</h2>
          </div>
          <SingleKeys />
        </section>
        <section aria-labelledby="api-t">
          <div className="hd">
            <h2 id="api-t">API</h2>
          </div>
          <p>
            <a className="lnk" href="/api/docs">
              All that the API can be asked
            </a>
            , and its{' '}
            <a className="lnk" href="/api/openapi.json">
              OpenAPI document
            </a>
            .
          </p>
        </section>
        <PipelineSettings />
        {isAdmin && canSignOut && <Users />}
        {isAdmin && canSignOut && <Tokens />}
        {!canSignOut && (
          <section>
            <Note icon="user" title="Nobody signs in here.">
              The server was started with --no-auth: anybody on this machine may see and change all of it.
            </Note>
          </section>
        )}
      </main>
    </>
  );
}

function SingleKeys() {
  const [isOn, setOn] = useState(singleKeysAreOn);
  return (
    <label className="cb">
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ target }) => {
          switchSingleKeys(target.checked);
          setOn(target.checked);
        }}
      />
      Single letters do something: <kbd>p</kbd> pauses, <kbd>g</kbd> and a letter opens a page
    </label>
  );
}

function Users() {
  const client = useQueryClient();
  const asked = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => answerOf(api.GET('/users', { signal })) });
  const onSuccess = () => client.invalidateQueries({ queryKey: ['users'] });
  const add = useMutation({
    mutationFn: (body: { name: string; role: Role; password: string }) => answerOf(api.POST('/users', { body })),
    onSuccess,
  });
  const remove = async (name: string) => {
    await doneBy(api.DELETE('/users/{name}', { params: { path: { name } } }));
    await onSuccess();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const { currentTarget: fields } = event;
    add.mutate(
      { name: String(form.get('name')), role: roleOf(form), password: String(form.get('password')) },
      // What was refused is there to be mended.
      { onSuccess: () => fields.reset() },
    );
  };
  return (
    <section aria-labelledby="users-t">
      <div className="hd">
        <h2 id="users-t">Users</h2>
      </div>
      <Answer asked={asked} what="The users could not be read.">
        {({ items }) => (
          <table className="tb">
            <tbody>
              {items.map(({ created, has_password: hasPassword, name, role }) => (
                <tr key={name}>
                  <td>
                    <b>{name}</b>
                  </td>
                  <td>{role}</td>
                  <td className="t2">{hasPassword ? `since ${day(created)}` : 'no password'}</td>
                  <td className="num">
                    {role === 'admin' && items.filter((one) => one.role === 'admin').length === 1 ? (
                      <span className="dim">the only admin</span>
                    ) : (
                      <RemoveButton
                        verb="Remove"
                        what={`the user ${name}`}
                        says="Who is signed in by that name is signed out."
                        onRemove={() => remove(name)}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Answer>
      <form className="flex flex-wrap gap-2 pt-2" onSubmit={submit}>
        <input name="name" className="in" placeholder="Name" aria-label="Name" required autoComplete="off" />
        <input
          name="password"
          type="password"
          className="in"
          placeholder="Password"
          aria-label="Password"
          required
          autoComplete="new-password"
        />
        <RoleField />
        <button type="submit" className="btn">
          <Icon name="plus" />
          User
        </button>
      </form>
      {add.error !== null && <Failure what="The user was not added." error={add.error} />}
    </section>
  );
}

function Tokens() {
  const client = useQueryClient();
  const asked = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => answerOf(api.GET('/tokens', { signal })) });
  const onSuccess = () => client.invalidateQueries({ queryKey: ['tokens'] });
  const add = useMutation({
    mutationFn: (body: { name: string; role: TokenRole }) => answerOf(api.POST('/tokens', { body })),
    onSuccess,
  });
  const revoke = async (id: string) => {
    await doneBy(api.DELETE('/tokens/{id}', { params: { path: { id } } }));
    await onSuccess();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const role = form.get('role') === 'ingest' ? 'ingest' : roleOf(form);
    const { currentTarget: fields } = event;
    add.mutate({ name: String(form.get('name')), role }, { onSuccess: () => fields.reset() });
  };
  return (
    <section aria-labelledby="tokens-t">
      <div className="hd">
        <h2 id="tokens-t">Tokens</h2>
        <span className="s">for machines</span>
      </div>
      <Answer asked={asked} what="The tokens could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <Note title="No token." />
          ) : (
            <table className="tb">
              <tbody>
                {items.map(({ id, name, role }) => (
                  <tr key={id}>
                    <td>
                      <b>{name}</b>
                    </td>
                    <td>{role}</td>
                    <td className="num">
                      <RemoveButton
                        verb="Revoke"
                        what={`the token ${name}`}
                        says="Programs that use it are refused from now on. It cannot be had back."
                        onRemove={() => revoke(id)}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
      <form className="flex flex-wrap gap-2 pt-2" onSubmit={submit}>
        <input
          name="name"
          className="in"
          placeholder="What it is for"
          aria-label="What it is for"
          required
          autoComplete="off"
        />
        <RoleField more={['ingest']} />
        <button type="submit" className="btn">
          <Icon name="plus" />
          Token
        </button>
      </form>
      {add.data !== undefined && (
        <p className="cmd mono" role="status">
          <code>{add.data.token}</code> <span className="s t2">It is shown this once.</span>
        </p>
      )}
      {add.error !== null && <Failure what="The token was not made." error={add.error} />}
    </section>
  );
}

/** @param more roles that only some may have */
function RoleField({ more = [] }: { readonly more?: readonly string[] }) {
  return (
    <select name="role" className="in" aria-label="Role" defaultValue="viewer">
      {[...ROLES, ...more].map((role) => (
        <option key={role}>{role}</option>
      ))}
    </select>
  );
}

function roleOf(form: FormData): Role {
  return ROLES.find((role) => role === form.get('role')) ?? 'viewer';
}
