// A program whose work is done while a call into the Kafka client has not come back.
import { endWhenDone } from '../../../dist/app/end-process.js';
import { countCall } from '../../../dist/streams/log/kafka/calls-under-way.js';

countCall();
process.stdout.write('done\n');
endWhenDone(0);
