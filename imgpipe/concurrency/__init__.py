"""Threads, processes, bounded channels and stop signals; knows nothing of pictures."""
