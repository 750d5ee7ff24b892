import { useSearchParams } from 'wouter';
import { TopBar } from '../../shell/top-bar.js';
import { ViewSwitch } from '../../shell/view-switch.js';
import { useVisitor } from '../../shell/visitor.js';
import { ChannelList } from './channel-list.js';
import { DeliveryList } from './delivery-list.js';
import { DetectorsView } from './detectors.js';
import { FeedbackList } from './feedback-list.js';
import { InhibitionList } from './inhibition-list.js';
import { RouteList } from './route-list.js';
import { ScheduleList } from './schedule-list.js';
import { SilenceList } from './silence-list.js';

const VIEWS = [
  ['', 'Who is told'],
  ['times', 'Schedules and inhibition'],
  ['detectors', 'Detectors'],
] as const;

/** Who is told of what and when, what was told, and what the detectors found. */
export default function AlertsPage() {
  const [search] = useSearchParams();
  const view = search.get('view') ?? '';
  return (
    <>
      <TopBar title="Alerts" range={false}>
        <ViewSwitch views={VIEWS} />
      </TopBar>
      <main id="main">{view === 'detectors' ? <DetectorsView /> : view === 'times' ? <Times /> : <Told />}</main>
    </>
  );
}

function Told() {
  const { canAct } = useVisitor();
  return (
    <div className="alx">
      <RouteList />
      <SilenceList />
      <FeedbackList />
      {canAct && <ChannelList />}
      <DeliveryList />
    </div>
  );
}

function Times() {
  return (
    <div className="grid-2">
      <ScheduleList />
      <InhibitionList />
    </div>
  );
}
