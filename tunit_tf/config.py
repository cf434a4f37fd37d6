"""The one typed, frozen configuration; command-line flags are generated from its fields."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from absl import flags

from tunit_tf.errors import UserError

IMAGE_SIZES = (32, 64, 128, 256, 512)  # sides in pixels that the networks are made for


def _field(default, help_text: str, *, runtime: bool = False, choices: tuple[str, ...] = ()):
    """A field with its help. A `runtime` field may change when a run is resumed."""
    metadata = {"help": help_text, "runtime": runtime, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that defines a run. Defaults are the paper's AFHQ runs at 128 px."""

    # Where
    run_dir: str = _field("runs/tunit", "Folder of the run, made if missing.", runtime=True)
    data: str = _field("synthetic", "'synthetic', a folder of images, or tfds:NAME[/CONFIG].")
    validation_data: str = _field("", "Held-out images, as --data; '' takes them from --data.")
    validation_fraction: float = _field(0.1, "Seeded share of --data that is held out.")
    validation_last: int = _field(
        0, "Hold out the last this many images of each class by name; 0: --validation_fraction."
    )
    classes: str = _field("", "Only these class folders: names or sorted indices, by comma.")
    box_feature: str = _field("", "TFDS bounding-box feature to crop to, like head_bbox.")
    resize: str = _field(
        "stretch", "How images become square (the paper stretches).", choices=("stretch", "crop")
    )
    synthetic_images: int = _field(4000, "Number of images of the procedural set.")
    cache_dir: str = _field(
        "~/.cache/tunit_tf", "Where decoded, resized images are kept.", runtime=True
    )
    licence: str = _field("", "Licence of the weights, carried on into exports.", runtime=True)
    origin: str = _field("", "Where imported weights came from.", runtime=True)
    origin_sha256: str = _field("", "Checksum of the imported file.", runtime=True)
    data_dir: str = _field("", "TFDS data folder; '' is TFDS' own default.", runtime=True)
    beam_runner: str = _field(
        "", "Beam runner that prepares a TFDS set, like DirectRunner; '' needs none.", runtime=True
    )

    # Networks
    image_size: int = _field(128, f"Side of the images in pixels, one of {IMAGE_SIZES}.")
    num_domains: int = _field(10, "Number K of pseudo-domains.")
    style_dim: int = _field(128, "Length of the style code.")
    base_channels: int = _field(0, "Width of G and D; 0 is the paper's (64, from 256 px 32).")
    guiding_width: float = _field(1.0, "Factor on the guiding network's channels.")
    normalize_style: bool = _field(False, "L2-normalise style codes (the paper's runs: no).")

    domain_stddev: float = _field(
        0.01, "Spread of the domain head's first weights; 1 starts with K domains at once."
    )

    # Method
    joint: bool = _field(True, "Let the generator's loss train the guiding network too.")
    labeled_fraction: float = _field(
        0.0, "Share of labels used: 0 unsupervised, 1 supervised, between: semi-supervised."
    )
    queue_length: int = _field(1024, "Number of past keys that are negatives.")
    temperature: float = _field(0.07, "Temperature of the contrastive losses.")
    weight_contrastive: float = _field(1.0, "Weight of the guiding network's contrastive loss.")
    weight_mutual_information: float = _field(5.0, "Weight of -I, and of its supervised stand-in.")
    weight_entropy: float = _field(
        1.0, "Factor on the marginal entropies inside I; above 1 domains merge less easily."
    )
    weight_guiding: float = _field(0.1, "Factor on the guiding loss in the joint phase.")
    weight_adversarial: float = _field(1.0, "Weight of the adversarial losses.")
    weight_r1: float = _field(10.0, "Weight of the gradient penalty on real images.")
    weight_reconstruction: float = _field(0.1, "Weight of the image reconstruction loss.")
    weight_style_contrastive: float = _field(0.01, "Weight of the generator's contrastive loss.")

    # Optimisation
    batch_size: int = _field(32, "Global batch, over all devices.")
    warmup_batch_size: int = _field(0, "Global batch of the warm-up; 0 is --batch_size.")
    accumulate_steps: int = _field(
        1, "Parts that a batch is computed in, one after the other, to save memory."
    )
    warmup_steps: int = _field(-1, "Guiding-only steps; -1: 65000, 35000 semi-, 0 supervised.")
    joint_steps: int = _field(
        -1, "Steps of the joint phase; -1: 200000 less the warm-up.", runtime=True
    )
    labeled_only_steps: int = _field(
        -1, "First, labelled steps of a semi-supervised run; -1: 20000."
    )
    learning_rate_guiding: float = _field(1e-4, "Adam's rate for E.")
    learning_rate_generator: float = _field(1e-4, "RMSprop's rate for G.")
    learning_rate_discriminator: float = _field(1e-4, "RMSprop's rate for D.")
    l2_guiding: float = _field(1e-3, "L2 factor of E.")
    l2_generator: float = _field(1e-4, "L2 factor of G.")
    l2_discriminator: float = _field(1e-4, "L2 factor of D.")
    ema_decay: float = _field(0.999, "Decay of the averages of E and G, a step.")
    ema_ramp: bool = _field(False, "Let young averages forget faster, for short runs.")
    ema_start: int = _field(1000, "Joint steps after which G's average starts, as a copy of G.")

    # Augmentation: x gets the flip alone, x+ all of it
    augment_flip: bool = _field(True, "Random horizontal flip.")
    augment_rotation: float = _field(20.0, "Largest rotation, degrees.")
    augment_translation: float = _field(0.1, "Largest shift, share of the side.")
    augment_shear: float = _field(10.0, "Largest shear, degrees.")
    augment_scale: float = _field(0.1, "Random crop: largest relative change of area.")
    augment_ratio: float = _field(0.1, "Random crop: largest relative change of aspect ratio.")
    augment_brightness: float = _field(0.4, "Largest relative change.")
    augment_contrast: float = _field(0.4, "Largest relative change.")
    augment_saturation: float = _field(0.4, "Largest relative change.")
    augment_hue: float = _field(0.125, "Largest turn of the hue circle, in turns.")

    # Running
    seed: int = _field(0, "Seed of weights, split, data order, augmentation and queue.")
    mixed_precision: str = _field(
        "float32",
        "Compute dtype; float16 uses loss scaling, float64 is for numerical checks.",
        choices=("float32", "bfloat16", "float16", "float64"),
    )
    xla: bool = _field(False, "Compile the steps with XLA (one device).", runtime=True)
    steps_per_loop: int = _field(
        10, "Steps in one compiled call; reports, saves and signals wait for it.", runtime=True
    )
    log_every: int = _field(100, "Steps between two lines of metrics.jsonl.", runtime=True)
    sample_every: int = _field(5000, "Steps between two sample grids.", runtime=True)
    evaluate_every: int = _field(10000, "Steps between two validations.", runtime=True)
    validation_images: int = _field(1000, "Held-out images that are scored.", runtime=True)
    checkpoint_every: int = _field(5000, "Steps between two checkpoints.", runtime=True)
    keep_checkpoints: int = _field(3, "Number of newest checkpoints kept.", runtime=True)
    best_metric: str = _field(
        "domain_agreement",
        "Validation metric whose best checkpoint is kept in best/.",
        runtime=True,
    )
    progress: bool = _field(True, "Show a progress bar.", runtime=True)

    # Several machines
    workers: str = _field(
        "",
        "HOST:PORT of every machine, by comma; '' is this one, or what TF_CONFIG says.",
        runtime=True,
    )
    worker_index: int = _field(0, "Place of this machine in --workers.", runtime=True)

    # Surviving
    max_unreadable: float = _field(
        0.1, "Share of the images above which unreadable ones stop the run.", runtime=True
    )
    deterministic: bool = _field(
        False, "Use deterministic kernels on GPUs too: the same bits every time.", runtime=True
    )
    halt_on_collapse: bool = _field(
        False, "Save and stop at a sign that the run goes nowhere.", runtime=True
    )
    halt_on_failed_save: bool = _field(
        False, "Stop where something cannot be saved (a full disk), not go on.", runtime=True
    )

    def __post_init__(self):
        _check_types(self)
        _check_values(self)

    @property
    def mode(self) -> str:
        """`unsupervised`, `semi-supervised` or `supervised`."""
        if self.labeled_fraction == 0.0:
            return "unsupervised"
        return "supervised" if self.labeled_fraction == 1.0 else "semi-supervised"

    def resolved(self) -> "Config":
        """This config with every 'by mode' or 'as the other' value made explicit."""
        warmup = {"unsupervised": 65_000, "semi-supervised": 35_000, "supervised": 0}[self.mode]
        warmup = warmup if self.warmup_steps < 0 else self.warmup_steps
        labeled_only = 20_000 if self.labeled_only_steps < 0 else self.labeled_only_steps
        return dataclasses.replace(
            self,
            warmup_steps=warmup,
            joint_steps=max(0, 200_000 - warmup) if self.joint_steps < 0 else self.joint_steps,
            warmup_batch_size=self.warmup_batch_size or self.batch_size,
            labeled_only_steps=min(labeled_only, warmup) if self.mode == "semi-supervised" else 0,
        )

    @property
    def total_steps(self) -> int:
        """Warm-up and joint steps together, of a resolved config."""
        return self.warmup_steps + self.joint_steps

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2)


