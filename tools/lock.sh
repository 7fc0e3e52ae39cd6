#!/bin/sh
# Pins the direct needs in requirements/*.in, with all that they need in turn, into cpu.txt and cuda.txt: `make lock`.
#
# It needs uv (any recent one; `pip install uv`) and the network. Pins that still fit stay as they are; `make lock
# UPGRADE=1` takes the newest of everything. Afterwards: `make setup`, `make test`, and commit the .in and .txt together.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}
if ! command -v "$uv" >/dev/null 2>&1; then
  echo "make lock needs uv, which is not on PATH: pip install uv, or make lock UV=path/to/uv" >&2
  exit 1
fi

options="-q --python-version 3.11 --python-platform x86_64-manylinux_2_31 --no-annotate --no-header"
[ -z "${UPGRADE:-}" ] || options="$options --upgrade"

# One flavour: `uv pip compile` into NAME.txt, then a heading that says where the file comes from.
pin() {
  name=$1
  shift
  # shellcheck disable=SC2086  # the options are words
  "$uv" pip compile $options "requirements/$name.in" "$@" -o "requirements/$name.txt"
  scratch=requirements/.$name.txt
  {
    echo "# Written by \`make lock\` from $name.in and base.in. Do not edit. Install with pip's --no-deps: it is complete."
    cat "requirements/$name.txt"
  } >"$scratch"
  mv "$scratch" "requirements/$name.txt"
  echo "requirements/$name.txt: $(grep -c == "requirements/$name.txt") packages"
}

# The CPU build of torch lives on PyTorch's own index, which is left out where uv was told of another place to look.
# "unsafe-best-match" because uv would otherwise take every package that this index also mirrors, old, from there.
index=
if [ -z "${UV_FIND_LINKS:-}${UV_EXTRA_INDEX_URL:-}${UV_INDEX:-}" ]; then
  index="--extra-index-url https://download.pytorch.org/whl/cpu --index-strategy unsafe-best-match"
fi
# shellcheck disable=SC2086
pin cpu --override requirements/cpu.overrides $index

# Not here: a find-links folder with a CPU build of torch, which would pass for torch==2.13.0.
unset UV_FIND_LINKS
pin cuda
