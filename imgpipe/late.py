"""Names that are known only once outputs are made: `{width}`, `{height}` and `{hash}` are filled in."""

from __future__ import annotations

from imgpipe.codecs.codec import Encoded
from imgpipe.errors import FilterFailed
from imgpipe.job import Target
from imgpipe.savings import Judged
from imgpipe.template import may_be_written, parse


def name_outputs(made: Judged) -> Judged:
    """The same with the names that are known now; of two equal outputs with one name there is one.

    Raises:
        FilterFailed: two different outputs would have one name, or one a name that none may have.
    """
    found: dict[str, tuple[Target, Encoded]] = {}
    for target, output in zip(made.job.targets, made.outputs, strict=True):
        name = _name(target, output)
        if name in found and found[name][1].data != output.data:
            raise FilterFailed(f"two different outputs would be {name}; tell them apart in their names")
        found.setdefault(name, (target._replace(name=name), output))
    job = made.job._replace(targets=tuple(target for target, _ in found.values()))
    return made._replace(job=job, outputs=[output for _, output in found.values()])


def _name(target: Target, output: Encoded) -> str:
    if not target.late:
        return target.name
    width, height = map(str, output.size)
    known = {"width": width, "height": height}
    if "{hash" in target.name:
        import hashlib

        known["hash"] = hashlib.sha256(output.data).hexdigest()
    name = parse(target.name).fill(known).name
    if not may_be_written(name):
        raise FilterFailed(f"no output may be called {name}")
    return name
