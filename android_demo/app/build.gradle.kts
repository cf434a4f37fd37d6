plugins {
    id("com.android.application")
    kotlin("android")
    kotlin("plugin.serialization")
}

/** A line of ../versions.properties. */
fun setting(name: String) = extra[name].toString()

// An exported pair: -Pmodels=FOLDER, by default the cats' (make android).
val models = file(providers.gradleProperty("models").getOrElse("../../models/cats_128"))

/** Pictures that the model's manifest names. */
fun examples(manifest: File): Set<String> {
    if (!manifest.isFile) return emptySet()
    val named = (groovy.json.JsonSlurper().parse(manifest) as Map<*, *>)["examples"] as? List<*>
    return named.orEmpty().map { (it as Map<*, *>)["file"].toString() }.toSet()
}

val bundle by tasks.registering(Sync::class) {
    into(layout.buildDirectory.dir("bundled"))
    from(models) {
        include("manifest.json", "*.tflite")
        include(examples(models.resolve("manifest.json")))
        into("model")
    }
}

android {
    namespace = setting("applicationId")
    compileSdk = setting("compileSdk").toInt()

    defaultConfig {
        applicationId = setting("applicationId")
        minSdk = setting("minSdk").toInt()
        targetSdk = setting("targetSdk").toInt()
        versionCode = setting("versionCode").toInt()
        versionName = setting("versionName")
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles("proguard-rules.pro")
            signingConfig = signingConfigs.getByName("debug") // a demo, not for a store
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }

    androidResources { noCompress += "tflite" }
    sourceSets["main"].assets.srcDir(bundle.map { it.destinationDir })
    // The tests run on the library of ci/ alone: make android-test.
    sourceSets["test"].setRoot("none")
}

kotlin { compilerOptions { jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8 } }

tasks.named("preBuild") { dependsOn(bundle) }

dependencies {
    implementation(project(":tunit"))
    implementation("org.jetbrains.kotlinx:kotlinx-coroutines-android:${setting("coroutines")}")
    implementation("com.google.ai.edge.litert:litert-gpu:${setting("litert")}")
}
