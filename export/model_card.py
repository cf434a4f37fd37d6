"""The model card of an export, `README.md`, in the form that the Hugging Face Hub reads.

The Hub reads the block of YAML at its start; people read the rest.
"""

import json
import pathlib
import re
import string
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from export import manifest
from export.manifest import Example, File, Manifest, OnnxManifest, Variant
from tunit_tf.config import Config
from tunit_tf.evaluation import metric_table, report
from tunit_tf.inference import run_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files

FILE_NAME = "README.md"
PIPELINE = "image-to-image"
LIBRARIES = {
    "tflite": "tflite",
    "onnx": "onnx",
    "saved_model": "tensorflow",
    "weights": "tunit-tf",
}  # by kind of the manifest
KIND_TAGS = {
    "tflite": ["litert"],
    "onnx": ["onnxruntime"],
    "saved_model": ["tf-serving"],
    "weights": [],
}
TAGS = ("tunit", "image-to-image-translation", "style-transfer", "gan")
UNSUPERVISED = ("unsupervised", "pseudo-labeled")  # modes
PLAIN = re.compile(r"[a-z][a-z0-9.-]*")  # text that needs no quotes in YAML ...
READ_AS_OTHER = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # ... except these
VALIDATION = "validation/"  # in the names of a run's log
IDENTIFIER = re.compile(r"[A-Za-z0-9.+-]+")  # of a license, at the Hub and at SPDX
PAPER = (
    "Baek, Choi, Uh, Yoo, Shim: Rethinking the Truly Unsupervised Image-to-Image Translation, "
    "ICCV 2021, https://arxiv.org/abs/2006.06500"
)
PICTURE, LOOK = "picture.jpg", "look.jpg"  # names in the code where there are no examples

# As `pixels.upright_rgb` and `pixels.square`, but for color profiles.
READ = """def read(name):
    picture = ImageOps.exif_transpose(Image.open(name)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    square = ImageOps.fit(Image.alpha_composite(white, picture).convert("RGB"), ($size, $size))
    return np.asarray(square, np.float32)[None] / 127.5 - 1
"""

PAIR = string.Template(
    """In Python (`pip install ai-edge-litert numpy pillow`):

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps


"""
    + READ
    + """

encode = Interpreter("$encoder").get_signature_runner("encode")
generate = Interpreter("$generator").get_signature_runner("generate")
style = encode(image=read("$look"))["style"]
translated = generate(image=read("$picture"), style=style)["translated"][0]
values = np.clip(np.rint((translated + 1) * 127.5), 0, 255).astype(np.uint8)
Image.fromarray(values).save("translated.png")
```

On a phone and in a browser, with a clone of tunit-tf and this folder as `MODELS`:
`make android MODELS=FOLDER` writes an app, `make web MODELS=FOLDER` serves a page that translates
on the visitor's machine. In a program of your own, LiteRT (Android, iOS, C++) and LiteRT.js run the
files; the signatures are `encode` and `generate`."""
)

ONNX = string.Template(
    """In Python (`pip install numpy onnxruntime pillow`):

```python
import numpy as np
import onnxruntime
from PIL import Image, ImageOps


"""
    + READ
    + """

encoder = onnxruntime.InferenceSession("$encoder")
generator = onnxruntime.InferenceSession("$generator")
(style,) = encoder.run(["style"], {"image": read("$look")})
(translated,) = generator.run(["translated"], {"image": read("$picture"), "style": style})
values = np.clip(np.rint((translated[0] + 1) * 127.5), 0, 255).astype(np.uint8)
Image.fromarray(values).save("translated.png")
```

The files use the operators of opset $opset in float32; the first axis of every input is the batch,
of any size. Images are `(batch, height, width, channels)`, as in the other exports."""
)

SAVED_MODEL = string.Template("""In Python (`pip install tensorflow`):

```python
import tensorflow as tf

model = tf.saved_model.load(".")
translate = model.signatures["serving_default"]
picture, look = (tf.constant([open(name, "rb").read()]) for name in ("$picture", "$look"))
drawn = translate(image_bytes=picture, reference_bytes=look)["translated_bytes"][0]
open("translated.png", "wb").write(drawn.numpy())
```

The folder is a version of a model for TensorFlow Serving:
`tensorflow_model_server --model_name=tunit --model_base_path=THE_FOLDER_ABOVE`. Phones and browsers
take the files that `python -m export.tflite` writes for the same run.""")


WEIGHTS = string.Template("""In Python, with tunit-tf installed, in this folder:

```python
from tunit_tf import Translator

translator = Translator.load(".")
translator.redraw("$picture", "$look").save("redrawn.png")
```

Commands take the folder as `--run_dir`, for example `python -m tunit_tf.translate` and the exports
for servers, phones and browsers. `python -m tunit_tf.train --init_from=THIS_FOLDER --data=FOLDER`
trains on from these weights.""")


Written = TypeVar("Written", bound=Manifest)


