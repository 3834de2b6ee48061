"""Starts an engine, tells its process, and waits to be killed."""

import sys
import time

from tertulia.agents.llama import Door, EngineSettings, Llama

if __name__ == "__main__":
    engine = Llama(EngineSettings(threads=1, slots=1, context_tokens=128), Door("key"))
    sys.stdout.write(f"{engine._process.pid}\n")
    sys.stdout.flush()
    time.sleep(600)
