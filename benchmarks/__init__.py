"""imgpipe and its peers side by side on the same pictures: ``python -m benchmarks``."""
