"""A whole evaluation as a user runs it, its page in a real browser, and its warnings."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests import commands
from tests.chaos.forked import Forked
from tests.chaos.tiny_runs import wait
from tunit_tf.data import sources, synthetic
from tunit_tf.errors import UserError
from tunit_tf.evaluation import cluster_evaluation, evaluator, metric_table, report, run_comparison
from tunit_tf.evaluation.figures import EvaluationResult, Figure
from tunit_tf.evaluation.scores import EncodedImages
from tunit_tf.inference import domain_styles, run_folder
from tunit_tf.inference.trained_run import TrainedRun

pytestmark = pytest.mark.usefixtures("plain_graphs")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def command(module, *flags):
    return commands.run(f"tunit_tf.{module}", *flags)


@pytest.fixture(scope="module")
def evaluated(tiny_run, tmp_path_factory):
    """Two copies of a run, the first evaluated, alone and then beside the second."""
    folder = tmp_path_factory.mktemp("evaluated")
    for name in ("first", "second"):
        shutil.copytree(tiny_run, folder / name)
    flags = (
        f"--run_dir={folder / 'first'}", "--features=random_conv64", "--num_translations=60",
        f"--compare={folder / 'second'}",
    )  # fmt: skip
    result = command("evaluate", *flags)
    assert result.returncode == 0, result.stderr
    return folder / "first", result.stdout


def test_the_report_has_every_number_and_figure(evaluated):
    folder, printed = evaluated
    report = json.loads((folder / "report" / "metrics.json").read_text())
    numbers = {n: v for section in report["metrics"].values() for n, v in section.items()}
    wanted = {
        "clustering_accuracy", "clustering_accuracy_same_set", "nmi", "ari", "entropy_nats",
        "effective_domains", "domain_agreement", "translation_accuracy", "content_iou",
        "edge_correlation",
    }  # fmt: skip
    of_features = ("fid", "fid_held_out", "kid", "mfid", "mfid_tunit", "density", "coverage")
    looks = ("look_of_reference_classes", "look_of_source_classes", "look_judge_classes")
    wanted |= {f"{name}_random_conv64" for name in (*of_features, *looks, "class_agreement")}
    assert wanted <= set(numbers)
    assert all(np.isfinite(value) for value in numbers.values())
    assert all(metric_table.lookup(name, "random_conv64") for name in numbers)
    for name in wanted:
        assert name in printed
    assert any(sentence.startswith("Only 8 images are held out") for sentence in report["warnings"])
    rows = report["without_network"]
    assert list(rows) == ["source untouched", "color transfer"]
    for sections in rows.values():
        assert set(sections) == {"Image quality", "Style and content"}
        assert {name for section in sections.values() for name in section} < set(numbers)
    assert rows["source untouched"]["Style and content"]["edge_correlation"] == pytest.approx(1)
    assert re.search(r"Image quality +.*source untouched +color transfer\n", printed)
    page = (folder / "report" / "index.html").read_text()
    assert page.count("<th>source untouched</th><th>color transfer</th>") == 2
    assert report["counts"]["fid_random_conv64"] == {"real": 72, "fake": 60}
    assert sum(report["domains"]["sizes"]) == 72
    assert report["comparison"]["fid_random_conv64"] == {"first": numbers["fid_random_conv64"]}
    assert set(report["comparison"]["validation/nmi"]) == {"first", "second"}
    figures = {path.stem for path in (folder / "report" / "figures").iterdir()}
    assert {
        "confusion", "curves", "domain_grid", "domain_sizes", "reference_grid", "styles_as_images",
        "styles_by_class", "styles_by_domain",
    } <= figures  # fmt: skip
    assert any(re.fullmatch(r"domain_\d", name) for name in figures)


def test_the_other_checkpoint_stands_beside_the_head(evaluated):
    """The tiny run's best checkpoint, chosen at step 3 or 6, against the newest, step 6."""
    folder, printed = evaluated
    written = json.loads((folder / "report" / "metrics.json").read_text())
    page = (folder / "report" / "index.html").read_text()
    best = json.loads((folder / "best.json").read_text())["step"]
    assert run_folder.checkpoint_step(folder, "best") == best
    figures = {name for name in written["figures"] if name.endswith("_best.png")}
    if best == 6:
        assert "beside" not in written
        assert not figures
        return
    assert written["beside"]["checkpoint"] == f"best, step {best}" in printed
    assert f"<th>newest, step 6</th><th>best, step {best}</th>" in page


