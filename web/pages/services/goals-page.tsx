import { useQuery } from '@tanstack/react-query';
import { type Goal, goalOf } from '../../api/questions.js';
import { Answer, Note } from '../../parts/state.js';
import { useRange } from '../../shell/range.js';
import { TopBar } from '../../shell/top-bar.js';
import { EntityTabs } from './entity-tabs.js';
import { GoalTable } from './goal-table.js';

const GOALS: readonly Goal[] = ['1', '2', '3', '4', 'server-errors'];

/** The goals' newest windows: what each counts, and over which limit. */
export default function GoalsPage() {
  return (
    <>
      <TopBar title="Goals">
        <EntityTabs at="/goals" />
      </TopBar>
      <main id="main" className="grid-2">
        {GOALS.map((goal) => (
          <GoalRegion key={goal} goal={goal} />
        ))}
      </main>
    </>
  );
}

function GoalRegion({ goal }: { readonly goal: Goal }) {
  const range = useRange();
  const asked = useQuery(goalOf(goal, range, 12));
  return (
    <section aria-label={`Goal ${goal}`} className="border-b border-line">
      <Answer asked={asked} what="The goal could not be read." rows={6}>
        {({ columns, items, says }) => (
          <>
            <div className="hd">
              <h2>{goal === 'server-errors' ? 'Server errors' : `Goal ${goal}`}</h2>
              <span className="s">{says}</span>
            </div>
            {items.length === 0 ? (
              <Note icon="ok" title="None in this range." />
            ) : (
              <GoalTable columns={columns} items={items} />
            )}
          </>
        )}
      </Answer>
    </section>
  );
}
