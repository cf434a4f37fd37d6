"""The one typed, frozen configuration; command-line flags are generated from its fields.

Every number has bounds, here and nowhere else. Most upper bounds are far above what is useful;
they reject values that the machine cannot represent or hold in memory.
"""

import dataclasses
import json
import pathlib
import sys
from typing import Any, cast

from absl import flags

from tunit_tf import path_flags
from tunit_tf.errors import Bounds, UserError
from tunit_tf.paths import are_one_place, user_path

RANDOM_WEIGHTS = "none"  # as init_from: the same as '', which a flag cannot be
IIC = "iic"  # invariant information clustering
PSEUDO_LABELED = "pseudo-labeled"

IMAGE_SIZES = (32, 64, 128, 256, 512)  # sides in pixels that the networks are made for
DISCRIMINATOR_VIEWS = ("color", "translation", "cutout")

DEFAULT_WARMUP = {
    "unsupervised": 65_000,
    PSEUDO_LABELED: 35_000,
    "semi-supervised": 35_000,
    "supervised": 0,
}  # steps by mode

STEPS = Bounds(0, 10**9)
STEPS_OR_DEFAULT = Bounds(-1, 10**9)
PERIOD = Bounds(1, 10**9)
BATCH = Bounds(1, 2**16)
SHARE = Bounds(0, 1)
WEIGHT = Bounds(0, 10**6)
RATE = Bounds(0, 1)
CHANGE = Bounds(0, 10)  # relative, of an augmentation
SEED = Bounds(0, 2**32 - 1)  # the seeds of TensorFlow's index shuffle have 32 bits


