"""What was observed of a fault: facts for tests to assert on, and the row of the table."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Observation:
    """Facts about a fault done to a run; None or empty where they do not apply.

    Attributes:
      fault, how, times: What was done, how, and how often.
      exit_code: Exit code of the process that met the fault, or of the last one that resumed
        the run.
      output: What that process printed.
      resumed_at: Steps at which the run was resumed.
      total: Steps of the whole run.
      same_end: Whether the final state is bit for bit that of an undisturbed run.
      facts: Anything else, by name.
    """

    fault: str
    how: str
    times: int = 1
    exit_code: int | None = None
    output: str = ""
    resumed_at: tuple[int, ...] = ()
    total: int | None = None
    same_end: bool | None = None
    facts: dict[str, object] = dataclasses.field(default_factory=dict)

    @property
    def has_traceback(self) -> bool:
        """Whether the process printed one."""
        return "Traceback" in self.output

    @property
    def row(self) -> str:
        """The row of docs/reliability.md."""
        return f"| {self.fault} | {self.how} | {self.times} | {'; '.join(self._outcomes())} |"

    def _outcomes(self) -> list[str]:
        outcomes = []
        if self.exit_code is not None:
            outcomes.append(f"exit code {self.exit_code}")
        if self.has_traceback:
            outcomes.append("A TRACEBACK")
        if self.resumed_at:
            first, last = min(self.resumed_at), max(self.resumed_at)
            steps = f"step {first}" if first == last else f"steps {first} to {last}"
            outcomes.append(f"resumed at {steps} of {self.total}")
        outcomes += [f"{name}: {_in_words(value)}" for name, value in self.facts.items()]
        if self.same_end is not None:
            outcomes.append(
                "final state bit for bit the same" if self.same_end else "ANOTHER FINAL STATE"
            )
        return outcomes


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