class Numbers(NamedTuple):
    """Scores of a checkpoint.

    Attributes:
      caption: What they were measured on, a sentence without a full stop.
      caution: A sentence if they are of very few images, else ''.
      rows: (name, value, `more` or `less` if one is better, meaning) as text.
    """

    caption: str
    caution: str
    rows: list[tuple[str, str, str, str]]


def write(
    folder: pathlib.Path, described: Manifest, run: TrainedRun, loading: str, quality: str = ""
) -> pathlib.Path:
    """Writes the card of an export and returns its path.

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
        *_scores(scores_of_run(run)),
        *(["What the files lose against the networks:", quality] if quality else []),
        "## How to load it",
        loading,
        "## Files",
        _files(described.files),
    ]
    path = folder / FILE_NAME
    files.write_bytes(path, ("\n\n".join(parts) + "\n").encode())
    return path


def finish(
    folder: pathlib.Path, described: Written, run: TrainedRun, loading: str, quality: str = ""
) -> Written:
    """Writes the card of an export and then its manifest, which lists the card.

    The arguments are those of `write`.

    Returns:
      The manifest as it was written.
    """
    card = write(folder, described, run, loading, quality)
    listed = {**described.files, card.name: File.of(card)}
    finished = described.model_copy(update={"files": listed})
    files.write_json(folder / manifest.FILE_NAME, finished.to_json())
    return finished


def front_matter(config: Config, described: Manifest) -> str:
    """The block of YAML: license, library, task, tags, and the data set where it has a name."""
    labels = ["unsupervised"] if config.mode in UNSUPERVISED else []
    fields: dict[str, Any] = _license_fields(config.license)
    fields |= {
        "library_name": LIBRARIES[described.kind],
        "pipeline_tag": PIPELINE,
        "tags": [*TAGS, *labels, *KIND_TAGS[described.kind]],
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


def _license_fields(text: str) -> dict[str, str]:
    """The license as the Hub wants it: an identifier, which a user gives as one word, or a name."""
    if not text.strip():
        return {"license": "unknown"}
    if IDENTIFIER.fullmatch(text):
        return {"license": text.lower()}
    name = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")
    return {"license": "other", "license_name": name or "other"}


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
        shown = [f"![{one.caption or ''}]({one.file})" for one in examples if one.role == role]
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
        "- It sees and draws small squares. Clients of this project add the detail of the "
        f"photograph (`detail`, {run.config.detail:g} by default, between 0 and 1); without it, "
        "fine detail such as text is lost.",
        f"- {groups}",
        "- The model inherits gaps and biases of the training pictures; it was not examined for "
        "them.",
        "- It is not intended for deception, or for pictures of people without their consent.",
    ]
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
        f"{_line(numbers.caption)}. {numbers.caution}".rstrip(),
        "\n".join(["| metric | value | better | meaning |", "|---|---|---|---|", *rows]),
    ]


def _files(listed: dict[str, File]) -> str:
    rows = [f"| `{name}` | {entry.bytes:,} |" for name, entry in listed.items()]
    return "\n".join(["| file | bytes |", "|---|---|", *rows, "| `manifest.json` | |"])


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
        held_out = written["counts"]["clusters"]["held_out"]
        return _numbers(caption, metric_table.caution(held_out), scores, facts["features"])
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
    recorded = run_folder.recorded_split(run.folder, run.config) if scores else None
    count = min(len(recorded.validation), run.config.validation_images) if recorded else None
    return _numbers(caption, "" if count is None else metric_table.caution(count), scores, "")


def _numbers(caption: str, few: str, scores: dict[str, Any], extractor: str) -> Numbers | None:
    rows = []
    for name, value in scores.items():
        metric = metric_table.lookup(name, extractor)
        if metric is not None:
            text = str(value) if isinstance(value, int) else f"{value:.4f}"
            rows.append((name, text, metric.better, metric.meaning))
    return Numbers(caption, few, rows) if rows else None


def code_for_pair(variant: Variant | None, size: int, examples: list[Example]) -> str:
    """Markdown for a pair of .tflite files; its code runs in the folder.

    Args:
      variant: The pair that the code loads; None if none is shipped.
      size: Side of the squares in pixels.
      examples: Pictures that the code translates, if there are any.
    """
    if variant is None:
        return "No variant is near enough to the networks to be shipped."
    return PAIR.substitute(
        size=size, encoder=variant.encoder, generator=variant.generator, **_named(examples)
    )


def code_for_onnx(described: OnnxManifest) -> str:
    """Markdown for a pair of ONNX files; its code runs in the folder."""
    return ONNX.substitute(
        size=described.image_size, encoder=described.encoder, generator=described.generator,
        opset=described.opset, **_named(described.examples),
    )  # fmt: skip


def code_for_saved_model(examples: list[Example]) -> str:
    """Markdown for a SavedModel; its code runs in the version's folder."""
    return SAVED_MODEL.substitute(_named(examples))


def code_for_weights(examples: list[Example]) -> str:
    """Markdown for a weights folder; its code runs in the folder."""
    return WEIGHTS.substitute(_named(examples))


def _named(examples: list[Example]) -> dict[str, str]:
    names = {"picture": PICTURE, "look": LOOK}
    return names | {one.role: one.file for one in reversed(examples)}
