"""The model card of an export, `README.md`, in the form that the Hugging Face Hub reads.

The Hub reads the block of YAML at its start; people read the rest.
"""

import json
import pathlib
import re
from collections.abc import Sequence
from typing import Any

from export import card_numbers, licenses
from export.card_numbers import Numbers
from export.manifest import Example, File, Manifest
from tunit_tf.config import Config
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files

FILE_NAME = "README.md"
PIPELINE = "image-to-image"
LIBRARIES = {"tflite": "tflite", "saved_model": "tensorflow"}  # by kind of the manifest
TAGS = ("tunit", "image-to-image-translation", "style-transfer", "gan")
UNSUPERVISED = ("unsupervised", "pseudo-labeled")  # modes
PLAIN = re.compile(r"[a-z][a-z0-9.-]*")  # text that needs no quotes in YAML ...
READ_AS_OTHER = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # ... except these
PAPER = (
    "Baek, Choi, Uh, Yoo, Shim: Rethinking the Truly Unsupervised Image-to-Image Translation, "
    "ICCV 2021, https://arxiv.org/abs/2006.06500"
)


def write(
    folder: pathlib.Path, described: Manifest, run: TrainedRun, loading: str, quality: str = ""
) -> None:
    """Writes the card of an export.

    Args:
      folder: Folder of the export.
      described: Its manifest, which lists the other files.
      run: The run that is exported.
      loading: Markdown, how the files are loaded.
      quality: Markdown table of what the files lost against the networks, if it was measured.
    """
    parts = [
        front_matter(run.config, described),
        f"# {_line(described.title)}",
        _line(described.description),
        _what(described),
        *_pictures(described.examples),
        "## Data",
        _data(run),
        "## License",
        _license(run.config),
        "## Intended use and limits",
        _limits(run),
        "## Numbers",
        *_scores(card_numbers.scores_of_run(run)),
        *(["What the files lose against the networks:", quality] if quality else []),
        "## How to load it",
        loading,
        "## Files",
        _files(described.files),
    ]
    files.write_bytes(folder / FILE_NAME, ("\n\n".join(parts) + "\n").encode())


def front_matter(config: Config, described: Manifest) -> str:
    """The block of YAML: license, library, task, tags, and the data set where it has a name."""
    identifier = licenses.hub_identifier(config.license)
    labels = ["unsupervised"] if config.mode in UNSUPERVISED else []
    fields: dict[str, Any] = {"license": identifier}
    if identifier == licenses.OTHER:
        fields["license_name"] = licenses.slug(config.license)
    fields |= {
        "library_name": LIBRARIES[described.kind],
        "pipeline_tag": PIPELINE,
        "tags": [*TAGS, *labels, "litert" if described.kind == "tflite" else "tf-serving"],
    }
    if config.data.startswith("tfds:"):
        fields["datasets"] = [config.data.removeprefix("tfds:").split("/")[0].split(":")[0]]
    fields["model_name"] = described.title
    lines = []
    for name, value in fields.items():
        if isinstance(value, list):
            lines += [f"{name}:", *(f"- {_scalar(item)}" for item in value)]
        else:
            lines.append(f"{name}: {_scalar(value)}")
    return "\n".join(["---", *lines, "---"])


