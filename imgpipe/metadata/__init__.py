"""What a file says about its picture, and how much of it the outputs say on."""

from imgpipe.metadata.policy import KINDS, NAMES, Metadata

__all__ = ["KINDS", "NAMES", "Metadata"]
