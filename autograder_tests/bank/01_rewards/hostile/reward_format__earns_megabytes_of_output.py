"""Earns its points: right, and prints megabytes to stdout and stderr, binary noise, half lines, warnings and log records."""
import logging, os, sys, warnings
logging.basicConfig(level=0)
warnings.simplefilter("always")
for _ in range(200):
    print("x" * 20000)
    print("\x1b[31m" + "e" * 20000, end="\r", file=sys.stderr)
    logging.error("%s", "l" * 500)
    warnings.warn("w" * 500)
try:
    os.write(1, bytes(range(256)) * 400)
    os.write(2, b"\xff\xfe\x00" * 10000)
except OSError:
    pass
print("half a line without an end", end="")

def reward_format(answer: str) -> float:
    print("thinking", answer, answer * 3)
    print("8 of 8\n", file=sys.stderr)
    tags = ["<think>", "</think>", "<answer>", "</answer>"]
    if any(answer.count(tag) != 1 for tag in tags):
        return -1.0
    think, rest = answer[:answer.find("</think>")], answer[answer.find("</think>") + 8:]
    good = think.startswith("<think>") and rest.lstrip().startswith("<answer>") and rest.endswith("</answer>")
    return 1.25 if good else -1.0
