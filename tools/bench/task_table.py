"""What tools/bench_tasks.py measured, as the block of docs/performance.md."""

from typing import Any

Report = dict[str, Any]


def render(report: Report) -> str:
    """A column for each number of threads: overheads of the tasks, then what else is promised."""
    results = report["results"]
    threads = list(dict.fromkeys(row["threads"] for row in results))
    lines: dict[str, dict[int, str]] = {}  # what stands in a line, by threads
    for row in results:
        line, cell = _cell(row)
        lines.setdefault(line, {})[row["threads"]] = cell
    heads = " | ".join("1 thread" if n == 1 else f"{n} threads" for n in threads)
    table = [
        f"| | {heads} |",
        "| --- |" + " ---: |" * len(threads),
        *(f"| {line} | " + " | ".join(cells.get(n, "") for n in threads) + " |"
          for line, cells in lines.items()),
    ]  # fmt: skip
    return "\n".join([*table, "", _measured(report)])


def _cell(row: Report) -> tuple[str, str]:
    """In which line of the table a row of the report stands, and what it says there."""
    match row["measurement"]:
        case "tasks":
            return row["task"], f"{row['overhead']:.1%}"
        case "search":
            line = f"a query among {row['vectors']:,} vectors of {row['dimension']}"
            return line, f"{row['search_ms']:.1f} ms"
        case "first-token":
            line = "classification, where the last layer computes first tokens alone"
            return line, f"{row['speedup']:.2f} times as fast"
    table_mb = row["table_bytes"] / 1e6
    line = f"memory of a masked-words head, whose decoder is the table of {table_mb:.0f} MB"
    return line, f"{row['more_bytes'] / 1e6:.1f} MB"


def _measured(report: Report) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return (
        f"Measured on {report['date']} by `make taskspeed`: {report['cpu']},\n"
        f"Python {report['python']}, {versions}; "
        f"medians of {report['turns']} turns over one text in {report['parts']}."
    )