FIELDS = {f.name: f for f in dataclasses.fields(Config)}
RUNTIME_FIELDS = frozenset(name for name, f in FIELDS.items() if f.metadata["runtime"])


def _check_types(config: Config) -> None:
    for name, f in FIELDS.items():
        value = getattr(config, name)
        accepted = (int, float) if f.type is float else (f.type,)
        if (isinstance(value, bool) and f.type is not bool) or not isinstance(value, accepted):
            raise UserError(f"{name} must be of type {f.type.__name__}; received {value!r}.")
        choices = f.metadata["choices"]
        if choices and value not in choices:
            raise UserError(f"{name} must be one of {', '.join(choices)}; received {value!r}.")


def _check_values(config: Config) -> None:
    def require(ok: bool, name: str, rule: str) -> None:
        if not ok:
            raise UserError(f"{name} must be {rule}; received {getattr(config, name)!r}.")

    require(config.image_size in IMAGE_SIZES, "image_size", f"one of {IMAGE_SIZES}")
    require(config.num_domains >= 2, "num_domains", "at least 2 (one domain clusters nothing)")
    require(0 < config.validation_fraction < 1, "validation_fraction", "between 0 and 1")
    require(0 <= config.max_unreadable <= 1, "max_unreadable", "in [0, 1]")
    require(0 <= config.labeled_fraction <= 1, "labeled_fraction", "in [0, 1]")
    require(config.temperature > 0, "temperature", "above 0")
    require(config.domain_stddev > 0, "domain_stddev", "above 0")
    require(config.guiding_width > 0, "guiding_width", "above 0")
    require(0 <= config.ema_decay < 1, "ema_decay", "in [0, 1)")
    for name in ("warmup_steps", "joint_steps", "labeled_only_steps"):
        require(getattr(config, name) >= -1, name, "at least 0, or -1 for the paper's schedule")
    positive = (
        "batch_size", "style_dim", "queue_length", "synthetic_images", "steps_per_loop",
        "log_every", "sample_every", "evaluate_every", "checkpoint_every", "keep_checkpoints",
        "validation_images", "accumulate_steps",
    )  # fmt: skip
    for name in positive:
        require(getattr(config, name) >= 1, name, "at least 1")
    for name in FIELDS:
        if name.startswith(("weight_", "l2_", "learning_rate_", "augment_")) or name in (
            "base_channels", "warmup_batch_size", "validation_last", "ema_start", "seed",
        ):  # fmt: skip
            require(getattr(config, name) >= 0, name, "at least 0")


