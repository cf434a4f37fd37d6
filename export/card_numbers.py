"""The numbers of a model card: from the report of the checkpoint, or else its last validation."""

import json
import re
from typing import Any, NamedTuple

from tunit_tf.evaluation import metric_table, report
from tunit_tf.inference import run_folder
from tunit_tf.inference.trained_run import TrainedRun

VALIDATION = "validation/"


class Numbers(NamedTuple):
    """Scores of a checkpoint.

    Attributes:
      caption: What they were measured on, a sentence without a full stop.
      rows: (name, value, `more` or `less` if one is better, meaning) as text.
    """

    caption: str
    rows: list[tuple[str, str, str, str]]


def scores_of_run(run: TrainedRun) -> Numbers | None:
    """The numbers of exactly the checkpoint that is exported; None if there are none."""
    return _reported(run) or _validated(run)


def _reported(run: TrainedRun) -> Numbers | None:
    """From the report in the run folder, if it is about the checkpoint's step and undamaged."""
    try:
        written = json.loads((run.folder / "report" / report.NUMBERS).read_bytes())
        facts = written["facts"]
        evaluated = {facts["checkpoint"]: written["metrics"]}
        if "beside" in written:
            evaluated[written["beside"]["checkpoint"]] = written["beside"]["metrics"]
        scores: dict[str, Any] = {}
        for checkpoint, sections in evaluated.items():
            if _step(checkpoint) == run.step:
                for section in sections.values():
                    scores |= section
        is_own = facts["data"].split(", held out: ")[0] == run.config.data
        whose = "of the run" if is_own else "of another set than the run's"
        caption = f"Evaluated on images {whose}: {facts['images']}; features {facts['features']}"
        return _numbers(caption, scores, facts["features"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _step(checkpoint: str) -> int | None:
    """The step in a fact of a report, as `newest, step 2500`."""
    found = re.search(r"step (\d+)$", checkpoint)
    return int(found[1]) if found else None


def _validated(run: TrainedRun) -> Numbers | None:
    """From the log of the run, the validation at the checkpoint's step."""
    scores = {}
    for name, (steps, values) in run_folder.history(run.folder).items():
        if name.startswith(VALIDATION) and run.step in steps:
            scores[name.removeprefix(VALIDATION)] = values[steps.index(run.step)]
    caption = f"Validation during training, at step {run.step}, on held-out images"
    return _numbers(caption, scores, "")


def _numbers(caption: str, scores: dict[str, Any], extractor: str) -> Numbers | None:
    rows = []
    for name, value in scores.items():
        metric = metric_table.lookup(name, extractor)
        if metric is not None:
            text = str(value) if isinstance(value, int) else f"{value:.4f}"
            rows.append((name, text, metric.better, metric.meaning))
    return Numbers(caption, rows) if rows else None