def test_only_checkpoints_that_differ_are_evaluated_twice(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "run")
    run = TrainedRun.load(tmp_path / "run")
    asked = []

    def evaluate(other):
        asked.append(other.step)
        picture = np.full((4, 4, 3), other.step, np.uint8)
        return EvaluationResult(
            metrics={"Clusters": {"nmi": 0.75}, "Image quality": {"fid_random_conv64": 3.0}},
            warnings=["Same.", "Odd."],
            figures={"Translations": [Figure("reference_grid", "Grid", picture)]},
        )

    def head():
        return EvaluationResult(
            metrics={"Clusters": {"nmi": 0.5, "domains_used": 3}},
            warnings=["Same."],
            figures={"Translations": [Figure("reference_grid", "Grid", np.zeros((4, 4, 3)))]},
        )

    for step in (6, 3, None):
        result = head()
        shutil.rmtree(tmp_path / "run" / "best")
        if step:
            save_averages(tmp_path / "run" / "best", run.translator, step)
        run_comparison.add_other(result, run, "newest", evaluate, 4)
        if step == 3:
            shown = result
            continue
        assert (result.beside, result.warnings) == (None, ["Same."])
        assert len(result.figures["Translations"]) == 1
    assert asked == [3]
    assert shown.beside.checkpoint == "best, step 3"
    assert shown.warnings == ["Same.", "The best checkpoint: Odd."]
    captions = {figure.name: figure.caption for figure in shown.figures["Translations"]}
    assert captions == {
        "reference_grid": "Grid; newest, step 6", "reference_grid_best": "Grid; best, step 3",
    }  # fmt: skip

    facts = {"run": "tiny", "checkpoint": "newest, step 6"}
    shown.figures = {}
    folder = report.checked_folder(tmp_path / "out")
    page = report.write(folder, shown, facts, "random_conv64", {}).read_text()
    assert "<th>newest, step 6</th><th>best, step 3</th>" in page
    assert "<th>nmi ↑</th><td>0.5000</td><td class=best>0.7500</td>" in page
    assert "<th>domains_used </th><td>3</td><td>–</td>" in page
    assert "<th>fid_random_conv64 ↓</th><td>–</td><td>3.0000</td>" in page
    text = report.text(shown).splitlines()
    assert re.fullmatch(r"Clusters +best, step 3", text[0])
    assert re.fullmatch(r"  nmi +0\.5000 +0\.7500", text[1])

    shutil.rmtree(tmp_path / "run" / "best", ignore_errors=True)
    save_averages(tmp_path / "run" / "best", run.translator, 3)
    for part in (tmp_path / "run" / "best").glob("*.data*"):
        part.write_bytes(part.read_bytes()[:100])
    damaged = head()
    run_comparison.add_other(damaged, run, "newest", evaluate, 4)
    assert damaged.beside is None
    assert re.match(
        r"The best checkpoint is left out: None of the 1 checkpoints in .*read",
        damaged.warnings[-1],
    )


def save_averages(folder, translator, step):
    """Writes a checkpoint of averaged networks, as training keeps the best one."""
    averages = tf.train.Checkpoint(
        guiding_ema=[v.value for v in translator.guiding.variables],
        generator_ema=[v.value for v in translator.generator.variables],
        step=tf.Variable(step, dtype=tf.int64),
    )
    averages.save_counter  # noqa: B018, it is made when it is read
    shutil.rmtree(folder, ignore_errors=True)
    averages.write(str(folder / f"ckpt-{step}"))


def test_a_report_replaces_its_own_figures_and_no_others(tmp_path):
    picture = np.zeros((4, 4, 3), np.uint8)
    figures = tmp_path / "figures"
    for names in (("domain_0", "domain_7", "domain_8"), ("domain_0", "domain_8"), ("domain_0",)):
        result = EvaluationResult(figures={"Domains": [Figure(n, n, picture) for n in names]})
        folder = report.checked_folder(tmp_path)
        report.write(folder, result, {"run": "tiny"}, "random_conv64", {})
        (figures / "holiday.png").write_bytes(b"of the user")
        assert {p.stem for p in figures.iterdir()} == {*names, "holiday"}
    for name in ("figures/domain_0.png", "metrics.json"):
        written = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(b'{"figures": ["holiday.png", "../keep.png"]}')
        with pytest.raises(UserError, match=f"{name} was changed after .*another --report_dir"):
            report.checked_folder(tmp_path)
        (tmp_path / name).write_bytes(written)
    report.checked_folder(tmp_path)