def setting(
    default: Any,
    help_text: str,
    bounds: Bounds | None = None,
    *,
    group: str = "",
    path: bool = False,
    belongs_to: str = "",
    runtime: bool = False,
    choices: tuple[str, ...] = (),
    some_of: tuple[str, ...] = (),
) -> Any:
    """A field of a dataclass of settings, with what its flag needs.

    Args:
      default: Value where nothing is given.
      help_text: Text for `--help`.
      bounds: Bounds of a number.
      group: Heads this field and those after it in `--help`.
      path: Whether the text names a file or a folder.
      belongs_to: Another field; without it, this one has no effect and its flag is refused.
      runtime: Whether the value may change when a run is resumed.
      choices: Permitted values of a text; empty permits all.
      some_of: Permitted parts of a list that is given as a text, separated by commas.
    """
    metadata = {
        "help": help_text,
        "bounds": bounds,
        "group": group,
        "path": path,
        "belongs_to": belongs_to,
        "runtime": runtime,
        "choices": choices,
        "some_of": some_of,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that defines a run. The defaults are the paper's AFHQ runs at 128 px."""

    run_dir: str = setting(
        "runs/tunit",
        "Folder of the run; it is created if missing.",
        path=True,
        runtime=True,
        group="Where",
    )
    init_from: str = setting(
        "",
        "Folder of a run or of weights whose networks this run starts from, by default from random "
        "weights. Architecture and license are taken from there unless they are given. 'none' "
        "overrides a flagfile that names a folder.",
        path=True,
    )
    data: str = setting(
        "synthetic", "'synthetic', a folder of images, or tfds:NAME[/CONFIG].", path=True
    )
    validation_data: str = setting(
        "", "Held-out images, given like --data; by default a part of --data.", path=True
    )
    validation_fraction: float = setting(
        0.1,
        "Share of --data that is held out, chosen with --seed.",
        Bounds(0, 1, low_excluded=True, high_excluded=True),
    )
    validation_last: int = setting(
        0,
        "Hold out this many images of each class, the last by name; 0 uses the held-out split of a "
        "TFDS set, or else --validation_fraction.",
        Bounds(0, 10**9),
    )
    classes: str = setting(
        "",
        "Class folders to use: names or indices in sorted order, separated by commas; '' is all.",
    )
    box_feature: str = setting(
        "", "Bounding-box feature of a TFDS set to crop images to, for example head_bbox."
    )
    resize: str = setting(
        "stretch",
        "How images become square: stretch (as in the paper) or crop the center.",
        choices=("stretch", "crop"),
    )
    synthetic_images: int = setting(
        4000, "Number of images of the procedural set.", Bounds(1, 10**6)
    )
    cache_dir: str = setting(
        "~/.cache/tunit_tf", "Folder for decoded and resized images.", path=True, runtime=True
    )
    license: str = setting("", "License of the weights; it is copied into exports.", runtime=True)
    detail: float = setting(
        1.0,
        "How much of a photograph's own detail its translations get, 0 to 1; --detail of "
        "tunit_tf.translate overrides it.",
        SHARE,
        runtime=True,
    )
    data_dir: str = setting("", "Data folder of TFDS; '' is the default of TFDS.", runtime=True)
    beam_runner: str = setting(
        "",
        "Beam runner that prepares a TFDS set, for example DirectRunner; '' does not use Beam.",
        runtime=True,
    )

    image_size: int = setting(
        128, f"Side of the images in pixels, one of {IMAGE_SIZES}.", group="Networks"
    )
    num_domains: int = setting(
        10,
        "Number K of pseudo-domains; with labels, the number of classes.",
        Bounds(2, 10**5),  # one domain clusters nothing
    )
    style_dim: int = setting(128, "Length of the style code.", Bounds(1, 2**14))
    base_channels: int = setting(
        0,
        "Channels of G and D at full resolution; 0 is the paper's width (64, from 256 px on 32).",
        Bounds(0, 2**11),
    )
    guiding_width: float = setting(
        1.0,
        "Factor on the number of channels of the guiding network.",
        Bounds(0, 16, low_excluded=True),
    )
    discriminator: str = setting(
        "paper",
        "The paper's discriminator, or one on frozen ImageNet features (projected), which needs "
        "the extra `features`.",
        choices=("paper", "projected"),
    )
    features_size: int = setting(
        128, f"Side in pixels of the images that a projected D sees, one of {IMAGE_SIZES}."
    )
    head_width: int = setting(64, "Channels of a projected D's heads.", Bounds(1, 2**11))
    normalize_style: bool = setting(False, "L2-normalize style codes (the paper's runs do not).")
    domain_stddev: float = setting(
        0.01,
        "Standard deviation of the domain head's initial weights; with 1 the run starts with K "
        "distinct domains.",
        Bounds(0, 1000, low_excluded=True),
    )

    joint: bool = setting(
        True, "Train the guiding network with the generator's loss too.", group="Method"
    )
    labeled_fraction: float = setting(
        0.0,
        "Share of the labels that is used: 0 is unsupervised, 1 supervised, between them "
        "semi-supervised.",
        SHARE,
    )
    domains_from: str = setting(
        IIC,
        "Where the pseudo-domains come from: iic finds them while the guiding network learns (as "
        "in the paper); efficientnet_lite0 groups ImageNet features of the images before the first "
        "step, and the guiding network learns these groups; with efficientnet_lite0_without_color "
        "they are patterns and shapes, whatever the colors.",
        choices=(IIC, "efficientnet_lite0", "efficientnet_lite0_without_color"),
    )
    queue_length: int = setting(
        1024, "Number of past keys that serve as negatives.", Bounds(1, 2**20)
    )
    temperature: float = setting(
        0.07,
        "Temperature of the contrastive losses.",
        Bounds(1e-3, 1000.0),  # below it, bfloat16 cannot resolve the logits
    )
    weight_contrastive: float = setting(
        1.0, "Weight of the guiding network's contrastive loss.", WEIGHT
    )
    weight_mutual_information: float = setting(
        5.0,
        "Weight of the mutual information of an image's domain and its augmented view's.",
        WEIGHT,
    )
    weight_classification: float = setting(
        5.0,
        "Weight of the classification loss, where labels or pseudo-labels take the place of the "
        "mutual information.",
        WEIGHT,
    )
    weight_entropy: float = setting(
        1.0,
        "Factor on the marginal entropies in the mutual information; above 1, domains merge less "
        "easily.",
        WEIGHT,
    )
    weight_guiding: float = setting(
        0.1, "Factor on the guiding network's loss in the joint phase.", WEIGHT
    )
    weight_adversarial: float = setting(1.0, "Weight of the adversarial losses.", WEIGHT)
    weight_r1: float = setting(10.0, "Weight of the gradient penalty on real images.", WEIGHT)
    weight_reconstruction: float = setting(0.1, "Weight of the image reconstruction loss.", WEIGHT)
    weight_reconstruction_first: float = setting(
        0.0,
        "Weight of the image reconstruction loss in the first joint step, from which it falls "
        "linearly to --weight_reconstruction; 0 uses that from the start. More helps a young "
        "generator against a projected discriminator.",
        WEIGHT,
    )
    reconstruction_steps: int = setting(
        1000, "Joint steps in which --weight_reconstruction_first falls.", PERIOD
    )
    weight_perceptual: float = setting(
        0.0,
        "Weight of the difference between an image and its reconstruction in the frozen features "
        "of a projected discriminator.",
        WEIGHT,
    )
    weight_style_contrastive: float = setting(
        0.01, "Weight of the generator's contrastive loss.", WEIGHT
    )

    batch_size: int = setting(
        32, "Images per step, over all devices together.", BATCH, group="Optimization"
    )
    warmup_batch_size: int = setting(
        0, "Images per step of the warm-up; 0 is --batch_size.", Bounds(0, 2**16)
    )
    accumulate_steps: int = setting(
        1, "Number of parts in which a batch is computed, one after another, to save memory.", BATCH
    )
    warmup_steps: int = setting(
        -1,
        "Steps that train the guiding network alone; -1 is 65000, in semi-supervised runs and with "
        "--domains_from other than iic 35000, in supervised runs 0.",
        STEPS_OR_DEFAULT,
    )
    joint_steps: int = setting(
        -1,
        "Steps of the joint phase; -1 is 200000 minus the warm-up.",
        STEPS_OR_DEFAULT,
        runtime=True,
    )
    labeled_only_steps: int = setting(
        -1,
        "First steps of a semi-supervised run, which use labeled images only; -1 is 20000.",
        STEPS_OR_DEFAULT,
    )
    learning_rate_guiding: float = setting(1e-4, "Learning rate of E (Adam).", RATE)
    learning_rate_generator: float = setting(1e-4, "Learning rate of G (RMSprop).", RATE)
    learning_rate_discriminator: float = setting(1e-4, "Learning rate of D (RMSprop).", RATE)
    decay_steps: int = setting(
        0,
        "Last joint steps, over which all learning rates fall linearly to 0; 0 keeps them "
        "constant, as in the paper.",
        STEPS,
    )
    l2_guiding: float = setting(1e-3, "L2 regularization factor of E.", WEIGHT)
    l2_generator: float = setting(1e-4, "L2 regularization factor of G.", WEIGHT)
    l2_discriminator: float = setting(1e-4, "L2 regularization factor of D.", WEIGHT)
    ema_decay: float = setting(
        0.999,
        "Decay per step of the moving averages of E and G.",
        Bounds(0, 1, high_excluded=True),
    )
    ema_ramp: bool = setting(
        False, "Use a smaller decay in an average's first steps; for short runs."
    )
    ema_start: int = setting(
        1000, "Joint steps after which the average of G starts, as a copy of G.", STEPS
    )

    augment_flip: bool = setting(
        True,
        "Flip images horizontally at random.",
        group="Augmentation: x gets the flip alone, x+ all of it",
    )
    augment_rotation: float = setting(20.0, "Largest rotation in degrees.", Bounds(0, 180))
    augment_translation: float = setting(
        0.1, "Largest shift as a share of the image's side.", SHARE
    )
    augment_shear: float = setting(10.0, "Largest shear in degrees.", Bounds(0, 80))
    augment_scale: float = setting(
        0.1,
        "Largest relative change of area by the random crop.",
        Bounds(0, 1, high_excluded=True),
    )
    augment_ratio: float = setting(
        0.1, "Largest relative change of the aspect ratio by the random crop.", CHANGE
    )
    augment_brightness: float = setting(0.4, "Largest relative change of brightness.", CHANGE)
    augment_contrast: float = setting(0.4, "Largest relative change of contrast.", CHANGE)
    augment_saturation: float = setting(0.4, "Largest relative change of saturation.", CHANGE)
    augment_hue: float = setting(
        0.125, "Largest shift of the hue, as a share of the color circle.", SHARE
    )
    augment_discriminator: str = setting(
        "",
        "Differentiable augmentation of what D sees, for small sets: some of color, translation, "
        "cutout, separated by commas.",
        some_of=DISCRIMINATOR_VIEWS,
        group="What D sees",
    )

    seed: int = setting(
        0,
        "Seed of initial weights, split, data order, augmentation and queue.",
        SEED,
        group="Running",
    )
    mixed_precision: str = setting(
        "float32",
        "Data type of the computation; float16 uses loss scaling, float64 is for numerical checks.",
        choices=("float32", "bfloat16", "float16", "float64"),
    )
    xla: bool = setting(False, "Compile the steps with XLA (one device only).", runtime=True)
    steps_per_loop: int = setting(
        10,
        "Steps per compiled call; reports, checkpoints and signals wait for its end.",
        Bounds(1, 10**6),
        runtime=True,
    )
    log_every: int = setting(100, "Steps between two lines of metrics.jsonl.", PERIOD, runtime=True)
    sample_every: int = setting(5000, "Steps between two sample grids.", PERIOD, runtime=True)
    evaluate_every: int = setting(10000, "Steps between two validations.", PERIOD, runtime=True)
    validation_images: int = setting(
        1000, "Number of held-out images that are scored.", Bounds(1, 10**9), runtime=True
    )
    checkpoint_every: int = setting(5000, "Steps between two checkpoints.", PERIOD, runtime=True)
    keep_checkpoints: int = setting(
        3, "Number of checkpoints that are kept, the newest.", Bounds(1, 10**6), runtime=True
    )
    best_metric: str = setting(
        "frechet_random_conv64",
        "Validation metric by which the checkpoint in best/ is chosen.",
        runtime=True,
    )
    progress: bool = setting(True, "Show a progress bar.", runtime=True)

    max_unreadable: float = setting(
        0.1,
        "Largest share of unreadable images with which a run starts.",
        SHARE,
        runtime=True,
        group="Handling of faults",
    )
    deterministic: bool = setting(
        False,
        "Use deterministic kernels on GPUs too, so that runs repeat bit by bit.",
        runtime=True,
    )
    halt_on_collapse: bool = setting(
        False, "Save and stop when a health check finds that the training fails.", runtime=True
    )
    halt_on_failed_save: bool = setting(
        False,
        "Stop when something cannot be saved, for example on a full disk; by default the run "
        "continues.",
        runtime=True,
    )

    def __post_init__(self) -> None:
        if self.init_from == RANDOM_WEIGHTS:
            object.__setattr__(self, "init_from", "")
        for name in FIELDS:
            _check(name, getattr(self, name))
        if self.domains_from != IIC and self.labeled_fraction:
            raise UserError(
                f"domains_from={self.domains_from} labels every image itself, so it cannot be "
                f"combined with labeled_fraction={self.labeled_fraction:g}; leave one of them out."
            )
        if self.weight_perceptual and self.discriminator != "projected":
            raise UserError(
                f"weight_perceptual={self.weight_perceptual:g} compares features of a projected "
                "discriminator; add --discriminator=projected, or leave it out."
            )

    @property
    def run_path(self) -> pathlib.Path:
        """Folder of the run."""
        return user_path(self.run_dir, "--run_dir")

    @property
    def cache_path(self) -> pathlib.Path:
        """Folder of caches."""
        return user_path(self.cache_dir, "--cache_dir")

    @property
    def mode(self) -> str:
        """`unsupervised`, `pseudo-labeled`, `semi-supervised` or `supervised`."""
        if self.domains_from != IIC:
            return PSEUDO_LABELED
        if self.labeled_fraction == 0.0:
            return "unsupervised"
        return "supervised" if self.labeled_fraction == 1.0 else "semi-supervised"

    @property
    def discriminator_views(self) -> tuple[str, ...]:
        """The kinds of augmentation in `augment_discriminator`."""
        return tuple(kind for kind in self.augment_discriminator.split(",") if kind)

    def resolved(self) -> "Config":
        """This config, with numbers in place of values that depend on others, such as -1."""
        warmup = self.warmup_steps if self.warmup_steps >= 0 else DEFAULT_WARMUP[self.mode]
        labeled_only = 20_000 if self.labeled_only_steps < 0 else self.labeled_only_steps
        return dataclasses.replace(
            self,
            base_channels=self.base_channels or (64 if self.image_size < 256 else 32),
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
        """All settings as an indented JSON object."""
        return json.dumps(dataclasses.asdict(self), indent=2)


def check_bounds(settings: Any) -> None:
    """Checks the numbers of a dataclass whose fields are flags.

    Raises:
      UserError: A number is out of bounds.
    """
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.metadata["bounds"] is not None and value is not None:
            field.metadata["bounds"].check(f"--{field.name}", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfRun:
    """Settings of a command that works on a trained run; its own are fields of a subclass."""

    run_dir: str = setting("runs/tunit", "Folder of the run, or of published weights.", path=True)
    checkpoint: str = setting(
        "newest",
        "Checkpoint of the run: the newest, or the best by its --best_metric.",
        choices=("newest", "best"),
    )

    def __post_init__(self) -> None:
        """Checks the numbers. Raises UserError."""
        check_bounds(self)

    def path(self, name: str) -> pathlib.Path:
        """The path that a field names. Raises UserError if it is empty or cannot be a path."""
        return user_path(getattr(self, name), f"--{name}")


FIELDS = {f.name: f for f in dataclasses.fields(Config)}
PLACES = ("data", "validation_data", "init_from")  # fields that may name a folder
RUNTIME_FIELDS = frozenset(name for name, f in FIELDS.items() if f.metadata["runtime"])


def _check(name: str, value: object) -> None:
    """Raises UserError unless a field may have this value."""
    field_type, metadata = _type_of(name), FIELDS[name].metadata
    accepted = (int, float) if field_type is float else (field_type,)
    if (isinstance(value, bool) and field_type is not bool) or not isinstance(value, accepted):
        raise UserError(f"{name} must be of type {field_type.__name__}; received {value!r}.")
    if metadata["choices"] and value not in metadata["choices"]:
        choices = ", ".join(metadata["choices"])
        raise UserError(f"{name} must be one of {choices}; received {value!r}.")
    if metadata["some_of"]:
        parts = str(value).split(",") if value else []
        if set(parts) - set(metadata["some_of"]) or len(set(parts)) < len(parts):
            raise UserError(
                f"{name} must be some of {', '.join(metadata['some_of'])}, each once, separated by "
                f"commas without spaces; received {value!r}."
            )
    if name in ("image_size", "features_size") and value not in IMAGE_SIZES:
        raise UserError(f"{name} must be one of {IMAGE_SIZES}; received {value!r}.")
    if metadata["bounds"]:
        metadata["bounds"].check(name, value)


def _type_of(name: str) -> type:
    return cast(type, FIELDS[name].type)


def from_json(text: str | bytes, source: str) -> Config:
    """The config that `to_json` wrote.

    Args:
      text: JSON object.
      source: Where the text came from, for messages.

    Raises:
      UserError: The text is not a JSON object, or a key is unknown or ill-typed.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is not valid JSON ({error}); restore or delete it.") from None
    if not isinstance(values, dict):
        raise UserError(
            f"{source} must hold a JSON object of settings; received {str(values)[:40]!r}. Restore "
            "or delete it."
        )
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise UserError(f"{source} has unknown settings: {', '.join(unknown)}.")
    try:
        return Config(**values)
    except UserError as error:
        raise UserError(f"{source} has a wrong setting: {error}") from None


def differing_fields(config: Config, other: Config) -> list[str]:
    """Names of the fields, runtime fields aside, in which two configs differ.

    Two ways to name one folder do not differ: relative, with a slash at its end, or through a link.
    """
    return [
        name
        for name in FIELDS
        if name not in RUNTIME_FIELDS
        and getattr(config, name) != getattr(other, name)
        and not (name in PLACES and _is_one_place(getattr(config, name), getattr(other, name)))
    ]


def _is_one_place(first: str, second: str) -> bool:
    """Whether two names lead to one folder, which need not be there any more."""
    if any(name in ("", "synthetic") or name.startswith("tfds:") for name in (first, second)):
        return False
    return are_one_place(first, second)


def define_flags(settings: type = Config) -> None:
    """Defines one absl flag per field of `Config`, or of another dataclass of settings.

    Args:
      settings: Dataclass whose fields were made by `setting`.
    """
    define: dict[Any, Any] = {
        str: flags.DEFINE_string,
        int: flags.DEFINE_integer,
        int | None: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        float | None: flags.DEFINE_float,
        bool: flags.DEFINE_boolean,
        tuple[str, ...]: flags.DEFINE_list,
    }
    module = settings.__module__
    heading = module = sys.argv[0] if module == "__main__" else module  # its name in absl
    for f in dataclasses.fields(settings):
        default, help_text, choices = f.default, f.metadata["help"], f.metadata["choices"]
        if f.metadata["group"]:
            heading = f"{module}: {f.metadata['group']}"
        if choices:
            default = cast(str, default)
            flags.DEFINE_enum(f.name, default, choices, help_text, module_name=heading)
        elif f.metadata["path"] and f.type == tuple[str, ...]:
            path_flags.define_list(f.name, help_text, module_name=heading)
        elif f.metadata["path"]:
            path_flags.define(f.name, cast(str, default), help_text, module_name=heading)
        else:
            default = list(default) if isinstance(default, tuple) else default
            define[f.type](f.name, default, help_text, module_name=heading)


def given_flags() -> set[str]:
    """Names of the fields of `Config` that the command line or a flagfile sets."""
    return {name for name in FIELDS if flags.FLAGS[name].present}


def from_flags(settings: type = Config) -> Any:
    """The config, or another dataclass of settings, with the values of the parsed flags.

    Raises:
      UserError: A value is out of range, or a flag has no effect without another one.
    """
    values = {f.name: flags.FLAGS[f.name].value for f in dataclasses.fields(settings)}
    defaults = {f.name: f.default for f in dataclasses.fields(settings)}
    for f in dataclasses.fields(settings):
        needed = f.metadata["belongs_to"]
        if needed and flags.FLAGS[f.name].present and values[needed] == defaults[needed]:
            raise UserError(
                f"--{f.name} has no effect without --{needed}; give that too, or leave it out."
            )
    return settings(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