def _scalar(text: str) -> str:
    """Text in YAML: plain where that is safe, else quoted as in JSON."""
    if PLAIN.fullmatch(text) and text not in READ_AS_OTHER:
        return text
    quoted = json.dumps(text, ensure_ascii=False)  # YAML does not join surrogate pairs
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _line(text: str) -> str:
    """Text of a user as one line of Markdown without markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _what(described: Manifest) -> str:
    size = described.image_size
    return (
        f"A guiding network computes a style code ({described.style_dim} numbers) of one picture, "
        f"the look, and sorts pictures into {described.num_domains} unnamed groups; a "
        "generator redraws another picture in that style and keeps its content. Pictures are "
        f"{size} x {size} pixels, RGB, with values from -1 to 1.\n\n"
        f"The method is TUNIT ({PAPER}). The weights are the averages of training step "
        f"{described.step}; tunit-tf wrote the files with TensorFlow "
        f"{described.made_with['tensorflow']}. `manifest.json` has all sizes, ranges, checksums "
        "and average styles."
    )


def _pictures(examples: Sequence[Example]) -> list[str]:
    """Example pictures of each role in a row; none without examples."""
    captions = {"picture": "Pictures to redraw", "look": "Looks"}
    lines = []
    for role, caption in captions.items():
        shown = [f"![]({one.file})" for one in examples if one.role == role]
        lines += [f"{caption}: {' '.join(shown)}"] if shown else []
    return lines


def _data(run: TrainedRun) -> str:
    config = run.config
    labels = {
        "unsupervised": "No labels were used.",
        "pseudo-labeled": "No labels of these pictures were used; groups come from pretrained "
        "ImageNet features.",
        "semi-supervised": f"{config.labeled_fraction:.0%} of the labels were used.",
        "supervised": "All labels were used.",
    }[config.mode]
    if config.discriminator == "projected":
        labels += " The discriminator of the training saw ImageNet features."
    if run.origin:
        return f"The weights were imported: {_line(run.origin)}."
    if config.data == "synthetic":
        kind = "pictures that tunit-tf draws itself (colored shapes), no photographs"
        return f"{config.synthetic_images} {kind}. {labels}"
    name = pathlib.PurePath(config.data.removeprefix("tfds:")).name
    place = "the TensorFlow data set" if config.data.startswith("tfds:") else "the folder"
    return f"Pictures of {place} `{_line(name)}`. {labels}"


def _license(config: Config) -> str:
    if not config.license:
        return (
            "Not stated: whoever trained the model did not name a license (`--license` of "
            "tunit_tf.train does). The license of the pictures that it was trained on may bind "
            "the weights too; ask before you use or share them."
        )
    return f"{_line(config.license)}, for the weights."


def _limits(run: TrainedRun) -> str:
    barred = licenses.bars_examples(run.config.license)
    groups = {
        "supervised": "Its groups are the labels of the training pictures.",
        "semi-supervised": "Its groups follow the few labels of the training pictures.",
    }.get(
        run.config.mode,
        "Its groups follow what differs most between the training pictures, often color. They "
        "were found automatically and do not say what a picture shows.",
    )
    lines = [
        "- It redraws pictures of the kind that it was trained on. Other pictures are redrawn to "
        "resemble the training pictures.",
        "- It cuts pictures to squares and draws them at its own size; fine detail such as text "
        "is lost.",
        f"- {groups}",
        "- The model inherits gaps and biases of the training pictures; it was not examined for "
        "them.",
        "- It is not intended for deception, or for pictures of people without their consent.",
    ]
    if barred:
        lines.append(f"- Its license limits the use: {_line(run.config.license)}.")
    if not run.generator_is_trained:
        lines.insert(0, "- **The generator is untrained: its pictures are noise.**")
    return "\n".join(lines)


def _scores(numbers: Numbers | None) -> list[str]:
    if numbers is None:
        return ["This checkpoint was not evaluated (`python -m tunit_tf.evaluate`)."]
    rows = [
        f"| `{name}` | {value} | {better} | {meaning} |"
        for name, value, better, meaning in numbers.rows
    ]
    return [
        f"{_line(numbers.caption)}.",
        "\n".join(["| metric | value | better | meaning |", "|---|---|---|---|", *rows]),
    ]


def _files(listed: dict[str, File]) -> str:
    rows = [f"| `{name}` | {entry.bytes:,} |" for name, entry in listed.items()]
    return "\n".join(["| file | bytes |", "|---|---|", *rows, "| `manifest.json` | |"])
