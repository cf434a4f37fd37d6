"""The error that users can mend."""


class UserError(ValueError):
    """Something a user can mend; the message is one sentence that names the value and the cure."""
