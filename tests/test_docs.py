"""What the documentation names is there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from labkit.cli import _overrides, _parser

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_paths_and_links_exist(page: Path):
    text = page.read_text().replace("NN_topic", "01_rewards")  # one stands for all
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    rooms = "labkit|tests|benchmarks|requirements|tools|autograder_tests|docs|source|release"
    named = re.findall(rf"`((?:{rooms})/[\w./-]*)`", text)
    missing = [p for p in links if not (page.parent / p).exists()] + [p for p in named if not (ROOT / p).exists()]
    assert not missing


def test_commands_of_the_readme_parse():
    """Every `labkit …` in the README is a command line that labkit accepts."""
    text = (ROOT / "README.md").read_text()
    commands = set(re.findall(r"`labkit ([a-z][^`]*)`", text))
    assert len(commands) >= 8
    for command in commands:
        _parser().parse_args(command.replace("PATH", "x.ipynb").split())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_in_blocks_parse(page: Path):
    """So is every line of a block that begins with `labkit`, wherever it is installed."""
    for line in re.findall(r"^(?:\S*/)?labkit ([a-z].*)$", page.read_text(), re.MULTILINE):
        arguments = _parser().parse_args(shlex.split(line, comments=True))
        _overrides(getattr(arguments, "set", []))


def test_make_targets_of_the_documentation_exist():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"^(?:`)?make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))
        named |= set(re.findall(r"`make ([a-z][a-z-]*)", page.read_text()))
        assert named <= targets, page.name


def test_no_path_of_a_machine_is_committed():
    """Public work: no home directory and no private path in what git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    private = r"/" + r"(home|root|work|Users)/[a-z]"
    found = subprocess.run(["git", "grep", "-nIE", private, "--", ":!*.lock"], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == ""
