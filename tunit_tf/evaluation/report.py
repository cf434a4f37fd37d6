"""Writes an evaluation as one self-contained page and a JSON file beside it."""

import base64
import dataclasses
import html
import pathlib
import string

from tunit_tf.config import Config
from tunit_tf.data.sources import Split
from tunit_tf.evaluation import metric_table, run_comparison
from tunit_tf.evaluation.figures import EvaluationResult, Figure
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files, pixels
from tunit_tf.io.output_folder import OutputFolder

TEMPLATE = pathlib.Path(__file__).with_name("report_template.html")
NUMBERS = "metrics.json"
PAGE = "index.html"
FIGURES = "figures"  # folder of the pictures
COMMAND = "tunit_tf.evaluate"
ARROWS = {"more": "↑", "less": "↓", "": ""}
CURE = "name another folder with --report_dir"


def checked_folder(folder: pathlib.Path) -> OutputFolder:
    """The folder of a report; changes nothing.

    Raises:
      UserError: It cannot be written, or has other content than an unchanged earlier report.
    """
    output = OutputFolder(folder, COMMAND, "report_dir")
    output.check()
    output.check_unchanged([PAGE, NUMBERS, *output.written()])
    return output


def collect_facts(
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
        "checkpoint": run_comparison.checkpoint_name(checkpoint, run.step),
        "data": config.data + held_out,
        "images": f"{len(split.train)} for training, {len(split.validation)} held out",
        "networks": f"{config.image_size} px, K = {config.num_domains}, averages of E and G",
        "features": extractor_name,
    }
    if config.license:
        found["license of the weights"] = config.license
    if run.origin:
        found["origin of the weights"] = run.origin
    return found


def write(
    output: OutputFolder,
    result: EvaluationResult,
    facts: dict[str, str],
    extractor_name: str,
    comparison: dict[str, dict[str, float]],
) -> pathlib.Path:
    """Writes `index.html`, `metrics.json` and `figures/*.png`, each by rename.

    Figures of an earlier report that this one does not have are deleted.

    Args:
      output: Made if missing.
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
        **({"beside": dataclasses.asdict(result.beside)} if result.beside else {}),
        **({"without_network": result.without_network} if result.without_network else {}),
        **({"comparison": comparison} if comparison else {}),
    }
    page = _page(result, facts, extractor_name, comparison)
    contents = {
        **{
            f"{FIGURES}/{figure.name}.png": pixels.encode(figure.picture, ".png")
            for figure in figures
        },
        NUMBERS: files.as_json(numbers),
        PAGE: page.encode(errors="backslashreplace"),
    }
    output.check_unchanged(contents)
    with files.writing(f"The report {output.path}", CURE):
        for name, content in contents.items():
            output.write(name, content)
        for name in set(output.written()) - set(contents):
            output.delete(name)
    return output.path / PAGE


def text(result: EvaluationResult) -> str:
    """The numbers and warnings for a terminal."""
    others = {result.beside.checkpoint: result.beside.metrics} if result.beside else {}
    others |= result.without_network
    lines = []
    for section, metrics in result.metrics.items():
        columns = {name: column[section] for name, column in others.items() if section in column}
        lines.append(f"{section:<48}{''.join(f'{name:>18}' for name in columns)}".rstrip())
        for name, value in metrics.items():
            cells = [_number(column[name]) if name in column else "" for column in columns.values()]
            row = f"  {name:<36}{_number(value):>10}{''.join(f'{cell:>18}' for cell in cells)}"
            lines.append(row.rstrip())
    lines += [f"warning: {sentence}" for sentence in result.warnings]
    return "\n".join(lines)


def _page(
    result: EvaluationResult,
    facts: dict[str, str],
    extractor_name: str,
    comparison: dict[str, dict[str, float]],
) -> str:
    body = []
    columns = {facts.get("checkpoint", ""): result.metrics}
    if result.beside:
        columns[result.beside.checkpoint] = result.beside.metrics
    sections = [*(name for column in columns.values() for name in column), *result.figures]
    for section in dict.fromkeys(sections):
        body.append(f"<section><h2>{html.escape(section)}</h2>")
        values = {name: column.get(section, {}) for name, column in columns.items()}
        beside = {row: x[section] for row, x in result.without_network.items() if section in x}
        if any(values.values()):
            body.append(_metrics_table(values, beside, extractor_name))
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


def _metrics_table(
    columns: dict[str, dict[str, float]],
    without_network: dict[str, dict[str, float]],
    extractor_name: str,
) -> str:
    """The metrics {column: {metric: value}} of checkpoints and of rows without a network."""
    names = [*columns, *without_network]
    rows = [_head(names)] if len(names) > 1 else []
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        better, meaning = _direction_and_meaning(name, extractor_name)
        cells = _cells([column.get(name) for column in columns.values()], better)
        cells += _cells([column.get(name) for column in without_network.values()], "")
        rows.append(
            f"<tr><th>{html.escape(name)} {ARROWS[better]}</th>{cells}"
            f"<td class='meaning'>{html.escape(meaning)}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _comparison_table(comparison: dict[str, dict[str, float]], extractor_name: str) -> str:
    runs = list(dict.fromkeys(run for values in comparison.values() for run in values))
    rows = [_head(runs)]
    for metric, values in comparison.items():
        better, _ = _direction_and_meaning(metric.removeprefix("validation/"), extractor_name)
        cells = _cells([values.get(run) for run in runs], better)
        rows.append(f"<tr><th>{html.escape(metric)} {ARROWS[better]}</th>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _head(names: list[str]) -> str:
    return f"<tr><th></th>{''.join(f'<th>{html.escape(name)}</th>' for name in names)}</tr>"


def _cells(values: list[float | None], better: str) -> str:
    """A row of numbers, the best of several different ones marked, and a dash for a missing one."""
    known = {value for value in values if value is not None}
    best = None
    if better and len(known) > 1:
        best = max(known) if better == "more" else min(known)
    return "".join(
        f"<td{' class=best' if value is not None and value == best else ''}>"
        f"{'–' if value is None else _number(value)}</td>"
        for value in values
    )


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