def from_json(text: str, source: str) -> Config:
    """The config that `to_json` wrote.

    Args:
      text: JSON object.
      source: Where the text came from, for messages.

    Raises:
      UserError: The text is not JSON, or a key is unknown or ill-typed.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{source} is not valid JSON ({error}); restore or delete it.") from None
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise UserError(f"{source} has unknown settings: {', '.join(unknown)}.")
    return Config(**values)


def differing_fields(config: Config, other: Config) -> list[str]:
    """Names of the fields, runtime fields aside, in which two configs differ."""
    return [
        name
        for name in FIELDS
        if name not in RUNTIME_FIELDS and getattr(config, name) != getattr(other, name)
    ]


def define_flags(settings: type = Config) -> None:
    """Defines one absl flag for every field of `Config`, or of another dataclass of settings.

    Args:
      settings: Dataclass whose fields have the metadata `help` and `choices`.
    """
    define: dict[Any, Callable[..., Any]] = {
        str: flags.DEFINE_string,
        int: flags.DEFINE_integer,
        int | None: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        bool: flags.DEFINE_boolean,
    }
    for f in dataclasses.fields(settings):
        if f.metadata["choices"]:
            flags.DEFINE_enum(f.name, str(f.default), f.metadata["choices"], f.metadata["help"])
        else:
            define[f.type](f.name, f.default, f.metadata["help"])


def from_flags(settings: type = Config) -> Any:
    """The config, or another dataclass of settings, with the values of the parsed flags.

    Raises:
      UserError: A value is out of range.
    """
    fields = dataclasses.fields(settings)
    return settings(**{f.name: flags.FLAGS[f.name].value for f in fields})
