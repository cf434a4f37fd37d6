"""The two builds of the app, Gradle's and Maven's, are of the same sources, versions and levels."""

import pathlib
import re
import shutil
import subprocess

APP = pathlib.Path(__file__).parents[2] / "android_demo"
VERSIONS = dict(
    line.split("=", 1)
    for line in (APP / "versions.properties").read_text().splitlines()
    if line and not line.startswith("#")
)
MODULES = ("core", "tunit", "app")
GRADLE = [*sorted(APP.glob("*.gradle.kts")), *sorted(APP.glob("*/build.gradle.kts"))]
MAVEN = sorted((APP / "ci").glob("**/pom.xml"))
MAVEN_TOOLS = sorted((APP / "ci" / "apk" / "src").rglob("*.kt"))


KOTLIN = sorted(file for suffix in ("kt", "kts") for file in APP.rglob(f"*.{suffix}"))
MOST_COLUMNS = 104
SHARED = {"kotlin", "coroutines", "serialization", "junit"}


def named(files: list[pathlib.Path], pattern: str) -> set[str]:
    """Names of versions that files use."""
    return {name for file in files for name in re.findall(pattern, file.read_text())} & {*VERSIONS}


def test_both_builds_take_levels_and_versions_from_one_file():
    levels = {"applicationId", "minSdk", "targetSdk", "versionCode", "versionName"}
    gradle = named(GRADLE, r'(?:setting\(|getProperty\()"(\w+)"')
    gradle |= named(GRADLE, r"val (\w+): String")
    maven = named(MAVEN, r"\$\{(\w+)\}") | named(MAVEN_TOOLS, r'required\("(\w+)"\)')
    assert levels | SHARED | {"compileSdk", "agp", "litert"} == gradle
    assert levels | SHARED | {"tensorflowLite"} <= maven
    assert gradle | maven == {*VERSIONS}, "a version that no build reads"


def test_no_version_of_a_shared_part_is_typed_again():
    for file in GRADLE + MAVEN:
        for name in SHARED | {"agp", "litert", "tensorflowLite", "robolectric", "r8"}:
            assert f'"{VERSIONS[name]}"' not in file.read_text(), f"{file}: {name}"
            assert f">{VERSIONS[name]}<" not in file.read_text(), f"{file}: {name}"


def test_levels_are_android_9_to_16():
    assert (VERSIONS["minSdk"], VERSIONS["targetSdk"], VERSIONS["compileSdk"]) == ("28", "36", "36")
    assert VERSIONS["androidAll"].startswith("16-"), "Android 16 is API 36"
    assert VERSIONS["androidAllOldest"].startswith("9-"), "Android 9 is API 28"


def test_both_builds_compile_the_same_folders():
    settings = (APP / "settings.gradle.kts").read_text()
    assert 'include(":core", ":tunit", ":app")' in settings
    for name in MODULES:
        pom = (APP / "ci" / name / "pom.xml").read_text()
        assert f"${{tree}}/{name}/src/main/kotlin" in pom
        assert any((APP / name / "src/main/kotlin").rglob("*.kt"))
        gradle = (APP / name / "build.gradle.kts").read_text()
        assert not re.search(r'sourceSets\["main"\]\.(java|kotlin|res|manifest)', gradle)


def test_the_wrapper_says_how_its_jar_is_made(tmp_path):
    """The jar is a binary that the machines this was built on cannot fetch."""
    properties = (APP / "gradle/wrapper/gradle-wrapper.properties").read_text()
    assert re.search(r"^distributionUrl=https.*/gradle-[\d.]+-bin\.zip$", properties, re.M)
    jar = "gradle/wrapper/gradle-wrapper.jar"
    assert jar.replace("/", "\\") in (APP / "gradlew.bat").read_text()
    script = shutil.copy(APP / "gradlew", tmp_path)  # beside which there is no jar
    run = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert jar in run.stderr
    assert "'gradle wrapper'" in run.stderr


def test_sources_are_narrow():
    assert KOTLIN
    for file in KOTLIN:
        lines = file.read_text().splitlines()
        wide = [number for number, line in enumerate(lines, 1) if len(line) > MOST_COLUMNS]
        assert not wide, f"{file}: lines {wide} have more than {MOST_COLUMNS} columns"


def test_the_manifests_ask_for_the_camera_only():
    """And only the app does: what depends on the module asks for nothing."""
    for source in ("app/src/main", "app/src/debug", "tunit/src/main"):
        manifest = (APP / source / "AndroidManifest.xml").read_text()
        asked = re.findall(r'<uses-permission\b.*?android:name="(.*?)"', manifest, re.S)
        assert asked == (["android.permission.CAMERA"] if source == "app/src/main" else [])
        assert 'android:required="true"' not in manifest
        assert "package=" not in manifest, "each build completes it with its application id"


def test_the_benchmark_is_where_both_builds_take_debug_sources_from():
    """Gradle adds src/debug to debug builds by itself; ci/apk leaves out what is only there."""
    debug = {file.parent for file in (APP / "app/src/debug/kotlin").rglob("*.kt")}
    assert {str(folder.relative_to(APP / "app/src/debug/kotlin")) for folder in debug} == {
        "org/tunit/demo/benchmark"
    }
    apk = (APP / "ci/apk/src/main/kotlin/org/tunit/build/Apk.kt").read_text()
    assert 'DEBUG_ONLY = "org/tunit/demo/benchmark/"' in apk
    main = "".join(file.read_text() for file in (APP / "app/src/main").rglob("*.*ml"))
    main += "".join(file.read_text() for file in (APP / "app/src/main").rglob("*.kt"))
    assert "benchmark" not in main.lower()


def test_the_benchmark_says_where_its_table_is_collected():
    """There is an issue form of the name that the app tells, in every language."""
    form = (APP.parent / ".github/ISSUE_TEMPLATE/phone_times.yml").read_text()
    (name,) = re.findall(r"^name: (.*)$", form, re.M)
    for folder in ("values", "values-de"):
        strings = (APP / "app/src/debug/res" / folder / "benchmark.xml").read_text()
        for text in ("benchmark_hint", "benchmark_copied"):
            (sentence,) = re.findall(rf'name="{text}">(.*?)</string>', strings)
            assert name in sentence


def test_the_readme_begins_with_the_lines_for_other_apps():
    """They call what `Tunit` has, by the names of its parameters; a test of the app runs them."""
    readme = (APP / "README.md").read_text()
    first = readme.index("```")
    assert readme[first:].startswith("```kotlin\nval tunit = Tunit.open(context, ")
    assert not re.search(r"^## ", readme[:first], re.M), "nothing comes before them"
    source = (APP / "tunit/src/main/kotlin/org/tunit/Tunit.kt").read_text()
    declared = re.findall(r"fun (\w+)\(\s*([^)]*)\)", source)
    longest = {
        name: re.findall(r"(\w+): ", text)
        for name, text in sorted(declared, key=lambda one: len(one[1]))
    }
    lines = readme[first : readme.index("## Open and run")]
    (named,) = re.findall(r"`translate\(photo, (style[^)]*)\)`", lines)
    assert re.split(r",\s+", named) == longest["translate"][1:]
    for call in re.findall(r"tunit\.(\w+)\(|Tunit\.(open)\(", lines):
        assert "".join(call) in longest
