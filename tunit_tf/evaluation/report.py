"""Writes an evaluation as one self-contained page and a JSON file beside it."""

import base64
import html
import json
import pathlib
import string

from tunit_tf.config import Config
from tunit_tf.data.sources import Split
from tunit_tf.evaluation import metric_table
from tunit_tf.evaluation.evaluation_result import EvaluationResult
from tunit_tf.evaluation.figures import Figure
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files, folders, pixels

TEMPLATE = pathlib.Path(__file__).with_name("report_template.html")
NUMBERS = "metrics.json"
FIGURES = "figures"  # folder of the pictures
ARROWS = {"more": "↑", "less": "↓", "": ""}
CURE = "name another folder with --report_dir, or free space there"


def check_folder(folder: pathlib.Path) -> None:
    """Raises UserError if a report cannot be written to a folder; changes nothing."""
    folders.check_writable(folder, f"The report {folder}", CURE)


def facts(
    run: TrainedRun, checkpoint: str, config: Config, split: Split, extractor_name: str
) -> dict[str, str]:
    """What is evaluated and how, {name: value}, as the head of the report.

    Args:
      run: The run.
      checkpoint: Which of its checkpoints, `newest` or `best`.
      config: Config of the run with the data to evaluate on.
      split: The images.
      extractor_name: Feature extractor of the image metrics.
    """
    held_out = f", held out: {config.validation_data}" if config.validation_data else ""
    found = {
        "run": str(run.folder),
        "checkpoint": f"{checkpoint}, step {run.step}",
        "data": config.data + held_out,
        "images": f"{len(split.train)} for training, {len(split.validation)} held out",
        "networks": f"{config.image_size} px, K = {config.num_domains}, averages of E and G",
        "features": extractor_name,
    }
    if config.licence:
        found["licence of the weights"] = f"{config.licence} ({config.origin})"
    return found


def write(
    folder: pathlib.Path,
    result: EvaluationResult,
    facts: dict[str, str],
    extractor_name: str,
    comparison: dict[str, dict[str, float]],
) -> pathlib.Path:
    """Writes `index.html`, `metrics.json` and `figures/*.png`, each by rename.

    Figures of an earlier report that this one does not have are deleted; its `metrics.json` lists
    them. Other files in the folder stay.

    Args:
      folder: Made if missing.
      result: What the evaluation found.
      facts: What was evaluated and how, {name: value}.
      extractor_name: Extractor at the end of the names of metrics.
      comparison: {metric: {run: value}} of several runs; empty if there is only one.

    Returns:
      Path of the page.

    Raises:
      UserError: The folder cannot be written.
    """
    figures = [figure for part in result.figures.values() for figure in part]
    names = [f"{figure.name}.png" for figure in figures]
    numbers = {
        "facts": facts,
        "metrics": result.metrics,
        "counts": result.counts,
        "domains": result.domains,
        "warnings": result.warnings,
        "figures": names,
        **({"comparison": comparison} if comparison else {}),
    }
    page = _page(result, facts, extractor_name, comparison)
    with files.writing(f"The report {folder}", CURE):
        outdated = _listed_figures(folder) - set(names)
        for figure in figures:
            content = pixels.encode(figure.picture, ".png")
            files.write_bytes(folder / FIGURES / f"{figure.name}.png", content)
        files.write_json(folder / NUMBERS, numbers)
        files.write_bytes(folder / "index.html", page.encode())
        for name in outdated:
            (folder / FIGURES / name).unlink(missing_ok=True)
    return folder / "index.html"


def text(result: EvaluationResult) -> str:
    """The numbers and warnings for a terminal."""
    lines = []
    for section, metrics in result.metrics.items():
        lines.append(section)
        lines += [f"  {name:<36}{_number(value):>10}" for name, value in metrics.items()]
    lines += [f"warning: {sentence}" for sentence in result.warnings]
    return "\n".join(lines)


def _listed_figures(folder: pathlib.Path) -> set[str]:
    """File names of the figures of the report in a folder; empty if there is none."""
    try:
        listed = json.loads((folder / NUMBERS).read_bytes())["figures"]
        # Names only: a damaged list must not lead out of the folder.
        return {pathlib.PurePath(name).name for name in listed if name.endswith(".png")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def _page(
    result: EvaluationResult,
    facts: dict[str, str],
    extractor_name: str,
    comparison: dict[str, dict[str, float]],
) -> str:
    body = []
    for section in dict.fromkeys([*result.metrics, *result.figures]):
        body.append(f"<section><h2>{html.escape(section)}</h2>")
        if section in result.metrics:
            body.append(_metrics_table(result.metrics[section], extractor_name))
        if section == "Comparison" and comparison:
            body.append(_comparison_table(comparison, extractor_name))
        body.append('<div class="figures">')
        body += [_figure(figure) for figure in result.figures.get(section, [])]
        body.append("</div></section>")
    return string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(f"TUNIT: {facts['run']}"),
        facts="".join(
            f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
            for name, value in facts.items()
        ),
        warnings="".join(f"<p>{html.escape(sentence)}</p>" for sentence in result.warnings),
        body="\n".join(body),
    )


def _metrics_table(metrics: dict[str, float], extractor_name: str) -> str:
    rows = []
    for name, value in metrics.items():
        better, meaning = _direction_and_meaning(name, extractor_name)
        rows.append(
            f"<tr><th>{html.escape(name)} {ARROWS[better]}</th><td>{_number(value)}</td>"
            f"<td class='meaning'>{html.escape(meaning)}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _comparison_table(comparison: dict[str, dict[str, float]], extractor_name: str) -> str:
    runs = list(dict.fromkeys(run for values in comparison.values() for run in values))
    head = "".join(f"<th>{html.escape(run)}</th>" for run in runs)
    rows = [f"<tr><th></th>{head}</tr>"]
    for metric, values in comparison.items():
        better, _ = _direction_and_meaning(metric.removeprefix("validation/"), extractor_name)
        best = None
        if better and len(set(values.values())) > 1:
            best = max(values.values()) if better == "more" else min(values.values())
        cells = "".join(
            f"<td{' class=best' if values.get(run) == best and best is not None else ''}>"
            f"{_number(values[run]) if run in values else '–'}</td>"
            for run in runs
        )
        rows.append(f"<tr><th>{html.escape(metric)} {ARROWS[better]}</th>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _direction_and_meaning(name: str, extractor_name: str) -> tuple[str, str]:
    metric = metric_table.lookup(name, extractor_name)
    return (metric.better, metric.meaning) if metric else ("", "")


def _figure(figure: Figure) -> str:
    data = base64.b64encode(pixels.encode(figure.picture, ".png")).decode()
    caption = html.escape(figure.caption)
    height, width = figure.picture.shape[:2]
    return (
        f'<figure><img alt="{caption}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"
