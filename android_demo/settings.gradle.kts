// The app as Android Studio opens it. Versions stand in versions.properties, which ci/ reads as well.
import java.util.Properties

pluginManagement {
    val versions = java.util.Properties()
    file("versions.properties").reader().use(versions::load)
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
    plugins {
        id("com.android.application") version versions.getProperty("agp")
        id("com.android.library") version versions.getProperty("agp")
        kotlin("android") version versions.getProperty("kotlin")
        kotlin("jvm") version versions.getProperty("kotlin")
        kotlin("plugin.serialization") version versions.getProperty("kotlin")
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

val versions = Properties()
file("versions.properties").reader().use(versions::load)
gradle.beforeProject {
    versions.forEach { (name, value) -> extensions.extraProperties[name.toString()] = value }
}

rootProject.name = "tunit"
include(":core", ":tunit", ":app")
