"""Tasks of other people's making, played in rooms of ours and judged by their own judges."""
