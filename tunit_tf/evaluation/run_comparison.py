"""Several runs, or the two checkpoints of a run, side by side: their numbers and their curves."""

import json
import math
import pathlib
from collections.abc import Callable

from tunit_tf.errors import UserError
from tunit_tf.evaluation import plots
from tunit_tf.evaluation.figures import Beside, EvaluationResult, Figure
from tunit_tf.inference import run_folder
from tunit_tf.inference.trained_run import TrainedRun

OTHER = {"newest": "best", "best": "newest"}
SECTION = "Translations"


def compare(
    run_dir: pathlib.Path, result: EvaluationResult, others: list[pathlib.Path]
) -> dict[str, dict[str, float]]:
    """Compares an evaluated run with others.

    Args:
      run_dir: Folder of the run.
      result: What its evaluation found; receives the curves of all runs.
      others: Folders of other runs.

    Returns:
      A table {metric: {run: value}} of the last validations and, where a run has been evaluated,
      of its report.

    Raises:
      UserError: One of the others is not a run folder, or its report is damaged.
    """
    folders = [run_dir, *others]
    histories = {}
    table: dict[str, dict[str, float]] = {}
    for folder, name in zip(folders, _short_names(folders), strict=True):
        run_folder.saved_config(folder)
        histories[name] = run_folder.history(folder)
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
    if any(histories.values()):
        title = "Comparison" if others else "Curves"
        result.add_figures(title, lambda: [_curves(histories)])
    return table


def _curves(histories: dict[str, dict[str, tuple[list[int], list[float]]]]) -> Figure:
    shown, meanings = plots.labels(list(histories), "run")
    picture = plots.curves(dict(zip(shown, histories.values(), strict=True)))
    return Figure("curves", f"Loss terms and scores over training steps{meanings}", picture)


def check_folders(folders: list[pathlib.Path]) -> None:
    """Raises UserError if one of the folders is not a run folder, or its report is damaged."""
    for folder in folders:
        run_folder.saved_config(folder)
        _reported(folder)


def _reported(folder: pathlib.Path) -> dict[str, dict[str, float]]:
    """{section: metrics} of a run's report; empty if there is no report."""
    path = folder / "report" / "metrics.json"
    try:
        sections = json.loads(path.read_bytes())["metrics"]
        return {section: _numbers(metrics) for section, metrics in sections.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or error}); change its permissions, or "
            f"evaluate {folder} again to replace it."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise UserError(
            f"{path} is damaged; delete it, or evaluate {folder} again to replace it."
        ) from None


def _numbers(metrics: dict[str, float]) -> dict[str, float]:
    """A copy; raises TypeError or OverflowError unless every value is a number with a float."""
    for value in metrics.values():
        math.isnan(value)
    return dict(metrics)


def _short_names(folders: list[pathlib.Path]) -> list[str]:
    """Folder names, or whole paths where names are alike."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def checkpoint_name(checkpoint: str, step: int) -> str:
    """What a report calls a checkpoint: `best, step 2000`."""
    return f"{checkpoint}, step {step}"


def add_other(
    result: EvaluationResult,
    run: TrainedRun,
    checkpoint: str,
    evaluate: Callable[[TrainedRun], EvaluationResult],
    batch_size: int,
) -> None:
    """Evaluates the other checkpoint too, if there is one of another step.

    Args:
      result: Result for the report's main checkpoint; receives the other's numbers, its
        grids of translations and its warnings.
      run: The evaluated checkpoint.
      checkpoint: Which it is, `newest` or `best`.
      evaluate: Evaluates a checkpoint.
      batch_size: Images computed at once.
    """
    other = OTHER[checkpoint]
    try:
        if run_folder.checkpoint_step(run.folder, other) in (None, run.step):
            return
        loaded = TrainedRun.load(run.folder, other, batch_size)
    except UserError as error:
        result.warnings.append(f"The {other} checkpoint is left out: {error}")
        return
    found = evaluate(loaded)
    result.beside = Beside(checkpoint_name(other, loaded.step), found.metrics)
    result.warnings += [
        f"The {other} checkpoint: {sentence}"
        for sentence in found.warnings
        if sentence not in result.warnings
    ]
    grids = [
        figure._replace(
            name=f"{figure.name}_{other}",
            caption=f"{figure.caption}; {result.beside.checkpoint}",
        )
        for figure in found.figures.get(SECTION, [])
    ]
    heads = [
        figure._replace(caption=f"{figure.caption}; {checkpoint_name(checkpoint, run.step)}")
        for figure in result.figures.get(SECTION, [])
    ]
    if heads or grids:
        result.figures[SECTION] = [*heads, *grids]
