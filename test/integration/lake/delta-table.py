"""What deltalake (delta-rs) makes of a table, as JSON on standard output.

Usage: delta-table.py <table> query <sql over `t`>  | files <predicate> | version | transaction <id> | optimize | checkpoint
"""

import json
import sys

from deltalake import DeltaTable, QueryBuilder

table = DeltaTable(sys.argv[1])
command, *arguments = sys.argv[2:]


def query(sql):
    result = QueryBuilder().register("t", table).execute(sql).read_all()
    columns = {name: [value.as_py() for value in result[name]] for name in result.column_names}
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


match command:
    case "query":
        answer = query(arguments[0])
    case "files":
        answer = table.file_uris(file_pruning_predicate=arguments[0])
    case "version":
        answer = table.version()
    case "transaction":
        answer = table.transaction_version(arguments[0])
    case "optimize":
        answer = table.optimize.compact()
    case "checkpoint":
        answer = table.create_checkpoint()

print(json.dumps(answer, default=str))
