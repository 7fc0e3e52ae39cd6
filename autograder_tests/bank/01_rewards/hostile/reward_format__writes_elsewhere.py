"""Writes wherever it can: packages, home, the course, temporary folders."""
import os
import sys
from pathlib import Path

import labkit

MARK = "labkit-hostile-mark"


def reward_format(answer):
    places = [Path(labkit.__file__).parent, Path(sys.prefix), Path("/tmp"), Path("/var/tmp"), Path("/"), Path("/dev/shm"),
              Path(labkit.__file__).parents[1], Path(os.path.expanduser("~")), Path("/etc"), Path("/usr")]
    for place in places:
        try:
            (place / MARK).write_text("was here")
        except OSError:
            continue
    return 0.0
