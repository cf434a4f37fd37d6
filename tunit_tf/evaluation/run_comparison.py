"""Runs side by side: their numbers in one table, their curves in one plot."""

import json
import pathlib

import numpy as np

from tunit_tf.evaluation import plots
from tunit_tf.evaluation.evaluator import Evaluation
from tunit_tf.inference import saved_run


def compare(
    run_dir: pathlib.Path, result: Evaluation, others: list[pathlib.Path]
) -> tuple[dict[str, dict[str, float]], np.ndarray | None]:
    """Sets an evaluated run beside others.

    Args:
      run_dir: Folder of the run.
      result: What was found in it.
      others: Folders of other runs.

    Returns:
      A table {metric: {run: value}} of the last validations and, where a run has been evaluated,
      of its report; and the curves of all runs, None if none logged any.

    Raises:
      UserError: One of the others is no run folder.
    """
    folders = [run_dir, *others]
    histories, table = {}, {}
    for folder, name in zip(folders, _short_names(folders), strict=True):
        saved_run.saved_config(folder)
        histories[name] = saved_run.history(folder)
        numbers = {
            metric: values[-1]
            for metric, (_, values) in histories[name].items()
            if metric.startswith("validation/")
        }
        sections = result.metrics if folder == run_dir else _reported(folder)
        for section in sections.values():
            numbers |= section
        for metric, value in numbers.items():
            table.setdefault(metric, {})[name] = value
    return table, plots.curves(histories) if any(histories.values()) else None


def _reported(folder: pathlib.Path) -> dict[str, dict[str, float]]:
    """{section: metrics} of a run's report; empty if there is no report."""
    path = folder / "report" / "metrics.json"
    return json.loads(path.read_text())["metrics"] if path.exists() else {}


def _short_names(folders: list[pathlib.Path]) -> list[str]:
    """Folder names, or whole paths where names are alike."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]
