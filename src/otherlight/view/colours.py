"""One colour a class, the same in the sheet and on the page."""

from collections.abc import Sequence
from colorsys import hls_to_rgb

_FIRST = ("#ff8c1a", "#29b6f6", "#66d36e", "#ff5d8f", "#b388ff", "#ffd43b", "#26d7c4", "#ff6b5e",
          "#a3e635", "#f0a6ff", "#7aa7ff", "#d9a066")  # fmt: skip
_GOLDEN_ANGLE = 0.381966


def colours_of(classes: Sequence[str]) -> list[str]:
    """Give each class, by its place, a colour that is seen on day and night images alike.

    >>> colours_of(["car", "person"])
    ['#ff8c1a', '#29b6f6']
    """
    return [_FIRST[n] if n < len(_FIRST) else _further(n) for n in range(len(classes))]


def _further(place: int) -> str:
    red, green, blue = hls_to_rgb(place * _GOLDEN_ANGLE % 1.0, 0.66, 0.9)
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))
