plugins {
    id("com.android.library")
    kotlin("android")
}

/** A line of ../versions.properties. */
fun setting(name: String) = extra[name].toString()

android {
    namespace = "org.tunit"
    compileSdk = setting("compileSdk").toInt()
    defaultConfig { minSdk = setting("minSdk").toInt() }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
}

kotlin { compilerOptions { jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8 } }

dependencies {
    api(project(":core"))
    api("com.google.ai.edge.litert:litert:${setting("litert")}")
}
