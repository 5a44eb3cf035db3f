"""Cells of files of numbers: of tables of body signals and of an Empatica E4's sensors alike."""


def is_number(cell: object) -> bool:
    """Whether a cell can be read as a number."""
    try:
        float(cell)  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError):
        return False
    return True
