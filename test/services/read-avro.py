"""Prints the records that kcat writes with -f '%K %S\\n%k%s', a JSON line each, decoded by fastavro.

Usage: kcat … | python read-avro.py <registry url>
"""

import io
import json
import sys
import urllib.request
from datetime import datetime

import fastavro

registry = sys.argv[1]
schemas = {}


def schema_of(number):
    if number not in schemas:
        with urllib.request.urlopen(f"{registry}/schemas/ids/{number}", timeout=10) as answer:
            schemas[number] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    return schemas[number]


def plain(value):
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


records = sys.stdin.buffer
for lengths in iter(records.readline, b""):
    key_length, value_length = map(int, lengths.split())
    key = records.read(key_length).decode()
    framed = records.read(value_length)
    assert framed[0] == 0, "not in the wire format"
    body = io.BytesIO(framed[5:])
    value = fastavro.schemaless_reader(body, schema_of(int.from_bytes(framed[1:5], "big")))
    assert body.read() == b"", "bytes are left over"
    print(json.dumps({"key": key, "value": {name: plain(field) for name, field in value.items()}}))
