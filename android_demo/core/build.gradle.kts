plugins {
    kotlin("jvm")
    kotlin("plugin.serialization")
}

val junit: String by extra
val serialization: String by extra

kotlin { compilerOptions { jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8 } }

java {
    sourceCompatibility = JavaVersion.VERSION_1_8
    targetCompatibility = JavaVersion.VERSION_1_8
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-serialization-json:$serialization")
    testImplementation("junit:junit:$junit")
}

// They need what `python -m tests.android.write_expected` writes: make android-test runs them.
tasks.test { enabled = providers.gradleProperty("expected").isPresent }
