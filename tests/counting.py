"""A run whose calls are counted: `python -m tests.counting FOLDER`, which prints JSON. An audit hook stays for good."""

import collections
import json
import sys
import threading


def main():
    folder = sys.argv[1]
    events = collections.Counter()
    calls = collections.Counter()
    sent = []

    def profile(_frame, event, _argument):
        if event == "call":
            calls[threading.get_ident()] += 1

    from imgpipe.concurrency import wire

    send = wire.send

    def counted(connection, message):
        sent.append(sum(memoryview(part).nbytes for part in message))
        send(connection, message)

    wire.send = counted
    import imgpipe

    recipe = imgpipe.Recipe(["resize:16x16"])
    sys.addaudithook(lambda event, _: events.update([event]))
    threading.setprofile(profile)
    sys.setprofile(profile)
    report = imgpipe.process(f"{folder}/in", f"{folder}/out", recipe, cores=2)
    sys.setprofile(None)
    written = report.count("written")
    counted = {"written": written, "messages": len(sent), "sent": sum(sent), "calls": sum(calls.values())}
    print(json.dumps(counted | {name: events[name] for name in ("open", "os.rename", "os.listdir", "os.truncate")}))


if __name__ == "__main__":
    main()