def test_a_figure_that_fails_takes_neither_numbers_nor_report_with_it(tmp_path):
    def fail():
        raise RuntimeError("too dark")

    result = EvaluationResult(metrics={"Clusters": {"nmi": 0.5}})
    result.add_figures("Clusters", fail)
    folder = report.checked_folder(tmp_path)
    page = report.write(folder, result, {"run": "猫 \udcff"}, "random_conv64", {})
    assert "could not be drawn (RuntimeError: too dark)" in page.read_text(encoding="utf-8")
    assert "猫 \\udcff" in page.read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "metrics.json").read_bytes())
    assert numbers["metrics"] == {"Clusters": {"nmi": 0.5}}
    assert numbers["figures"] == []


def test_a_report_folder_that_cannot_be_written_is_named_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--report_dir=.*file is a file; name a folder"):
        report.checked_folder(tmp_path / "file")


def test_the_page_needs_nothing_from_anywhere(evaluated):
    page = (evaluated[0] / "report" / "index.html").read_text()
    without_pictures, pictures = re.subn(r'src="data:image/png;base64,[^"]*"', "", page)
    assert pictures == page.count("<img") >= 9
    for word in ("src=", "href", "http", "@import", "url("):
        assert word not in without_pictures


@pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("CI"), reason="needs Debian's package chromium"
)
def test_a_browser_shows_it(evaluated, tmp_path):
    page = evaluated[0] / "report" / "index.html"
    options = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    shot = tmp_path / "report.png"
    dom = subprocess.run(
        [*options, "--dump-dom", f"--screenshot={shot}", "--window-size=1180,4200", page.as_uri()],
        check=True, capture_output=True, text=True, timeout=240,
    ).stdout  # fmt: skip
    assert dom.count("<figure>") == page.read_text().count("<figure>") >= 9
    with Image.open(shot) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (4200, 1180, 3)
    # The grids of saturated colors are on it, which a page of text or broken images lacks.
    colorful = np.ptp(pixels.astype(int), axis=-1) > 80
    assert colorful.mean() > 0.005


def test_the_map_is_found_on_training_images_and_scored_on_held_out_ones(translator):
    """With the classes of half the training images renamed, the two accuracies part ways."""
    images = synthetic.generate(60, 32, 5)
    domains = translator.domains(images)
    labels = (domains % 2).astype(np.int32)
    names = ("even", "odd")

    def labeled(values):
        return type(images)(images.images, images.rows, images.names, values, names)

    result = EvaluationResult()
    train = EncodedImages(labeled(1 - labels), translator.style(images), domains)
    held_out = EncodedImages(labeled(labels), train.styles, domains)
    known = domain_styles.estimate(train.styles, domains, translator.num_domains)
    cluster_evaluation.evaluate(result, train, held_out, known)
    scores = result.metrics["Clusters"]
    assert scores["clustering_accuracy"] < 0.2
    assert scores["clustering_accuracy_same_set"] > 0.6


def test_empty_and_coinciding_domains_are_warned_of():
    rng = np.random.default_rng(0)
    images = synthetic.generate(90, 32, 0)
    domains = np.repeat([0, 1, 3], 30).astype(np.int32)
    styles = rng.normal(size=(90, 8)).astype(np.float32)
    styles[domains == 3] += 10
    codes = EncodedImages(images, styles, domains)
    result = EvaluationResult()
    known = domain_styles.estimate(styles, domains, 4)
    cluster_evaluation.evaluate(result, codes, codes, known)
    empty, coinciding = result.warnings
    assert "1 of 4 domains are empty (2)" in empty
    assert "Domains 0 and 1 nearly coincide" in coinciding
    assert result.metrics["Clusters"]["domains_used"] == 3
    np.testing.assert_allclose(result.metrics["Clusters"]["effective_domains"], 3.0)


def test_a_supervised_run_wants_images_of_its_classes(trained_run, tmp_path):
    config = dataclasses.replace(trained_run.config, labeled_fraction=1.0)
    supervised = dataclasses.replace(trained_run, config=config)
    split = sources.load(trained_run.config)
    with pytest.raises(UserError, match=r"trained with 3 classes, but these images have 4"):
        evaluator.evaluate(supervised, split, None, str(tmp_path), 10)
    bare = [type(part)(part.images, part.rows, part.names) for part in split]
    with pytest.raises(UserError, match=r"trained with labels, but these images have none"):
        evaluator.evaluate(supervised, sources.Split(*bare), None, str(tmp_path), 10)


