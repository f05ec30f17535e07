"""What a person can do about a failure, where the message does not say it already."""

from __future__ import annotations

from imgpipe.job import Failure

_ADVICE = {
    "NotAPicture": "Leave it out with --exclude. The command imgpipe formats says what is read, and what extras add.",
    "DamagedPicture": "Get an undamaged copy of the file; then run the same command again.",
    "LimitExceeded": "Raise the limit that the reason names, if you trust the file.",
    "FilterFailed": "Change the options of the filter that the reason names, or leave the file out with --exclude.",
    "EncodingFailed": "Choose another format with --format, or make the picture smaller with --resize.",
    "CollisionError": "Tell the outputs apart with --name, or rename one of the inputs.",
    "WorkerDied": "Run again with a lower --cores or --memory; if it dies again, leave the file out with --exclude.",
    "DeadlineExpired": "Raise --timeout if the picture is worth the time.",
    "MemoryError": "Raise --memory, or lower --cores.",
    "FileNotFoundError": "It was moved or removed during the run. Put it back and run the same command again.",
    "PermissionError": "Give yourself permission to the file or its folder, and run the same command again.",
    "OSError": "Mend what the reason names, and run the same command again.",
    "UsageError": "Give the outputs other names with --name.",
}
_OTHERWISE = "Run with -v to see the traceback; if it looks like a fault of imgpipe, report it with the picture."


def advice(failure: Failure) -> str:
    """One sentence: what to do."""
    return _ADVICE.get(failure.type, _OTHERWISE)
