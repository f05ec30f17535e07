"""The run as JSON Lines: one object a job, and a summary at the end."""

from __future__ import annotations

import json
from typing import Any, TextIO

from imgpipe.flow import Flow, Queue, Stage
from imgpipe.job import Failure, Item, Output, Seconds, Source, Status
from imgpipe.report.tally import Tally

_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def write_line(file: TextIO, line: dict[str, Any]) -> None:
    """Write one object as one line of ASCII, and flush it."""
    file.write(text_of(line))
    file.flush()


def text_of(line: dict[str, Any]) -> str:
    """One object as one line of ASCII, with its end."""
    return _ENCODER.encode(line) + "\n"


def item_line(item: Item) -> dict[str, Any]:
    """What became of one job; names are relative to INPUT and OUTPUT."""
    failure = item.failure
    read, process, write, began, worker = item.seconds
    return {
        "type": "item",
        "source": item.source.name,
        "bytes": item.source.bytes,
        "status": str(item.status),
        "outputs": [
            {"path": output.name, "bytes": output.bytes, "width": output.width, "height": output.height}
            for output in item.outputs
        ],
        "warnings": list(item.warnings),
        "reason": item.reason or None,
        "error": None if failure is None else {"type": failure.type, "message": failure.message},
        "seconds": {"read": round(read, 6), "process": round(process, 6), "write": round(write, 6)},
        "began": round(began, 6),
        "worker": worker,
    }


def planned_line(source: Source, outputs: tuple[str, ...]) -> dict[str, Any]:
    """What would be made of an input, by `--dry-run`."""
    return {"type": "planned", "source": source.name, "bytes": source.bytes, "outputs": list(outputs)}


def plan_line(discovered: int, planned: int) -> dict[str, Any]:
    """The end of a `--dry-run`: how many inputs there are, and of how many something would be made."""
    return {"type": "plan", "discovered": discovered, "planned": planned}


def read_item(line: dict[str, Any]) -> Item:
    """The item that a line tells of, as far as it does.

    Raises:
        KeyError, TypeError, ValueError: it is no such line.
    """
    error, took = line["error"], line["seconds"]
    return Item(
        Source(_text(line["source"]), None, number(line["bytes"])),
        Status(line["status"]),
        tuple(_output(made) for made in line["outputs"]),
        tuple(map(_text, line["warnings"])),
        _text(line["reason"] or ""),
        Failure(_text(error["type"]), _text(error["message"])) if error else None,
        Seconds(*map(number, (took["read"], took["process"], took["write"], line["began"], line["worker"]))),
    )


def _output(made: dict[str, Any]) -> Output:
    return Output(_text(made["path"]), number(made["bytes"]), number(made["width"]), number(made["height"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def number(value: Any) -> Any:
    """The number, which is neither negative nor beyond what a file can have."""
    if not isinstance(value, (int, float)) or not 0 <= value < 1 << 63:
        raise TypeError(f"{value!r} is no number that counts something")
    return value


def flow_line(flow: Flow) -> dict[str, Any]:
    """How the time of a run went."""
    stages = [stage._asdict() for stage in flow.stages]
    queues = [queue._asdict() for queue in flow.queues]
    return {"type": "flow", **flow._asdict(), "stages": stages, "queues": queues}


def read_flow(line: dict[str, Any]) -> Flow:
    """The flow that a line tells of; raises as `read_item`."""
    return Flow(
        _text(line["engine"]),
        number(line["usable_cores"]),
        number(line["began"]),
        number(line["seconds"]),
        tuple(_stage(stage) for stage in line["stages"]),
        tuple(_queue(queue) for queue in line["queues"]),
    )


def _stage(stage: dict[str, Any]) -> Stage:
    values = {name: value if name == "name" else number(value) for name, value in stage.items()}
    return Stage(**values | {"name": _text(stage["name"])})


def _queue(queue: dict[str, Any]) -> Queue:
    depths = tuple((number(seconds), number(items)) for seconds, items in queue["depths"])
    return Queue(_text(queue["behind"]), number(queue["capacity"]), depths)


def summary_line(tally: Tally) -> dict[str, Any]:
    """The sums of a run; `discovered` is always the sum of the four that follow it."""
    return {
        "type": "summary",
        "discovered": tally.discovered,
        "written": tally.counts[Status.WRITTEN],
        "unchanged": tally.counts[Status.UNCHANGED],
        "failed": tally.counts[Status.FAILED],
        "skipped": tally.skipped,
        "pruned": tally.pruned,
        **({"gone": tally.gone} if tally.gone else {}),
        "interrupted": tally.interrupted,
        "seconds": round(tally.seconds, 3),
        "bytes_in": tally.bytes_in,
        "bytes_out": tally.bytes_out,
    }