def test_too_few_images_and_other_classes_are_named(trained_run, tmp_path):
    train, held_out = sources.load(trained_run.config)

    def evaluate(*split):
        evaluator.evaluate(trained_run, sources.Split(*split), None, str(tmp_path), 10)

    with pytest.raises(UserError, match=r"at least 10 training and 2 held-out images; .* 9 and 8"):
        evaluate(train.take(np.arange(9)), held_out)
    with pytest.raises(UserError, match=r"there are 72 and 1"):
        evaluate(train, held_out.take(np.arange(1)))
    renamed = type(held_out)(
        held_out.images,
        held_out.rows,
        held_out.names,
        held_out.labels,
        ("a", *synthetic.DOMAINS[1:]),
    )
    with pytest.raises(UserError, match=r"different classes \(a, ember in only one of them\)"):
        evaluate(train, renamed)


@pytest.mark.parametrize(
    ("module", "flags", "words"),
    [
        ("evaluate", ["--run_dir=nowhere"], "nowhere is not a run folder"),
        (
            "evaluate",
            ["--run_dir={run}", "--data={run}/best", "--features=random_conv64"],
            "No images",
        ),
        (
            "evaluate",
            ["--run_dir={run}", "--features_file=no.pb"],
            "--features_file=no.pb does not exist",
        ),
        ("evaluate", ["--run_dir={run}", "--num_translations=1"], "must be at least 2"),
        ("evaluate", ["--run_dir={run}", "--batch_size=1000000000000"], "must be at most 4096"),
        ("evaluate", ["--run_dir="], "--run_dir is empty; name a path"),
        ("evaluate", ["--run_dir={run}", "--report_dir={run}/config.json"], "is a file"),
        ("translate", ["--run_dir=", "--source=x", "--domain=0"], "--run_dir is empty"),
        ("translate", ["--output=", "--source=x", "--domain=0"], "--output is empty"),
        (
            "translate",
            ["--seed=-1", "--sample=1", "--source=x", "--domain=0"],
            "--seed must be at least 0",
        ),
        (
            "evaluate",
            ["--run_dir={run}", "--validation_data=x"],
            "--validation_data has no effect without --data",
        ),
        ("translate", ["--run_dir=nowhere", "--source=x", "--domain=0"], "is not a run folder"),
        ("translate", ["--run_dir={run}", "--source=x", "--domain=9"], "--source=x does not exist"),
        ("translate", ["--run_dir={run}", "--source=x"], "either --reference"),
    ],
)
def test_a_mistake_gets_one_sentence_and_a_code(tiny_run, module, flags, words):
    result = command(module, *(flag.format(run=tiny_run) for flag in flags))
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tiny_run / "report").exists()


def test_an_interrupt_leaves_no_report(tiny_run, tmp_path):
    """Ctrl-C in a process that has begun to make a million translations."""
    cache, report_dir = tmp_path / "cache", tmp_path / "report"
    flags = {
        "run_dir": tiny_run, "features": "random_conv64", "num_translations": 10**6,
        "cache_dir": cache, "report_dir": report_dir,
    }  # fmt: skip
    process = Forked("tunit_tf.evaluate", [f"--{name}={value}" for name, value in flags.items()])
    assert wait(process, lambda: bool(list(cache.glob("*random_conv64.npy"))))
    process.send_signal(signal.SIGINT)
    done = process.communicate(60)
    assert done.returncode == 130, done
    assert f"Interrupted. No report was written to {report_dir}." in done.stderr
    assert "Traceback" not in done.stderr
    assert not report_dir.exists()


def test_translating_from_the_command_line(tiny_run, tmp_path):
    for i, image in enumerate(synthetic.generate(3, 48, 0).pixels()):
        Image.fromarray(image).save(tmp_path / f"{i}.jpg")
    (tmp_path / "broken.png").write_text("no picture")
    out = tmp_path / "out"
    flags = (f"--run_dir={tiny_run}", f"--source={tmp_path}", f"--output={out}")
    result = command("translate", *flags, f"--reference={tmp_path / '0.jpg'}")
    assert result.returncode == 0, result.stderr
    assert "skipped:" in result.stderr
    assert f"Wrote 3 files to {out}, skipped 1 that cannot be read." in result.stdout
    assert sorted(path.name for path in out.glob("[!.]*")) == ["0.jpg", "1.jpg", "2.jpg"]
