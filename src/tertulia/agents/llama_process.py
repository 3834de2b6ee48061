"""llama.cpp in a process of its own: run as a script, it serves until its standard input ends.

It imports nothing of this package, which would take longer than loading the model. The first line
it reads has the settings; the first that it writes, its address, or what went wrong. Then for each
line that comes it writes one with its metrics.
"""

import json
import os
import signal
import sys
from typing import Any, TextIO

SECONDS_TO_CLOSE = 1
"""How often llama.cpp looks whether somebody is still there who waits for an answer."""

Settings = dict[str, Any]


def main() -> None:
    """Serve, and end at once when nobody needs it any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the library prints is no answer
    wanted = json.loads(sys.stdin.readline())
    sys.path[:] = wanted.pop("path")
    try:
        server = started(**wanted)
    except RuntimeError as error:
        tell(told, {"problem": str(error)})
        return
    tell(told, {"address": str(server.listening_address)})
    while sys.stdin.readline():
        tell(told, {"metrics": str(server.handle_metrics())})
    os._exit(0)  # it would wait for whom it answers


def tell(told: TextIO, what: Settings) -> None:
    """Write a line."""
    told.write(json.dumps(what) + "\n")
    told.flush()


def started(
    weights: str, alias: str, settings: Settings, door: Settings, tokens_per_batch: int
) -> Any:
    """Start llama.cpp. Raises ``RuntimeError`` where it cannot, as at a port that is taken."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = weights, {alias}
    threads = max(1, min(settings["threads"], os.cpu_count() or 1))
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context_tokens"]
    params.n_batch = params.n_ubatch = tokens_per_batch
    params.slot_prompt_similarity = 0.0  # a speaker keeps its slot, whatever others have said
    params.n_gpu_layers = params.cache_ram_mib = 0
    params.hostnames, params.port, params.api_keys = [door["host"]], door["port"], [door["key"]]
    params.n_threads_http, params.endpoint_slots = door["clients"], door["watched"]
    params.endpoint_metrics, params.sse_ping_interval = True, SECONDS_TO_CLOSE
    params.ui = params.warmup = params.fit_params = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    server.handle_metrics()  # it has begun to serve
    return server


if __name__ == "__main__":
    main()
