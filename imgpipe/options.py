"""How a run is done; what is done is the recipe's."""

from __future__ import annotations

from dataclasses import dataclass, field

from imgpipe.codecs.codec import Limits
from imgpipe.discovery import Selection
from imgpipe.engines import Workforce
from imgpipe.existing import Existing
from imgpipe.naming import Naming
from imgpipe.savings import Savings
from imgpipe.storage import Durability
from imgpipe.storage.ranges import ShardSize


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done; what is done is the recipe's.

    Attributes:
        engine: one of `imgpipe.engines.ENGINES`.
        workforce: how many work, and how long a picture may take.
        selection: which files are inputs.
        existing: what is done where an output stands already.
        naming: how outputs are called.
        limits: what is refused before it is decoded.
        durability: what finished outputs survive: ``"rename"`` a kill of the run, ``"fsync"`` a power loss too.
        savings: what outputs must save, None for nothing.
        preserve: outputs get times and mode of their source.
        prune: first remove outputs whose source is gone, where all folders of the input can be listed and
            there is any input at all.
        shards: how large shards become, where OUTPUT is `shards/{000000..000099}.tar`; None for the default.
    """

    engine: str = "processes"
    workforce: Workforce = field(default_factory=Workforce)
    selection: Selection = field(default_factory=Selection)
    existing: Existing = field(default_factory=Existing)
    naming: Naming = field(default_factory=Naming)
    limits: Limits = field(default_factory=Limits)
    durability: Durability = "rename"
    savings: Savings | None = None
    preserve: bool = False
    prune: bool = False
    shards: ShardSize | None = None
