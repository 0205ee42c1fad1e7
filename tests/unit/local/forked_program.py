"""A program for the fork server: tells what it sees of itself, then does as it is told."""

import json
import os
import signal
import sys

from shared.ids import new_id

if __name__ == "__main__":
    told = {
        "pid": os.getpid(),
        "group": os.getpgid(0),
        "arguments": sys.argv[1:],
        "variable": os.environ.get("FORKED"),
        "variables": len(os.environ),
        "id": new_id("ord"),
    }
    print(json.dumps(told), flush=True)
    if sys.argv[1] == "exit":
        sys.exit(int(sys.argv[2]))
    if sys.argv[1] == "raise":
        raise RuntimeError("planned")
    signal.pause()
