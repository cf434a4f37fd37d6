"""Writes an evaluation as one self-contained page and a JSON file beside it."""

import base64
import html
import pathlib
import string

from tunit_tf.evaluation.evaluator import Evaluation
from tunit_tf.evaluation.figures import Drawing
from tunit_tf.io import files, pixels

TEMPLATE = pathlib.Path(__file__).with_name("report_template.html")

# What a metric says, by its name without the extractor; "more", "less": which is better.
MEANING = {
    "domains_used": ("", "pseudo-domains with at least one training image"),
    "entropy_nats": ("more", "entropy of the domain sizes; ln K if all are equally used"),
    "effective_domains": ("more", "exp(entropy): as many equally used domains"),
    "closest_domains_radii": ("more", "distance of the two closest average styles, in radii"),
    "clustering_accuracy": ("more", "map of domains to classes found on training images"),
    "clustering_accuracy_same_set": ("more", "map found on the scored images, as the reference"),
    "nmi": ("more", "normalised mutual information with the classes"),
    "ari": ("more", "adjusted Rand index against the classes"),
    "fid": ("less", "Fréchet distance of translations to training images"),
    "fid_held_out": ("", "the same of held-out images: about the best a generator can get"),
    "kid": ("less", "squared maximum mean discrepancy, unbiased"),
    "kid_error": ("", "standard error of KID over subsets; 0 if taken in one go"),
    "density": ("more", "fidelity by 5 nearest neighbours; 1 for equal distributions"),
    "coverage": ("more", "diversity by 5 nearest neighbours; at most 1"),
    "mfid": ("less", "mean FID of translations into each domain"),
    "mfid_tunit": ("less", "the same by the protocol of the paper's reference runs"),
    "domain_agreement": ("more", "translations in the reference's pseudo-domain, told by E"),
    "reconstruction": ("less", "mean absolute error, in [0, 2], in the own style"),
    "translation_accuracy": ("more", "translations with colour and texture of the reference"),
    "content_iou": ("more", "overlap of the foreground with the source's"),
    "edge_correlation": ("more", "correlation of edge maps with the source"),
    "edge_correlation_chance": ("", "the same with the reference instead of the source"),
    "class_agreement": ("more", "translations told to be of the reference's class"),
    "class_agreement_real": ("", "the same classifier on real held-out images"),
}
ARROWS = {"more": "↑", "less": "↓", "": ""}


def write(
    folder: pathlib.Path,
    evaluation: Evaluation,
    facts: dict[str, str],
    extractor_name: str,
    comparison: dict[str, dict[str, float]],
) -> pathlib.Path:
    """Writes `index.html`, `metrics.json` and `figures/*.png`, each by rename.

    Args:
      folder: Made if missing.
      evaluation: What was found.
      facts: What was evaluated and how, {name: value}.
      extractor_name: As it ends the names of metrics.
      comparison: {metric: {run: value}} of several runs; empty without.

    Returns:
      The page.
    """
    files.write_json(
        folder / "metrics.json",
        {
            "facts": facts,
            "metrics": evaluation.metrics,
            "counts": evaluation.counts,
            "domains": evaluation.domains,
            "warnings": evaluation.warnings,
            **({"comparison": comparison} if comparison else {}),
        },
    )
    sections = list(dict.fromkeys([*evaluation.metrics, *evaluation.figures]))
    body = []
    for section in sections:
        body.append(f"<section><h2>{html.escape(section)}</h2>")
        if section in evaluation.metrics:
            body.append(_metrics_table(evaluation.metrics[section], extractor_name))
        if section == "Comparison" and comparison:
            body.append(_comparison_table(comparison, extractor_name))
        body.append('<div class="figures">')
        body += [_figure(folder, drawing) for drawing in evaluation.figures.get(section, [])]
        body.append("</div></section>")
    drawn = {f"{drawing.name}.png" for part in evaluation.figures.values() for drawing in part}
    for path in (folder / "figures").glob("*.png"):
        if path.name not in drawn:  # of an earlier report
            path.unlink()
    page = string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(f"TUNIT: {facts['run']}"),
        facts="".join(
            f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
            for name, value in facts.items()
        ),
        warnings="".join(f"<p>{html.escape(sentence)}</p>" for sentence in evaluation.warnings),
        body="\n".join(body),
    )
    files.write_bytes(folder / "index.html", page.encode())
    return folder / "index.html"


def text(evaluation: Evaluation) -> str:
    """The numbers for a terminal."""
    lines = []
    for section, metrics in evaluation.metrics.items():
        lines.append(section)
        lines += [f"  {name:<36}{_number(value):>10}" for name, value in metrics.items()]
    lines += [f"warning: {sentence}" for sentence in evaluation.warnings]
    return "\n".join(lines)


def _metrics_table(metrics: dict[str, float], extractor_name: str) -> str:
    rows = []
    for name, value in metrics.items():
        better, meaning = _meaning(name, extractor_name)
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
        better, _ = _meaning(metric.removeprefix("validation/"), extractor_name)
        best = {"more": max, "less": min}.get(better, lambda _: None)(values.values())
        best = None if len(set(values.values())) == 1 else best
        cells = "".join(
            f"<td{' class=best' if values.get(run) == best and best is not None else ''}>"
            f"{_number(values[run]) if run in values else '–'}</td>"
            for run in runs
        )
        rows.append(f"<tr><th>{html.escape(metric)} {ARROWS[better]}</th>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _meaning(name: str, extractor_name: str) -> tuple[str, str]:
    return MEANING.get(name.removesuffix(f"_{extractor_name}"), ("", ""))


def _figure(folder: pathlib.Path, drawing: Drawing) -> str:
    content = pixels.encode(drawing.picture, ".png")
    files.write_bytes(folder / "figures" / f"{drawing.name}.png", content)
    data = base64.b64encode(content).decode()
    caption = html.escape(drawing.caption)
    height, width = drawing.picture.shape[:2]
    return (
        f'<figure><img alt="{caption}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"
