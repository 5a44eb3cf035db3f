"""Times and numbers of things as people read them."""


def moment(seconds: float) -> str:
    """A moment on the clock: ``0:07.4``, ``12:05``, ``1:02:05``; tenths only in the first two minutes."""
    if seconds < 120:
        minutes, rest = divmod(round(seconds, 1), 60)
        return f"{minutes:.0f}:{rest:04.1f}"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def spoken(seconds: float) -> str:
    """A length: ``3.2 s``, ``12 min 5 s``, ``1 h 2 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def counted(number: int, name: str) -> str:
    """So many things: ``1 window``, ``3 windows``."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
