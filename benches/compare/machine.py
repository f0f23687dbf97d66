"""What a record says of the machine, and which CPUs a comparison uses. Never a host name."""

import os
import platform
import re
import subprocess

LSCPU_FIELDS = ["Model name", "CPU(s)", "Thread(s) per core", "L2 cache", "L3 cache", "Hypervisor vendor"]
SILENT_WORDS = {"cpu", "processor", "with", "radeon", "graphics", "r", "tm"}


def lscpu():
    """Fields of lscpu by name; none where lscpu is missing."""
    try:
        text = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    except FileNotFoundError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def name(fields=None):
    """A short name of the kind of machine: `amd-epyc-2c`."""
    fields = lscpu() if fields is None else fields
    model = fields.get("Model name", platform.machine()).split("@")[0].lower()
    words = re.findall(r"[a-z0-9]+", re.sub(r"\((r|tm)\)|\d+-core", " ", model))
    slug = "-".join(word for word in words if word not in SILENT_WORDS)
    return f"{slug}-{fields.get('CPU(s)', os.cpu_count())}c"


def facts():
    """What figures depend on, as pairs for the head of a record."""
    fields = lscpu()
    pairs = [(field.lower(), fields[field]) for field in LSCPU_FIELDS if field in fields]
    pairs.append(("kernel", platform.release()))
    for title, path in [("huge pages", "/sys/kernel/mm/transparent_hugepage/enabled"),
                        ("governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")]:
        text = first_line(path)
        if text:
            pairs.append((title, text))
    return pairs


def first_line(path):
    """First line of a small file, or nothing if it cannot be read."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def parse_cpus(text):
    """`0,2-4` as a list of numbers."""
    cpus = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return cpus


def format_cpus(cpus):
    """A list of CPUs as taskset takes it."""
    return ",".join(map(str, cpus))


def choose_cpus(server, client):
    """CPUs of the server, of the generator and of the run on two shards; what the user did not choose is chosen."""
    allowed = sorted(os.sched_getaffinity(0))
    servers = parse_cpus(server) if server else allowed[:1]
    clients = parse_cpus(client) if client else allowed[-1:]
    free = [cpu for cpu in allowed if cpu not in clients]
    # With two CPUs the second shard shares its CPU with the generator: both are busy then, as the record says.
    pair = (servers + [cpu for cpu in free + allowed if cpu not in servers])[:2]
    return servers, clients, pair


def warnings(servers, clients):
    """Reasons for which figures taken now may mislead."""
    found = []
    if set(servers) & set(clients):
        found.append("server and generator share a CPU: requests per second mean little")
    for cpu in servers:
        siblings = first_line(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        if siblings and set(parse_cpus(siblings)) & (set(clients) - {cpu}):
            found.append(f"CPU {cpu} and the generator are two threads of one core")
    load = os.getloadavg()[0]
    if load > 0.5:
        found.append(f"the machine is not idle (load average {load:.2f})")
    return found


def ticks():
    """Ticks that all CPUs spent, and those that the hypervisor gave to others."""
    fields = [int(field) for field in first_line("/proc/stat").split()[1:9]]
    return sum(fields), fields[7]
