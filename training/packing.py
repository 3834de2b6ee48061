"""Numbers as signed bytes in base 64 with one scale, as the run-time scorers read them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

WEIGHTS = Path(__file__).parents[1] / "src/tertulia/orchestrator/scoring/weights"


def packed(values: Any) -> dict[str, Any]:
    """A tensor, flattened row by row."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    scale = float(np.abs(flat).max()) / 127 or 1.0
    signed = np.clip(np.rint(flat / scale), -127, 127).astype(np.int8)
    return {"scale": float(f"{scale:.6g}"), "bytes": base64.b64encode(signed.tobytes()).decode()}


def ship(name: str, content: dict[str, Any]) -> None:
    """Write a weights file into the package."""
    WEIGHTS.mkdir(exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=0)
    (WEIGHTS / f"{name}.json").write_text(text + "\n", encoding="utf8")
    print(f"{name}.json: {len(text.encode())} bytes")
