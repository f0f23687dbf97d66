"""The suite: where it comes from, its units, and the tree in which a unit runs.

The suite is the one in Debian's source package of Redis. It is fetched with `apt-get source`, with a source line of its
own and lists of its own, so that neither the machine's sources nor its package lists change. Nothing of it is committed:
it lies in `target/conformance/`.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

VERSION = "7.0.15"
RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Program that is needed, and the package that has it.
TOOLS = {"tclsh": "tcl", "dpkg-source": "dpkg-dev", "redis-cli": "redis-tools"}

# Redis 7.2, whose level Shoal has, keeps small sets of strings and short lists in listpacks; the suite is that of 7.0, which
# had neither. So where its tests look at encodings, sets are told to have none, and where they look at those of lists
# the suite is told not to. Both are options of the suite itself.
OLD_SETS = ("--config", "set-max-listpack-entries", "0")
OLD_LISTS = ("--ignore-encoding",)
UNIT_ARGUMENTS = {
    "unit/aofrw": OLD_SETS + OLD_LISTS,
    "unit/keyspace": OLD_SETS,
    "unit/scan": OLD_SETS,
    "unit/sort": OLD_SETS + OLD_LISTS,
    "unit/type/list": OLD_LISTS,
    "unit/type/set": OLD_SETS,
}

# Programs that the suite expects in src/, besides the server.
PROGRAMS = ("redis-cli", "redis-benchmark")


class Unreachable(Exception):
    """The suite, or what is needed to run it, cannot be had; the text says why and what to do."""


def install_tools():
    """Installs with apt-get what is missing, if this user may."""
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if not missing:
        return
    what = " ".join(missing)
    if os.geteuid() != 0:
        raise Unreachable(f"missing: {what}; install with: apt-get install {what}")
    print(f"installing {what}", flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unreachable(f"apt-get install {what} failed:\n{done.stdout}{done.stderr}")


def fetch(cache):
    """The unpacked source package below `cache`, fetched if it is not there yet."""
    unpacked = cache / f"redis-{VERSION}"
    if (unpacked / "tests" / "test_helper.tcl").exists():
        return unpacked
    print(f"fetching Debian's source package of redis {VERSION}", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as place:
        got = _apt_source(Path(place))
        shutil.rmtree(unpacked, ignore_errors=True)
        got.rename(unpacked)
    return unpacked


def _apt_source(place):
    """Runs apt-get in `place` and returns the directory that it unpacked."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (place / folder).mkdir(parents=True)
    mirror = os.environ.get("DEBIAN_MIRROR", MIRROR)
    options = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
    (place / "sources.list").write_text(f"deb-src {options}{mirror} {RELEASE} main\n")
    settings = {
        "Dir::Etc::sourcelist": place / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": place / "lists",
        "Dir::Cache": place / "cache",
        # Downloads as the user who calls, not as _apt, who may not write here.
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q"] + [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    for command in (["update"], ["source", "redis"]):
        done = subprocess.run(apt + command, cwd=place, capture_output=True, text=True)
        # `update` reports an unreachable mirror as a warning and succeeds.
        if done.returncode != 0 or "Failed to fetch" in done.stderr:
            raise Unreachable(
                f"Debian's source mirror {mirror} cannot be used (set DEBIAN_MIRROR to use another):\n"
                f"apt-get {' '.join(command)}\n{done.stdout}{done.stderr}"
            )
    found = place / f"redis-{VERSION}"
    if not found.is_dir():
        raise Unreachable(f"{mirror} {RELEASE} has no redis {VERSION}: {sorted(p.name for p in place.iterdir())}")
    return found


# Files of tests/integration that are judged: those about persistence, replication, shutdown and logging.
INTEGRATION = (
    "aof*",
    "block-repl",
    "convert-*-on-load",
    "corrupt-dump",
    "failover",
    "logging",
    "psync2*",
    "rdb",
    "replication*",
    "shutdown",
)
# list-common holds data for other units; the cluster units need Redis Cluster, which is not judged here.
NOT_JUDGED = ("unit/type/list-common", "unit/cluster", "unit/cluster-scripting")


def units(source):
    """Names of all units that are judged: the files of tests/unit and tests/unit/type that hold tests, and those of
    tests/integration that `INTEGRATION` names."""
    tests = source / "tests"
    patterns = ["unit/*.tcl", "unit/type/*.tcl", *(f"integration/{pattern}.tcl" for pattern in INTEGRATION)]
    files = [file for pattern in patterns for file in sorted(tests.glob(pattern))]
    names = [str(file.relative_to(tests).with_suffix("")) for file in files]
    return [name for name in names if name not in NOT_JUDGED]


class Tree:
    """A copy of the suite in which `src/redis-server` starts the binary under test.

    It lies in the directory for temporary files, since paths of unix sockets must be short.
    """

    def __init__(self, source, binary, shards):
        self.root = Path(tempfile.mkdtemp(prefix="conf"))
        shutil.copytree(source / "tests", self.root / "tests", symlinks=True)
        (self.root / "tests" / "tmp").mkdir(exist_ok=True)
        for file in ("redis.conf", "sentinel.conf"):
            shutil.copy(source / file, self.root / file)
        programs = self.root / "src"
        programs.mkdir()
        for name in PROGRAMS:
            if found := shutil.which(name):
                (programs / name).symlink_to(found)
        for name in ("redis-check-aof", "redis-check-rdb", "redis-sentinel"):
            (programs / name).symlink_to(binary)
        # Under Redis's name, which tests look for in the title of the process.
        (self.root / "bin").mkdir()
        (self.root / "bin" / "redis-server").symlink_to(binary)
        server = programs / "redis-server"
        server.write_text(_server_script(self.root / "bin" / "redis-server", shards))
        server.chmod(0o755)

    def clean(self):
        """Removes what earlier runs left."""
        for path in (self.root / "tests" / "tmp").iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()

    def remove(self):
        """Removes the tree."""
        shutil.rmtree(self.root, ignore_errors=True)


def _server_script(binary, shards):
    """`src/redis-server`: the binary with its number of shards; 0 (redis-server itself) passes on what it is given.

    The option stands before those of the test, behind the configuration file: some tests are about what is wrong with
    the last option.
    """
    if not shards:
        return f'#!/bin/sh\nexec "{binary}" "$@"\n'
    return f"""#!/bin/sh
case "$1" in
    -v | --version | -h | --help | --check-system) exec "{binary}" "$@" ;;
    -?*) exec "{binary}" --shards {shards} "$@" ;;
esac
file=$1
shift
exec "{binary}" "$file" --shards {shards} "$@"
"""
