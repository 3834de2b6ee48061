"""Which vectors are most alike, by cosine; kept as one matrix, so that a search is one product."""

from collections.abc import Collection, Sequence
from typing import Any

from tertulia.orchestrator.errors import Invalid


def packed(vector: Sequence[float]) -> bytes:
    """A vector as it is stored: of length 1, float32, little end first."""
    whole: bytes = _unit(vector).tobytes()
    return whole


class Nearness:
    """Vectors by number. Not for several threads at once."""

    def __init__(self) -> None:
        """None yet."""
        self._numbers: Any = None
        self._matrix: Any = None

    def set(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Keep these, as ``packed`` made them, in place of all before."""
        import numpy as np  # as costly as half of what a command does that needs no vector

        self._numbers = np.array([number for number, _ in rows], dtype=np.int64)
        self._matrix = (
            np.frombuffer(b"".join(packed for _, packed in rows), dtype="<f4").reshape(
                len(rows), -1
            )
            if rows
            else None
        )

    def nearest(
        self, vector: Sequence[float], among: Collection[int], limit: int
    ) -> list[tuple[int, float]]:
        """The numbers most alike, and their cosines. Raises ``Invalid`` for another length."""
        import numpy as np

        if self._matrix is None or not among:
            return []
        if self._matrix.shape[1] != len(vector):
            what = (
                f"its vectors have {self._matrix.shape[1]} numbers, and the query's {len(vector)}"
            )
            raise Invalid(where="shelf", what=f"{what}; use the embedding it was filled with")
        allowed = np.isin(self._numbers, np.fromiter(among, dtype=np.int64))
        cosines = np.where(allowed, self._matrix @ _unit(vector), -np.inf)
        order = np.argsort(-cosines, kind="stable")[: min(limit, int(allowed.sum()))]
        return [(int(self._numbers[place]), float(cosines[place])) for place in order]


def _unit(vector: Sequence[float]) -> Any:
    import numpy as np

    whole = np.asarray(vector, dtype="<f4")
    length = float(np.linalg.norm(whole))
    return whole / length if length > 0 else whole
