# make android: the app as a signed APK in dist/, from a JDK and Maven alone. MODELS= leaves the model out.
# make android-debug: the same with the benchmark.
# make android-test: its core, its screens and its inference on the JVM.

ANDROID := android_demo
# Android 16's classes need Java 21 or newer.
ANDROID_JAVA_HOME ?= $(shell for home in $$JAVA_HOME /usr/lib/jvm/*; do \
	$$home/bin/javac -version 2>/dev/null | grep -qE '^javac (2[1-9]|[3-9][0-9])' && echo $$home && exit; done)
ANDROID_KEY ?= $(ANDROID)/.signing/key.p12
ANDROID_EXPECTED := $(ANDROID)/.expected
# An exported pair that the app is tested with; without one, a tiny pair is made.
ANDROID_MODELS ?=
# An exported pair that the documentation's screenshots show.
ANDROID_SHOWCASE ?= $(if $(wildcard $(MODELS)/manifest.json),$(MODELS),$(ANDROID_EXPECTED)/mobile)
ANDROID_APK := dist/tunit.apk
ANDROID_DEBUG_APK := dist/tunit-debug.apk
MAVEN = JAVA_HOME=$(ANDROID_JAVA_HOME) mvn --batch-mode --quiet --file $(ANDROID)/ci/pom.xml \
	$(shell sed -n 's/^\([A-Za-z0-9]*\)=/-D\1=/p' $(ANDROID)/versions.properties) \
	-Dkey=$(abspath $(ANDROID_KEY))
ANDROID_TOOLS = test -n "$(ANDROID_JAVA_HOME)" && mvn --version >/dev/null 2>&1 || { \
	echo "The app needs JDK 21 or newer (ANDROID_JAVA_HOME=...) and Maven (Debian: apt-get install maven)." >&2; \
	exit 1; }

android: ANDROID_OUTPUT = -Dapk=$(abspath $(ANDROID_APK))
android-debug: ANDROID_OUTPUT = -DdebugApk=$(abspath $(ANDROID_DEBUG_APK))
android android-debug:
	@$(ANDROID_TOOLS)
	test -z "$(MODELS)" || test -f $(MODELS)/manifest.json || { $(MAKE) $(VENV)/.installed-tflite && \
		$(BIN)/python -m export.tflite --run_dir=$(RUN_DIR) --output=$(MODELS) $(EXPORT_EXAMPLES); }
	$(MAVEN) package -DskipTests -Dmodels=$(abspath $(MODELS)) $(ANDROID_OUTPUT)

android-test: $(VENV)/.installed-test
	@$(ANDROID_TOOLS)
	$(BIN)/python -m tests.android.write_expected $(ANDROID_EXPECTED) $(ANDROID_MODELS)
	$(MAVEN) process-resources --projects litert
	$(BIN)/python -m tests.android.jvm_library \
		$(ANDROID)/ci/litert/target/tensorflow-lite/jni/x86_64/libtensorflowlite_jni.so $(ANDROID_EXPECTED)/native
	$(MAVEN) package -Dmodels=$(abspath $(ANDROID_EXPECTED)/mobile) -Dshowcase=$(abspath $(ANDROID_SHOWCASE)) \
		-Dexpected=$(abspath $(ANDROID_EXPECTED)) -Dnative=$(abspath $(ANDROID_EXPECTED)/native) \
		-Dscreenshots=$(abspath $(ANDROID_EXPECTED)/screenshots) -Dapk=$(abspath $(ANDROID_EXPECTED)/test.apk) \
		-DdebugApk=$(abspath $(ANDROID_EXPECTED)/test-debug.apk)
	ANDROID_APK=$(abspath $(ANDROID_EXPECTED)/test.apk) \
		ANDROID_DEBUG_APK=$(abspath $(ANDROID_EXPECTED)/test-debug.apk) \
		ANDROID_MODELS=$(abspath $(ANDROID_EXPECTED)/mobile) \
		PATH=$(ANDROID_JAVA_HOME)/bin:$$PATH $(BIN)/python -m pytest tests/android/apk_gates.py
