"""The four measurements. Each yields rows of a record, with columns as `record.COLUMNS` names them."""

import csv
import subprocess
import sys
import time

from record import portable
from server import Server, fill

TTL_S = 86_400

WORKLOADS = {  # name: (keys per request, arguments of redis-benchmark)
    "set": (1, ["-t", "set"]),
    "get": (1, ["-t", "get"]),
    "incr": (1, ["-t", "incr"]),
    "mset": (10, ["-t", "mset"]),
    "mget10": (10, ["MGET"] + ["key:__rand_int__"] * 10),
}
TYPES = {  # the same for the other types, in an order in which each finds what the ones before it have made
    "lpush": (1, ["-t", "lpush"]),
    "rpush": (1, ["-t", "rpush"]),
    "lrange100": (10, ["LRANGE", "mylist", "0", "99"]),
    "lrange600": (10, ["LRANGE", "mylist", "0", "599"]),
    "lpop": (1, ["-t", "lpop"]),
    "rpop": (1, ["-t", "rpop"]),
    "sadd": (1, ["-t", "sadd"]),
    "spop": (1, ["-t", "spop"]),
    "hset": (1, ["-t", "hset"]),
    "zadd": (1, ["-t", "zadd"]),
    "zpopmin": (1, ["-t", "zpopmin"]),
    "xadd": (1, ["XADD", "mystream", "MAXLEN", "~", "1000000", "*", "field", "__rand_int__"]),
    "eval": (1, ["EVAL", "return redis.call('GET',KEYS[1])", "1", "key:__rand_int__"]),
}
ALL = WORKLOADS | TYPES


def requests_of(options, workload, pipeline):
    """How many requests one measurement makes: enough for about the same time whatever they cost."""
    keys, _ = ALL[workload]
    return options.requests * (1 if pipeline == 1 else 4) // (1 if keys == 1 else 4)


def generator(options, workload, pipeline, port, requests):
    """The command line of the load generator."""
    _, arguments = ALL[workload]
    return ["taskset", "-c", options.client_cpus, options.benchmark, "-h", "127.0.0.1", "-p", str(port),
            "-n", str(requests), "-c", str(options.clients), "-P", str(pipeline), "-r", str(options.keyspace),
            "-d", str(options.size), "--csv"] + arguments


def load_once(options, server, workload, pipeline, requests):
    """One run of the generator against one server: rps, CPU and p99, or nothing if the server refuses the command."""
    before = server.cpu_ns()
    done = subprocess.run(generator(options, workload, pipeline, server.port, requests),
                          capture_output=True, text=True, timeout=900)
    cpu_ns = server.cpu_since_ns(before)
    lines = [line for line in done.stdout.splitlines() if line.startswith('"')]
    row = next(csv.DictReader(lines), None) if lines else None
    if done.returncode or row is None or "rps" not in row:
        complaint = (done.stderr + done.stdout).strip()[-200:]
        print(f"  {server.name}: no figure for {workload}: {complaint}", file=sys.stderr)
        return None
    return {"rps": f"{float(row['rps']):.0f}", "cpu_us": f"{cpu_ns / 1000 / requests:.4f}",
            "p99_ms": row["p99_latency_ms"]}


def interleaved(options, run, servers, workload, pipeline):
    """Rounds over all servers in turn, each alone on its CPU: the others are stopped. Round 0 warms up."""
    requests = requests_of(options, workload, pipeline)
    refused = set()
    for round_ in range(options.rounds + 1):
        for server in servers:
            if server.name in refused:
                continue
            server.resume()
            figures = load_once(options, server, workload, pipeline, requests if round_ else requests // 4)
            server.pause()
            if figures is None:
                refused.add(server.name)
            elif round_:
                yield {"run": run, "workload": workload, "pipeline": pipeline, "server": server.name,
                       "round": round_, **figures}


def start_filled(options, stack, specs):
    """Starts servers one after the other, fills each with the key space and stops it until its turn."""
    servers = []
    for index, (name, command, cpus, shards) in enumerate(specs):
        server = stack.enter_context(Server(name, command, options.port + index, cpus, options.scratch, shards))
        fill(server, options.keyspace, options.size)
        server.pause()
        servers.append(server)
    return servers


def load(options, stack):
    """Every workload at every depth of pipeline against every server."""
    specs = [(name, command, options.server_cpus, 1) for name, command in options.servers.items()]
    servers = start_filled(options, stack, specs)
    for pipeline in options.pipelines:
        for workload in options.workloads:
            yield from interleaved(options, "load", servers, workload, pipeline)


def types(options, stack):
    """The commands of the other types, with 16 requests in flight."""
    specs = [(name, command, options.server_cpus, 1) for name, command in options.servers.items()]
    servers = start_filled(options, stack, specs)
    for workload in options.types:
        yield from interleaved(options, "types", servers, workload, 16)


def shards(options, stack):
    """What a second shard costs: the servers that take {shards}, with one shard and with two, on random keys."""
    specs = []
    for name, command in options.servers.items():
        if "{shards}" in command:
            specs.append((f"{name} 1 shard", command, options.server_cpus, 1))
            specs.append((f"{name} 2 shards", command, options.pair_cpus, 2))
    servers = start_filled(options, stack, specs)
    for workload in options.workloads:
        yield from interleaved(options, "shards", servers, workload, 16)


def memory(options, stack):
    """Resident memory of many small keys, in a server that holds nothing else."""
    for name, command in options.servers.items():
        with Server(name, command, options.port, options.server_cpus, options.scratch) as server:
            empty = server.rss_bytes()
            fill(server, options.memory_keys, 64)
            time.sleep(1)
            full = server.rss_bytes()
            yield {"run": "memory", "workload": f"{options.memory_keys} keys", "server": name, "round": 1,
                   "rss_bytes": full, "bytes_per_key": f"{full / options.memory_keys:.1f}",
                   "growth_per_key": f"{(full - empty) / options.memory_keys:.1f}"}


def idle(options, stack):
    """CPU of a server that has nothing to do: empty, then holding keys that expire tomorrow."""
    for name, command in options.servers.items():
        with Server(name, command, options.port, options.server_cpus, options.scratch) as server:
            for keys in (0, options.idle_keys):
                if keys:
                    fill(server, keys, 64, TTL_S)
                time.sleep(2)
                before, begun = server.cpu_ns(), time.monotonic()
                time.sleep(options.idle_seconds)
                percent = server.cpu_since_ns(before) / 1e7 / (time.monotonic() - begun)
                yield {"run": "idle", "workload": f"{keys} keys with TTL" if keys else "empty", "server": name,
                       "round": 1, "cpu_percent": f"{percent:.4f}"}


RUNS = {"load": load, "types": types, "shards": shards, "memory": memory, "idle": idle}


def command_lines(options, run):
    """For every workload of a run the command line behind its figures, {port} standing for the port."""
    if run in ("load", "types", "shards"):
        for pipeline in options.pipelines if run == "load" else [16]:
            for workload in options.types if run == "types" else options.workloads:
                requests = requests_of(options, workload, pipeline)
                words = generator(options, workload, pipeline, "{port}", requests)
                yield f"{workload} P={pipeline}: {portable(words)}"
    elif run == "memory":
        yield f"SET key:%012d <64 bytes> for 0 to {options.memory_keys - 1}, 1000 in a pipeline; VmRSS"
    else:
        yield (f"SET key:%012d <64 bytes> EX {TTL_S} for 0 to {options.idle_keys - 1}; then CPU of all threads over "
               f"{options.idle_seconds} s")
