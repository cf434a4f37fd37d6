"""The newest and the best checkpoint of a run in one report, where they differ."""

from collections.abc import Callable

from tunit_tf.errors import UserError
from tunit_tf.evaluation.evaluation_result import Beside, EvaluationResult
from tunit_tf.inference import saved_run
from tunit_tf.inference.trained_run import TrainedRun

OTHER = {"newest": "best", "best": "newest"}
SECTION = "Translations"


def name(checkpoint: str, step: int) -> str:
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
        if saved_run.checkpoint_step(run.folder, other) in (None, run.step):
            return
        loaded = TrainedRun.load(run.folder, other, batch_size)
    except UserError as error:
        result.warnings.append(f"The {other} checkpoint is left out: {error}")
        return
    found = evaluate(loaded)
    result.beside = Beside(name(other, loaded.step), found.metrics)
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
        figure._replace(caption=f"{figure.caption}; {name(checkpoint, run.step)}")
        for figure in result.figures.get(SECTION, [])
    ]
    if heads or grids:
        result.figures[SECTION] = [*heads, *grids]
