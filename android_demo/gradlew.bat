@rem Runs the Gradle that gradle/wrapper/gradle-wrapper.properties names.
@echo off
setlocal
set JAR=%~dp0gradle\wrapper\gradle-wrapper.jar
if not exist "%JAR%" (
  echo %JAR% is missing: "gradle wrapper" in this folder writes it; Gradle 8.13 or newer is needed once. 1>&2
  exit /b 2
)
set JAVA=java
if defined JAVA_HOME set JAVA=%JAVA_HOME%\bin\java
"%JAVA%" -Xmx64m -classpath "%JAR%" org.gradle.wrapper.GradleWrapperMain %*
