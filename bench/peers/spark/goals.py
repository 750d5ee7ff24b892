"""The four goals in Spark Structured Streaming, over what the raw topic holds. Arguments: name=value."""

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.avro.functions import from_avro, to_avro
from pyspark.sql.functions import avg, col, concat, count, expr, lit, struct, unix_millis, window

arguments = dict(argument.split("=", 1) for argument in sys.argv[1:])

spark = SparkSession.builder.getOrCreate()


def schema_of(name):
    return Path(arguments[name]).read_text()


def requests():
    """What is in the raw topic, in Confluent's wire format: five bytes, then the Avro binary."""
    source = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", arguments["brokers"])
        .option("kafka.isolation.level", "read_committed")
        .option("subscribe", arguments["input"])
        .option("startingOffsets", "earliest")
    )
    if "batch" in arguments:
        source = source.option("maxOffsetsPerTrigger", arguments["batch"])
    record = from_avro(
        expr("substring(value, 6)"), schema_of("schema"), {"avroSchema": schema_of("readerSchema"), "mode": "FAILFAST"}
    )
    return (
        source.load()
        .select(record.alias("request"))
        .select("request.*")
        .withWatermark("timestamp", f"{arguments['grace']} milliseconds")
    )


def send(goal, entity, results):
    """Sends each window that a batch has changed, once a batch."""
    header = f"00{int(arguments[f'schemaId{goal}']):08x}"
    bounds = [col("window.start").alias("window_start"), col("window.end").alias("window_end")]
    measures = [name for name in results.columns if name not in (entity, "window")]
    value = to_avro(struct(entity, *bounds, *measures), schema_of(f"schema{goal}"))
    return (
        results.select(
            concat(col(entity), lit("@"), unix_millis(col("window.start"))).cast("binary").alias("key"),
            concat(expr(f"unhex('{header}')"), value).alias("value"),
        )
        .writeStream.format("kafka")
        .outputMode("update")
        .option("kafka.bootstrap.servers", arguments["brokers"])
        .option("topic", arguments[f"output{goal}"])
        .option("checkpointLocation", f"{arguments['directory']}/goal{goal}")
        .trigger(availableNow=True)
        .start()
    )


def abusive_clients():
    """Clients with more than 10 requests in windows of 20 s that hop by 1 s."""
    counts = requests().groupBy("client_ip", window("timestamp", "20 seconds", "1 second")).agg(count("*").alias("count"))
    return send(1, "client_ip", counts.where("count > 10"))


def hosts_with_client_errors():
    """Hosts with more than 15 responses of status 400 to 499 in windows of 30 s that hop by 1 s."""
    errors = requests().where("status BETWEEN 400 AND 499")
    counts = errors.groupBy("host", window("timestamp", "30 seconds", "1 second")).agg(count("*").alias("count"))
    return send(2, "host", counts.where("count > 15"))


def successes_by_country():
    """Responses of status 200 to 299 by country and minute."""
    successes = requests().where("status BETWEEN 200 AND 299")
    return send(3, "country", successes.groupBy("country", window("timestamp", "1 minute")).agg(count("*").alias("count")))


def mean_request_time_by_host():
    """Mean request time by host and minute, of the requests whose time is known."""
    timed = requests().where("request_time IS NOT NULL").groupBy("host", window("timestamp", "1 minute"))
    return send(4, "host", timed.agg(avg("request_time").alias("avg_request_time"), count("*").alias("count")))


GOALS = {1: abusive_clients, 2: hosts_with_client_errors, 3: successes_by_country, 4: mean_request_time_by_host}

for query in [GOALS[int(goal)]() for goal in arguments["goals"].split(",")]:
    query.awaitTermination()
spark.stop()
