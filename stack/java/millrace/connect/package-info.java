/**
 * Two Kafka Connect sinks for machines without Docker: into Elasticsearch over {@code _bulk}, and into InfluxDB 1.x in
 * line protocol. Both write a batch before {@code put} returns, so Connect commits only what is stored; what the service
 * cannot take now is delivered again, what it will never take goes to the connector's dead-letter queue.
 */
package millrace.connect;
