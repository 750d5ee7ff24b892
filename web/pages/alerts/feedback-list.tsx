import { useQuery } from '@tanstack/react-query';
import { FeedbackRows } from '../../parts/feedback-rows.js';
import { Answer, Note } from '../../parts/state.js';
import { ListHead } from './list-parts.js';
import { feedbackOf } from './questions.js';

/** What people have said was fine, or a fault. */
export function FeedbackList() {
  const asked = useQuery(feedbackOf());
  return (
    <section className="ax-f" id="feedback" aria-labelledby="feedback-t">
      <ListHead
        id="feedback-t"
        title="Learned from people"
        says="What was fine makes no incident again, unless it goes further."
      />
      <Answer asked={asked} what="What was learned could not be read.">
        {(items) =>
          items.length === 0 ? (
            <Note icon="bell_off" title="Nothing yet.">
              Say of an incident that it was fine.
            </Note>
          ) : (
            <FeedbackRows items={items} />
          )
        }
      </Answer>
    </section>
  );
}
