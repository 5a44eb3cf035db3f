"""The one exception for input that cannot be used."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence a user can act on: what was being done, what came, what is allowed
    and what to do next. The command line prints it without a traceback and exits with 2.
    """
