"""What is said inside of this package where a block of metadata cannot be read."""


class Malformed(ValueError):
    """A block of metadata cannot be read; it costs this block, never the picture."""
