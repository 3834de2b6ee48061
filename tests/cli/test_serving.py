"""``models serve`` serves until it is stopped."""

import json
import os
import signal
import subprocess

import httpx
import pytest
from tests.cli.commands import COMMAND, PATIENCE_S

from tertulia.cli.serving import invitation


@pytest.mark.model
@pytest.mark.net
def test_the_embedded_model_is_served_until_somebody_stops_it() -> None:
    command = [*COMMAND, "models", "serve", "--json"]
    sizes = ["--port", "0", "--slots", "1", "--threads", "1", "--context-tokens", "256"]
    environment = {**os.environ, "TERTULIA_API_KEY": ""}
    with subprocess.Popen([*command, *sizes], stdout=subprocess.PIPE, env=environment) as serving:
        assert serving.stdout is not None
        told = json.loads(serving.stdout.readline())
        url, key = told["base_url"], {"Authorization": f"Bearer {told['api_key']}"}
        models = httpx.get(f"{url}/models", headers=key).json()
        assert [model["id"] for model in models["data"]] == [told["model"]]
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(timeout=PATIENCE_S) == 0


def test_what_is_told_to_try_has_the_key_that_it_needs() -> None:
    demo = "tertulia demo --model smol@http://h/v1"
    assert invitation("smol", "http://h/v1", "s3cret").endswith(
        f"try: TERTULIA_API_KEY=s3cret {demo}"
    )
    assert invitation("smol", "http://h/v1", None).endswith(f"of TERTULIA_API_KEY\ntry: {demo}")
