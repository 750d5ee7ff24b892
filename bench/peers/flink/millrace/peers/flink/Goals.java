package millrace.peers.flink;

import org.apache.flink.streaming.api.datastream.DataStream;

/** The four goals: each window's result once, when the watermark has passed its end. */
interface Goals {
  /** Clients with more than 10 requests in windows of 20 s that hop by 1 s. */
  DataStream<GoalRecord> abusiveClients();

  /** Hosts with more than 15 responses of status 400 to 499 in windows of 30 s that hop by 1 s. */
  DataStream<GoalRecord> hostsWithClientErrors();

  /** Responses of status 200 to 299 by country and minute. */
  DataStream<GoalRecord> successesByCountry();

  /** Mean request time by host and minute, of the requests whose time is known. */
  DataStream<GoalRecord> meanRequestTimeByHost();
}
