"""What pictures of a conversation have in common: colours, and how times are written."""

from matplotlib.axes import Axes

INK, FAINT, GRID = "#1f2933", "#7b8794", "#e9ecef"
HELD, SILENT, WHISPERED = "#3f78ae", "#cdd9e5", "#6b5b95"
POST, HAND = "#e08e2b", "#2f9e78"
CUT, FALSE_CUT, OVERLAP = "#b5271b", "#8d99a6", "#e58e83"
PERSON, AGENT, OBSERVER = "#f3c98b", "#a9c7e4", "#dfe3e8"


def clock(seconds: float) -> str:
    """A time as people write it: ``8 s``, ``2:05``, ``1:02:05``."""
    whole = round(seconds)
    if abs(seconds) < 60:
        return (
            f"{seconds:g} s" if abs(seconds - whole) > 1e-6 and abs(seconds) < 10 else f"{whole} s"
        )
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def bare(axes: Axes) -> None:
    """Take away what is not needed to read it."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(axis="x", colors=FAINT, labelsize=8.5)
    axes.set_axisbelow(True)
