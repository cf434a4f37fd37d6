"""The error for what a user can correct, and bounds of numbers, which raise it."""

import dataclasses
import math

LONGEST_SHOWN = 40  # digits of a whole number in a message


class UserError(ValueError):
    """Bad input; the message is one sentence that names the value and the cure."""


class NotWrittenError(UserError):
    """A file cannot be written, so that others beside it could not be either."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The range of a number that a user gives. Infinity and NaN are never in it.

    Attributes:
      low: Smallest value.
      high: Largest value; None allows every finite number from `low` on.
      low_excluded: Whether `low` itself is too small.
      high_excluded: Whether `high` itself is too large.
    """

    low: float
    high: float | None = None
    low_excluded: bool = False
    high_excluded: bool = False

    def check(self, name: str, value: float) -> None:
        """Raises UserError unless `value` is within the bounds.

        Args:
          name: Name of the setting, as the beginning of the message: "--seed".
          value: Number of any size.
        """
        rule = self._broken_rule(value)
        if rule:
            raise UserError(f"{name} must be {rule}; received {_shown(value)}.")

    def _broken_rule(self, value: float) -> str:
        if isinstance(value, float) and not math.isfinite(value):
            return "a finite number"
        if value < self.low or (self.low_excluded and value == self.low):
            return f"{'above' if self.low_excluded else 'at least'} {_plain(self.low)}"
        if self.high is None:
            return ""
        if value > self.high or (self.high_excluded and value == self.high):
            return f"{'below' if self.high_excluded else 'at most'} {_plain(self.high)}"
        return ""


def _shown(number: float) -> str:
    if abs(number) < 10**LONGEST_SHOWN or not isinstance(number, int):
        return repr(number)
    return f"a number of more than {LONGEST_SHOWN} digits"


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"
